"""The README's figures: `python -m evaluation.report.readme` takes them from weights/evaluation.json."""

from __future__ import annotations

import json
from typing import Any, Final

from lookalike.settings import ROOT

README: Final = ROOT / "README.md"
EVALUATION: Final = ROOT / "weights" / "evaluation.json"
BEGIN: Final = "<!-- figures: python -m evaluation.report.readme -->"
END: Final = "<!-- /figures -->"
_SETS: Final = {
    "celeba aligned": "CelebA, clear pictures",
    "celeba small": "CelebA, pictures of 64 px",
    "wild": "pictures from the web",
}


def figures(document: dict[str, Any]) -> str:
    """Markdown tables of what a reader asks first; every figure with its n and its 95 % interval."""
    lines = [
        "| Same person or not, people no training saw | people / pictures | TPR at FPR 0.01 | TPR at FPR 0.001 |",
        "|---|---|---|---|",
    ]
    for name, one in document["verification"].items():
        points = {point["fpr"]: point["tpr"] for point in one["points"]}
        counted = f"{one['people']} / {one['pictures']:,}"
        lines.append(f"| {_SETS[name]} | {counted} | {_share(points[0.01])} | {_share(points[0.001])} |")
    lines += ["", "| Who is it, among 9,324 people | n | first | among the eight |", "|---|---|---|---|"]
    for name, one in document["identification"].items():
        lines.append(f"| {_SETS[name]} | {one['probes']:,} | {_share(one['rank_1'])} | {_share(one['rank_8'])} |")
    lines += [
        "",
        "| Five points, mean error over the eye distance | n | by the detector's box | over 10 % |",
        "|---|---|---|---|",
    ]
    for name, one in document["landmarks"].items():
        found = one["detected"]
        over = 100 * found["failures"]["0.1"]["value"]
        lines.append(f"| `{name}` | {found['faces']:,} | {_percent(found['nme'])} | {over:.1f} % |")
    boxes = document["detection"]
    lines += ["", "| Face boxes, IoU 0.5 | faces | AP | recall |", "|---|---|---|---|"]
    for one in boxes["overall"]:
        floor = "of any size" if one["floor_px"] == 0 else f"from {one['floor_px']:g} px"
        lines.append(f"| {floor} | {one['faces']:,} | {_share(one['ap'])} | {_share(one['recall'])} |")
    return "\n".join(lines)


def _share(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _percent(figure: dict[str, float]) -> str:
    return f"{100 * figure['value']:.2f} % ({100 * figure['low']:.2f} to {100 * figure['high']:.2f})"


def rewritten(readme: str) -> str:
    """The README with today's figures between the marks."""
    before, rest = readme.split(BEGIN)
    after = rest.split(END)[1]
    table = figures(json.loads(EVALUATION.read_text(encoding="utf-8")))
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(rewritten(README.read_text(encoding="utf-8")), encoding="utf-8")
