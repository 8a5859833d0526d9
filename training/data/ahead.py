"""Things made ahead of their use: the next batch in a thread, or many of them in processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from torch.utils.data import DataLoader, Dataset

from training.command_line import Refused

Made = TypeVar("Made")


class Ahead(Generic[Made]):
    """Makes the next batch in a thread while the network works on this one (OpenCV and PIL let go of the GIL)."""

    def __init__(self, batches: Callable[[int], Made]) -> None:
        self._batches = batches
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._next: tuple[int, Future[Made]] | None = None

    def __call__(self, step: int) -> Made:
        waiting = self._next
        ready = waiting[1].result() if waiting is not None and waiting[0] == step else self._batches(step)
        self._next = (step + 1, self._thread.submit(self._batches, step + 1))
        return ready

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)


def made_ahead(make: Callable[[Any], Any], wanted: Sequence[Any], *, workers: int) -> Iterator[Any]:
    """What `make` makes of each of `wanted`, in order; by so many processes, each some ahead, where there are any."""
    if not workers:
        return map(make, wanted)
    wanted_of = _Made(make, wanted)
    made = DataLoader(wanted_of, batch_size=None, num_workers=workers, prefetch_factor=4, collate_fn=_as_it_is)
    return iter(made)


def _as_it_is(made: Any) -> Any:
    return made


class _Made(Dataset[Any]):
    def __init__(self, make: Callable[[Any], Any], wanted: Sequence[Any]) -> None:
        self._make = make
        self._wanted = wanted

    def __len__(self) -> int:
        return len(self._wanted)

    def __getitem__(self, index: int) -> Any:
        return self._make(self._wanted[index])


def share_of(batch: Any, rank: int, count: int) -> Any:
    """Every `count`-th row of every part of a batch, from `rank` on. batch: tensors in a tuple.

    The two pictures of a pair lie half a batch apart, so both come into one share. Raises Refused where they would not.
    """
    if count == 1:
        return batch
    rows = len(batch[0])
    if rows % (2 * count):
        raise Refused(f"a batch of {rows} can't be dealt out evenly, in pairs, to {count} devices: use another number")
    parts = [part[rank::count] for part in batch]
    return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
