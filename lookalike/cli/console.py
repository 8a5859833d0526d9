"""What every command prints with: exit codes, complaints, JSON, progress, and text that the terminal can show.

Data goes to standard output, everything else to standard error. Text is never read as Rich's markup: square brackets
in a file's name are square brackets.
"""

from __future__ import annotations

import codecs
import json
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

import typer

from index.errors import GalleryError
from index.plain_text import readable
from lookalike.errors import CalibrationError
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from rich.console import Console

EXIT_UNANSWERED: Final = 1  # a photo could not be read or used, or a file not be written; the others were answered
EXIT_USAGE: Final = 2
EXIT_SETUP: Final = 3
EXIT_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells have it
SETUP_ERRORS: Final = (PipelineError, GalleryError, CalibrationError)
WIDTH_OF_PIPES: Final = 150  # columns of tables that no terminal bounds

# For terminals whose encoding lacks a symbol: one column for one column, so that tables keep their shape.
_STAND_INS: Final = {
    "\u25cf": "#", "\u25d5": "*", "\u25d1": "+", "\u25d4": "-", "\u25cb": ".",  # the bands, full to empty
    "\u2212": "-", "\u2010": "-", "\u2013": "-", "\u2014": "-", "\u2026": "~", "\u00d7": "x", "\u00b7": ".",
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2022": "*", "\u2501": "-", "\u2578": "-",
    "\u257a": "-", "\u00a0": " ",
}  # fmt: skip
_ERRORS: Final = "lookalike.ascii"


def fit_streams() -> None:
    """Have standard output and error write a stand-in for what their encoding lacks, instead of failing.

    Whoever chose a way by PYTHONIOENCODING (`ascii:backslashreplace`, say) keeps it.
    """
    codecs.register_error(_ERRORS, _stood_in)
    for stream in (sys.stdout, sys.stderr):
        # Anything may stand in for the streams, and Python itself sets "surrogateescape" in the C locale.
        if getattr(stream, "errors", None) in {"strict", "surrogateescape", "backslashreplace"}:
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None and _chosen_errors() is None:
                reconfigure(errors=_ERRORS)


def printable(text: str) -> str:
    """One line without anything that would steer a terminal: a file's name may hold escapes, newlines and overrides."""
    return readable(text)


def say(line: str) -> None:
    """One line on standard output."""
    sys.stdout.write(line + "\n")


def complain(message: str) -> None:
    """One line on standard error. What comes from outside (names, paths) is made printable here."""
    sys.stderr.write(f"lookalike: {printable(message)}\n")


def end(message: str, code: int = EXIT_SETUP) -> NoReturn:
    """Complain and end the command."""
    complain(message)
    raise typer.Exit(code)


def print_json(document: object) -> None:
    """One document, one line. Letters that standard output can't hold are escaped as JSON escapes them."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, allow_nan=False)
    sys.stdout.write(text + "\n")


def console(*, to: TextIO | None = None, width: int | None = None) -> Console:
    """A Rich console for tables, on standard output unless `to` says otherwise; it takes text as it stands."""
    from rich.console import Console

    return Console(file=to, width=width, highlight=False, markup=False, emoji=False)


def wide_console() -> Console:
    """Likewise for tables of figures, none of which may be cut: a pipe or a file has no width of its own."""
    return console(width=None if sys.stdout.isatty() else WIDTH_OF_PIPES)


@contextmanager
def progress_bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, gone when it is done; nothing where that is no terminal.

    Hands over a function that takes how many more are done.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    screen = console(to=sys.stderr)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done: progress.advance(task, done)


def _chosen_errors() -> str | None:
    """What the environment says to do with letters that an encoding lacks."""
    import os

    return os.environ.get("PYTHONIOENCODING", "").partition(":")[2] or None


def _stood_in(error: UnicodeError) -> tuple[str, int]:
    """Handle what an encoding lacks (codecs.register_error): a stand-in, the letter without its accent, or "?"."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_ascii(letter) for letter in lacking), error.end


def _ascii(letter: str) -> str:
    if letter in _STAND_INS:
        return _STAND_INS[letter]
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plain or ("" if unicodedata.combining(letter) else "?")
