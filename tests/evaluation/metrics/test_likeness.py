"""Agreement of looks: counted over labels alone, in brackets over people."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.datasets.askers import aspects_of, read_looks
from evaluation.datasets.pack import read_wild
from evaluation.metrics.likeness import Asked, gain_of_first, measure
from lookalike.paths import ROOT

MAN, WOMAN = {"sex": "yes"}, {"sex": "no"}
GALLERY = [MAN, WOMAN, {}, MAN]


def asked(rows: list[list[int]], looks: list[dict[str, str]], fifty: list[list[int]] | None = None) -> Asked:
    return Asked(
        people=np.array([f"person {k}" for k in range(len(rows))]),
        looks=looks,
        rows=np.array(rows, np.int64),
        fifty=np.array(fifty or [[0]] * len(rows), np.int64),
    )


def test_matches_without_a_label_are_in_no_share_and_counted() -> None:
    found = measure(asked([[0, 2], [2, 1]], [MAN, MAN]), GALLERY, resamples=20)
    assert found.aspects["sex"].first.value == 1.0
    assert found.aspects["sex"].eight.value == 0.5
    assert (found.unlabelled_first, found.unlabelled_eight) == (0.5, 0.5)


def test_one_person_of_the_other_sex_makes_a_card_of_both() -> None:
    found = measure(asked([[0, 3, 1], [0, 3, 2]], [MAN, MAN]), GALLERY, resamples=20)
    assert found.other_sex.value == 0.5


def test_agreement_with_other_networks_is_the_share_of_the_shown_among_theirs() -> None:
    found = measure(asked([[0, 1], [2, 3]], [MAN, WOMAN], [[0, 3], [2, 3]]), GALLERY, resamples=20)
    assert found.of_fifty.value == pytest.approx(0.75)


def test_a_gain_is_paired_and_leaves_out_askers_without_a_label_in_either_answer() -> None:
    before, after = asked([[1], [1], [0]], [MAN] * 3), asked([[0], [2], [0]], [MAN] * 3)
    assert gain_of_first(before, after, GALLERY, resamples=20).value == pytest.approx(0.5)


def test_hair_is_said_where_one_colour_was_labelled() -> None:
    assert aspects_of({"Black_Hair": True, "Brown_Hair": True})["hair"] == "dark"
    assert "hair" not in aspects_of({"Blond_Hair": True, "Brown_Hair": True})
    assert aspects_of({"No_Beard": False, "Male": True}) == {"beard": "yes", "sex": "yes"}


@pytest.mark.skipif(not (ROOT / "data" / "wild").is_dir(), reason="the data pack is not here")
def test_everybody_of_the_web_val_pictures_is_in_the_table() -> None:
    val = {picture.person for picture in read_wild(ROOT / "data") if picture.split == "val"}
    assert val <= set(read_looks())
