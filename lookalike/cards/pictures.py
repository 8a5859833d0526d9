"""Where the pictures of the gallery's people come from, if they are there at all."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from index.types import Person
from pipeline.types import Rgb8


class PictureSource(Protocol):
    """Finds a person's picture. May be called from several threads."""

    def picture(self, person: Person) -> Rgb8 | None:
        """(H, W, 3), RGB, or None where there is none."""
        ...


class FolderPictures:
    """Reads pictures below a folder that the gallery's image names are relative to; None stands for no folder."""

    def __init__(self, folder: Path | None) -> None:
        self._root = None if folder is None else folder.resolve()

    def picture(self, person: Person) -> Rgb8 | None:
        """The person's best picture; None where it is missing or can't be read: the card then draws one."""
        if self._root is None or not person.image:
            return None
        # The setting may name the gallery's folder or, as CelebA's readers do, the one with the pictures themselves.
        for name in dict.fromkeys((person.image, Path(person.image).name)):
            image = _read(self._root, name)
            if image is not None:
                return image
        return None


def _read(root: Path, name: str) -> Rgb8 | None:
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root):  # a people table must not name files elsewhere
            return None
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"), dtype=np.uint8)
    except (OSError, ValueError, Image.DecompressionBombError, SyntaxError):
        return None
