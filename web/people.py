"""People join and leave a gallery of one's own over HTTP: only where a key is set, and never one that came along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

import numpy as np
from fastapi import APIRouter, Query, Request

from index.errors import BuildRunning, EmptyGallery
from index.plain_text import clean_name, readable
from index.shape import mean_shape
from index.store import Row, Store
from index.types import Person
from lookalike.answers import Unreadable
from lookalike.finder import Photo
from lookalike.own_gallery import everybody, known_people
from pipeline.errors import BadPhoto
from web.documents import PeopleOut, PersonOut
from web.galleries import OpenGallery
from web.jobs import Jobs
from web.refusals import Refused

T = TypeVar("T")

RETRY_S: Final = 10.0
NO_BODY_BYTES: Final = 1000
GalleryName = Annotated[str, Query(description="Name of a gallery; empty: the first one.", max_length=40)]


def add_people_routes(router: APIRouter, jobs: Jobs, *, key: str, photo_body: dict[str, Any]) -> None:
    """GET, POST and DELETE /people. key: the API's; without one all of them are refused."""

    def own(name: str) -> Store:
        if not key:
            raise Refused("people_closed")
        return _own(jobs.galleries.named(name))

    @router.get("/people", summary="Who is in a gallery of one's own")
    async def people(*, gallery: GalleryName = "") -> PeopleOut:
        store = own(gallery)
        known = await jobs.pool.call(lambda: everybody(store))
        return PeopleOut(people=[_document(person) for person in known])

    @router.post("/people", status_code=201, summary="Add somebody by a photo", openapi_extra=photo_body)
    async def add(
        request: Request,
        *,
        name: Annotated[str, Query(description="Whose photo this is.", min_length=1, max_length=120)],
        gallery: GalleryName = "",
        replace: Annotated[bool, Query(description="Take the place of somebody of this name.")] = False,
    ) -> PersonOut:
        store = own(gallery)

        async def work(data: bytes) -> PersonOut:
            photo = await jobs.pool.decoded(data)
            return await jobs.pool.call(lambda: _add(jobs, store, photo, name=name, replace=replace))

        return await jobs.done(request, work)

    @router.delete("/people", summary="Remove somebody")
    async def remove(
        request: Request,
        *,
        person: Annotated[str, Query(description="`person` as GET /v1/people has it.", max_length=1000)],
        gallery: GalleryName = "",
    ) -> PersonOut:
        store = own(gallery)

        async def work(_body: bytes) -> PersonOut:
            return await jobs.pool.call(lambda: _remove(store, person))

        return await jobs.done(request, work, limit_bytes=NO_BODY_BYTES)


def _own(gallery: OpenGallery) -> Store:
    if gallery.own is None:
        raise Refused("not_your_gallery")
    return gallery.own


def _add(jobs: Jobs, store: Store, photo: Photo, *, name: str, replace: bool) -> PersonOut:
    number, shown = readable(name.strip()), clean_name(name)
    if not number or shown is None or "/" in number:
        raise Refused("bad_request")
    if not replace and known_people(store, [number]):
        raise Refused("person_is_there")
    if isinstance(photo, Unreadable):
        raise Refused("no_one_face")
    try:
        found = jobs.galleries.reader.read(photo)
    except BadPhoto as error:
        raise Refused("no_one_face") from error
    face = found.usable[0] if len(found.usable) == 1 else None
    if face is None or (vector := jobs.galleries.kept_vector(found, face)) is None:
        raise Refused("no_one_face")
    points = found.points_as_sent(face.points)
    height, width = found.image.shape[:2]
    person = Person(
        number=number,
        name=shown,
        image="",  # the photo itself is not kept
        images=1,
        attributes={},
        points=tuple(round(value, 1) for value in np.asarray(points).ravel().tolist()),
        frame=(round(width * found.scale), round(height * found.scale)),
        mean_shape=mean_shape([points]),
        joined=True,
    )
    _told(lambda: store.upsert([Row(person=person, vector=vector)]))
    return _document(person)


def _remove(store: Store, number: str) -> PersonOut:
    spelled = readable(number.strip())  # as `_add` reads it
    known = known_people(store, [number, spelled])
    person = known.get(number) or known.get(spelled)
    if person is None or not _told(lambda: store.remove([person.number])):
        raise Refused("no_such_person")
    return _document(person)


def _told(change: Callable[[], T]) -> T:
    try:
        return change()
    except BuildRunning as error:
        raise Refused("busy", retry_after_s=RETRY_S) from error
    except EmptyGallery as error:
        raise Refused("last_person") from error


def _document(person: Person) -> PersonOut:
    return PersonOut(person=person.number, name=person.name, pictures=person.images)
