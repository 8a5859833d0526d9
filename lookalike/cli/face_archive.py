"""`lookalike index pictures`: the pictures of a gallery's people, cut round the face, in one small file."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from index.errors import NotAGallery
from index.plain_text import readable
from index.previews import Preview, Previews, encode_previews
from index.types import Person
from lookalike.cards.crops import surroundings
from lookalike.cards.picture_files import PictureFiles
from lookalike.cards.pictures import points_on
from pipeline.decode import PhotoLimits, decode
from pipeline.errors import BadPhoto, DegeneratePoints

QUALITY: Final = 75  # of WebP: 44 MB for 9,324 pictures of CelebA, on which no card shows a difference


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceArchiveReport:
    """What was made."""

    people: int  # in the gallery
    faces: int  # in the archive
    missing: tuple[str, ...]  # numbers of people whose picture is not there
    unreadable: tuple[tuple[str, str], ...]  # number and reason
    size_bytes: int


def write_face_archive(
    people: Sequence[Person],
    files: PictureFiles,
    out: Path,
    *,
    limits: PhotoLimits,
    progress: Callable[[int], None] = lambda _done: None,
) -> FaceArchiveReport:
    """Cut every person's face out of their picture and write all to `out`.

    Raises NotAGallery when `out` is there and no such archive, OSError when it can't be written.
    """
    check_archive_target(out)
    faces: dict[str, Preview] = {}
    missing, unreadable = [], []
    for done, person in enumerate(people, start=1):
        if files.size(person.image) is None:
            missing.append(person.number)
        else:
            try:
                faces[person.number] = _face(person, files, limits=limits)
            except (OSError, BadPhoto, DegeneratePoints) as error:
                unreadable.append((person.number, readable(str(error))))
        progress(done)
    data = encode_previews(faces) if faces else b""
    if faces:
        _put(out, data)
    return FaceArchiveReport(
        people=len(people),
        faces=len(faces),
        missing=tuple(missing),
        unreadable=tuple(unreadable),
        size_bytes=len(data),
    )


def check_archive_target(out: Path) -> None:
    """Raise NotAGallery when `out` is there and was not made here: it would be lost."""
    if os.path.lexists(out) and not len(Previews.read(out)):
        raise NotAGallery(f"{readable(str(out))} is there and holds something else; choose another name: --out FILE")


def _face(person: Person, files: PictureFiles, *, limits: PhotoLimits) -> Preview:
    data = files.read(person.image, max_bytes=limits.max_bytes)
    points = points_on(data, person)
    if points is None:
        raise OSError("the gallery does not know where the face is; build it again")
    photo = decode(data, limits=limits)
    small, here = surroundings(photo.image, np.asarray((points + 0.5) / photo.scale - 0.5, np.float32))
    picture = io.BytesIO()
    Image.fromarray(small).save(picture, "WEBP", quality=QUALITY)
    rounded = tuple(round(value, 2) for value in here.ravel().tolist())
    return Preview(jpeg=picture.getvalue(), points=rounded, source_bytes=len(data))


def _put(out: Path, data: bytes) -> None:
    """Write beside the place and move there, so that a full disk leaves what was there."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        check_archive_target(out)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
