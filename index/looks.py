"""Looks read off a vector: woman or man, young or not, hair, glasses, beard. NumPy only.

A network of two layers over the embedder's vector, small enough to cost nothing beside the embedder.
It belongs to one embedder, whose hash it carries. What it says of somebody
is a guess: it decides who stands first among people who are about equally alike, and is shown nowhere as a fact.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.errors import GalleryError
from index.files import read_regular
from index.plain_text import readable
from index.types import Person, Vectors

FILE: Final = "looks.npz"
SCHEMA: Final = 1
MAX_BYTES: Final = 16 << 20
SEX: Final = "Male"  # CelebA's spelling: True for men
# Somebody without a label counts as a woman or a man from this certainty on, below it as neither.
SURE: Final = 0.8
# Cosine that somebody of the other sex has to be more alike, where the asker's is certain; chosen on held-out people.
PENALTY: Final = 0.2

Floats = NDArray[np.float32]


class LooksDamaged(GalleryError):  # noqa: N818 - named for what it is, as all our errors are
    """The file of the looks can't be used."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looks:
    """The network. Immutable, may be asked from several threads."""

    embedder: str  # SHA-256 of the network whose vectors these are
    traits: tuple[str, ...]  # CelebA's spelling
    inner: Floats  # (D, H)
    inner_bias: Floats  # (H,)
    outer: Floats  # (H, T)
    outer_bias: Floats  # (T,)

    def certainty(self, vectors: Vectors) -> Floats:
        """(N, D) unit vectors -> (N, T): 1 surely with the trait, -1 surely without, 0 open."""
        hidden = np.maximum(vectors @ self.inner + self.inner_bias, 0.0)
        return np.asarray(np.tanh((hidden @ self.outer + self.outer_bias) / 2), np.float32)

    def of(self, vector: NDArray[np.float32]) -> dict[str, float]:
        """Certainty by trait for one vector (D,)."""
        return dict(zip(self.traits, self.certainty(vector[None])[0].tolist(), strict=True))

    def to_bytes(self) -> bytes:
        """The file's contents: matrices in float16."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            schema=np.array(SCHEMA),
            embedder=np.array(self.embedder),
            traits=np.array(self.traits),
            **{name: getattr(self, name).astype(np.float16) for name in _MATRICES},
        )
        return buffer.getvalue()

    @classmethod
    def open(cls, file: Path) -> Looks:
        """Raises LooksDamaged, which names the file and what to do; FileNotFoundError where there is none."""
        shown = readable(str(file))
        try:
            with np.load(io.BytesIO(read_regular(file, max_bytes=MAX_BYTES)), allow_pickle=False) as stored:
                if int(stored["schema"]) != SCHEMA:
                    raise LooksDamaged(f"{shown} has schema {int(stored['schema'])}, this version reads {SCHEMA}")
                looks = cls(
                    embedder=str(stored["embedder"]),
                    traits=tuple(str(trait) for trait in stored["traits"]),
                    **{name: np.asarray(stored[name], np.float32) for name in _MATRICES},
                )
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise LooksDamaged(f"{shown} can't be read ({error}); fetch it again, or remove it") from error
        if not looks._fits():
            raise LooksDamaged(f"{shown} contradicts itself; fetch it again, or remove it")
        return looks

    def _fits(self) -> bool:
        matrices = [getattr(self, name) for name in _MATRICES]
        if [matrix.ndim for matrix in matrices] != [2, 1, 2, 1]:
            return False
        hidden, traits = self.inner.shape[1], len(self.traits)
        return (
            SEX in self.traits
            and self.inner_bias.shape == (hidden,)
            and self.outer.shape == (hidden, traits)
            and self.outer_bias.shape == (traits,)
            and all(np.isfinite(matrix).all() for matrix in matrices)
        )


_MATRICES: Final = ("inner", "inner_bias", "outer", "outer_bias")


def sexes(people: Sequence[Person], certainty: NDArray[np.floating] | None) -> NDArray[np.int8]:
    """1 for men, -1 for women, 0 where nobody can say, (N,): people's labels first, then what the looks are sure of.

    certainty: (N,) of `SEX`, None where there are no looks.
    """
    told = np.array([_told(person) for person in people], np.int8).reshape(len(people))
    if certainty is None:
        return told
    read = np.where(np.abs(certainty) >= SURE, np.sign(certainty), 0).astype(np.int8)
    return np.where(told != 0, told, read).astype(np.int8)


def penalties(asker: float) -> dict[int, float]:
    """What is taken off the cosine of women (-1), men (1) and of those of whom nobody can say (0).

    asker: certainty of `SEX`, -1..1. Nothing is taken off where it is open, and never of both.
    """
    return {sex: PENALTY * max(0.0, abs(asker) - asker * sex) / 2 for sex in (-1, 0, 1)}


def _told(person: Person) -> int:
    label = person.attributes.get(SEX)
    return 0 if label is None or person.attributes_predicted else 1 if label else -1
