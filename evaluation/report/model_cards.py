"""Put today's facts and figures into the model cards.

    python -m evaluation.report.model_cards [FOLDER]         # weights/ without one

Between `<!-- facts -->` and `<!-- /facts -->` comes what the network's record says, between `<!-- figures -->` and
`<!-- /figures -->` what `lookalike evaluate` wrote into evaluation.json, and `lookalike evaluate report` into
depth.json, where those are of the same three files. Everything else is written by hand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lookalike.settings import ROOT

Row = list[str]


def updated(card: str, role: str, folder: Path) -> str:
    """The card's text with both tables from the files in `folder`. Raises ValueError when a mark is missing."""
    record = json.loads((folder / "records" / f"{role}.json").read_text(encoding="utf-8"))
    evaluation = folder / "evaluation.json"
    measured = json.loads(evaluation.read_text(encoding="utf-8")) if evaluation.exists() else {}
    deep = folder / "depth.json"
    depth = json.loads(deep.read_text(encoding="utf-8")) if deep.exists() else {}
    names = ("detector", "aligner", "embedder")
    records = {name: json.loads((folder / "records" / f"{name}.json").read_text(encoding="utf-8")) for name in names}
    files = {name: one["sha256"] for name, one in records.items()}
    current = measured.get("files") == files
    if depth.get("files") == files:
        measured["depth"] = depth
    card = _between(card, "facts", _table(["", ""], _facts(record)))
    return _between(card, "figures", _figures(role, measured) if current else "Not measured yet.\n")


def _facts(record: dict[str, Any]) -> list[Row]:
    takes = record["input"]
    sides = ", ".join(str(side) for side in takes.get("sizes_px", [takes.get("side_px")]))
    data = record["data"]
    if isinstance(data, dict):
        numbers = [f"{data[name]:,} {name}" for name in ("pictures", "people") if name in data]
        data = "; ".join([data.get("sources", ""), *([" of ".join(numbers)] if numbers else [])])
    rows = [
        ["File", f"`{record['file']}`, {record['size_bytes'] / 1e6:.1f} MB, SHA-256 `{record['sha256'][:16]}...`"],
        ["Input", f"{takes['color']}, {sides} px, (pixel - {takes['mean'][0]:g}) / {takes['std'][0]:g}"],
        ["Output", record["output"]],
        ["Terms", record["licence"]],
        ["Started from", record["started_from"]],
        ["Distilled from", record.get("distilled_from", "")],
        ["Learnt from", data],
        ["Steps", f"{record['steps']:,}" if "steps" in record else ""],
        ["Way from the start weights to the trained ones", str(record.get("share_of_trained_weights", ""))],
        ["Trained at commit", f"`{record['commit']}`"],
    ]
    return [row for row in rows if row[1]]


def _figures(role: str, measured: dict[str, Any]) -> str:
    match role:
        case "embedder":
            tables = _verification(measured.get("verification", {}))
            tables += _identification(measured.get("identification", {}))
            depth = measured.get("depth", {}).get("parts", {})
            return tables + _groups(depth.get("embedder", {})) + _robustness(depth.get("robustness", {}))
        case "aligner":
            return _points(measured.get("landmarks", {}))
        case _:
            depth = measured.get("depth", {}).get("parts", {})
            return _boxes(measured.get("detection", {})) + _answered(depth.get("detector", {}))


def _verification(sets: dict[str, Any]) -> str:
    rows = []
    for name, one in sets.items():
        for point in one["points"]:
            counted = f"{one['people']} / {one['pictures']:,} / {one['same_pairs']:,}"
            rows.append([name, counted, f"{point['fpr']:g}", _share(point["tpr"]), f"{point['threshold']:.3f}"])
    return _table(["Set", "people / pictures / same pairs", "FPR", "TPR (95 %)", "threshold"], rows)


def _identification(sets: dict[str, Any]) -> str:
    rows = [
        [name, f"{one['probes']:,}", f"{one['gallery_people']:,}", _share(one["rank_1"]), _share(one["rank_8"])]
        for name, one in sets.items()
    ]
    return "\n" + _table(["Set", "probes", "people in the gallery", "first (95 %)", "among eight (95 %)"], rows)


def _groups(depth: dict[str, Any]) -> str:
    """Groups at the one threshold of their set, and which gaps are larger than the doubt."""
    text = ""
    for one in depth.get("groups", []):
        rows = [
            [name, f"{group['people']} / {group['pictures']:,}", _share(group["tpr"]), _percent(group["fpr"])]
            for name, group in one["groups"].items()
        ]
        head = ["Group", "people / pictures", "own pairs accepted (95 %)", "strangers accepted (95 %)"]
        text += f"\nGroups of {one['set']}, at the threshold {one['threshold']:.3f} of all:\n\n" + _table(head, rows)
    gaps = "".join(f"- {sentence}\n" for sentence in depth.get("gaps", []))
    return text + (f"\nGaps whose interval lies wholly apart from that of all:\n\n{gaps}" if gaps else "")


def _robustness(depth: dict[str, Any]) -> str:
    """TPR under worse pictures and other points, set by set."""
    text = ""
    for name, lines in depth.get("sets", {}).items():
        rows = [
            [line["words"], *(_share(point["tpr"]) for point in line["points"]), _plain(line["at_clean_threshold"])]
            for line in lines.values()
        ]
        head = ["Condition", "TPR at FPR 0.01 (95 %)", "TPR at FPR 0.001 (95 %)", "TPR, FPR at the clean threshold"]
        text += f"\n{name} val under worse conditions:\n\n" + _table(head, rows)
    rows = [
        [name, told, f"{part['people']} / {part['pictures']:,}", _share(part["tpr"]), _percent(part["fpr"])]
        for name, parts in depth.get("yaw", {}).items()
        for told, part in (("over 40 degrees, one or both", parts["over"]), ("under 40 degrees, both", parts["under"]))
    ]
    head = ["Set", "yaw", "people / pictures", "own pairs accepted (95 %)", "strangers accepted (95 %)"]
    return text + (f"\nTurned heads, at the threshold of an FPR of 0.01:\n\n{_table(head, rows)}" if rows else "")


def _plain(pair: dict[str, float]) -> str:
    return f"{pair['tpr']:.3f}, {pair['fpr']:.4f}"


def _points(sets: dict[str, Any]) -> str:
    rows = []
    for name, one in sets.items():
        for box, told in (("detected", "the detector's box"), ("given", "the given box")):
            found = one[box]
            over = found["failures"]
            row = [name, told, f"{found['faces']:,}", str(found["missed"]), _percent(found["nme"])]
            rows.append([*row, _percent(over["0.08"]), _percent(over["0.1"]), _share(found["auc"])])
    head = ["Set", "cropped by", "faces", "missed", "NME (95 %)", "over 8 %", "over 10 %", "AUC to 10 %"]
    return _table(head, rows)


def _boxes(measured: dict[str, Any]) -> str:
    rows = []
    for source, lines in [("all", measured.get("overall", [])), *measured.get("by_source", {}).items()]:
        for one in lines:
            row = [source, f"{one['floor_px']:g} px", f"{one['faces']:,}", _share(one["ap"]), _share(one["recall"])]
            rows.append([*row, f"{one['threshold']:g}"])
    table = _table(["Source", "faces from", "faces", "AP at IoU 0.5 (95 %)", "recall (95 %)", "at score"], rows)
    if not measured:
        return table
    empty = measured["empty"]
    strict = ", ".join(f"{ap:.3f} from {floor} px" for floor, ap in measured["ap_small_boxes_dropped"].items())
    table += f"\nAP where boxes under the floor are dropped before they may hit a face: {strict}.\n"
    return table + (
        f"\nFalse boxes on {empty['pictures']} empty pictures: {measured['empty_upright_boxes']} upright, "
        f"{empty['turned_boxes']} with the turned passes.\n"
    )


def _answered(depth: dict[str, Any]) -> str:
    """Recall as the product answers: with the points' doubt and, where nothing sure was found, the turned passes."""
    rows = [
        [name, f"{one['photos']}", f"{one['faces']:,}", f"{one['recall']:.3f}", str(one["false_boxes"])]
        for name, one in depth.get("turned", {}).items()
    ]
    head = ["Photo", "photos", "faces from 24 px", "recall", "false boxes"]
    title = "As the product answers, with the points' doubt and turned passes"
    return f"\n{title}:\n\n{_table(head, rows)}" if rows else ""


def _table(head: Row, rows: list[Row]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _between(text: str, mark: str, inside: str) -> str:
    begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"want one {begin.strip()} and one {end}")
    before, rest = text.split(begin)
    return f"{before}{begin}{inside}{end}{rest.split(end)[1]}"


def _share(figure: dict[str, float | None]) -> str:
    if figure["value"] is None:  # nothing there to measure
        return "-"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _percent(figure: dict[str, float | None]) -> str:
    value, low, high = (figure[name] for name in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "-"
    return f"{100 * value:.2f} % ({100 * low:.2f} to {100 * high:.2f})"


def main() -> int:
    """Rewrite the cards of a folder; 1 when one can't be."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "weights"
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
