"""The JSON documents that `--json` prints: answers in, plain dictionaries out. Described in docs/cli.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lookalike.answers import Answer, BandedMatch, Comparison, Found, NotCompared, Unreadable
from lookalike.calibration import Calibration
from lookalike.cli.sentences import refusal_sentence, unanswered_code, unanswered_sentence
from lookalike.wording import below_measured, beyond_measured
from pipeline.types import Face, FloatArray, PhotoFaces

Document = dict[str, Any]


def problem(code: str, message: str) -> Document:
    """Wrap what went wrong for a script (`code`) and for a person (`message`)."""
    return {"code": code, "message": message}


def face_document(face: Face, photo: PhotoFaces, *, embeddings: bool) -> Document:
    """One face, in pixels of the photo file after EXIF orientation."""
    scale, quality = photo.scale, face.quality
    box = photo.box_as_sent(face.box)
    refusal = photo.refusal_as_sent(face.refusal) if face.refusal else None
    return {
        "box": [round(side, 2) for side in (box.x0, box.y0, box.x1, box.y1)],
        "points": [[round(float(x), 2), round(float(y), 2)] for x, y in photo.points_as_sent(face.points)],
        "score": round(quality.score, 4),
        "usable": face.usable,
        "reason": problem(str(refusal.code), refusal_sentence(refusal)) if refusal else None,
        "quality": {
            "size_px": round(quality.size_px * scale, 1),
            "eye_distance_px": round(quality.eye_distance_px * scale, 1),
            "sharpness": round(quality.sharpness, 1),
            "light": round(quality.light, 1),
            "yaw_deg": round(quality.yaw_deg, 1),
            "roll_deg": round(quality.roll_deg, 1),
            "points_error": round(quality.points_error, 4),
        },
        "embedding": [float(value) for value in face.embedding.vector] if embeddings and face.embedding else None,
    }


def photo_document(path: str, photo: PhotoFaces, *, embeddings: bool) -> Document:
    """One photo of `lookalike faces`: every face, unusable ones with their reason."""
    return {
        "path": path,
        "faces": [face_document(face, photo, embeddings=embeddings) for face in photo.faces],
        "faces_left_out": photo.left_out,
        "error": None,
    }


def with_landmarks68(document: Document, photo: PhotoFaces, points: Sequence[FloatArray]) -> Document:
    """Add `landmarks68` to every face, pixels of the photo file in iBUG's order; None for faces that can't be used.

    points: (68, 2) of each usable face in turn, pixels of the working picture.
    """
    found = iter(points)
    for entry in document["faces"]:
        placed = photo.points_as_sent(next(found)) if entry["usable"] else None
        entry["landmarks68"] = None if placed is None else [[round(float(x), 2), round(float(y), 2)] for x, y in placed]
    return document


def failed_document(path: str, code: str, message: str) -> Document:
    """One photo that could not be read."""
    return {"path": path, "faces": [], "faces_left_out": 0, "error": problem(code, message)}


def matches_document(matches: Sequence[BandedMatch]) -> list[Document]:
    """The people near one face, the nearest first."""
    return [
        {
            "rank": banded.match.rank,
            "person": banded.match.person.number,
            "name": banded.match.person.name,
            "name_guessed": banded.match.person.name_inferred,
            "image": banded.match.person.image,
            "similarity": round(banded.match.similarity, 4),
            "band": banded.band.key,
        }
        for banded in matches
    ]


def answer_document(path: str, answer: Answer, *, embeddings: bool, cards: Sequence[str | None] = ()) -> Document:
    """One photo of `lookalike match`: as `faces`, with the matches and the card's path of each usable face.

    cards: in the order of the answer's faces; faces beyond them have none.
    """
    if isinstance(answer, Unreadable):
        return failed_document(path, unanswered_code(answer), unanswered_sentence(answer))
    document = photo_document(path, answer.photo, embeddings=embeddings)
    if isinstance(answer, Found):
        answered = {id(item.face): item for item in answer.faces}
        written = dict(enumerate(cards, start=1))
        for face, entry in zip(answer.photo.faces, document["faces"], strict=True):
            if (item := answered.get(id(face))) is not None:
                entry["matches"] = matches_document(item.matches)
                entry["caveats"] = [str(caveat) for caveat in item.caveats]
                entry["card"] = written.get(item.number)
    else:
        document["error"] = problem(unanswered_code(answer), unanswered_sentence(answer))
    return document


def comparison_document(a: str, b: str, comparison: Comparison, *, calibration: Calibration) -> Document:
    """Both paths as given and what the pair of faces says."""
    if isinstance(comparison, NotCompared):
        path = a if comparison.which == "a" else b
        answer = comparison.answer
        return failed_comparison_document(a, b, unanswered_code(answer), f"{path}: {unanswered_sentence(answer)}")
    table, similarity = calibration.pair, comparison.similarity
    bound = "at_most" if beyond_measured(table, similarity) else None
    return _comparison(a, b) | {
        "face_a": comparison.face_a + 1,
        "face_b": comparison.face_b + 1,
        "usable_a": len(comparison.photo_a.usable),
        "usable_b": len(comparison.photo_b.usable),
        "similarity": round(similarity, 4),
        "band": comparison.band.key,
        "false_match_rate": comparison.false_match_rate,
        "false_match_rate_bound": "at_least" if below_measured(table, similarity) else bound,
    }


def failed_comparison_document(a: str, b: str, code: str, message: str) -> Document:
    """Two photos that could not be compared."""
    return _comparison(a, b) | {"error": problem(code, message)}


def _comparison(a: str, b: str) -> Document:
    empty = dict.fromkeys(
        ("face_a", "face_b", "usable_a", "usable_b", "similarity", "band", "false_match_rate", "false_match_rate_bound")
    )
    return {"a": a, "b": b, **empty, "card": None, "error": None}
