"""Looks read off the vectors: right where they are said, silent where they can't be known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from index.probes import MIN_PRECISION, fit_probes, with_predictions
from index.types import Person, Vectors


def people_whose_first_axis_is_a_trait(count: int, *, clear: bool, seed: int = 3) -> tuple[Vectors, list[Person]]:
    """Unit vectors; with `clear`, the sign of the first axis is the trait, without it the trait is a coin."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 16))
    trait = rng.random(count) < 0.4
    if clear:
        vectors[:, 0] = np.where(trait, 3.0, -3.0) + rng.normal(size=count)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    people = [
        Person(number=str(k), name=None, image=f"{k}.jpg", images=1, attributes={"Male": bool(value)})
        for k, value in enumerate(trait)
    ]
    return vectors.astype(np.float32), people


def test_a_trait_that_shows_is_predicted_for_people_without_labels_and_marked() -> None:
    vectors, people = people_whose_first_axis_is_a_trait(400, clear=True)
    truth = [person.attributes["Male"] for person in people]
    hidden = [replace(person, attributes={}) if k >= 300 else person for k, person in enumerate(people)]
    probes = fit_probes(vectors, hidden)
    assert probes.probes[0].accuracy > 0.95
    told = with_predictions(hidden, vectors, probes)
    assert told[:300] == tuple(hidden[:300])
    said = [(person.attributes["Male"], truth[k]) for k, person in enumerate(told) if k >= 300 and person.attributes]
    assert len(said) > 80
    assert np.mean([guess == true for guess, true in said]) >= MIN_PRECISION
    assert all(person.attributes_predicted for person in told[300:] if person.attributes)


def test_a_trait_that_does_not_show_makes_no_probe() -> None:
    vectors, people = people_whose_first_axis_is_a_trait(400, clear=False)
    probes = fit_probes(vectors, people)
    assert probes.probes == ()
    hidden = [replace(person, attributes={}) for person in people]
    assert with_predictions(hidden, vectors, probes) == tuple(hidden)


@pytest.mark.parametrize("labelled", [0, 30])
def test_too_few_labels_make_no_probe(labelled: int) -> None:
    vectors, people = people_whose_first_axis_is_a_trait(200, clear=True)
    hidden = [replace(person, attributes={}) if k >= labelled else person for k, person in enumerate(people)]
    assert fit_probes(vectors, hidden).probes == ()


def test_predictions_are_not_learnt_from() -> None:
    """Else a second build would grow sure of its own guesses."""
    vectors, people = people_whose_first_axis_is_a_trait(400, clear=True)
    assert fit_probes(vectors, [replace(person, attributes_predicted=True) for person in people]).probes == ()
