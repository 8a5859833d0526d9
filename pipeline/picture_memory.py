"""A Pillow picture -> an RGB array by one copy. Pillow's own ways copy three times: to a part, to bytes, to an array.

Pillow shares its pixels through the Arrow C data interface (https://arrow.apache.org/docs/format/CDataInterface.html),
four bytes a pixel as it keeps them. No package that reads that interface is needed for one buffer.
"""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar

import cv2
import numpy as np
from PIL import Image

from pipeline.types import Rgb8


class _ArrowArray(ctypes.Structure):
    """`struct ArrowArray` of the standard."""

    _fields_: ClassVar[Any]


_ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_ArrowArray))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
_pointer_in = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_in.restype = ctypes.c_void_p
_pointer_in.argtypes = [ctypes.py_object, ctypes.c_char_p]


def copied_rgb(picture: Image.Image) -> Rgb8 | None:
    """Copy the pixels of a picture of mode RGB: (H, W, 3).

    None where the mode is another, or where Pillow does not keep the picture in one piece: from 16 MB on.
    """
    if picture.mode != "RGB":
        return None
    try:
        _schema, capsule = picture.__arrow_c_array__()
    except ValueError:
        return None
    width, height = picture.size
    pixels = _ArrowArray.from_address(_pointer_in(capsule, b"arrow_array"))  # valid while the capsule lives
    if (pixels.length, pixels.offset, pixels.n_children) != (width * height, 0, 1):
        return None
    channels = pixels.children[0].contents  # the pixels are lists of four channels, one child for all
    if (channels.length, channels.offset, channels.n_buffers) != (4 * width * height, 0, 2):
        return None
    shared = (ctypes.c_uint8 * channels.length).from_address(channels.buffers[1])
    kept = np.frombuffer(shared, np.uint8).reshape(height, width, 4)
    return np.asarray(cv2.cvtColor(kept, cv2.COLOR_RGBA2RGB), np.uint8)
