"""stretched_edges: what was never photographed becomes black, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.decode import decode
from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX, align_face, estimate_similarity, template_for
from pipeline.stretched_edges import blacken_stretched, find_stretched, is_tight
from pipeline.types import Points5, Rgb8

SAMPLES = Path(__file__).resolve().parents[2] / "lookalike" / "sample"
POINTS: dict[str, Points5] = {
    "grace_hopper": np.array([[224, 194], [309, 191], [269, 240], [236, 278], [304, 275]], np.float32),
    "astronaut": np.array([[205, 101], [248, 103], [225, 128], [202, 139], [246, 141]], np.float32),
}
MIDDLE = np.s_[48:94, 38:74]  # from the eyes to the mouth, where the template puts them
FACE = tuple(np.rint(ARCFACE_TEMPLATE[:, ::-1]).astype(int).T)  # rows and columns of the five points


def photo(name: str) -> Rgb8:
    return decode((SAMPLES / f"{name}.jpg").read_bytes()).image


def tight(name: str, turn_deg: float, sides: tuple[float, float, float, float]) -> tuple[Rgb8, np.ndarray]:
    """A face photographed tightly, turned by an angle, and straightened by someone who stretched its edges.

    sides: left, top, right, bottom of the photo, pixels from the middle of the straightened crop. Returns the crop and
    where (112, 112) it is stretched, known from how it was made.
    """
    left, top, right, bottom = sides
    turn = cv2.getRotationMatrix2D((0.0, 0.0), turn_deg, 1.0)[:, :2]  # crop, from its middle -> photo
    middle = (CROP_SIDE_PX - 1) / 2
    # The photo's own pixels are cut out of the sample at the crop's scale, then laid into the crop again.
    to_crop = estimate_similarity(POINTS[name], template_for(CROP_SIDE_PX))
    into = turn @ to_crop[:, :2]
    shift = turn @ (to_crop[:, 2] - middle) + np.array([left, top])
    size = round(left + right), round(top + bottom)
    taken = cv2.warpAffine(photo(name), np.column_stack([into, shift]), size, flags=cv2.INTER_AREA)
    back = np.column_stack([turn.T, middle - turn.T @ np.array([left, top])])
    sized = (CROP_SIDE_PX, CROP_SIDE_PX)
    crop = cv2.warpAffine(taken, back, sized, borderMode=cv2.BORDER_REPLICATE)
    real = cv2.warpAffine(np.full(taken.shape[:2], 255, np.uint8), back, sized)
    return np.asarray(crop, np.uint8), real < 128


def stored(crop: Rgb8, quality: int) -> Rgb8:
    ok, data = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert ok
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1]


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("turn_deg", [-30.0, -11.0, 0.0, 3.0, 18.0, 40.0])
def test_the_stretched_part_of_a_tight_photo_is_found_at_any_angle(name: str, turn_deg: float) -> None:
    crop, stretched = tight(name, turn_deg, (40, 44, 38, 46))
    found = find_stretched(stored(crop, 92))
    assert (found & stretched).sum() / (found | stretched).sum() > 0.85
    assert not found[FACE].any()


def test_one_side_alone_is_cut_alone() -> None:
    crop, stretched = tight("grace_hopper", 0.0, (34, 90, 90, 90))
    found = find_stretched(crop)
    assert (found & stretched).sum() / (found | stretched).sum() > 0.85
    assert not found[:, 30:].any()


@pytest.mark.parametrize(("left", "cut"), [(46, False), (44, False), (38, True), (34, True)])
def test_a_band_narrower_than_a_seventh_of_the_crop_stays(left: int, cut: bool) -> None:
    """A tenth and less is the shadow of a door or a curtain's hem more often than the edge of a photo."""
    crop, stretched = tight("grace_hopper", 0.0, (left, 90, 90, 90))
    assert 0.08 < stretched.mean() < 0.20
    assert find_stretched(crop).any() == cut


@pytest.mark.parametrize("name", POINTS)
def test_a_whole_photo_stays_the_same_picture(name: str) -> None:
    crop = align_face(photo(name), POINTS[name])
    assert blacken_stretched(crop) is crop


@pytest.mark.parametrize("level", [0, 127, 255])
def test_a_plain_wall_behind_a_face_stays(level: int) -> None:
    crop = align_face(photo("grace_hopper"), POINTS["grace_hopper"]).copy()
    crop[:, :30] = level
    crop[:, 84:] = level
    assert not find_stretched(crop).any()


def test_a_crop_with_black_where_the_photo_ends_stays() -> None:
    """Our own straightening fills with black: there is nothing to do."""
    face = photo("astronaut")[60:170, 175:275]  # ends at the brow and at the cheeks
    crop = align_face(face, POINTS["astronaut"] - np.array([175, 60], np.float32))
    assert (crop.max(axis=2) == 0).mean() > 0.2
    assert np.array_equal(blacken_stretched(crop)[MIDDLE], crop[MIDDLE])
    assert find_stretched(crop)[crop.max(axis=2) > 0].mean() < 0.02


def test_what_is_cut_is_black_and_the_rest_untouched() -> None:
    crop, _ = tight("astronaut", 12.0, (38, 40, 38, 44))
    before = crop.copy()
    found = find_stretched(crop)
    blackened = blacken_stretched(crop)
    assert found.mean() > 0.2
    assert not blackened[found].any()
    assert np.array_equal(blackened[~found], before[~found])
    assert np.array_equal(crop, before)  # the caller's crop is the caller's


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_empty_crop_stays(level: int) -> None:
    assert not find_stretched(np.full((112, 112, 3), level, np.uint8)).any()


def test_eyes_and_nose_are_never_cut_even_where_all_is_stripes() -> None:
    stripes = np.random.default_rng(0).integers(0, 256, (1, 112, 3), dtype=np.uint8)
    found = find_stretched(np.repeat(stripes, 112, axis=0))
    assert found.any()
    assert not found[FACE][:3].any()


def test_a_crop_with_a_margin_is_read_too() -> None:
    crop, stretched = tight("grace_hopper", 15.0, (38, 42, 38, 44))
    wide = np.pad(crop, ((8, 8), (8, 8), (0, 0)), mode="edge")
    found = find_stretched(wide)[8:-8, 8:-8]
    assert (found & stretched).sum() / (found | stretched).sum() > 0.8


if __name__ == "__main__":  # python -m tests.pipeline.test_stretched_edges OUT.png: for eyes
    import sys

    shown = [tight(name, turn, (40, 44, 38, 46))[0] for name in POINTS for turn in (-30, 0, 18, 40)]
    rows = [np.concatenate(shown, axis=1), np.concatenate([blacken_stretched(crop) for crop in shown], axis=1)]
    Image.fromarray(np.concatenate(rows)).resize((len(shown) * 224, 448)).save(sys.argv[1])


def test_a_photo_is_tight_where_the_crop_is_half_of_its_smaller_side() -> None:
    points = ARCFACE_TEMPLATE * 2 + 10  # the crop is 224 px of the photo
    assert is_tight(points, width=900, height=440)
    assert not is_tight(points, width=460, height=900)
