"""What a browser needs to answer by itself, at `/?local`: networks, a gallery's vectors, every sentence as a table.

All of it becomes everybody's, so it is given of the galleries alone that came with the program and that
WEB_PUBLIC_GALLERIES marks, and of the networks that came with it: never of one's own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from fastapi import APIRouter, Depends, Request
from starlette.responses import FileResponse, JSONResponse, Response

from index.gallery import Gallery
from index.looks import SEX, SURE, sexes
from lookalike.app import App, open_looks
from lookalike.finder import YOUNG
from lookalike.paths import WEIGHTS
from pipeline.decoding_bounds import PhotoLimits
from pipeline.errors import ManifestError
from pipeline.gates import QualityGates
from pipeline.manifest import NetworkFacts, load_manifest
from web import runtime
from web.jobs import language_of
from web.local_words import word_tables
from web.refusals import Refused
from web.settings import CAME_ALONG
from web.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.looks import Looks
    from web.galleries import OpenGallery
    from web.jobs import Jobs

JSON: Final = "application/json"
BINARY: Final = "application/octet-stream"
DETECTOR_KIND: Final = "yolo_pose"  # what static/local reads
KEPT: Final = {"cache-control": "max-age=31536000, immutable"}  # under an address that changes with the file
_OWN: Final = {"cache-control": "no-cache"}


def public_people(app: App, *, marked: Collection[str]) -> Gallery | None:
    """The gallery of `app`, where it is `marked` and came with the program, as the networks did, and nobody joined it.

    marked: names of CAME_ALONG.
    """
    settings = app.settings
    finder = app.finder
    if settings.gallery_url.get_secret_value() or settings.weights_dir.resolve() != WEIGHTS.resolve():
        return None
    place = settings.gallery_path.resolve()
    for name, (folder, source) in CAME_ALONG.items():
        if name in marked and place == (WEIGHTS / folder).resolve() and finder.gallery.source.startswith(source):
            people = app.explainer.people if app.explainer else None
            if isinstance(people, Gallery) and not any(person.joined for person in people.people):
                return people
    return None


@dataclass(frozen=True, eq=False)
class Local:
    """The networks that may be given away. `networks`: by role; empty where the page can't run them."""

    app: App
    _kept: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    _making: Lock = field(default_factory=Lock)

    def once(self, key: tuple[str, str, str], make: Callable[[], bytes]) -> bytes:
        """What was made for `key` before, else made now; by one thread, so that a crowd takes no crowd's memory."""
        with self._making:
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]

    @cached_property
    def networks(self) -> Mapping[str, NetworkFacts]:
        try:
            manifest = load_manifest(self.app.settings.weights_dir)
        except ManifestError:
            return {}
        parts = {"detector": manifest.detector, "aligner": manifest.aligner, "embedder": manifest.embedder}
        found = {role: facts for role, facts in parts.items() if isinstance(facts, NetworkFacts)}
        return found if len(found) == len(parts) and found["detector"].kind == DETECTOR_KIND else {}

    @cached_property
    def looks(self) -> Looks | None:
        return open_looks(self.app.settings, embedder=self.app.finder.gallery.embedder)

    @cached_property
    def looks_parts(self) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
        """The looks' matrices with the columns that are asked for."""
        looks = self.looks
        if looks is None:
            return {}
        columns = [looks.traits.index(SEX), looks.traits.index(YOUNG)]
        return {
            "inner": looks.inner,
            "inner_bias": looks.inner_bias,
            "outer": looks.outer[:, columns],
            "outer_bias": looks.outer_bias[columns],
        }


def local(jobs: Jobs, there: Local | None, *, checked: Callable[[Request], None]) -> APIRouter:  # noqa: C901 - the routes stand together
    """Every route of it. there: None where nothing is given away. checked: the key, as the API has it."""
    router = APIRouter(prefix="/local", include_in_schema=False)
    guarded = [Depends(checked)]

    def given() -> Local:
        if there is None or not there.networks or not any(one.public for one in jobs.galleries.by_name.values()):
            raise Refused("local_closed")
        if not runtime.is_there():
            raise Refused("local_missing")
        return there

    def asked(name: str) -> OpenGallery:
        given()
        public = [one for one in jobs.galleries.by_name.values() if one.public]
        found = jobs.galleries.named(name) if name else public[0]
        if found.public is None:
            raise Refused("local_closed")
        return found

    def kept(
        what: str, name: str, language: str, made: Callable[[OpenGallery], bytes], *, kind: str = JSON
    ) -> Response:
        gallery = asked(name)
        return Response(
            given().once((what, gallery.name, language), lambda: made(gallery)), media_type=kind, headers=_OWN
        )

    @router.get("/facts.json", dependencies=guarded)
    def facts() -> JSONResponse:
        return JSONResponse(_facts(jobs, given()), headers=_OWN)

    @router.get("/words.json", dependencies=guarded)
    def words(request: Request, gallery: str = "") -> Response:
        language = language_of(request)
        return kept("words", gallery, language, lambda one: _words(jobs, one, language))

    @router.get("/people.json", dependencies=guarded)
    def people(gallery: str = "") -> Response:
        return kept("people", gallery, "", lambda one: _people(one, given().looks))

    @router.get("/vectors", dependencies=guarded)
    def vectors(gallery: str = "") -> Response:
        return kept("vectors", gallery, "", _vectors, kind=BINARY)

    @router.get("/looks", dependencies=guarded)
    def looks() -> Response:
        data = b"".join(part.astype("<f4").tobytes() for part in given().looks_parts.values())
        return Response(data, media_type=BINARY, headers=_OWN)

    @router.get("/{role}.onnx", dependencies=guarded)
    def network(role: str) -> FileResponse:
        networks = given().networks
        if role not in networks:
            raise Refused("not_found")
        return FileResponse(networks[role].path, media_type=BINARY, headers=KEPT)

    @router.get(f"/{runtime.SCRIPT}")
    def script() -> FileResponse:
        return _of_runtime(runtime.SCRIPT, "text/javascript")

    @router.get(f"/{runtime.WASM}")
    def wasm() -> FileResponse:
        return _of_runtime(runtime.WASM, "application/wasm")

    return router


def _words(jobs: Jobs, gallery: OpenGallery, language: str) -> bytes:
    said = Words.of(jobs.catalogues, language, gallery.finder.calibration)
    tables = word_tables(said, gallery.finder, gallery.public.people if gallery.public else ())
    return json.dumps(tables, ensure_ascii=False).encode()


def _people(gallery: OpenGallery, looks: Looks | None) -> bytes:
    if gallery.public is None:
        return b""
    people, vectors = gallery.public.people, gallery.public.vectors()
    certainty = None if looks is None else looks.certainty(vectors)[:, looks.traits.index(SEX)]
    document = {
        "dimension": gallery.public.info.dimension,
        "numbers": [person.number for person in people],
        "male": [person.attributes.get(SEX) for person in people],
        "sexes": sexes(people, certainty).tolist(),
    }
    return json.dumps(document).encode()


def _vectors(gallery: OpenGallery) -> bytes:
    return b"" if gallery.public is None else gallery.public.vectors().astype("<f2").tobytes()


def _of_runtime(name: str, kind: str) -> FileResponse:
    if not runtime.is_there():
        raise Refused("local_missing")
    return FileResponse(runtime.FOLDER / name, media_type=kind, headers=_OWN)


def _facts(jobs: Jobs, there: Local) -> dict[str, Any]:
    limits, gates = PhotoLimits(), QualityGates()
    first = next(one for one in jobs.galleries.by_name.values() if one.public)
    info = first.finder.gallery
    manifest = load_manifest(there.app.settings.weights_dir)
    return {
        "networks": {role: _network(role, facts) for role, facts in there.networks.items()},
        "thresholds": {name: getattr(manifest.thresholds, name) for name in ("score", "sure", "iou", "covered")},
        "gates": {name: getattr(gates, name) for name in gates.__dataclass_fields__},
        "max_faces": there.app.pipeline.config.max_faces,
        "sure": SURE,
        "looks": {"url": "looks", "parts": [[name, part.size] for name, part in there.looks_parts.items()]}
        if there.looks_parts
        else None,
        "galleries": [
            {"name": name, "people": one.finder.gallery.people, "pictures": one.finder.gallery.pictures}
            for name, one in jobs.galleries.by_name.items()
            if one.public
        ],
        "bytes": _bytes(there, first.public),
        "embedder": info.embedder,
        "dimension": info.dimension,
        "limits": {
            "max_photo_bytes": jobs.limits.photo_bytes,
            "max_photo_pixels": jobs.limits.photo_pixels,
            "min_side_px": limits.min_side_px,
            "working_side_px": limits.working_side_px,
            "longest_side_px": limits.longest_side_px,
        },
    }


def _bytes(there: Local, people: Gallery | None) -> int:
    """What a browser loads for one gallery, about."""
    vectors = 0 if people is None else 2 * people.info.people * people.info.dimension
    looks = sum(part.nbytes for part in there.looks_parts.values())
    networks = sum(facts.path.stat().st_size for facts in there.networks.values())
    return networks + vectors + looks + (runtime.FOLDER / runtime.WASM).stat().st_size


def _network(role: str, facts: NetworkFacts) -> dict[str, Any]:
    takes = facts.input
    return {
        "url": f"{role}.onnx?sha256={facts.sha256[:16]}",
        "size_bytes": facts.path.stat().st_size,
        "input": takes.name,
        "outputs": facts.outputs,
        "side": takes.side_px,
        "step": takes.step_px,
        "color": takes.color,
        "mean": takes.mean,
        "std": takes.std,
    }
