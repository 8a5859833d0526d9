"""What tells collections apart goes; what tells people apart within one stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.types import FloatArray
from training.embedder.nuisance_projection import (
    AffineProjection,
    ProjectedEmbedder,
    fit_projection,
    principal_directions,
)

DIMENSION = 48


def collection(seed: int, people: int, *, leaning: FloatArray | None = None, pictures: int = 5) -> FloatArray:
    """Unit vectors (people * pictures, D), person by person; all of them lean one way."""
    chance = np.random.default_rng(seed)
    who = np.repeat(chance.normal(size=(people, DIMENSION)), pictures, axis=0)
    drawn = who + chance.normal(0, 0.4, who.shape) + (0 if leaning is None else leaning)
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def leaning(seed: int, length: float = 5.0) -> FloatArray:
    way = np.random.default_rng(seed).normal(size=DIMENSION)
    return (way / np.linalg.norm(way) * length).astype(np.float32)


def projected(projection: AffineProjection, vectors: FloatArray) -> FloatArray:
    return np.asarray((vectors - projection.origin) @ projection.directions.T, np.float32)


def strangers(vectors: FloatArray, pictures: int = 5) -> float:
    """The mean cosine of two pictures of two people."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    person = np.arange(len(unit)) // pictures
    return float((unit @ unit.T)[person[:, None] != person[None, :]].mean())


COLLECTIONS = (collection(1, 60), collection(2, 60, leaning=leaning(20)), collection(3, 6, leaning=leaning(30)))


def test_every_collection_has_the_same_mean_afterwards() -> None:
    projection = fit_projection(COLLECTIONS, DIMENSION)
    before = [np.linalg.norm(vectors.mean(axis=0)) for vectors in COLLECTIONS]
    assert max(before) > 0.4
    for vectors in COLLECTIONS:
        assert np.linalg.norm(projected(projection, vectors).mean(axis=0)) < 1e-5


def test_what_differs_within_a_collection_is_kept_but_for_the_ways_in_which_collections_differ() -> None:
    projection = fit_projection(COLLECTIONS, DIMENSION)
    apart = np.stack([vectors.mean(axis=0) for vectors in COLLECTIONS])
    apart, _ = np.linalg.qr((apart[1:] - apart[0]).T)  # (D, 2)
    within = np.diff(COLLECTIONS[0], axis=0)
    left = within - within @ apart @ apart.T
    kept = np.diff(projected(projection, COLLECTIONS[0]), axis=0)
    assert np.allclose(kept @ kept.T, left @ left.T, atol=1e-4)


def test_strangers_of_a_narrow_collection_are_no_more_alike_than_others() -> None:
    new = collection(4, 8, leaning=leaning(30))  # people it was not made from, of the same kind
    wide = collection(5, 40)
    projection = fit_projection(COLLECTIONS, DIMENSION)
    assert strangers(new) - strangers(wide) > 0.2
    assert abs(strangers(projected(projection, new)) - strangers(projected(projection, wide))) < 0.08


def test_one_collection_alone_is_centred_and_turned() -> None:
    (only,) = COLLECTIONS[1:2]
    projection = fit_projection([only], DIMENSION)
    centred = only - only.mean(axis=0)
    found = projected(projection, only)
    assert np.allclose(found @ found.T, centred @ centred.T, atol=1e-4)


def test_fewer_numbers_say_as_much_where_there_is_no_more_to_say() -> None:
    plane = np.random.default_rng(7).normal(size=(20, DIMENSION))
    flat = [(vectors[:, :20] @ plane).astype(np.float32) for vectors in COLLECTIONS]  # of rank 20
    few, all_of_them = (fit_projection(flat, count) for count in (20, DIMENSION))
    assert few.directions.shape == (20, DIMENSION)
    for vectors in flat:
        short, long = projected(few, vectors), projected(all_of_them, vectors)
        assert np.allclose(short @ short.T, long @ long.T, rtol=1e-3, atol=1e-2)
        assert np.abs(long[:, 20:]).max() < 1e-3 * np.abs(long).max()


def test_principal_directions_keep_the_inner_products_of_what_lies_in_a_plane() -> None:
    generator = np.random.default_rng(3)
    flat = (generator.normal(size=(200, 5)) @ generator.normal(size=(5, 32))).astype(np.float32)
    directions = principal_directions(flat, 5)
    assert np.allclose(directions @ directions.T, np.eye(5), atol=1e-5)
    kept = flat @ directions.T
    assert np.allclose(kept @ kept.T, flat @ flat.T, atol=1e-2)


@pytest.mark.parametrize("count", [DIMENSION, 12])
def test_the_layer_after_the_network_reads_as_the_reading_says(count: int) -> None:
    class Given(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images

    projection = fit_projection(COLLECTIONS, count)
    vectors = COLLECTIONS[2]
    found = ProjectedEmbedder(Given(), projection)(torch.from_numpy(vectors * 7)).numpy()
    assert found.shape == (len(vectors), count)
    assert np.allclose(found, projected(projection, vectors), atol=1e-5)
    assert np.allclose(found / np.linalg.norm(found, axis=1, keepdims=True), projection.apply(vectors), atol=1e-5)
