"""What a button carries: typed, at most 64 bytes, never a file id: a card finds its photo by replying to it."""

from __future__ import annotations

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData


class Filter(StrEnum):
    """Whom a card shows."""

    ALL = "a"
    WOMEN = "w"
    MEN = "m"


class FaceCard(CallbackData, prefix="f"):
    """Show the card of one face, `skip` people passed over."""

    face: int  # 1-based, as drawn
    skip: int = 0
    people: Filter = Filter.ALL


class AllFaces(CallbackData, prefix="fa"):
    """Send the cards of all faces as albums."""


class FacePicker(CallbackData, prefix="fp"):
    """Back to the photo with numbered boxes."""


class Explain(CallbackData, prefix="x"):
    """Show on the person's own photo how one face was read."""

    face: int
    people: Filter = Filter.ALL
    skip: int = 0


class Delete(CallbackData, prefix="d"):
    """Delete this message of the bot."""


class Pair(CallbackData, prefix="p"):
    """Compare another pair of faces; 1-based."""

    a: int
    b: int


class HelpPage(CallbackData, prefix="h"):
    """Turn to a page of the help; 0-based."""

    page: int


class Choose(CallbackData, prefix="s"):
    """Set one of a person's settings."""

    name: str
    value: str
