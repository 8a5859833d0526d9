"""People's settings in one SQLite file. One row a person who has set something; nothing else is in it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import structlog

from bot.stores.people import NOTHING_SET, PersonSettings, StoreError, settings_from

SCHEMA = """
CREATE TABLE IF NOT EXISTS people
(person INTEGER PRIMARY KEY, language TEXT, people TEXT, theme TEXT, gallery TEXT) STRICT
"""
COLUMNS = ("language", "people", "theme", "gallery")
# Columns by name: a newer version of the bot may have added some, and keeps what it has in them.
UPSERT = """
INSERT INTO people (person, language, people, theme, gallery) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (person) DO UPDATE SET
language = excluded.language, people = excluded.people, theme = excluded.theme, gallery = excluded.gallery
"""
SELECT = "SELECT language, people, theme, gallery FROM people WHERE person = ?"
LOCKED_S = 0.5  # for a file that another process holds; everybody's settings wait for it
T = TypeVar("T")

log = structlog.get_logger(__name__)


class PeopleInSqlite:
    """Calls run in a thread, one at a time; a write is on the disk when it returns.

    The file and those beside it are readable for the bot's user alone: ids of people are in them.
    Opening raises StoreError where the file is no such file, or a folder, or may not be written.
    """

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _keep_to_owner(file)
            self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=LOCKED_S)
            self._db.text_factory = _text
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"SETTINGS_FILE={file} can't be opened ({error})") from error
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA secure_delete=ON")  # /delete leaves no bytes behind
            self._db.execute(SCHEMA)
            self._add_missing_columns()
            self._read(0)  # a table of that name may be somebody else's
        except sqlite3.Error as error:
            self._db.close()
            raise StoreError(f"SETTINGS_FILE={file} is not a file of people's settings ({error})") from error

    async def read(self, person: int) -> PersonSettings:
        try:
            return await self._in_thread(lambda: self._read(person))
        except StoreError:
            return NOTHING_SET

    async def write(self, person: int, settings: PersonSettings) -> None:
        await self._in_thread(lambda: self._write(person, settings))

    async def change(self, person: int, changes: Mapping[str, Any]) -> PersonSettings:
        def change() -> PersonSettings:
            changed = replace(self._read(person), **changes)
            self._write(person, changed)
            return changed

        return await self._in_thread(change)

    async def delete(self, person: int) -> PersonSettings:
        def delete() -> PersonSettings:
            was = self._read(person)
            self._delete(person)
            return was

        return await self._in_thread(delete)

    async def close(self) -> None:
        await self._in_thread(self._db.close)

    def _add_missing_columns(self) -> None:
        """A file that version 0.2 made has no galleries."""
        there = {row[1] for row in self._db.execute("PRAGMA table_info(people)")}
        if {"person", "language", "people", "theme"} <= there and "gallery" not in there:
            self._db.execute("ALTER TABLE people ADD COLUMN gallery TEXT")

    def _write(self, person: int, settings: PersonSettings) -> None:
        if settings == NOTHING_SET:
            self._delete(person)
            return
        row = (person, settings.language, settings.people, settings.theme, settings.gallery)
        self._db.execute(UPSERT, row)

    def _delete(self, person: int) -> None:
        self._db.execute("DELETE FROM people WHERE person = ?", (person,))
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _read(self, person: int) -> PersonSettings:
        row = self._db.execute(SELECT, (person,)).fetchone()
        if row is None:
            return NOTHING_SET
        return settings_from(dict(zip(COLUMNS, row, strict=True)))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        def locked() -> T:
            with self._lock:
                return work()

        try:
            return await asyncio.to_thread(locked)
        except sqlite3.Error as error:
            log.warning("the settings file fails", error=str(error))
            raise StoreError(str(error)) from error


def _keep_to_owner(file: Path) -> None:
    """Make the file, or change it, so that only its owner can open it. SQLite gives its side files the same mode."""
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        file.chmod(0o600)
    except PermissionError:
        log.info("the mode of the settings file is not this user's to change")  # whether it opens is seen next


def _text(raw: bytes) -> str:
    """Text of a damaged row, too: it must not lock its person out."""
    return raw.decode("utf-8", errors="replace")
