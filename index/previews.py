"""previews.zip: small pictures of a gallery's people, for those whose own take long to read. No decoding.

A photo of 24 million pixels takes a tenth of a second and more to decode, and a card shows eight people. So a build
keeps the surroundings of the face, as large as a card shows them. One JPEG a person, uncompressed in the archive, and
`index.json`, which says whose each is.
"""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from index.files import PREVIEWS, Count, read_json
from index.types import POINT_NUMBERS

Stamp = tuple[int, int, int]  # inode, time of change in ns, bytes

INDEX: Final = "index.json"
MAX_JPEG_BYTES: Final = 1 << 20
MAX_INDEX_BYTES: Final = 32 << 20
MAX_FILE_BYTES: Final = 4 << 30
# What zipfile raises on archives that are damaged or made to mislead it.
ARCHIVE_DAMAGE: Final = (
    zipfile.BadZipFile,
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One person's small picture."""

    jpeg: bytes
    points: tuple[float, ...]  # x and y of the five points of the face, pixels of this picture
    source_bytes: int  # size of the file that it was made of; another size tells that this was changed since


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)

    file: Annotated[str, Field(max_length=100)]
    points: Annotated[
        tuple[Annotated[float, Field(ge=-1e4, le=1e4)], ...], Field(min_length=POINT_NUMBERS, max_length=POINT_NUMBERS)
    ]
    source_bytes: Count


class _Index(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)

    schema_: Literal[1] = Field(alias="schema")
    previews: dict[str, _Entry]  # by Person.number


def encode_previews(previews: Mapping[str, Preview]) -> bytes:
    """The archive. previews: by Person.number."""
    entries = {
        number: {"file": f"{row:06d}.jpg", "points": preview.points, "source_bytes": preview.source_bytes}
        for row, (number, preview) in enumerate(previews.items())
    }
    files = {INDEX: json.dumps({"schema": 1, "previews": entries}).encode()}
    files |= {str(entries[number]["file"]): preview.jpeg for number, preview in previews.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            # A fixed time: the same pictures make the same file.
            archive.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()


class Previews:
    """The previews of one gallery, read one at a time as they are asked for. May be used from several threads.

    Another archive in the file's place counts from the next question on: people join a gallery while it is used.
    """

    def __init__(self, path: Path | None = None) -> None:
        """path: of an archive, which need not be there; None stands for none."""
        self._path = path
        self._stamp: Stamp | None = None
        self._archive: zipfile.ZipFile | None = None
        self._entries: Mapping[str, _Entry] = {}
        self._lock = Lock()

    @classmethod
    def open(cls, folder: Path) -> Previews:
        """The previews of the gallery in `folder`: none where it has none, or where they can't be read."""
        return cls.read(folder / PREVIEWS)

    @classmethod
    def read(cls, path: Path) -> Previews:
        """Likewise from an archive of any name; none where it is another archive."""
        return cls(path)

    def __len__(self) -> int:
        return len(self._known())

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    @property
    def stamp(self) -> Stamp | None:
        """What tells the archive from the one that takes its place; None while there is none."""
        self._known()
        return self._stamp

    def has(self, number: str) -> bool:
        """Whether there is an entry for a person, by Person.number; nothing is read."""
        return number in self._known()

    def of(self, number: str) -> Preview | None:
        """The preview of a person, by Person.number; None where there is none that can be read."""
        with self._lock:
            self._renew()
            entry = self._entries.get(number)
            if entry is None or self._archive is None:
                return None
            try:
                jpeg = _contents(self._archive, entry.file, max_bytes=MAX_JPEG_BYTES)
            except ARCHIVE_DAMAGE:
                return None
        return Preview(jpeg=jpeg, points=entry.points, source_bytes=entry.source_bytes)

    def _known(self) -> Mapping[str, _Entry]:
        with self._lock:
            self._renew()
            return self._entries

    def _renew(self) -> None:
        """Read the archive's list where the file is another than before. The caller holds the lock."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        if self._archive is not None:
            self._archive.close()
        self._stamp = stamp
        self._archive, self._entries = _opened(self._path) if self._path and stamp else (None, {})


def _stamp(path: Path | None) -> Stamp | None:
    """What tells one file in this place from the next; None where there is none, or one that is no archive of ours."""
    try:
        status = path.stat() if path is not None else None
    except OSError:
        return None
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _opened(path: Path) -> tuple[zipfile.ZipFile | None, Mapping[str, _Entry]]:
    """The archive with its list; none of either where it can't be read."""
    archive: zipfile.ZipFile | None = None
    try:
        archive = zipfile.ZipFile(path)
        raw = read_json(_contents(archive, INDEX, max_bytes=MAX_INDEX_BYTES))
        return archive, _Index.model_validate(raw).previews
    except (*ARCHIVE_DAMAGE, ValidationError, MemoryError):
        if archive is not None:
            archive.close()
        return None, {}


def _contents(archive: zipfile.ZipFile, name: str, *, max_bytes: int) -> bytes:
    """One file of the archive. Raises ValueError for one that is packed or too large: none of ours is."""
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.file_size > max_bytes:
        raise ValueError(f"{name} is packed, or larger than {max_bytes:,} bytes")
    return archive.read(info)
