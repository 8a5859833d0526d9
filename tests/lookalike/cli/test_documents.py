"""The JSON documents: keys, frames, and what a script can rely on."""

from __future__ import annotations

import json

import pytest

from lookalike.cli.documents import answer_document, comparison_document, photo_document
from lookalike.finder import Finder
from tests.lookalike.builders import EightPeople, ScriptedReader, calibration, face, photo, unit


def test_boxes_and_points_are_pixels_of_the_file_not_of_the_working_image() -> None:
    """A large photo is worked on smaller; its numbers must fit the file."""
    document = photo_document("p.jpg", photo(face(unit(1)), scale=3.0), embeddings=False)
    assert document["faces"][0]["box"] == [30.0, 30.0, 270.0, 270.0]
    # Whole numbers are pixel centres: the centre of working pixel 35 lies three pixels wide in the file, around 106.
    assert document["faces"][0]["points"][0] == [106.0, 121.0]
    assert document["faces"][0]["quality"]["size_px"] == 240.0


def test_a_refused_face_is_listed_with_code_and_sentence() -> None:
    document = photo_document("p.jpg", photo(face(None)), embeddings=True)
    entry = document["faces"][0]
    assert entry["usable"] is False
    assert entry["reason"]["code"] == "too_small"
    assert "7 px between the eyes, 12 are needed" in entry["reason"]["message"]
    assert entry["embedding"] is None


def test_a_refusal_speaks_of_the_file_s_pixels_too() -> None:
    document = photo_document("p.jpg", photo(face(None), scale=2.0), embeddings=False)
    assert "14 px between the eyes, 24 are needed" in document["faces"][0]["reason"]["message"]


@pytest.mark.parametrize("asked", [True, False])
def test_embeddings_are_printed_only_when_asked_for(asked: bool) -> None:
    document = photo_document("p.jpg", photo(face(unit(3, 4))), embeddings=asked)
    want = pytest.approx([0.6, 0.8, 0, 0, 0, 0, 0, 0]) if asked else None
    assert document["faces"][0]["embedding"] == want


def test_matches_hang_on_usable_faces_alone() -> None:
    finder = Finder(ScriptedReader({b"p": photo(face(None), face(unit(1)))}), EightPeople(), calibration())
    document = answer_document("p.jpg", finder.find(b"p"), embeddings=False)
    assert "matches" not in document["faces"][1]  # the refused one stands last
    matches = document["faces"][0]["matches"]
    assert [entry["rank"] for entry in matches] == list(range(1, 9))
    assert set(matches[0]) == {"rank", "person", "name", "name_guessed", "image", "similarity", "band"}
    assert document["error"] is None
    json.dumps(document, allow_nan=False)


def test_a_comparison_that_failed_says_which_photo_and_why() -> None:
    finder = Finder(ScriptedReader({b"a": photo(face(unit(1))), b"b": photo()}), EightPeople(), calibration())
    document = comparison_document("a.jpg", "b.jpg", finder.compare(b"a", b"b"), calibration=calibration())
    assert document["error"] == {
        "code": "no_face",
        "message": "b.jpg: no face was found; try a photo with a larger, clearer face",
    }
    assert document["similarity"] is None
