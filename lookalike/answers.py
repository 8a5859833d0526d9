"""What the product can say to a photo or to two: plain values, no wording. Front ends `match` on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from index.types import Match, Person
from lookalike.calibration import Band
from lookalike.scale import Bound
from lookalike.wording import likeness, pair_verdict, person_title
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.types import Face, PhotoFaces


@dataclass(frozen=True, slots=True, kw_only=True)
class BandedMatch:
    """One tile of a card: who, how alike, and what that means among strangers to the gallery."""

    match: Match
    band: Band
    stranger_share: float  # share of strangers to the gallery whose best is at least this alike
    bound: Bound = ""  # "at_most", "at_least": only a limit of that share is known

    @property
    def rank(self) -> int:
        """1 is the nearest."""
        return self.match.rank

    @property
    def person(self) -> Person:
        return self.match.person

    @property
    def title(self) -> str:
        """Who it is, in English: a name, a guessed name marked as such, or the data set's number."""
        return person_title(self.match.person)

    @property
    def similarity(self) -> float:
        """Cosine, -1..1."""
        return self.match.similarity

    @property
    def likeness(self) -> str:
        """How alike, in English: "a strong likeness"."""
        return likeness(self.band.key)

    def __repr__(self) -> str:
        return f"<BandedMatch: {self.rank}. {self.title}, {self.similarity:.2f} {self.band.key}>"


class Caveat(StrEnum):
    """Why an answer may be worse than its number says. Guessed from the face; to be said kindly, or not at all."""

    FEW_OF_THE_AGE = "few_of_the_age"  # the asker seems older than nearly everybody here
    NOBODY_CLOSE = "nobody_close"  # nearly every stranger finds somebody closer: a child, or looks that are rare here


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceAnswer:
    """One usable face and its nearest people, the nearest first."""

    number: int  # 1-based, as drawn beside the box: usable faces are counted row by row, from left to right
    face: Face
    matches: tuple[BandedMatch, ...]
    whole: bool = True  # the first match is the nearest of the whole gallery: nobody was passed over or filtered out
    own: bool = False  # the gallery is another than the one that was measured
    caveats: tuple[Caveat, ...] = ()

    def __repr__(self) -> str:
        nearest = f", the nearest {self.matches[0]!r}" if self.matches else ""
        return f"<FaceAnswer: face {self.number}, {len(self.matches)} people{nearest}>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """At least one usable face."""

    photo: PhotoFaces
    faces: tuple[FaceAnswer, ...]  # one a usable face of photo.faces, in their order
    timing_ms: dict[str, float] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoFace:
    """The photo was read; no face was found, in any of its four quarter turns."""

    photo: PhotoFaces
    timing_ms: dict[str, float] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoUsableFace:
    """Faces were found, each with its reason why it can't be used."""

    photo: PhotoFaces
    timing_ms: dict[str, float] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """The bytes could not become a picture."""

    code: BadPhotoCode
    message: str  # English, for a terminal or a log; the bot words it by code
    want: float | None = None  # the limit, where the code names one: bytes, pixels, or pixels of a side
    got: float | None = None  # what the photo has

    @classmethod
    def of(cls, error: BadPhoto) -> Unreadable:
        return cls(code=error.code, message=error.message, want=error.want, got=error.got)


Answer = Found | NoFace | NoUsableFace | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """A pair of usable faces, one of each photo."""

    photo_a: PhotoFaces
    photo_b: PhotoFaces
    face_a: int  # index into photo_a.usable
    face_b: int  # index into photo_b.usable
    similarity: float
    band: Band
    false_match_rate: float  # share of pairs of strangers at least this alike
    all_pairs: tuple[tuple[float, ...], ...] = field(
        repr=False
    )  # similarity of every usable face of a (rows) with every one of b
    timing_ms: dict[str, float] = field(default_factory=dict, repr=False)

    @property
    def likeness(self) -> str:
        """How alike, in English as a card says it: "very alike"."""
        return pair_verdict(self.band.key)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NotCompared:
    """One of the photos could not be used; `answer` says which way."""

    which: str  # "a" or "b"
    answer: NoFace | NoUsableFace | Unreadable


Comparison = Compared | NotCompared
