"""Cards for a chat: painted in the finder's threads, in the person's language and look, made to fit sendPhoto."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, Protocol

from aiogram.types import BufferedInputFile

from bot.telegram.limits import fit_photo
from bot.views.help_pictures import help_picture
from index.types import GalleryInfo
from lookalike.answers import Compared, FaceAnswer, Found
from lookalike.calibration import Calibration
from lookalike.cards import PictureSource, Style, answer_card, compare_card, explain_card, faces_picture
from lookalike.serving.work_threads import FinderPool
from pipeline.types import PhotoFaces

Theme = Literal["light", "dark"]
Translate = Callable[[str], str]


class Painter(Protocol):
    """Answers to pictures (PNG or JPEG bytes); called from threads."""

    def answer_card(self, found: Found, answer: FaceAnswer, *, theme: Theme, translate: Translate) -> bytes: ...

    def explain_card(self, found: Found, answer: FaceAnswer, *, theme: Theme, translate: Translate) -> bytes: ...

    def compare_card(self, comparison: Compared, *, theme: Theme, translate: Translate) -> bytes: ...

    def faces_picture(self, photo: PhotoFaces, *, theme: Theme, translate: Translate) -> bytes: ...

    def help_picture(self, page: int, *, theme: Theme, translate: Translate) -> bytes: ...


class Artist:
    """One person's painter."""

    def __init__(self, painter: Painter, finder: FinderPool, *, theme: Theme, translate: Translate) -> None:
        self._painter = painter
        self._finder = finder
        self._theme = theme
        self._translate = translate

    async def answer_card(self, found: Found, answer: FaceAnswer) -> BufferedInputFile:
        return await self._paint(partial(self._painter.answer_card, found, answer))

    async def explain_card(self, found: Found, answer: FaceAnswer) -> BufferedInputFile:
        return await self._paint(partial(self._painter.explain_card, found, answer))

    async def compare_card(self, comparison: Compared) -> BufferedInputFile:
        return await self._paint(partial(self._painter.compare_card, comparison))

    async def faces_picture(self, photo: PhotoFaces) -> BufferedInputFile:
        return await self._paint(partial(self._painter.faces_picture, photo))

    async def help_picture(self, page: int) -> BufferedInputFile:
        return await self._paint(partial(self._painter.help_picture, page))

    async def _paint(self, paint: Callable[..., bytes]) -> BufferedInputFile:
        data = await self._finder.call(partial(_painted, partial(paint, theme=self._theme, translate=self._translate)))
        return BufferedInputFile(data, filename="card.png" if data.startswith(b"\x89PNG") else "card.jpg")


def _painted(paint: Callable[[], bytes]) -> bytes:
    return fit_photo(paint())


class CardPainter:
    """lookalike.cards, with what it needs besides the answer."""

    def __init__(self, *, calibration: Calibration, gallery: GalleryInfo, pictures: PictureSource) -> None:
        self._calibration = calibration
        self._gallery = gallery
        self._pictures = pictures
        self._help: dict[tuple[int, Theme, str], bytes] = {}  # a few megabytes at most: pages x themes x languages

    def answer_card(self, found: Found, answer: FaceAnswer, *, theme: Theme, translate: Translate) -> bytes:
        return answer_card(
            answer,
            photo=found.photo,
            calibration=self._calibration,
            gallery=self._gallery,
            pictures=self._pictures,
            style=Style(theme=theme),
            translate=translate,
        )

    def explain_card(self, found: Found, answer: FaceAnswer, *, theme: Theme, translate: Translate) -> bytes:
        return explain_card(
            answer, photo=found.photo, pictures=self._pictures, style=Style(theme=theme), translate=translate
        )

    def compare_card(self, comparison: Compared, *, theme: Theme, translate: Translate) -> bytes:
        return compare_card(comparison, calibration=self._calibration, style=Style(theme=theme), translate=translate)

    def help_picture(self, page: int, *, theme: Theme, translate: Translate) -> bytes:
        key = page, theme, translate("1,000")  # which language it is, as far as a picture shows
        if key not in self._help:
            self._help[key] = help_picture(page, theme=theme, calibration=self._calibration, translate=translate)
        return self._help[key]

    def faces_picture(self, photo: PhotoFaces, *, theme: Theme, translate: Translate) -> bytes:
        return faces_picture(photo, style=Style(theme=theme), translate=translate)
