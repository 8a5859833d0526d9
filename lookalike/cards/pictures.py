"""Where the pictures of the gallery's people come from, if they are there at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

import numpy as np
from cachetools import LRUCache

from index.previews import Previews
from index.types import Person
from lookalike.cards.crops import (
    CELEBA_ASPECT,
    CELEBA_POINTS,
    CELEBA_TOLERANCE,
    CELEBA_WIDTH,
    FACE_SHARE,
    cut_out,
    fit_gallery,
)
from lookalike.cards.picture_files import FolderFiles, PictureFiles
from pipeline.decode import PhotoLimits, decode
from pipeline.errors import BadPhoto, DegeneratePoints
from pipeline.picture_header import read_header
from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX, estimate_similarity
from pipeline.types import Points5, Rgb8

CACHE_BYTES: Final = 8 << 20  # about six cards' tiles
PREVIEW_SIDE_PX: Final = 1024  # longer than a preview ever is
SPARE: Final = 1.5  # how much larger than on the card a picture is decoded, so that shrinking it keeps it sharp
MIN_SIDE_PX: Final = 256


class PictureSource(Protocol):
    """Finds a person's picture. May be called from several threads."""

    def picture(self, person: Person, *, width: int, height: int) -> Rgb8 | None:
        """(height, width, 3), RGB, cut round the face, or None where there is none."""
        ...

    def face(self, person: Person, *, side_px: int) -> tuple[Rgb8, Points5] | None:
        """A picture that is not cut, and the five points on it; None where either is missing.

        side_px: how large it will be shown, so that no more is decoded.
        """
        ...


class FolderPictures:
    """Reads the pictures of people from wherever they lie; None stands for nowhere."""

    def __init__(
        self,
        files: Path | PictureFiles | None,
        *,
        previews: Previews | None = None,
        faces: Previews | None = None,
        limits: PhotoLimits | None = None,
    ) -> None:
        """files: a folder that the gallery's image names are relative to, or another place that they are read from.

        previews: small ones that the gallery's build made, shown while the picture itself is there. faces: small ones
        that stand for the pictures (`lookalike index pictures`). limits: what is read of the pictures themselves.
        """
        self._files = FolderFiles(files) if isinstance(files, Path) else files
        self._previews = previews or Previews()
        self._faces = faces or Previews()
        self._limits = limits or PhotoLimits()
        self._tiles: LRUCache[tuple[object, ...], Rgb8]
        self._tiles = LRUCache(CACHE_BYTES, getsizeof=lambda tile: tile.nbytes)
        self._lock = Lock()

    def picture(self, person: Person, *, width: int, height: int) -> Rgb8 | None:
        """The person's best picture; None where it is missing or can't be read: the card then draws one."""
        # Somebody who joins in another's place has the same number.
        key = (person.number, person.image, person.points, width, height, self._faces.stamp, self._previews.stamp)
        with self._lock:
            if (tile := self._tiles.get(key)) is not None:
                return tile
        tile = self._cut(person, width=width, height=height)
        if tile is not None and tile.nbytes <= CACHE_BYTES:
            with self._lock:
                self._tiles[key] = tile
        return tile

    def found(self, people: Collection[Person]) -> int:
        """How many of them have a picture here."""
        return sum(
            self._faces.has(person.number) or (self._files is not None and self._files.size(person.image) is not None)
            for person in people
        )

    def face(self, person: Person, *, side_px: int) -> tuple[Rgb8, Points5] | None:
        """The whole picture, or what a preview kept of it, with its points."""
        found = self._preview_face(person)
        if found is not None:
            return found
        decoded = self._decoded(person, width=side_px, height=side_px)
        if decoded is None or decoded[1] is None:
            return None
        return decoded[0], decoded[1]

    def _cut(self, person: Person, *, width: int, height: int) -> Rgb8 | None:
        found = self._preview_face(person) or self._decoded(person, width=width, height=height)
        if found is None:
            return None
        image, points = found
        try:
            if points is None:
                return fit_gallery(image, width=width, height=height)
            return cut_out(image, points, width=width, height=height)
        except DegeneratePoints:
            return None

    def _preview_face(self, person: Person) -> tuple[Rgb8, Points5] | None:
        preview = self._faces.of(person.number)
        if preview is None and self._files is not None:
            preview = self._previews.of(person.number)
            if preview is None or self._files.size(person.image) != preview.source_bytes:  # changed since
                return None
        if preview is None:
            return None
        try:
            limits = PhotoLimits(max_pixels=PREVIEW_SIDE_PX**2)  # previews are small
            return decode(preview.jpeg, limits=limits).image, _five(preview.points)
        except BadPhoto:
            return None

    def _decoded(self, person: Person, *, width: int, height: int) -> tuple[Rgb8, Points5 | None] | None:
        """The picture itself, as large as a tile of this size needs it, and its points if anybody knows them."""
        if self._files is None:
            return None
        try:
            data = self._files.read(person.image, max_bytes=self._limits.max_bytes)
            points = points_on(data, person)
            side = _working_side(data, points, width=width, height=height)
            photo = decode(data, limits=replace(self._limits, working_side_px=side, longest_side_px=side))
        except (OSError, BadPhoto, DegeneratePoints):
            return None
        if points is not None:
            return photo.image, np.asarray((points + 0.5) / photo.scale - 0.5, np.float32)
        shown_height, shown_width = photo.image.shape[:2]
        if abs(shown_width / shown_height - CELEBA_ASPECT) > CELEBA_TOLERANCE:
            return photo.image, None
        return photo.image, CELEBA_POINTS * np.float32(shown_width / CELEBA_WIDTH)


def _five(points: tuple[float, ...]) -> Points5:
    return np.array(points, np.float32).reshape(5, 2)


def points_on(data: bytes, person: Person) -> Points5 | None:
    """(5, 2) pixels of this copy of the person's picture, which may be larger or smaller than the gallery's was."""
    if person.points is None:
        return None
    header = read_header(data)
    if person.frame is None or header is None or header.size is None:
        return _five(person.points)
    ratio = max(header.size) / max(person.frame)
    return np.asarray((_five(person.points) + 0.5) * ratio - 0.5, np.float32)


def _working_side(data: bytes, points: Points5 | None, *, width: int, height: int) -> int:
    """How large a picture has to be decoded, in pixels of its longer side, for a tile of this size.

    Raises DegeneratePoints when the points have no spread.
    """
    most = PhotoLimits().working_side_px
    header = read_header(data)
    if header is None or header.size is None:
        return most  # `decode` says what is wrong
    if points is None:  # the shorter side fills the tile
        wanted = SPARE * max(width, height) * max(header.size) / min(header.size)
    else:
        matrix = estimate_similarity(points, ARCFACE_TEMPLATE)
        side = CROP_SIDE_PX / float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))  # of the ArcFace crop
        wanted = SPARE * max(header.size) * FACE_SHARE * max(width, height) / side
    return int(min(max(wanted, MIN_SIDE_PX), most))
