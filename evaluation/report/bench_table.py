"""The README's table of `make bench`: what a photo takes with ours and with other packages, and how good each is."""

from __future__ import annotations

from typing import Final

from evaluation.bench.systems import OURS, TITLES
from evaluation.documents.base import point_at
from evaluation.documents.bench import BenchDocument, Spread, SystemSpeed
from evaluation.documents.shipped import DetectionScores, EvaluationDocument, Verification
from evaluation.report.table import Table, figure
from lookalike.paths import WEIGHTS

BENCH: Final = WEIGHTS / "bench.json"
STAGES: Final = ("decode", "detect", "align", "embed")
_FLOORS: Final = (24.0, 16.0)
_FPR: Final = 0.01


def bench_tables(document: BenchDocument, ours: EvaluationDocument | None) -> list[Table]:
    """Make both tables. ours: our own figures of the same val sets, which stand in weights/evaluation.json."""
    return [_speed(document), _accuracy(document, ours)]


def _speed(document: BenchDocument) -> Table:
    photo = f"{document.photos} photos of {document.side_px} px, {document.faces} faces, {document.threads} threads"
    return Table(
        key="bench speed",
        title="",
        columns=(photo, "ms a photo", "of it on the processor", "decode / detect / align / embed, ms",
                 "first answer, s", "most memory, MB", "computed in"),
        rows=[
            (
                TITLES[name],
                _spread(one.ms, 0),
                _processor(one),
                " / ".join(f"{one.stages_ms.get(stage, 0.0):.1f}" for stage in STAGES),
                _first(one),
                f"{one.peak_mb:.0f}",
                ", ".join(sorted(set(one.formats.values()))),
            )
            for name, one in document.systems.items()
        ],
    )  # fmt: skip


def _accuracy(document: BenchDocument, ours: EvaluationDocument | None) -> Table:
    measured = ours is not None and ours.detection is not None and ours.verification is not None
    rows = [_figures(name, one.detection, one.empty_boxes, one.verification) for name, one in document.accuracy.items()]
    if ours is not None and ours.detection is not None and ours.verification is not None and measured:
        detection = ours.detection
        rows.insert(0, _figures(OURS, detection.overall, detection.empty_upright_boxes, ours.verification))
    return Table(
        key="bench accuracy",
        title="",
        columns=("On val", *(f"AP from {floor:g} px" for floor in _FLOORS), "recall from 24 px",
                 "false boxes on the empty pictures", "TPR at FPR 0.01: clear", "64 px", "web"),
        rows=rows,
    )  # fmt: skip


def _figures(
    name: str, detection: tuple[DetectionScores, ...], empty: int | None, people: dict[str, Verification]
) -> tuple[str, ...]:
    by_floor = {one.floor_px: one for one in detection}
    return (
        TITLES[name],
        *(figure(by_floor[floor].ap) for floor in _FLOORS),
        figure(by_floor[_FLOORS[0]].recall),
        "-" if empty is None else str(empty),
        *(figure(point_at(one.points, _FPR).tpr) for one in people.values()),
    )


def _first(one: SystemSpeed) -> str:
    first = _spread(one.first_answer_s, 2)
    return first if one.first_run_s is None else f"{first}; {_spread(one.first_run_s, 2)} on the first run"


def _processor(one: SystemSpeed) -> str:
    told = _spread(one.processor_ms, 0)
    if one.of_fastest_peer is None:
        return told
    return f"{told}, {_spread(one.of_fastest_peer, 2)} of the fastest other one's"


def _spread(one: Spread, digits: int) -> str:
    return f"{one.median:.{digits}f} ({one.least:.{digits}f} to {one.most:.{digits}f})"
