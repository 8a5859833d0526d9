"""Where answers go: as replies that everybody sees, or in groups as ephemeral messages that the asker alone sees.

Ephemeral messages (Bot API 10.2 and later) are sent, edited and deleted by calls of their own and come in no albums.
Where Telegram refuses one, or does not know them, the answer is not shown at all: one sentence says where to ask.
No other file knows the difference.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import structlog
from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
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
from bot.telegram.rights import Missing, missing_right
from bot.views.texts import only_in_private

PASSES: Final = (TelegramNetworkError, TelegramServerError, TelegramRetryAfter)  # no refusal: the next try may do

log = structlog.get_logger(__name__)


def replying_to(message_id: int) -> ReplyParameters:
    """A reply to a message of the same chat; sent as a plain message when that one is gone.

    Telegram reads allow_sending_without_reply only here. aiogram's `Message.reply` puts it beside these parameters,
    where it has no effect.
    """
    return ReplyParameters(message_id=message_id, allow_sending_without_reply=True)


class Reply:
    """Answers to one photo in the chat and thread of `message`, as replies to that photo: so buttons find it again.

    private: in groups, show answers to `asker` alone; nobody sees them where that can't be done.
    Methods return the message that was sent, or None where nothing could be shown.
    """

    def __init__(self, message: Message, photo: PhotoRef, *, asker: User | None = None, private: bool = False) -> None:
        self._message = message
        self._reply = replying_to(photo.message)
        self.asker = asker
        self.still = photo.still
        self._hidden = private and message.chat.type != ChatType.PRIVATE
        self._refused = False

    async def text(self, text: str, *, quietly: bool = False) -> Message | None:
        """quietly: a notice that makes no sound, and that goes unsaid where it can't be shown to the asker alone."""
        if self._hidden:
            return await self._to_asker(partial(self._message.answer, text), notice=quietly)
        try:
            return await self._message.answer(text, reply_parameters=self._reply, disable_notification=quietly)
        except TelegramAPIError as error:
            if missing_right(error) is not Missing.ANYTHING:
                raise
            log.info("no right to write", why=error.message)
            return None

    async def picture(
        self, picture: InputFile, caption: str | None = None, keyboard: InlineKeyboardMarkup | None = None
    ) -> Message | None:
        send = partial(self._message.answer_photo, picture, caption=caption, reply_markup=keyboard)
        if self._hidden:
            return await self._to_asker(send)
        return await send(reply_parameters=self._reply)

    async def album(self, pictures: Sequence[tuple[InputFile, str]]) -> None:
        """Pictures with captions; ten at most."""
        if self._hidden or len(pictures) < MIN_ALBUM:
            for picture, caption in pictures:
                await self.picture(picture, caption)
            return
        media = [InputMediaPhoto(media=picture, caption=caption) for picture, caption in pictures]
        await self._message.answer_media_group([*media], reply_parameters=self._reply)

    async def _to_asker(self, send: Callable[..., Awaitable[Message]], *, notice: bool = False) -> Message | None:
        """Send an ephemeral message. After a refusal the rest of this answer is not tried."""
        if self._refused:
            return None
        if self.asker is not None:
            to_one = EphemeralMessageParameters(receiver_user_id=self.asker.id)
            try:
                sent = await send(reply_parameters=self._reply, ephemeral_message_parameters=to_one)
            except PASSES:
                raise
            except TelegramAPIError as error:
                log.info("an ephemeral message was refused, so nobody sees the answer", why=error.message)
            else:
                if sent.ephemeral_message_id is not None:
                    return sent
                log.warning("this Bot API server knows no ephemeral messages; the answer is taken back")
                await sent.delete()
        if not notice:
            self._refused = True
            with suppress(TelegramBadRequest, TelegramForbiddenError):
                await self._message.answer(only_in_private(), reply_parameters=self._reply)
        return None


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
