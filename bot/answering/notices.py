"""Who was told what happens to a photo. In memory only: after a restart a person may be told once more."""

from __future__ import annotations

from collections import OrderedDict


class Told:
    """The people told most recently, at most `size` of them."""

    def __init__(self, *, size: int = 100_000) -> None:
        self._size = size
        self._people: OrderedDict[int, None] = OrderedDict()

    def first_time(self, person: int) -> bool:
        """Whether this person was not told yet; from now on they were."""
        if person in self._people:
            self._people.move_to_end(person)
            return False
        self._people[person] = None
        if len(self._people) > self._size:
            self._people.popitem(last=False)
        return True

    def forget(self, person: int) -> bool:
        """Whether there was something to forget."""
        known = person in self._people
        self._people.pop(person, None)
        return known
