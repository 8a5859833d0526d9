"""The galleries that can be asked: those of GALLERIES, or the settings' own alone, over the same networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from index.errors import NotYourGallery
from index.gallery import Gallery
from index.store import Store
from lookalike.app import App, open_offered
from lookalike.cards import CardRenderer
from lookalike.explainer import Explainer
from lookalike.finder import FaceReader, Finder
from lookalike.kept_vectors import KeptVectors, as_answered
from lookalike.own_gallery import check_own
from pipeline.types import DecodedPhoto, Face, PhotoFaces, Vector
from web.refusals import Refused

FIRST: Final = "main"  # the name of the settings' own gallery where no others are offered


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenGallery:
    """A gallery that can be asked."""

    name: str
    finder: Finder
    renderer: CardRenderer
    own: Store | None = None  # where people may join and leave
    explainer: Explainer | None = None  # None: "Why these?" has no parts to name
    public: Gallery | None = None  # its people, where their vectors may be given to everybody


class FrameReader(FaceReader, Protocol):
    """pipeline.face_pipeline.FacePipeline, as far as it is needed here."""

    def read(self, photo: bytes | DecodedPhoto, *, frame: bool = False) -> PhotoFaces:
        """As FaceReader does; of a live camera's frame the large faces, sooner."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Galleries:
    """All of them, and what reads the faces for all."""

    reader: FrameReader
    by_name: dict[str, OpenGallery]
    kept_vector: Callable[[PhotoFaces, Face], Vector | None] = as_answered  # of who joins a gallery

    @property
    def first(self) -> OpenGallery:
        return next(iter(self.by_name.values()))

    def named(self, name: str) -> OpenGallery:
        """By name, the first one by the empty name. Raises Refused."""
        if not name:
            return self.first
        if name not in self.by_name:
            raise Refused("no_such_gallery")
        return self.by_name[name]


def open_galleries(app: App, *, public: Callable[[App], Gallery | None] = lambda _app: None) -> Galleries:
    """Open what the settings offer. public: says of a gallery that it may be given away. Raises GalleryError."""
    offered = open_offered(app) or {FIRST: app}
    opened = {name: _opened(name, one, public=public(one)) for name, one in offered.items()}
    return Galleries(reader=app.pipeline, by_name=opened, kept_vector=KeptVectors(app.settings))


def _opened(name: str, app: App, *, public: Gallery | None) -> OpenGallery:
    opened = OpenGallery(name=name, finder=app.finder, renderer=app.renderer, explainer=app.explainer)
    place = None if app.settings.gallery_url.get_secret_value() else app.settings.gallery_path
    try:
        check_own(app.settings, place, source=app.finder.gallery.source)
    except NotYourGallery:
        return replace(opened, public=public)
    return replace(opened, own=app.people)
