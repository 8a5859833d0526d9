"""The photo with its faces marked."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from lookalike.cards import FacesPicture
from lookalike.cards.faces_picture import ACCENT, MAX_SIDE_PX, QUIET, layout
from lookalike.cards.geometry import Rect
from lookalike.cards.placed import Canvas, Outline, Text
from lookalike.cards.theme import Style
from pipeline.types import Box, PhotoFaces
from tests.lookalike.cards.samples import drawn_photo, renderer


def place(photo: PhotoFaces) -> Canvas:
    return layout(photo, style=Style())


def numbers(canvas: Canvas) -> list[Text]:
    return [item for item in canvas.items if isinstance(item, Text)]


def boxes(canvas: Canvas, *, dashed: bool) -> list[Rect]:
    color = QUIET if dashed else ACCENT
    return [item.rect for item in canvas.items if isinstance(item, Outline) and item.color == color]


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_usable_faces_are_numbered_in_their_order_and_refused_ones_dashed(count: int) -> None:
    photo = drawn_photo(width=2400, height=900, faces=count)
    canvas = place(photo)
    assert [item.text for item in numbers(canvas)] == [str(n + 1) for n in range(len(photo.usable))]
    assert len(boxes(canvas, dashed=False)) == len(photo.usable)
    assert len(boxes(canvas, dashed=True)) == count - len(photo.usable)
    whole = Rect(0, 0, canvas.width, canvas.height)
    assert all(whole.contains(item.rect) for item in numbers(canvas))
    assert not any(a.rect.overlaps(b.rect) for a, b in combinations(numbers(canvas), 2))


def test_numbers_stand_nearest_to_their_own_face() -> None:
    photo = drawn_photo(width=2400, height=900, faces=9)
    canvas = place(photo)
    left_to_right = sorted(boxes(canvas, dashed=False), key=lambda rect: rect.x)  # they stand in one row
    rank = {index: k for k, index in enumerate(np.argsort([one.box.x0 for one in photo.usable]).tolist())}
    own = [left_to_right[rank[index]] for index in range(len(photo.usable))]
    for index, text in enumerate(numbers(canvas)):
        distances = [abs(text.rect.center.x - box.center.x) for box in own]
        assert distances.index(min(distances)) == index


@pytest.mark.parametrize(
    ("width", "height"), [(4000, 3000), (1280, 720), (640, 480), (90, 120), (6000, 150), (150, 6000)]
)
def test_the_size_suits_a_chat(width: int, height: int) -> None:
    data = renderer().render(FacesPicture(drawn_photo(width=width, height=height)))
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        assert max(image.size) <= MAX_SIDE_PX
        assert max(image.size) / min(image.size) <= 8.2
        assert max(image.size) >= min(720, 4 * max(width, height))


def test_boxes_beyond_the_edges_are_cut() -> None:
    photo = drawn_photo()
    outside = replace(photo.faces[0], box=Box(-50, -70, 900, 900))
    canvas = place(PhotoFaces(image=photo.image, faces=(outside,)))
    assert boxes(canvas, dashed=False) == [Rect(0, 0, canvas.width, canvas.height)]
    assert Rect(0, 0, canvas.width, canvas.height).contains(numbers(canvas)[0].rect)


def test_a_photo_of_refused_faces_alone_has_no_numbers() -> None:
    photo = drawn_photo(width=1200, height=400, faces=3)
    refused = PhotoFaces(image=photo.image, faces=tuple(face for face in photo.faces if not face.usable))
    assert numbers(place(refused)) == []
    assert len(boxes(place(refused), dashed=True)) == 1


def test_the_photo_itself_is_not_drawn_on() -> None:
    photo = drawn_photo(width=1280, height=900)
    before = photo.image.copy()
    renderer().render(FacesPicture(photo))
    assert np.array_equal(photo.image, before)
