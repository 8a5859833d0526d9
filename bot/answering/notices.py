"""Who was told what happens to a photo. In memory: after a restart a person may be told once more."""

from __future__ import annotations

from cachetools import LRUCache


class NoticesGiven:
    """The people told most recently, at most `size` of them."""

    def __init__(self, *, size: int = 100_000) -> None:
        self._people: LRUCache[int, bool] = LRUCache(maxsize=size)

    def first_time(self, person: int) -> bool:
        """Whether this person was not told yet; from now on they were."""
        known = self._people.get(person, False)
        self._people[person] = True
        return not known

    async def first(self, person: int, *, photo: str) -> bool:  # noqa: ARG002 - for what replicas share
        """`first_time`, wherever it is kept (bot.stores.shared). photo: which one it would be told beside."""
        return self.first_time(person)

    async def given(self, person: int) -> None:
        """The notice that `first` asked for has been sent."""

    async def forgotten(self, person: int) -> bool:
        """`forget`, wherever it is kept."""
        return self.forget(person)

    def forget(self, person: int) -> bool:
        """Whether there was something to forget."""
        return self._people.pop(person, False)
