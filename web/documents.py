"""What the API answers, as types, and how answers become that. The form and codes are those of the CLI's --json.

Beside the CLI's keys stand words in the reader's language (`title`, `word`, `sentence`, ...), the photo's size and,
where asked for, pictures as base64.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from index.types import GalleryInfo
from lookalike.answers import Answer, BandedMatch, Comparison, FaceAnswer, Found, NotCompared, Unreadable
from lookalike.calibration import Calibration
from lookalike.cards import ThemeName
from lookalike.cli.documents import comparison_document, face_document, matches_document
from lookalike.cli.sentences import unanswered_code
from pipeline.types import Face, PhotoFaces
from web.words import Words

PHOTO = "photo"  # stands for the path, which an upload has none of


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class Problem(_Document):
    """What went wrong: for a script and for a person."""

    code: str
    message: str


class Failure(_Document):
    """A request that was not answered."""

    error: Problem


class QualityOut(_Document):
    """What was measured on a face, in pixels of the photo as sent."""

    size_px: float
    eye_distance_px: float
    sharpness: float = Field(description="Percent: about 100 in a good picture, 10 in a quite blurred one.")
    light: float = Field(description="Mean brightness, 0 to 255.")
    yaw_deg: float
    roll_deg: float
    points_error: float = Field(description="Expected mean error of the points, as a share of the eye distance.")


class MatchOut(_Document):
    """One person near a face."""

    rank: int
    person: str
    name: str | None
    name_guessed: bool | None = None
    image: str
    similarity: float
    band: str
    title: str = Field(description="Who it is, in the reader's language.")
    looks: str
    word: str = Field(description="The band's name.")
    said: str = Field(description="The similarity as people read it.")
    step: int = Field(description="The band as 1 to 5 dots, 5 the most alike.")


class WhyOut(_Document):
    """What of a face carries the likeness."""

    parts: list[str] = Field(description="One or two parts of the face; none where it is the face as a whole.")
    sentence: str
    card: str = Field(description="A picture of it, a JPEG in base64.")


class FaceOut(_Document):
    """One face of a photo, in pixels of the photo after EXIF orientation."""

    box: list[float]
    points: list[list[float]]
    score: float
    usable: bool
    reason: Problem | None
    quality: QualityOut
    embedding: list[float] | None
    number: int | None = Field(description="Usable faces are counted as one reads; null for one that can't be used.")
    crop: str | None = Field(default=None, description="The straightened face, a PNG of 112 x 112 px in base64.")
    matches: list[MatchOut] | None = None
    caveats: list[str] | None = None
    caveat_sentences: list[str] | None = None
    headline: str | None = Field(default=None, description="The verdict, as the card has it.")
    overline: str | None = Field(default=None, description="The small line above it; may be empty.")
    sentence: str | None = Field(default=None, description="How rare the first match's likeness is.")
    why: WhyOut | None = Field(default=None, description="Where `why` asked for this face.")
    card: str | None = Field(default=None, description="The card, a JPEG in base64, where `card` asked for this face.")


class PhotoOut(_Document):
    """One photo."""

    path: str
    width: int | None = None
    height: int | None = None
    faces: list[FaceOut]
    faces_left_out: int
    error: Problem | None
    embedder: str | None = None
    timing_ms: dict[str, float] | None = None


class ComparisonOut(_Document):
    """Two photos."""

    a: str
    b: str
    face_a: int | None
    face_b: int | None
    usable_a: int | None = None
    usable_b: int | None = None
    similarity: float | None
    band: str | None
    false_match_rate: float | None
    false_match_rate_bound: str | None
    card: str | None
    error: Problem | None
    which: str | None = Field(default=None, description='"a" or "b": the photo that could not be used.')
    word: str | None = None
    said: str | None = None
    step: int | None = None
    sentence: str | None = None


class NearOut(_Document):
    """The people near a vector."""

    matches: list[MatchOut]
    sentence: str | None


class GalleryOut(_Document):
    """A gallery to choose."""

    name: str
    people: int
    pictures: int
    source: str
    created: str


class LimitsOut(_Document):
    """What is taken of a photo."""

    max_photo_bytes: int
    max_photo_pixels: int


class GalleriesOut(_Document):
    """What there is to ask, and the limits."""

    galleries: list[GalleryOut]
    embedder: str
    dimension: int
    limits: LimitsOut


class PersonOut(_Document):
    """Somebody of a gallery of one's own."""

    person: str
    name: str | None
    pictures: int


class PeopleOut(_Document):
    """Who is in a gallery of one's own."""

    people: list[PersonOut]


class VectorIn(BaseModel):
    """A vector, or a mean of several of one face, scaled to length 1."""

    model_config = ConfigDict(extra="forbid")

    embedding: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a face is asked for beside the figures."""

    embeddings: bool = False
    crops: bool = False
    frame: bool = False  # one of a live camera
    card: int | None = None  # the face whose card to draw
    why: int | None = None  # the face to say why of
    theme: ThemeName = "light"


def base64_text(data: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(data).decode("ascii")


def match_document(matches: tuple[BandedMatch, ...], words: Words) -> list[dict[str, Any]]:
    """The people near a face, with their words."""
    return [
        plain
        | {
            "title": words.title(match),
            "looks": words.looks(match),
            "word": words.likeness(match),
            "said": words.similarity(match.similarity),
            "step": words.step(match.band),
        }
        for plain, match in zip(matches_document(matches), matches, strict=True)
    ]


def photo_document(photo: PhotoFaces, words: Words, wanted: Wanted, *, embedder: str) -> dict[str, Any]:
    """Every face of a photo, those that can't be used with their reason."""
    height, width = photo.image.shape[:2]
    numbers = {id(face): number for number, face in enumerate(photo.usable, start=1)}
    return {
        "path": PHOTO,
        "width": round(width * photo.scale),
        "height": round(height * photo.scale),
        "faces": [_face(face, photo, words, wanted) | {"number": numbers.get(id(face))} for face in photo.faces],
        "faces_left_out": photo.left_out,
        "error": None,
        "embedder": embedder,
        "timing_ms": {stage: round(spent, 1) for stage, spent in photo.timing_ms.items()},
    }


def _face(face: Face, photo: PhotoFaces, words: Words, wanted: Wanted) -> dict[str, Any]:
    document = face_document(face, photo, embeddings=wanted.embeddings)
    if face.refusal is not None:
        document["reason"]["message"] = words.refused(photo.refusal_as_sent(face.refusal))
    if wanted.crops:
        buffer = io.BytesIO()
        Image.fromarray(face.crop).save(buffer, "PNG")
        document["crop"] = base64_text(buffer.getvalue())
    return document


def failed_photo(code: str, message: str) -> dict[str, Any]:
    """A photo that could not be read."""
    return {"path": PHOTO, "faces": [], "faces_left_out": 0, "error": {"code": code, "message": message}}


def answer_document(answer: Answer, words: Words, wanted: Wanted, *, gallery: GalleryInfo) -> dict[str, Any]:
    """One photo and the people near each of its usable faces."""
    if isinstance(answer, Unreadable):
        return failed_photo(unanswered_code(answer), words.unanswered(answer))
    document = photo_document(answer.photo, words, wanted, embedder=gallery.embedder)
    if not isinstance(answer, Found):
        return document | {"error": {"code": unanswered_code(answer), "message": words.unanswered(answer)}}
    document["timing_ms"] = {stage: round(spent, 1) for stage, spent in answer.timing_ms.items()}
    answered = {item.number: item for item in answer.faces}
    for entry in document["faces"]:
        if (item := answered.get(entry["number"])) is not None:
            entry.update(_answered(item, words, people=gallery.people, several=len(answer.faces) > 1))
    return document


def _answered(answer: FaceAnswer, words: Words, *, people: int, several: bool) -> dict[str, Any]:
    return {
        "matches": match_document(answer.matches, words),
        "caveats": [str(caveat) for caveat in answer.caveats],
        "caveat_sentences": words.caveats(answer),
        "headline": words.headline(answer, people=people),
        "overline": words.overline(answer, people=people, several=several),
        "sentence": words.sentence(answer) or None,
        "card": None,
    }


def compared_document(
    comparison: Comparison, words: Words, *, calibration: Calibration, card: bytes | None
) -> dict[str, Any]:
    """Two photos, compared or not."""
    document = comparison_document("a", "b", comparison, calibration=calibration)
    if isinstance(comparison, NotCompared):
        document["error"]["message"] = words.unanswered(comparison.answer)
        document["which"] = comparison.which
        return document
    return document | {
        "word": words.pair_likeness(comparison),
        "said": words.similarity(comparison.similarity),
        "step": words.step(comparison.band),
        "sentence": words.pair(comparison),
        "card": None if card is None else base64_text(card),
    }
