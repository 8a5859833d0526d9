"""`lookalike evaluate portraits`: can the eight drawn people of a card be told apart?

Two tiles can where they differ in two drawn traits or where eyes, nose or mouth lie apart by 4 % of a tile's width,
both as the card's small faces are drawn. Traits are those that labels give, and hue, ground and collar, which are
picked by the person's number and say nothing of the person; a second count leaves these out. Askers are held-out people
of CelebA, on whom choices are made, and val people, who only report; who asks is taken out of the gallery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.embeddings import Embedded
from evaluation.metrics.bootstrap import Figure, mean_figure
from evaluation.suites.likeness import held_out_askers
from evaluation.suites.shipped import Evaluation
from index.types import Person
from lookalike.cards.answer_card import CIRCLE_ZOOM
from lookalike.cards.face_shape import EYES_Y
from lookalike.cards.portrait import Portrait, Traits, portrait_of
from lookalike.cards.portrait_shapes import whole_head_zoom

TRAITS_APART: Final = 2
WIDTH_APART: Final = 0.04  # of the tile's width
TILE_UNITS: Final = 100.0  # a small face's tile is a square, in units of the drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct:
    """One group of askers."""

    cards: int
    people: int
    all_eight: Figure  # share of cards whose 28 pairs can all be told apart
    pairs: Figure  # share of pairs of a card's tiles that can
    pairs_by_known: Figure  # the same by what labels and landmarks give alone


def measure(run: Evaluation, gallery: Sequence[Person]) -> dict[str, Distinct]:
    """gallery: with the looks and shapes that cards draw. Raises DataMissing."""
    drawn = {person.number: portrait_of(person) for person in gallery}
    portraits = [drawn[str(label)] for label in run.gallery.labels]
    askers = held_out_askers(run)
    groups: dict[str, tuple[Embedded, Sequence[set[int]]]] = {
        "CelebA, held out": (askers.pictures, askers.taken_out),
        "CelebA, val": (run.celeba_val, run.own_rows(run.celeba_val)),
        "web, val": (run.wild_val, run.wild_in_gallery(run.wild_val)),
    }
    found = {}
    for name, (pictures, taken_out) in groups.items():
        if not pictures.pictures:
            continue
        cards = [[portraits[row] for row in rows] for rows in run.nearest(pictures.vectors, taken_out)[0].tolist()]
        people = pictures.people
        apart = np.array([pairs_apart(card) for card in cards])
        by_known = np.array([pairs_apart(card, known=True) for card in cards])
        found[name] = Distinct(
            cards=len(cards),
            people=len(np.unique(people)),
            all_eight=mean_figure(np.asarray(apart.all(axis=1)), people, resamples=run.resamples),
            pairs=mean_figure(apart.mean(axis=1), people, resamples=run.resamples),
            pairs_by_known=mean_figure(by_known.mean(axis=1), people, resamples=run.resamples),
        )
    return found


def pairs_apart(card: Sequence[Portrait], *, known: bool = False) -> NDArray[np.bool_]:
    """(pairs,): whether each two tiles of a card can be told apart. known: by labels and landmarks alone."""
    return np.array([apart(one, other, known=known) for one, other in combinations(card, 2)])


def apart(one: Portrait, other: Portrait, *, known: bool = False) -> bool:
    """Whether two tiles can be told apart. A monogram can from everybody."""
    if one.traits is None or other.traits is None:
        return one.monogram != other.monogram or (one.traits is None) != (other.traits is None)
    different = sum(getattr(one.traits, trait.name) != getattr(other.traits, trait.name) for trait in fields(Traits))
    if not known:
        different += (one.hue != other.hue) + (one.ground != other.ground) + (one.collar != other.collar)
    moved = np.hypot(*(_placed(one) - _placed(other)).T).max() / TILE_UNITS
    return different >= TRAITS_APART or bool(moved >= WIDTH_APART)


def _placed(portrait: Portrait) -> NDArray[np.float64]:
    """(5, 2): eyes, nose and mouth corners on a small face's tile, in units from the middle of the eyes."""
    zoom = min(CIRCLE_ZOOM, whole_head_zoom(portrait))
    return np.asarray((np.array(portrait.shape.parts()) - [50.0, EYES_Y]) * zoom, np.float64)
