"""Batched augmentation of straightened face crops, in torch and torchvision, on whatever device the batch lies.

Every random number comes from the generator that is handed in, so a batch is a function of its seed: of torchvision
the functions are used, not its transforms, which draw from torch's global generator and once for a whole batch.
What a crop goes through, in order: a similarity (mirror, turn, scale, shift), sunglasses or a mask, colour, blur or a
loss of resolution, JPEG, grey. Pixels and points only: who is on the picture is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np
import torch
from torch.nn import functional
from torchvision.transforms.v2 import functional as tv

from pipeline.similarity import CROP_SIDE_PX

GROUPS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How much of what. `_p` is the share of crops that get it."""

    mirror_p: float = 0.5
    turn_sd_deg: float = 3.0  # normal; the aligner's points are off by some 4 % of the eye distance
    scale_sd: float = 0.03  # normal, of the logarithm
    shift_sd_px: float = 1.2  # normal, each axis, pixels of the 112 px crop
    # A tight photo ends inside the crop. What lies outside is black in our pipeline, and stretched edge pixels in
    # many collections (CelebA's own alignment, half of the pack's `kpop`): the start weights lose a quarter of their
    # TPR at FPR 0.001 to the stripes, since strangers share them.
    border_p: float = 0.25
    border_black: float = 0.4  # share of those that are black, the others stretched
    border_turn_sd_deg: float = 14.0  # normal: how the photo lay before it was straightened
    border_reach_px: tuple[float, float, float, float] = (30.0, 18.0, 30.0, 40.0)  # least from the middle: l, t, r, b
    color_p: float = 0.5
    brightness_sd: float = 0.12  # normal, of the logarithm of the gain
    contrast_sd: float = 0.15  # the same, around the crop's own mean
    saturation_sd: float = 0.25  # normal, around 1
    grey_p: float = 0.06
    blur_p: float = 0.08
    blur_sigma_px: tuple[float, float] = (0.5, 1.8)
    low_resolution_p: float = 0.3
    low_resolution_px: tuple[int, int] = (24, 72)  # side the crop is shrunk to and brought back from
    jpeg_p: float = 0.2
    jpeg_quality: tuple[float, float] = (25.0, 80.0)
    sunglasses_p: float = 0.03
    mask_p: float = 0.03


def augment(
    crops: torch.Tensor, points: torch.Tensor, settings: Augmentation, generator: torch.Generator
) -> torch.Tensor:
    """Make (B, 3, 112, 112) float32 in -1..1, as the networks take it, from cached crops.

    crops: (B, S, S, 3) uint8, RGB, S = 112 + 2 margin. points: (B, 5, 2), pixels of the crop.
    generator: on the CPU, whatever the device of the crops.
    """
    images = crops.permute(0, 3, 1, 2).to(torch.float32) / 255
    images, points = _move(images, points, settings, generator)
    images = _cover(images, points, settings, generator)
    images = _recolor(images, settings, generator)
    images = _blur(images, settings, generator)
    images = _lose_resolution(images, settings, generator)
    images = _jpeg(images, settings, generator)
    return (_grey(images, settings, generator).clamp(0, 1) - 0.5) / 0.5


def middle(crops: torch.Tensor) -> torch.Tensor:
    """Cut the unmoved 112 px out of cached crops: (B, S, S, 3) uint8 -> (B, 3, 112, 112) in -1..1."""
    margin = (crops.shape[1] - CROP_SIDE_PX) // 2
    cut = crops[:, margin : margin + CROP_SIDE_PX, margin : margin + CROP_SIDE_PX]
    return (cut.permute(0, 3, 1, 2).to(torch.float32) - 127.5) / 127.5


def _move(
    images: torch.Tensor, points: torch.Tensor, settings: Augmentation, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    count, side = len(images), images.shape[-1]
    normal = torch.randn(count, 4, generator=generator)
    turn = torch.deg2rad(normal[:, 0] * settings.turn_sd_deg)
    scale = torch.exp(normal[:, 1] * settings.scale_sd)
    shift = normal[:, 2:] * settings.shift_sd_px
    sign = 1 - 2 * (torch.rand(count, generator=generator) < settings.mirror_p).float()
    # crop pixel (from its centre) -> stored pixel (from its centre): the direction sampling needs.
    cos, sin = torch.cos(turn) * scale, torch.sin(turn) * scale
    linear = torch.stack([torch.stack([cos * sign, -sin * sign], 1), torch.stack([sin, cos], 1)], 1)  # (B, 2, 2)
    ratio = CROP_SIDE_PX / side
    theta = torch.cat([linear * ratio, (shift * 2 / side)[:, :, None]], dim=2).to(images.device)
    grid = functional.affine_grid(theta, [count, 3, CROP_SIDE_PX, CROP_SIDE_PX], align_corners=False)
    grid, kept = _end_photo(grid * (side / 2), settings, generator)
    moved = functional.grid_sample(images, grid * (2 / side), padding_mode="border", align_corners=False) * kept
    inverse = torch.linalg.inv(linear).to(points.device)
    from_centre = points - (side - 1) / 2 - shift[:, None].to(points.device)
    placed = from_centre @ inverse.transpose(1, 2) + (CROP_SIDE_PX - 1) / 2
    swapped = placed[:, [1, 0, 2, 4, 3]]  # a mirrored face's left eye is the other one
    return moved, torch.where((sign < 0)[:, None, None].to(points.device), swapped, placed)


def _end_photo(
    grid: torch.Tensor, settings: Augmentation, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Let some photos end inside the crop: sampling places beyond a turned rectangle move to its edge.

    grid: (B, 112, 112, 2), pixels of the stored crop from its middle. Returns the grid and (B, 1, 112, 112): 0 where
    the crop stays black.
    """
    count = len(grid)
    ends = torch.rand(count, generator=generator) < settings.border_p
    black = torch.rand(count, generator=generator) < settings.border_black
    turn = torch.deg2rad(torch.randn(count, generator=generator) * settings.border_turn_sd_deg)
    least = torch.tensor(settings.border_reach_px)
    half = CROP_SIDE_PX / 2
    reach = least + (1.25 * half - least) * torch.rand(count, 4, generator=generator)  # a fifth miss the crop
    rows = torch.nonzero(ends)[:, 0]
    kept = torch.ones(count, 1, *grid.shape[1:3], device=grid.device)
    if len(rows) == 0:
        return grid, kept
    cos, sin = torch.cos(turn[rows]), torch.sin(turn[rows])
    turned = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1).to(grid.device)  # (b, 2, 2)
    limits = reach[rows].to(grid.device)[:, None, None]
    inside = torch.einsum("bij,bhwj->bhwi", turned, grid[rows])
    clamped = torch.minimum(torch.maximum(inside, -limits[..., :2]), limits[..., 2:])
    outside = ((clamped - inside).abs().amax(dim=-1) > 0) & black[rows].to(grid.device)[:, None, None]
    grid, kept = grid.clone(), kept.clone()
    grid[rows] = torch.einsum("bji,bhwj->bhwi", turned, clamped)
    kept[rows] = (~outside).float()[:, None]
    return grid, kept


def _cover(
    images: torch.Tensor, points: torch.Tensor, settings: Augmentation, generator: torch.Generator
) -> torch.Tensor:
    """Draw sunglasses (two discs and a bridge) or a mask (the lower face) on some crops."""
    draw = torch.rand(len(images), generator=generator)
    shade = torch.rand(len(images), 3, generator=generator)
    glasses = torch.nonzero(draw < settings.sunglasses_p)[:, 0]
    masks = torch.nonzero((draw >= settings.sunglasses_p) & (draw < settings.sunglasses_p + settings.mask_p))[:, 0]
    if len(glasses) == 0 and len(masks) == 0:
        return images
    images = images.clone()
    for rows, shape in ((glasses, _sunglasses), (masks, _mask)):
        if len(rows):
            tint = shade[rows] * (0.25 if shape is _sunglasses else 1.0)
            alpha = shape(points[rows.to(points.device)].to(images.device))[:, None]
            images[rows] = images[rows] * (1 - alpha) + tint[:, :, None, None].to(images.device) * alpha
    return images


def _sunglasses(points: torch.Tensor) -> torch.Tensor:
    x, y, width = _face_frame(points)
    lens = torch.minimum((x.abs() - 0.5).abs(), torch.full_like(x, 9.0))
    discs = ((lens / 0.36) ** 2 + ((y + 0.02) / 0.27) ** 2) < 1
    bridge = (x.abs() < 0.2) & ((y + 0.08).abs() < 0.04)
    return (discs | bridge).float() * 0.94 * (width > 0)


def _mask(points: torch.Tensor) -> torch.Tensor:
    x, y, width = _face_frame(points)
    return (((x / 0.95) ** 2 + ((y - 0.95) / 0.75) ** 2 < 1) & (y > 0.45 + 0.15 * x**2)).float() * (width > 0)


def _face_frame(points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Coordinates of every pixel, (B, 112, 112) each, from the eyes' middle, along and across the eye line, in eye
    distances; and the eye distance (B, 1, 1) in pixels.
    """
    eyes = points[:, 1] - points[:, 0]
    width = eyes.norm(dim=1).clamp_min(1e-3)
    along = eyes / width[:, None]
    axis = torch.arange(CROP_SIDE_PX, dtype=points.dtype, device=points.device)
    dx = axis[None, None, :] - points[:, :2, 0].mean(1)[:, None, None]
    dy = axis[None, :, None] - points[:, :2, 1].mean(1)[:, None, None]
    cos, sin, size = along[:, 0, None, None], along[:, 1, None, None], width[:, None, None]
    return (dx * cos + dy * sin) / size, (dy * cos - dx * sin) / size, size


def _recolor(images: torch.Tensor, settings: Augmentation, generator: torch.Generator) -> torch.Tensor:
    count = len(images)
    normal = torch.randn(count, 3, generator=generator)
    chosen = (torch.rand(count, generator=generator) < settings.color_p).float()[:, None]
    gain, contrast, saturation = (
        (normal * chosen * torch.tensor([settings.brightness_sd, settings.contrast_sd, settings.saturation_sd]))
        .to(images.device)[:, :, None, None, None]
        .unbind(1)
    )
    images = images * gain.exp()
    grey = tv.rgb_to_grayscale(images)
    images = grey + (images - grey) * (1 + saturation)
    mean = grey.mean(dim=(2, 3), keepdim=True)
    return (mean + (images - mean) * contrast.exp()).clamp(0, 1)


def _blur(images: torch.Tensor, settings: Augmentation, generator: torch.Generator) -> torch.Tensor:
    groups = _groups(len(images), settings.blur_p, generator)
    low, high = settings.blur_sigma_px
    sigmas = (low + (high - low) * torch.rand(len(groups), generator=generator)).tolist()
    taps = 2 * math.ceil(2.5 * high) + 1
    return _changed(
        images, groups, [partial(tv.gaussian_blur, kernel_size=[taps, taps], sigma=[sigma]) for sigma in sigmas]
    )


def _lose_resolution(images: torch.Tensor, settings: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Shrink some crops (averaging) and bring them back."""
    groups = _groups(len(images), settings.low_resolution_p, generator)
    low, high = settings.low_resolution_px
    sides = torch.randint(low, high + 1, (len(groups),), generator=generator).tolist()
    return _changed(images, groups, [partial(_shrink, side=side) for side in sides])


def _shrink(images: torch.Tensor, side: int) -> torch.Tensor:
    small = tv.resize(images, [side, side], antialias=True)
    return tv.resize(small, [CROP_SIDE_PX, CROP_SIDE_PX], antialias=False)


def _jpeg(images: torch.Tensor, settings: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Store some crops as JPEG and read them again, by libjpeg."""
    rows = torch.nonzero(torch.rand(len(images), generator=generator) < settings.jpeg_p)[:, 0]
    low, high = settings.jpeg_quality
    qualities = (low + (high - low) * torch.rand(len(rows), generator=generator)).round().int().tolist()
    stored = [partial(_store, quality=quality) for quality in qualities]
    return _changed(images, [row[None] for row in rows], stored)


def _store(images: torch.Tensor, quality: int) -> torch.Tensor:
    picture = (images[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()[..., ::-1]  # BGR
    _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    read = np.ascontiguousarray(np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))[..., ::-1])
    return (torch.from_numpy(read).permute(2, 0, 1).to(images) / 255)[None]


def _grey(images: torch.Tensor, settings: Augmentation, generator: torch.Generator) -> torch.Tensor:
    rows = torch.nonzero(torch.rand(len(images), generator=generator) < settings.grey_p)[:, 0]
    return _changed(images, [rows], [partial(tv.rgb_to_grayscale, num_output_channels=3)])


def _groups(count: int, share: float, generator: torch.Generator) -> list[torch.Tensor]:
    """Rows that get a change, in up to GROUPS parts with one strength each, so that every part stays a batch."""
    rows = torch.nonzero(torch.rand(count, generator=generator) < share)[:, 0]
    return [group for group in rows.chunk(GROUPS) if len(group)]


def _changed(
    images: torch.Tensor, groups: list[torch.Tensor], changes: Sequence[Callable[[torch.Tensor], torch.Tensor]]
) -> torch.Tensor:
    """The batch with each group of rows put through its change."""
    images = images.clone()
    for rows, change in zip(groups, changes, strict=True):
        if len(rows):
            images[rows] = change(images[rows])
    return images
