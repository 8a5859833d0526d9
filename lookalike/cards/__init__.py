"""Answers as pictures: laid out in numbers, painted by Pillow, encoded as JPEG. Pure functions; nothing is sent."""

from lookalike.cards.answer_card import answer_card
from lookalike.cards.compare_card import compare_card
from lookalike.cards.explain_card import explain_card
from lookalike.cards.faces_picture import faces_picture
from lookalike.cards.pictures import FolderPictures, PictureSource
from lookalike.cards.theme import Style, Theme
from lookalike.wording import Translate

__all__ = [
    "FolderPictures",
    "PictureSource",
    "Style",
    "Theme",
    "Translate",
    "answer_card",
    "compare_card",
    "explain_card",
    "faces_picture",
]
