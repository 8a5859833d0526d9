"""Cuts a face out of its picture the way the pipeline will, with everything that goes wrong on the way.

Two kinds of crop, one network. From the box: a square round the detector's box, so the face is rolled, off centre and
of any scale. Straightened: by points that are off, the detector's or those of a first look. Pixels and points only: no
torch, no files. Everything random comes from the generator handed in, so a crop is a pure function of its seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.landmarks import STRAIGHT_MARGIN_SHARE, crop_matrix
from pipeline.similarity import CROP_SIDE_PX, apply_affine, estimate_similarity, template_for, warp
from pipeline.types import Box, Points5, Rgb8
from training.data.coverings import Cut, cover, sample_cut
from training.data.faces_with_points import mirror_points

Matrix = NDArray[np.float64]  # (2, 3), pixels of the picture to pixels of the crop


@dataclass(frozen=True, slots=True, kw_only=True)
class CropAugment:
    """How crops are made for training. Shares are probabilities; the rest is sampled evenly between the ends."""

    second_pass_share: float = 0.5  # crops straightened by rough points; the others come from a box
    # From a box
    given_box_share: float = 0.15  # boxes as the set gives them (tighter than a detector's) instead of its like
    box_shift: float = 0.08  # standard deviation of the box's centre, share of its side
    box_scale: tuple[float, float] = (0.80, 1.25)  # of the side
    roll_deg: float = 45.0  # normal crops: evenly to either side of upright...
    upright_share: float = 0.5  # ...but this share within a fifth of that, as most photos are
    any_roll_share: float = 0.08  # any angle; half of them a quarter turn or upside down, 10 degrees round it
    # Straightened
    rough_points: float = 0.045  # standard deviation of each point round the true one, share of the eye-mouth size
    rough_shift: float = 0.04  # of all points together, same unit
    rough_scale: float = 0.06  # standard deviation of the scale's logarithm
    rough_roll_deg: float = 5.0  # standard deviation
    rough_tail: float = 0.0  # share of crops whose points are off by two and a half times of all that
    rough_turned: float = 0.0  # share of crops whose points lie a quarter or half a turn off
    # Pixels
    flip_share: float = 0.5
    border_share: float = 0.4  # outside of the picture: mirrored or a colour; black otherwise, as when serving
    colour_share: float = 0.7
    gray_share: float = 0.06
    blur_share: float = 0.15
    low_resolution_share: float = 0.2  # down to `low_resolution_px` a side and back
    low_resolution_px: tuple[float, float] = (20.0, 70.0)
    jpeg_share: float = 0.15  # quality 15..70
    noise_share: float = 0.12
    occlusion_share: float = 0.2  # a rectangle, dark glasses or a mask
    covering_share: float = 0.0  # a mask, scarf, cup or hand before the lower half
    cut_share: float = 0.0  # the photo ends within the face, mostly from below
    read_deg: float = 180.0  # faces that roll further in their crop are none that the network should read


def detector_box(points: Points5, *, roll_rad: float | None = None) -> Box:
    """The box that a face detector draws round a face with these points.

    Fitted to the SCRFD-2.5G boxes of CelebA (`list_bbox_celeba.txt`, 29,033 faces) in the frame that the
    similarity onto the template straightens, in units of the points' spread (root-mean-square distance from their
    mean): a turned head's box reaches away from where the nose points. What remains is 0.05 in the centre's x, 0.13
    in its y, 0.08 in half the width, 0.12 in half the height. In-plane rotation is not in that data: the head is
    taken as the box's ellipse, and the turned ellipse gets the box.
    """
    centre = points.mean(axis=0)
    if roll_rad is None:
        linear = estimate_similarity(points, template_for(CROP_SIDE_PX))[:, :2]
        roll_rad = float(np.arctan2(-linear[1, 0], linear[0, 0]))
    cos, sin = float(np.cos(roll_rad)), float(np.sin(roll_rad))
    turn = np.array([[cos, -sin], [sin, cos]])  # upright frame -> picture
    upright = (points - centre) @ turn  # rows times turn: the inverse rotation
    spread = float(np.sqrt((upright**2).sum(axis=1).mean()))
    nose_x, nose_y = upright[2] / spread
    middle = np.array([-1.83 * nose_x, -0.30 - 0.39 * nose_y - 0.09 * abs(nose_x)])
    half_width = 1.71 + 0.05 * nose_y + 0.19 * abs(nose_x)
    half_height = 2.31 + 0.15 * nose_y + 0.41 * abs(nose_x)
    x, y = centre + spread * (turn @ middle)
    reach_x = spread * float(np.hypot(half_width * cos, half_height * sin))
    reach_y = spread * float(np.hypot(half_width * sin, half_height * cos))
    return Box(float(x - reach_x), float(y - reach_y), float(x + reach_x), float(y + reach_y))


def second_pass_matrix(
    points: Points5, *, side_px: int = CROP_SIDE_PX, margin_share: float = STRAIGHT_MARGIN_SHARE
) -> Matrix:
    """The similarity of first-pass points onto the template with a margin."""
    return estimate_similarity(points, template_for(side_px, margin_share=margin_share))


def sample_crop(
    image: Rgb8,
    points: Points5,
    *,
    given_box: tuple[float, float, float, float] | None,
    augment: CropAugment,
    rng: np.random.Generator,
    right_of_place_px: float = 0.0,
) -> tuple[Rgb8, Points5]:
    """One training crop (112, 112, 3) and the true points in it, (5, 2) crop pixels, order as seen if mirrored.

    right_of_place_px: see RIGHT_OF_PLACE_PX; a mirrored face keeps its set's habit.
    """
    if rng.random() < augment.flip_share:
        width = image.shape[1]
        image = np.ascontiguousarray(image[:, ::-1])
        points = mirror_points(points, width=width, right_of_place_px=right_of_place_px)
        if given_box is not None:
            given_box = (width - 1 - given_box[2], given_box[1], width - 1 - given_box[0], given_box[3])
    cut = sample_cut(rng) if rng.random() < augment.cut_share else None
    if cut is not None:
        image = cut.end(image, detector_box(points))
    if rng.random() < augment.second_pass_share:
        matrix = second_pass_matrix(rough_points(points, augment=augment, rng=rng))
    else:
        matrix = _sample_first_pass(points, given_box=given_box, cut=cut, augment=augment, rng=rng)
    if cut is not None:  # what the photo lacks is black, as when serving: mirrored, it would be a second face
        crop = warp(image, matrix, side_px=CROP_SIDE_PX)
    else:
        crop = warp_with_border(image, matrix, augment=augment, rng=rng)
    moved = apply_affine(matrix, points)
    return disturb_pixels(crop, moved, augment=augment, rng=rng), moved


def sample_empty_crop(image: Rgb8, *, augment: CropAugment, rng: np.random.Generator) -> Rgb8:
    """A crop without a face, from anywhere in a picture without people: what a false box hands over."""
    height, width = image.shape[:2]
    side = float(np.exp(rng.uniform(np.log(24), np.log(0.9 * min(height, width)))))
    cx, cy = rng.uniform(0, width), rng.uniform(0, height)
    box = Box(cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2)
    crop = warp(
        image,
        crop_matrix(box, side_px=CROP_SIDE_PX) @ _rotation(rng.uniform(-np.pi, np.pi), cx, cy),
        side_px=CROP_SIDE_PX,
    )
    return disturb_pixels(crop, template_for(CROP_SIDE_PX, margin_share=0.15), augment=augment, rng=rng)


def rough_points(points: Points5, *, augment: CropAugment, rng: np.random.Generator) -> Points5:
    """First-pass points: all moved, scaled and turned together, then each on its own."""
    often = 1.0 if rng.random() >= augment.rough_tail else 2.5
    size = face_size(points) * often
    centre = points.mean(axis=0)
    angle = np.radians(augment.rough_roll_deg) * rng.standard_normal() * often
    if rng.random() < augment.rough_turned:
        angle += np.pi / 2 * rng.integers(1, 4)
    scale = np.exp(augment.rough_scale * rng.standard_normal() * often)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    rough = (points - centre) @ np.array([[cos, sin], [-sin, cos]]) + centre
    rough = rough + size * augment.rough_shift * rng.standard_normal(2)
    rough = rough + size * augment.rough_points * rng.standard_normal((5, 2))
    return np.asarray(rough, dtype=np.float32)


def face_size(points: Points5) -> float:
    """Eye distance or the way from the eyes to the mouth, whichever is longer: hardly changes with yaw or pitch."""
    down = (points[3] + points[4] - points[0] - points[1]) / 2
    return max(float(np.linalg.norm(points[1] - points[0])), float(np.linalg.norm(down)))


def _sample_first_pass(
    points: Points5,
    *,
    given_box: tuple[float, float, float, float] | None,
    cut: Cut | None,
    augment: CropAugment,
    rng: np.random.Generator,
) -> Matrix:
    """The picture turned about the face, then a detector's box with its errors and its cut, then the square."""
    if given_box is not None and cut is None and rng.random() < augment.given_box_share:
        return crop_matrix(_shake(Box(*given_box), augment=augment, rng=rng), side_px=CROP_SIDE_PX)
    draw = rng.random()
    if draw < augment.any_roll_share / 2:
        angle = np.pi / 2 * rng.integers(1, 4) + np.radians(rng.uniform(-10, 10))
    elif draw < augment.any_roll_share:
        angle = rng.uniform(-np.pi, np.pi)
    else:
        reach = augment.roll_deg * (0.2 if rng.random() < augment.upright_share else 1.0)
        angle = np.radians(rng.uniform(-reach, reach))
    cx, cy = points.mean(axis=0)
    turn = _rotation(float(angle), float(cx), float(cy))
    box = detector_box(apply_affine(turn[:2], points))
    if cut is not None:
        box = cut.of(box)
    return crop_matrix(_shake(box, augment=augment, rng=rng), side_px=CROP_SIDE_PX) @ turn


def _shake(box: Box, *, augment: CropAugment, rng: np.random.Generator) -> Box:
    side = max(box.width, box.height)
    dx, dy = side * augment.box_shift * rng.standard_normal(2)
    half = float(np.exp(rng.uniform(*np.log(augment.box_scale)))) / 2
    cx, cy = box.center
    return Box(
        cx + dx - half * box.width,
        cy + dy - half * box.height,
        cx + dx + half * box.width,
        cy + dy + half * box.height,
    )


def _rotation(angle: float, cx: float, cy: float) -> Matrix:
    """(3, 3), about a point; a positive angle turns clockwise as seen, since y points down."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, cx - cos * cx + sin * cy], [sin, cos, cy - sin * cx - cos * cy], [0.0, 0.0, 1.0]])


def warp_with_border(image: Rgb8, matrix: Matrix, *, augment: CropAugment, rng: np.random.Generator) -> Rgb8:
    """Black outside as when serving, or, since most photos go on there, mirrored or one colour."""
    if rng.random() >= augment.border_share:
        return warp(image, matrix, side_px=CROP_SIDE_PX)
    reach = max(image.shape[:2]) // 3
    if rng.random() < 0.6:
        image = cv2.copyMakeBorder(image, reach, reach, reach, reach, cv2.BORDER_REFLECT_101)
    else:
        colour = [int(value) for value in rng.integers(0, 256, 3)]
        image = cv2.copyMakeBorder(image, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=colour)
    shifted = matrix.copy()
    shifted[:, 2] -= matrix[:, :2] @ [reach, reach]
    return warp(np.asarray(image, dtype=np.uint8), shifted, side_px=CROP_SIDE_PX)


def disturb_pixels(crop: Rgb8, points: Points5, *, augment: CropAugment, rng: np.random.Generator) -> Rgb8:
    """Occlusion, light, colour, blur, resolution, noise, JPEG, in the order in which the world does them."""
    if rng.random() < augment.occlusion_share:
        crop = _occlude(crop, points, rng=rng)
    if rng.random() < augment.covering_share:
        crop = cover(crop, points, rng=rng)
    if rng.random() < augment.colour_share:
        crop = _colour(crop, rng=rng)
    if rng.random() < augment.gray_share:
        crop = np.repeat(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    if rng.random() < augment.blur_share:
        crop = _blur(crop, rng=rng)
    if rng.random() < augment.low_resolution_share:
        low = round(float(np.exp(rng.uniform(*np.log(augment.low_resolution_px)))))
        small = cv2.resize(crop, (low, low), interpolation=cv2.INTER_AREA)
        how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[int(rng.integers(2))]
        crop = cv2.resize(small, (CROP_SIDE_PX, CROP_SIDE_PX), interpolation=how)
    if rng.random() < augment.noise_share:
        noise = rng.standard_normal(crop.shape, dtype=np.float32) * rng.uniform(2, 14)
        crop = np.clip(crop + noise, 0, 255).astype(np.uint8)
    if rng.random() < augment.jpeg_share:
        _, coded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 71))])
        crop = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
    return np.asarray(crop, dtype=np.uint8)


def _colour(crop: Rgb8, *, rng: np.random.Generator) -> Rgb8:
    """Contrast, brightness, gamma and a tint through one table a channel."""
    levels = np.linspace(0, 1, 256)
    gamma = np.exp(rng.uniform(-0.5, 0.5))
    contrast, brightness = rng.uniform(0.6, 1.4), rng.uniform(-0.2, 0.2)
    tint = 1 + rng.uniform(-0.12, 0.12, 3)
    curve = (levels**gamma - 0.5) * contrast + 0.5 + brightness
    table = np.clip(255 * curve[:, None] * tint, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(crop, table[None]), dtype=np.uint8)


def _blur(crop: Rgb8, *, rng: np.random.Generator) -> Rgb8:
    """Out of focus, or moved: a line of up to nine pixels in any direction."""
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(crop, (0, 0), float(rng.uniform(0.5, 2.2))), dtype=np.uint8)
    size = 2 * int(rng.integers(1, 5)) + 1
    kernel = np.zeros((size, size), np.float32)
    kernel[size // 2] = 1.0
    middle = (size / 2 - 0.5, size / 2 - 0.5)
    kernel = cv2.warpAffine(kernel, cv2.getRotationMatrix2D(middle, float(rng.uniform(0, 180)), 1.0), (size, size))
    return np.asarray(cv2.filter2D(crop, -1, kernel / kernel.sum()), dtype=np.uint8)


def _occlude(crop: Rgb8, points: Points5, *, rng: np.random.Generator) -> Rgb8:
    """Something in front: a rectangle anywhere, glasses with tinted lenses, or a mask over mouth and nose tip."""
    crop = crop.copy()
    size = face_size(points)
    colour = tuple(int(value) for value in rng.integers(0, 256, 3))
    draw = rng.random()
    if draw < 0.5:
        x, y = rng.uniform(0, CROP_SIDE_PX, 2)
        w, h = size * rng.uniform(0.2, 1.2, 2)
        x0, y0 = max(int(x - w / 2), 0), max(int(y - h / 2), 0)
        patch = crop[y0 : int(y + h / 2) + 1, x0 : int(x + w / 2) + 1]
        if rng.random() < 0.5:
            patch[:] = colour
        else:
            patch[:] = rng.integers(0, 256, patch.shape, dtype=np.uint8)
        return crop
    if draw < 0.75:
        dark = tuple(value // 4 for value in colour)
        layer = crop.copy()
        radius = max(2, round(size * float(rng.uniform(0.2, 0.34))))
        left, right = ((round(float(x)), round(float(y))) for x, y in points[:2])
        for eye in (left, right):
            cv2.circle(layer, eye, radius, dark, -1, cv2.LINE_AA)
        cv2.line(layer, left, right, dark, max(1, radius // 4), cv2.LINE_AA)
        strength = float(rng.uniform(0.4, 1.0))
        return np.asarray(cv2.addWeighted(layer, strength, crop, 1 - strength, 0), dtype=np.uint8)
    right_way = points[4] - points[3]
    down = (points[3] + points[4] - points[0] - points[1]) / 2
    top = points[2] + down * float(rng.uniform(-0.35, 0.05))
    middle = (points[3] + points[4]) / 2
    corners = np.stack(
        [
            top,
            points[4] + right_way * 0.7 - down * 0.45,
            points[4] + right_way * 0.4 + down * 0.45,
            middle + down * 0.7,
            points[3] - right_way * 0.4 + down * 0.45,
            points[3] - right_way * 0.7 - down * 0.45,
        ]
    )
    cv2.fillPoly(crop, [np.round(corners).astype(np.int32)], colour, cv2.LINE_AA)
    return crop
