"""Every check of a gallery, those that opening leaves out among them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from index.errors import GalleryDamaged
from index.files import MANIFEST, NEEDED, VECTORS, read_checked, read_manifest
from index.gallery import Gallery
from index.plain_text import counted, readable

# Rounding to float16 moves each number by up to 2^-11 of itself, and so a vector's length by no more.
LENGTH_TOLERANCE: Final = 1e-3


def verify_gallery(folder: Path, *, embedder: str | None) -> Gallery:
    """Open the gallery, read its further files too, and look at every vector.

    Raises GalleryMissing, GalleryDamaged or GalleryOfAnotherEmbedder; returns the gallery when nothing is wrong.
    """
    gallery = Gallery.open(folder, embedder=embedder)
    for name, record in read_manifest(folder).files.items():
        if name not in NEEDED:  # those were checked by opening
            read_checked(folder, name, record)
    lengths = np.linalg.norm(gallery.vectors(), axis=1)
    wrong = np.flatnonzero(~(np.abs(lengths - 1.0) <= LENGTH_TOLERANCE))
    if len(wrong):
        raise GalleryDamaged(
            f"{readable(str(folder / VECTORS))}: {counted(len(wrong), 'vector is', 'vectors are')} not of unit length, "
            f"the first is person {gallery.people[int(wrong[0])].number}'s",
            folder=folder,
        )
    pictures = sum(person.images for person in gallery.people)
    if pictures != gallery.info.pictures:
        problem = f"the people have {pictures} pictures, {MANIFEST} says {gallery.info.pictures}"
        raise GalleryDamaged(f"{readable(str(folder))}: {problem}", folder=folder)
    return gallery
