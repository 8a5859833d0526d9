"""What `lookalike index` prints: its JSON documents, and the same in sentences."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from index.errors import rebuild_hint
from index.plain_text import counted, readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.build import BuildReport
    from index.gallery import Gallery
    from index.names import NamingReport
    from index.source import Source

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
    shown = readable(str(target))
    for file, reason in report.skipped[:LISTED]:
        _complain(f"skipped {file}: {reason}")
    if len(report.skipped) > LISTED:
        _complain(f"... {len(report.skipped):,} skipped in all, listed in {readable(str(target / 'skipped.csv'))}")
    if source.passed_over:
        passed = counted(len(source.passed_over), "folder", "folders")
        _complain(f"passed over {passed} of thumbnails or deleted files: {_some(source.passed_over)}")
    if source.missing:
        missing = counted(len(source.missing), "picture of the list is", "pictures of the list are")
        _complain(f"{missing} not in the folder, {readable(source.missing[0])} for one")
    if report.predicted:
        told = ", ".join(f"{probe.trait} {probe.balanced:.0%}" for probe in report.probes)
        _say(f"{people(report.predicted)} without labels got predicted looks (right on held-out people: {told})")
    if report.people_left_out:
        without = counted(len(report.people_left_out), "person is", "people are")
        _complain(f"{without} left out, without a usable picture: {_some(report.people_left_out)}")
    again = f", {report.reused:,} of them from the run before" if report.reused else ""
    _say(
        f"{shown}: {people(report.info.people)} from {pictures(report.info.pictures)} in {report.seconds:.0f} s{again}"
    )
    if not in_use:
        _say(f"To use it: GALLERY={shlex.quote(shown)} in the environment or in .env")
        if source.layout == "people":
            _say(f"With pictures on the cards: GALLERY_IMAGES={shlex.quote(readable(str(source.folder)))} beside it")


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
    _say(f"gallery    {document['gallery']} ({f'{size / 1e6:,.1f} MB' if size >= 1e6 else f'{size / 1e3:,.0f} kB'})")
    _say(f"people     {document['people']:,} from {pictures(document['pictures'])}")
    _say(f"source     {document['source']}")
    _say(f"names      {document['named']:,} told, {document['names_inferred']:,} guessed")
    if document["attributes"]:
        _say(f"attributes of {people(document['labelled'])}, {len(document['attributes'])} of them")
    _say(f"vectors    {document['dimension']} numbers a person, {document['vector_kind']} of the pictures")
    _say(f"embedder   {document['embedder'][:12]}, {fits}")
    _say(f"created    {document['created']}")


def print_naming(folder: Path, file: Path, report: NamingReport) -> None:
    of = f"{report.named:,} of {people(report.people)}"
    _say(f"{readable(str(folder))}: {of} named by {readable(file.name)}, {report.changed:,} anew")
    if report.not_in_gallery:
        _say(f"{counted(report.not_in_gallery, 'name belongs', 'names belong')} to nobody here")
    if report.nameless:
        _say(f"{counted(report.nameless, 'person has', 'people have')} no name yet, shown by number or folder")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _complain(line: str) -> None:
    sys.stderr.write(f"lookalike: {line}\n")
