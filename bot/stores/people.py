"""What a person has set: language, gallery, whom cards show, their look. Nobody is stored who has set nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, Literal, Protocol

from bot.telegram.callbacks import Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSettings:
    """What somebody chose. None: nothing, so the bot's own choice."""

    language: str | None = None  # "en", "ru"
    people: str | None = None  # bot.telegram.callbacks.Filter's value
    theme: Literal["light", "dark"] | None = None
    gallery: str | None = None  # `gallery_key` of its title


NOTHING_SET = PersonSettings()
THEMES: Final = ("light", "dark")


def settings_from(record: Any) -> PersonSettings:
    """Settings out of a stored record, which may be of another version of the bot, or damaged.

    Fields and values that are not known here count as not set; what is no record at all counts as nothing set.
    """
    if not isinstance(record, Mapping):
        return NOTHING_SET
    language, people, theme, gallery = (record.get(name) for name in ("language", "people", "theme", "gallery"))
    return PersonSettings(
        language=language if isinstance(language, str) else None,  # one that is not spoken here is passed over later
        people=people if people in tuple(Filter) else None,
        theme=theme if theme in THEMES else None,
        gallery=gallery if isinstance(gallery, str) else None,  # one that is not offered is passed over later
    )


def gallery_key(title: str) -> str:
    """What stands for a gallery in a button and in a record: short, and the same whatever else is offered."""
    return sha256(title.encode()).hexdigest()[:12]


class StoreError(Exception):
    """Settings can't be read or written: a sentence for the log or, at the start, for whoever runs the bot."""


class PeopleStore(Protocol):
    """Settings by a person's Telegram id. `read` never fails; all else raises StoreError when the store does."""

    async def read(self, person: int) -> PersonSettings:
        """What is stored; NOTHING_SET for somebody unknown, and for everybody while the store fails.

        Not to be written back: that would wipe what could not be read. `change` is for that.
        """
        ...

    async def write(self, person: int, settings: PersonSettings) -> None:
        """Store; NOTHING_SET removes the record."""
        ...

    async def change(self, person: int, changes: Mapping[str, Any]) -> PersonSettings:
        """Set some fields of PersonSettings and keep the others; returns all of them."""
        ...

    async def delete(self, person: int) -> PersonSettings:
        """Remove the record and say what was in it."""
        ...

    async def close(self) -> None: ...


class PeopleInMemory:
    """Forgotten at a restart."""

    def __init__(self) -> None:
        self._people: dict[int, PersonSettings] = {}

    async def read(self, person: int) -> PersonSettings:
        return self._people.get(person, NOTHING_SET)

    async def write(self, person: int, settings: PersonSettings) -> None:
        if settings == NOTHING_SET:
            self._people.pop(person, None)
        else:
            self._people[person] = settings

    async def change(self, person: int, changes: Mapping[str, Any]) -> PersonSettings:
        changed = replace(await self.read(person), **changes)
        await self.write(person, changed)
        return changed

    async def delete(self, person: int) -> PersonSettings:
        return self._people.pop(person, NOTHING_SET)

    async def close(self) -> None:
        """Nothing to close."""
