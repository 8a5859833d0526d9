"""One suite for every store: it answers what an exact search in NumPy over the same people answers, also after changes.

Milvus stands here as Milvus Lite, with the extra: make test EXTRAS=milvus.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from index.errors import EmptyGallery, GalleryOfAnotherEmbedder, StoreFailed
from index.faiss_rows import FaissRows
from index.files import PEOPLE, VECTORS, write_gallery
from index.folder_store import FolderStore
from index.memory_store import LocalPeople, MemoryStore
from index.people_table import encode_people
from index.source import person_order
from index.store import Attribute, Hit, Row, Store
from index.store_url import MilvusPlace
from index.types import GalleryInfo, Person, Vectors
from lookalike.own_gallery import known_people

MODEL, OTHER = "e" * 64, "f" * 64
SIDE = 16
HAS_MILVUS = find_spec("pymilvus") is not None and find_spec("milvus_lite") is not None
needs_milvus = pytest.mark.skipif(not HAS_MILVUS, reason="needs the extra: make test EXTRAS=milvus")

Open = Callable[[str | None], Store]


def units(seed: int, count: int) -> Vectors:
    raw = np.random.default_rng(seed).standard_normal((count, SIDE))
    return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)


def rows(count: int = 60, *, seed: int = 1) -> list[Row]:
    """People "0" and on and some with names for numbers; every third has the vector of the one before."""
    vectors = units(seed, count)
    vectors[2::3] = vectors[1::3][: len(vectors[2::3])]
    looks: tuple[dict[str, bool], ...] = ({}, {"Male": True}, {"Male": False, 'we"ird': True})
    return [
        Row(
            person=Person(
                number=str(k) if k % 5 else f"Ann é {k}",
                name=None if k % 2 else f"Name {k}",
                image=f"{k}.jpg",
                images=1 + k % 4,
                attributes=dict(looks[k % len(looks)]),
                points=tuple(float(n) for n in range(10)),
                frame=(64, 48),
            ),
            vector=vectors[k],
        )
        for k in range(count)
    ]  # fmt: skip


class Oracle:
    """index.store.Store by its own words: a dictionary, every product, one sort."""

    def __init__(self, kept: Sequence[Row]) -> None:
        self.kept = {row.person.number: row for row in kept}

    def search(self, vector: np.ndarray, *, count: int, attribute: Attribute | None = None) -> list[tuple[str, float]]:
        found = [
            (number, float(row.vector.astype(np.float16).astype(np.float64) @ vector.astype(np.float64)))
            for number, row in self.kept.items()
            if attribute is None or row.person.attributes.get(attribute[0]) is attribute[1]
        ]
        return sorted(found, key=lambda one: (-round(one[1], 6), person_order(one[0])))[:count]

    def upsert(self, kept: Sequence[Row]) -> None:
        self.kept |= {row.person.number: row for row in kept}

    def remove(self, numbers: Collection[str]) -> None:
        self.kept = {number: row for number, row in self.kept.items() if number not in numbers}


def info_of(kept: Sequence[Row]) -> GalleryInfo:
    return GalleryInfo(
        people=len(kept), pictures=sum(row.person.images for row in kept), embedder=MODEL, dimension=SIDE,
        vector_kind="mean", source="test", created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


def state_of(kept: Sequence[Row]) -> LocalPeople:
    ordered = sorted(kept, key=lambda row: person_order(row.person.number))
    vectors = np.stack([row.vector for row in ordered])
    return LocalPeople(info_of(kept), tuple(row.person for row in ordered), FaissRows.of(vectors))


def folder_of(kept: Sequence[Row], folder: Path) -> Path:
    """A gallery's folder with these people."""
    state = state_of(kept)
    folder.mkdir()
    write_gallery(folder, state.info, {VECTORS: state.rows.to_bytes(), PEOPLE: encode_people(state.people)})
    return folder


@pytest.fixture(params=["memory", "folder", pytest.param("milvus", marks=needs_milvus)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the store with `rows()` in it; anew at each call, but for the one in memory."""
    if request.param == "memory":
        held = MemoryStore(state_of(rows()))
        yield lambda _embedder: held
    elif request.param == "folder":
        folder = folder_of(rows(), tmp_path / "gallery")
        yield lambda embedder: FolderStore(folder, embedder=embedder)
    else:
        from index.milvus_store import MilvusStore

        place = MilvusPlace.of(f"milvus://{tmp_path}/people.db")
        made = [MilvusStore.create(place, info_of(rows()), people=len(rows()))]
        made[0].upsert(rows())

        def again(embedder: str | None) -> Store:
            made[-1].close()
            made.append(MilvusStore(place, embedder=embedder))
            return made[-1]

        yield again
        made[-1].close()


def plain(hits: Sequence[Hit]) -> list[tuple[str, float]]:
    return [(hit.person.number, round(hit.similarity, 4)) for hit in hits]


def same_answers(store: Store, oracle: Oracle) -> None:
    """Eight questions, filtered and not; counts from none to more than there are."""
    vectors = np.stack([row.vector for row in oracle.kept.values()])
    probes = [*units(77, 4), *vectors[1:4]]
    for probe, attribute, count in zip(
        probes,
        [None, ("Male", True), ("Male", False), ("Bald", True), None, ('we"ird', True), None],
        [8, 8, 40, 8, 500, 3, 0],
        strict=True,
    ):
        wanted = [(number, round(score, 4)) for number, score in oracle.search(probe, count=count, attribute=attribute)]
        assert plain(store.search(probe, count=count, attribute=attribute)) == wanted
    assert store.count() == store.describe().people == len(oracle.kept)
    assert store.describe().pictures == sum(row.person.images for row in oracle.kept.values())


def test_the_same_people_come_in_the_same_order_as_by_the_definition(opened: Open) -> None:
    same_answers(opened(MODEL), Oracle(rows()))


def test_everything_that_is_known_of_a_person_comes_back(opened: Open) -> None:
    kept = {row.person.number: row for row in rows()}
    hits = opened(MODEL).search(units(3, 1)[0], count=500)
    assert {hit.person.number: hit.person for hit in hits} == {number: row.person for number, row in kept.items()}
    for hit in hits:
        assert np.array_equal(hit.vector, kept[hit.person.number].vector.astype(np.float16).astype(np.float32))


def test_equal_people_come_by_their_numbers_however_many_there_are(opened: Open) -> None:
    store, vector = opened(MODEL), units(9, 1)[0]
    some = rows(1)[0]
    store.upsert([replace(some, person=replace(some.person, number=f"{k}"), vector=vector) for k in range(100, 140)])
    assert [hit.person.number for hit in store.search(vector, count=8)] == [str(k) for k in range(100, 108)]


def test_people_are_found_by_number_without_asking_for_everybody(opened: Open) -> None:
    wanted = [rows()[0].person, rows()[7].person]
    found = known_people(opened(MODEL), [*(person.number for person in wanted), "nobody"])
    assert found == {person.number: person for person in wanted}


def test_who_comes_and_who_goes_counts_at_the_next_question(opened: Open) -> None:
    store, oracle = opened(MODEL), Oracle(rows())
    new = [replace(row, person=replace(row.person, number=f"new {k}")) for k, row in enumerate(rows(7, seed=5))]
    changed = [replace(rows()[4], vector=units(8, 1)[0], person=replace(rows()[4].person, images=9, name="Other"))]
    for kept in (new, changed):
        store.upsert(kept)
        oracle.upsert(kept)
        same_answers(store, oracle)
    gone = ["new 3", rows()[0].person.number, rows()[7].person.number, "nobody"]
    assert store.remove(gone) == 3
    oracle.remove(gone)
    same_answers(store, oracle)
    assert store.remove(gone) == 0
    same_answers(opened(MODEL), oracle)


def test_the_last_person_stays(opened: Open) -> None:
    store = opened(MODEL)
    with pytest.raises(EmptyGallery, match="nobody would be left"):
        store.remove([row.person.number for row in rows()])
    same_answers(store, Oracle(rows()))


def test_a_vector_that_fits_nobody_is_refused_and_changes_nothing(opened: Open) -> None:
    store, some = opened(MODEL), rows(1)[0]
    for vector in (some.vector[:5], some.vector * 2, some.vector * np.float32("nan")):
        with pytest.raises(ValueError, match="want a unit vector of 16 numbers"):
            store.upsert([replace(some, person=replace(some.person, number="odd"), vector=vector)])
    same_answers(store, Oracle(rows()))


@pytest.mark.parametrize("kind", ["folder", pytest.param("milvus", marks=needs_milvus)])
def test_vectors_of_another_embedder_are_refused_in_one_sentence(kind: str, tmp_path: Path) -> None:
    if kind == "folder":
        folder = folder_of(rows(), tmp_path / "gallery")
        reopen: Open = lambda embedder: FolderStore(folder, embedder=embedder)  # noqa: E731
    else:
        from index.milvus_store import MilvusStore

        place = MilvusPlace.of(f"milvus://{tmp_path}/people.db")
        MilvusStore.create(place, info_of(rows()), people=60).close()
        reopen = lambda embedder: MilvusStore(place, embedder=embedder)  # noqa: E731
    with pytest.raises(GalleryOfAnotherEmbedder) as caught:
        reopen(OTHER)
    told = str(caught.value)
    assert told.startswith("the gallery was built by embedder eeeeeeeeeeee, the one in use is ffffffffffff; ")
    assert "\n" not in told


@pytest.mark.parametrize("kind", ["folder", pytest.param("milvus", marks=needs_milvus)])
def test_a_removed_or_replaced_vector_is_in_no_file(kind: str, tmp_path: Path) -> None:
    """Bytes as float32 and float16, and the numbers of every Parquet and Arrow file, which are packed."""
    gone, replaced, stays = rows()[1], rows()[7], rows()[9]
    place = tmp_path / "place"
    place.mkdir()
    store: Store
    if kind == "folder":
        folder = folder_of(rows(), place / "gallery")
        journal = place / ".gallery.building" / "journal"
        journal.mkdir(parents=True)
        np.save(journal / "part-000000.npy", np.stack([gone.vector]))
        store = FolderStore(folder, embedder=MODEL)
    else:
        from index.milvus_store import MilvusStore

        milvus = MilvusStore.create(MilvusPlace.of(f"milvus://{place}/people.db"), info_of(rows()), people=60)
        milvus.upsert(rows())
        store = milvus
    assert holds(place, gone)
    assert holds(place, replaced)
    # Row 1's vector is row 2's, too: the seventh's is its own double's, so both of each pair go.
    store.remove([gone.person.number, rows()[2].person.number, rows()[8].person.number])
    store.upsert([replace(replaced, vector=units(50, 1)[0])])
    if kind == "milvus":
        milvus.close()
    assert not holds(place, gone)
    assert not holds(place, replaced)
    assert holds(place, stays)


def holds(place: Path, row: Row) -> bool:
    """Whether any file below `place` has the row's vector."""
    half = row.vector.astype(np.float16)
    needles = [half.tobytes(), half.astype(np.float32).tobytes(), row.vector.tobytes()]
    return any(
        any(needle in data for needle in needles) or _in_table(data, half.astype(np.float32))
        for path in place.rglob("*")
        if path.is_file()
        for data in [path.read_bytes()]
    )


def _in_table(data: bytes, vector: np.ndarray) -> bool:
    if data[:4] != b"PAR1" and data[:6] != b"ARROW1":
        return False
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(data)) if data[:4] == b"PAR1" else pa.ipc.open_file(data).read_all()
    columns = [table.column(name).to_pylist() for name in table.column_names if "vector" in name]
    return any(np.array_equal(np.array(value, np.float32), vector) for column in columns for value in column if value)


@needs_milvus
def test_a_rewriting_that_was_stopped_is_finished_and_loses_nobody(tmp_path: Path) -> None:
    """Between the old collection's end and the copy's new name."""
    from index.milvus_store import MilvusStore

    place = MilvusPlace.of(f"milvus://{tmp_path}/people.db")
    store = MilvusStore.create(place, info_of(rows()), people=60)
    store.upsert(rows())
    store._client.rename_collection("lookalike", "lookalike_new")
    store.close()
    again = MilvusStore(place, embedder=MODEL)
    same_answers(again, Oracle(rows()))
    again.close()


@needs_milvus
def test_a_second_process_and_a_taken_name_are_refused_in_one_sentence(tmp_path: Path) -> None:
    from index.milvus_store import MilvusStore

    place = MilvusPlace.of(f"milvus://{tmp_path}/people.db")
    store = MilvusStore.create(place, info_of(rows()), people=60)
    store.close()
    with pytest.raises(StoreFailed, match=r"already; name another one: \?collection=NAME$"):
        MilvusStore.create(place, info_of(rows()), people=60)
    (tmp_path / "no folder.db").write_text("a file")
    with pytest.raises(StoreFailed, match="can't be opened: another process has it"):
        MilvusStore(MilvusPlace.of(f"milvus://{tmp_path}/no folder.db"), embedder=MODEL)


@pytest.mark.parametrize(
    ("url", "uri", "collection", "database"),
    [
        ("milvus://faces", "http://faces:19530", "lookalike", ""),
        (
            "milvus+tls://me:p%40ss@faces.example:443/people?collection=staff",
            "https://faces.example:443",
            "staff",
            "people",
        ),
        ("milvus:///srv/people.db", "/srv/people.db", "lookalike", ""),
    ],
)
def test_an_address_names_server_database_and_collection(url: str, uri: str, collection: str, database: str) -> None:
    place = MilvusPlace.of(url)
    assert (place.uri, place.collection, place.database) == (uri, collection, database)
    assert "p@ss" not in repr(place)


@pytest.mark.parametrize(
    "url", ["", "faces", "http://faces", "milvus:///srv/people", "milvus://a:b", "milvus://a?x=1", "milvus://a/b-c"]
)
def test_another_address_is_refused_with_how_it_is_written(url: str) -> None:
    with pytest.raises(ValueError, match="write milvus://HOST:PORT"):
        MilvusPlace.of(url)
