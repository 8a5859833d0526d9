"""/settings and /delete in words and buttons. No I/O."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.stores.people import NOTHING_SET, PersonSettings, gallery_key
from bot.telegram.callbacks import Choose, Filter
from lookalike.cards import ThemeName
from lookalike.catalogues import LANGUAGES
from lookalike.wording import N_

TITLES_A_ROW: Final = 2


# Of the galleries that come along; titles of one's own are shown as the owner wrote them.
TITLES: Final = (N_("Celebrities"), N_("US Congress"))


def settings_text() -> str:
    return _("<b>Settings</b>\nLanguage, who to show, light or dark. Kept until you say /delete.")


def settings_keyboard(
    person: PersonSettings, *, language: str, theme: ThemeName, galleries: Sequence[str] = ()
) -> InlineKeyboardMarkup:
    """A row a setting, the current choice marked. galleries: titles, the first for whoever has not chosen."""
    people = person.people or Filter.ALL.value
    look = person.theme or theme
    keys = {gallery_key(title): _title(title) for title in galleries}
    gallery = person.gallery if person.gallery in keys else next(iter(keys), "")
    titled = tuple(keys.items()) if len(keys) > 1 else ()
    of_galleries = [("gallery", gallery, titled[at : at + TITLES_A_ROW]) for at in range(0, len(titled), TITLES_A_ROW)]
    rows = (
        ("language", language, tuple(LANGUAGES.items())),
        (
            "people",
            people,
            ((Filter.ALL.value, _("Everyone")), (Filter.WOMEN.value, _("Women")), (Filter.MEN.value, _("Men"))),
        ),
        ("theme", look, (("light", _("Light cards")), ("dark", _("Dark cards")))),
        *of_galleries,
    )  # fmt: skip
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                InlineKeyboardButton(
                    text=f"✓ {word}" if value == chosen else word,
                    callback_data=Choose(name=name, value=value).pack(),
                )
                for value, word in choices
            ]
            for name, chosen, choices in rows
        ]
    )


def _title(title: str) -> str:
    return str(_(title)) if title in TITLES else title


def unreachable_text() -> str:
    return _("I can't reach what you have set just now, so nothing was changed. Please try again in a minute.")


def deleted_text(was: PersonSettings, *, talking: bool, told: bool, galleries: Sequence[str] = ()) -> str:
    """What was stored of somebody and is gone now."""
    looks = {"light": _("Light cards"), "dark": _("Dark cards")}
    people = {Filter.ALL.value: _("Everyone"), Filter.WOMEN.value: _("Women"), Filter.MEN.value: _("Men")}
    kept = []
    if was.language:
        kept.append(_("your language: {language}").format(language=LANGUAGES.get(was.language, was.language)))
    if was.people:
        kept.append(_("whom cards show: {people}").format(people=people.get(was.people, was.people)))
    if was.theme:
        kept.append(_("how cards look: {look}").format(look=looks[was.theme]))
    if was.gallery:
        chosen = next((_title(title) for title in galleries if gallery_key(title) == was.gallery), _("another one"))
        kept.append(_("your gallery: {gallery}").format(gallery=html.escape(chosen)))
    if talking:
        kept.append(_("the comparison you had begun"))
    if told:
        kept.append(_("the note that you've seen the privacy text"))
    if was == NOTHING_SET and not kept:
        return _("I had nothing about you. Photos are never stored.")
    return _("Deleted:") + "\n" + "\n".join(f"• {line}" for line in kept)
