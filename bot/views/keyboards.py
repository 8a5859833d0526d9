"""Buttons under answers. No I/O."""

from __future__ import annotations

from aiogram.enums import ButtonStyle
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, WebAppInfo
from aiogram.utils.i18n import gettext as _

from bot.telegram.callbacks import AllFaces, Delete, Explain, FaceCard, FacePicker, Filter, HelpPage, Pair
from bot.telegram.limits import MAX_FACE_BUTTONS
from lookalike.answers import Compared, FaceAnswer, Found

ROW = 5
NEXT_EIGHT = 8


def _rows(buttons: list[InlineKeyboardButton], *, width: int = ROW) -> list[list[InlineKeyboardButton]]:
    """As few rows as `width` allows, of like length: seven come as four and three."""
    count = -(-len(buttons) // width)
    if not count:
        return []
    least, longer = divmod(len(buttons), count)
    rows, start = [], 0
    for row in range(count):
        end = start + least + (row < longer)
        rows.append(buttons[start:end])
        start = end
    return rows


def _button(text: str, data: str, *, style: ButtonStyle | None = None) -> InlineKeyboardButton:
    """style: a colour, in apps that know it (Bot API 9.4)."""
    return InlineKeyboardButton(text=text, callback_data=data, style=style)


def _away() -> InlineKeyboardButton:
    """Deletes the answer."""
    return _button("🗑", Delete().pack(), style=ButtonStyle.DANGER)


def picker_keyboard(found: Found, *, people: Filter) -> InlineKeyboardMarkup:
    """One button a face, and all of their cards."""
    faces = [_button(str(face.number), FaceCard(face=face.number, people=people).pack()) for face in found.faces]
    return InlineKeyboardMarkup(
        inline_keyboard=[
            *_rows(faces[:MAX_FACE_BUTTONS]),
            [_button(_("Send all cards"), AllFaces().pack(), style=ButtonStyle.PRIMARY), _away()],
        ]
    )


def card_keyboard(found: Found, answer: FaceAnswer, *, people: Filter, skip: int) -> InlineKeyboardMarkup:
    """Why, more people, whom to show, other faces, and away with it."""
    rows: list[list[InlineKeyboardButton]] = []
    if len(found.faces) > 1:
        others = [
            _button(
                f"· {face.number} ·" if face.number == answer.number else str(face.number),
                FaceCard(face=face.number, people=people).pack(),
            )
            for face in found.faces[:MAX_FACE_BUTTONS]
        ]
        rows += _rows(others)
    more = []
    if answer.matches:
        more.append(_button(_("Why these?"), Explain(face=answer.number, people=people, skip=skip).pack()))
    if skip:
        more.append(
            _button(_("« Eight before"), FaceCard(face=answer.number, people=people, skip=skip - NEXT_EIGHT).pack())
        )
    if len(answer.matches) == NEXT_EIGHT:
        more.append(
            _button(
                _("Next eight »"),
                FaceCard(face=answer.number, people=people, skip=skip + NEXT_EIGHT).pack(),
                style=ButtonStyle.PRIMARY,
            )
        )
    if more:
        rows.append(more)
    if people is not Filter.ALL or any("Male" in match.match.person.attributes for match in answer.matches):
        rows.append(
            [
                _button(f"✓ {word}" if choice is people else word, FaceCard(face=answer.number, people=choice).pack())
                for choice, word in ((Filter.ALL, _("Everyone")), (Filter.WOMEN, _("Women")), (Filter.MEN, _("Men")))
            ]
        )
    last = [_button(_("« Numbered photo"), FacePicker().pack())] if len(found.faces) > 1 else []
    rows.append([*last, _away()])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def explain_keyboard(answer: FaceAnswer, *, people: Filter, skip: int) -> InlineKeyboardMarkup:
    """Back to the card."""
    back = FaceCard(face=answer.number, people=people, skip=skip)
    return InlineKeyboardMarkup(inline_keyboard=[[_button(_("« Back to the card"), back.pack()), _away()]])


def compare_keyboard(comparison: Compared) -> InlineKeyboardMarkup:
    """Another face of either photo."""
    chosen_a, chosen_b = comparison.face_a + 1, comparison.face_b + 1
    rows: list[list[InlineKeyboardButton]] = []
    for letter, usable, chosen in (
        ("A", comparison.photo_a.usable, chosen_a),
        ("B", comparison.photo_b.usable, chosen_b),
    ):
        if len(usable) < 2:
            continue
        rows += _rows(
            [
                _button(
                    f"· {letter}{n} ·" if n == chosen else f"{letter}{n}",
                    (Pair(a=n, b=chosen_b) if letter == "A" else Pair(a=chosen_a, b=n)).pack(),
                )
                for n in range(1, min(len(usable), MAX_FACE_BUTTONS) + 1)
            ]
        )
    rows.append([_away()])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def start_keyboard(*, page: str = "", private: bool = True) -> InlineKeyboardMarkup:
    """How it works, and the page where there is one. page: its address; inside Telegram it opens in private chats."""
    rows = [[_button(_("How does it work?"), HelpPage(page=0).pack())]]
    if page:
        words = _("Use your camera")
        rows.append(
            [
                InlineKeyboardButton(text=words, web_app=WebAppInfo(url=page))
                if private
                else InlineKeyboardButton(text=words, url=page)
            ]
        )
    return InlineKeyboardMarkup(inline_keyboard=rows)


def help_keyboard(page: int, pages: int) -> InlineKeyboardMarkup:
    """Back and on, as far as there are pages."""
    row = []
    if page > 0:
        row.append(_button(_("« Back"), HelpPage(page=page - 1).pack()))
    if page < pages - 1:
        row.append(_button(_("Next »"), HelpPage(page=page + 1).pack()))
    return InlineKeyboardMarkup(inline_keyboard=[row])
