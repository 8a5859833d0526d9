"""orientation: which quarter turn a photo is answered in, from faces that are told for each turn."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from pipeline.landmarks import Landmarks
from pipeline.orientation import View, choose_view
from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import Box, Detection

SURE = 0.5


class Turns:
    """A photo whose face has these scores and rolls in its four turns. Counts how often each turn is detected."""

    def __init__(self, scores: tuple[float, ...], rolls: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)) -> None:
        self.scores = scores
        self.rolls = rolls
        self.detected: Counter[int] = Counter()
        self.glanced: Counter[int] = Counter()

    def __call__(self, turns: int) -> View:
        self.detected[turns] += 1
        turn = np.deg2rad(self.rolls[turns])
        centred = ARCFACE_TEMPLATE - ARCFACE_TEMPLATE.mean(axis=0)
        points = centred @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + 100
        one = (Detection(Box(50, 50, 150, 150), self.scores[turns]), Landmarks(points.astype(np.float32), 0.04))
        return View(turns, np.zeros((1, 1, 3), np.uint8), [one])

    def glance(self, turns: int) -> float:
        self.glanced[turns] += 1
        return self.scores[turns]


def test_an_upright_photo_is_detected_once() -> None:
    photo = Turns((0.9, 0.0, 0.0, 0.0))
    assert choose_view(photo, photo.glance, sure=SURE).turns == 0
    assert photo.detected == {0: 1}


def test_the_turns_are_tried_on_the_small_canvas_once_each_and_the_best_alone_is_looked_at() -> None:
    photo = Turns((0.3, 0.6, 0.8, 0.2))
    assert choose_view(photo, photo.glance, sure=SURE).turns == 2
    assert photo.detected == {0: 1, 2: 1}
    assert photo.glanced == {1: 1, 2: 1, 3: 1}


def test_no_turn_is_detected_twice_also_where_the_surest_one_lies_on_its_side() -> None:
    """Turn 1 has the surest face, which lies; turn 2 has it upright."""
    photo = Turns((0.3, 0.7, 0.6, 0.2), rolls=(180.0, -90.0, 0.0, 90.0))
    assert choose_view(photo, photo.glance, sure=SURE).turns == 2
    assert photo.detected == {0: 1, 1: 1, 2: 1}


def test_a_photo_without_faces_is_looked_at_once_and_glanced_at_from_three_sides() -> None:
    photo = Turns((0.3, 0.2, 0.4, 0.2))
    assert choose_view(photo, photo.glance, sure=SURE).turns == 0
    assert photo.detected == {0: 1}
    assert photo.glanced == {1: 1, 2: 1, 3: 1}


def test_a_sure_face_on_its_side_costs_one_more_turn() -> None:
    photo = Turns((0.7, 0.0, 0.0, 0.9), rolls=(90.0, 0.0, 0.0, 0.0))
    assert choose_view(photo, photo.glance, sure=SURE).turns == 3
    assert photo.detected == {0: 1, 3: 1}


@pytest.mark.parametrize(("kept", "turns"), [(0.75, 0), (0.85, 3)])
def test_a_turn_that_loses_the_faces_is_not_taken(kept: float, turns: int) -> None:
    """Lying faces may be real, a bed or a film still; the turned photo must show four fifths as much."""
    photo = Turns((0.8, 0.0, 0.0, 0.8 * kept), rolls=(90.0, 0.0, 0.0, 0.0))
    assert choose_view(photo, photo.glance, sure=SURE).turns == turns


@pytest.mark.parametrize(("lead", "turns"), [(0.08, 0), (0.12, 2)])
def test_another_turn_must_be_clearly_surer_than_the_photo_as_it_came(lead: float, turns: int) -> None:
    photo = Turns((0.48, 0.0, 0.48 + lead, 0.0))
    assert choose_view(photo, photo.glance, sure=SURE).turns == turns
