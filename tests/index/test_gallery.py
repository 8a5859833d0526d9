"""Opening and searching: distinct people, exact, filtered or not, refused when something does not fit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import GalleryDamaged, GalleryError, GalleryMissing, GalleryOfAnotherEmbedder
from index.faiss_rows import FaissRows
from index.files import MANIFEST, PEOPLE, VECTORS, write_gallery
from index.gallery import Gallery
from index.people_table import decode_people, encode_people
from index.types import GalleryInfo, Person, Vectors
from tests.index.exact_rows import ExactRows

MODEL = "e" * 64


def _people(count: int, seed: int) -> tuple[Person, ...]:
    rng = np.random.default_rng(seed)
    choices: tuple[dict[str, bool], ...] = ({}, {"Male": True}, {"Male": False})
    return tuple(
        Person(
            number=str(k), name=None, image=f"{k}.jpg", images=1, attributes=dict(choices[rng.integers(len(choices))])
        )
        for k in range(count)
    )


def _info(people: int, dimension: int) -> GalleryInfo:
    return GalleryInfo(
        people=people,
        pictures=people,
        embedder=MODEL,
        dimension=dimension,
        vector_kind="mean",
        source="test",
        created="2026-01-01T00:00:00+00:00",
    )


def _unit(seed: int, count: int, dimension: int = 16) -> Vectors:
    raw = np.random.default_rng(seed).standard_normal((count, dimension))
    return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)


def _gallery(count: int, seed: int = 0) -> Gallery:
    return Gallery.of(_info(count, 16), _people(count, seed), FaissRows.of(_unit(seed, count)))


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 120),
    top=st.integers(0, 12),
    skip=st.integers(0, 30),
    attribute=st.sampled_from([None, ("Male", True), ("Male", False), ("Bald", True)]),
)
def test_the_nearest_distinct_people_come_as_a_full_sort_has_them(
    seed: int, count: int, top: int, skip: int, attribute: tuple[str, bool] | None
) -> None:
    """Against the definition: filter, sort all, cut."""
    gallery, probe = _gallery(count, seed), _unit(seed + 1, 1)[0]
    matches = gallery.search(probe, model=MODEL, top=top, skip=skip, attribute=attribute)
    cosines = ExactRows(gallery.vectors()).vectors() @ probe
    allowed = [
        k for k, person in enumerate(gallery.people)
        if attribute is None or person.attributes.get(attribute[0]) is attribute[1]
    ]  # fmt: skip
    wanted = sorted(allowed, key=lambda k: (-cosines[k], k))[skip : skip + top]
    assert [match.person.number for match in matches] == [str(k) for k in wanted]
    assert [match.rank for match in matches] == list(range(skip + 1, skip + 1 + len(wanted)))
    np.testing.assert_allclose([match.similarity for match in matches], cosines[wanted], atol=1e-6)


def test_the_next_eight_go_on_where_the_first_stopped() -> None:
    gallery, probe = _gallery(30), _unit(5, 1)[0]
    pages = [gallery.search(probe, model=MODEL, skip=skip) for skip in (0, 8, 16, 24, 32)]
    numbers = [match.person.number for page in pages for match in page]
    assert [len(page) for page in pages] == [8, 8, 8, 6, 0]
    assert len(set(numbers)) == 30


def test_people_without_a_label_are_in_neither_half() -> None:
    gallery, probe = _gallery(60), _unit(5, 1)[0]
    women = gallery.search(probe, model=MODEL, top=60, attribute=("Male", False))
    men = gallery.search(probe, model=MODEL, top=60, attribute=("Male", True))
    assert {match.person.attributes["Male"] for match in women} == {False}
    assert 0 < len(women) + len(men) < 60


def test_a_probe_equal_to_a_person_never_passes_one() -> None:
    """Rounding to float16 may leave a stored vector a little longer than one."""
    vectors = _unit(2, 200)
    gallery = Gallery.of(_info(200, 16), _people(200, 0), FaissRows.of(vectors))
    best = [gallery.search(vector, model=MODEL, top=1)[0].similarity for vector in vectors]
    assert 0.999 < min(best) <= max(best) <= 1.0


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        (np.zeros(16, np.float32), "unit vector"),
        (np.full(16, np.nan, np.float32), "unit vector"),
        (np.full(16, 1.0, np.float32), "unit vector"),
        (np.ones(4, np.float32) / 2, "shape"),
    ],
    ids=["zero", "nan", "long", "short of numbers"],
)
def test_a_vector_that_is_no_probe_is_refused(vector: Vectors, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _gallery(5).search(vector, model=MODEL)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="from 0 up"):
        _gallery(5).search(_unit(1, 1)[0], model=MODEL, skip=-1)


def test_vectors_of_two_networks_never_meet() -> None:
    with pytest.raises(GalleryOfAnotherEmbedder, match="lookalike index build DIR"):
        _gallery(5).search(_unit(1, 1)[0], model="f" * 64)


def test_threads_share_a_gallery() -> None:
    """The mask of an attribute is made by whoever comes first."""
    gallery, probes = _gallery(300), _unit(9, 64)
    alone = [gallery.search(probe, model=MODEL, attribute=("Male", True)) for probe in probes]
    fresh = _gallery(300)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda probe: fresh.search(probe, model=MODEL, attribute=("Male", True)), probes))
    assert together == alone


def test_a_built_gallery_opens(gallery_folder: Path) -> None:
    gallery = Gallery.open(gallery_folder, embedder=MODEL)
    assert (gallery.info.people, gallery.info.pictures, gallery.info.dimension) == (5, 15, 16)
    assert [person.name for person in gallery.people] == [f"person {k}" for k in range(5)]
    assert gallery.vectors().shape == (5, 16)


def test_a_gallery_of_another_embedder_is_refused(gallery_folder: Path) -> None:
    with pytest.raises(GalleryOfAnotherEmbedder, match="lookalike index build DIR"):
        Gallery.open(gallery_folder, embedder="f" * 64)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("name", [VECTORS, PEOPLE])
def test_one_changed_bit_is_found_before_anything_is_parsed(gallery_folder: Path, name: str) -> None:
    _flip(gallery_folder / name)
    with pytest.raises(GalleryDamaged, match=rf"{name}: sha256 is .*lookalike index build DIR"):
        Gallery.open(gallery_folder, embedder=MODEL)


@pytest.mark.parametrize("name", [VECTORS, PEOPLE])
def test_a_file_cut_short_or_gone_is_refused(gallery_folder: Path, name: str) -> None:
    file = gallery_folder / name
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(GalleryDamaged, match=r"bytes, the manifest says.*lookalike index build DIR"):
        Gallery.open(gallery_folder, embedder=MODEL)
    file.unlink()
    with pytest.raises(GalleryDamaged, match=r"can't be read.*lookalike index build DIR"):
        Gallery.open(gallery_folder, embedder=MODEL)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "can't be read"),
        (b"[]", "lacks or misspells"),
        (b"{}", "lacks or misspells 'schema'"),
        (b'{"schema": 99}', "schema 99"),
        (b'{"schema": 1, "people": -1}', "people should be greater"),
        (b"\xff\xfe", "can't be read"),
    ],
)
def test_a_foreign_manifest_is_refused(gallery_folder: Path, contents: bytes, message: str) -> None:
    (gallery_folder / MANIFEST).write_bytes(contents)
    with pytest.raises(GalleryDamaged, match=message):
        Gallery.open(gallery_folder, embedder=MODEL)


def test_a_manifest_names_no_file_outside(gallery_folder: Path) -> None:
    path = gallery_folder / MANIFEST
    path.write_text(path.read_text().replace(PEOPLE, "../../people.json"))
    with pytest.raises(GalleryDamaged, match="want"):
        Gallery.open(gallery_folder, embedder=MODEL)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    """Each file is what the manifest says, and still the rows would be other people's."""
    files = {VECTORS: FaissRows.of(_unit(1, 4)).to_bytes(), PEOPLE: encode_people(_people(5, 0))}
    write_gallery(tmp_path, _info(5, 16), files)
    with pytest.raises(GalleryDamaged, match="4 vectors of 16 numbers, 5 people"):
        Gallery.open(tmp_path, embedder=MODEL)


def test_a_foreign_index_with_a_right_hash_is_refused(tmp_path: Path) -> None:
    write_gallery(tmp_path, _info(5, 16), {VECTORS: b"IxFI" + b"\xff" * 60, PEOPLE: encode_people(_people(5, 0))})
    with pytest.raises(GalleryDamaged, match="no FAISS index of the right kind"):
        Gallery.open(tmp_path, embedder=MODEL)


def test_no_gallery_is_told_from_a_folder_of_other_things(tmp_path: Path) -> None:
    with pytest.raises(GalleryMissing, match="lookalike index build DIR"):
        Gallery.open(tmp_path / "nowhere", embedder=MODEL)
    with pytest.raises(GalleryMissing):
        Gallery.open(tmp_path, embedder=MODEL)
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(GalleryDamaged, match="is no gallery"):
        Gallery.open(tmp_path, embedder=MODEL)


@given(st.binary(max_size=400))
def test_no_bytes_get_past_the_table_of_people(data: bytes) -> None:
    """Whatever the table holds, it is people or a GalleryError."""
    with pytest.raises(GalleryError):
        decode_people(data)
