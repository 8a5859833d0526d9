"""Pixels that the caller has decoded -> the working picture of the pipeline, of the size that `decode` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from pipeline.decode import DecodedPhoto, PhotoLimits, turn_by_exif
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.types import Rgb8

if TYPE_CHECKING:
    from PIL import Image

_EXIF_ORIENTATION: Final = 0x0112
_LIMITS: Final = PhotoLimits()


def of_array(pixels: np.ndarray[Any, Any], *, max_pixels: int) -> DecodedPhoto:
    """pixels: (H, W, 3) uint8, RGB and upright; OpenCV's BGR is to be turned round first: pixels[..., ::-1].

    Raises BadPhoto for a picture too large or too small, TypeError or ValueError for what is no such array.
    """
    if pixels.dtype != np.uint8:
        raise TypeError(f"pixels are uint8, 0 to 255; this array is {pixels.dtype}")
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels are (H, W, 3), RGB; this array is {pixels.shape}")
    _check_size(pixels.shape[1], pixels.shape[0], max_pixels)
    return _shrunk(np.ascontiguousarray(pixels))


def of_pillow(picture: Image.Image, *, max_pixels: int) -> DecodedPhoto:
    """Likewise from a Pillow image of any mode: turned as its EXIF says, transparency on white.

    The image is not changed, but for being loaded. Raises BadPhoto.
    """
    _check_size(*picture.size, max_pixels)
    try:
        loaded = picture.copy()
    except (OSError, ValueError, SyntaxError) as error:
        raise BadPhoto(BadPhotoCode.BROKEN, "The picture is damaged or cut off; save it anew.") from error
    for name in ("xmp", "XML:com.adobe.xmp"):  # programs that turn the pixels leave a stale orientation there
        loaded.info.pop(name, None)
    try:
        orientation = loaded.getexif().get(_EXIF_ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError, TypeError, KeyError):
        orientation = 1  # a damaged EXIF block says nothing about the pixels
    photo = _shrunk(np.array(_flat(loaded), np.uint8))
    known = isinstance(orientation, int) and 1 <= orientation <= 8
    return DecodedPhoto(turn_by_exif(photo.image, orientation if known else 1), photo.scale)


def _flat(picture: Image.Image) -> Image.Image:
    """8-bit RGB."""
    from PIL import Image

    if picture.mode == "F" or picture.mode.startswith("I"):  # 16-bit grey, also where it is kept in 32 bits
        grey = np.clip(np.nan_to_num(np.asarray(picture, np.float64)), 0, 65535)
        depth = 1 if picture.mode == "F" and grey.max(initial=0) <= 255 else 257
        return Image.fromarray((grey // depth).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, (255, 255, 255, 255)), seen).convert("RGB")
    return picture.convert("RGB")


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise BadPhoto(
            BadPhotoCode.TOO_MANY_PIXELS,
            f"The picture has {width:,} x {height:,} pixels, the limit is {max_pixels / 1e6:,.4g} million; "
            f"make it smaller, or raise max_photo_mpx.",
        )
    if min(width, height) < _LIMITS.min_side_px:
        raise BadPhoto(
            BadPhotoCode.TOO_SMALL,
            f"The picture has {width:,} x {height:,} pixels, no face can be seen under {_LIMITS.min_side_px}.",
        )


def _shrunk(image: Rgb8) -> DecodedPhoto:
    """As pipeline.decode makes large photos smaller: by a whole factor first, by area then."""
    from PIL import Image

    height, width = image.shape[:2]
    working = _LIMITS.longer_side_px((width, height))
    factor = max(1, min(max(width, height) // working, width, height))
    if factor > 1:
        kept = image[: height // factor * factor, : width // factor * factor]
        image = np.asarray(Image.fromarray(np.ascontiguousarray(kept)).reduce(factor), np.uint8)
    scale, longer = float(factor), max(image.shape[:2])
    if longer > working:
        ratio = working / longer
        height, width = (max(1, round(side * ratio)) for side in image.shape[:2])
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        scale /= ratio
    return DecodedPhoto(image, scale)
