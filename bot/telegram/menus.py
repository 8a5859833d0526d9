"""The command menus and the descriptions, in every language. What Telegram knows already is not set again."""

from __future__ import annotations

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
    BotCommandScopeUnion,
)
from aiogram.utils.i18n import I18n
from aiogram.utils.i18n import gettext as _

from bot.settings import BotSettings
from lookalike.catalogues import LANGUAGES


def command_menu() -> list[BotCommand]:
    """In private chats, in the current language."""
    return [
        BotCommand(command="start", description=_("Start")),
        BotCommand(command="compare", description=_("How alike are two faces?")),
        BotCommand(command="settings", description=_("Language, who to show, light or dark")),
        BotCommand(command="help", description=_("What I can do, and how it works")),
        BotCommand(command="privacy", description=_("What happens to photos")),
        BotCommand(command="about", description=_("What I'm built from")),
        BotCommand(command="delete", description=_("Delete my settings")),
        BotCommand(command="cancel", description=_("End a comparison")),
    ]


def group_menu(*, ephemeral: bool) -> list[BotCommand]:
    """In groups, where commands reply to photos."""
    only_me = ephemeral or None
    return [
        BotCommand(command="match", description=_("Look-alikes for the photo you reply to"), is_ephemeral=only_me),
        BotCommand(command="compare", description=_("How alike are two faces?"), is_ephemeral=only_me),
        BotCommand(command="help", description=_("What I can do, and how it works")),
    ]


def admin_menu() -> list[BotCommand]:
    return [*command_menu(), BotCommand(command="stats", description=_("Answers, refusals, times, queue"))]


def description() -> str:
    return _(
        "Send me a photo, and I will show whose face is closest to yours, and how rare that is. I can also say how "
        "alike two faces are. I keep a photo only until I've answered; nothing is stored."
    )


def short_description() -> str:
    return _("Who looks like you? A photo in, your closest faces out. Nothing is stored.")


async def announce_commands(bot: Bot, i18n: I18n, settings: BotSettings) -> None:
    """English for everybody, and each other language for those who read it; /stats for admins only."""
    ephemeral = settings.group_answers == "ephemeral"
    for language in LANGUAGES:
        code = None if language == "en" else language
        with i18n.context(), i18n.use_locale(language):
            menus: list[tuple[list[BotCommand], BotCommandScopeUnion]] = [
                (command_menu(), BotCommandScopeDefault()),
                (group_menu(ephemeral=ephemeral), BotCommandScopeAllGroupChats()),
                *((admin_menu(), BotCommandScopeChat(chat_id=admin)) for admin in sorted(settings.admins)),
            ]
            long, short = description(), short_description()
        for menu, scope in menus:
            await _announce_menu(bot, menu, scope, code)
        if (await bot.get_my_description(language_code=code)).description != long:
            await bot.set_my_description(long, language_code=code)
        if (await bot.get_my_short_description(language_code=code)).short_description != short:
            await bot.set_my_short_description(short, language_code=code)
        name = settings.name_in(language)
        if name and (await bot.get_my_name(language_code=code)).name != name:
            await bot.set_my_name(name, language_code=code)


async def _announce_menu(bot: Bot, menu: list[BotCommand], scope: BotCommandScopeUnion, code: str | None) -> None:
    try:
        if await bot.get_my_commands(scope=scope, language_code=code) != menu:
            await bot.set_my_commands(menu, scope=scope, language_code=code)
    except TelegramBadRequest:
        if not isinstance(scope, BotCommandScopeChat):  # an admin who has never written to the bot has no chat yet
            raise
