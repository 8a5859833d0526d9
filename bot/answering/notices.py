"""Who was told what happens to a photo. In memory only: after a restart a person may be told once more."""

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

    def forget(self, person: int) -> bool:
        """Whether there was something to forget."""
        return self._people.pop(person, False)
