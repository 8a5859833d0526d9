"""Makes the aligner's own estimate of error true on the mean: a linear map of its logarithm, baked into its last layer.

The loss (L1 between logarithms) teaches the median of the logarithm; what came on held-out faces was 1.4 times of what
was expected. Fitted on held-out faces as they are and spoilt as in training, so that the upper end is true, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from evaluation.datasets.pack import read_picture
from evaluation.metrics.landmarks import normalised_errors
from pipeline.quality import roll_deg
from training.data.crop_augment import CropAugment, sample_crop
from training.data.faces_with_points import FaceWithPoints
from training.landmarks.evaluate import Predict, predictor, run_straightened

STEPS: Final = 50
# Crops as the product cuts them, cut and covered oftener than in training; nothing that has its own gate (blur, light).
SPOILT: Final = CropAugment(
    second_pass_share=1.0,
    rough_points=0.045,
    rough_shift=0.03,
    rough_scale=0.05,
    rough_roll_deg=2.0,
    rough_tail=0.1,
    border_share=0.0,
    colour_share=0.0,
    gray_share=0.0,
    blur_share=0.0,
    low_resolution_share=0.2,
    jpeg_share=0.0,
    noise_share=0.0,
    occlusion_share=0.0,
    covering_share=0.3,
    cut_share=0.3,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """expected = exp(offset + slope * log_error) as the network was trained; means over held-out faces as they are."""

    faces: int
    slope: float
    offset: float
    came: float
    expected_before: float
    expected_after: float


def calibrate(network: nn.Module, faces: Sequence[FaceWithPoints], *, seed: int = 18) -> Calibration:
    """Fit on faces and change the network's last layer in place."""
    predict = predictor(network)
    whole = run_straightened(faces, predict)
    errors, logs = _spoilt(faces, predict, seed=seed)
    said = np.log(whole.expected)
    slope, offset = fit(np.concatenate([said, logs]), np.concatenate([whole.errors, errors]))
    bake(network, slope=slope, offset=offset)
    return Calibration(
        faces=len(faces),
        slope=slope,
        offset=offset,
        came=float(whole.errors.mean()),
        expected_before=float(whole.expected.mean()),
        expected_after=float(np.exp(offset + slope * said).mean()),
    )


def fit(log_error: NDArray[np.float64], errors: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset of a gamma regression with the logarithm as link (N,), (N,): errors spread with their mean.

    Fitted by iteratively reweighted least squares, whose weights are all one for this family and link (McCullagh and
    Nelder, Generalized Linear Models, 1989, section 8.3). Its estimates have the errors' own mean.
    """
    design = np.column_stack([log_error, np.ones_like(log_error)])
    slope, offset = 1.0, 0.0
    for _ in range(STEPS):
        line = slope * log_error + offset
        working = line + errors / np.exp(line) - 1.0
        slope, offset = np.linalg.lstsq(design, working, rcond=None)[0]
    return float(slope), float(offset)


def bake(network: nn.Module, *, slope: float, offset: float) -> None:
    """Let the network's log_error be offset + slope * what it was."""
    error: Any = network.error
    last = error[-1] if isinstance(error, nn.Sequential) else error
    with torch.no_grad():
        last.weight.mul_(slope)
        last.bias.mul_(slope).add_(offset)


def _spoilt(
    faces: Sequence[FaceWithPoints], predict: Predict, *, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors that came and logarithms of the expected ones, (N,) each, on spoilt crops of the faces."""
    rng = np.random.default_rng(seed)
    pairs = [
        sample_crop(read_picture(face.path), face.five, given_box=face.box, augment=SPOILT, rng=rng) for face in faces
    ]
    pairs = [(crop, points) for crop, points in pairs if abs(roll_deg(points)) < 60.0]
    found = [predict([crop]) for crop, _ in pairs]
    errors = normalised_errors(np.concatenate([one[0] for one in found]), np.stack([points for _, points in pairs]))
    return errors, np.concatenate([one[1] for one in found]).astype(np.float64)
