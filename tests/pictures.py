"""Test pictures, drawn and encoded in memory: scenes without faces, odd formats, broken and hostile files."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from pipeline.types import Rgb8

CORNERS = np.array([[[220, 30, 30], [30, 200, 40]], [[40, 60, 220], [230, 220, 40]]], np.uint8)


def scene(width: int = 160, height: int = 120, *, seed: int = 0) -> Rgb8:
    """Soft clouds of colour: nothing a codec spoils, nothing a face."""
    coarse = np.random.default_rng(seed).integers(30, 226, (4, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.uint8)


def four_corners(width: int = 160, height: int = 120) -> Rgb8:
    """Red, green over blue, yellow quarters: tells every one of the eight orientations."""
    rows = np.arange(height) * 2 // height
    columns = np.arange(width) * 2 // width
    return np.ascontiguousarray(CORNERS[rows][:, columns])


def encoded(image: Rgb8 | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Encode pixels or a Pillow image. `orientation=` writes that EXIF orientation."""
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    if "orientation" in options:
        exif = Image.Exif()
        exif[0x0112] = options.pop("orientation")
        options["exif"] = exif.tobytes() if kind == "HEIF" else exif
    if kind == "JPEG":
        options.setdefault("quality", 95)
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def with_xmp_orientation(orientation: int) -> bytes:
    """XMP data that name an orientation, as some programs leave them behind after turning the pixels."""
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d"/>'
        b"</rdf:RDF></x:xmpmeta>"
    ) % orientation


def odd_formats(image: Rgb8) -> dict[str, bytes]:
    """Encode one picture in every mode a person might send; each must decode to nearly the same RGB."""
    rgb = Image.fromarray(image)
    opaque = rgb.convert("RGBA")
    return {
        "jpeg": encoded(rgb, "JPEG"),
        "jpeg progressive": encoded(rgb, "JPEG", progressive=True),
        "jpeg cmyk": encoded(rgb.convert("CMYK"), "JPEG"),
        "jpeg grey": encoded(rgb.convert("L"), "JPEG"),
        "png": encoded(rgb),
        "png interlaced palette": encoded(rgb.quantize(256), "PNG"),
        "png palette with transparency": encoded(rgb.quantize(255), "PNG", transparency=b"\xff" * 255),
        "png grey": encoded(rgb.convert("L")),
        "png grey alpha": encoded(rgb.convert("LA")),
        "png alpha": encoded(opaque),
        "png 16 bit grey": encoded(Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257)),
        "png 16 bit rgb": png_16_bit(image),
        "webp": encoded(rgb, "WEBP", quality=95),
        "webp lossless alpha": encoded(opaque, "WEBP", lossless=True),
        "gif": encoded(rgb.quantize(256), "GIF"),
    }


def png_16_bit(image: Rgb8) -> bytes:
    """An RGB PNG of 16 bits a channel, which Pillow can't write."""
    height, width = image.shape[:2]
    rows = (image.astype(">u2") * 257).reshape(height, -1)
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    return _png(width, height, depth=16, colour=2, data=zlib.compress(raw))


def huge_png(side_px: int = 30_000, *, size_bytes: int = 20_000) -> bytes:
    """A well-formed beginning of a PNG that would unfold to side x side pixels: a bomb of `size_bytes`."""
    return _png(side_px, side_px, depth=8, colour=2, data=zlib.compress(bytes(size_bytes * 1000), 9)[: size_bytes - 57])


def animated_gif(first: Rgb8, *others: Rgb8) -> bytes:
    """A GIF that plays these frames."""
    frames = [Image.fromarray(frame).quantize(64) for frame in (first, *others)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0)


def _png(width: int, height: int, *, depth: int, colour: int, data: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
