"""Looks read off vectors, and what they do to the order of people: soft, exact, and nothing to what is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.faiss_rows import FaissRows
from index.gallery import Gallery
from index.looks import FILE, PENALTY, SEX, Looks, LooksDamaged, penalties, sexes
from index.types import GalleryInfo, Person, Vectors

MODEL = "e" * 64
SIDE = 16


def first_axis_is_sex(steepness: float = 20.0) -> Looks:
    """A network that says man where the first number of a vector is positive."""
    inner = np.zeros((SIDE, 2), np.float32)
    inner[0] = [steepness, -steepness]
    return Looks(
        embedder=MODEL,
        traits=(SEX,),
        inner=inner,
        inner_bias=np.zeros(2, np.float32),
        outer=np.array([[1.0], [-1.0]], np.float32),
        outer_bias=np.zeros(1, np.float32),
    )


def units(count: int, seed: int = 0) -> Vectors:
    raw = np.random.default_rng(seed).standard_normal((count, SIDE))
    return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)


def person(number: int, **attributes: bool) -> Person:
    return Person(number=str(number), name=None, image="", images=1, attributes=attributes)


def gallery(people: tuple[Person, ...], vectors: Vectors, looks: Looks | None) -> Gallery:
    info = GalleryInfo(
        people=len(people), pictures=1, embedder=MODEL, dimension=SIDE, vector_kind="mean", source="", created=""
    )
    return Gallery.of(info, people, FaissRows.of(vectors), looks=looks)


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    looks, vectors = first_axis_is_sex(), units(50)
    (tmp_path / FILE).write_bytes(looks.to_bytes())
    read = Looks.open(tmp_path / FILE)
    assert (read.embedder, read.traits) == (looks.embedder, looks.traits)
    np.testing.assert_allclose(read.certainty(vectors), looks.certainty(vectors), atol=1e-2)


@pytest.mark.parametrize("damage", ["text", "cut short", "of another shape", "not finite"])
def test_a_file_that_is_no_network_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    file, looks = tmp_path / FILE, first_axis_is_sex()
    if damage == "of another shape":
        looks = replace(looks, outer=np.zeros((3, 1), np.float32))
    if damage == "not finite":
        looks = replace(looks, outer=np.full((2, 1), np.nan, np.float32))
    data = b"looks" if damage == "text" else looks.to_bytes()
    file.write_bytes(data[: len(data) // 2] if damage == "cut short" else data)
    with pytest.raises(LooksDamaged, match=FILE):
        Looks.open(file)


@given(asker=st.floats(-1, 1))
def test_nobody_is_favoured_by_more_than_the_penalty_and_nobody_where_it_is_open(asker: float) -> None:
    off = penalties(asker)
    assert 0 <= min(off.values()) <= max(off.values()) <= PENALTY
    assert off[1 if asker > 0 else -1] == pytest.approx(0)
    assert set(penalties(0.0).values()) == {0.0}


def test_labels_go_before_what_the_looks_say_and_doubt_is_neither() -> None:
    people = [person(0, Male=True), person(1), person(2), replace(person(3, Male=True), attributes_predicted=True)]
    assert sexes(people, np.array([-1.0, 0.95, 0.5, -0.95])).tolist() == [1, 1, 0, -1]
    assert sexes(people, None).tolist() == [1, 0, 0, 0]


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 80),
    top=st.integers(0, 12),
    skip=st.integers(0, 20),
    filtered=st.sampled_from([None, ("Male", True), ("Male", False)]),
)
def test_the_order_is_that_of_the_cosine_less_the_penalty_and_the_cosine_is_told(
    seed: int, count: int, top: int, skip: int, filtered: tuple[str, bool] | None
) -> None:
    """Against the definition: filter, take off, sort all, cut. Who asks for men or women gets the nearest of them."""
    rng, looks = np.random.default_rng(seed), first_axis_is_sex()
    choices: tuple[dict[str, bool], ...] = ({}, {"Male": True}, {"Male": False})
    people = tuple(person(k, **choices[rng.integers(3)]) for k in range(count))
    asked, probe = gallery(people, units(count, seed), looks), units(1, seed + 1)[0]
    matches = asked.search(probe, model=MODEL, top=top, skip=skip, attribute=filtered)
    vectors = asked.vectors()
    cosines = vectors @ probe
    off = penalties(float(looks.of(probe)[SEX])) if filtered is None else dict.fromkeys((-1, 0, 1), 0.0)
    sex = sexes(people, looks.certainty(vectors)[:, 0])
    allowed = [k for k, one in enumerate(people) if filtered is None or one.attributes.get(filtered[0]) is filtered[1]]
    wanted = sorted(allowed, key=lambda k: (np.float32(off[int(sex[k])]) - cosines[k], k))[skip : skip + top]
    np.testing.assert_allclose([match.similarity for match in matches], cosines[wanted], atol=1e-6)
    assert [match.rank for match in matches] == list(range(skip + 1, skip + 1 + len(wanted)))


def test_a_man_gets_the_man_who_is_a_little_less_alike_and_the_woman_who_is_much_more_alike() -> None:
    probe = np.zeros(SIDE, np.float32)
    probe[:2] = [0.8, 0.6]
    vectors = np.stack([_at(probe, cosine, k) for k, cosine in enumerate((0.5, 0.4, 0.75), start=2)])
    people = (person(0, Male=False), person(1, Male=True), person(2, Male=False))
    asked = gallery(people, vectors, first_axis_is_sex())
    assert [match.person.number for match in asked.search(probe, model=MODEL, top=3)] == ["2", "1", "0"]
    plain = gallery(people, vectors, None)
    assert [match.person.number for match in plain.search(probe, model=MODEL, top=3)] == ["2", "0", "1"]


def _at(probe: Vectors, cosine: float, axis: int) -> Vectors:
    """A unit vector at this cosine to the probe, off it along an axis on which the probe has nothing."""
    other = np.zeros(SIDE, np.float32)
    other[axis] = 1.0
    return np.asarray(cosine * probe + (1 - cosine**2) ** 0.5 * other, np.float32)
