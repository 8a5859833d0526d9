"""A gallery's folder as a store: read into memory, and rewritten in one step where people come or go.

Another process may rewrite it meanwhile (`lookalike index add`, a build): each question looks whether the manifest is
still the same file, and reads the folder again where it is not. So a running bot answers with whoever is in it now.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from index.coded_rows import CodedRows, vector_files
from index.errors import GalleryDamaged, GalleryError, GalleryOfAnotherEmbedder
from index.faiss_rows import FaissRows
from index.files import (
    CODES,
    FACES,
    MANIFEST,
    PEOPLE,
    PICTURES,
    PREVIEWS,
    SKIPPED,
    VECTORS,
    GalleryManifest,
    open_checked,
    read_checked,
    read_manifest,
    write_gallery,
)
from index.memory_store import LocalPeople, MemoryStore
from index.people_table import decode_people, encode_people
from index.plain_text import counted, readable
from index.previews import Previews, encode_previews
from index.store import Row
from index.work_folder import locked, put_in_place, work_folder
from index.work_folder import remove as clear

WAIT_S: Final = 10.0  # for another change of the same gallery; a build takes longer and is told
_Stamp = tuple[int, int, int]

log = logging.getLogger(__name__)


class FolderStore(MemoryStore):
    """index.store.Store over a folder that `index.build` made. `Row.preview` is kept where the gallery has such."""

    def __init__(self, folder: Path, *, embedder: str | None) -> None:
        """Read the folder and check every file that is needed against its hash.

        embedder: SHA-256 of the network whose vectors are wanted; None where any will do.
        Raises GalleryMissing, GalleryDamaged or GalleryOfAnotherEmbedder.
        """
        self._folder = folder
        self._embedder = embedder
        self._stamp = _stamp(folder)
        self._reading = Lock()
        super().__init__(self._read())

    @property
    def state(self) -> LocalPeople:
        """What is in the folder now; what was there before where it can't be read, and while another thread reads."""
        if _stamp(self._folder) not in {self._stamp, None} and self._reading.acquire(blocking=False):
            try:
                self._stamp = _stamp(self._folder)
                self._held = self._read()
            except GalleryError as error:
                log.warning("the gallery was changed and can't be used; the one from before is answered: %s", error)
            finally:
                self._reading.release()
        return self._held

    def _read(self) -> LocalPeople:
        try:
            return read_people(self._folder, embedder=self._embedder)
        except GalleryDamaged:
            # A rebuild may have put another gallery in place between two reads; a damaged one fails again.
            return read_people(self._folder, embedder=self._embedder)

    def _change(self, *, upsert: Sequence[Row] = (), remove: Collection[str] = ()) -> None:
        gone = {*remove, *(row.person.number for row in upsert)}
        out = self._folder.resolve()  # a link to a gallery keeps pointing there
        work = work_folder(out)
        forgets = False
        with self._changing, locked(work, wait_s=WAIT_S):
            try:
                before = read_people(out, embedder=self._embedder)
                forgets = any(person.number in gone for person in before.people)
                state = before.changed(upsert=upsert, remove=remove)
                files = _other_files(out, rows=upsert, gone=gone)
                files |= vector_files(state.rows) | {PEOPLE: encode_people(state.people)}
                put_in_place(work, out, lambda new: write_gallery(new, state.info, files))
            finally:
                # The journal of an interrupted build may hold vectors of people who are forgotten.
                clear(work, keep_journal=not forgets)
            with self._reading:
                # Mapped files take the place of those in memory at the next question.
                self._stamp = None if isinstance(state.rows, CodedRows) else _stamp(self._folder)
                self._held = state


def read_people(folder: Path, *, embedder: str | None) -> LocalPeople:
    """Raises GalleryMissing, GalleryDamaged or GalleryOfAnotherEmbedder."""
    manifest = read_manifest(folder)
    info = manifest.info
    if embedder is not None and info.embedder != embedder:
        raise GalleryOfAnotherEmbedder(want=embedder, got=info.embedder, folder=folder)
    people = decode_people(read_checked(folder, PEOPLE, manifest.files[PEOPLE]), folder=folder)
    rows = _read_rows(folder, manifest)
    if not len(rows) == len(people) == info.people or rows.dimension != info.dimension:
        raise GalleryDamaged(
            f"{readable(str(folder))}: {len(rows)} vectors of {rows.dimension} numbers, {len(people)} people; "
            f"{MANIFEST} says {info.people} of {info.dimension}",
            folder=folder,
        )
    wrong = rows.rows_not_finite()
    if len(wrong):
        raise GalleryDamaged(
            f"{readable(str(folder / VECTORS))}: {counted(len(wrong), 'vector has', 'vectors have')} numbers that "
            f"are not finite, the first is person {people[int(wrong[0])].number}'s",
            folder=folder,
        )
    return LocalPeople(info, people, rows)


def _read_rows(folder: Path, manifest: GalleryManifest) -> FaissRows:
    if CODES not in manifest.files:
        return FaissRows.from_bytes(read_checked(folder, VECTORS, manifest.files[VECTORS]), folder=folder)
    with (
        open_checked(folder, VECTORS, manifest.files[VECTORS]) as vectors,
        open_checked(folder, CODES, manifest.files[CODES]) as codes,
    ):
        return CodedRows.mapped(vectors, codes, folder=folder)


def _other_files(folder: Path, *, rows: Sequence[Row], gone: Collection[str]) -> dict[str, bytes]:
    """Everything beside people and vectors, without those who are gone."""
    manifest = read_manifest(folder)
    files = {
        name: read_checked(folder, name, record)
        for name, record in manifest.files.items()
        if name not in {PEOPLE, VECTORS, CODES}
    }
    for name in (PREVIEWS, PICTURES):
        if name in files:
            new = {row.person.number: row.preview for row in rows if row.preview is not None}
            old = Previews.read(folder / name)
            kept = {number: found for number in old if number not in gone and (found := old.of(number)) is not None}
            files[name] = encode_previews(kept | new)
    if FACES in files:
        files[FACES] = _without_rows(files[FACES], lambda row: row["person"] in gone)
    if SKIPPED in files:
        files[SKIPPED] = _without_rows(files[SKIPPED], lambda row: row["file"].partition("/")[0] in gone)
    return files


def _without_rows(table: bytes, is_gone: Callable[[Mapping[str, str]], bool]) -> bytes:
    reader = csv.DictReader(io.StringIO(table.decode()))
    text = io.StringIO()
    writer = csv.DictWriter(text, reader.fieldnames or (), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for row in reader if not is_gone(row))
    return text.getvalue().encode()


def _stamp(folder: Path) -> _Stamp | None:
    """What tells one gallery in this place from the next; None while there is none."""
    try:
        status = (folder / MANIFEST).stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
