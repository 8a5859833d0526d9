"""The command menu and the descriptions, in every language. What Telegram knows already is not set again."""

from __future__ import annotations

from aiogram import Bot
from aiogram.types import BotCommand
from aiogram.utils.i18n import I18n
from aiogram.utils.i18n import gettext as _

from bot.languages import LANGUAGES


def command_menu() -> list[BotCommand]:
    """In the current language."""
    return [
        BotCommand(command="start", description=_("What I do, in two lines")),
        BotCommand(command="match", description=_("Look-alikes for the photo you reply to")),
        BotCommand(command="compare", description=_("How alike are two faces?")),
        BotCommand(command="help", description=_("How it works, page by page")),
        BotCommand(command="privacy", description=_("What happens to photos")),
        BotCommand(command="cancel", description=_("End a comparison")),
    ]


def description() -> str:
    return _(
        "Send me a photo, and I will show the eight celebrities whose faces are nearest to yours, and how much that "
        "means. I can also say how alike two faces are. Photos stay in memory until the answer and are not stored."
    )


def short_description() -> str:
    return _("Which celebrities look like you? A photo in, eight faces out. Nothing is stored.")


async def announce_commands(bot: Bot, i18n: I18n) -> None:
    """English for everybody, and each other language for those who read it."""
    for language in LANGUAGES:
        code = None if language == "en" else language
        with i18n.context(), i18n.use_locale(language):
            menu, long, short = command_menu(), description(), short_description()
        if await bot.get_my_commands(language_code=code) != menu:
            await bot.set_my_commands(menu, language_code=code)
        if (await bot.get_my_description(language_code=code)).description != long:
            await bot.set_my_description(long, language_code=code)
        if (await bot.get_my_short_description(language_code=code)).short_description != short:
            await bot.set_my_short_description(short, language_code=code)
