"""`lookalike match`, `compare` and `faces`: photos in, answers on the terminal."""

from __future__ import annotations

import json
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, assert_never

import typer

from lookalike.answers import Answer, Compared, Found, NoFace, NoUsableFace, Unreadable
from lookalike.cli.sentences import refusal_sentence, unanswered_sentence
from lookalike.photo_file import read_photo_file
from lookalike.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from lookalike.app import App
    from lookalike.calibration import Calibration

EXIT_UNANSWERED: Final = 1
MAX_CARDS_A_PHOTO: Final = 12

Photos = Annotated[list[str], typer.Argument(metavar="PHOTO", help="Photo files: JPEG, PNG, WebP or GIF.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Embeddings = Annotated[bool, typer.Option("--embeddings", help="With --json: each usable face's 512 numbers.")]
CardsFolder = Annotated[
    Path | None,
    typer.Option("--cards", metavar="DIR", help="Folder for the answer cards. [default: answers]"),
]
NoCards = Annotated[bool, typer.Option("--no-cards", help="Write no cards.")]
Timing = Annotated[bool, typer.Option("--timing", help="Print milliseconds by stage, on stderr.")]


class _FileProblem(Exception):  # noqa: N818 - a value on its way to one line of text
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def register(app: typer.Typer) -> None:
    """Add the three commands."""
    app.command("match")(match)
    app.command("compare")(compare)
    app.command("faces")(faces)


def match(
    photos: Photos,
    *,
    as_json: AsJson = False,
    embeddings: Embeddings = False,
    cards: CardsFolder = None,
    no_cards: NoCards = False,
    timing: Timing = False,
) -> None:
    """Find the eight most similar celebrities of every face.

    Example: lookalike match me.jpg friends.png
    """
    from lookalike.cli.documents import answer_document, failed_document

    app = _app()
    documents: list[dict[str, Any]] = []
    taken: set[str] = set()
    failed = False
    for path in photos:
        try:
            answer = app.finder.find(_read(path, app.settings))
        except _FileProblem as problem:
            failed = True
            documents.append(failed_document(path, problem.code, problem.message))
            _report(path, problem.message, as_json=as_json)
            continue
        failed = failed or not isinstance(answer, Found)
        documents.append(answer_document(path, answer, embeddings=embeddings))
        if not as_json:
            _print_answer(path, answer, app)
        folder = None if no_cards else cards or (None if as_json else Path("answers"))
        if folder is not None and isinstance(answer, Found):
            milliseconds = _write_cards(path, answer, app, folder, taken=taken, quiet=as_json)
            answer.timing_ms["card"] = milliseconds
        if timing and not isinstance(answer, Unreadable):
            _print_timing(path, answer.timing_ms)
    if as_json:
        _print_json({"photos": documents})
    if failed:
        raise typer.Exit(EXIT_UNANSWERED)


def faces(photos: Photos, *, as_json: AsJson = False, embeddings: Embeddings = False) -> None:
    """Find the faces alone: boxes, five points, quality, and why a face can't be used.

    Example: lookalike faces party.jpg --json --embeddings
    """
    from lookalike.app import open_pipeline
    from lookalike.cli.documents import failed_document, photo_document
    from lookalike.settings import Settings
    from pipeline.errors import BadPhoto

    settings = Settings()
    pipeline = open_pipeline(settings)
    documents: list[dict[str, Any]] = []
    failed = False
    for path in photos:
        try:
            photo = pipeline.read(_read(path, settings))
        except (_FileProblem, BadPhoto) as problem:
            failed = True
            documents.append(failed_document(path, str(problem.code), problem.message))
            _report(path, problem.message, as_json=as_json)
            continue
        documents.append(photo_document(path, photo, embeddings=embeddings))
        if not as_json:
            _print_faces(path, documents[-1]["faces"])
    if as_json:
        _print_json({"photos": documents})
    if failed:
        raise typer.Exit(EXIT_UNANSWERED)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="The first photo.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The second photo.")],
    *,
    face_a: Annotated[int, typer.Option(min=1, help="Which usable face of A, the largest being 1.", metavar="N")] = 1,
    face_b: Annotated[int, typer.Option(min=1, help="Which usable face of B, the largest being 1.", metavar="N")] = 1,
    as_json: AsJson = False,
    card: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the comparison card here.")] = None,
) -> None:
    """Say how alike two faces are, and how often two strangers look this alike.

    Example: lookalike compare 1984.jpg today.jpg
    """
    from lookalike.cli.documents import comparison_document, failed_comparison_document

    app = _app()
    comparison = None
    try:
        photos = _read(a, app.settings), _read(b, app.settings)
        comparison = app.finder.compare(*photos, face_a=face_a - 1, face_b=face_b - 1)
        document = comparison_document(a, b, comparison)
    except _FileProblem as error:
        document = failed_comparison_document(a, b, error.code, error.message)
    except IndexError as error:
        document = failed_comparison_document(a, b, "no_such_face", str(error))
    if as_json:
        _print_json(document)
    if isinstance(comparison, Compared):
        if not as_json:
            _print_comparison(comparison, app.finder.calibration)
        if card is not None:
            _write_comparison_card(comparison, app, card, quiet=as_json)
        return
    if not as_json:
        sys.stderr.write(f"lookalike: {document['error']['message']}\n")
    raise typer.Exit(EXIT_UNANSWERED)


def _app() -> App:
    from lookalike.app import build
    from lookalike.settings import Settings

    return build(Settings())


def _read(path: str, settings: Settings) -> bytes:
    try:
        return read_photo_file(Path(path), max_bytes=settings.max_photo_bytes)
    except FileNotFoundError:
        raise _FileProblem("not_found", f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise _FileProblem("is_a_folder", f"{path}: is a folder; name the photos in it, {path}/*.jpg say") from None
    except OSError as error:
        raise _FileProblem("unreadable", f"{path}: can't be read: {error.strerror}") from None


def _report(path: str, message: str, *, as_json: bool) -> None:
    if not as_json:
        prefix = "" if message.startswith(path) else f"{path}: "
        sys.stderr.write(f"lookalike: {_printable(prefix + message)}\n")


def _printable(text: str) -> str:
    """One line without what would steer a terminal: a file's name may hold anything."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _print_json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def _print_answer(path: str, answer: Answer, app: App) -> None:
    match answer:
        case Found():
            _print_found(path, answer, app)
        case NoFace() | NoUsableFace() | Unreadable():
            _report(path, unanswered_sentence(answer), as_json=False)
        case _:
            assert_never(answer)


def _print_found(path: str, answer: Found, app: App) -> None:
    from rich.table import Table
    from rich.text import Text

    from lookalike.wording import below_measured, beyond_measured, describe_person, person_title, share_sentence

    console = _console()
    refused = len(answer.photo.faces) - len(answer.faces)
    console.print(
        f"{_printable(path)}: {_count(len(answer.faces), 'usable face')}"
        + (f", {refused} not usable" if refused else ""),
        soft_wrap=True,
    )
    for item in answer.faces:
        table = Table(title=f"Face {item.number}" if len(answer.faces) > 1 else None, title_justify="left")
        table.add_column("#", justify="right")
        table.add_column("celebrity")
        table.add_column("known of them")
        table.add_column("similarity", justify="right")
        table.add_column("band")
        for banded in item.matches:
            person = banded.match.person
            table.add_row(
                str(banded.match.rank),
                Text(person_title(person)),
                Text(describe_person(person)),
                f"{banded.match.similarity:.2f}",
                Text(f"{banded.band.symbol} {banded.band.word}", style=banded.band.color),
            )
        console.print(table)
    best, scale = answer.faces[0].matches[0], app.finder.calibration.gallery
    meaning = share_sentence(
        best.stranger_share,
        at_most=beyond_measured(scale, best.match.similarity),
        at_least=below_measured(scale, best.match.similarity),
    )
    console.print(f"{best.band.symbol} {best.band.word}: {meaning}", soft_wrap=True)
    for refusal in answer.photo.refusals:
        console.print(f"A face left out: {refusal_sentence(refusal)}.", soft_wrap=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _print_faces(path: str, entries: list[dict[str, Any]]) -> None:
    from rich.table import Table

    console = _console()
    if not entries:
        console.print(f"{path}: no face was found", soft_wrap=True)
        return
    table = Table(title=f"{path}: {_count(len(entries), 'face')}", title_justify="left")
    for column in ("#", "box", "score", "eyes px", "sharp", "light", "yaw", "roll", "usable"):
        table.add_column(column)
    number = 0
    for entry in entries:
        number += entry["usable"]
        quality = entry["quality"]
        table.add_row(
            str(number) if entry["usable"] else "",
            " ".join(f"{side:.0f}" for side in entry["box"]),
            f"{entry['score']:.2f}",
            f"{quality['eye_distance_px']:.0f}",
            f"{quality['sharpness']:.0f}",
            f"{quality['light']:.0f}",
            f"{quality['yaw_deg']:.0f}",
            f"{quality['roll_deg']:.0f}",
            "yes" if entry["usable"] else entry["reason"]["message"],
        )
    console.print(table)


def _print_comparison(comparison: Compared, calibration: Calibration) -> None:
    from lookalike.wording import below_measured, beyond_measured, pair_sentence

    meaning = pair_sentence(
        comparison.false_match_rate,
        at_most=beyond_measured(calibration.pair, comparison.similarity),
        at_least=below_measured(calibration.pair, comparison.similarity),
    )
    band = comparison.band
    _console().print(
        f"{band.symbol} {band.word}: similarity {comparison.similarity:.2f}. {meaning}\n"
        "Siblings, age and light change this; it is a likeness, not an identity check.",
        soft_wrap=True,
    )


def _write_cards(path: str, answer: Found, app: App, folder: Path, *, taken: set[str], quiet: bool) -> float:
    """Write one card a face, `STEM.jpg` or `STEM-1.jpg` and so on. Returns milliseconds of the first.

    taken: names of this call's cards so far, to which these are added: `a/x.jpg b/x.jpg` give `x.jpg`, `x (2).jpg`.
    """
    import time

    from lookalike.cards import AnswerCard

    shown = answer.faces[:MAX_CARDS_A_PHOTO]
    names = _card_names(Path(path).stem, [item.number for item in shown] if len(answer.faces) > 1 else [], taken)
    first_ms = 0.0
    for item, name in zip(shown, names, strict=True):
        start = time.perf_counter()
        data = app.renderer.render(AnswerCard(item, answer.photo), theme=app.settings.card_theme)
        first_ms = first_ms or (time.perf_counter() - start) * 1e3
        _write(folder / f"{name}.jpg", data, quiet=quiet)
    return first_ms


def _card_names(stem: str, numbers: list[int], taken: set[str]) -> list[str]:
    """A name for each face's number, the stem alone without numbers, none of them in `taken`; they are added to it."""
    for copy in count(1):
        base = stem if copy == 1 else f"{stem} ({copy})"
        names = [f"{base}-{number}" for number in numbers] or [base]
        if taken.isdisjoint(names):
            break
    taken.update(names)
    return names


def _write_comparison_card(comparison: Compared, app: App, file: Path, *, quiet: bool) -> None:
    from lookalike.cards import CompareCard

    _write(file, app.renderer.render(CompareCard(comparison), theme=app.settings.card_theme), quiet=quiet)


def _write(file: Path, data: bytes, *, quiet: bool) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    except OSError as error:
        sys.stderr.write(f"lookalike: {file}: the card can't be written: {error.strerror}\n")
        raise typer.Exit(EXIT_UNANSWERED) from None
    if not quiet:
        sys.stdout.write(f"Card: {file}\n")


def _print_timing(path: str, timing_ms: dict[str, float]) -> None:
    parts = ", ".join(f"{stage} {milliseconds:.1f}" for stage, milliseconds in timing_ms.items())
    sys.stderr.write(f"{path}: ms: {parts}\n")
