"""Batches for many points: which face, which crop, as a pure function of (seed, step)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch

from evaluation.datasets.pack import read_picture
from pipeline.dense_landmarks import dense_matrix
from pipeline.similarity import apply_affine
from pipeline.types import FloatArray, Rgb8
from training.command_line import Refused
from training.data.crop_augment import CropAugment, disturb_pixels, rough_points, warp_with_border
from training.data.faces_with_points import RIGHT_OF_PLACE_PX, SCHEMAS, FaceWithPoints, Schema, mirror_points
from training.landmarks.batches import normalise

# Rows of the 68 that a schema has. Faces are read with all 68, since twelve would give no five to straighten by.
ROWS_OF_68: Final = {Schema.IBUG68: slice(0, 68), Schema.EYES12: slice(36, 48)}


class DenseBatch(NamedTuple):
    """images (B, 3, 112, 112) normalised; points (B, N, 2) crop px."""

    images: torch.Tensor
    points: torch.Tensor


class DenseBatches:
    """`batches(step)`: faces drawn by the sources' shares. Decoded pictures stay in memory: 180 MB for the pack's."""

    def __init__(
        self,
        faces: Sequence[FaceWithPoints],
        *,
        shares: dict[str, float],
        schema: Schema,
        augment: CropAugment,
        batch_size: int,
        seed: int,
    ) -> None:
        """faces: with 68 points, whatever the schema. Raises Refused for a source with a share and no faces."""
        used = {source: share for source, share in shares.items() if share > 0}
        self._pools = [[face for face in faces if face.source == source] for source in used]
        for source, pool in zip(used, self._pools, strict=True):
            if not pool:
                raise Refused(f"{source} has a share of {used[source]} and no faces with 68 points")
        self._chances = np.array(list(used.values())) / sum(used.values())
        self._schema = schema
        self._augment = augment
        self._batch_size = batch_size
        self._seed = seed
        self._read = cache(_read)

    def __call__(self, step: int) -> DenseBatch:
        rng = np.random.default_rng([self._seed, step])
        crops, points = [], []
        for _ in range(self._batch_size):
            pool = self._pools[int(rng.choice(len(self._pools), p=self._chances))]
            face = pool[int(rng.integers(len(pool)))]
            crop, moved = sample_dense_crop(self._read(face.path), face, augment=self._augment, rng=rng)
            crops.append(crop)
            points.append(moved[ROWS_OF_68[self._schema]])
        return DenseBatch(normalise(crops), torch.from_numpy(np.stack(points)))


def sample_dense_crop(
    image: Rgb8, face: FaceWithPoints, *, augment: CropAugment, rng: np.random.Generator
) -> tuple[Rgb8, FloatArray]:
    """One training crop (112, 112, 3) and all 68 points in it, crop pixels, order as seen if mirrored.

    Straightened by five points as far off as the aligner's are, or further.
    """
    points = face.points
    if rng.random() < augment.flip_share:
        aside = RIGHT_OF_PLACE_PX[face.source]
        points = mirror_points(points, width=image.shape[1], schema=Schema.IBUG68, right_of_place_px=aside)
        image = np.ascontiguousarray(image[:, ::-1])
    to_five = SCHEMAS[Schema.IBUG68].to_align
    matrix = dense_matrix(rough_points(to_five(points), augment=augment, rng=rng))
    crop = warp_with_border(image, matrix, augment=augment, rng=rng)
    moved = apply_affine(matrix, points)
    return disturb_pixels(crop, to_five(moved), augment=augment, rng=rng), moved


def _read(path: Path) -> Rgb8:
    return read_picture(path)
