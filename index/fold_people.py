"""A source's pictures, embedded, folded into people with a vector each: for a build, and for who joins later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.embed import Embed, Embedded, Skipped
from index.fold import VectorKind, fold
from index.plain_text import readable
from index.shape import mean_shape
from index.source import Known, Picture, Source
from index.types import Person

FACE_COLUMNS: Final = (
    "file", "person", "x0", "y0", "x1", "y1",
    *(f"{axis}_{name}" for name in ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth") for axis in "xy"),
)  # fmt: skip


@dataclass(slots=True, kw_only=True, eq=False)
class Folded:
    """Who came out, row by row, and what did not."""

    people: list[Person] = field(default_factory=list)
    vectors: list[NDArray[np.float32]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    faces: list[tuple[str, ...]] = field(default_factory=list)


def fold_people(source: Source, outcome_of: Callable[[Picture], Embedded | Skipped], *, kind: VectorKind) -> Folded:
    """Everybody of a source. outcome_of: what became of one of its pictures; asked in their order."""
    result = Folded()
    for number, group in groupby(source.pictures, key=lambda picture: picture.person):
        usable: list[tuple[Picture, Embedded]] = []
        for picture in group:
            outcome = outcome_of(picture)
            if isinstance(outcome, Skipped):
                result.skipped.append((readable(picture.file), outcome.reason))
            else:
                usable.append((picture, outcome))
                result.faces.append(_face_row(picture, outcome))
        folded = fold([outcome for _, outcome in usable], kind=kind) if usable else None
        if folded is None:
            if usable:
                result.skipped.append((f"{number}/", "its pictures' vectors cancel each other out"))
            result.left_out.append(number)
            continue
        vector, best = folded
        known = source.known.get(number, Known())
        result.vectors.append(vector)
        result.people.append(
            Person(
                number=number,
                name=known.name,
                name_inferred=known.name_inferred,
                image=usable[best][0].file,
                images=len(usable),
                points=tuple(round(value, 1) for value in usable[best][1].points.ravel().tolist()),
                frame=usable[best][1].frame,
                mean_shape=mean_shape(outcome.points for _, outcome in usable),
                attributes=dict(known.attributes or {}),
            )
        )
    return result


def embed_people(source: Source, embed: Embed, *, kind: VectorKind) -> Folded:
    """The same for a few people, all at once; nothing is noted on the way."""
    outcomes = embed(source.folder, source.pictures)
    by_file = {picture.file: outcome for picture, outcome in zip(source.pictures, outcomes, strict=True)}
    return fold_people(source, lambda picture: by_file[picture.file], kind=kind)


def _face_row(picture: Picture, outcome: Embedded) -> tuple[str, ...]:
    numbers = (*outcome.box, *outcome.points.ravel().tolist())
    return (readable(picture.file), picture.person, *(f"{number:.1f}" for number in numbers))
