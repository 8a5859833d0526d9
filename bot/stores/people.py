"""What a person has set: language, whom cards show, their look. Nobody is stored who has set nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSettings:
    """None: not set, so the bot's own choice."""

    language: str | None = None  # "en", "ru"
    people: str | None = None  # bot.callbacks.Filter's value
    theme: Literal["light", "dark"] | None = None


NOTHING_SET = PersonSettings()


class PeopleStore(Protocol):
    """Settings by a person's Telegram id."""

    async def read(self, person: int) -> PersonSettings:
        """What is stored; NOTHING_SET for somebody unknown."""
        ...

    async def write(self, person: int, settings: PersonSettings) -> None:
        """Store; NOTHING_SET removes the record."""
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

    async def delete(self, person: int) -> PersonSettings:
        return self._people.pop(person, NOTHING_SET)

    async def close(self) -> None:
        """Nothing to close."""
