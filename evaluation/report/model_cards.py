"""Put today's facts and figures into the model cards.

    python -m evaluation.report.model_cards [FOLDER]         # weights/ without one

Between `<!-- facts -->` and `<!-- /facts -->` comes what the network's record says, between `<!-- figures -->` and
`<!-- /figures -->` what `lookalike evaluate` wrote into evaluation.json, and `lookalike evaluate report` into
depth.json, where those are of the same three files. Everything else is written by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from evaluation.documents.base import read
from evaluation.documents.in_depth import DepthDocument, Parts
from evaluation.documents.shipped import EvaluationDocument
from evaluation.report import depth_tables, evaluation_tables
from evaluation.report.table import Table, as_markdown
from lookalike.paths import WEIGHTS

ROLES: Final = ("detector", "aligner", "embedder")


def updated(card: str, role: str, folder: Path) -> str:
    """Return the card's text with both tables from the files in `folder`. Raises ValueError when a mark is missing."""
    records = {name: _record(folder, name) for name in ROLES}
    files = {name: str(one["sha256"]) for name, one in records.items()}
    evaluation = read(folder / "evaluation.json", EvaluationDocument)
    depth = read(folder / "depth.json", DepthDocument)
    record = records.get(role) or _record(folder, role)
    card = _between(card, "facts", as_markdown(_facts(record)))
    if role not in ROLES:
        return _between(card, "figures", "\n".join(map(_shown, _many_points(record, files))) or "Not measured yet.\n")
    if evaluation is None or evaluation.files != files:
        return _between(card, "figures", "Not measured yet.\n")
    parts = depth.parts if depth is not None and depth.files == files else Parts()
    return _between(card, "figures", "\n".join(map(_shown, _figures(role, evaluation, parts))))


def _record(folder: Path, role: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "records" / f"{role}.json").read_text(encoding="utf-8"))
    return record


def _facts(record: dict[str, Any]) -> Table:
    takes = record["input"]
    sides = str(takes.get("side_px"))
    data = record["data"]
    if isinstance(data, dict):
        numbers = [f"{data[name]:,} {name}" for name in ("pictures", "people") if name in data]
        data = "; ".join([data.get("sources", ""), *([" of ".join(numbers)] if numbers else [])])
    rows = (
        ("File", f"`{record['file']}`, {record['size_bytes'] / 1e6:.1f} MB, SHA-256 `{record['sha256'][:16]}...`"),
        ("Input", f"{takes['color']}, {sides} px, (pixel - {takes['mean'][0]:g}) / {takes['std'][0]:g}"),
        ("Output", record["output"]),
        ("Terms", record["licence"]),
        ("Started from", record["started_from"]),
        ("Distilled from", record.get("distilled_from", "")),
        ("Learnt from", data),
        ("Steps", f"{record['steps']:,}" if "steps" in record else ""),
        ("Way from the start weights to the trained ones", str(record.get("share_of_trained_weights", ""))),
        ("Trained at commit", f"`{record['commit']}`"),
    )
    return Table(key="facts", title="", columns=("", ""), rows=[row for row in rows if row[1]])


def _figures(role: str, evaluation: EvaluationDocument, parts: Parts) -> Sequence[Table]:
    """What is shown of one network: the evaluation's tables, then the suites'."""
    match role:
        case "embedder":
            shown = [evaluation_tables.verification(evaluation.verification or {})]
            shown.append(evaluation_tables.identification(evaluation.identification or {}))
            if evaluation.likeness is not None:
                shown.append(evaluation_tables.likeness(evaluation.likeness))
            if parts.embedder is not None:
                shown += map(depth_tables.group_table, parts.embedder.groups)
                shown.append(_gaps(parts.embedder.gaps))
            if parts.robustness is not None:
                shown += [one for one in depth_tables.robustness(parts.robustness) if one.key != "cosines"]
            return shown
        case "aligner":
            deep = depth_tables.aligner(parts.aligner) if parts.aligner is not None else []
            shown = [one for one in deep if one.key in {"celeba", "doubt", "covered", "blurred"}]
            return [evaluation_tables.landmarks(evaluation.landmarks or {}), *shown]
        case _:
            shown = evaluation_tables.detection(evaluation.detection) if evaluation.detection is not None else []
            answered = depth_tables.detector(parts.detector) if parts.detector is not None else []
            return [*shown, *(one for one in answered if one.key == "answered")]


def _many_points(record: dict[str, Any], files: Mapping[str, str]) -> Sequence[Table]:
    """What `python -m training.landmarks.dense evaluate` put into the record, where the chain's files are the same."""
    with_files = record.get("measured_with", {})
    if not with_files or any(files[role] != sha256 for role, sha256 in with_files.items()):
        return []
    ways = (("chain", "detector's and aligner's"), ("given five", "given"))
    rows = [
        (
            name,
            f"{one['faces']:,} ({one['missed']})",
            words,
            _interval(one[way]["eyes"]),
            _interval(one[way]["corners"]),
        )
        for name, one in record["scores"]["val"].items()
        for way, words in ways
    ]
    columns = ("set", "faces (missed)", "five points", "over the eye centres, %", "over the outer eye corners, %")
    title = "Mean distance from the given points, val, 95 % over pictures"
    return [Table(key="many points", title=title, columns=columns, rows=rows)]


def _interval(figure: Sequence[float]) -> str:
    value, low, high = figure
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def _gaps(sentences: Sequence[str]) -> Table:
    return Table(
        key="gaps",
        title="Groups whose interval lies wholly apart from that of all",
        columns=("gap",),
        rows=[(sentence,) for sentence in sentences],
    )


def _shown(table: Table) -> str:
    caption = f"\n{table.caption}\n" if table.caption else ""
    return f"{table.title}:\n\n{as_markdown(table)}{caption}"


def _between(text: str, mark: str, inside: str) -> str:
    begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"want one {begin.strip()} and one {end}")
    before, rest = text.split(begin)
    return f"{before}{begin}{inside}{end}{rest.split(end)[1]}"


def main() -> int:
    """Rewrite the cards of a folder; 1 when one can't be."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS
    for path in sorted((folder / "cards").glob("*.md")):
        before = path.read_text(encoding="utf-8")
        try:
            after = updated(before, path.stem, folder)
        except (OSError, ValueError, KeyError) as error:
            sys.stderr.write(f"{path.name}: {error!r}\n")
            return 1
        if after != before:
            path.write_text(after, encoding="utf-8")
        sys.stdout.write(f"{path.name} {'rewritten' if after != before else 'is up to date'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
