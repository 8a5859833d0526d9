"""What a batch of the detector's training is made of: scenes cut, scaled, mirrored, turned, with their boxes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from training.data.scenes import Scene
from training.detector.batches import SceneBatches, as_batch
from training.detector.recipe import DetectorRecipe, SampleRecipe, Shares
from training.detector.samples import Labelled, mirrored, sample, turned

FACE = (255, 255, 255)


def drawn(box: tuple[int, int, int, int] = (30, 20, 70, 60), *, width: int = 160, height: int = 120) -> Labelled:
    """A black picture with one white square, which is the face."""
    pixels = np.zeros((height, width, 3), np.uint8)
    cv2.rectangle(pixels, box[:2], (box[2] - 1, box[3] - 1), FACE, -1)
    return Labelled(pixels, np.array([box], np.float32))


def white(picture: Labelled) -> tuple[float, float, float, float]:
    """The box of what is white."""
    rows, columns = np.nonzero(picture.pixels[..., 0] > 160)
    return float(columns.min()), float(rows.min()), float(columns.max()) + 1, float(rows.max()) + 1


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_boxes_go_with_their_pixels_when_a_picture_is_turned(quarters: int) -> None:
    picture = turned(drawn(), quarters)
    np.testing.assert_allclose(picture.boxes, [white(picture)])


def test_boxes_go_with_their_pixels_in_the_mirror() -> None:
    picture = mirrored(drawn())
    np.testing.assert_allclose(picture.boxes, [white(picture)])


def test_boxes_lie_on_their_faces_however_a_picture_is_cut_and_scaled() -> None:
    plain = SampleRecipe(gain=(1.0, 1.0), saturation=(1.0, 1.0), grey=0.0, blur=0.0, jpeg=0.0)
    seen = 0
    for seed in range(60):
        picture = sample(drawn(), plain, side_px=128, rng=np.random.default_rng(seed))
        assert picture.pixels.shape == (128, 128, 3)
        if len(picture.boxes):
            seen += 1
            np.testing.assert_allclose(picture.boxes, [white(picture)], atol=3.0)
        else:  # nothing is left of it that anybody would call a face
            assert (picture.pixels[..., 0] > 160).sum() < 0.2 * 128 * 128
    assert seen > 30


def scenes(folder: Path) -> list[Scene]:
    """Two scenes of each source; a source's pictures are of one colour."""
    made = []
    for number, source in enumerate(("wider", "mask", "portrait", "celeba", "empty")):
        for k in range(2):
            one = Scene(image=folder / f"{source}_{k}.png", label=folder / f"{source}_{k}.txt")
            cv2.imwrite(str(one.image), np.full((120, 160, 3), 20 + 50 * number, np.uint8))
            one.label.write_text("" if source == "empty" else "0 0.5 0.5 0.6 0.7\n")
            made.append(one)
    return made


def test_a_batch_is_a_function_of_its_step(tmp_path: Path) -> None:
    recipe = DetectorRecipe(batch=6, sample=SampleRecipe(sides_px=(64, 96)))
    one, again = (SceneBatches(scenes(tmp_path), recipe) for _ in range(2))
    for name, value in one(5).items():
        torch.testing.assert_close(value, again(5)[name])
    assert not torch.equal(one(5)["img"].mean(), one(6)["img"].mean())


def test_a_source_left_out_is_in_no_picture_of_any_batch(tmp_path: Path) -> None:
    """Not as a scene and not pasted, in a sheet or close by: its colour is nowhere."""
    shares = Shares(wider=1, mask=0, portrait=0, celeba=0, empty=1, pasted=1, sheet=1, close_up=1)
    plain = SampleRecipe(sides_px=(64,), gain=(1.0, 1.0), saturation=(1.0, 1.0), grey=0.0, blur=0.0, jpeg=0.0)
    recipe = DetectorRecipe(batch=8, shares=shares, sample=plain)
    without = SceneBatches([one for one in scenes(tmp_path) if one.source != "mask"], recipe)
    with_it = SceneBatches(scenes(tmp_path), recipe)
    for step in range(4):
        torch.testing.assert_close(with_it(step)["img"], without(step)["img"])
    with_mask = replace(recipe, shares=replace(shares, mask=3.0))
    assert not torch.equal(SceneBatches(scenes(tmp_path), with_mask)(0)["img"], without(0)["img"])


def test_composed_pictures_are_left_out_where_no_face_is_large_enough(tmp_path: Path) -> None:
    """A folder of small faces gives batches all the same."""
    small = scenes(tmp_path)
    for one in small:
        one.label.write_text("" if one.source == "empty" else "0 0.5 0.5 0.1 0.1\n")
    shares = Shares(pasted=9, sheet=9, close_up=9)
    batches = SceneBatches(small, DetectorRecipe(batch=2, shares=shares, sample=SampleRecipe(sides_px=(64,))))
    assert batches(0)["img"].shape == (2, 3, 64, 64)


def test_labels_are_shares_of_the_side_and_name_their_picture() -> None:
    square = drawn(width=128, height=128)
    none = Labelled(square.pixels, np.zeros((0, 4), np.float32))
    batch = as_batch([square, none, square])
    assert batch["img"].shape == (3, 3, 128, 128)
    assert batch["batch_idx"].tolist() == [0.0, 2.0]
    np.testing.assert_allclose(batch["bboxes"][0] * 128, [50, 40, 40, 40])
