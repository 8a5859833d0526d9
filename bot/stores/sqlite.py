"""People's settings in one SQLite file. One row a person who has set something; nothing else is in it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from bot.artist import Theme
from bot.stores.people import NOTHING_SET, PersonSettings

SCHEMA = """
CREATE TABLE IF NOT EXISTS people (person INTEGER PRIMARY KEY, language TEXT, people TEXT, theme TEXT) STRICT
"""
T = TypeVar("T")


class PeopleInSqlite:
    """Calls run in a thread, one at a time; a write is on the disk when it returns."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA secure_delete=ON")  # /delete leaves no bytes behind
        self._db.execute(SCHEMA)

    async def read(self, person: int) -> PersonSettings:
        return await self._in_thread(lambda: self._read(person))

    async def write(self, person: int, settings: PersonSettings) -> None:
        if settings == NOTHING_SET:
            await self.delete(person)
            return
        row = (person, settings.language, settings.people, settings.theme)
        await self._in_thread(lambda: self._db.execute("INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?)", row))

    async def delete(self, person: int) -> PersonSettings:
        def delete() -> PersonSettings:
            was = self._read(person)
            self._db.execute("DELETE FROM people WHERE person = ?", (person,))
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return was

        return await self._in_thread(delete)

    async def close(self) -> None:
        await self._in_thread(self._db.close)

    def _read(self, person: int) -> PersonSettings:
        row = self._db.execute("SELECT language, people, theme FROM people WHERE person = ?", (person,)).fetchone()
        if row is None:
            return NOTHING_SET
        language, people, theme = cast("tuple[str | None, str | None, Theme | None]", row)
        return PersonSettings(language=language, people=people, theme=theme)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        def locked() -> T:
            with self._lock:
                return work()

        return await asyncio.to_thread(locked)
