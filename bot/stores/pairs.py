"""Which two photos a comparison card shows: a card replies to one of them only, and the other fits in no button.

Numbers of messages, no file ids; kept as long as conversations are, then the buttons say that the comparison is over.
"""

from __future__ import annotations

from aiogram import Bot
from aiogram.fsm.storage.base import BaseStorage, StorageKey
from aiogram.types import MaybeInaccessibleMessageUnion, Message

from bot.stores.sent_photos import SentPhotos
from bot.telegram.files import PhotoRef


class Pairs:
    """Photos by the message of their comparison."""

    def __init__(self, storage: BaseStorage, photos: SentPhotos) -> None:
        self._storage = storage
        self._photos = photos

    async def write(self, bot: Bot, message: MaybeInaccessibleMessageUnion, a: PhotoRef, b: PhotoRef) -> None:
        chat = message.chat.id
        stored = {"a": self._photos.keep(chat, a), "b": self._photos.keep(chat, b)}
        await self._storage.set_data(_key(bot, message), stored)

    async def read(self, bot: Bot, message: MaybeInaccessibleMessageUnion) -> tuple[PhotoRef, PhotoRef] | None:
        data = await self._storage.get_data(_key(bot, message))
        a = await self._photos.find(bot, message.chat.id, data.get("a"))
        b = await self._photos.find(bot, message.chat.id, data.get("b")) if a is not None else None
        return (a, b) if a is not None and b is not None else None


def _key(bot: Bot, message: MaybeInaccessibleMessageUnion) -> StorageKey:
    """By message; every ephemeral one has message_id 0, and is told apart by its own id and whoever sees it."""
    if isinstance(message, Message) and message.ephemeral_message_id is not None:
        receiver = message.receiver_user.id if message.receiver_user is not None else 0
        destiny = f"ephemeral_pair{message.ephemeral_message_id}"
        return StorageKey(bot_id=bot.id, chat_id=message.chat.id, user_id=receiver, destiny=destiny)
    return StorageKey(bot_id=bot.id, chat_id=message.chat.id, user_id=0, destiny=f"pair{message.message_id}")
