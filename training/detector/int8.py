"""The detector's file with int8 convolutions, for processors with VNNI and without AMX. Needs `nncf`.

Ranges are found on train scenes that the tuning saw, on canvases as served. The first convolution, the last 1x1
convolutions of the head and what decodes boxes and points stay in float: pixels of a large canvas do not fit 256 steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipeline.letterbox import letterbox
from pipeline.types import Nchw
from training.config import build
from training.data.scenes import Scene
from training.detector.batches import split_scenes
from training.detector.export import record_of
from training.detector.recipe import DetectorRecipe
from training.detector.score import STEP_PX
from training.export.int8_file import begin_int8
from training.export.quantised_graph import quantise

LOST_AP: Final = 0.005  # on held-out scenes from 24 px: an engine that misreads the graph loses far more
FIRST: Final = r"^/model\.0/.*"
HEAD: Final = r"^/model\.22/(?!cv[234]\.\d/cv[234]\.\d\.[01]/).*"  # of the head all but its 3x3 convolutions


def export_int8(weights: Path, *, data: Path, pictures: int) -> Path:
    """Write `weights`/detector_int8.onnx and its record from `weights`/detector.onnx and the record of that.

    pictures: train scenes that give the ranges. The file replaces an older one only where it finds in OpenVINO, on the
    held-out scenes, what the float one finds; raises ExportFailed otherwise, Refused where there is nothing to begin
    with.
    """
    file = begin_int8(weights, "detector")
    recipe = build(DetectorRecipe, file.facts["settings"])
    scenes, _ = split_scenes(recipe, data)
    step = max(1, len(scenes) // pictures)
    shown = list(canvases(scenes[::step][:pictures], side_px=recipe.side_px))
    quantise(file.source, file.draft, shown, name="images", kept_float=(FIRST, HEAD))
    record = record_of(file.draft, recipe, data, file.origin(calibrated_on=len(shown)))
    record["lost"] = _lost(file.facts, record)
    if (lost := record["lost"]["dev"]["ap50_from_24px"]) > LOST_AP:
        file.drop(f"in OpenVINO the int8 file loses {lost:.3f} of AP on held-out scenes")
    return file.keep(record)


def canvases(scenes: Iterable[Scene], *, side_px: int) -> Iterable[Nchw]:
    """Each scene on its canvas, (1, 3, H, W), RGB 0..1."""
    for scene in scenes:
        canvas, _ = letterbox(np.ascontiguousarray(scene.read()[:, :, ::-1]), side_px=side_px, step_px=STEP_PX)
        yield np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], dtype=np.float32) / np.float32(255)


def _lost(whole: dict[str, Any], int8: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The scores of the float file's record less those of the int8 file's, by set: AP and recall that int8 costs."""
    return {
        f"{name}{suffix}": {score: round(value - int8[key][name][score], 5) for score, value in scores.items()}
        for key, suffix in (("scores", ""), ("scores_of_human_boxes", "_human_boxes"))
        for name, scores in whole[key].items()
    }
