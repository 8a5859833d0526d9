"""Many pictures, one person: the vector and the picture to show."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.embed import Embedded
from index.fold import fold


def _embedded(vector: NDArray[np.float64], size_px: float = 178.0) -> Embedded:
    return Embedded(
        vector=np.asarray(vector / np.linalg.norm(vector), np.float32),
        size_px=size_px,
        box=(0.0, 0.0, 1.0, 1.0),
        points=np.zeros((5, 2), np.float32),
        frame=(8, 6),
    )


@given(st.integers(0, 2**32), st.integers(1, 9))
def test_the_mean_is_the_unit_vector_of_the_largest_summed_cosine(seed: int, count: int) -> None:
    """Against the definition: no other direction is nearer to the pictures taken together."""
    rng = np.random.default_rng(seed)
    pictures = [_embedded(rng.standard_normal(8) + 2.0) for _ in range(count)]
    folded = fold(pictures, kind="mean")
    assert folded is not None
    vectors = np.stack([picture.vector for picture in pictures])
    others = rng.standard_normal((50, 8))
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    assert abs(np.linalg.norm(folded[0]) - 1.0) < 1e-6
    assert (vectors @ folded[0]).sum() >= (vectors @ others.T).sum(axis=0).max() - 1e-5


@given(st.integers(0, 2**32), st.integers(1, 9))
def test_the_picture_shown_is_the_nearest_of_the_largest_class(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.choice([64.0, 89.0, 112.0, 178.0, 900.0], count)
    pictures = [_embedded(rng.standard_normal(8) + 1.0, size) for size in sizes]
    folded = fold(pictures, kind="mean")
    assert folded is not None
    vector, best = folded

    def class_of(size: float) -> int:
        return 2 if size >= 160 else 1 if size >= 80 else 0

    rivals = [k for k in range(count) if class_of(sizes[k]) == max(map(class_of, sizes))]
    assert best in rivals
    nearness = [float(pictures[k].vector.astype(np.float64) @ vector) for k in rivals]
    assert nearness[rivals.index(best)] >= max(nearness) - 1e-6


def test_a_small_source_is_not_shown_when_a_large_one_exists() -> None:
    centre = np.array([1.0, 0.0, 0.0])
    far_but_large = _embedded(np.array([1.0, 0.5, 0.0]), 178.0)
    folded = fold([_embedded(centre, 64.0), _embedded(centre, 64.0), far_but_large], kind="mean")
    assert folded is not None
    assert folded[1] == 2


def test_the_best_pictures_vector_can_stand_for_the_person() -> None:
    pictures = [_embedded(np.array([1.0, 0.2, 0.0])), _embedded(np.array([1.0, 0.0, 0.0]))]
    folded = fold(pictures, kind="best")
    assert folded is not None
    assert np.array_equal(folded[0], pictures[folded[1]].vector)


def test_vectors_that_cancel_out_give_no_person() -> None:
    """Nothing is divided by zero."""
    up = np.array([1.0, 0.0])
    assert fold([_embedded(up), _embedded(-up)], kind="mean") is None
