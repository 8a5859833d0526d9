"""Batches for the aligner: which face, which crop, as a pure function of (seed, step). NumPy and torch tensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from evaluation.datasets.pack import read_picture
from pipeline.quality import roll_deg
from pipeline.similarity import CROP_SIDE_PX
from pipeline.types import Rgb8
from training.command_line import Refused
from training.data.crop_augment import CropAugment, sample_crop, sample_empty_crop
from training.data.faces_with_points import RIGHT_OF_PLACE_PX, FaceWithPoints


class LandmarkBatch(NamedTuple):  # a tuple, as the embedder's: Lightning moves it, the loop shares it out
    """images (B, 3, 112, 112) normalised; points (B, 5, 2) crop px; has_face (B,) 1.0, or 0.0 for a false box
    and for a face that lies or hangs in its crop where the recipe wants only upright ones read.
    """

    images: torch.Tensor
    points: torch.Tensor
    has_face: torch.Tensor


def normalise(crops: Sequence[Rgb8]) -> torch.Tensor:
    """RGB crops (112, 112, 3) -> (B, 3, 112, 112), (x - 127.5) / 127.5."""
    stacked = torch.from_numpy(np.stack(crops).transpose(0, 3, 1, 2).astype(np.float32))
    return (stacked - 127.5) / 127.5


class LandmarkBatches:
    """`batches(step)`: faces drawn by the sources' shares, and crops without a face for the error's sake."""

    def __init__(
        self,
        faces: dict[str, list[FaceWithPoints]],
        *,
        shares: dict[str, float],
        empty: Sequence[Path],
        empty_share: float,
        augment: CropAugment,
        batch_size: int,
        seed: int,
    ) -> None:
        """faces, shares: by source; a source with a share needs faces (else Refused)."""
        used = {source: share for source, share in shares.items() if share > 0}
        for source, share in used.items():
            if not faces.get(source):
                raise Refused(f"{source} has a share of {share} and no faces")
        self._pools = [faces[source] for source in used]
        total = sum(used.values())
        self._chances = np.array([share / total for share in used.values()])
        self._empty = list(empty)
        self._empty_share = empty_share if self._empty else 0.0
        self._augment = augment
        self._batch_size = batch_size
        self._seed = seed

    def __call__(self, step: int) -> LandmarkBatch:
        rng = np.random.default_rng([self._seed, step])
        crops, points, has_face = [], [], []
        for _ in range(self._batch_size):
            if rng.random() < self._empty_share:
                path = self._empty[int(rng.integers(len(self._empty)))]
                crops.append(sample_empty_crop(read_picture(path), augment=self._augment, rng=rng))
                points.append(np.full((5, 2), CROP_SIDE_PX / 2, np.float32))
                has_face.append(0.0)
                continue
            pool = self._pools[int(rng.choice(len(self._pools), p=self._chances))]
            face = pool[int(rng.integers(len(pool)))]
            crop, moved = sample_crop(
                read_picture(face.path),
                face.five,
                given_box=face.box,
                augment=self._augment,
                rng=rng,
                right_of_place_px=RIGHT_OF_PLACE_PX[face.source],
            )
            crops.append(crop)
            points.append(moved)
            has_face.append(float(abs(roll_deg(moved)) <= self._augment.read_deg))
        return LandmarkBatch(
            normalise(crops), torch.from_numpy(np.stack(points)), torch.tensor(has_face, dtype=torch.float32)
        )
