"""Where the files of the gallery's pictures lie: a folder, or a zip file such as CelebA's own. No decoding."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from index.previews import ARCHIVE_DAMAGE
from lookalike.photo_file import read_photo_file

MAX_UNPACKED_BYTES: Final = 200_000_000  # of one picture, whatever the archive says of it


class PictureFiles(Protocol):
    """Finds a picture by the name that the gallery has for it. May be asked by several threads."""

    def size(self, image: str) -> int | None:
        """Bytes of the picture; None where there is no such picture."""
        ...

    def read(self, image: str, *, max_bytes: int) -> bytes:
        """The picture's bytes, or the first max_bytes + 1 of them. Raises OSError where there is no such picture."""
        ...


def picture_names(image: str) -> tuple[str, ...]:
    """Where a picture is looked for below a place, in this order.

    The setting may name the gallery's folder or, as CelebA's readers do, the one with the pictures themselves.
    """
    return tuple(dict.fromkeys((image, image.rpartition("/")[2]))) if image else ()


class FolderFiles:
    """Regular files below a folder; links are followed inside of it."""

    def __init__(self, folder: Path) -> None:
        self._root = folder.resolve()

    def size(self, image: str) -> int | None:
        path = self._path(image)
        try:
            return None if path is None else path.stat().st_size
        except OSError:
            return None

    def read(self, image: str, *, max_bytes: int) -> bytes:
        path = self._path(image)
        if path is None:
            raise FileNotFoundError(image)
        return read_photo_file(path, max_bytes=max_bytes)

    def _path(self, image: str) -> Path | None:
        for name in picture_names(image):
            try:
                path = (self._root / name).resolve()
                if path.is_relative_to(self._root) and path.is_file():  # a people table must not name files elsewhere
                    return path
            except (OSError, ValueError, RuntimeError):  # too long, with a NUL, links in a circle
                continue
        return None


class ZipFiles:
    """Pictures inside a zip file, as CelebA's page gives it (img_align_celeba.zip, 202,599 of them)."""

    def __init__(self, path: Path, *, images: Collection[str]) -> None:
        """images: the names that will be asked for. Of all others nothing is kept: a list of CelebA's takes 120 MB.

        Raises OSError when the file is no zip file that can be read.
        """
        wanted = {name for image in images for name in picture_names(image)}
        # A folder in the archive may stand above the names that the gallery has.
        last = {image.rpartition("/")[2]: image for image in images}
        try:
            self._archive = zipfile.ZipFile(path)
        except ARCHIVE_DAMAGE as error:
            raise OSError(f"{path} is no zip file that can be read ({error})") from error
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._archive.infolist():
            if entry.filename in wanted:
                self._entries[entry.filename] = entry
            elif (image := last.get(entry.filename.rpartition("/")[2])) and entry.filename.endswith(f"/{image}"):
                self._entries.setdefault(image, entry)
        self._archive.filelist.clear()
        self._archive.NameToInfo.clear()
        self._lock = Lock()

    def size(self, image: str) -> int | None:
        entry = self._entry(image)
        return None if entry is None else entry.file_size

    def read(self, image: str, *, max_bytes: int) -> bytes:
        entry = self._entry(image)
        if entry is None:
            raise FileNotFoundError(image)
        try:
            with self._lock, self._archive.open(entry) as file:
                return file.read(min(max_bytes, MAX_UNPACKED_BYTES) + 1)
        except ARCHIVE_DAMAGE as error:
            raise OSError(f"{image} can't be read from the archive ({error})") from error

    def _entry(self, image: str) -> zipfile.ZipInfo | None:
        return next((self._entries[name] for name in picture_names(image) if name in self._entries), None)


def open_files(place: Path, *, images: Collection[str]) -> PictureFiles:
    """The pictures in a folder or a zip file. images: see ZipFiles. Raises OSError."""
    return FolderFiles(place) if place.is_dir() else ZipFiles(place, images=images)
