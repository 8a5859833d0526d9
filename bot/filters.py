"""Filters: which messages are meant for the bot, and what photo they hold."""

from __future__ import annotations

from aiogram import Bot
from aiogram.enums import ChatType, MessageEntityType
from aiogram.filters import BaseFilter, Command, CommandObject
from aiogram.types import Message

from bot.telegram.files import PhotoRef, external_photo, photo_of


class ToMe(BaseFilter):
    """In private everything; in groups replies to the bot and mentions of it. Commands have filters of their own."""

    async def __call__(self, message: Message, bot: Bot) -> bool:
        if message.chat.type == ChatType.PRIVATE:
            return True
        replied = message.reply_to_message
        if replied is not None and replied.from_user is not None and replied.from_user.id == bot.id:
            return True
        return await _mentions(message, bot)


class HasPhoto(BaseFilter):
    """A photo in the message or in its album, whose captioned message may be a video."""

    async def __call__(self, message: Message, album: tuple[Message, ...] | None = None) -> bool:
        return bool(own_photos(message, album))


class PointsAtPhoto(BaseFilter):
    """Words, no command, in reply to a photo of a person, here or in another chat."""

    async def __call__(self, message: Message, bot: Bot) -> bool:
        if message.text is None or message.text.startswith("/"):
            return False
        replied = message.reply_to_message
        if replied is not None and replied.from_user is not None and replied.from_user.id == bot.id:
            return False  # talk about an answer
        return replied_photo(message) is not None


async def asked_in_caption(message: Message, bot: Bot) -> str | None:
    """What a photo's caption asks for: "match" (the command, or in groups a mention of the bot), "compare", or None."""
    parsed = await Command("match", "compare")(message, bot)
    if isinstance(parsed, dict):
        command: CommandObject = parsed["command"]
        return command.command
    return "match" if message.chat.type != ChatType.PRIVATE and await _mentions(message, bot) else None


async def _mentions(message: Message, bot: Bot) -> bool:
    text = message.text or message.caption or ""
    entities = message.entities or message.caption_entities or []
    username = (await bot.me()).username or ""
    return any(
        entity.type == MessageEntityType.MENTION and entity.extract_from(text).lower() == f"@{username}".lower()
        for entity in entities
    )


def own_photos(message: Message, album: tuple[Message, ...] | None) -> list[PhotoRef]:
    """The photos of a message or of its whole album, in order; stills of videos only where there is no photo."""
    found = [photo for one in album or (message,) if (photo := photo_of(one)) is not None]
    return [photo for photo in found if not photo.still] or found


def replied_photo(message: Message) -> PhotoRef | None:
    """The photo that this message replies to, be it of another chat; or that the message it replies to replies to.

    The latter is how an answer finds a photo of another chat again: answers can reply only to what asked for them.
    """
    # First: in a topic, what replies to another chat may name the topic's start, too.
    elsewhere = external_photo(message)
    replied = message.reply_to_message
    if elsewhere is not None or replied is None:
        return elsewhere
    return photo_of(replied) or external_photo(replied)
