"""Bring manifest.toml up to date with the exported files, their records and evaluation.json.

    python -m training.export.manifest [FOLDER]      # weights/ without one

Only lines that are there already are rewritten, so comments, thresholds and order stay as they were written; an int8
file that has a record and no table gets one at the end.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from lookalike.paths import WEIGHTS

KEYS: Final = ("sha256", "size_bytes", "licence", "started_from", "commit")  # of one role, as its record names them


def updated(manifest: str, folder: Path) -> str:
    """Return the manifest's text with every role's lines taken from folder/records/<role>.json and the file itself.

    `scores` comes from folder/evaluation.json where that was measured with the files that are there.
    The int8 file of a role has the record <role>_int8.json; where there is none, its table is left out. Raises
    ValueError when a record tells of another file than the one that is there, or an int8 file was made from another.
    """
    lines = _without_gone(manifest.splitlines(keepends=True), folder)
    facts: dict[str, str | int] = {}
    for number, line in enumerate(lines):
        if line.startswith("["):
            facts = _facts(_table_of(line), folder)
            continue
        found = re.match(r"(\w+)( *= *)(\"[^\"]*\"|\d+)(.*)", line, re.DOTALL)
        if found and found[1] in facts:
            value = json.dumps(facts[found[1]], ensure_ascii=False)  # TOML writes strings and numbers the same way
            lines[number] = f"{found[1]}{found[2]}{value}{found[4]}"
    return "".join([*lines, *_new_int8(lines, folder)])


def _table_of(line: str) -> str:
    """The name of the table that a line opens."""
    return line.split("#", maxsplit=1)[0].strip().strip("[]")


def _new_int8(lines: list[str], folder: Path) -> list[str]:
    """The int8 table of each network whose int8 file has a record and which the manifest does not name yet."""
    tables = {_table_of(line) for line in lines if line.startswith("[")}
    new = []
    for role in ("detector", "embedder"):
        record = folder / "records" / f"{role}_int8.json"
        if role in tables and f"{role}.int8" not in tables and record.exists():
            file = json.loads(record.read_text(encoding="utf-8"))["file"]
            facts = {"file": file} | _facts(f"{role}.int8", folder)
            new += [f"\n[{role}.int8]\n", *(f"{name} = {json.dumps(value)}\n" for name, value in facts.items())]
    return new


def _without_gone(lines: list[str], folder: Path) -> list[str]:
    """Leave out the int8 table of a network that has a record where the int8 file has none: it is another one's."""
    kept: list[str] = []
    gone = False
    for line in lines:
        if line.startswith("["):
            role = _table_of(line)
            records = [
                folder / "records" / f"{name}.json" for name in (role.removesuffix(".int8"), role.replace(".", "_"))
            ]
            gone = role.endswith(".int8") and records[0].exists() and not records[1].exists()
        if not gone:
            kept.append(line)
    return kept


def _facts(role: str, folder: Path) -> dict[str, str | int]:
    record_path = folder / "records" / f"{role.replace('.', '_')}.json"
    if not record_path.exists():
        return {}
    record = json.loads(record_path.read_text(encoding="utf-8"))
    data = (folder / record["file"]).read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != record["sha256"]:
        raise ValueError(f"{role}: {record['file']} has sha256 {sha256[:12]}, its record says {record['sha256'][:12]}")
    facts: dict[str, str | int] = {"sha256": sha256, "size_bytes": len(data)}
    if role.endswith(".int8"):
        _check_origin(role, record, folder)
        return facts
    facts |= {key: record[key] for key in KEYS if isinstance(record.get(key), str)}
    if data := _data(record.get("data")):
        facts["data"] = data
    if (scores := _scores(role, folder)) is not None:
        facts["scores"] = scores
    return facts


def _check_origin(role: str, record: dict[str, Any], folder: Path) -> None:
    whole = json.loads((folder / "records" / f"{role.removesuffix('.int8')}.json").read_text(encoding="utf-8"))
    if record["made_from"] != whole["sha256"]:
        raise ValueError(f"{role}: {record['file']} was made from another {whole['file']} than the one that is there")


def _data(told: Any) -> str:
    """What a network learnt from in one line: a record's own line, or its sources with their numbers."""
    if isinstance(told, str):
        return told
    if not isinstance(told, dict) or "sources" not in told:
        return ""
    numbers = [f"{told[name]:,} {name}" for name in ("pictures", "people") if name in told]
    return ": ".join([told["sources"], *([" of ".join(numbers)] if numbers else [])])


def _scores(role: str, folder: Path) -> str | None:
    """The first figures of `lookalike evaluate`, "" while there are none; None where evaluation.json is missing."""
    path = folder / "evaluation.json"
    if not path.exists():
        return None
    measured = json.loads(path.read_text(encoding="utf-8"))
    for other, sha256 in measured.get("files", {role: ""}).items():
        record = folder / "records" / f"{other}.json"
        if not record.exists() or json.loads(record.read_text(encoding="utf-8"))["sha256"] != sha256:
            return ""
    match role:
        case "embedder":
            told = []
            for name, one in measured.get("verification", {}).items():
                tpr = {point["fpr"]: point["tpr"]["value"] for point in one["points"]}
                told.append(f"{name} {tpr[0.01]:.3f} / {tpr[0.001]:.3f}")
            return f"TPR at FPR 0.01 / 0.001: {', '.join(told)}" if told else ""
        case "aligner":
            errors = {name: one["detected"]["nme"]["value"] for name, one in measured.get("landmarks", {}).items()}
            told = [f"{name} {100 * error:.2f} %" for name, error in errors.items() if error is not None]
            return f"NME by the detector's box: {', '.join(told)}" if told else ""
        case "detector":
            rows = measured.get("detection", {}).get("overall", [])
            told = [f"from {one['floor_px']:g} px {one['ap']['value']:.3f}" for one in rows]
            return f"AP at IoU 0.5: {', '.join(told)}" if told else ""
        case _:
            return None


def main() -> int:
    """Rewrite the manifest of a folder; 1 when a record and its file disagree."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS
    path = folder / "manifest.toml"
    before = path.read_text(encoding="utf-8")
    try:
        after = updated(before, folder)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if after != before:
        path.write_text(after, encoding="utf-8")
    sys.stdout.write(f"{path.name} {'rewritten' if after != before else 'is up to date'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
