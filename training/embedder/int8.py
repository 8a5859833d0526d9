"""The embedder's file with SFace in int8, for processors with VNNI and without AMX. Needs `nncf`.

In int8 are SFace's 1x1 convolutions from the third on and its dense layer, where its time goes. EdgeFace's attention,
SFace's first convolutions (pixels in 256 steps; nothing gained) and its depthwise ones (one range for channels of very
different width) stay in float. Ranges are found on train crops of people not held out. Figures: docs/decisions/0005.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray

from evaluation.metrics.verification import PairScores, all_pairs, hardest, paired_gain, tpr_at
from pipeline.batching import to_batch
from pipeline.engine import Engine, open_engine
from pipeline.manifest import load_manifest
from pipeline.types import FloatArray, Rgb8
from training.comparisons.quantise import facts_of
from training.data.people import MARGIN_PX, People, open_people, prepare, read_held_out
from training.embedder.choose import FPRS, dev_sets, val_sets
from training.export.int8_file import begin_int8
from training.export.onnx import Exported, ExportFailed, sha256_of
from training.export.quantised_graph import quantise
from training.export.small_file import shrink

LOST_TPR: Final = 0.005  # at FPR 0.01, on held-out people: the mean of their sets, either way of comparing
LOST_OF: Final = 0.1  # of the different pairs are resampled, ten times what FPR 0.01 accepts
SECOND: Final = "/network/second/"  # SFace's nodes
OTHERS: Final = f"^(?!{SECOND}).*"  # EdgeFace, and what joins the two
FIRST: Final = rf"^{SECOND}body/body\.[048]/.*"  # three convolutions: half of the error, a fiftieth of the time


def export_int8(weights: Path, *, data: Path, cache: Path, pictures: int) -> Path:
    """Write `weights`/embedder_int8.onnx and its record from `weights`/embedder.onnx and the record of that.

    pictures: train crops that give the ranges, half of them CelebA's. The file replaces an older one only where it
    tells held-out people apart as the float one does, among themselves and against float vectors; raises ExportFailed
    otherwise and where the recipe has no SFace, Refused where there is nothing to begin with.
    """
    file = begin_int8(weights, "embedder")
    model = onnx.load(str(file.source))
    if not any(node.name.startswith(SECOND) for node in model.graph.node):
        raise ExportFailed(f"{file.source.name} has no SFace beside it, of which int8 convolutions would be")
    facts = load_manifest(weights).embedder
    people = open_people(prepare(data, cache))
    rows = rows_for_ranges(people, pictures)
    shown = [to_batch([crop], facts.input) for crop in crops(people, rows)]
    kept_float = (OTHERS, FIRST, *depthwise(model))
    quantise(file.source, file.draft, shown, name=facts.input.name, kept_float=kept_float)
    # The float weights came from a file of float16 ones, so nothing is lost.
    shrink(Exported(path=file.draft, sha256="", size_bytes=0, outputs=facts.outputs))
    sets = {"dev": dev_sets(people, read_held_out()), "val": val_sets(people)}
    seen = np.unique(np.concatenate([rows for part in sets.values() for rows in part.values()]))
    whole, int8 = (
        unit_rows(open_engine(facts_of(facts, path), threads=1, buckets=(1,)), crops(people, seen))
        for path in (file.source, file.draft)
    )
    asked = {
        part: {name: _asked(whole, int8, np.searchsorted(seen, rows), people.person[rows]) for name, rows in of.items()}
        for part, of in sets.items()
    }
    cosines = (whole * int8).sum(axis=1)
    record = {
        **{name: file.facts[name] for name in ("role", "input", "output", "licence", "started_from", "data")},
        "sha256": sha256_of(file.draft),
        "size_bytes": file.draft.stat().st_size,
        **file.origin(calibrated_on=len(shown)),
        "cosine_to_float": {"pictures": len(seen), "least": cosines.min(), "mean": cosines.mean()},
        "scores": {part: {name: one["tpr"] for name, one in of.items()} for part, of in asked.items()},
        "lost": {part: {name: one["lost"] for name, one in of.items()} for part, of in asked.items()},
    }
    if (lost := worst_loss(record["lost"]["dev"])) > LOST_TPR:
        file.drop(f"in OpenVINO the int8 file loses {lost:.4f} of TPR at FPR {FPRS[0]:g} on held-out people")
    return file.keep(record)


def rows_for_ranges(people: People, count: int) -> NDArray[np.int64]:
    """Train pictures of people not held out, half of them CelebA's and half `wild`'s, drawn once and for all."""
    free = np.flatnonzero((people.split == "train") & ~read_held_out().mask(people.person))
    free = np.random.default_rng(0).permutation(free)
    wild = np.char.startswith(people.source[free], "wild/")
    return np.sort(np.concatenate([free[wild][: count // 2], free[~wild][: count - count // 2]]))


def crops(people: People, rows: NDArray[np.int64]) -> Iterable[Rgb8]:
    """What the pipeline would embed, (112, 112, 3) each."""
    inner = slice(MARGIN_PX, -MARGIN_PX)
    return (np.ascontiguousarray(people.crops[row, inner, inner]) for row in rows)


def depthwise(model: onnx.ModelProto) -> list[str]:
    """A pattern for each convolution in groups, by its node's name."""
    return [
        f"^{re.escape(node.name)}.*"
        for node in model.graph.node
        if node.op_type == "Conv" and any(one.name == "group" and one.i > 1 for one in node.attribute)
    ]


def unit_rows(engine: Engine, faces: Iterable[Rgb8]) -> FloatArray:
    """Embed crop by crop: (N, D), unit length."""
    vectors = np.concatenate([engine.run(to_batch([face], engine.spec))[0] for face in faces])
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def worst_loss(lost: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> float:
    """The larger mean over the sets of the two ways of comparing, at the first of FPRS."""
    ways = next(iter(lost.values()))
    return max(float(np.mean([one[way][f"{FPRS[0]:g}"].value for one in lost.values()])) for way in ways)


def _asked(whole: FloatArray, int8: FloatArray, rows: NDArray[np.int64], person: NDArray[np.str_]) -> dict[str, Any]:
    """One set: TPR of the int8 file, and what it costs, with 95 % intervals over people."""
    before = _pairs(whole[rows], person)
    ways = {"both_int8": _pairs(int8[rows], person), "against_float": _pairs(whole[rows], person, others=int8[rows])}
    return {
        "tpr": {f"{fpr:g}": tpr for fpr, tpr in tpr_at(int8[rows], person, fprs=FPRS).items()},
        "lost": {
            way: {f"{fpr:g}": lost for fpr, lost in zip(FPRS, paired_gain(after, before, fprs=FPRS), strict=True)}
            for way, after in ways.items()
        },
    }


def _pairs(vectors: FloatArray, person: NDArray[np.str_], *, others: FloatArray | None = None) -> PairScores:
    return hardest(all_pairs(vectors, person, others=others), LOST_OF)
