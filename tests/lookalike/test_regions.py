"""Which part carries a likeness: found where it was put, and not said where the two covers disagree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.explainer import Explainer
from lookalike.regions import REGIONS, USUAL, agreed, carriers, mask
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


def lost(total: float = 0.5, **deviations: float | tuple[float, float]) -> NDArray[np.float64]:
    """(2, regions): what a likeness loses whose parts carry so many deviations above the usual, by both ways."""
    found = np.zeros((2, len(NAMES)))
    for k, name in enumerate(NAMES):
        above = deviations.get(name, 0.0)
        for way, more in enumerate(above if isinstance(above, tuple) else (above, above)):
            mean, deviation = USUAL[name][way]
            found[way, k] = max(mean + more * deviation, 0.0)
    return total * found


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (lost(), ()),
        (lost(mouth=3.5), ("mouth",)),
        (lost(nose=4.5, mouth=3.6), ("nose", "mouth")),
        (lost(nose=(3.5, 0.0), mouth=(0.0, 3.5)), ()),
        (lost(eyes=3.5), ("eyes",)),
        (lost(total=0.01, mouth=3.5), ()),
        (np.zeros((2, len(NAMES))), ()),
    ],
    ids=["as usual", "clear", "two", "covers disagree", "even the eyes", "too little", "nothing"],
)
def test_a_part_is_named_only_where_both_covers_find_far_more_than_usual(
    found: NDArray[np.float64], named: tuple[str, ...]
) -> None:
    assert agreed(found) == named


def test_the_eyes_are_not_named_for_carrying_most_which_they_nearly_always_do() -> None:
    usual = lost()
    assert NAMES[int(usual.mean(axis=0).argmax())] == "eyes"
    assert agreed(usual) == ()


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
