"""Where answers go: as replies that all can see, or in groups as ephemeral messages to the asker alone.

Ephemeral messages (Bot API 10.2 and later) are sent, edited and deleted by calls of their own and come in no albums;
where Telegram refuses one, the answer is a reply after all. No other file knows the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import structlog
from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    EphemeralMessageParameters,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaPhoto,
    Message,
    ReplyParameters,
    User,
)

from bot.telegram.files import PhotoRef
from bot.telegram.limits import MIN_ALBUM

NOT_FOR_ONE: Final = "an ephemeral message was refused, so all see the answer"

log = structlog.get_logger(__name__)


def replying_to(photo: PhotoRef) -> ReplyParameters:
    """Answers reply to their photo: that is how a button finds it again."""
    return ReplyParameters(message_id=photo.message, allow_sending_without_reply=True)


class Outlet:
    """Answers to one photo in the chat and thread of `message`."""

    def __init__(self, message: Message, photo: PhotoRef, *, only_for: User | None = None) -> None:
        self._message = message
        self._reply = replying_to(photo)
        in_group = message.chat.type != ChatType.PRIVATE
        self._only_for = only_for if in_group else None

    async def text(self, text: str, *, quietly: bool = False) -> Message:
        answer = self._message.answer
        if self._only_for is not None:
            try:
                return await answer(text, reply_parameters=self._reply, **self._to_one())
            except TelegramBadRequest as error:
                log.info(NOT_FOR_ONE, why=error.message)
        return await answer(text, reply_parameters=self._reply, disable_notification=quietly)

    async def picture(
        self, picture: InputFile, caption: str | None = None, keyboard: InlineKeyboardMarkup | None = None
    ) -> Message:
        parts: dict[str, Any] = {"caption": caption, "reply_markup": keyboard, "reply_parameters": self._reply}
        if self._only_for is not None:
            try:
                return await self._message.answer_photo(picture, **parts, **self._to_one())
            except TelegramBadRequest as error:
                log.info(NOT_FOR_ONE, why=error.message)
        return await self._message.answer_photo(picture, **parts)

    async def album(self, pictures: Sequence[tuple[InputFile, str]]) -> None:
        """Pictures with captions; ten at most."""
        if self._only_for is not None or len(pictures) < MIN_ALBUM:
            for picture, caption in pictures:
                await self.picture(picture, caption)
            return
        media = [InputMediaPhoto(media=picture, caption=caption) for picture, caption in pictures]
        await self._message.answer_media_group([*media], reply_parameters=self._reply)

    def _to_one(self) -> dict[str, Any]:
        receiver = self._only_for.id if self._only_for else 0
        return {"ephemeral_message_parameters": EphemeralMessageParameters(receiver_user_id=receiver)}


async def replace_picture(
    bot: Bot, message: Message, picture: InputFile, caption: str, keyboard: InlineKeyboardMarkup
) -> None:
    """Put another picture in the place of an answer."""
    media = InputMediaPhoto(media=picture, caption=caption)
    if message.ephemeral_message_id is None:
        await message.edit_media(media, reply_markup=keyboard)
        return
    await bot.edit_ephemeral_message_media(
        chat_id=message.chat.id,
        receiver_user_id=_receiver(message),
        ephemeral_message_id=message.ephemeral_message_id,
        media=media,
        reply_markup=keyboard,
    )


async def remove(bot: Bot, message: Message) -> None:
    """Take an answer away; one that Telegram keeps (over 48 hours old) loses its buttons at least."""
    if message.ephemeral_message_id is not None:
        await bot.delete_ephemeral_message(
            chat_id=message.chat.id,
            receiver_user_id=_receiver(message),
            ephemeral_message_id=message.ephemeral_message_id,
        )
        return
    try:
        await message.delete()
    except TelegramBadRequest:
        await message.edit_reply_markup(reply_markup=None)


def _receiver(message: Message) -> int:
    return message.receiver_user.id if message.receiver_user is not None else 0
