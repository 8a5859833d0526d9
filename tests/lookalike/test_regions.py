"""Which part carries a likeness: found where it was put, and not said where the two covers disagree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lookalike.explainer import Explainer
from lookalike.regions import REGIONS, agreed, carriers, mask
from lookalike.verdicts import REGION_WORDS, reason
from pipeline.types import Embedding, Rgb8, Vector
from tests.lookalike.cards.samples import MODEL, answer, drawn_photo

NAMES = tuple(REGIONS)


class SharpnessEmbedder:
    """Sees how much is to be seen in each region: two numbers a region, the second for the rest."""

    def __init__(self, carrier: str) -> None:
        self._carrier = carrier

    def embed(self, crops: Sequence[Rgb8]) -> list[Embedding | None]:
        found: list[Embedding | None] = []
        for crop in crops:
            inside = mask(self._carrier) > 0.5
            seen = float(crop[inside].std()) / 60
            vector = np.array([seen, 1.0], np.float32)
            found.append(Embedding(vector=vector / np.linalg.norm(vector), model=MODEL))
        return found


def noise() -> Rgb8:
    return np.random.default_rng(3).integers(0, 256, (112, 112, 3), dtype=np.uint8)


@pytest.mark.parametrize("carrier", NAMES)
def test_the_part_that_a_likeness_hangs_on_is_named(carrier: str) -> None:
    person: Vector = np.array([1.0, 0.0], np.float32)
    found = carriers(noise(), person, SharpnessEmbedder(carrier))
    assert found is not None
    assert found.named == (carrier,)
    assert max(found.losses, key=lambda name: found.losses[name]) == carrier


@pytest.mark.parametrize(
    ("blur", "mean", "named"),
    [
        ((0, 0.2, 0.02, 0, 0, 0), (0, 0.18, 0.03, 0, 0, 0), ("eyes",)),
        ((0, 0.2, 0.16, 0, 0, 0), (0, 0.18, 0.15, 0, 0, 0), ("eyes", "nose")),
        ((0, 0.2, 0.02, 0, 0, 0), (0, 0.03, 0.2, 0, 0, 0), ()),
        ((0, 0.04, 0.01, 0, 0, 0), (0, 0.04, 0.01, 0, 0, 0), ()),
        ((0.1, 0.11, 0.1, 0.1, 0.1, 0.1), (0.1, 0.11, 0.1, 0.1, 0.1, 0.1), ()),
        ((0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0), ()),
    ],
    ids=["clear", "two", "covers disagree", "too little", "everything a little", "nothing"],
)
def test_parts_are_named_only_where_both_covers_agree_and_the_share_is_clear(
    blur: tuple[float, ...], mean: tuple[float, ...], named: tuple[str, ...]
) -> None:
    assert agreed(np.array([blur, mean]), NAMES) == named


def test_every_region_has_its_words() -> None:
    assert set(REGION_WORDS) == set(REGIONS)
    assert reason(("eyes", "nose")) == "It's in the eyes and the nose."
    assert reason(("chin",)) == "It's in the chin."
    assert reason(()) == ""


def test_masks_lie_within_the_crop_and_grow_with_it() -> None:
    for name in REGIONS:
        assert 0.02 < mask(name).mean() < 0.4
        assert mask(name, 448).shape == (448, 448)
        assert mask(name, 448).mean() == pytest.approx(mask(name).mean(), abs=0.01)


class Everybody:
    """Vectors of people, as a gallery hands them out."""

    def similarities(self, vector: Vector, *, model: str) -> Vector:
        assert model == MODEL
        return np.asarray(np.stack([vector, -vector]) @ vector, np.float32)

    def vector_of(self, number: str) -> Vector:
        return np.array([1.0, 0.0], np.float32)


def test_an_explanation_has_parts_and_everybody_and_nothing_for_a_face_without_people() -> None:
    photo = drawn_photo()
    why = Explainer(SharpnessEmbedder("eyes"), Everybody()).why(answer(photo))
    assert why is not None
    assert why.carriers is not None
    assert why.everybody.tolist() == pytest.approx([1.0, -1.0])
    assert Explainer(SharpnessEmbedder("eyes"), Everybody()).why(answer(photo, matches=0)) is None
