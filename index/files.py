"""A gallery on disk: its files, its manifest with the hash of each, its table of people. No search, no FAISS.

    manifest.json   schema, embedder, counts, and size and SHA-256 of every other file
    vectors.faiss   one vector a person, row k belongs to the k-th person
    people.json     who they are, one a line
    faces.csv       boxes and points of every picture (`--keep-faces`)
    skipped.csv     pictures that could not be used, when there are any
    probes.csv      how well looks can be read off the vectors, when labels allow to measure it

A file is read whole, its hash is taken of those bytes, and only then is it parsed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from index.errors import GalleryDamaged, GalleryMissing
from index.types import GalleryInfo, Person

SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"
VECTORS: Final = "vectors.faiss"
PEOPLE: Final = "people.json"
FACES: Final = "faces.csv"
SKIPPED: Final = "skipped.csv"
PROBES: Final = "probes.csv"
NEEDED: Final = (VECTORS, PEOPLE)
ALL_FILES: Final = frozenset({MANIFEST, VECTORS, PEOPLE, FACES, SKIPPED, PROBES})
MEND: Final = "rebuild it: lookalike index build DIR"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """What a file must be."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryManifest:
    """manifest.json."""

    info: GalleryInfo
    files: dict[str, FileRecord]


def read_manifest(folder: Path) -> GalleryManifest:
    """Raises GalleryMissing or GalleryDamaged."""
    path = folder / MANIFEST
    try:
        raw = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        if folder.is_dir() and any(folder.iterdir()):
            raise GalleryDamaged(f"{folder} has no {MANIFEST}, so it is no gallery; {MEND}") from error
        raise GalleryMissing(f"there is no gallery at {folder}; build one: lookalike index build DIR") from error
    except (OSError, ValueError) as error:
        raise GalleryDamaged(f"{path} can't be read ({error}); {MEND}") from error
    try:
        if raw["schema"] != SCHEMA:
            raise GalleryDamaged(f"{path} has schema {raw['schema']!r}, this version reads {SCHEMA}; {MEND}")
        info = GalleryInfo(
            people=_count(raw["people"]),
            pictures=_count(raw["pictures"]),
            embedder=str(raw["embedder"]),
            dimension=_count(raw["dimension"]),
            vector_kind=str(raw["vector_kind"]),
            source=str(raw["source"]),
            created=str(raw["created"]),
        )
        files = {
            str(name): FileRecord(sha256=str(item["sha256"]), size_bytes=_count(item["size_bytes"]))
            for name, item in raw["files"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GalleryDamaged(f"{path} lacks or misspells {error}; {MEND}") from error
    foreign = files.keys() - ALL_FILES
    if foreign or not files.keys() >= set(NEEDED):
        raise GalleryDamaged(f"{path} lists {sorted(files)}, want {list(NEEDED)} among them; {MEND}")
    return GalleryManifest(info=info, files=files)


def read_checked(folder: Path, name: str, record: FileRecord) -> bytes:
    """The bytes of one file, when they are what the manifest promises. Raises GalleryDamaged."""
    path = folder / name
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size == record.size_bytes else b""  # nothing huge is read for nothing
    except OSError as error:
        raise GalleryDamaged(f"{path} can't be read ({error.strerror}); {MEND}") from error
    if size != record.size_bytes:
        raise GalleryDamaged(f"{path} has {size} bytes, the manifest says {record.size_bytes}; {MEND}")
    if (sha256 := hash_of(data)) != record.sha256:
        raise GalleryDamaged(f"{path}: sha256 is {sha256[:12]}, the manifest says {record.sha256[:12]}; {MEND}")
    return data


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


def encode_people(people: Sequence[Person]) -> bytes:
    """One person a line; attributes as one string over a shared list of names: + yes, - no, . unknown."""
    names = sorted({name for person in people for name in person.attributes})
    lines = []
    for person in people:
        known = person.attributes
        signs = "".join("." if name not in known else "+" if known[name] else "-" for name in names)
        entry: dict[str, Any] = {
            "number": person.number,
            "name": person.name,
            "image": person.image,
            "images": person.images,
        }
        if person.name_inferred:
            entry["name_inferred"] = True
        if known:
            entry["attributes"] = signs
        if person.attributes_predicted:
            entry["attributes_predicted"] = True
        lines.append(json.dumps(entry, ensure_ascii=False))
    head = json.dumps({"schema": SCHEMA, "attribute_names": names})[:-1]
    rows = ",\n".join(lines)
    return f'{head}, "people": [\n{rows}\n]}}\n'.encode()


def decode_people(data: bytes) -> tuple[Person, ...]:
    """The inverse. Raises GalleryDamaged."""
    try:
        raw = json.loads(data)
        if raw["schema"] != SCHEMA:
            raise GalleryDamaged(f"{PEOPLE} has schema {raw['schema']!r}, this version reads {SCHEMA}; {MEND}")
        names = [str(name) for name in raw["attribute_names"]]
        traits = {
            signs: _attributes(signs, names) for signs in {entry.get("attributes", "") for entry in raw["people"]}
        }
        people = tuple(_person(entry, traits) for entry in raw["people"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GalleryDamaged(f"{PEOPLE} lacks or misspells {error}; {MEND}") from error
    if len({person.number for person in people}) != len(people):
        raise GalleryDamaged(f"{PEOPLE} names a person twice; {MEND}")
    return people


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _attributes(signs: str, names: list[str]) -> dict[str, bool]:
    """Decoded once for all who share them: twice as fast a start with thousands of people."""
    if signs and (len(signs) != len(names) or not set(signs) <= {"+", "-", "."}):
        raise ValueError(f"the attributes {signs!r}")
    return {key: sign == "+" for key, sign in zip(names, signs, strict=False) if sign != "."}


def _person(entry: dict[str, Any], traits: dict[str, dict[str, bool]]) -> Person:
    name = entry["name"]
    return Person(
        number=str(entry["number"]),
        name=None if name is None else str(name),
        name_inferred=bool(entry.get("name_inferred", False)),
        image=str(entry["image"]),
        images=_count(entry["images"]),
        attributes=traits[entry.get("attributes", "")].copy(),
        attributes_predicted=bool(entry.get("attributes_predicted", False)),
    )


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"the count {value!r}")
    return value
