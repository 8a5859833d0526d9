"""gates: the first missed limit is named with its numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.gates import QualityGates
from pipeline.types import Quality, Refusal, RefusalCode

GATES = QualityGates()
GOOD = Quality(
    score=0.9,
    size_px=90.0,
    eye_distance_px=40.0,
    sharpness=400.0,
    light=120.0,
    yaw_deg=-10.0,
    roll_deg=5.0,
    points_error=0.03,
)


def test_a_good_face_is_not_refused() -> None:
    assert GATES.refuse(GOOD) is None


@pytest.mark.parametrize(
    ("changes", "code", "value", "limit"),
    [
        ({"eye_distance_px": 4.0}, RefusalCode.TOO_SMALL, 4.0, GATES.min_eye_distance_px),
        ({"points_error": 0.9}, RefusalCode.POINTS_UNSURE, 0.9, GATES.max_points_error),
        ({"yaw_deg": -85.0}, RefusalCode.TURNED_AWAY, 85.0, GATES.max_yaw_deg),
        ({"yaw_deg": 85.0}, RefusalCode.TURNED_AWAY, 85.0, GATES.max_yaw_deg),
        ({"light": 3.0}, RefusalCode.TOO_DARK, 3.0, GATES.min_light),
        ({"light": 254.0}, RefusalCode.TOO_BRIGHT, 254.0, GATES.max_light),
        ({"sharpness": 0.5}, RefusalCode.BLURRED, 0.5, GATES.min_sharpness),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_each_miss_is_named_with_what_was_measured(
    changes: dict[str, float], code: RefusalCode, value: float, limit: float
) -> None:
    assert GATES.refuse(replace(GOOD, **changes)) == Refusal(code, value, limit)


def test_the_most_telling_miss_comes_first() -> None:
    """A tiny dark face is told to be tiny: nearer would mend both."""
    refusal = GATES.refuse(replace(GOOD, eye_distance_px=3.0, light=1.0, sharpness=0.0))
    assert refusal is not None
    assert refusal.code is RefusalCode.TOO_SMALL


def test_limits_themselves_pass() -> None:
    edge = replace(
        GOOD,
        eye_distance_px=GATES.min_eye_distance_px,
        points_error=GATES.max_points_error,
        yaw_deg=GATES.max_yaw_deg,
        light=GATES.min_light,
        sharpness=GATES.min_sharpness,
    )
    assert GATES.refuse(edge) is None


def test_what_is_not_a_number_is_a_miss() -> None:
    refusal = GATES.refuse(replace(GOOD, points_error=float("nan")))
    assert refusal is not None
    assert refusal.code is RefusalCode.POINTS_UNSURE
