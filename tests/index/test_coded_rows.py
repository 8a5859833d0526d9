"""The 8-bit codes of a large gallery: the same people come as without them, and nobody's are kept who has left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index import coded_rows
from index.coded_rows import CodedRows
from index.errors import GalleryDamaged
from index.faiss_rows import FaissRows
from index.files import CODES, PEOPLE, VECTORS, write_gallery
from index.folder_store import FolderStore
from index.people_table import encode_people
from tests.index.test_stores import info_of, rows, state_of, units


@pytest.fixture
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coded_rows, "EXACT_PEOPLE", 40)


def folder_of_many(folder: Path) -> Path:
    state = state_of(rows())
    folder.mkdir()
    files = coded_rows.vector_files(coded_rows.for_size(state.rows)) | {PEOPLE: encode_people(state.people)}
    write_gallery(folder, state.info, files)
    return folder


def test_codes_find_whom_every_vector_finds() -> None:
    vectors = units(5, 20_000)
    exact = FaissRows.of(vectors)
    coded = CodedRows.over(exact)
    allowed = np.arange(len(vectors)) % 3 == 0
    same = 0
    for probe in units(6, 50):
        for mask in (None, allowed):
            wanted, found = exact.search(probe, count=8, allowed=mask), coded.search(probe, count=8, allowed=mask)
            same += len(set(wanted[1].tolist()) & set(found[1].tolist()))
            assert np.all(np.diff(found[0]) <= 0)
            np.testing.assert_allclose(found[0], np.sum(coded.rows(found[1]) * probe, axis=1), atol=1e-6)
            assert mask is None or mask[found[1]].all()
    assert same >= 0.99 * 800


def test_few_rows_and_many_wanted_ones_are_answered_exactly() -> None:
    vectors = units(5, 100)
    exact = FaissRows.of(vectors)
    coded = CodedRows.over(exact)
    for count in (0, 1, 50, 100, 500):
        for wanted, found in zip(
            exact.search(vectors[0], count=count), coded.search(vectors[0], count=count), strict=True
        ):
            np.testing.assert_array_equal(wanted, found)


@pytest.mark.usefixtures("_few_are_many")
def test_a_large_gallery_is_mapped_and_people_come_and_go(tmp_path: Path) -> None:
    folder = folder_of_many(tmp_path / "gallery")
    store = FolderStore(folder, embedder=None)
    assert isinstance(store.state.rows, CodedRows)
    assert str(folder / CODES) in Path("/proc/self/maps").read_text("utf-8") or not Path("/proc/self/maps").exists()
    gone = rows()[3]
    assert store.remove([gone.person.number]) == 1
    assert store.count() == len(rows()) - 1
    assert isinstance(store.state.rows, CodedRows)
    found = store.search(gone.vector, count=8)
    assert gone.person.number not in {hit.person.number for hit in found}
    again = FolderStore(folder, embedder=None)
    np.testing.assert_array_equal(again.vectors(), store.vectors())


@pytest.mark.usefixtures("_few_are_many")
def test_a_code_of_somebody_removed_is_in_no_file(tmp_path: Path) -> None:
    folder = folder_of_many(tmp_path / "gallery")
    gone = rows()[3]
    side = len(gone.vector)
    lone = FolderStore(folder, embedder=None)
    place = [person.number for person in lone.state.people].index(gone.person.number)
    codes = (folder / CODES).read_bytes()
    code = codes[len(codes) - side * (lone.count() - place) :][:side]
    assert code in codes
    lone.remove([gone.person.number])
    assert all(code not in file.read_bytes() for file in folder.iterdir())


@pytest.mark.usefixtures("_few_are_many")
def test_a_small_gallery_has_no_codes_and_one_that_shrank_loses_them(tmp_path: Path) -> None:
    folder = folder_of_many(tmp_path / "gallery")
    store = FolderStore(folder, embedder=None)
    store.remove([row.person.number for row in rows()[:30]])
    assert not (folder / CODES).exists()
    assert store.count() == len(rows()) - 30


@pytest.mark.usefixtures("_few_are_many")
@pytest.mark.parametrize("name", [VECTORS, CODES])
@pytest.mark.parametrize("place", [0, 5, 10, 40, 60, -1])
def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path, name: str, place: int) -> None:
    """Whoever wrote the manifest: a wrong length must not be asked of FAISS."""
    state = state_of(rows())
    files = coded_rows.vector_files(coded_rows.for_size(state.rows)) | {PEOPLE: encode_people(state.people)}
    data = bytearray(files[name])
    if place < 0:
        data += b"\0"
    else:
        data[place] ^= 0x41
    (tmp_path / "gallery").mkdir()
    write_gallery(tmp_path / "gallery", info_of(rows()), files | {name: bytes(data)})
    with pytest.raises(GalleryDamaged):
        FolderStore(tmp_path / "gallery", embedder=None)


@pytest.mark.usefixtures("_few_are_many")
def test_mapped_files_are_checked_against_their_hashes(tmp_path: Path) -> None:
    folder = folder_of_many(tmp_path / "gallery")
    data = bytearray((folder / CODES).read_bytes())
    data[-1] ^= 1
    (folder / CODES).write_bytes(data)
    with pytest.raises(GalleryDamaged, match="sha256"):
        FolderStore(folder, embedder=None)
