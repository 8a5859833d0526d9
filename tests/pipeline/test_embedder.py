"""embedder: unit vectors with their maker's id, and no division by nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from pipeline.embedder import MIN_NORM, Embedder, unit
from pipeline.errors import EngineFailed
from pipeline.manifest import InputSpec
from pipeline.types import FloatArray, Nchw
from tests.pictures import scene


class Gives:
    """Answers every batch with the first rows of these vectors."""

    def __init__(self, vectors: FloatArray) -> None:
        self.spec = InputSpec(
            name="images", sizes_px=(112,), color="RGB", mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5)
        )
        self._vectors = vectors

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        return (self._vectors[: len(batch)],)


CROPS = [scene(112, 112, seed=k) for k in range(3)]


def test_vectors_have_length_one_and_say_who_made_them() -> None:
    found = Embedder(Gives(np.array([[3, 4], [0, -2], [1e-3, 0]], np.float32)), model="abc").embed(CROPS)
    assert [None if one is None else one.vector.tolist() for one in found] == [
        pytest.approx([0.6, 0.8]),
        [0.0, -1.0],
        [1.0, 0.0],
    ]
    assert {one.model for one in found if one} == {"abc"}


@pytest.mark.parametrize("bad", [0.0, 1e-9, np.nan, np.inf, -np.inf])
def test_a_vector_without_direction_is_none_and_its_neighbours_stay(bad: float) -> None:
    vectors = np.array([[1, 0], [bad, 0], [0, 1]], np.float32)
    found = Embedder(Gives(vectors), model="abc").embed(CROPS)
    assert [one is None for one in found] == [False, True, False]


def test_the_network_sees_black_where_a_crop_was_stretched() -> None:
    class Keeps(Gives):
        seen: Nchw

        def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
            self.seen = batch
            return super().run(batch)

    noise = np.random.default_rng(0).integers(0, 256, (112, 84, 3), dtype=np.uint8)
    stretched = np.concatenate([noise, np.repeat(noise[:, -1:], 28, axis=1)], axis=1)
    engine = Keeps(np.eye(2, dtype=np.float32))
    Embedder(engine, model="abc").embed([stretched, CROPS[0]])
    assert (engine.seen[0, :, :, 88:] == -1).all()  # black, normalised
    photo = (noise[:, :80].transpose(2, 0, 1) - 127.5) / 127.5
    assert np.allclose(engine.seen[0, :, :, :80], photo, atol=1e-6)
    Embedder(engine, model="abc").embed([stretched, stretched], tight=[False, True])
    whole = (stretched.transpose(2, 0, 1) - 127.5) / 127.5
    assert np.allclose(engine.seen[0], whole, atol=1e-6)
    assert (engine.seen[1, :, :, 88:] == -1).all()


def test_nothing_in_nothing_out() -> None:
    assert Embedder(Gives(np.zeros((0, 2), np.float32)), model="abc").embed([]) == []


def test_an_output_of_another_shape_is_refused() -> None:
    with pytest.raises(EngineFailed, match="wants"):
        Embedder(Gives(np.zeros((1, 2), np.float32)), model="abc").embed(CROPS)


@given(npst.arrays(np.float32, st.integers(1, 64), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_unit_is_the_direction_or_none(vector: FloatArray) -> None:
    found = unit(vector)
    norm = float(np.linalg.norm(vector.astype(np.float64)))
    if norm < MIN_NORM:
        assert found is None
    else:
        assert found is not None
        assert np.linalg.norm(found.astype(np.float64)) == pytest.approx(1.0, abs=1e-5)
        assert np.allclose(found * norm, vector, rtol=1e-3, atol=norm * 1e-6)
