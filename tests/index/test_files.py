"""The table of people keeps everything that is known of them."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import GalleryDamaged
from index.people_table import decode_people, encode_people
from index.plain_text import clean_name, readable
from index.types import Person

people = st.lists(
    st.builds(
        Person,
        number=st.text(min_size=1, max_size=60).map(readable),
        name=st.none() | st.text(min_size=1).map(clean_name),
        name_inferred=st.booleans(),
        image=st.binary(min_size=1, max_size=60).map(os.fsdecode),
        images=st.integers(1, 1000),
        attributes=st.dictionaries(st.sampled_from(["Male", "Young", "Eyeglasses", "Goatee"]), st.booleans()),
        attributes_predicted=st.booleans(),
        points=st.none() | st.tuples(*[st.integers(-50, 9000).map(lambda tenths: tenths / 10)] * 10),
    ),
    unique_by=lambda person: person.number,
    max_size=6,
)


@given(people)
def test_people_come_back_as_they_were(written: list[Person]) -> None:
    assert decode_people(encode_people(written)) == tuple(written)


def test_one_person_is_one_line() -> None:
    """So that a diff of two galleries can be read."""
    both = [Person(number=name, name=None, image="a.jpg", images=1, attributes={}) for name in ("Ann", "Bob")]
    lines = encode_people(both).decode().splitlines()
    assert [json.loads(line.rstrip(","))["number"] for line in lines[1:3]] == ["Ann", "Bob"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('{"number": "1", "name": null, "image": "a"}', "0.images is missing"),
        ('{"number": "1", "name": null, "image": "a", "images": true}', "people.0|0.images should be a valid integer"),
        ('{"number": "1", "name": null, "image": "a", "images": 1, "attributes": "+"}', "the attributes"),
        ('{"number": "1", "name": null, "image": "a", "images": 1, "attributes": "+x"}', "the attributes"),
    ],
)
def test_a_person_that_cannot_be_is_refused(entry: str, message: str) -> None:
    table = f'{{"schema": 1, "attribute_names": ["Male", "Young"], "people": [{entry}]}}'
    with pytest.raises(GalleryDamaged, match=message):
        decode_people(table.encode())


def test_a_person_twice_is_refused() -> None:
    ann = Person(number="1", name=None, image="a.jpg", images=1, attributes={})
    with pytest.raises(GalleryDamaged, match="twice"):
        decode_people(encode_people([ann, ann]))
