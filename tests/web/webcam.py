"""A fake webcam for Chromium: a motion JPEG of a portrait that moves a little, as a head does."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

FRAMES = 30


def webcam(file: Path, portrait: Path) -> Path:
    """Write 640 x 480 px of it to `file`; Chromium plays it over and over."""
    with Image.open(portrait) as opened:
        face = opened.convert("RGB")
    face = face.resize((round(face.width * 420 / face.height), 420))
    film = io.BytesIO()
    for number in range(FRAMES):
        frame = Image.new("RGB", (640, 480), (90, 95, 100))
        frame.paste(face, ((640 - face.width) // 2 + number % 3, 30))
        frame.save(film, "JPEG", quality=90)
    file.write_bytes(film.getvalue())
    return file
