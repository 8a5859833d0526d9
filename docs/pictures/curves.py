"""Draw the curves of this folder from weights/curves.json: `python -m docs.pictures.curves` (extra `evaluate`).

Neither the data nor a network is needed; `python -m training.comparisons curves` collects what is drawn.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from evaluation.documents.base import read
from evaluation.documents.curves import CurvesDocument, PairCurves
from evaluation.documents.in_depth import LearningCurve
from evaluation.report.plots import Axis, Series, lines
from lookalike.paths import ROOT

HERE: Final = Path(__file__).parent
SETS: Final = {"celeba aligned": "clear", "celeba small": "64 px", "wild": "web"}
# An SVG that a page shows as a picture has no page to ask for colours: its own, light and dark.
STYLE: Final = """<style>
svg { --ink: #1f2328; --faint: #59636e; --grid: #d1d9e0; --c0: #0969da; --c1: #bc4c00; --c2: #1a7f37;
      --c3: #8250df; --c4: #bf3989; --c5: #9a6700; --c6: #57606a; --c7: #cf222e; }
@media (prefers-color-scheme: dark) { svg { --ink: #e6edf3; --faint: #9198a1; --grid: #3d444d; --c0: #58a6ff;
      --c1: #f0883e; --c2: #3fb950; --c3: #bc8cff; --c4: #f778ba; --c5: #d29922; --c6: #8b949e; --c7: #ff7b72; } }
</style>"""


def main() -> int:
    """Write every picture beside this file."""
    document = read(ROOT / "weights" / "curves.json", CurvesDocument)
    if document is None:
        sys.stderr.write("weights/curves.json is missing or of another schema: python -m training.comparisons curves\n")
        return 1
    for name, text in pictures(document).items():
        (HERE / f"{name}.svg").write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}.svg: {len(text) // 1000} kB\n")
    return 0


def pictures(document: CurvesDocument) -> dict[str, str]:
    """Each picture's name and its SVG."""
    drawn = {}
    for name, word in SETS.items():
        one = document.sets[name]
        for when, which, said in (("before", one.before, "as published"), ("after", one.after, "as shipped")):
            drawn[f"similarities-{word.replace(' ', '')}-{when}"] = _similarities(
                which, document.similarities, title=f"Similarities, {word} pictures, {said}"
            )
    drawn["roc"] = lines(
        [
            Series(name=f"{word}, {said}", points=which.roc, dashed=said == "as published")
            for name, word in SETS.items()
            for which, said in (
                (document.sets[name].after, "as shipped"),
                (document.sets[name].before, "as published"),
            )
        ],
        x=Axis(label="false-positive rate", low=1e-4, high=1.0, log=True),
        y=Axis(label="true-positive rate, %", low=0.6, high=1.005, percent=True),
        title="Same person or not: ROC on people that no training saw",
    )
    drawn["aligner-error"] = lines(
        [Series(name=f"{name} ({one.faces:,})", points=one.curve) for name, one in document.aligner.items()],
        x=Axis(label="mean distance of the points, % of the eye distance", low=0.0, high=0.15, percent=True),
        y=Axis(label="faces with at most this error, %", low=0.0, high=1.0, percent=True),
        title="Aligner: cumulative error on val",
    )
    for folder, runs in groupby(document.learning, key=lambda run: run.run.rpartition("/")[0]):
        if folder:
            drawn |= _side_by_side(folder, tuple(runs))
        else:
            drawn |= {f"learning-{run.run}": _losses(run.run, {"loss": run}) for run in runs}
    return {name: text.replace("</title>", f"</title>{STYLE}", 1) for name, text in drawn.items()}


def _side_by_side(folder: str, runs: Sequence[LearningCurve]) -> dict[str, str]:
    """Loss and accuracy of a comparison's runs, one line a run."""
    named = {run.run.rpartition("/")[2]: run for run in runs}
    accuracy = lines(
        [Series(name=name, points=run.checks["accuracy@1"]) for name, run in named.items()],
        x=Axis(label=runs[0].unit, low=0.0, high=_last_step(runs)),
        y=Axis(label="accuracy@1 on held-out pictures, %", low=0.0, high=1.0, percent=True),
        title=f"Training of {folder}: accuracy@1",
    )
    return {f"learning-{folder}": _losses(folder, named), f"accuracy-{folder}": accuracy}


def _losses(title: str, named: Mapping[str, LearningCurve]) -> str:
    runs = list(named.values())
    values = sorted(value for run in runs for _, value in run.loss)
    return lines(
        [Series(name=name, points=run.loss) for name, run in named.items()],
        x=Axis(label=runs[0].unit, low=0.0, high=_last_step(runs)),
        y=Axis(label="loss", low=0.0, high=1.1 * values[int(0.95 * len(values))]),
        title=f"Training of {title}: loss",
    )


def _last_step(runs: Sequence[LearningCurve]) -> float:
    return max(step for run in runs for step, _ in run.loss)


def _similarities(pairs: PairCurves, ends: tuple[float, float], *, title: str) -> str:
    step = (ends[1] - ends[0]) / len(pairs.same)
    series = [
        Series(
            name=name,
            points=[(ends[0] + (k + 0.5) * step, share) for k, share in enumerate(shares)],
            filled=True,
        )
        for name, shares in (("same person", pairs.same), ("different people", pairs.different))
    ]
    return lines(
        series,
        x=Axis(label="similarity", low=ends[0], high=ends[1]),
        y=Axis(label="pairs in the bin, %", low=0.0, high=1.05 * max(*pairs.same, *pairs.different), percent=True),
        title=title,
    )


if __name__ == "__main__":
    sys.exit(main())
