"""Which two photos a comparison card shows: a card replies to one of them only, and both file ids fit in no button.

File ids, no pictures; kept as long as conversations are, then the buttons say that the comparison is over.
"""

from __future__ import annotations

from dataclasses import asdict

from aiogram import Bot
from aiogram.fsm.storage.base import BaseStorage, StorageKey
from aiogram.types import MaybeInaccessibleMessageUnion, Message

from bot.telegram.files import PhotoRef


class Pairs:
    """Photo references by the message of their comparison."""

    def __init__(self, storage: BaseStorage) -> None:
        self._storage = storage

    async def write(self, bot: Bot, message: MaybeInaccessibleMessageUnion, a: PhotoRef, b: PhotoRef) -> None:
        await self._storage.set_data(_key(bot, message), {"a": asdict(a), "b": asdict(b)})

    async def read(self, bot: Bot, message: MaybeInaccessibleMessageUnion) -> tuple[PhotoRef, PhotoRef] | None:
        data = await self._storage.get_data(_key(bot, message))
        return (PhotoRef(**data["a"]), PhotoRef(**data["b"])) if data else None


def _key(bot: Bot, message: MaybeInaccessibleMessageUnion) -> StorageKey:
    """By message; every ephemeral one has message_id 0, and is told apart by its own id and whoever sees it."""
    if isinstance(message, Message) and message.ephemeral_message_id is not None:
        receiver = message.receiver_user.id if message.receiver_user is not None else 0
        destiny = f"ephemeral_pair{message.ephemeral_message_id}"
        return StorageKey(bot_id=bot.id, chat_id=message.chat.id, user_id=receiver, destiny=destiny)
    return StorageKey(bot_id=bot.id, chat_id=message.chat.id, user_id=0, destiny=f"pair{message.message_id}")
