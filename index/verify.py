"""Every check of a gallery, those that opening leaves out among them."""

from __future__ import annotations

from pathlib import Path

from index.errors import GalleryDamaged
from index.files import MANIFEST, NEEDED, read_checked, read_manifest
from index.gallery import Gallery
from index.plain_text import readable


def verify_gallery(folder: Path, *, embedder: str | None) -> Gallery:
    """Open the gallery, read its further files too, and add up what its tables say.

    Raises GalleryMissing, GalleryDamaged or GalleryOfAnotherEmbedder; returns the gallery when nothing is wrong.
    """
    gallery = Gallery.open(folder, embedder=embedder)
    for name, record in read_manifest(folder).files.items():
        if name not in NEEDED:  # those were checked by opening
            read_checked(folder, name, record)
    pictures = sum(person.images for person in gallery.people)
    if pictures != gallery.info.pictures:
        problem = f"the people have {pictures} pictures, {MANIFEST} says {gallery.info.pictures}"
        raise GalleryDamaged(f"{readable(str(folder))}: {problem}", folder=folder)
    return gallery
