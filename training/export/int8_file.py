"""The int8 file of a role: made from the float one that its record tells of, kept only where it holds what it must.

    file = begin_int8(Path("weights"), "detector")     # reads weights/records/detector.json
    quantise(file.source, file.draft, ...)
    file.keep(file.origin(calibrated_on=300) | {...})  # weights/detector_int8.onnx, records/detector_int8.json

An older file stays where the new one does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from training.command_line import Refused
from training.export.onnx import ExportFailed, sha256_of, write_record

KEPT: Final = ("recipe", "commit", "steps", "mix", "settings")  # of the float file's record, as far as they are there


@dataclass(frozen=True, slots=True, kw_only=True)
class Int8File:
    """Where the parts of one role's int8 file lie, and what is known of the float one."""

    weights: Path
    role: str
    facts: dict[str, Any]  # the float file's record

    @property
    def source(self) -> Path:
        return self.weights / f"{self.role}.onnx"

    @property
    def path(self) -> Path:
        return self.weights / f"{self.role}_int8.onnx"

    @property
    def draft(self) -> Path:
        """Where the file is written before it is judged."""
        return self.weights / f"{self.role}_int8.onnx.draft"

    def origin(self, *, calibrated_on: int) -> dict[str, Any]:
        """What the record tells of its making; calibrated_on: how many pictures gave the ranges."""
        told = {name: self.facts[name] for name in KEPT if name in self.facts}
        return told | {"file": self.path.name, "made_from": self.facts["sha256"], "calibrated_on": calibrated_on}

    def keep(self, record: dict[str, Any]) -> Path:
        """Put the draft in the place of an older file and write its record; returns the file's path."""
        self.draft.replace(self.path)
        write_record(self.weights / "records" / f"{self.role}_int8.json", record)
        return self.path

    def drop(self, why: str) -> NoReturn:
        """Remove the draft; an older file stays. Raises ExportFailed."""
        self.draft.unlink()
        raise ExportFailed(f"{why}: not kept")


def int8_or_none(weights: Path, role: str, make: Callable[[], Path]) -> str:
    """Have `make` write the role's int8 file; where it can't, or the file does not hold, leave the role without one.

    An older file stays where it was made from the float one that is there. Returns what was done, in a line.
    """
    try:
        return str(make())
    except ExportFailed as error:
        why = str(error)
    except ModuleNotFoundError as error:
        if error.name != "nncf":
            raise
        why = "nncf is not installed"
    file = begin_int8(weights, role)
    record = weights / "records" / f"{role}_int8.json"
    if not record.is_file() or json.loads(record.read_text(encoding="utf-8"))["made_from"] != file.facts["sha256"]:
        file.path.unlink(missing_ok=True)
        record.unlink(missing_ok=True)
    return f"{role}: no new int8 file: {why}"


def begin_int8(weights: Path, role: str) -> Int8File:
    """Find the float file and its record. Raises Refused where one is missing or they don't belong together."""
    file, stored = weights / f"{role}.onnx", weights / "records" / f"{role}.json"
    if not (file.is_file() and stored.is_file()):
        raise Refused(f"{weights}: no {file.name} with its record; export the run first")
    facts = json.loads(stored.read_text(encoding="utf-8"))
    if facts["sha256"] != sha256_of(file):
        raise Refused(f"{stored} tells of another {file.name} than the one that is there; export the run first")
    return Int8File(weights=weights, role=role, facts=facts)
