"""The use cases: find look-alikes of every face of a photo, compare two photos. Bytes in, answers out.

`Finder` is synchronous and thread-safe: a terminal calls it directly, servers through `lookalike.serving.work_threads`.
"""

from __future__ import annotations

import time
from typing import Final, Protocol, TypeAlias

import numpy as np

from index.looks import SURE, Looks
from index.types import GalleryInfo, Match
from lookalike.answers import (
    Answer,
    BandedMatch,
    Caveat,
    Compared,
    Comparison,
    FaceAnswer,
    Found,
    NoFace,
    NotCompared,
    NoUsableFace,
    Unreadable,
)
from lookalike.calibration import Calibration
from lookalike.errors import NoSuchFace
from lookalike.reading_order import in_reading_order
from lookalike.scale import Scale
from pipeline.errors import BadPhoto
from pipeline.types import DecodedPhoto, Embedding, Face, PhotoFaces, Vector

TOP = 8
YOUNG: Final = "Young"  # CelebA's spelling; a quarter of its people are not
FAR_FROM_ALL: Final = 0.9  # share of strangers who find somebody closer
Photo: TypeAlias = bytes | DecodedPhoto | Unreadable  # a file; or what became of it where it was decoded before


class FaceReader(Protocol):
    """pipeline.face_pipeline.FacePipeline, as far as it is needed here. May be called from several threads."""

    def read(self, photo: bytes | DecodedPhoto) -> PhotoFaces:
        """Find, straighten and embed every face. Raises BadPhoto."""
        ...


class PeopleSearch(Protocol):
    """index.gallery.Gallery, as far as it is needed here. May be called from several threads."""

    @property
    def info(self) -> GalleryInfo: ...

    def search(
        self,
        vector: Vector,
        *,
        model: str,
        top: int = TOP,
        skip: int = 0,
        attribute: tuple[str, bool] | None = None,
    ) -> tuple[Match, ...]:
        """The nearest distinct people, `skip` of them passed over; `attribute` keeps only people with that value."""
        ...


class Finder:
    """Photo bytes -> Answer, two photos -> Comparison."""

    def __init__(
        self, reader: FaceReader, people: PeopleSearch, calibration: Calibration, *, looks: Looks | None = None
    ) -> None:
        """looks: of the reader's embedder; without them nothing is said of an asker's looks."""
        self._reader = reader
        self._people = people
        self._calibration = calibration
        self._looks = looks

    @property
    def gallery(self) -> GalleryInfo:
        return self._people.info

    @property
    def own(self) -> bool:
        """Whether the gallery is another than the one that was measured."""
        return not self._scale.measured

    @property
    def calibration(self) -> Calibration:
        return self._calibration

    @property
    def _scale(self) -> Scale:
        """Of the gallery as it is now: people join and leave one's own."""
        return Scale(self._calibration, people=self.gallery.people, source=self.gallery.source)

    def find(self, data: Photo, *, skip: int = 0, attribute: tuple[str, bool] | None = None) -> Answer:
        """Answer every usable face of one photo with its eight nearest people.

        skip: people passed over, for "the next eight". attribute: e.g. ("Male", False) keeps women only.
        """
        start = time.perf_counter()
        photo = self._read(data)
        if not isinstance(photo, PhotoFaces):
            return photo
        if not photo.usable:
            return _without_usable_face(photo)
        searching = time.perf_counter()
        own = self.own
        faces = []
        for number, face in enumerate(photo.usable, start=1):
            matches = self._matches(face, skip=skip, attribute=attribute)
            whole = skip == 0 and attribute is None
            faces.append(
                FaceAnswer(
                    number=number,
                    face=face,
                    matches=matches,
                    whole=whole,
                    own=own,
                    caveats=self._caveats(face, matches) if whole else (),
                )
            )
        done = time.perf_counter()
        timing = photo.timing_ms | {"search": (done - searching) * 1e3, "total": (done - start) * 1e3}
        return Found(photo=photo, faces=tuple(faces), timing_ms=timing)

    def compare(self, a: Photo, b: Photo, *, face_a: int | None = None, face_b: int | None = None) -> Comparison:
        """Compare one face of each photo: the most alike pair, or the faces at the given 0-based positions.

        Where one position is given, the other photo's most alike face is taken.

        Raises NoSuchFace when a position is not among the usable faces.
        """
        start = time.perf_counter()
        photos = []
        for which, data in (("a", a), ("b", b)):
            photo = self._read(data)
            if not isinstance(photo, PhotoFaces):
                return NotCompared(which=which, answer=photo)
            if not photo.usable:
                return NotCompared(which=which, answer=_without_usable_face(photo))
            photos.append(photo)
        photo_a, photo_b = photos
        for which, position, photo in (("first", face_a, photo_a), ("second", face_b, photo_b)):
            if position is not None and not 0 <= position < len(photo.usable):
                raise NoSuchFace(number=position + 1, usable=len(photo.usable), which=f"the {which} photo")
        pairs = _vectors(photo_a) @ _vectors(photo_b).T
        chosen_a, chosen_b = _most_alike(pairs, face_a, face_b)
        similarity = float(pairs[chosen_a, chosen_b])
        table = self._calibration.pair
        return Compared(
            photo_a=photo_a,
            photo_b=photo_b,
            face_a=chosen_a,
            face_b=chosen_b,
            similarity=similarity,
            band=table.band(similarity),
            false_match_rate=table.stranger_share(similarity),
            all_pairs=tuple(tuple(float(value) for value in row) for row in pairs),
            timing_ms={"total": (time.perf_counter() - start) * 1e3},
        )

    def nearest(
        self, embedding: Embedding, *, skip: int = 0, attribute: tuple[str, bool] | None = None
    ) -> tuple[BandedMatch, ...]:
        """The eight people nearest to one vector, which may be a mean over pictures of one face; skip as in `find`.

        Raises index.errors.GalleryOfAnotherEmbedder, or ValueError when it is no unit vector of the gallery's length.
        """
        scale = self._scale
        return tuple(
            _banded(match, scale)
            for match in self._people.search(
                embedding.vector, model=embedding.model, top=TOP, skip=skip, attribute=attribute
            )
        )

    def _read(self, photo: Photo) -> PhotoFaces | Unreadable:
        if isinstance(photo, Unreadable):
            return photo
        try:
            return in_reading_order(self._reader.read(photo))
        except BadPhoto as error:
            return Unreadable.of(error)

    def _matches(self, face: Face, *, skip: int, attribute: tuple[str, bool] | None) -> tuple[BandedMatch, ...]:
        if face.embedding is None:  # the caller passes usable faces only
            return ()
        return self.nearest(face.embedding, skip=skip, attribute=attribute)

    def _caveats(self, face: Face, matches: tuple[BandedMatch, ...]) -> tuple[Caveat, ...]:
        found = []
        if self._looks is not None and face.embedding is not None:
            certainty = self._looks.of(face.embedding.vector).get(YOUNG, 0.0)
            if certainty < -SURE:
                found.append(Caveat.FEW_OF_THE_AGE)
        # The table is of a gallery of its own size: the best of few is less alike whoever asks.
        as_many = self.gallery.people >= self._calibration.gallery_people / 2
        if as_many and matches and matches[0].stranger_share >= FAR_FROM_ALL:
            found.append(Caveat.NOBODY_CLOSE)
        return tuple(found)


def _most_alike(
    pairs: np.ndarray[tuple[int, int], np.dtype[np.float32]], face_a: int | None, face_b: int | None
) -> tuple[int, int]:
    """Positions of the most alike pair among those that are left to choose."""
    allowed = pairs.copy()
    if face_a is not None:
        allowed[np.arange(len(pairs)) != face_a] = -np.inf
    if face_b is not None:
        allowed[:, np.arange(pairs.shape[1]) != face_b] = -np.inf
    best = int(allowed.argmax())
    return best // pairs.shape[1], best % pairs.shape[1]


def _banded(match: Match, scale: Scale) -> BandedMatch:
    share = scale.share(match.similarity)
    return BandedMatch(match=match, band=scale.band(match.similarity), stranger_share=share.value, bound=share.bound)


def _without_usable_face(photo: PhotoFaces) -> NoFace | NoUsableFace:
    if photo.faces:
        return NoUsableFace(photo=photo, timing_ms=photo.timing_ms)
    return NoFace(photo=photo, timing_ms=photo.timing_ms)


def _vectors(photo: PhotoFaces) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.stack([face.embedding.vector for face in photo.usable if face.embedding is not None])
