"""The page's sections on the embedder: verification, groups, robustness, alignment, bands, people on a plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from evaluation.documents.base import point_at
from evaluation.documents.in_depth import EmbedderPart, RobustnessPart
from evaluation.metrics import curves
from evaluation.report.plots import Axis, Series, dots, lines
from evaluation.report.section import SETS, Chart, Section, dot, reach
from evaluation.report.table import Table, figure

# FPR -> TPR ("identification rate") that the student projects reported on CelebA people they had not trained on.
STUDENTS: Final = {0.2: "0.725", 0.1: "0.588", 0.05: "0.465", 0.01: "0.859 (another project)", 0.001: "not given"}
LEAST_PAIRS: Final = 5  # a measured rate that rests on fewer false matches is not drawn


def verification(doc: EmbedderPart, shown: dict[str, list[Table]]) -> Section:
    """ROC, similarities of same and different people, and the student projects' figures beside ours."""
    charts: list[Chart] = []
    roc = [Series(name=SETS[name], points=one.roc) for name, one in doc.sets.items() if one.roc]
    if roc:
        drawn = lines(
            roc,
            x=Axis(label="FPR: strangers accepted", low=1e-5, high=1.0, log=True),
            y=Axis(label="TPR: own pairs accepted", low=0.4, high=1.0),
            title="ROC of the three sets",
        )
        words = "ROC. A threshold is a point on the curve; rates under 0.001 rest on few pairs."
        charts.append(Chart(caption=words, svg=drawn))
    edges = np.linspace(*curves.RANGE, curves.BINS + 1)
    centres = [float(x) for x in (edges[1:] + edges[:-1]) / 2]
    for name, one in doc.sets.items():
        if one.same is None or one.different is None:
            continue
        threshold = point_at(one.verification.points, 0.01).threshold or 0.0
        top = max(*one.same, *one.different) * 1.05
        drawn = lines(
            [
                Series(name="different people", points=list(zip(centres, one.different, strict=True)), filled=True),
                Series(name="same person", points=list(zip(centres, one.same, strict=True)), filled=True),
                Series(name="threshold", points=[(threshold, 0.0), (threshold, top)], dashed=True),
            ],
            x=Axis(label="similarity (cosine)", low=curves.RANGE[0], high=curves.RANGE[1]),
            y=Axis(label="share of pairs, %", low=0.0, high=top, percent=True),
            title=f"Similarities of {SETS[name]}",
        )
        words = f"{SETS[name]}: shares of pairs by similarity; dashed, the threshold at FPR 0.01"
        charts.append(Chart(caption=words, svg=drawn))
    return Section(
        title="Same person or not",
        words="CelebA's human points and hundreds of people with twenty pictures each are not in our data, so the sets "
        "of the student projects can't be made again: their figures stand beside ours, on other pictures.",
        tables_first=[_beside_students(doc)],
        charts=charts,
        tables=[table for key in ("verification", "held out", "nearest", "first") for table in shown[key]],
    )


def _beside_students(doc: EmbedderPart) -> Table:
    """Their best figures by FPR, and ours on each set."""
    return Table(
        key="students",
        title="TPR beside the student projects' best, unseen CelebA people",
        columns=("FPR", "student projects", *SETS.values()),
        rows=[
            (f"{fpr:g}", words, *(figure(point_at(doc.sets[name].verification.points, fpr).tpr) for name in SETS))
            for fpr, words in STUDENTS.items()
        ],
    )


def groups(doc: EmbedderPart, group_tables: Sequence[Table]) -> Section:
    """Every group's rates at the threshold of its whole set."""
    charts = []
    for one in doc.groups:
        present = {name: group for name, group in one.groups.items() if group.same_pairs > 0}
        whole = one.groups["all"]
        for words, rates, all_of in (
            ("own pairs accepted", {name: group.tpr for name, group in present.items()}, whole.tpr),
            ("strangers accepted", {name: group.fpr for name, group in present.items()}, whole.fpr),
        ):
            low, high = reach(rates.values())
            own = words.startswith("own")
            axis = Axis(
                label=f"{words}, %",
                low=max(0.0, low - 0.02) if own else 0.0,
                high=1.0 if own else max(high * 1.1, 0.02),
                percent=True,
            )
            title = f"{one.set}: {words}"
            svg = dots([dot(name, rate) for name, rate in rates.items()], x=axis, title=title, line_at=all_of.value)
            charts.append(Chart(caption=title, svg=svg))
    return Section(
        title="Groups: who is served worse",
        words="A product has one threshold. Each group is counted at that of its whole set; groups of people by pairs "
        "within the group, so that strangers are strangers of one's own kind, who are more alike than any two people. "
        "Attributes are CelebA's own labels, on people held out of training: no val picture of the data has any.",
        sentences_title="Intervals that lie wholly apart from those of all",
        sentences=doc.gaps,
        charts=charts,
        tables=group_tables,
    )


def robustness(doc: RobustnessPart, shown: dict[str, list[Table]]) -> Section:
    """TPR under worse pictures and other points."""
    charts = []
    for name, conditions in doc.sets.items():
        rates = {one.words: point_at(one.points, 0.01).tpr for one in conditions.values()}
        low, _ = reach(rates.values())
        title = f"{SETS[name]}: TPR at FPR 0.01, %"
        axis = Axis(label="TPR at FPR 0.01, %", low=max(0.0, low - 0.03), high=1.0, percent=True)
        clean = point_at(conditions["clean"].points, 0.01).tpr.value
        svg = dots([dot(words, rate) for words, rate in rates.items()], x=axis, title=title, line_at=clean)
        charts.append(Chart(caption=title, svg=svg))
    return Section(
        title="Worse pictures, other points, end to end",
        words="Where a picture is spoilt, one picture of each pair is, since the gallery is not; where points or "
        "alignment change, they change for both. End to end, a face that is not found or is refused is a pair that "
        "does not match.",
        charts=charts,
        tables=[*shown["conditions"], *shown["yaw"]],
    )


def alignment(doc: RobustnessPart, cosines: Sequence[Table]) -> Section:
    """Cosines before and after alignment."""
    charts = []
    for name, kinds in doc.before_after.items():
        series = [
            Series(
                name=f"{'same person' if kind == 'same' else 'different people'}, {when}",
                points=[(k + 1.0, getattr(pair, when)) for k, pair in enumerate(one.leaning_most or ())],
                dashed=when == "before",
                marked=True,
            )
            for kind, one in kinds.items()
            for when in ("before", "after")
        ]
        title = f"{SETS[name]}: the ten pairs of each kind whose heads lean apart the most"
        x = Axis(label="pair, the most apart first", low=1.0, high=10.0)
        y = Axis(label="cosine", low=-0.3, high=1.0)
        charts.append(Chart(caption=title, svg=lines(series, x=x, y=y, title=title)))
    return Section(
        title="Alignment",
        words="The embedder was trained on crops aligned by five points; other ways are compared on it as it is, in "
        "the table above.",
        charts=charts,
        tables=cosines,
    )


def bands(doc: EmbedderPart) -> Section | None:
    """What the shipped table promises against what each set shows."""
    bands = doc.bands
    if bands is None:
        return None
    series = [Series(name="as promised", points=[(rate, rate) for rate in bands.promised], dashed=True)]
    series += [
        Series(
            name=name,
            points=[
                (promised, measured)
                for promised, measured in zip(bands.promised, rates, strict=True)
                if measured * bands.pairs[name] >= LEAST_PAIRS
            ],
            marked=True,
        )
        for name, rates in bands.strangers.items()
    ]
    x = Axis(label="promised share of strangers", low=1e-4, high=0.2, log=True)
    y = Axis(label="measured share", low=1e-5, high=0.5, log=True)
    strangers = lines(series, x=x, y=y, title="Promised against measured false matches")
    own = lines(
        [
            Series(name=name, points=list(zip(bands.promised, rates, strict=True)), marked=True)
            for name, rates in bands.same.items()
        ],
        x=x,
        y=Axis(label="own pairs at least as alike", low=0.0, high=1.0),
        title="Own pairs at the similarity of each promised share",
    )
    return Section(
        title="What the bands promise",
        words="The table of /compare is made of the three val sets, each weighing the same; the held-out people of the "
        "training are the check from outside. Above the dashed line a set has more false matches than promised.",
        charts=[
            Chart(caption="Strangers: measured against promised", svg=strangers),
            Chart(caption="Own pairs at that similarity", svg=own),
        ],
    )
