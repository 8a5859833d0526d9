"""What a photo may cost: bytes, pixels, memory and time, told from its header before a decoder runs.

A decoder that is let loose on a hostile file keeps a core busy for minutes or fills the memory, so every format's own
cost is bounded here. Who decodes for others adds a process with limits of its own (`lookalike.serving.decoders`); this
tells how much such a process is given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Final

from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.jpeg_structure import ARITHMETIC, LOSSLESS, MOST_PARTS, MOST_SCANS
from pipeline.picture_header import PictureFormat, PictureHeader, read_header

# A JPEG is decoded at 1/2, 1/4 or 1/8 as long as its longer side keeps this share of the working side: a 12 Mpx
# photo (4032 px) then comes as 2016 px in a third of the time, rather than whole and shrunk by 0.51.
DRAFT_SHARE: Final = 0.75
STRIP_BYTES: Final = 4_000_000  # of a picture that is made RGB and smaller at a time, with all its copies
RESULT_BYTES: Final = 20_000_000  # of a decoded photo and what is made of it
_FIXED_BYTES: Final = 4_000_000  # tables, buffers, one strip
_HEIF: Final = frozenset({PictureFormat.HEIC, PictureFormat.AVIF})


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoLimits:
    """What is taken at all, and how large the working picture may be."""

    max_bytes: int = 20_000_000
    max_pixels: int = 40_000_000
    min_side_px: int = 20  # the detector's smallest face; under it nothing can be found
    working_side_px: int = 2048  # longer side of the working picture; see `longer_side_px` for wide ones
    longest_side_px: int = 8192  # of wide and of high pictures

    def longer_side_px(self, size: tuple[int, int]) -> int:
        """The longer side that the working picture of a photo of this size may have.

        Pictures longer than 4:3 get as many pixels as one of 4:3: shrunk to the same side, a row of fifty people would
        have a few pixels each.
        """
        wide = self.working_side_px * math.sqrt(0.75 * max(size) / max(1, min(size)))
        return max(self.working_side_px, min(self.longest_side_px, int(wide)))

    @property
    def max_memory_bytes(self) -> int:
        """The most that decoding one photo may keep: four bytes of each pixel, as Pillow keeps colours, and the result.

        Codings that need more a pixel (progressive JPEG of full colour, CMYK, AVIF) get fewer pixels.
        """
        return RESULT_BYTES + 4 * self.memory_pixels

    @property
    def memory_pixels(self) -> int:
        """The most pixels whose memory decoding one photo may take, in the usual four bytes each."""
        return max(self.max_pixels, 40_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingPlan:
    """A photo that may be decoded, and what for."""

    header: PictureHeader
    limits: PhotoLimits
    memory_bytes: int  # the most its decoding keeps at once, the file's own bytes not counted
    cpu_s: int  # far more than any honest file of its size takes


def plan_decoding(data: bytes, limits: PhotoLimits) -> DecodingPlan:
    """Read the header and refuse what is no picture, too large or too costly. Raises BadPhoto."""
    if not data:
        raise BadPhoto(BadPhotoCode.EMPTY, "The file is empty; send the picture again.")
    if len(data) > limits.max_bytes:
        raise BadPhoto(
            BadPhotoCode.TOO_MANY_BYTES,
            f"The file has more than {limits.max_bytes / 1e6:,.4g} MB; send a smaller one.",
            want=limits.max_bytes,
            got=len(data),
        )
    header = read_header(data)
    if header is None:
        raise BadPhoto(
            BadPhotoCode.NOT_A_PICTURE,
            f"This is not a {formats_read()} picture; save it as one of these and send that.",
        )
    name = header.format.name_for_people
    if header.format in _HEIF and not heif_is_read():
        raise BadPhoto(
            BadPhotoCode.NEEDS_EXTRA,
            f"{name} pictures need the extra heif, which is the package pillow-heif; install it, or save the picture "
            "as a JPEG.",
        )
    if header.size is None:
        raise broken(header.format)
    _check_size(header, header.size, limits)
    _check_work(header)
    memory = decoding_memory(header, header.size, limits)
    if memory > limits.max_memory_bytes:
        like = math.ceil((memory - RESULT_BYTES) / 4e6)  # the value of MAX_PHOTO_MPX that takes it
        raise BadPhoto(
            BadPhotoCode.TOO_MANY_PIXELS,
            f"The picture has {header.pixels / 1e6:,.0f} million pixels and, stored as this {name} is, takes the "
            f"memory of {like:,} million, the limit is {limits.memory_pixels / 1e6:,.4g} million; save it as a "
            "usual JPEG or smaller.",
            want=int(header.pixels * limits.max_memory_bytes / memory),
            got=header.pixels,
        )
    return DecodingPlan(header=header, limits=limits, memory_bytes=memory, cpu_s=3 + math.ceil(header.pixels / 5e6))


@cache
def heif_is_read() -> bool:
    """Whether the extra is installed. It stands for AVIF, too: fewer decoders for those who did not ask for more."""
    return find_spec("pillow_heif") is not None


def formats_read() -> str:
    """The formats, for a sentence."""
    return "JPEG, PNG, WebP, GIF, HEIC or AVIF" if heif_is_read() else "JPEG, PNG, WebP or GIF"


def broken(kind: PictureFormat) -> BadPhoto:
    """The refusal of a damaged file."""
    return BadPhoto(
        BadPhotoCode.BROKEN, f"The {kind.name_for_people} file is damaged or cut off; send it again or save it anew."
    )


def too_costly(kind: PictureFormat, what: str) -> BadPhoto:
    """The refusal of a file that costs more work than a photo may. what: the rest of the sentence."""
    return BadPhoto(
        BadPhotoCode.TOO_COSTLY, f"This {kind.name_for_people} file {what}; save it anew, smaller or as a usual JPEG."
    )


def draft_factor(header: PictureHeader, size: tuple[int, int], limits: PhotoLimits) -> int:
    """By how much a JPEG's sides may be divided while it is decoded; its decoder takes the next lower of 1, 2, 4, 8."""
    if header.jpeg is None or header.jpeg.frame == LOSSLESS:
        return 1
    return max(1, max(size) // round(limits.longer_side_px(size) * DRAFT_SHARE))


def decoding_memory(header: PictureHeader, size: tuple[int, int], limits: PhotoLimits) -> int:
    """Bytes that decoding keeps at its highest: coefficients, the decoder's picture, the reduced one, the result."""
    divided = 1 << min(3, int(math.log2(draft_factor(header, size, limits))))
    width, height = (-(-side // divided) for side in size)
    coefficients = header.jpeg.coefficient_bytes if header.jpeg is not None else 0
    stored = round(width * height * header.bytes_per_pixel)
    working = limits.longer_side_px(size)
    factor = max(1, min(max(width, height) // working, width, height))
    reduced = 3 * (width // factor) * (height // factor)
    ratio = min(1.0, working * factor / max(width, height))
    # The decoder's picture is gone when the reduced one is resized; turning makes a copy.
    result = math.ceil(2 * reduced * ratio**2)
    return max(coefficients + stored, stored + reduced, reduced + result) + _FIXED_BYTES


def _check_size(header: PictureHeader, size: tuple[int, int], limits: PhotoLimits) -> None:
    width, height = size
    if header.pixels > limits.max_pixels:
        raise BadPhoto(
            BadPhotoCode.TOO_MANY_PIXELS,
            f"The picture has {width:,} x {height:,} pixels ({header.pixels / 1e6:,.0f} million), the limit is "
            f"{limits.max_pixels / 1e6:,.4g} million; send a smaller one.",
            want=limits.max_pixels,
            got=header.pixels,
        )
    if min(size) < limits.min_side_px:
        raise BadPhoto(
            BadPhotoCode.TOO_SMALL,
            f"The picture has {width:,} x {height:,} pixels, no face can be seen under {limits.min_side_px}; "
            f"send a larger one.",
            want=limits.min_side_px,
            got=min(size),
        )


def _check_work(header: PictureHeader) -> None:
    """Refuse what costs a decoder far more work than its size says."""
    if header.parts > MOST_PARTS:
        raise too_costly(header.format, f"is cut into more than {MOST_PARTS:,} pieces")
    if header.jpeg is None:
        return
    if header.jpeg.frame in ARITHMETIC:
        raise too_costly(header.format, "uses arithmetic coding, which hardly any program reads")
    if header.jpeg.scans > MOST_SCANS:
        raise too_costly(header.format, f"has more than {MOST_SCANS} scans, where a photo has ten")
