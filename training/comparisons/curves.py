"""Collect what the pictures of docs/ show: `python -m training.comparisons curves` writes weights/curves.json.

Similarities of all pairs of the three val sets, and their ROC, by the published networks side by side as the recipe
starts from them and by the file that ships; the aligner's cumulative error; the learning curves of the runs at hand,
those from ImageNet's weights among them.
`python -m docs.pictures.curves` draws them. Nothing is trained.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from evaluation.cli import open_evaluation, write_json
from evaluation.datasets.pack import read_points_pictures
from evaluation.documents.base import as_json
from evaluation.documents.curves import CurvesDocument, ErrorCurve, PairCurves, SetCurves
from evaluation.documents.in_depth import LearningCurve
from evaluation.metrics import curves
from evaluation.metrics.verification import PairScores
from evaluation.report.learning_curves import read_curves
from evaluation.suites.aligner import CURVE_LIMITS, cumulative, find_points
from evaluation.suites.shipped import Evaluation
from pipeline.face_pipeline import FacePipeline
from pipeline.open_parts import open_embedder
from training.comparisons.closed_set import NAMES
from training.comparisons.timing import exported_facts
from training.embedder.build import build_network
from training.embedder.recipe import NetworkSettings

SIDE_BY_SIDE = NetworkSettings(beside="sface")
SHOWN = ("", NAMES["imagenet"])  # of other comparisons the tables say enough
MOST_POINTS = 120  # of a learning curve: a picture shows no more


def collect_curves(*, data: Path, runs: Path, out: Path) -> Path:
    """Write curves.json in `out` and return its path."""
    opened = open_evaluation(data, limit=None, cache=runs / "cache" / "evaluation")
    shipped = opened.evaluation
    facts, _ = exported_facts(build_network(SIDE_BY_SIDE, data), runs / "start.onnx", role="embedder",
                              outputs=("embedding",))  # fmt: skip
    start = open_embedder(facts, backend=opened.settings.engine, threads=opened.settings.engine_threads)
    pipeline = opened.pipeline
    published = replace(
        shipped,
        networks=FacePipeline(detector=pipeline.detector, aligner=pipeline.aligner, embedder=start),
        looks=None,
    )
    document = CurvesDocument(
        schema=1,
        files=dict(opened.files),
        similarities=curves.RANGE,
        sets={
            name: SetCurves(
                people=len(set(one.people.tolist())),
                pictures=len(one.pictures),
                before=_pair_curves(published.pairs[name]),
                after=_pair_curves(shipped.pairs[name]),
            )
            for name, one in shipped.people_sets().items()
        },
        aligner=_errors(shipped),
        learning=tuple(_thinned(run) for run in read_curves(runs) if run.run.rpartition("/")[0] in SHOWN),
    )
    path = out / "curves.json"
    write_json(path, as_json(document))
    return path


def _pair_curves(scores: PairScores) -> PairCurves:
    return PairCurves(
        same=tuple(curves.density(scores.same)),
        different=tuple(curves.density(scores.different)),
        roc=tuple(curves.roc(scores)),
    )


def _errors(run: Evaluation) -> dict[str, ErrorCurve]:
    pictures = read_points_pictures(run.data, split="val")
    with run.progress("landmarks", len(pictures)) as shown:
        found = find_points(pictures, run.networks.detector, run.networks.aligner, advance=shown)
    names = np.array([picture.set_name for picture in found.pictures])
    return {
        str(name): ErrorCurve(
            faces=int((names == name).sum()),
            curve=tuple(zip(CURVE_LIMITS, cumulative(found.errors[names == name]), strict=True)),
        )
        for name in dict.fromkeys(names.tolist())
    }


def _thinned(run: LearningCurve) -> LearningCurve:
    every = max(1, len(run.loss) // MOST_POINTS)
    return run.model_copy(update={"loss": run.loss[::every]})
