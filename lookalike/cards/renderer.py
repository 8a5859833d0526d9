"""Every picture that answers something, by one method: a request in, the bytes of a file out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from index.types import GalleryInfo
from lookalike.answers import Compared, FaceAnswer
from lookalike.calibration import Calibration
from lookalike.cards import answer_card, compare_card, explain_card, faces_picture, help_pictures
from lookalike.cards.paint import FileFormat, encode, paint
from lookalike.cards.pictures import PictureSource
from lookalike.cards.placed import Canvas
from lookalike.cards.theme import Style, ThemeName
from lookalike.explainer import Why
from lookalike.wording import Translate
from pipeline.types import PhotoFaces


@dataclass(frozen=True, slots=True, eq=False)
class AnswerCard:
    """One face and the people most like it. With the photo the face is cut out sharp and with room round it."""

    answer: FaceAnswer
    photo: PhotoFaces | None = None
    signature: str = ""  # where the card comes from, e.g. a bot's @name


@dataclass(frozen=True, slots=True, eq=False)
class ExplainCard:
    """How an answer came about: what of the own face carries the likeness, and how close everybody is."""

    answer: FaceAnswer
    photo: PhotoFaces
    why: Why | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CompareCard:
    """Two faces side by side and how alike they are."""

    comparison: Compared
    signature: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FacesPicture:
    """A photo with its usable faces numbered and its refused ones dashed."""

    photo: PhotoFaces


@dataclass(frozen=True, slots=True)
class HelpPicture:
    """The drawn picture of one page of the help, counted from 0."""

    page: int


PictureRequest = AnswerCard | ExplainCard | CompareCard | FacesPicture | HelpPicture


class CardRenderer:
    """Renders pictures; may be called from several threads. Nothing is written or sent."""

    def __init__(
        self, *, calibration: Calibration, gallery: Callable[[], GalleryInfo], pictures: PictureSource
    ) -> None:
        """gallery: tells what it is now, as people join and leave one's own."""
        self._calibration = calibration
        self._gallery = gallery
        self._pictures = pictures
        self._help: dict[tuple[int, ThemeName, str, FileFormat], bytes] = {}  # pages x themes x languages: a few MB

    def render(
        self,
        request: PictureRequest,
        *,
        theme: ThemeName = "light",
        translate: Translate = str,
        file_format: FileFormat = "JPEG",
    ) -> bytes:
        """The picture as a file. Cards are 1080 px wide, photos at most 1280 px on their longer side.

        translate: an English text in, the reader's language out.
        Raises DegeneratePoints for a face whose five points have no spread.
        """
        if not isinstance(request, HelpPicture):
            return self._rendered(request, theme, translate, file_format)
        # Help pictures are the same for everybody; "1,000" tells the language as far as a picture shows it.
        key = request.page, theme, translate("1,000"), file_format
        if key not in self._help:
            self._help[key] = self._rendered(request, theme, translate, file_format)
        return self._help[key]

    def _rendered(
        self, request: PictureRequest, theme: ThemeName, translate: Translate, file_format: FileFormat
    ) -> bytes:
        style = Style(theme)
        return encode(paint(self._layout(request, style, translate)), file_format)

    def _layout(self, request: PictureRequest, style: Style, translate: Translate) -> Canvas:
        match request:
            case AnswerCard(answer, photo, signature):
                return answer_card.layout(
                    answer,
                    gallery=self._gallery(),
                    pictures=self._pictures,
                    photo=photo,
                    style=style,
                    translate=translate,
                    signature=signature,
                )
            case ExplainCard(answer, photo, why):
                return explain_card.layout(
                    answer,
                    photo=photo,
                    why=why,
                    table=self._calibration.gallery,
                    pictures=self._pictures,
                    style=style,
                    translate=translate,
                )
            case CompareCard(comparison, signature):
                return compare_card.layout(
                    comparison,
                    calibration=self._calibration,
                    style=style,
                    translate=translate,
                    signature=signature,
                )
            case FacesPicture(photo):
                return faces_picture.layout(photo, style=style)
            case HelpPicture(page):
                return help_pictures.layout(page, calibration=self._calibration, style=style, translate=translate)
            case _:
                assert_never(request)
