"""The list of people that no training saw."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.datasets.held_out import KINDS, held_out_people
from evaluation.datasets.pack import DataMissing


def test_the_list_names_people_of_each_source() -> None:
    people = held_out_people()
    assert set(people) == set(KINDS.values())
    assert all(people.values())


def test_a_missing_list_is_told_instead_of_leaving_the_groups_out(tmp_path: Path) -> None:
    """An installed wheel has no list: a report without groups would look whole."""
    with pytest.raises(DataMissing, match="checkout of the repository"):
        held_out_people(tmp_path / "held_out.json")
