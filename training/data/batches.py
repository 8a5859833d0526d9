"""Who is in a batch of the embedder's training: pictures of labelled people, each batch a function of its step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.types import FloatArray
from training.data.augment import Augmentation, augment
from training.data.people import People
from training.loop import step_seed


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """Who is in a batch. Pictures are drawn with a weight of (pictures of the person) ** -balance."""

    size: int = 128  # pictures; drawn in pairs of one person (of one picture, where it is the only one)
    balance: float = 0.5  # 0: every picture alike; 1: every person alike
    toward_person: float = 0.3  # a teacher vector's target is pulled by this share of its person's mean, 0..1


class Batch(NamedTuple):  # a tuple: Lightning moves it to the device part by part, which it refuses for frozen classes
    """Pictures as the network takes them, whose they are, and what the teacher says of each."""

    images: torch.Tensor  # (B, 3, 112, 112), -1..1
    person: torch.Tensor  # (B,) int64, row among the train people
    teacher: torch.Tensor  # (B, 256), unit length


class PeopleBatches:
    """The batch of a step, from the seed and the step alone."""

    def __init__(
        self, people: People, rows: NDArray[np.int64], settings: BatchSettings, augmentation: Augmentation, *, seed: int
    ) -> None:
        self._people = people
        self._settings = settings
        self._augmentation = augmentation
        self._seed = seed
        self._rows = rows  # of `people`, the pictures that may be trained on
        names, self._label, counts = np.unique(people.person[rows], return_inverse=True, return_counts=True)
        self.names: list[str] = names.tolist()
        weight = counts[self._label].astype(np.float64) ** -settings.balance
        self._edges = np.cumsum(weight) / weight.sum()
        order = np.argsort(self._label, kind="stable")
        self._mates = np.split(order, np.cumsum(counts)[:-1])  # person -> positions in rows
        self._targets = _toward_person(people.teacher[rows], self._label, settings.toward_person)

    def __call__(self, step: int) -> Batch:
        """Draw half a batch by weight, a mate of the same person for each, and change every crop."""
        seed = step_seed(self._seed, step)
        chance = np.random.default_rng(seed)
        half = self._settings.size // 2
        drawn = np.minimum(np.searchsorted(self._edges, chance.random(half)), len(self._rows) - 1)
        mates = np.array([self._mate(position, chance) for position in drawn])
        chosen = np.concatenate([drawn, mates])
        rows = self._rows[chosen]
        images = augment(
            torch.from_numpy(np.stack([self._people.crops[row] for row in rows])),
            torch.from_numpy(self._people.points[rows]),
            self._augmentation,
            torch.Generator().manual_seed(seed),
        )
        return Batch(images, torch.from_numpy(self._label[chosen]), torch.from_numpy(self._targets[chosen]))

    def person_means(self, embedding: FloatArray) -> torch.Tensor:
        """Mean directions (P, D) of embeddings (len(rows), D), person by person."""
        return torch.from_numpy(_means(embedding, self._label))

    def _mate(self, position: int, chance: np.random.Generator) -> int:
        mates = self._mates[self._label[position]]
        others = mates[mates != position]
        return int(chance.choice(others)) if len(others) else int(position)


def _toward_person(teacher: FloatArray, label: NDArray[np.int64], share: float) -> FloatArray:
    """Pull every vector by `share` toward its person's mean direction; unit length again."""
    mixed = (1 - share) * teacher + share * _means(teacher, label)[label]
    return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), np.float32)


def _means(vectors: FloatArray, label: NDArray[np.int64]) -> FloatArray:
    sums = np.zeros((int(label.max()) + 1, vectors.shape[1]), np.float32)
    np.add.at(sums, label, vectors)
    return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), np.float32)
