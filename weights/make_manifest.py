"""Bring manifest.toml up to date with the exported files and their records: run `python weights/make_manifest.py`.

Only lines that are there already are rewritten, so comments, thresholds and order stay as they were written.
Needs Python's standard library alone.
"""

# ruff: noqa: INP001 - a script beside the files it describes, not a package

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Final

KEYS: Final = ("sha256", "size_bytes", "licence", "started_from", "commit")  # of one role, as its record names them


def updated(manifest: str, folder: Path) -> str:
    """Return the manifest's text with every role's lines taken from folder/records/<role>.json and the file itself.

    Raises ValueError when a record tells of another file than the one that is there.
    """
    lines = manifest.splitlines(keepends=True)
    facts: dict[str, str | int] = {}
    for number, line in enumerate(lines):
        if line.startswith("["):
            facts = _facts(line.split("#")[0].strip().strip("[]"), folder)
            continue
        found = re.match(r"(\w+)( *= *)(\"[^\"]*\"|\d+)(.*)", line, re.DOTALL)
        if found and found[1] in facts:
            value = json.dumps(facts[found[1]], ensure_ascii=False)  # TOML writes strings and numbers the same way
            lines[number] = f"{found[1]}{found[2]}{value}{found[4]}"
    return "".join(lines)


def _facts(role: str, folder: Path) -> dict[str, str | int]:
    record_path = folder / "records" / f"{role}.json"
    if not record_path.exists():
        return {}
    record = json.loads(record_path.read_text(encoding="utf-8"))
    data = (folder / record["file"]).read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != record["sha256"]:
        raise ValueError(f"{role}: {record['file']} has sha256 {sha256[:12]}, its record says {record['sha256'][:12]}")
    facts: dict[str, str | int] = {"sha256": sha256, "size_bytes": len(data)}
    return facts | {key: record[key] for key in KEYS if isinstance(record.get(key), str)}


def main() -> int:
    """Rewrite the manifest beside this file; 1 when a record and its file disagree."""
    folder = Path(__file__).resolve().parent
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
