"""people.json: the table of a gallery's people, one a line, in the order of their vectors.

Names and numbers may come from strangers: what is read is short, and holds nothing that steers a terminal or turns a
caption round.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NotRequired

from pydantic import Field, StringConstraints, ValidationError
from pydantic import TypeAdapter as Adapter
from typing_extensions import TypedDict  # pydantic wants it before Python 3.12

from index.errors import GalleryDamaged
from index.files import PEOPLE, SCHEMA, Count, Line, first_problem, read_json
from index.plain_text import printable_name, readable
from index.types import POINT_NUMBERS, Person

MAX_IMAGE: Final = 4096  # characters of a path
MAX_ATTRIBUTES: Final = 200


_Pixel = Annotated[float, Field(ge=-1e6, le=1e6)]  # NaN fits neither
_Side = Annotated[int, Field(ge=1, le=1_000_000)]


class _Entry(TypedDict):
    """One person as written. Entries of later versions are passed over."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    name: str | None
    image: Any  # a path as `os` gives it: lone surrogates in it stand for bytes that are no UTF-8; `str` refuses them
    images: Count
    name_inferred: NotRequired[bool]
    attributes: NotRequired[str]
    attributes_predicted: NotRequired[bool]
    joined: NotRequired[bool]
    points: NotRequired[Annotated[tuple[_Pixel, ...], Field(min_length=POINT_NUMBERS, max_length=POINT_NUMBERS)]]
    frame: NotRequired[tuple[_Side, _Side]]
    mean_shape: NotRequired[Annotated[tuple[_Pixel, ...], Field(min_length=POINT_NUMBERS, max_length=POINT_NUMBERS)]]


_ENTRIES: Final[Adapter[list[_Entry]]] = Adapter(list[_Entry])
_ENTRY: Final[Adapter[_Entry]] = Adapter(_Entry)
_KNOWN: Final[Adapter[dict[str, bool]]] = Adapter(Annotated[dict[Line, bool], Field(max_length=MAX_ATTRIBUTES)])
_NAMES: Final[Adapter[list[str]]] = Adapter(Annotated[list[Line], Field(max_length=MAX_ATTRIBUTES)])


def encode_people(people: Sequence[Person]) -> bytes:
    """One person a line; attributes as one string over a shared list of names: + yes, - no, . unknown."""
    names = sorted({name for person in people for name in person.attributes})
    head = json.dumps({"schema": SCHEMA, "attribute_names": names})[:-1]
    rows = ",\n".join(json.dumps(_entry(person, names), ensure_ascii=False) for person in people)
    # Lone surrogates are written as JSON escapes, \udce9: Python's own escape for them has the same form.
    return f'{head}, "people": [\n{rows}\n]}}\n'.encode("utf-8", "backslashreplace")


def decode_people(data: bytes, *, folder: Path | None = None) -> tuple[Person, ...]:
    """The inverse. Raises GalleryDamaged, which speaks of the gallery in `folder`."""
    table = PEOPLE if folder is None else readable(str(folder / PEOPLE))
    try:
        raw = read_json(data)
        if raw["schema"] != SCHEMA or raw["schema"] is True:
            raise GalleryDamaged(
                f"{table} has schema {raw['schema']!r:.40}, this version reads {SCHEMA}", folder=folder
            )
        names = _NAMES.validate_python(raw["attribute_names"])
        entries = _ENTRIES.validate_python(raw["people"])
        traits = {signs: _attributes(signs, names) for signs in {entry.get("attributes", "") for entry in entries}}
        people = tuple(_person(entry, traits) for entry in entries)
    except ValidationError as error:
        raise GalleryDamaged(f"{table}: {first_problem(error)}", folder=folder) from error
    except (KeyError, TypeError) as error:
        raise GalleryDamaged(f"{table} lacks or misspells {error}", folder=folder) from error
    except ValueError as error:
        raise GalleryDamaged(f"{table} can't be read ({error})", folder=folder) from error
    if len({person.number for person in people}) != len(people):
        raise GalleryDamaged(f"{table} names a person twice", folder=folder)
    return people


def encode_person(person: Person) -> dict[str, Any]:
    """One person for a store that keeps rows: as in the table, with the attributes written out by name."""
    return _entry(person, []) | {"attributes": dict(person.attributes)}


def decode_person(entry: Mapping[str, Any]) -> Person:
    """The inverse, as careful as the table's reader. Raises GalleryDamaged."""
    try:
        attributes = _KNOWN.validate_python(entry["attributes"])
        return _person(_ENTRY.validate_python({**entry, "attributes": ""}), {"": attributes})
    except ValidationError as error:
        raise GalleryDamaged(f"somebody in the store: {first_problem(error)}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise GalleryDamaged(f"somebody in the store can't be read ({error})") from error


def _entry(person: Person, names: list[str]) -> dict[str, Any]:
    known = person.attributes
    entry: dict[str, Any] = {
        "number": person.number,
        "name": person.name,
        "image": person.image,
        "images": person.images,
    }
    if person.name_inferred:
        entry["name_inferred"] = True
    if known and names:
        entry["attributes"] = "".join("." if name not in known else "+" if known[name] else "-" for name in names)
    if person.attributes_predicted:
        entry["attributes_predicted"] = True
    if person.joined:
        entry["joined"] = True
    if person.points is not None:
        entry["points"] = person.points
    if person.frame is not None:
        entry["frame"] = person.frame
    if person.mean_shape is not None:
        entry["mean_shape"] = person.mean_shape
    return entry


def _attributes(signs: str, names: list[str]) -> dict[str, bool]:
    """Decoded once for all who share them: twice as fast a start with thousands of people."""
    if signs and (len(signs) != len(names) or not set(signs) <= {"+", "-", "."}):
        raise ValueError(f"the attributes {readable(signs[:MAX_ATTRIBUTES])!r}")
    return {key: sign == "+" for key, sign in zip(names, signs, strict=False) if sign != "."}


def _person(entry: _Entry, traits: dict[str, dict[str, bool]]) -> Person:
    number, name, image = entry["number"], entry["name"], entry["image"]
    if not isinstance(image, str) or len(image) > MAX_IMAGE:
        raise ValueError(f"the picture of {readable(number)[:60]} is no path")
    return Person(
        number=number if number.isascii() and number.isprintable() else readable(number),
        name=None if name is None else printable_name(name),
        name_inferred=entry.get("name_inferred", False),
        image=image,
        images=entry["images"],
        attributes=traits[entry.get("attributes", "")].copy(),
        attributes_predicted=entry.get("attributes_predicted", False),
        points=entry.get("points"),
        frame=entry.get("frame"),
        mean_shape=entry.get("mean_shape"),
        joined=entry.get("joined", False),
    )
