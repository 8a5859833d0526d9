"""One person under two numbers: found by likeness, merged when CelebA's folder is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from index.celeba import mended, with_doubles
from index.doubles import SAME_FROM, celeba_doubles, find_doubles
from index.gallery import Gallery
from index.types import Person
from lookalike.paths import WEIGHTS


def test_pairs_are_found_across_blocks_of_rows_the_most_alike_first() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((1500, 64)).astype(np.float32)
    vectors[1400] = vectors[3] + 0.3 * rng.standard_normal(64)
    vectors[700] = vectors[9] + 0.1 * rng.standard_normal(64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    people = [Person(number=str(k), name=None, image="", images=1, attributes={}) for k in range(1500)]
    found = find_doubles(people, vectors)
    assert [(one.first.number, one.second.number) for one in found] == [("9", "700"), ("3", "1400")]


def test_merged_numbers_lead_to_one_that_is_no_double_itself() -> None:
    table = celeba_doubles()
    assert table
    assert not set(table.values()) & set(table)


def test_a_double_takes_the_other_number_only_where_that_is_there() -> None:
    double, kept = next(iter(celeba_doubles().items()))
    assert with_doubles({"1.jpg": double, "2.jpg": kept}) == {"1.jpg": kept, "2.jpg": kept}
    assert with_doubles({"1.jpg": double}) == {"1.jpg": double}


def test_guesses_that_the_alphabet_contradicts_are_dropped_and_names_rightly_spelt() -> None:
    guesses = {"4304": "Selena Gomez", "9444": "Christian Bale", "3817": "Henry Cavil", "1": "Somebody"}
    assert mended(guesses) == {"3817": "Henry Cavill", "1": "Somebody"}


def test_nobody_stands_twice_in_the_shipped_gallery() -> None:
    shipped = Gallery.open(WEIGHTS / "gallery", embedder=None)
    assert find_doubles(shipped.people, shipped.vectors(), at=SAME_FROM) == ()
    names = [person.name for person in shipped.people if person.name]
    assert len(names) == len(set(names))


def test_the_tables_lie_beside_the_code_that_reads_them() -> None:
    folder = Path(find_doubles.__code__.co_filename).parent
    assert {"celeba_doubles.csv", "celeba_name_fixes.csv"} <= {path.name for path in folder.iterdir()}
