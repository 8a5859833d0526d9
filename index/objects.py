"""Pictures in a bucket or a tar file as a source: one folder a person, listed and read by fsspec.

The only module that imports fsspec, of the extra ray. Nothing is unpacked or copied to a disk. `s3://bucket/people`,
`gs://...` and whatever else fsspec has a package for, with credentials as that package finds them; `people.tar` has to
be uncompressed, so that a worker reads one picture without reading those before it.
"""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import fsspec

from index.errors import BadSource
from index.folder_walk import is_service_folder
from index.layouts import LOOSE
from index.picture_kinds import named_as_picture
from index.plain_text import clean_name, readable
from index.source import Known, Picture, Source, in_order

NO_PICTURE: Final = "is no picture by its name"


def read_objects(place: str) -> Source:
    """List pictures at an address or in a tar file. Raises BadSource."""
    pictures, known, left_out = [], dict[str, Known](), list[tuple[str, str]]()
    for file, stamp in sorted(_listed(place).items()):
        parts = file.split("/")
        if any(part.startswith(".") or is_service_folder(part) for part in parts):
            continue
        if not named_as_picture(parts[-1]):
            left_out.append((readable(file), NO_PICTURE))
        elif len(parts) == 1:
            left_out.append((readable(file), LOOSE))
        else:
            person = readable(parts[0])
            pictures.append(Picture(file=file, person=person, stamp=stamp))
            known.setdefault(person, Known(name=clean_name(parts[0])))
    if not pictures:
        raise BadSource(f"{readable(_shown(place))}: no picture lies in one folder a person there")
    return Source(
        folder=Path(_shown(place)),
        layout="people",
        description=f"one folder a person: {readable(_shown(place).rstrip('/').rpartition('/')[2])}",
        pictures=in_order(pictures),
        known=known,
        left_out=tuple(left_out),
    )


class Objects:
    """Reads single pictures; opened anew in each process that it travels to."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._opened: tuple[Any, str] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_place": self._place, "_opened": None}

    def read(self, file: str, *, max_bytes: int) -> bytes:
        """One picture; of a larger one as much as shows that it is. Raises OSError."""
        if self._opened is None:
            self._opened = _opened(self._place)
        system, root = self._opened
        return bytes(system.cat_file(f"{root}{file}", start=0, end=max_bytes + 1))


def _listed(place: str) -> dict[str, str]:
    """Path below the place -> what tells this version of the file from the next."""
    try:
        system, root = _opened(place)
        found: dict[str, dict[str, Any]] = system.find(root, detail=True)
    except (OSError, ValueError, ImportError, tarfile.TarError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadSource(f"{readable(_shown(place))} can't be listed: {readable(reason)}") from error
    return {
        path.removeprefix(root): _stamp(entry) for path, entry in found.items() if entry.get("type", "file") == "file"
    }


def _stamp(entry: dict[str, Any]) -> str:
    told = [str(entry.get(name)) for name in ("ETag", "etag", "md5Hash", "LastModified", "mtime", "chksum")]
    return f"{entry.get('size')}:{hashlib.sha256(' '.join(told).encode()).hexdigest()[:16]}"


def _opened(place: str) -> tuple[Any, str]:
    """A file system, and what stands before a picture's path in it."""
    if "://" not in place:
        return fsspec.filesystem("tar", fo=place), ""
    system, root = fsspec.core.url_to_fs(place)
    return system, f"{root.rstrip('/')}/"


def _shown(place: str) -> str:
    """Without user and password."""
    parts = urlsplit(place) if "://" in place else None
    return place if parts is None else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
