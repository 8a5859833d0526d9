"""Pictures are embedded by as many workers as a Ray cluster has, for `lookalike index build --engine ray`.

The only module that imports ray, an extra. What travels between processes are shards: the paths of some pictures one
way, their vectors back. Never pixels, since Ray spills to a disk what its memory can't hold. The journal of the build
(index.journal) keeps each shard that came back, so that a build that was stopped goes on there; a worker that is killed
is started again by Ray, with the shard that it had.
"""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from index.embed import Embed, Embedded, Skipped
from index.source import Picture

SHARD_PICTURES: Final = 64
CPUS_A_WORKER: Final = 0.5  # actors that take every core leave none for what feeds them: Ray Data then waits for ever
_BATCH: Final = 32

Outcomes = list[tuple[Picture, Embedded | Skipped]]


class RaySpread:
    """index.build.Spread over Ray Data. Joins the cluster that RAY_ADDRESS names, or starts one on this machine."""

    def __init__(self, make: Callable[[], Embed], *, workers: int = 0, shard: int = SHARD_PICTURES) -> None:
        """make: opens what embeds, in each worker; it is pickled. workers: 0 for as many as the cluster has cores."""
        self._make = make
        self._workers = workers
        self._shard = shard

    def __call__(self, folder: Path, pictures: Sequence[Picture]) -> Iterator[Outcomes]:
        """Each shard as it is done, in any order."""
        if not pictures:
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
        import ray

        ours = not ray.is_initialized()
        if ours:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        try:
            shards = [pictures[first : first + self._shard] for first in range(0, len(pictures), self._shard)]
            yield from self._spread(folder, shards)
        finally:
            if ours:
                ray.shutdown()

    def _spread(self, folder: Path, shards: Sequence[Sequence[Picture]]) -> Iterator[Outcomes]:
        import ray
        import ray.data

        ray.data.DataContext.get_current().enable_progress_bars = False
        cores = int(ray.cluster_resources().get("CPU", 1))
        workers = max(1, min(self._workers or cores, len(shards)))
        items = [{"shard": pickle.dumps(list(shard))} for shard in shards]
        done = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
            _Worker,
            batch_size=1,
            fn_constructor_args=(self._make, folder),
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=min(CPUS_A_WORKER, cores / (workers + 1)),
        )
        for row in done.iter_rows():
            yield pickle.loads(row["outcomes"])  # noqa: S301 - of our own workers


class _Worker:
    """An actor: opens the networks once, then takes shard after shard."""

    def __init__(self, make: Callable[[], Embed], folder: Path) -> None:
        self._embed = make()
        self._folder = folder

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        done = []
        for shard in batch["shard"]:
            pictures: list[Picture] = pickle.loads(shard)  # noqa: S301 - of the build that started this worker
            outcomes: Outcomes = []
            for first in range(0, len(pictures), _BATCH):
                chunk = pictures[first : first + _BATCH]
                outcomes += zip(chunk, self._embed(self._folder, chunk), strict=True)
            done.append(pickle.dumps(outcomes))
        return {"outcomes": done}
