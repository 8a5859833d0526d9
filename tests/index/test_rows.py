"""FAISS answers what an exact search in NumPy over the same vectors answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import GalleryDamaged
from index.faiss_rows import FaissRows
from index.types import Mask, Vectors
from tests.index.exact_rows import ExactRows

seeds = st.integers(0, 2**32)


def _unit(seed: int, count: int, dimension: int = 64) -> Vectors:
    raw = np.random.default_rng(seed).standard_normal((count, dimension))
    return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)


def _coarse(seed: int, count: int) -> Vectors:
    """Vectors of few values: products are exact in float32, and many rows are equally near."""
    return np.asarray(np.random.default_rng(seed).integers(-2, 3, (count, 6)) / 4, np.float32)


def _allowed(seed: int, count: int) -> Mask | None:
    rng = np.random.default_rng(seed)
    return None if rng.random() < 0.3 else np.asarray(rng.random(count) < rng.random(), np.bool_)


@given(seed=seeds, count=st.integers(1, 200), wanted=st.integers(0, 40))
def test_equal_scores_come_in_the_order_of_rows(seed: int, count: int, wanted: int) -> None:
    """Rows, scores and order are the oracle's, ties and filter included."""
    store = FaissRows.of(_coarse(seed, count))
    oracle = ExactRows(store.vectors())
    probe, allowed = _coarse(seed + 1, 1)[0], _allowed(seed, count)
    scores, rows = store.search(probe, count=wanted, allowed=allowed)
    exact_scores, exact_rows = oracle.search(probe, count=wanted, allowed=allowed)
    assert rows.tolist() == exact_rows.tolist()
    assert scores.tolist() == exact_scores.tolist()


@given(seed=seeds, count=st.integers(1, 300), wanted=st.integers(1, 20))
def test_near_rows_are_the_oracles(seed: int, count: int, wanted: int) -> None:
    """On any unit vectors: same scores within float32's rounding, and every row has the score it is given."""
    store = FaissRows.of(_unit(seed, count))
    probe, allowed = _unit(seed + 1, 1)[0], _allowed(seed, count)
    scores, rows = store.search(probe, count=wanted, allowed=allowed)
    exact_scores, _ = ExactRows(store.vectors()).search(probe, count=wanted, allowed=allowed)
    np.testing.assert_allclose(scores, exact_scores, atol=1e-6)
    np.testing.assert_allclose(store.vectors()[rows] @ probe, scores, atol=1e-6)
    assert len(set(rows.tolist())) == len(rows)
    assert allowed is None or allowed[rows].all()


def test_all_rows_equal_come_as_the_first_ones() -> None:
    """More ties than FAISS was first asked for."""
    store = FaissRows.of(np.tile(np.array([[0.6, 0.8]], np.float32), (500, 1)))
    _, rows = store.search(np.array([0.6, 0.8], np.float32), count=8)
    assert rows.tolist() == list(range(8))


def test_what_is_written_is_read_again() -> None:
    store = FaissRows.of(_unit(1, 50))
    again = FaissRows.from_bytes(store.to_bytes())
    assert np.array_equal(again.vectors(), store.vectors())
    np.testing.assert_allclose(again.vectors(), _unit(1, 50), atol=2.0**-11)


def test_bytes_of_another_kind_are_refused() -> None:
    import faiss

    with pytest.raises(GalleryDamaged, match="no FAISS index of the right kind"):
        FaissRows.from_bytes(b"\x00" * 100)
    flat = faiss.IndexFlatIP(4)
    with pytest.raises(GalleryDamaged, match="no FAISS index of the right kind"):
        FaissRows.from_bytes(bytes(faiss.serialize_index(flat).tobytes()))


def test_an_empty_store_answers_nobody() -> None:
    store = FaissRows.of(np.zeros((0, 4), np.float32))
    scores, rows = store.search(np.array([1, 0, 0, 0], np.float32), count=8)
    assert (len(scores), len(rows), store.vectors().shape) == (0, 0, (0, 4))


def test_threads_get_their_own_answers() -> None:
    vectors = _unit(3, 2000)
    store = FaissRows.of(vectors)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda row: store.search(vectors[row], count=1)[1][0], range(400)))
    assert found == list(range(400))
