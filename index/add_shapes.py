"""Gives the people of a gallery that was built before the shapes of faces their shapes; nothing is embedded again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from index.build import rewrite_people
from index.shape import mean_shape
from index.source import Points5, Source
from index.types import Person


def add_shapes(out: Path, source: Source) -> int:
    """Write the mean shape of everybody whose pictures come with points into the gallery at `out`.

    source: the folder that the gallery was built from. Returns how many people have a shape now.
    Raises GalleryMissing, GalleryDamaged, BuildRunning.
    """
    points: dict[str, list[Points5]] = defaultdict(list)
    for picture in source.pictures:
        if picture.points is not None:
            points[picture.person].append(picture.points)
    count = 0

    def change(people: tuple[Person, ...]) -> tuple[Person, ...]:
        nonlocal count
        changed = tuple(
            replace(person, mean_shape=mean_shape(points.get(person.number, ())) or person.mean_shape)
            for person in people
        )
        count = sum(person.mean_shape is not None for person in changed)
        return changed

    rewrite_people(out, change)
    return count
