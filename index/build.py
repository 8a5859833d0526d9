"""A folder and an embed callable -> a gallery. Goes on after a kill, and swaps the finished gallery in at once.

Everything is made in a work folder beside the target (index.work_folder): a journal of what was embedded, then the
finished files. The gallery that may lie at the target answers until the swap; the work folder goes afterwards.
"""

from __future__ import annotations

import csv
import io
import json
import math
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from index.coded_rows import for_size, vector_files
from index.embed import Embed, Embedded, Skipped, Spread
from index.errors import BadSource, GalleryError, NotAGallery
from index.faiss_rows import FaissRows
from index.files import (
    ALL_FILES,
    FACES,
    MANIFEST,
    PEOPLE,
    PICTURES,
    PREVIEWS,
    PROBES,
    SKIPPED,
    VECTORS,
    read_checked,
    read_manifest,
    write_gallery,
)
from index.fold import VectorKind
from index.fold_people import FACE_COLUMNS, fold_people
from index.journal import PART_PICTURES, Journal
from index.people_table import decode_people, encode_people
from index.plain_text import counted, readable
from index.previews import Preview, encode_previews
from index.probes import Probe, fit_probes, with_predictions
from index.source import Picture, Source
from index.types import GalleryInfo, Person
from index.work_folder import journal_folder, locked, put_in_place, remove, work_folder

BATCH_PICTURES: Final = 32
UNIT_TOLERANCE: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a build is."""

    done: int  # pictures, those of an earlier run and the skipped ones among them
    total: int
    skipped: int
    previews: bool = False  # embedding is over; counted are people whose small pictures are made


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did."""

    info: GalleryInfo
    skipped: tuple[tuple[str, str], ...]  # file or folder as text, and reason
    people_left_out: tuple[str, ...]  # numbers of people without one usable picture
    probes: tuple[Probe, ...]  # what was read off the vectors for people without labels
    predicted: int  # people with predicted looks
    reused: int  # pictures whose vectors an interrupted run had left
    seconds: float


def build_gallery(
    source: Source,
    out: Path,
    embed: Embed,
    *,
    spread: Spread | None = None,
    kind: VectorKind = "mean",
    keep_faces: bool = False,
    preview: Callable[[Path, Person], Preview | None] | None = None,
    passed_on: bool = False,
    leave_out_joined: bool = False,
    batch: int = BATCH_PICTURES,
    part_pictures: int = PART_PICTURES,
    progress: Callable[[Progress], None] | None = None,
    created: str | None = None,
) -> BuildReport:
    """Embed the source's pictures and write the gallery to `out`, over the one that is there.

    spread: who embeds in the place of `embed`, which then only says how; as many vectors, the same ones.
    kind: how a person's vector is made. keep_faces: also write every picture's box and points.
    passed_on: the small pictures are shown wherever the gallery is, without the folder they were made of.
    preview: makes a small picture of a person from the one in the source's folder, None where none is needed.
    batch: pictures handed to `embed` at once. part_pictures: how many a kill may cost.
    created: ISO 8601 time for the manifest, now unless given.
    leave_out_joined: whoever came to the gallery at `out` after its build may go, where the source has them not.
    Raises BadSource when no picture can be used, NotAGallery when `out` holds other things, BuildRunning.
    """
    start = time.monotonic()
    out = out.resolve()  # a link to a gallery keeps pointing there
    check_target(out)
    work = work_folder(out)
    with locked(work):
        if not leave_out_joined:
            _keep_joined(out, source)
        journal = Journal(journal_folder(work), key=f"{embed.model} {embed.recipe}", part_pictures=part_pictures)
        prints = {picture.file: _fingerprint(source.folder, picture) for picture in source.pictures}
        reused = sum(fingerprint in journal for fingerprint in prints.values())
        _embed_all(source, spread or _in_turn(embed, batch), journal, prints, progress=progress)
        folded = fold_people(source, lambda picture: journal.outcome(prints[picture.file]), kind=kind)
        if not folded.people:
            raise BadSource(_none_usable(source, folded.skipped))
        vectors = np.stack(folded.vectors)
        fitted = fit_probes(vectors, folded.people)
        people = with_predictions(folded.people, vectors, fitted)
        info = GalleryInfo(
            people=len(people),
            pictures=sum(person.images for person in people),
            embedder=embed.model,
            dimension=vectors.shape[1],
            vector_kind=kind,
            source=source.description,
            created=created or datetime.now(UTC).isoformat(timespec="seconds"),
        )
        files = vector_files(for_size(FaissRows.of(vectors))) | {PEOPLE: encode_people(people)}
        skipped = sorted([*source.left_out, *folded.skipped])
        if skipped:
            files[SKIPPED] = _csv(("file", "reason"), skipped)
        if fitted.probes:
            files[PROBES] = _csv(PROBE_COLUMNS, [_probe_row(probe) for probe in fitted.probes])
        if keep_faces:
            files[FACES] = _csv(FACE_COLUMNS, folded.faces)
        if preview is not None:  # of nobody yet, too: whoever joins later is then kept likewise
            previews = _previews(source, people, preview, progress=progress)
            files[PICTURES if passed_on else PREVIEWS] = encode_previews(previews)
        put_in_place(work, out, lambda new: write_gallery(new, info, files))
        remove(work)
    return BuildReport(
        info=info,
        skipped=tuple(skipped),
        people_left_out=tuple(sorted([*source.people_left_out, *folded.left_out])),
        probes=fitted.probes,
        predicted=sum(person.attributes_predicted for person in people),
        reused=reused,
        seconds=time.monotonic() - start,
    )


def rewrite_people(out: Path, change: Callable[[tuple[Person, ...]], tuple[Person, ...]]) -> GalleryInfo:
    """Change the table of people of the gallery at `out`, nothing else, and swap the result in.

    change: gets the people in the order of their vectors and must keep number and order.
    Raises GalleryMissing, GalleryDamaged, BuildRunning.
    """
    out = out.resolve()  # a link to a gallery keeps pointing there
    read_manifest(out)  # so that nothing is made beside a place without a gallery
    work = work_folder(out)
    with locked(work):
        try:
            manifest = read_manifest(out)
            files = {name: read_checked(out, name, record) for name, record in manifest.files.items()}
            before = decode_people(files[PEOPLE], folder=out)
            after = change(before)
            if [person.number for person in after] != [person.number for person in before]:
                raise ValueError("the change lost, added or moved people; their vectors would be another's")
            files[PEOPLE] = encode_people(after)
            put_in_place(work, out, lambda new: write_gallery(new, manifest.info, files))
        finally:
            remove(work, keep_journal=True)
    return manifest.info


def check_target(out: Path) -> None:
    """Raise NotAGallery when `out` holds anything that no build of a gallery made: it would take its place."""
    shown = readable(str(out))
    if out.is_dir():
        items = list(out.iterdir())
        ours = _files_of_a_gallery(out)
        foreign = sorted(readable(item.name) for item in items if item.name not in ours or not item.is_file())
        if foreign:
            raise NotAGallery(
                f"{shown} holds other things ({', '.join(foreign[:3])}); choose an empty place: --out DIR"
            )
    elif out.exists():
        raise NotAGallery(f"{shown} is a file; choose another place: --out DIR")


def _keep_joined(out: Path, source: Source) -> None:
    """Raise NotAGallery where people would be lost whom no folder holds: they joined after the build."""
    try:
        people = decode_people(read_checked(out, PEOPLE, read_manifest(out).files[PEOPLE]), folder=out)
    except GalleryError:
        return
    here = {picture.person for picture in source.pictures}
    lost = [readable(person.number) for person in people if person.joined and person.number not in here]
    if lost:
        raise NotAGallery(
            f"{readable(str(out))}: {counted(len(lost), 'person', 'people')} came later and would be lost "
            f"({', '.join(lost[:3])}); put their pictures there too, or let them go: --replace"
        )


def _files_of_a_gallery(out: Path) -> frozenset[str]:
    """The names in `out` that a build gave. None of them where neither manifest nor vectors are a gallery's."""
    try:
        return frozenset({MANIFEST, *read_manifest(out).files})
    except GalleryError:
        pass
    # A damaged or older one: known by its vectors, or by a manifest that names an embedder beside its files.
    try:
        with (out / VECTORS).open("rb") as file:
            if file.read(len(FaissRows.SIGNATURE)) == FaissRows.SIGNATURE:
                return ALL_FILES
    except OSError:
        pass
    try:
        raw = json.loads((out / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError):
        return frozenset()
    return ALL_FILES if isinstance(raw, dict) and {"schema", "embedder", "files"} <= raw.keys() else frozenset()


PROBE_COLUMNS: Final = ("trait", "labelled", "with_trait", "accuracy", "balanced_accuracy", "said_share", "yes", "no")


def _in_turn(embed: Embed, batch: int) -> Spread:
    def spread(folder: Path, pictures: Sequence[Picture]) -> Iterator[list[tuple[Picture, Embedded | Skipped]]]:
        for first in range(0, len(pictures), batch):
            chunk = pictures[first : first + batch]
            yield list(zip(chunk, embed(folder, chunk), strict=True))

    return spread


def _embed_all(
    source: Source,
    spread: Spread,
    journal: Journal,
    prints: dict[str, str],
    *,
    progress: Callable[[Progress], None] | None,
) -> None:
    waiting = [picture for picture in source.pictures if prints[picture.file] not in journal]
    total = len(source.pictures)
    done, skipped = total - len(waiting), 0
    dimension: int | None = None
    if progress is not None and waiting:
        progress(Progress(done=done, total=total, skipped=skipped))
    for some in spread(source.folder, waiting):
        for picture, outcome in some:
            if isinstance(outcome, Embedded):
                dimension = dimension or len(outcome.vector)
                _check_vector(outcome, dimension, picture)
            else:
                skipped += 1
            journal.add(prints[picture.file], outcome)
        done += len(some)
        if progress is not None:
            progress(Progress(done=done, total=total, skipped=skipped))
    journal.flush()


def _previews(
    source: Source,
    people: Sequence[Person],
    preview: Callable[[Path, Person], Preview | None],
    *,
    progress: Callable[[Progress], None] | None,
) -> dict[str, Preview]:
    """By Person.number, for those who need one."""
    made = {}
    for done, person in enumerate(people):
        if progress is not None:
            progress(Progress(done=done, total=len(people), skipped=0, previews=True))
        if (one := preview(source.folder, person)) is not None:
            made[person.number] = one
    if progress is not None:
        progress(Progress(done=len(people), total=len(people), skipped=0, previews=True))
    return made


def _probe_row(probe: Probe) -> tuple[str, ...]:
    shares = (probe.accuracy, probe.balanced, probe.said, probe.yes, probe.no)
    return (probe.trait, str(probe.people), str(probe.with_trait), *(f"{share:.3f}" for share in shares))


def _check_vector(outcome: Embedded, dimension: int, picture: Picture) -> None:
    length = float(np.linalg.norm(outcome.vector))
    if outcome.vector.shape != (dimension,) or not math.isclose(length, 1.0, abs_tol=UNIT_TOLERANCE):
        raise ValueError(
            f"{picture.file}: want a unit vector of {dimension} numbers, "
            f"got shape {outcome.vector.shape} and length {length:.4g}"
        )


def _fingerprint(folder: Path, picture: Picture) -> str:
    """What a picture's vector hangs on, apart from the networks: its contents and its points."""
    try:
        status = None if picture.stamp else (folder / picture.file).stat()
        contents = picture.stamp if status is None else f"{status.st_size}:{status.st_mtime_ns}"
    except OSError:
        contents = "gone"
    points = "" if picture.points is None else f"{zlib.crc32(picture.points.tobytes()):08x}"
    return f"{picture.file}|{contents}|{points}"


def _none_usable(source: Source, skipped: list[tuple[str, str]]) -> str:
    first = f"; the first, {skipped[0][0]}: {skipped[0][1]}" if skipped else ""
    return f"{readable(str(source.folder))}: none of its {len(source.pictures)} pictures can be used{first}"


def _csv(header: tuple[str, ...], rows: list[tuple[str, ...]] | list[tuple[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
