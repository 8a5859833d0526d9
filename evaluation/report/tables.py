"""A report as tables for a terminal and as one JSON document. Wording and rounding only; nothing is measured here."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from rich.table import Table

from evaluation.metrics.bootstrap import Figure
from evaluation.metrics.detection import DetectionScores
from evaluation.metrics.identification import Identification
from evaluation.metrics.landmarks import LandmarkScores
from evaluation.metrics.verification import Verification
from evaluation.suites.shipped import DetectionRows, LandmarkRows, Report

SCHEMA = 1


def tables(report: Report) -> list[Table]:
    """One table a part that was measured, in the order of the networks' work on a face."""
    shown: list[Table] = []
    if report.verification is not None:
        shown.append(_verification(report.verification))
    if report.identification is not None:
        shown.append(_identification(report.identification))
    if report.landmarks is not None:
        shown.append(_landmarks(report.landmarks))
    if report.detection is not None:
        shown += _detection(report.detection)
    if report.calibration is not None:
        shown += [_bands(report.calibration, name) for name in ("pair", "gallery")]
    return shown


def as_document(report: Report) -> dict[str, Any]:
    """The report as JSON values: every figure with its interval, NaN as null, numbers to six digits."""
    document = plain(report)
    if not isinstance(document, dict):
        raise TypeError(f"want a report, got {type(report).__name__}")
    return {"schema": SCHEMA} | {str(key): value for key, value in document.items() if value is not None}


def _verification(results: dict[str, Verification]) -> Table:
    table = Table(title="Same person or not: val people, points as given, one crop, no flip (interval over people)")
    for column in ("set", "people / pictures", "same / different pairs"):
        table.add_column(column)
    for column in ("FPR", "threshold", "TPR", "95 % interval", "false matches"):
        table.add_column(column, justify="right")
    for name, one in results.items():
        for k, point in enumerate(one.points):
            table.add_row(
                name if k == 0 else "",
                f"{one.people} / {one.pictures:,}" if k == 0 else "",
                f"{one.same_pairs:,} / {one.different_pairs:,}" if k == 0 else "",
                f"{point.fpr:g}",
                f"{point.threshold:.3f}",
                f"{point.tpr.value:.4f}",
                _interval(point.tpr, 3),
                f"{point.false_matches:,}",
                end_section=k == len(one.points) - 1,
            )
    return table


def _identification(results: dict[str, Identification]) -> Table:
    table = Table(title="Who is it: each picture taken out, its person made anew without it (interval over people)")
    for column in ("probes", "n (people)", "left out"):
        table.add_column(column)
    for column in ("rank 1", "95 % interval", "among eight", "95 % interval"):
        table.add_column(column, justify="right")
    for name, one in results.items():
        table.add_row(
            f"{name} val, among {one.gallery_people:,}",
            f"{one.probes:,} ({one.people})",
            f"{one.left_out} with no other picture",
            f"{one.rank_1.value:.4f}",
            _interval(one.rank_1, 3),
            f"{one.rank_8.value:.4f}",
            _interval(one.rank_8, 3),
        )
    return table


def _landmarks(results: dict[str, LandmarkRows]) -> Table:
    table = Table(title="Face points: error over the distance of the eye centres, val (interval over pictures)")
    for column in ("set", "box"):
        table.add_column(column)
    for column in ("n", "missed", "NME %", "95 % interval", "with missed", "over 8 %", "over 10 %", "AUC to 10 %"):
        table.add_column(column, justify="right")
    for name, rows in results.items():
        for box, one in (("detector's", rows.detected), ("given", rows.given)):
            table.add_row(name if box == "detector's" else "", box, *_landmark_cells(one), end_section=box == "given")
    table.caption = (
        "A missed face is a failure: it counts in both shares and in the AUC, it is left out of the NME, "
        'and "with missed" takes it as an error of 100 %.'
    )
    return table


def _landmark_cells(one: LandmarkScores) -> tuple[str, ...]:
    return (
        f"{one.faces:,}",
        str(one.missed),
        f"{one.nme.value * 100:.2f}",
        _interval(Figure(one.nme.value * 100, one.nme.low * 100, one.nme.high * 100), 2),
        f"{one.nme_with_missed.value * 100:.2f}",
        *(f"{figure.value:.1%}" for figure in one.failures.values()),
        f"{one.auc.value:.3f}",
    )


def _detection(rows: DetectionRows) -> list[Table]:
    threshold = rows.overall[0].threshold
    table = Table(title=f"Face boxes: val scenes, IoU 0.5, threshold {threshold:g}, upright (interval over pictures)")
    for column in ("pictures", "floor px"):
        table.add_column(column)
    for column in ("faces", "AP", "95 % interval", "recall", "95 % interval", "false boxes"):
        table.add_column(column, justify="right")
    for name, group in {"all": rows.overall, **rows.by_source}.items():
        for k, one in enumerate(group):
            table.add_row(
                f"{name} ({one.pictures})" if k == 0 else "", *_detection_cells(one), end_section=k == len(group) - 1
            )
    table.caption = (
        f"AP over IoU 0.5 to 0.95: {_by_floor(rows.ap_50_95)}. AP at 0.5 with boxes under the floor dropped before "
        f"matching: {_by_floor(rows.ap_small_boxes_dropped)}"
    )
    empty = Table(title=f"False boxes on {rows.empty.pictures} empty pictures")
    for column in ("pass", "boxes", "pictures with one"):
        empty.add_column(column)
    empty.add_row("upright", str(rows.empty_upright_boxes), str(rows.empty_upright_pictures))
    empty.add_row(
        "with the turned passes",
        f"{rows.empty.turned_boxes}, of them {rows.empty.turned_usable} through every quality gate",
        str(rows.empty.turned_pictures),
    )
    return [table, empty]


def _by_floor(values: dict[str, float]) -> str:
    return ", ".join(f"{value:.3f} from {floor} px" for floor, value in values.items())


def _detection_cells(one: DetectionScores) -> tuple[str, ...]:
    return (
        f"{one.floor_px:.0f}",
        f"{one.faces:,}",
        f"{one.ap.value:.4f}",
        _interval(one.ap, 3),
        f"{one.recall.value:.4f}",
        _interval(one.recall, 3),
        str(one.false_boxes),
    )


def _bands(calibration: dict[str, Any], name: str) -> Table:
    one = calibration[name]
    question = {
        "pair": f"/compare: share of {one['pairs']:,} pairs of strangers at least this alike",
        "gallery": f"Cards: share of strangers whose best of {calibration['gallery_people']:,} is at least this alike "
        f"({one['people']} people, {one['pictures']:,} pictures)",
    }[name]
    table = Table(title=f"{question}; same person at the 5th percentile {one['same_low']:.3f}")
    for column in ("band", "from", "share there", "alike", "share of strangers"):
        table.add_column(column)
    bands, rates = one["bands"], one["rates"]
    for k in range(max(len(bands), len(rates))):
        band = bands[k] if k < len(bands) else None
        rate = rates[k] if k < len(rates) else None
        share = None if band is None else band.get("share", band.get("share_of_strangers_best"))
        table.add_row(
            f"{band['symbol']} {band['word']}" if band else "",
            f"{band['floor']:.3f}" if band else "",
            "" if share is None else f"{share:g}",
            f"{rate['similarity']:.3f}" if rate else "",
            f"{rate['share']:g}" if rate else "",
        )
    if name == "gallery":
        table.caption = f"{one['cards_with_two_bands_or_more']:.1%} of the cards show two bands or more"
    return table


def _interval(figure: Figure, digits: int) -> str:
    return f"{figure.low:.{digits}f} .. {figure.high:.{digits}f}"


def plain(value: object) -> object:
    """Dataclasses, tuples and NumPy numbers -> what json takes; NaN -> null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return round(float(value), 6) if math.isfinite(value) else None
    return value
