"""The JSON API: photos as raw bodies in, the CLI's documents out."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError

from lookalike.answers import Compared, Found, Unreadable
from lookalike.cards import AnswerCard, CompareCard, ExplainCard, ThemeName
from lookalike.errors import NoSuchFace
from lookalike.finder import Photo
from lookalike.reading_order import in_reading_order
from pipeline.errors import BadPhoto
from pipeline.types import Embedding
from web.documents import (
    ComparisonOut,
    Failure,
    GalleriesOut,
    GalleryOut,
    LimitsOut,
    NearOut,
    PhotoOut,
    VectorIn,
    Wanted,
    answer_document,
    base64_text,
    compared_document,
    failed_photo,
    match_document,
    photo_document,
)
from web.galleries import OpenGallery
from web.jobs import Jobs, language_of
from web.people import add_people_routes
from web.refusals import Refused
from web.words import Words

UNANSWERED: Final = 422  # the photo came and can't be answered; the document says why
VECTOR_BYTES: Final = 100_000
LENGTH_TOLERANCE: Final = 1e-2  # as index.gallery has it
_PEOPLE: Final = {"all": None, "women": ("Male", False), "men": ("Male", True)}
_PHOTO_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "The bytes of one photo: JPEG, PNG, WebP or GIF, whatever Content-Type says.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_PAIR_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "The bytes of the first photo, and right after them those of the second.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_VECTOR_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": VectorIn.model_json_schema()}},
    }
}

GalleryName = Annotated[str, Query(description="Name of a gallery; empty: the first one.", max_length=40)]
Embeddings = Annotated[bool, Query(description="Give each usable face's vector.")]
Crops = Annotated[bool, Query(description="Give each face straightened, as a picture.")]
Language = Annotated[str, Query(description="Language of the words: en, ru; empty: Accept-Language.", max_length=20)]
Skip = Annotated[int, Query(description="People passed over, for the next eight.", ge=0, le=100_000)]
People = Annotated[Literal["all", "women", "men"], Query(description="Whom to look among.")]
Theme = Annotated[ThemeName, Query(description="Look of the card.")]
FaceNumber = Annotated[
    int | None,
    Query(description="A usable face, counted from 1 as one reads; without one the most alike pair.", ge=1, le=1000),
]


def api(jobs: Jobs, *, key: str) -> APIRouter:  # noqa: C901 - the routes stand together
    """Every route of the API. key: what photos need; empty: nothing."""
    failures: dict[int | str, dict[str, Any]] = {
        status: {"model": Failure} for status in (400, 401, 403, 404, 408, 409, 413, 429, 503)
    }
    router = APIRouter(prefix="/v1", dependencies=[Depends(key_checked(key))], responses=failures)

    def words(request: Request, gallery: OpenGallery) -> Words:
        return Words.of(jobs.catalogues, language_of(request), gallery.finder.calibration)

    @router.get("/galleries", summary="The galleries there are, and the limits")
    async def galleries() -> GalleriesOut:
        first = jobs.galleries.first.finder.gallery
        return GalleriesOut(
            galleries=[_gallery(one) for one in jobs.galleries.by_name.values()],
            embedder=first.embedder,
            dimension=first.dimension,
            limits=LimitsOut(max_photo_bytes=jobs.limits.photo_bytes, max_photo_pixels=jobs.limits.photo_pixels),
        )

    @router.post(
        "/faces",
        response_model=PhotoOut,
        response_model_exclude_unset=True,
        summary="Where the faces are",
        openapi_extra=_PHOTO_BODY,
        responses={UNANSWERED: {"model": PhotoOut}},
    )
    async def faces(
        request: Request,
        response: Response,
        *,
        embeddings: Embeddings = False,
        crops: Crops = False,
        frame: Annotated[bool, Query(description="One of a live camera: large faces are enough, and sooner.")] = False,
        language: Language = "",  # noqa: ARG001 - read by language_of, here for OpenAPI
    ) -> dict[str, Any]:
        gallery = jobs.galleries.first
        wanted = Wanted(embeddings=embeddings, crops=crops, frame=frame)

        async def work(data: bytes) -> dict[str, Any]:
            photo = await jobs.pool.decoded(data)
            return await jobs.pool.call(partial(_faces, jobs, gallery, photo, words(request, gallery), wanted))

        return _with_status(await jobs.done(request, work), response)

    @router.post(
        "/match",
        response_model=PhotoOut,
        response_model_exclude_unset=True,
        summary="The people most like each face",
        openapi_extra=_PHOTO_BODY,
        responses={UNANSWERED: {"model": PhotoOut}},
    )
    async def match(
        request: Request,
        response: Response,
        *,
        gallery: GalleryName = "",
        people: People = "all",
        skip: Skip = 0,
        card: Annotated[int | None, Query(description="The face whose card to draw.", ge=1, le=1000)] = None,
        why: Annotated[int | None, Query(description="The face to say why of; a second's work.", ge=1, le=1000)] = None,
        theme: Theme = "light",
        embeddings: Embeddings = False,
        crops: Crops = False,
        language: Language = "",  # noqa: ARG001 - likewise
    ) -> dict[str, Any]:
        asked = jobs.galleries.named(gallery)
        said = words(request, asked)
        wanted = Wanted(embeddings=embeddings, crops=crops, card=card, why=why, theme=theme)

        async def work(data: bytes) -> dict[str, Any]:
            photo = await jobs.pool.decoded(data)
            return await jobs.pool.call(lambda: _match(jobs, asked, photo, said, wanted, people=people, skip=skip))

        return _with_status(await jobs.done(request, work), response)

    @router.post(
        "/compare",
        response_model=ComparisonOut,
        response_model_exclude_unset=True,
        summary="How alike two faces are",
        openapi_extra=_PAIR_BODY,
        responses={UNANSWERED: {"model": ComparisonOut}},
    )
    async def compare(
        request: Request,
        response: Response,
        *,
        first_bytes: Annotated[int, Query(description="How many bytes of the body are the first photo.", ge=0)],
        face_a: FaceNumber = None,
        face_b: FaceNumber = None,
        card: Annotated[bool, Query(description="Draw a card.")] = False,
        theme: Theme = "light",
        language: Language = "",  # noqa: ARG001 - likewise
    ) -> dict[str, Any]:
        asked = jobs.galleries.first
        said = words(request, asked)

        async def work(data: bytes) -> dict[str, Any]:
            if first_bytes > len(data):
                raise Refused("bad_request")
            parts = (data[:first_bytes], data[first_bytes:])
            if max(map(len, parts)) > jobs.limits.photo_bytes:
                raise Refused("too_many_bytes", limit=f"{jobs.limits.photo_bytes / 1e6:g}")
            a, b = [await jobs.pool.decoded(part) for part in parts]
            return await jobs.pool.call(
                lambda: _compare(jobs, asked, (a, b), said, faces=(face_a, face_b), card=card, theme=theme)
            )

        return _with_status(await jobs.done(request, work, limit_bytes=2 * jobs.limits.photo_bytes), response)

    @router.post(
        "/near",
        response_model=NearOut,
        summary="The people nearest to a vector",
        description="The vector is one of this embedder's, or a mean of several of one face, scaled to length 1.",
        openapi_extra=_VECTOR_BODY,
    )
    async def near(
        request: Request,
        *,
        gallery: GalleryName = "",
        people: People = "all",
        skip: Skip = 0,
        language: Language = "",  # noqa: ARG001 - likewise
    ) -> dict[str, Any]:
        asked = jobs.galleries.named(gallery)
        said = words(request, asked)

        async def work(data: bytes) -> dict[str, Any]:
            return await jobs.pool.call(partial(_near, asked, data, said, people=people, skip=skip))

        return await jobs.done(request, work, limit_bytes=VECTOR_BYTES)

    add_people_routes(router, jobs, key=key, photo_body=_PHOTO_BODY)
    return router


def key_checked(key: str) -> Callable[[Request], None]:
    """What refuses a request without the key; empty: nobody is refused."""

    def check(request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if key and not hmac.compare_digest(given.encode(), key.encode()):
            raise Refused("key_needed")

    return check


def _with_status(document: dict[str, Any], response: Response) -> dict[str, Any]:
    if document["error"] is not None:
        response.status_code = UNANSWERED
    return document


def _gallery(gallery: OpenGallery) -> GalleryOut:
    info = gallery.finder.gallery
    return GalleryOut(
        name=gallery.name, people=info.people, pictures=info.pictures, source=info.source, created=info.created
    )


# What runs in the work threads.


def _faces(jobs: Jobs, gallery: OpenGallery, photo: Photo, words: Words, wanted: Wanted) -> dict[str, Any]:
    if not isinstance(photo, Unreadable):
        try:
            found = in_reading_order(jobs.galleries.reader.read(photo, frame=wanted.frame))
        except BadPhoto as error:
            photo = Unreadable.of(error)
        else:
            jobs.stats.outcomes["faces"] += 1
            return photo_document(found, words, wanted, embedder=gallery.finder.gallery.embedder)
    jobs.stats.answered(photo)
    return failed_photo(str(photo.code), words.unanswered(photo))


def _match(
    jobs: Jobs,
    gallery: OpenGallery,
    photo: Photo,
    words: Words,
    wanted: Wanted,
    *,
    people: str,
    skip: int,
) -> dict[str, Any]:
    answer = gallery.finder.find(photo, skip=skip, attribute=_PEOPLE[people])
    jobs.stats.answered(answer)
    document = answer_document(answer, words, wanted, gallery=gallery.finder.gallery)
    if not isinstance(answer, Found):
        return document
    entries = {entry["number"]: entry for entry in document["faces"]}
    for number, draw in ((wanted.card, _card), (wanted.why, _why)):
        if number is None:
            continue
        if number > len(answer.faces):
            raise Refused("no_such_face")
        if answer.faces[number - 1].matches:
            entries[number].update(draw(gallery, answer, number - 1, words, theme=wanted.theme))
    return document


def _card(gallery: OpenGallery, answer: Found, row: int, words: Words, *, theme: ThemeName) -> dict[str, Any]:
    request = AnswerCard(answer.faces[row], answer.photo)
    return {"card": base64_text(gallery.renderer.render(request, theme=theme, translate=words.translate))}


def _why(gallery: OpenGallery, answer: Found, row: int, words: Words, *, theme: ThemeName) -> dict[str, Any]:
    face = answer.faces[row]
    why = None if gallery.explainer is None else gallery.explainer.why(face)
    named = why.carriers.named if why is not None and why.carriers is not None else ()
    drawn = gallery.renderer.render(ExplainCard(face, answer.photo, why), theme=theme, translate=words.translate)
    return {"why": {"parts": list(named), "sentence": words.reason(named), "card": base64_text(drawn)}}


def _compare(
    jobs: Jobs,
    gallery: OpenGallery,
    photos: tuple[Photo, Photo],
    words: Words,
    *,
    faces: tuple[int | None, int | None],
    card: bool,
    theme: ThemeName,
) -> dict[str, Any]:
    a, b = photos
    face_a, face_b = (None if number is None else number - 1 for number in faces)
    try:
        comparison = gallery.finder.compare(a, b, face_a=face_a, face_b=face_b)
    except NoSuchFace as error:
        raise Refused("no_such_face") from error
    jobs.stats.answered(comparison)
    drawn = None
    if card and isinstance(comparison, Compared):
        drawn = gallery.renderer.render(CompareCard(comparison), theme=theme, translate=words.translate)
    return compared_document(comparison, words, calibration=gallery.finder.calibration, card=drawn)


def _near(gallery: OpenGallery, data: bytes, words: Words, *, people: str, skip: int) -> dict[str, Any]:
    info = gallery.finder.gallery
    try:
        vector = np.array(VectorIn.model_validate_json(data).embedding, np.float64)
    except ValidationError as error:
        raise Refused("bad_request") from error
    if vector.shape != (info.dimension,) or not abs(float(np.linalg.norm(vector)) - 1.0) <= LENGTH_TOLERANCE:
        raise Refused("wrong_vector", dimension=info.dimension)  # also where a number is not finite
    embedding = Embedding(vector=vector.astype(np.float32), model=info.embedder)
    matches = gallery.finder.nearest(embedding, skip=skip, attribute=_PEOPLE[people])
    sentence = words.rarity(matches[0], own=gallery.finder.own) if matches else None
    return {"matches": match_document(matches, words), "sentence": sentence}
