"""Every check of a gallery, those that opening leaves out among them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from index.errors import GalleryDamaged
from index.files import MANIFEST, MEND, NEEDED, VECTORS, read_checked, read_manifest
from index.gallery import Gallery

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
        number = gallery.people[int(wrong[0])].number
        raise GalleryDamaged(
            f"{folder / VECTORS}: {len(wrong)} vectors are not of unit length, the first is person {number}'s; {MEND}"
        )
    pictures = sum(person.images for person in gallery.people)
    if pictures != gallery.info.pictures:
        raise GalleryDamaged(
            f"{folder}: the people have {pictures} pictures, {MANIFEST} says {gallery.info.pictures}; {MEND}"
        )
    return gallery
