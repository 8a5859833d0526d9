"""Buttons' data: at most 64 bytes whatever a photo holds, and read back as written."""

from __future__ import annotations

import pytest
from aiogram.filters.callback_data import CallbackData
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram import callbacks
from bot.telegram.callbacks import AllFaces, Choose, Delete, Explain, FaceCard, FacePicker, Filter, HelpPage, Pair
from bot.telegram.limits import MAX_CALLBACK_DATA_BYTES

BIG = 10**6
LARGEST: list[CallbackData] = [
    FaceCard(face=BIG, skip=BIG, people=Filter.WOMEN),
    AllFaces(),
    FacePicker(),
    Explain(face=BIG, skip=BIG, people=Filter.WOMEN),
    Delete(),
    Pair(a=BIG, b=BIG),
    HelpPage(page=BIG),
    Choose(name="language", value="ru"),
]


def test_every_kind_of_button_is_in_the_table() -> None:
    kinds = {
        value
        for value in vars(callbacks).values()
        if isinstance(value, type) and issubclass(value, CallbackData) and value is not CallbackData
    }
    assert kinds == {type(example) for example in LARGEST}
    assert len({kind.__prefix__ for kind in kinds}) == len(kinds)


@pytest.mark.parametrize("data", LARGEST, ids=lambda data: type(data).__name__)
def test_data_fit_and_come_back(data: CallbackData) -> None:
    packed = data.pack()
    assert len(packed.encode()) <= MAX_CALLBACK_DATA_BYTES
    assert type(data).unpack(packed) == data


PREFIXES = sorted(type(example).__prefix__ for example in LARGEST)
# Data that look like ours, with fields of any kind, and data that do not.
FOREIGN = st.text(max_size=64) | st.builds(
    lambda prefix, fields: ":".join([prefix, *fields]),
    st.sampled_from(PREFIXES),
    st.lists(st.text(max_size=6) | st.integers().map(str), max_size=4),
)


@given(FOREIGN)
def test_data_are_refused_with_a_type_or_value_error_or_are_what_is_packed_again(text: str) -> None:
    """The filter of aiogram turns exactly these errors into "not mine"."""
    for example in LARGEST:
        kind = type(example)
        try:
            read = kind.unpack(text)
        except (TypeError, ValueError):
            continue
        assert text.split(":", maxsplit=1)[0] == kind.__prefix__
        assert kind.unpack(read.pack()) == read


@pytest.mark.parametrize("data", LARGEST, ids=lambda data: type(data).__name__)
def test_each_kind_of_button_refuses_the_others_and_what_is_bent(data: CallbackData) -> None:
    kind, fields = type(data), len(type(data).model_fields)
    others = [example.pack() for example in LARGEST if type(example) is not kind]
    bent = ["", "x" * 64, f"{kind.__prefix__}:" + ":".join(["0"] * (fields + 1))]
    bent += [f"{kind.__prefix__}:" + ":".join(["x"] * fields)] if fields and kind is not Choose else []
    for text in [*others, *bent]:
        with pytest.raises((TypeError, ValueError)):
            kind.unpack(text)
