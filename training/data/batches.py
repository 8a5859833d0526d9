"""Who is in a batch of the embedder's training: pictures of labelled people, each batch a function of its step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.types import FloatArray
from training.data.augment import Augmentation, augment
from training.data.people import People
from training.loop import step_seed

NEIGHBOURS: Final = 48  # pictures of other people kept for each picture
LEAST_EXCESS: Final = 0.01  # cosine; keeps pictures that nobody is confused with in the draw


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """Who is in a batch. Pictures are drawn with a weight of (pictures of the person) ** -balance."""

    size: int = 128  # pictures; drawn in pairs of one person (of one picture, where it is the only one)
    balance: float = 0.5  # 0: every picture alike; 1: every person alike
    toward_person: float = 0.3  # a teacher vector's target is pulled by this share of its person's mean, 0..1
    alike: int = 0  # with each pair come so many pictures of other people whom the start network takes for alike
    confused: float = 0.0  # power of how much more alike than the teacher says, in the weight a picture is drawn with


class Batch(NamedTuple):  # a tuple: Lightning moves it to the device part by part, which it refuses for frozen classes
    """Pictures as the network takes them, whose they are, and what the teacher says of each."""

    images: torch.Tensor  # (B, 3, 112, 112), -1..1
    person: torch.Tensor  # (B,) int64, row among the train people
    teacher: torch.Tensor  # (B, 256), unit length


class PeopleBatches:
    """The batch of a step, from the seed and the step alone."""

    def __init__(
        self,
        people: People,
        rows: NDArray[np.int64],
        settings: BatchSettings,
        augmentation: Augmentation,
        *,
        seed: int,
        view: FloatArray | None = None,
    ) -> None:
        """view: (len(rows), D), what the start network makes of each picture; needed for `alike` and `confused`."""
        self._people = people
        self._settings = settings
        self._augmentation = augmentation
        self._seed = seed
        self._rows = rows  # of `people`, the pictures that may be trained on
        names, self._label, counts = np.unique(people.person[rows], return_inverse=True, return_counts=True)
        self.names: list[str] = names.tolist()
        weight = counts[self._label].astype(np.float64) ** -settings.balance
        self._alike: NDArray[np.int32] | None = None  # (len(rows), NEIGHBOURS), positions in rows
        if settings.alike or settings.confused:
            if view is None:
                raise ValueError("`alike` and `confused` need the start network's view of the pictures")
            self._alike, excess = _neighbours(view, people.teacher[rows], self._label)
            weight *= np.maximum(excess, LEAST_EXCESS) ** settings.confused
        self._edges = np.cumsum(weight) / weight.sum()
        order = np.argsort(self._label, kind="stable")
        self._mates = np.split(order, np.cumsum(counts)[:-1])  # person -> positions in rows
        self._targets = _toward_person(people.teacher[rows], self._label, settings.toward_person)

    def __call__(self, step: int) -> Batch:
        """Draw pictures by weight, a mate of the same person for each, others that look alike; change every crop."""
        seed = step_seed(self._seed, step)
        chance = np.random.default_rng(seed)
        groups = self._settings.size // (2 + self._settings.alike)
        drawn = np.minimum(np.searchsorted(self._edges, chance.random(groups)), len(self._rows) - 1)
        mates = np.array([self._mate(position, chance) for position in drawn])
        chosen = np.concatenate([drawn, mates])
        if self._alike is not None and self._settings.alike:
            columns = chance.integers(0, self._alike.shape[1], (groups, self._settings.alike))
            chosen = np.concatenate([chosen, self._alike[drawn[:, None], columns].ravel()])
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


def _neighbours(
    view: FloatArray, teacher: FloatArray, label: NDArray[np.int64], *, chunk: int = 512
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The pictures of other people nearest to each, and how much nearer they seem than the teacher says.

    view: (N, D), teacher: (N, T), unit rows. Returns positions (N, NEIGHBOURS) and mean differences of cosines (N,).
    """
    seen, taught, people = torch.from_numpy(view), torch.from_numpy(teacher), torch.from_numpy(label)
    count = min(NEIGHBOURS, len(view) - int(torch.bincount(people).max()))
    nearest, excess = [], []
    for start in range(0, len(view), chunk):
        own = slice(start, start + chunk)
        cosine = seen[own] @ seen.T
        cosine[people[own, None] == people[None]] = -1
        top = cosine.topk(count, dim=1)
        nearest.append(top.indices.to(torch.int32))
        told = torch.stack([(taught[own] * taught[column]).sum(dim=1) for column in top.indices.T], dim=1)
        excess.append((top.values - told).mean(dim=1))
    return torch.cat(nearest).numpy(), torch.cat(excess).numpy().astype(np.float64)


def _toward_person(teacher: FloatArray, label: NDArray[np.int64], share: float) -> FloatArray:
    """Pull every vector by `share` toward its person's mean direction; unit length again, zero where there is none."""
    mixed = (1 - share) * teacher + share * _means(teacher, label)[label]
    return _unit(mixed)


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def _means(vectors: FloatArray, label: NDArray[np.int64]) -> FloatArray:
    sums = np.zeros((int(label.max()) + 1, vectors.shape[1]), np.float32)
    np.add.at(sums, label, vectors)
    return _unit(sums)
