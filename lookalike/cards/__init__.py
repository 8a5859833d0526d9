"""Answers as pictures: laid out in numbers, painted by Pillow, encoded as JPEG or PNG. Pure functions; nothing is sent.

`CardRenderer.render` makes them all; the modules below each lay one of them out.
"""

from lookalike.cards.paint import FileFormat
from lookalike.cards.pictures import FolderPictures, PictureSource
from lookalike.cards.renderer import (
    AnswerCard,
    CardRenderer,
    CompareCard,
    ExplainCard,
    FacesPicture,
    HelpPicture,
    PictureRequest,
)
from lookalike.cards.theme import Style, Theme, ThemeName
from lookalike.wording import Translate

__all__ = [
    "AnswerCard",
    "CardRenderer",
    "CompareCard",
    "ExplainCard",
    "FacesPicture",
    "FileFormat",
    "FolderPictures",
    "HelpPicture",
    "PictureRequest",
    "PictureSource",
    "Style",
    "Theme",
    "ThemeName",
    "Translate",
]
