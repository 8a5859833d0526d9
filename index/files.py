"""A gallery on disk: its files, and its manifest with the hash of each. No search, no FAISS.

    manifest.json   schema, embedder, counts, and size and SHA-256 of every other file
    vectors.faiss   one vector a person, row k belongs to the k-th person
    codes.faiss     the same in 8 bits a number, of a gallery of more than 200,000 (index.coded_rows)
    people.json     who they are, one a line (index.people_table)
    pictures.zip    everybody's picture, where the gallery is passed on with them (`--with-pictures`)
    previews.zip    small pictures of people whose own take long to read (index.previews)
    faces.csv       boxes and points of every picture (`--keep-faces`)
    skipped.csv     pictures that could not be used, when there are any
    probes.csv      how well looks can be read off the vectors, when labels allow to measure it

A file is read whole, its hash is taken of those bytes, and only then is it parsed. Where there are codes, they and the
vectors are mapped instead: the hash is taken of the open file.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, BinaryIO, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from index.errors import GalleryDamaged, GalleryMissing, rebuild_hint
from index.plain_text import readable
from index.types import GalleryInfo

SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"
VECTORS: Final = "vectors.faiss"
CODES: Final = "codes.faiss"
PEOPLE: Final = "people.json"
FACES: Final = "faces.csv"
SKIPPED: Final = "skipped.csv"
PROBES: Final = "probes.csv"
PREVIEWS: Final = "previews.zip"
PICTURES: Final = "pictures.zip"
NEEDED: Final = (VECTORS, PEOPLE)
ALL_FILES: Final = frozenset({MANIFEST, VECTORS, CODES, PEOPLE, FACES, SKIPPED, PROBES, PREVIEWS, PICTURES})
MAX_MANIFEST_BYTES: Final = 1 << 20

Count = Annotated[int, Field(strict=True, ge=0)]
# One line that a terminal can show, whoever wrote it.
Line = Annotated[str, StringConstraints(max_length=1000), AfterValidator(readable)]


class FileRecord(BaseModel):
    """What a file must be."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    sha256: str
    size_bytes: Count


class _ManifestFile(BaseModel):
    """manifest.json as it is written. Entries of later versions are passed over."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    people: Count
    pictures: Count
    embedder: Line
    dimension: Count
    vector_kind: Line
    source: Line
    created: Line
    files: dict[str, FileRecord]


class GalleryManifest(BaseModel):
    """manifest.json, checked."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    info: GalleryInfo
    files: dict[str, FileRecord]


def read_manifest(folder: Path) -> GalleryManifest:
    """Raises GalleryMissing or GalleryDamaged."""
    path = folder / MANIFEST
    shown = readable(str(path))
    try:
        data = read_regular(path, max_bytes=MAX_MANIFEST_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        if folder.is_dir() and any(folder.iterdir()):
            problem = f"{readable(str(folder))} has no {MANIFEST}, so it is no gallery"
            raise GalleryDamaged(problem, folder=folder) from error
        build = rebuild_hint(folder).partition(": ")[2]
        raise GalleryMissing(f"there is no gallery at {readable(str(folder))}; build one: {build}") from error
    except OSError as error:
        raise GalleryDamaged(f"{shown} can't be read ({error.strerror})", folder=folder) from error
    try:
        raw = read_json(data)
        if raw["schema"] != SCHEMA or raw["schema"] is True:
            problem = f"{shown} has schema {raw['schema']!r:.40}, this version reads {SCHEMA}"
            raise GalleryDamaged(problem, folder=folder)
        manifest = _ManifestFile.model_validate(raw)
    except ValidationError as error:
        raise GalleryDamaged(f"{shown}: {first_problem(error)}", folder=folder) from error
    except (KeyError, TypeError) as error:
        raise GalleryDamaged(f"{shown} lacks or misspells 'schema'", folder=folder) from error
    except ValueError as error:
        raise GalleryDamaged(f"{shown} can't be read ({error})", folder=folder) from error
    files = manifest.files
    if files.keys() - ALL_FILES or not files.keys() >= set(NEEDED):
        listed = readable(", ".join(sorted(files))[:200])
        raise GalleryDamaged(f"{shown} lists {listed}; want {' and '.join(NEEDED)} among them", folder=folder)
    if not manifest.people:
        raise GalleryDamaged(f"{readable(str(folder))}: nobody is in this gallery", folder=folder)
    return GalleryManifest(info=GalleryInfo(**manifest.model_dump(exclude={"files"})), files=files)


def read_checked(folder: Path, name: str, record: FileRecord) -> bytes:
    """The bytes of one file, when they are what the manifest promises. Raises GalleryDamaged."""
    path = folder / name
    shown = readable(str(path))
    try:
        size = path.stat().st_size
        # Nothing huge is read for nothing.
        data = read_regular(path, max_bytes=record.size_bytes) if size == record.size_bytes else b""
    except OSError as error:
        raise GalleryDamaged(f"{shown} can't be read ({error.strerror})", folder=folder) from error
    if size != record.size_bytes:
        raise GalleryDamaged(f"{shown} has {size} bytes, the manifest says {record.size_bytes}", folder=folder)
    if (sha256 := hash_of(data)) != record.sha256:
        problem = f"{shown}: sha256 is {sha256[:12]}, the manifest says {readable(record.sha256[:12])}"
        raise GalleryDamaged(problem, folder=folder)
    return data


@contextmanager
def open_checked(folder: Path, name: str, record: FileRecord) -> Iterator[BinaryIO]:
    """One file, open, when its contents are what the manifest promises. Raises GalleryDamaged."""
    path = folder / name
    shown = readable(str(path))
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != record.size_bytes:
            problem = f"{shown} is no file of {record.size_bytes} bytes, as the manifest says"
            raise GalleryDamaged(problem, folder=folder)
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != record.sha256:
                raise GalleryDamaged(f"{shown}: its sha256 is another than the manifest says", folder=folder)
            yield file
    except OSError as error:
        raise GalleryDamaged(f"{shown} can't be read ({error.strerror})", folder=folder) from error


def read_regular(path: Path, *, max_bytes: int) -> bytes:
    """The bytes of a regular file of at most `max_bytes`. Raises OSError, also for pipes and devices, unopened."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is no regular file", str(path))
    if status.st_size > max_bytes:
        raise OSError(0, f"it has {status.st_size:,} bytes, more than {max_bytes:,}", str(path))
    return path.read_bytes()


def read_json(data: bytes) -> dict[str, object]:
    """A JSON object. Raises ValueError for anything else, however deeply it is nested."""
    try:
        raw = json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(raw, dict):
        raise TypeError("it holds no object")
    return raw


def first_problem(error: ValidationError) -> str:
    """One line on the first thing that pydantic found wrong: `people.3.images is missing`."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = readable(".".join(str(part) for part in first["loc"])[:200])
    said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{where} is missing" if first["type"] == "missing" else f"{where} {said}"


def write_gallery(folder: Path, info: GalleryInfo, files: Mapping[str, bytes]) -> None:
    """Write every file and, last, the manifest into `folder`, an empty one. files: name -> contents."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    document = {
        "schema": SCHEMA,
        **asdict(info),
        "files": {name: {"sha256": hash_of(data), "size_bytes": len(data)} for name, data in sorted(files.items())},
    }
    (folder / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
