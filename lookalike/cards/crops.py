"""Cuts a face out of a photo for a card: upright, with room for the hair. Pixels only, nothing is drawn."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX, apply_affine, estimate_similarity
from pipeline.types import FloatArray, Points5, Rgb8

FACE_SHARE: Final = 0.52  # side of the ArcFace crop over the height of the cut-out: hair, chin and neck fit in
CENTRE_SHARE: Final = 0.5  # where the middle of the ArcFace crop lies in the height
ZOOMS: Final = tuple(1.0 + 0.07 * step for step in range(14))  # tried in turn until the photo fills the cut-out
MAX_EMPTY_SHARE: Final = 0.02  # of the cut-out may lie outside the photo; it is filled with a blurred reflection
MAX_SHIFT_SHARE: Final = 0.14  # how far the face may leave its place so that the photo fills the cut-out
# Half the side of the surroundings of a face, over the side of the ArcFace crop: half the diagonal of the widest frame
# of a card, with the shift above, comes to 2.0.
SURROUNDINGS_SHARE: Final = 2.0
SURROUNDINGS_SIDE_PX: Final = 210.0  # the ArcFace crop on the largest frame of a card is 204 px wide
CELEBA_WIDTH: Final = 178
CELEBA_ASPECT: Final = CELEBA_WIDTH / 218
CELEBA_TOLERANCE: Final = 0.02  # between the proportions of two pictures that count as the same
# Where CelebA's aligned pictures, 178 x 218 px, have the five points, on average.
CELEBA_POINTS: Final = np.array(
    [[69.6, 111.3], [107.6, 111.3], [88.1, 135.6], [71.6, 152.2], [104.9, 152.2]], np.float32
)
EYES_SHARE: Final = 0.462  # of the height of a portrait: its eye line, the same for photographs and drawings
EYE_DISTANCE_SHARE: Final = 0.16  # of the height, at zoom 1
# No further: in a tight photo the head would be cut at the top sooner than the frame is full, whose rest is then filled
# with a blurred reflection.
PORTRAIT_ZOOMS: Final = tuple(1.06 + 0.06 * step for step in range(7))


def cut_out(image: Rgb8, points: Points5, *, width: int, height: int) -> Rgb8:
    """Turn a face upright and cut it out with generous room.

    image: (H, W, 3), RGB. points: (5, 2) pixels of it. Returns (height, width, 3).
    Zooms in and shifts, within limits, where the photo ends; what still lies outside is a blurred reflection.
    Raises DegeneratePoints when the points have no spread.
    """
    matrix = placement(points, (image.shape[1], image.shape[0]), width=width, height=height)
    return window(image, matrix, width=width, height=height)


def placement(points: Points5, photo: tuple[int, int], *, width: int, height: int) -> NDArray[np.float64]:
    """The (2, 3) similarity from the photo's pixels (photo: its width and height) to those of the cut-out."""
    best = None
    for zoom in ZOOMS:
        scale = zoom * FACE_SHARE * min(height, width * 1.2) / CROP_SIDE_PX
        centre = np.array([width / 2, height * CENTRE_SHARE])
        target = (ARCFACE_TEMPLATE - CROP_SIDE_PX / 2) * scale + centre
        matrix = _shifted(estimate_similarity(points, target.astype(np.float32)), photo, width, height)
        empty = _empty_share(matrix, photo, width, height)
        if best is None or empty < best[0] - 0.005:
            best = (empty, matrix)
        if empty <= MAX_EMPTY_SHARE:
            return matrix
    if best is None:  # pragma: no cover - ZOOMS is not empty
        raise AssertionError
    return best[1]


def portrait_placement(
    points: Points5, photo: tuple[int, int], *, width: int, height: int, zoom: float
) -> NDArray[np.float64]:
    """The (2, 3) similarity that brings a face to a portrait's scale and eye line, whatever the photo leaves empty.

    photo: its width and height. The face may leave the middle sideways where the photo ends on one side.
    Raises DegeneratePoints when the points have no spread.
    """
    eyes = ARCFACE_TEMPLATE[:2].mean(axis=0)
    scale = zoom * EYE_DISTANCE_SHARE * height / float(ARCFACE_TEMPLATE[1, 0] - ARCFACE_TEMPLATE[0, 0])
    target = (ARCFACE_TEMPLATE - eyes) * scale + np.array([width / 2, EYES_SHARE * height])
    matrix = estimate_similarity(points, target.astype(np.float32))
    there = apply_affine(matrix, points[:2].mean(axis=0, keepdims=True).astype(np.float32))[0]
    matrix[1, 2] += EYES_SHARE * height - float(there[1])
    shifted = _shifted(matrix, photo, width, height)
    matrix[0, 2] = shifted[0, 2]  # never up or down: that would leave the eye line
    return matrix


def portrait_zoom(points: Points5, photo: tuple[int, int], *, width: int, height: int) -> float:
    """The least zoom at which the photo fills a portrait; the largest that is tried where none does."""
    for zoom in PORTRAIT_ZOOMS:
        matrix = portrait_placement(points, photo, width=width, height=height, zoom=zoom)
        if _empty_share(matrix, photo, width, height) <= MAX_EMPTY_SHARE:
            return zoom
    return PORTRAIT_ZOOMS[-1]


def portrait_cut(image: Rgb8, points: Points5, *, width: int, height: int, zoom: float) -> Rgb8:
    """(height, width, 3) of a photo at a portrait's scale and eye line."""
    photo = (image.shape[1], image.shape[0])
    matrix = portrait_placement(points, photo, width=width, height=height, zoom=zoom)
    return window(image, matrix, width=width, height=height)


def surroundings(image: Rgb8, points: Points5) -> tuple[Rgb8, Points5]:
    """Cut away what no `cut_out` of this face shows, and shrink the rest to what the largest of a card needs.

    image: (H, W, 3), RGB. points: (5, 2) pixels of it. Returns the smaller picture, not turned, and the points in it.
    Raises DegeneratePoints when the points have no spread.
    """
    to_crop = estimate_similarity(points, ARCFACE_TEMPLATE)
    side = CROP_SIDE_PX / float(np.sqrt(abs(np.linalg.det(to_crop[:, :2]))))  # of the ArcFace crop, pixels of `image`
    middle = apply_affine(
        np.asarray(cv2.invertAffineTransform(to_crop), dtype=np.float64),
        np.full((1, 2), CROP_SIDE_PX / 2, np.float32),
    )[0]
    height, width = image.shape[:2]
    reach = SURROUNDINGS_SHARE * side
    low = np.clip(np.floor(middle - reach), 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(middle + reach), low + 1, [width, height]).astype(int)
    cut = image[low[1] : high[1], low[0] : high[0]]
    ratio = min(1.0, SURROUNDINGS_SIDE_PX / side)
    small = (max(1, round(cut.shape[1] * ratio)), max(1, round(cut.shape[0] * ratio)))
    scale = np.array([small[0] / cut.shape[1], small[1] / cut.shape[0]])
    resized = np.asarray(cv2.resize(cut, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return resized, np.asarray((points - low + 0.5) * scale - 0.5, dtype=np.float32)


def straighten(image: Rgb8, points: Points5, *, side_px: int) -> Rgb8:
    """The face as the embedder sees it, larger: the ArcFace crop at side_px."""
    matrix = estimate_similarity(points, ARCFACE_TEMPLATE * np.float32(side_px / CROP_SIDE_PX))
    return window(image, matrix, width=side_px, height=side_px)


def fit_gallery(image: Rgb8, *, width: int, height: int) -> Rgb8:
    """A gallery picture of which nobody knows where the face is, scaled to (height, width, 3).

    The largest square is shown, a little above the middle. Its whole height stays: a wide frame has a blurred
    reflection at its sides.
    """
    picture_height, picture_width = image.shape[:2]
    shown = float(min(picture_width, picture_height))
    middle = shown / 2 + 0.35 * (picture_height - shown)
    scale = max(height / shown, width / (shown * max(width / height, 1.0)))
    matrix = np.array([[scale, 0, width / 2 - scale * picture_width / 2], [0, scale, height / 2 - scale * middle]])
    return window(image, matrix, width=width, height=height)


def _corners(width: float, height: float) -> FloatArray:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)


def _shifted(matrix: NDArray[np.float64], photo: tuple[int, int], width: int, height: int) -> NDArray[np.float64]:
    """Move the photo inside the cut-out so that an edge of it leaves the frame, where the other side has spare."""
    corners = apply_affine(matrix, _corners(*photo))
    moved = matrix.copy()
    for axis, size in ((0, width), (1, height)):
        ordered = np.sort(corners[:, axis])
        low, high = float(ordered[1]), float(ordered[2])  # the inner sides, also where the photo is turned
        limit = MAX_SHIFT_SHARE * size
        if low > 0 and high > size:
            moved[axis, 2] -= min(low, high - size, limit)
        elif high < size and low < 0:
            moved[axis, 2] += min(size - high, -low, limit)
    return moved


def _empty_share(matrix: NDArray[np.float64], photo: tuple[int, int], width: int, height: int) -> float:
    """The share of the cut-out that lies outside the photo, counted on a grid of 24 x 24 places."""
    axis = (np.arange(24) + 0.5) / 24
    grid = np.stack(np.meshgrid(axis * width, axis * height), axis=-1).reshape(-1, 2).astype(np.float32)
    inverse = np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)
    places = apply_affine(inverse, grid)
    inside = (places >= 0).all(axis=1) & (places[:, 0] < photo[0]) & (places[:, 1] < photo[1])
    return float(1 - inside.mean())


def window(image: Rgb8, matrix: NDArray[np.float64], *, width: int, height: int) -> Rgb8:
    """Resample by a (2, 3) matrix, averaging where it shrinks, with a blurred reflection outside the photo."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.5:  # leave the warp a factor of two, which bilinear sampling takes without aliasing
        small = (max(1, round(image.shape[1] * scale * 2)), max(1, round(image.shape[0] * scale * 2)))
        fx, fy = small[0] / image.shape[1], small[1] / image.shape[0]
        image = np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        matrix = matrix @ np.array([[1 / fx, 0, 0.5 / fx - 0.5], [0, 1 / fy, 0.5 / fy - 0.5], [0, 0, 1]])
    mode = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    size = (width, height)
    warped = cv2.warpAffine(image, matrix, size, flags=mode, borderMode=cv2.BORDER_REFLECT_101)
    inside = cv2.warpAffine(np.full(image.shape[:2], 255, np.uint8), matrix, size, flags=cv2.INTER_LINEAR)
    if inside.min() == 255:
        return np.asarray(warped, dtype=np.uint8)
    small = cv2.resize(warped, (max(1, width // 8), max(1, height // 8)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(width, height) / 8 / 24)  # blurring the small one is far cheaper
    blurred = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    feather = cv2.GaussianBlur(cv2.erode(inside, np.ones((9, 9), np.uint8)), (0, 0), 4)[..., None] / 255.0
    return np.asarray(np.round(warped * feather + blurred * (1 - feather)), dtype=np.uint8)
