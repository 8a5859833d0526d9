"""Augmented crops are a function of their generator, stay faces in their place, and carry their points along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from evaluation.datasets.corruptions import with_mask, with_sunglasses
from pipeline.similarity import ARCFACE_TEMPLATE
from pipeline.types import Rgb8
from training.data.augment import Augmentation, _mask, _sunglasses, augment, middle
from training.data.augment import _move as move

# Everything off: what is left is the middle of the crop.
NOTHING = Augmentation(
    mirror_p=0,
    turn_sd_deg=0,
    scale_sd=0,
    shift_sd_px=0,
    border_p=0,
    color_p=0,
    grey_p=0,
    blur_p=0,
    low_resolution_p=0,
    jpeg_p=0,
    sunglasses_p=0,
    mask_p=0,
)
POINTS = torch.from_numpy(ARCFACE_TEMPLATE + 8)


def crops(count: int, seed: int = 0) -> torch.Tensor:
    """Smooth coloured clouds, (count, 128, 128, 3) uint8."""
    coarse = torch.rand(count, 3, 9, 9, generator=torch.Generator().manual_seed(seed))
    clouds = torch.nn.functional.interpolate(coarse, size=(128, 128), mode="bicubic").clamp(0, 1)
    return (clouds * 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def run(settings: Augmentation, count: int = 16, seed: int = 1) -> torch.Tensor:
    points = POINTS[None].repeat(count, 1, 1)
    return augment(crops(count), points, settings, torch.Generator().manual_seed(seed))


def test_without_any_change_the_middle_comes_out() -> None:
    assert torch.allclose(run(NOTHING), middle(crops(16)), atol=1e-4)


def test_the_same_generator_gives_the_same_pictures_and_another_gives_others() -> None:
    assert torch.equal(run(Augmentation()), run(Augmentation()))
    assert not torch.equal(run(Augmentation()), run(Augmentation(), seed=2))


@pytest.mark.parametrize(
    "change",
    [
        {"color_p": 1.0},
        {"grey_p": 1.0},
        {"blur_p": 1.0},
        {"low_resolution_p": 1.0},
        {"jpeg_p": 1.0},
        {"sunglasses_p": 1.0},
        {"mask_p": 1.0},
        {"border_p": 1.0},
        {"mirror_p": 1.0},
        {"turn_sd_deg": 5.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_change_changes_every_crop_and_stays_in_range(change: dict[str, float]) -> None:
    changed, plain = run(replace(NOTHING, **change)), middle(crops(16))  # type: ignore[arg-type]
    assert changed.shape == (16, 3, 112, 112)
    assert changed.min() >= -1
    assert changed.max() <= 1
    share_changed = ((changed - plain).abs().amax(dim=(1, 2, 3)) > 0.02).float().mean()
    # A photo's end may fall outside the crop: a few stay as they were.
    assert share_changed >= (0.7 if "border_p" in change else 1.0)


def test_a_mirrored_crop_is_the_crop_read_from_the_right() -> None:
    mirrored = run(replace(NOTHING, mirror_p=1.0))
    assert torch.allclose(mirrored, middle(crops(16)).flip(-1), atol=1e-4)


def test_points_stay_on_what_they_marked() -> None:
    """A white dot on each point is found under the moved point, after any similarity, mirrored or not."""
    count = 24
    marked = torch.zeros(count, 128, 128, 3, dtype=torch.uint8)
    points = torch.tensor([[46.0, 60.0], [82.0, 59.0], [64.0, 80.0], [50.0, 100.0], [79.0, 101.0]])
    for x, y in points.long().tolist():
        marked[:, y - 1 : y + 2, x - 1 : x + 2] = 255
    images = marked.permute(0, 3, 1, 2).float() / 255
    settings = replace(NOTHING, mirror_p=0.5, turn_sd_deg=6.0, scale_sd=0.05, shift_sd_px=2.0)
    moved, placed = move(images, points[None].repeat(count, 1, 1), settings, torch.Generator().manual_seed(3))
    for image, five in zip(moved[:, 0].numpy(), placed.numpy(), strict=True):
        for x, y in five:
            column, row = round(float(x)), round(float(y))
            patch = image[row - 4 : row + 5, column - 4 : column + 5]
            ys, xs = np.mgrid[row - 4 : row + 5, column - 4 : column + 5]
            assert patch.sum() > 3
            assert (xs * patch).sum() / patch.sum() == pytest.approx(x, abs=0.35)
            assert (ys * patch).sum() / patch.sum() == pytest.approx(y, abs=0.35)
        assert five[0, 0] < five[1, 0]  # still the eye on the left of the picture first
        assert five[3, 0] < five[4, 0]


def test_sunglasses_hide_the_eyes_and_a_mask_the_mouth() -> None:
    plain = middle(crops(16))
    difference = (run(replace(NOTHING, sunglasses_p=1.0)) - plain).abs().amax(dim=1)
    assert difference[:, 52, 38].min() > 0
    assert difference[:, 92, 56].max() < 1e-3
    difference = (run(replace(NOTHING, mask_p=1.0)) - plain).abs().amax(dim=1)
    assert difference[:, 92, 56].min() > 0
    assert difference[:, 40, 56].max() < 1e-3


def test_a_photo_that_ends_inside_the_crop_leaves_black_or_stretched_edges() -> None:
    tight = replace(NOTHING, border_p=1.0, border_turn_sd_deg=0.0, border_reach_px=(20.0, 20.0, 20.0, 20.0))
    black = run(replace(tight, border_black=1.0))
    assert ((black == -1).all(dim=1).flatten(1).float().mean(dim=1) > 0).float().mean() > 0.7
    assert torch.allclose(black[:, :, 50:60, 50:60], middle(crops(16))[:, :, 50:60, 50:60], atol=1e-4)
    stretched = run(replace(tight, border_black=0.0))
    rows_repeat = (stretched[:, :, 0] - stretched[:, :, 1]).abs().amax(dim=(1, 2)) < 1e-4
    assert rows_repeat.float().mean() > 0.4


@pytest.mark.parametrize(
    ("trained", "measured"), [(_sunglasses, with_sunglasses), (_mask, with_mask)], ids=["sunglasses", "mask"]
)
def test_robustness_is_measured_with_shapes_that_training_does_not_draw(
    trained: Callable[[torch.Tensor], torch.Tensor], measured: Callable[[Rgb8], Rgb8]
) -> None:
    drawn = trained(torch.from_numpy(ARCFACE_TEMPLATE)[None])[0].numpy() > 0
    grey = np.full((112, 112, 3), 128, np.uint8)
    shown = (measured(grey) != grey).any(axis=2)
    assert (drawn & shown).sum() / (drawn | shown).sum() < 0.8
