"""Answers in chats that the bot is a guest in: text alone, in HTML, for everybody there to see. No I/O."""

from __future__ import annotations

from typing import Final

from aiogram.utils.i18n import gettext as _

from bot.views.captions import card_caption
from index.types import GalleryInfo
from lookalike.answers import Found

MOST_FACES: Final = 3  # a caption each, of 1,024 characters at most, fits the 4,096 of a message


def answer_text(found: Found, *, gallery: GalleryInfo) -> str:
    """The first faces, each as it would stand under its card."""
    faces = found.faces[:MOST_FACES]
    parts = [card_caption(found, face, gallery=gallery, buttons=False) for face in faces]
    if len(found.faces) > 1:
        parts.append(
            _("Faces are counted row by row, from left to right. For cards, and for more faces, send me the photo.")
        )
    return "\n\n".join(parts)


def send_a_photo() -> str:
    return _("Mention me under a photo with a face that you sent yourself, and I will say who looks most like it.")


def photo_of_your_own() -> str:
    return _("Everybody here sees my answer, so I only look at a photo that you sent yourself.")


def busy() -> str:
    return _("Too many photos are waiting just now. Please try again in a minute.")
