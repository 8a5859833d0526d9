"""What `lookalike match`, `faces` and `compare` print for people: tables and sentences, fitted to the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from index.plain_text import counted
from lookalike.answers import BandedMatch, Compared, FaceAnswer, Found
from lookalike.calibration import Calibration
from lookalike.cli.console import console, printable, say
from lookalike.cli.photos import shown_path
from lookalike.cli.sentences import left_out_sentence, refusal_sentence
from lookalike.wording import (
    below_measured,
    beyond_measured,
    describe_person,
    pair_sentence,
    share_sentence,
)
from pipeline.types import PhotoFaces

if TYPE_CHECKING:
    from rich.table import Table

NARROW: Final = 60  # columns under which tables keep only what matters most
MANY_FACES: Final = 3  # from here on it is said how to see which face is which


def print_found(path: str, answer: Found, calibration: Calibration) -> None:
    """A table of people for each face, with what the nearest one's similarity means below it."""
    screen = console()
    photo = answer.photo
    refused = len(photo.faces) - len(answer.faces)
    say(
        f"{shown_path(path)}: {counted(len(answer.faces), 'usable face', 'usable faces')}"
        + (f", {refused} not usable" if refused else "")
    )
    alone = len(answer.faces) == 1
    for item in answer.faces:
        screen.print(_people(item, narrow=screen.width < NARROW, title=None if alone else _face_title(item, photo)))
        if item.matches:
            say(("" if alone else f"Face {item.number}, ") + _meaning(item, calibration))
    _print_left_out(photo)
    if len(answer.faces) >= MANY_FACES:
        say(f"Which face is which: lookalike faces {shown_path(path)} --picture faces.jpg")


def print_faces(path: str, photo: PhotoFaces, entries: Sequence[dict[str, Any]]) -> None:
    """A table of all faces, and below it why some can't be used. entries: of documents.photo_document."""
    from rich import box
    from rich.table import Table

    screen = console()
    if not entries:
        say(f"{shown_path(path)}: no face was found")
        return
    say(f"{shown_path(path)}: {counted(len(entries), 'face', 'faces')}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    narrow = screen.width < NARROW
    for column in ("#", "box", "eyes px", "usable") if narrow else (
        "#", "box", "score", "eyes px", "sharp", "light", "yaw", "roll", "usable",
    ):  # fmt: skip
        table.add_column(column, justify="left" if column in {"box", "usable"} else "right", no_wrap=True)
    numbers = iter(range(1, len(entries) + 1))
    for entry in entries:
        quality = entry["quality"]
        measured = (quality["sharpness"], quality["light"], quality["yaw_deg"], quality["roll_deg"])
        cells = [
            str(next(numbers)) if entry["usable"] else "",
            " ".join(f"{side:.0f}" for side in entry["box"]),
            f"{entry['score']:.2f}",
            f"{quality['eye_distance_px']:.0f}",
            *(f"{value:.0f}" for value in measured),
            "yes" if entry["usable"] else "no",
        ]
        table.add_row(*((cells[0], cells[1], cells[3], cells[-1]) if narrow else cells))
    screen.print(table)
    _print_left_out(photo)


def print_comparison(paths: tuple[str, str], comparison: Compared, calibration: Calibration) -> None:
    """One line of what was measured, one of caution; and which faces they were where there were several."""
    meaning = pair_sentence(
        comparison.false_match_rate,
        at_most=beyond_measured(calibration.pair, comparison.similarity),
        at_least=below_measured(calibration.pair, comparison.similarity),
    )
    band = comparison.band
    chosen = (
        (paths[0], comparison.photo_a, comparison.face_a, "--face-a"),
        (paths[1], comparison.photo_b, comparison.face_b, "--face-b"),
    )
    for path, photo, position, option in chosen:
        if len(photo.usable) > 1:
            largest = ", the largest" if position == 0 else ""
            say(
                f"{shown_path(path)} has {len(photo.usable)} usable faces; "
                f"this is face {position + 1}{largest} ({option} N takes another)"
            )
    say(f"{band.symbol} {band.word}: similarity {comparison.similarity:.2f}. {meaning}")
    say("Siblings, age and light change this; it is a likeness, not an identity check.")


def _people(item: FaceAnswer, *, narrow: bool, title: str | None) -> Table:
    from rich.table import Table
    from rich.text import Text

    looks = [describe_person(banded.person) for banded in item.matches]
    described = any(looks) and not narrow
    table = Table(title=Text(title) if title else None, title_justify="left", expand=False)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("person", overflow="fold")
    if described:
        table.add_column("known of them")
    table.add_column("alike" if narrow else "similarity", justify="right", no_wrap=True)
    table.add_column("band")
    for banded, look in zip(item.matches, looks, strict=True):
        table.add_row(
            str(banded.rank),
            Text(_title(banded)),
            *([Text(look)] if described else []),
            f"{banded.similarity:.2f}",
            Text(f"{banded.band.symbol} {banded.band.word}", style=banded.band.color),
        )
    return table


def _meaning(item: FaceAnswer, calibration: Calibration) -> str:
    """What the nearest person's similarity means."""
    best, scale = item.matches[0], calibration.gallery
    meaning = share_sentence(
        best.stranger_share,
        at_most=beyond_measured(scale, best.similarity),
        at_least=below_measured(scale, best.similarity),
    )
    return f"{_title(best)}: {best.band.symbol} {best.band.word}. {meaning}"


def _title(banded: BandedMatch) -> str:
    return printable(banded.title)


def _face_title(item: FaceAnswer, photo: PhotoFaces) -> str:
    return f"Face {item.number}, at {_place(item.face.box, photo)}"


def _place(box: Any, photo: PhotoFaces) -> str:
    sent = photo.box_as_sent(box)
    return f"{sent.x0:.0f} {sent.y0:.0f} to {sent.x1:.0f} {sent.y1:.0f}"


def _print_left_out(photo: PhotoFaces) -> None:
    for face in photo.faces:
        if face.refusal is not None:
            why = refusal_sentence(photo.refusal_as_sent(face.refusal))
            say(f"Not usable, at {_place(face.box, photo)}: {why}.")
    if photo.left_out:
        say(left_out_sentence(photo.left_out, len(photo.faces)) + ".")
