"""Where conversations and people's settings are kept: memory, SQLite, Redis."""

from __future__ import annotations

from aiogram.fsm.storage.base import BaseStorage

from bot.settings import BotSettings
from bot.stores.memory import ExpiringStorage
from bot.stores.people import PeopleInMemory, PeopleStore
from bot.stores.sqlite import PeopleInSqlite


def open_stores(settings: BotSettings) -> tuple[BaseStorage, PeopleStore]:
    """By the settings: REDIS_URL keeps both in Redis, an extra; SETTINGS_FILE, when set too, keeps people's settings.

    Raises StoreError where the file or the address can't be used, ModuleNotFoundError where the extra is missing.
    """
    storage: BaseStorage = ExpiringStorage(ttl_s=settings.conversation_s)
    people: PeopleStore | None = PeopleInSqlite(settings.settings_file) if settings.settings_file else None
    url = settings.redis_url.get_secret_value()
    if url:
        from bot.stores.redis import PeopleInRedis, SteadyStorage, connect

        storage = SteadyStorage(connect(url), ttl_s=settings.conversation_s)
        people = people or PeopleInRedis(connect(url))
    return storage, people or PeopleInMemory()
