"""Which way up a photo is: the quarter turn in which its faces are detected best. No networks of its own.

Most photos stand upright and one pass of the detector suffices. Where that pass finds no face for sure, the other three
turns are tried on a small canvas, and the best of them is looked at as a photo is; where most faces roll by more than
TURNED_DEG, the photo is turned by as much. No turn is tried twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from pipeline.landmarks import Landmarks
from pipeline.quality import roll_deg
from pipeline.types import Detection, Rgb8

TURNED_DEG: Final = 60.0  # a photo whose faces roll further than this was taken or sent sideways
# Expected landmark errors, over the eye distance, from which a face is doubted and at which it is not believed: nine in
# ten true faces of 24 px and more stay under the first, half of the false boxes lie over the second.
DOUBT_ERRORS: Final = (0.08, 0.20)
TURNED_STRENGTH: Final = 0.5  # what a face must reach to be believed in a turned photo only (see `strength`)
TURNED_LEAD: Final = 0.1  # and by how much it must beat the photo as it came, which is nearly always right
KEPT_RATIO: Final = 0.8  # of the summed strengths that another turn must keep to be taken for the upright one


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A photo turned clockwise by `turns` quarters and the faces found in it, both in the turned frame."""

    turns: int
    image: Rgb8
    faces: Sequence[tuple[Detection, Landmarks]]  # largest first
    left_out: int = 0  # faces that were detected for sure beyond the limit of faces, and not looked at further

    @property
    def best(self) -> float:
        """The strength of the surest face; 0 without one."""
        return max((strength(found, marks) for found, marks in self.faces), default=0.0)

    @property
    def total(self) -> float:
        return sum(strength(found, marks) for found, marks in self.faces)


def strength(found: Detection, marks: Landmarks) -> float:
    """Score of an upright face, 0..1, by detector and landmarks together: the detector's, less where landmarks doubt.

    A face that lies on its side may get a fair score and yet landmarks on forehead and hair; hands and folds do too.
    """
    return found.score * float(np.interp(marks.error, DOUBT_ERRORS, (1.0, 0.0)))


def choose_view(look: Callable[[int], View], glance: Callable[[int], float], *, sure: float) -> View:
    """Choose the quarter turn in which a photo's faces stand upright.

    look: finds the faces in the photo turned clockwise by 0 to 3 quarters; called once a turn at most. glance: the
    score of the surest face in the small photo turned by 1 to 3 quarters, 0 without one; called once a turn at most.
    sure: strength from which the photo as it came is believed without a try of the other turns.
    """
    view_at = cache(look)
    return _upright(view_at, _surest(view_at, glance, sure=sure))


def _surest(view_at: Callable[[int], View], glance: Callable[[int], float], *, sure: float) -> View:
    """The photo as it came or, where no face in it is sure, the turn that shows the surest face when it is small."""
    as_it_came = view_at(0)
    if as_it_came.best >= sure:
        return as_it_came
    score, turns = max((glance(turns), -turns) for turns in (1, 2, 3))
    if score < max(TURNED_STRENGTH, as_it_came.best + TURNED_LEAD):
        return as_it_came
    turned = view_at(-turns)
    return turned if turned.best >= max(TURNED_STRENGTH, as_it_came.best + TURNED_LEAD) else as_it_came


def _upright(view_at: Callable[[int], View], view: View) -> View:
    """Turn on where most faces of a view lie on their side: upright faces are detected and aligned better.

    So a photo and its quarter turn end in the same frame and give the same answer.
    """
    rolls = [roll_deg(marks.points) for found, marks in view.faces if strength(found, marks) > 0.0]
    turns = [(-round(roll / 90.0)) % 4 if abs(roll) > TURNED_DEG else 0 for roll in rolls]
    most = max(sorted(set(turns)), key=turns.count, default=0)
    if most == 0 or 2 * turns.count(most) <= len(turns):
        return view
    upright = view_at((view.turns + most) % 4)
    return upright if upright.total >= KEPT_RATIO * view.total else view
