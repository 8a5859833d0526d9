"""Walk through a folder of pictures as people, cameras, network drives and synchronising programs leave it.

Passed over: hidden files and folders, and the folders that systems keep for thumbnails, deleted and found files.
Links are followed to places inside the folder; one that leads out of it, nowhere or in a circle is left out.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from index.picture_kinds import HEAD_BYTES, named_as_picture, picture_kind

# Compared without regard to case. Hidden ones (.thumbnails, .Trash-1000, .@__thumb) need no entry.
SERVICE_FOLDERS: Final = frozenset(
    name.casefold()
    for name in (
        *("@eaDir", "@tmp", "#recycle", "#snapshot"),  # Synology
        *("@__thumb", "@Recycle", "@Recently-Snapshot"),  # QNAP
        *("$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information"),  # Windows
        *("__MACOSX", "Network Trash Folder", "Temporary Items", "TheVolumeSettingsFolder"),  # macOS
        *("lost+found", "Thumbs", "Thumbnails"),
    )
)
_FOUND: Final = "found."  # chkdsk's FOUND.000

LINK_OUT: Final = "a link to a place outside of the folder; put the file itself here"
LINK_NOWHERE: Final = "a link that leads nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What lies below a folder. Paths are relative to it, "/" between the parts, as `os` gives them."""

    pictures: tuple[str, ...]  # in a fixed order
    folders: tuple[str, ...]  # the names of those that lie in the folder itself and were opened
    left_out: tuple[tuple[str, str], ...]  # path and reason; a folder's path ends with "/"
    passed_over: tuple[str, ...]  # service folders


def walk_pictures(folder: Path) -> Walk:
    """List the pictures below `folder`, told by name and, where the name says nothing, by content.

    Within each of the folders that lie in `folder` a file and a folder count once, however many links lead to them.
    Nothing but regular files is opened. A folder that can't be read is left out, with the reason.
    """
    walker = _Walker(folder.resolve())
    walker.walk()
    return Walk(
        pictures=tuple(sorted(walker.pictures)),
        folders=tuple(walker.folders),
        left_out=tuple(sorted(walker.left_out)),
        passed_over=tuple(sorted(walker.passed_over)),
    )


def is_service_folder(name: str) -> bool:
    """Whether a system keeps this folder for itself."""
    small = name.casefold()
    return small in SERVICE_FOLDERS or (small.startswith(_FOUND) and small[len(_FOUND) :].isdigit())


@dataclass(frozen=True, slots=True)
class _Place:
    """One folder on the way."""

    real: Path  # resolved
    path: str  # how it is known: empty, or relative to the root and ending with "/"
    above: _Place | None = None  # the folder that it was found in
    link: bool = False  # it is known by a link

    def lies_in(self, real: Path) -> bool:
        """Whether `real` is this folder, or one that it was reached through."""
        place: _Place | None = self
        while place is not None and place.real != real:
            place = place.above
        return place is not None


class _Walker:
    """One walk. Folders are kept on a list, not on Python's stack, which a deep tree would overflow."""

    def __init__(self, root: Path) -> None:
        self.pictures: list[str] = []
        self.folders: list[str] = []
        self.left_out: list[tuple[str, str]] = []
        self.passed_over: list[str] = []
        self._root = root

    def walk(self) -> None:
        files, folders = self._read(_Place(self._root, ""))
        self.pictures += files.values()
        for first in folders:
            self.folders.append(first.path.rstrip("/"))
            self._walk_below(first)

    def _walk_below(self, first: _Place) -> None:
        # Folders that only a link leads to come last, so that a picture has its own path rather than a link's.
        own, linked = [first], list[_Place]()
        seen, pictures = set[Path](), dict[Path, str]()
        while own or linked:
            place = own.pop() if own else linked.pop(0)
            if place.real in seen:
                continue
            seen.add(place.real)
            files, folders = self._read(place)
            for real, path in files.items():
                if real not in pictures or path.endswith(f"/{real.name}"):
                    pictures[real] = path
            for folder in folders:
                (linked if folder.link else own).append(folder)
        self.pictures += pictures.values()

    def _read(self, place: _Place) -> tuple[dict[Path, str], list[_Place]]:
        """The pictures (resolved -> path) and the folders of one folder."""
        files: dict[Path, str] = {}
        folders: list[_Place] = []
        try:
            with os.scandir(place.real) as entries:
                items = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.left_out.append((place.path or "./", f"can't be opened: {error.strerror}"))
            return files, []
        for item in items:
            path = f"{place.path}{item.name}"
            if item.name.startswith(".") or (real := self._real(item, path)) is None:
                continue
            try:
                mode = real.stat().st_mode
            except OSError as error:
                self.left_out.append((path, f"can't be read: {error.strerror}"))
                continue
            link = item.is_symlink()
            if not stat.S_ISDIR(mode):
                if (real not in files or not link) and _is_picture(real, mode, name=item.name):
                    files[real] = path
            elif is_service_folder(item.name):
                self.passed_over.append(f"{path}/")
            elif link and place.lies_in(real):
                self.left_out.append((f"{path}/", "a link to a folder that it lies in"))
            else:
                folders.append(_Place(real, f"{path}/", above=place, link=link))
        return files, folders

    def _real(self, item: os.DirEntry[str], path: str) -> Path | None:
        """Where an entry really lies; None for a link that is not followed, which is then among those left out."""
        if not item.is_symlink():
            return Path(item.path)
        try:
            real = Path(item.path).resolve(strict=True)
        except (OSError, RuntimeError):  # RuntimeError: links that lead to each other, before Python 3.13
            self.left_out.append((path, LINK_NOWHERE))
            return None
        if not real.is_relative_to(self._root):
            self.left_out.append((path, LINK_OUT))
            return None
        if any(is_service_folder(part) for part in real.relative_to(self._root).parts):
            return None
        return real


def _is_picture(real: Path, mode: int, *, name: str) -> bool:
    named = named_as_picture(name)
    return bool(named) or (named is None and stat.S_ISREG(mode) and _shows_a_picture(real))


def _shows_a_picture(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return picture_kind(opened.read(HEAD_BYTES)) is not None
    except OSError:
        return False
