"""picture_memory: the same pixels as Pillow's own copy, or nothing."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from PIL import Image

from pipeline.picture_memory import copied_rgb
from tests.pictures import scene


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 3), (160, 120), (1281, 333)])
def test_the_copy_has_pillows_pixels_and_outlives_the_picture(width: int, height: int) -> None:
    pixels = np.asarray(scene(width, height))
    picture = Image.fromarray(pixels)
    copied = copied_rgb(picture)
    assert copied is not None
    picture.paste((1, 2, 3), (0, 0, width, height))
    del picture
    gc.collect()
    assert np.array_equal(copied, pixels)
    assert copied.flags.c_contiguous
    assert copied.flags.writeable


def test_a_picture_in_several_pieces_is_left_to_strips() -> None:
    """Pillow keeps up to 16 MB in one piece."""
    assert copied_rgb(Image.new("RGB", (2048, 2048), (9, 8, 7))) is not None
    assert copied_rgb(Image.new("RGB", (2049, 2048))) is None


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGBA", "CMYK", "1", "I;16"])
def test_what_is_kept_in_another_form_is_not_taken_for_rgb(mode: str) -> None:
    assert copied_rgb(Image.new(mode, (40, 30))) is None
