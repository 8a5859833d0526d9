"""What `lookalike index` prints: its JSON documents, and the same in sentences."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from index.errors import rebuild_hint
from index.plain_text import counted, readable
from lookalike.cli.console import complain, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.build import BuildReport
    from index.gallery import Gallery
    from index.names import NamingReport
    from index.source import Source
    from lookalike.cli.face_archive import FaceArchiveReport

LISTED: Final = 10  # skipped pictures that are printed; all of them stand in skipped.csv


def people(count: int) -> str:
    return counted(count, "person", "people")


def pictures(count: int) -> str:
    return counted(count, "picture", "pictures")


def build_document(target: Path, report: BuildReport, source: Source) -> dict[str, Any]:
    """What `index build --json` prints."""
    return {
        "gallery": readable(str(target)),
        "people": report.info.people,
        "pictures": report.info.pictures,
        "embedder": report.info.embedder,
        "skipped": [{"file": file, "reason": reason} for file, reason in report.skipped],
        "missing": len(source.missing),
        "people_left_out": list(report.people_left_out),
        "passed_over": list(source.passed_over),
        "predicted": report.predicted,
        "reused": report.reused,
        "seconds": round(report.seconds, 1),
    }


def print_build(target: Path, report: BuildReport, source: Source, *, in_use: bool) -> None:
    """in_use: the new gallery is the one that the settings name."""
    from index.files import PICTURES

    shown = readable(str(target))
    for file, reason in report.skipped[:LISTED]:
        complain(f"skipped {file}: {reason}")
    if len(report.skipped) > LISTED:
        complain(f"... {len(report.skipped):,} skipped in all, listed in {readable(str(target / 'skipped.csv'))}")
    if source.passed_over:
        passed = counted(len(source.passed_over), "folder", "folders")
        complain(f"passed over {passed} of thumbnails or deleted files: {_some(source.passed_over)}")
    if source.missing:
        missing = counted(len(source.missing), "picture of the list is", "pictures of the list are")
        complain(f"{missing} not in the folder, {readable(source.missing[0])} for one")
    if report.predicted:
        told = ", ".join(f"{probe.trait} {probe.balanced:.0%}" for probe in report.probes)
        say(f"{people(report.predicted)} without labels got predicted looks (right on held-out people: {told})")
    if report.people_left_out:
        without = counted(len(report.people_left_out), "person is", "people are")
        complain(f"{without} left out, without a usable picture: {_some(report.people_left_out)}")
    again = f", {report.reused:,} of them from the run before" if report.reused else ""
    say(f"{shown}: {people(report.info.people)} from {pictures(report.info.pictures)} in {report.seconds:.0f} s{again}")
    if not in_use:
        say(f"To use it: GALLERY={shlex.quote(shown)} in the environment or in .env")
        carried = (target / PICTURES).is_file()
        if source.layout == "people" and source.folder.is_dir() and not carried:  # no tar, no bucket
            say(f"With pictures on the cards: GALLERY_IMAGES={shlex.quote(readable(str(source.folder)))} beside it")


def info_document(folder: Path, gallery: Gallery, *, embedder: str | None) -> dict[str, Any]:
    """What `index info --json` prints. embedder: SHA-256 of the one in use, None where there is none."""
    from dataclasses import asdict

    known = gallery.people
    attributes = {}
    for key in sorted({key for person in known for key in person.attributes}):
        values = [person.attributes.get(key) for person in known]
        attributes[key] = {"yes": values.count(True), "no": values.count(False), "unknown": values.count(None)}
    return {
        "gallery": readable(str(folder)),
        **asdict(gallery.info),
        "fits": None if embedder is None else gallery.info.embedder == embedder,
        "named": sum(person.name is not None and not person.name_inferred for person in known),
        "names_inferred": sum(person.name is not None and person.name_inferred for person in known),
        "labelled": sum(bool(person.attributes) for person in known),
        "attributes": attributes,
        "size_bytes": sum(item.stat().st_size for item in folder.iterdir()),
    }


def print_info(document: dict[str, Any], folder: Path) -> None:
    fits = {
        True: "the one in use",
        False: f"NOT the one in use; {rebuild_hint(folder)}",
        None: "none is in use to compare with",
    }[document["fits"]]
    size = document["size_bytes"]
    say(f"gallery    {document['gallery']} ({f'{size / 1e6:,.1f} MB' if size >= 1e6 else f'{size / 1e3:,.0f} kB'})")
    say(f"people     {document['people']:,} from {pictures(document['pictures'])}")
    say(f"source     {document['source']}")
    say(f"names      {document['named']:,} told, {document['names_inferred']:,} guessed")
    if document["attributes"]:
        say(f"attributes of {people(document['labelled'])}, {len(document['attributes'])} of them")
    say(f"vectors    {document['dimension']} numbers a person, {document['vector_kind']} of the pictures")
    say(f"embedder   {document['embedder'][:12]}, {fits}")
    say(f"created    {document['created']}")


def print_naming(folder: Path, file: Path, report: NamingReport) -> None:
    of = f"{report.named:,} of {people(report.people)}"
    say(f"{readable(str(folder))}: {of} named by {readable(file.name)}, {report.changed:,} anew")
    if report.not_in_gallery:
        say(f"{counted(report.not_in_gallery, 'name belongs', 'names belong')} to nobody here")
    if report.nameless:
        say(f"{counted(report.nameless, 'person has', 'people have')} no name yet, shown by number or folder")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def print_face_archive(out: Path, place: Path, report: FaceArchiveReport) -> None:
    for number, reason in report.unreadable[:LISTED]:
        complain(f"left out No. {readable(number)}: {reason}")
    if len(report.unreadable) > LISTED:
        complain(f"... {len(report.unreadable):,} left out in all")
    if not report.faces:
        complain(f"{readable(str(place))} has no picture of this gallery's people; nothing was written")
        return
    if report.missing:
        complain(f"{people(len(report.missing))} without a picture there: {_some(report.missing)}")
    shown = readable(str(out))
    say(f"{shown}: {report.faces:,} of {people(report.people)}, {report.size_bytes / 1e6:.0f} MB")
    say(f"To use it: GALLERY_IMAGES={shlex.quote(shown)} in the environment or in .env")
