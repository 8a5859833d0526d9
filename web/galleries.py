"""The galleries that can be asked: the settings' own first, then those of WEB_GALLERIES, over the same networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lookalike.app import App, over
from lookalike.cards import CardRenderer
from lookalike.finder import FaceReader, Finder
from web.refusals import Refused
from web.settings import WebSettings

FIRST: Final = "main"  # the name of the settings' own gallery


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenGallery:
    """A gallery that can be asked."""

    name: str
    finder: Finder
    renderer: CardRenderer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Galleries:
    """All of them, and what reads the faces for all."""

    reader: FaceReader
    by_name: dict[str, OpenGallery]

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


def open_galleries(app: App, settings: WebSettings) -> Galleries:
    """Open the further galleries of the settings. Raises GalleryError."""
    opened = {FIRST: OpenGallery(name=FIRST, finder=app.finder, renderer=app.renderer)}
    for name, folder in settings.galleries.items():
        one = over(app.pipeline, app.settings.model_copy(update={"gallery": folder, "gallery_images": None}))
        opened[name] = OpenGallery(name=name, finder=one.finder, renderer=one.renderer)
    return Galleries(reader=app.pipeline, by_name=opened)
