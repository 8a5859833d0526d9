"""What a build has done so far, on disk, so that a build that was killed goes on where it stopped.

Outcomes are kept in parts: the vectors of a part as .npy, then its list as .json, which makes the part count (it is
renamed into place last). A part that a kill left half written has no list and is written again. A picture is known
by its file, size, time of change and given points; the whole journal by the embedder and the recipe.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index.embed import Embedded, Skipped

SCHEMA: Final = 2
PART_PICTURES: Final = 256  # about a second of work: that much is lost to a kill


class Journal:
    """A folder of parts. One process at a time; the builder holds a lock."""

    def __init__(self, folder: Path, *, key: str, part_pictures: int = PART_PICTURES) -> None:
        """Open the journal in `folder`, which is emptied when it was kept for another `key`."""
        self._folder = folder
        self._part_pictures = part_pictures
        self._waiting: list[tuple[str, Embedded | Skipped]] = []
        self._where: dict[str, tuple[int, int]] = {}  # fingerprint -> part, row
        self._part: tuple[int, list[Embedded | Skipped]] | None = None  # the last one read: reads come in order
        self._parts = 0
        head = folder / "journal.json"
        wanted = {"schema": SCHEMA, "key": key}
        if _read_json(head) != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            _replace(head, json.dumps(wanted).encode())
        for list_file in sorted(folder.glob("part-*.json")):
            self._adopt(list_file)

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, fingerprint: str) -> bool:
        return fingerprint in self._where

    def add(self, fingerprint: str, outcome: Embedded | Skipped) -> None:
        """Note one outcome; it is on disk once its part is full or `flush` was called."""
        self._waiting.append((fingerprint, outcome))
        if len(self._waiting) >= self._part_pictures:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        number = self._parts
        vectors = [outcome.vector for _, outcome in self._waiting if isinstance(outcome, Embedded)]
        with (self._folder / f"part-{number:06d}.npy").open("wb") as file:
            np.save(file, np.stack(vectors) if vectors else np.zeros((0, 0), np.float32))
        entries = [_entry(fingerprint, outcome) for fingerprint, outcome in self._waiting]
        _replace(self._folder / f"part-{number:06d}.json", json.dumps(entries).encode())
        for row, (fingerprint, _) in enumerate(self._waiting):
            self._where[fingerprint] = (number, row)
        self._parts = number + 1
        self._waiting = []

    def outcome(self, fingerprint: str) -> Embedded | Skipped:
        """What was noted (and flushed). Raises KeyError for a picture that is not known."""
        number, row = self._where[fingerprint]
        if self._part is None or self._part[0] != number:
            self._part = (number, self._read(number))
        return self._part[1][row]

    def _adopt(self, list_file: Path) -> None:
        number = int(list_file.stem.removeprefix("part-"))
        self._parts = max(self._parts, number + 1)
        entries = _read_json(list_file)
        try:
            outcomes = self._read(number)
            fingerprints = [str(entries[row]["fingerprint"]) for row in range(len(outcomes))]
        except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError):
            return  # damaged: its pictures are embedded again, into another part
        for row, fingerprint in enumerate(fingerprints):
            self._where[fingerprint] = (number, row)

    def _read(self, number: int) -> list[Embedded | Skipped]:
        entries = _read_json(self._folder / f"part-{number:06d}.json")
        vectors = np.load(self._folder / f"part-{number:06d}.npy", mmap_mode="r", allow_pickle=False)
        rows = iter(np.array(vectors, dtype=np.float32))
        outcomes: list[Embedded | Skipped] = []
        for entry in entries:
            if "reason" in entry:
                outcomes.append(Skipped(reason=entry["reason"]))
            else:
                outcomes.append(_embedded(entry, next(rows, None)))
        return outcomes


def _entry(fingerprint: str, outcome: Embedded | Skipped) -> dict[str, Any]:
    if isinstance(outcome, Skipped):
        return {"fingerprint": fingerprint, "reason": outcome.reason}
    return {
        "fingerprint": fingerprint,
        "size_px": outcome.size_px,
        "box": list(outcome.box),
        "points": outcome.points.tolist(),
        "frame": list(outcome.frame),
    }


def _embedded(entry: dict[str, Any], vector: NDArray[np.float32] | None) -> Embedded:
    if vector is None:
        raise ValueError("a part lists more pictures than it holds vectors")
    x0, y0, x1, y1 = entry["box"]
    width, height = entry["frame"]
    return Embedded(
        vector=vector,
        size_px=entry["size_px"],
        box=(x0, y0, x1, y1),
        points=np.array(entry["points"], dtype=np.float32).reshape(5, 2),
        frame=(width, height),
    )


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)  # noqa: PTH105 - the pair of write_bytes; the name says that it overwrites
