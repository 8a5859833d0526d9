"""The report as one HTML page: every suite's figures with charts, light and dark, no script, nothing fetched.

What stands where, and the words between; charts come from `plots`, tables from `depth_tables`, the page itself from
templates/page.html.j2. No picture of the data pack enters it: faces stand in it of the sample photos alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from evaluation.documents.base import Figure, point_at
from evaluation.documents.in_depth import AlignerPart, DetectorPart, LearningCurve, ReportDocument
from evaluation.report.depth_tables import tables
from evaluation.report.embedder_sections import alignment, bands, groups, robustness, verification
from evaluation.report.plots import Axis, Series, lines, point_sheet
from evaluation.report.section import SETS, Chart, Section, Tile
from evaluation.report.table import Table, interval

# What was asked for, TPR at FPR 0.01 and 0.001: the floors the shipped embedder is held to.
FLOORS: Final = {"celeba aligned": (0.970, 0.930), "celeba small": (0.895, 0.770), "wild": (0.970, 0.890)}
MAX_LOST_END_TO_END: Final = 0.010


def page(document: ReportDocument) -> str:
    """Write the whole page; suites that were not run are left out."""
    sections = [section for section in _sections(document) if section is not None]
    return _environment().get_template("page.html.j2").render(
        sections=sections, embedder=document.embedder, engine=document.engine, limit=document.limit
    )  # fmt: skip


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("evaluation.report"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _sections(document: ReportDocument) -> Iterable[Section | None]:
    parts = document.parts
    shown: dict[str, dict[str, list[Table]]] = {}
    for suite, made in tables(parts).items():
        for table in made:
            shown.setdefault(suite, {}).setdefault(table.key, []).append(table)
    yield _glance(document)
    if parts.embedder is not None:
        own = shown["embedder"]
        yield verification(parts.embedder, own)
        yield groups(parts.embedder, own.get("groups", []))
    if parts.robustness is not None:
        yield robustness(parts.robustness, shown["robustness"])
        yield alignment(parts.robustness, shown["robustness"]["cosines"])
    if parts.embedder is not None:
        yield bands(parts.embedder)
    if parts.aligner is not None:
        yield _aligner(parts.aligner, [table for made in shown["aligner"].values() for table in made])
    if parts.detector is not None:
        yield _detector(parts.detector, [table for made in shown["detector"].values() for table in made])
    yield _learning(document.learning)
    yield _METHOD


_METHOD: Final = Section(
    title="How it was counted",
    sentences_title="For every figure, unless a line says otherwise",
    sentences=(
        "Points as given with the data, one crop, no flip, all pairs within a set.",
        "Intervals are 2.5th to 97.5th percentiles over resampled people (pictures for points and boxes).",
        "26 and 32 people carry two of the three sets: their tails depend on few faces.",
        "LFW is not in the data pack: `lookalike evaluate lfw` runs its protocol where it is.",
    ),
)


def _glance(document: ReportDocument) -> Section | None:
    parts, evaluation = document.parts, document.evaluation
    tiles: list[Tile] = []
    for name, one in parts.embedder.sets.items() if parts.embedder is not None else ():
        words = SETS[name]
        for fpr, floor in zip((0.01, 0.001), FLOORS[name], strict=True):
            tpr = point_at(one.verification.points, fpr).tpr
            met = tpr.value is not None and tpr.value >= floor
            note = f"{interval(tpr)}; floor {floor:.3f} {'met' if met else 'not met'}"
            tiles.append(Tile(label=f"TPR at FPR {fpr:g}: {words}", value=_short(tpr), note=note, met=met))
    for name, conditions in parts.robustness.sets.items() if parts.robustness is not None else ():
        given, ends = (point_at(conditions[key].points, 0.01).tpr.value or 0.0 for key in ("clean", "end to end"))
        tiles.append(
            Tile(
                label=f"End to end, TPR at FPR 0.01: {SETS[name]}",
                value=f"{ends:.3f}",
                note=f"{ends - given:+.3f} against given points; at most {MAX_LOST_END_TO_END:.3f} may be lost",
                met=ends >= given - MAX_LOST_END_TO_END,
            )
        )
    if evaluation is not None and evaluation.landmarks is not None:
        for name, rows in evaluation.landmarks.items():
            error = rows.detected.nme.value
            value = "-" if error is None else f"{100 * error:.2f} %"
            tiles.append(Tile(label=f"Point error, {name}", value=value, note=f"{rows.detected.faces:,} faces"))
    if evaluation is not None and evaluation.detection is not None:
        tiles += [
            Tile(
                label=f"Face boxes from {one.floor_px:.0f} px, AP at IoU 0.5",
                value=_short(one.ap),
                note=f"{interval(one.ap)}; {one.faces:,} faces",
            )
            for one in evaluation.detection.overall
            if one.floor_px >= 16
        ]
    return Section(title="At a glance", tiles=tiles) if tiles else None


def _aligner(doc: AlignerPart, shown: Sequence[Table]) -> Section:
    charts = []
    if doc.limits is not None:
        curves_ = [
            Series(name=name, points=list(zip(doc.limits, one.curve or (), strict=False)))
            for name, one in doc.sets.items()
        ]
        x = Axis(label="error over the eye distance, %", low=0.0, high=0.15, percent=True)
        y = Axis(label="share of faces, %", low=0.0, high=1.0, percent=True)
        caption = "Share of faces with at most that error; a missed face never arrives"
        charts.append(Chart(caption=caption, svg=lines(curves_, x=x, y=y, title="Cumulative error")))
    bins = doc.doubt.bins
    reach = max((max(one.expected, one.came) for one in bins), default=0.1) * 1.05
    belief = lines(
        [
            Series(name="as expected", points=[(0.0, 0.0), (reach, reach)], dashed=True),
            Series(name="came", points=[(one.expected, one.came) for one in bins], marked=True),
        ],
        x=Axis(label="expected error, %", low=0.0, high=reach, percent=True),
        y=Axis(label="error that came, %", low=0.0, high=reach, percent=True),
        title="Expected and real error",
    )
    charts.append(Chart(caption="The network's own estimate of its error", svg=belief))
    if doc.sheet:
        faces = [(f"{face.set} {100 * face.error:.1f} %", face.true, face.found) for face in doc.sheet]
        caption = "Each set from its best face to its worst: rings are true points, dots those found"
        charts.append(Chart(caption=caption, svg=point_sheet(faces, title="True and found points")))
    return Section(title="Face points", charts=charts, tables=shown)


def _detector(doc: DetectorPart, shown: Sequence[Table]) -> Section:
    drawn = lines(
        [
            Series(name=name, points=[(row.from_px, row.recall) for row in way.by_size], marked=True)
            for name, way in doc.ways.items()
        ],
        x=Axis(label="smaller side of the face, px", low=8.0, high=250.0, log=True),
        y=Axis(label="recall", low=0.0, high=1.0),
        title="Recall by face size",
    )
    chart = Chart(caption="Recall at the shipped threshold by face size", svg=drawn)
    return Section(title="Face boxes", charts=[chart], tables=shown)


def _learning(runs: Sequence[LearningCurve]) -> Section | None:
    charts = []
    for run in runs:
        for kind, curves_ in (("loss", {"loss": run.loss}), ("checked on held-out pictures", run.checks)):
            points = [point for curve in curves_.values() for point in curve]
            if len(points) < 2:
                continue
            xs, ys = [x for x, _ in points], [y for _, y in points]
            title = f"{run.run}: {kind}"
            series = [
                Series(name=name, points=curve, marked=kind != "loss") for name, curve in curves_.items() if curve
            ]
            x = Axis(label=run.unit, low=min(xs), high=max(xs))
            y = Axis(label=kind, low=min(ys) - 0.02 * abs(min(ys)), high=max(ys) + 0.02 * abs(max(ys)))
            charts.append(Chart(caption=title, svg=lines(series, x=x, y=y, title=title)))
    return Section(title="Learning curves", charts=charts) if charts else None


def _short(rate: Figure) -> str:
    return "-" if rate.value is None else f"{rate.value:.3f}"
