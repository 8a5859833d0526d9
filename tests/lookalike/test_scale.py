"""What a similarity means in this gallery: on the measured curve, or derived for a gallery of another size."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.calibration import OtherGallery, Rate
from lookalike.scale import Scale, share_among
from tests.lookalike.cards.samples import CALIBRATION

MEASURED = Scale(CALIBRATION, people=CALIBRATION.gallery_people)
SMALL = Scale(CALIBRATION, people=77)


def test_the_measured_gallery_keeps_its_own_curve_and_bands() -> None:
    assert MEASURED.measured
    assert MEASURED.share(0.44).value == pytest.approx(0.1)
    assert MEASURED.share(0.9).bound == "at_most"
    assert MEASURED.share(0.1).bound == "at_least"
    assert MEASURED.band(0.5).key == "striking"


def test_another_gallery_s_rarity_comes_from_pairs_and_its_size() -> None:
    assert not SMALL.measured
    assert SMALL.share(0.34).value == pytest.approx(1 - (1 - 0.001) ** (77**CALIBRATION.crowding))
    assert SMALL.share(0.9).bound == "at_most"
    assert SMALL.share(-0.2).bound == "at_least"


def test_another_gallery_that_was_measured_has_a_curve_of_its_own() -> None:
    """How near strangers come to people who are all alike in something follows from no size."""
    rates = (Rate(share=0.5, similarity=0.2), Rate(share=0.05, similarity=0.3))
    calibration = replace(CALIBRATION, galleries=(OtherGallery(people=77, source="a congress", rates=rates),))
    scale = Scale(calibration, people=77, source="a congress")
    assert [scale.share(at).value for at in (0.2, 0.3)] == pytest.approx([0.5, 0.05])
    assert (scale.share(0.1).bound, scale.share(0.4).bound) == ("at_least", "at_most")
    assert not scale.measured
    assert scale.band(0.34).key == "alike"  # a pair is "close" here, but one stranger in 20 comes as near
    for people, source in ((78, "a congress"), (77, "my family")):
        other = Scale(calibration, people=people, source=source)
        assert other.share(0.34) == Scale(CALIBRATION, people=people).share(0.34)


def test_only_whom_the_measured_gallery_would_ask_is_asked_is_that_you() -> None:
    assert SMALL.band(0.6).key == "same"
    assert SMALL.band(0.5).key == "close"
    assert SMALL.band(0.33).key == "alike"
    assert SMALL.band(-0.5).key == "none"


def test_a_likeness_that_most_people_find_is_not_called_high() -> None:
    """Among 77 people one in seven strangers finds somebody at 0.28, which two random people seldom reach."""
    assert CALIBRATION.pair.band(0.28).key == "alike"
    assert SMALL.band(0.28).key == "slight"


@given(st.floats(0, 1), st.integers(1, 100_000))
def test_more_people_make_it_likelier_that_somebody_is_close(share: float, people: int) -> None:
    assert 0 <= share_among(share, people, 0.9) <= share_among(share, people + 1, 0.9) <= 1
    assert share_among(share, 1, 0.9) == pytest.approx(share)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_a_closer_face_is_never_called_less_alike(a: float, b: float) -> None:
    low, high = sorted((a, b))
    for scale in (MEASURED, SMALL):
        assert scale.band(low).step <= scale.band(high).step
        assert scale.share(low).value >= scale.share(high).value
