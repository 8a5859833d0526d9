"""/settings and /delete in words and buttons. No I/O."""

from __future__ import annotations

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.stores.people import NOTHING_SET, PersonSettings
from bot.telegram.callbacks import Choose, Filter
from lookalike.cards import ThemeName
from lookalike.catalogues import LANGUAGES


def settings_text() -> str:
    return _("<b>Settings</b>\nLanguage, who to show, light or dark. Kept until you say /delete.")


def settings_keyboard(person: PersonSettings, *, language: str, theme: ThemeName) -> InlineKeyboardMarkup:
    """A row a setting, the current choice marked."""
    people = person.people or Filter.ALL.value
    look = person.theme or theme
    rows = (
        ("language", language, tuple(LANGUAGES.items())),
        (
            "people",
            people,
            ((Filter.ALL.value, _("Everyone")), (Filter.WOMEN.value, _("Women")), (Filter.MEN.value, _("Men"))),
        ),
        ("theme", look, (("light", _("Light cards")), ("dark", _("Dark cards")))),
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


def unreachable_text() -> str:
    return _("I can't reach what you have set just now, so nothing was changed. Please try again in a minute.")


def deleted_text(was: PersonSettings, *, talking: bool, told: bool) -> str:
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
    if talking:
        kept.append(_("the comparison you had begun"))
    if told:
        kept.append(_("the note that you've seen the privacy text"))
    if was == NOTHING_SET and not kept:
        return _("I had nothing about you. Photos are never stored.")
    return _("Deleted:") + "\n" + "\n".join(f"• {line}" for line in kept)
