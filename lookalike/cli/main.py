"""The `lookalike` command: parse, call one function, print. Each command group is a module of lookalike.cli.

Exit codes: 0 answered, 1 a photo could not be read or used or a card not be written, 2 usage, 3 the set-up is broken,
130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib.metadata import entry_points
from typing import Annotated

import typer

import lookalike
from lookalike.cli import answer, gallery
from lookalike.cli.console import EXIT_SETUP, EXIT_UNANSWERED, SETUP_ERRORS, complain, fit_streams, say

app = typer.Typer(
    name="lookalike",
    help="A photo goes in, the eight most similar CelebA celebrities come out.",
    epilog="What --json prints, and the exit codes: docs/json.md",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        say(f"lookalike {lookalike.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """A photo goes in, the eight most similar CelebA celebrities come out."""


answer.register(app)
app.add_typer(gallery.app, name="index")
for entry in sorted(entry_points(group="lookalike.commands"), key=lambda point: point.name):
    entry.load()(app)


def main() -> None:
    """Run the command line; a broken set-up is one line on stderr and exit code 3."""
    fit_streams()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here a full disk is still ours to report
    except SETUP_ERRORS as error:
        complain(str(error))
        sys.exit(EXIT_SETUP)
    except ValueError as error:
        from pydantic import ValidationError  # not at the top: --help reads no setting

        from lookalike.settings import setting_problems

        if not isinstance(error, ValidationError):
            raise
        for problem in setting_problems(error):
            complain(f"setting {problem}")
        sys.exit(EXIT_SETUP)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EPIPE}:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter tries once more when it ends
        if error.errno == errno.ENOSPC:  # a reader that went away, `| head` say, wants to hear nothing
            complain(f"the answer can't be written: {error.strerror}")
        sys.exit(EXIT_UNANSWERED)


if __name__ == "__main__":
    main()
