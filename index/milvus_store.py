"""A collection of Milvus as a store, for a gallery that outgrows one machine. Milvus Lite by the same calls.

The only module that imports pymilvus, an extra. Beside the collection lies a small one, NAME_about, with what the
gallery says of itself: neither a collection's description nor its properties are kept by every version of Milvus.

Similarities are worked out here from the vectors that come back, so that equal ones are equal and in one order
whatever Milvus' own arithmetic does. All questions are asked with strong consistency.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from threading import RLock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pymilvus import DataType, MilvusClient
from pymilvus.exceptions import MilvusException

from index.errors import EmptyGallery, GalleryMissing, GalleryOfAnotherEmbedder, StoreFailed
from index.memory_store import check_rows
from index.people_table import decode_person, encode_person
from index.source import person_order
from index.store import Attribute, Hit, Row
from index.store_url import MilvusPlace
from index.types import GalleryInfo, Person

EXACT_PEOPLE: Final = 100_000  # up to here every vector is looked at
BATCH: Final = 1000  # rows a request; 64 MB are a server's usual limit
MAX_NUMBER_BYTES: Final = 4000
MAX_WANTED: Final = 16_384  # people of one answer: a server's usual limit
STRONG: Final = "Strong"
_ABOUT: Final = "about"
_FIELDS: Final = ["person", "vector"]


class MilvusStore:
    """index.store.Store over a collection that `create` made."""

    def __init__(self, place: MilvusPlace, *, embedder: str | None) -> None:
        """Connect. embedder: SHA-256 of the network whose vectors are wanted; None where any will do.

        Raises GalleryMissing where there is no such collection, GalleryOfAnotherEmbedder, StoreFailed.
        """
        self._place = place
        self._name = place.collection
        self._client = _connected(place)
        self._changing = RLock()
        with self._told():
            self._finish_rewriting()
            if not self._client.has_collection(self._name) or not self._client.has_collection(self._about_name):
                raise GalleryMissing(f"there is no {place.shown}; fill one: lookalike index push --gallery DIR")
            self._client.load_collection(self._name)
            self._client.load_collection(self._about_name)
            self._info = self._read_info()
        if embedder is not None and self._info.embedder != embedder:
            self.close()
            raise GalleryOfAnotherEmbedder(
                want=embedder, got=self._info.embedder, mend="name another one by ?collection=NAME in GALLERY_URL"
            )

    @classmethod
    def create(cls, place: MilvusPlace, info: GalleryInfo, *, people: int) -> MilvusStore:
        """Make an empty collection for vectors as `info` says. people: how many will come; many get an HNSW index.

        Raises StoreFailed, also where there is a collection of this name: nothing is written over.
        """
        client = _connected(place)
        with _told(place):
            if client.has_collection(place.collection):
                raise StoreFailed(f"there is a {place.shown} already; name another one: ?collection=NAME")
            about = f"{place.collection}_{_ABOUT}"
            if client.has_collection(about):
                client.drop_collection(about)  # left by a `create` that was stopped in between
            _make_people(client, place.collection, dimension=info.dimension, exact=people <= EXACT_PEOPLE)
            _make_about(client, about)
            client.upsert(about, [_about_row(replace(info, people=0, pictures=0))])
            client.close()
        return cls(place, embedder=info.embedder)

    def close(self) -> None:
        """Let go of the connection; a folder of Milvus Lite is then free for another process."""
        self._client.close()

    def search(self, vector: NDArray[np.float32], *, count: int, attribute: Attribute | None = None) -> tuple[Hit, ...]:
        """See Store.search."""
        if count <= 0:
            return ()
        probe = np.asarray(vector, np.float32)
        asked = count + 8
        while True:
            limit = min(asked, MAX_WANTED)
            with self._told():
                (found,) = self._client.search(
                    self._name,
                    data=[probe.tolist()],
                    filter=_condition(attribute),
                    limit=limit,
                    output_fields=_FIELDS,
                    search_params={"metric_type": "IP", "params": {"ef": max(128, 4 * limit)}},
                    consistency_level=STRONG,
                )
            hits = _in_order([_hit(entry["entity"], probe) for entry in found])
            # Milvus leaves the order of equal scores open: ask on until the one behind the last is smaller.
            if len(hits) < limit or limit == MAX_WANTED or hits[-1].similarity < hits[count - 1].similarity:
                return tuple(hits[:count])
            asked *= 4

    def upsert(self, rows: Sequence[Row]) -> None:
        """See Store.upsert. Row.preview is not kept. On a server, former data go as in `remove`."""
        check_rows(rows, self._info)
        new = {row.person.number: row for row in rows}
        with self._changing, self._told():
            before = self._images(new)
            for batch in _batches(list(new.values())):
                self._client.upsert(self._name, [_stored(row) for row in batch])
            if before and self._place.lite:
                self._rewrite()
            self._recount(sum(row.person.images for row in new.values()) - sum(before.values()))

    def remove(self, numbers: Collection[str]) -> int:
        """See Store.remove. Milvus Lite's folder is rewritten; a server drops their data as it compacts."""
        with self._changing, self._told():
            there = self._images(numbers)
            if not there:
                return 0
            if len(there) == self.count():
                raise EmptyGallery
            for batch in _batches(list(there)):
                self._client.delete(self._name, ids=batch)
            if self._place.lite:
                self._rewrite()
            else:
                self._client.flush(self._name)
                self._client.compact(self._name)
            self._recount(-sum(there.values()))
            return len(there)

    def count(self) -> int:
        """See Store.count."""
        with self._told():
            answer = self._client.query(self._name, output_fields=["count(*)"], consistency_level=STRONG)
        return int(answer[0]["count(*)"])

    def describe(self) -> GalleryInfo:
        """See Store.describe: as it was when this process connected, or changed it last."""
        return self._info

    def rows(self) -> Iterator[Row]:
        """Everybody, in no order. What is changed meanwhile may be missing or come as it was."""
        with self._told():
            for entry in self._entries(self._name):
                yield Row(person=decode_person(entry["person"]), vector=np.array(entry["vector"], np.float32))

    def people(self, numbers: Collection[str]) -> dict[str, Person]:
        """Those of these numbers who are there, by number."""
        found: dict[str, Person] = {}
        with self._told():
            for batch in _batches(list(numbers)):
                for entry in self._client.query(
                    self._name, ids=batch, output_fields=["number", "person"], consistency_level=STRONG
                ):
                    found[str(entry["number"])] = decode_person(_plain(entry["person"]))
        return found

    @property
    def _about_name(self) -> str:
        return f"{self._name}_{_ABOUT}"

    @property
    def _new_name(self) -> str:
        return f"{self._name}_new"

    def _read_info(self) -> GalleryInfo:
        (row,) = self._client.query(
            self._about_name, filter='key == "gallery"', output_fields=["value"], consistency_level=STRONG
        )
        return replace(GalleryInfo(**_plain(row["value"])), people=self.count())

    def _recount(self, pictures: int) -> None:
        info = self._read_info()
        self._info = replace(info, pictures=info.pictures + pictures)
        self._client.upsert(self._about_name, [_about_row(self._info)])

    def _images(self, numbers: Collection[str]) -> dict[str, int]:
        """How many pictures were taken of whom, of those who are there."""
        found: dict[str, int] = {}
        for batch in _batches(list(numbers)):
            entries = self._client.query(
                self._name, ids=batch, output_fields=["number", "images"], consistency_level=STRONG
            )
            found |= {str(entry["number"]): int(entry["images"]) for entry in entries}
        return found

    def _entries(self, name: str) -> Iterator[dict[str, Any]]:
        turning = self._client.query_iterator(
            name, batch_size=BATCH, output_fields=["number", "person", "images", "vector"], consistency_level=STRONG
        )
        try:
            while batch := turning.next():
                yield from (dict(entry) for entry in batch)
        finally:
            turning.close()

    def _rewrite(self) -> None:
        """Milvus Lite keeps what was deleted, whatever its `compact` answers: copy the rest, and drop the old one."""
        if self._client.has_collection(self._new_name):
            self._client.drop_collection(self._new_name)
        exact = self.count() <= EXACT_PEOPLE
        _make_people(self._client, self._new_name, dimension=self._info.dimension, exact=exact)
        for batch in _batches(list(self._entries(self._name))):
            self._client.insert(self._new_name, batch)
        self._client.flush(self._new_name)
        self._client.drop_collection(self._name)
        self._finish_rewriting()
        self._client.load_collection(self._name)

    def _finish_rewriting(self) -> None:
        """Give the copy its name; also after a kill between the two steps before."""
        if self._client.has_collection(self._new_name) and not self._client.has_collection(self._name):
            self._client.rename_collection(self._new_name, self._name)

    @contextmanager
    def _told(self) -> Iterator[None]:
        with _told(self._place):
            yield


@contextmanager
def _told(place: MilvusPlace) -> Iterator[None]:
    """Say Milvus' errors as one sentence."""
    try:
        yield
    except MilvusException as error:
        reason = " ".join(str(error.message).split())[:300]
        raise StoreFailed(f"{place.shown}: {reason}") from error


def _connected(place: MilvusPlace) -> MilvusClient:
    try:
        return MilvusClient(uri=place.uri, user=place.user, password=place.password, db_name=place.database, timeout=10)
    except MilvusException as error:
        what = (
            "another process has it (Milvus Lite takes one at a time), or the folder is no Milvus Lite's"
            if place.lite
            else "is it running there, and do address, user and password fit?"
        )
        raise StoreFailed(f"Milvus at {place.uri} can't be opened: {what}") from error


def _make_people(client: MilvusClient, name: str, *, dimension: int, exact: bool) -> None:
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("number", DataType.VARCHAR, is_primary=True, max_length=MAX_NUMBER_BYTES)
    schema.add_field("person", DataType.JSON)
    schema.add_field("images", DataType.INT64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    index = client.prepare_index_params()
    kind, parameters = ("FLAT", {}) if exact else ("HNSW", {"M": 32, "efConstruction": 200})
    index.add_index("vector", index_type=kind, metric_type="IP", params=parameters)
    client.create_collection(name, schema=schema, index_params=index, consistency_level=STRONG)


def _make_about(client: MilvusClient, name: str) -> None:
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=100)
    schema.add_field("value", DataType.JSON)
    schema.add_field("unused", DataType.FLOAT_VECTOR, dim=2)  # no collection goes without a vector
    index = client.prepare_index_params()
    index.add_index("unused", index_type="FLAT", metric_type="IP")
    client.create_collection(name, schema=schema, index_params=index, consistency_level=STRONG)


def _about_row(info: GalleryInfo) -> dict[str, Any]:
    return {"key": "gallery", "value": asdict(info), "unused": [1.0, 0.0]}


def _stored(row: Row) -> dict[str, Any]:
    """Rounded to float16 as everywhere, so that all stores compare the same numbers."""
    vector = row.vector.astype(np.float16).astype(np.float32)
    return {
        "number": row.person.number,
        "person": encode_person(row.person),
        "images": row.person.images,
        "vector": vector.tolist(),
    }


def _hit(entity: Any, probe: NDArray[np.float32]) -> Hit:
    vector = np.array(entity["vector"], np.float32)
    product = float(np.float32(np.dot(vector.astype(np.float64), probe.astype(np.float64))))
    return Hit(person=decode_person(_plain(entity["person"])), vector=vector, similarity=product)


def _in_order(hits: list[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit.similarity, person_order(hit.person.number)))


def _condition(attribute: Attribute | None) -> str:
    """A filter in Milvus' own language."""
    if attribute is None:
        return ""
    name, value = attribute
    return f'person["attributes"][{json.dumps(name)}] == {json.dumps(value)}'


def _plain(value: Any) -> dict[str, Any]:
    """A JSON field as a dict, however this version of the client gives it."""
    return dict(json.loads(value)) if isinstance(value, str | bytes) else dict(value)


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    for first in range(0, len(items), BATCH):
        yield items[first : first + BATCH]
