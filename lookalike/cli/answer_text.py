"""What `lookalike match`, `faces` and `compare` print for people: tables and sentences, fitted to the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from index.plain_text import counted
from lookalike.answers import BandedMatch, Compared, Found
from lookalike.calibration import Calibration
from lookalike.cli.console import console, printable, say
from lookalike.cli.photos import shown_path
from lookalike.cli.sentences import left_out_sentence, refusal_sentence
from lookalike.verdicts import headline, meter, sentence
from lookalike.wording import below_measured, beyond_measured, pair_sentence, person_line
from pipeline.types import PhotoFaces

NARROW: Final = 60  # columns under which tables keep only what matters most
# Of a meter's dots, the least alike first: each reaches 3.5:1 on black and on white, so on any terminal.
METER_COLORS: Final = ("#7A8699", "#A07A12", "#C8602A", "#C24672", "#8A63D2")
MANY_FACES: Final = 2  # from here on it is said how to see which face is which


def print_found(path: str, answer: Found, *, people: int, numbered: bool) -> None:
    """How many faces; then for one the verdict, what it means, and the eight, for several a line each.

    people: in the gallery. numbered: a picture with the faces' numbers is written anyway.
    """
    refused = len(answer.photo.faces) - len(answer.faces)
    left_out = f", {refused} not usable" if refused else ""
    say(f"{shown_path(path)}: {counted(len(answer.faces), 'usable face', 'usable faces')}{left_out}")
    if len(answer.faces) == 1:
        face = answer.faces[0]
        said = [headline(face, people=people), sentence(face)]
        say(" ".join(_ended(text) for text in said if text))
        _print_people(face.matches)
    else:
        _print_people([face.matches[0] for face in answer.faces if face.matches],
                      numbers=[face.number for face in answer.faces if face.matches])  # fmt: skip
    _print_left_out(answer.photo)
    if len(answer.faces) >= MANY_FACES and not numbered:
        say(f"Which face is which: lookalike faces {shown_path(path)} --picture faces.jpg")


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def _print_people(matches: Sequence[BandedMatch], *, numbers: Sequence[int] | None = None) -> None:
    """One line a person: rank, or the number of the face, the meter, the similarity, and who it is."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for k, banded in enumerate(matches):
        number = f"{banded.rank}." if numbers is None else f"Face {numbers[k]}"
        table.add_row(
            Text(number),
            Text(meter(banded.band.step), style=METER_COLORS[banded.band.step]),
            f"{banded.similarity:.2f}",
            Text(printable(person_line(banded.person))),
        )
    console().print(table)


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


def print_landmarks68(entries: Sequence[dict[str, Any]]) -> None:
    """A line a usable face with its 68 points, x,y each, where the entries have them."""
    usable = [entry for entry in entries if entry["usable"]]
    for number, entry in enumerate(usable, start=1):
        if points := entry.get("landmarks68"):
            say(f"Face {number}, 68 points: " + " ".join(f"{x:.0f},{y:.0f}" for x, y in points))


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
            say(
                f"{shown_path(path)} has {len(photo.usable)} usable faces; "
                f"this is face {position + 1} ({option} N takes another)"
            )
        _print_beyond(photo)
    say(f"{meter(band.step)} {comparison.likeness}: similarity {comparison.similarity:.2f}. {meaning}")
    say("Family looks alike too, and age or light can hide it. So this is no proof.")


def _place(box: Any, photo: PhotoFaces) -> str:
    sent = photo.box_as_sent(box)
    return f"{sent.x0:.0f} {sent.y0:.0f} to {sent.x1:.0f} {sent.y1:.0f}"


def _print_left_out(photo: PhotoFaces) -> None:
    for face in photo.faces:
        if face.refusal is not None:
            why = refusal_sentence(photo.refusal_as_sent(face.refusal))
            say(f"Not usable, at {_place(face.box, photo)}: {why}.")
    _print_beyond(photo)


def _print_beyond(photo: PhotoFaces) -> None:
    """The faces that were not looked at."""
    if photo.left_out:
        say(left_out_sentence(photo.left_out, len(photo.faces)) + ".")
