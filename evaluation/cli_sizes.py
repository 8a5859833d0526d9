"""`lookalike evaluate sizes`: what a question costs as a gallery grows. Added to the group of evaluation.cli."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer

from evaluation.cli import AsJson, DryRun, write_json
from lookalike.cli.console import end, print_json, say, wide_console

SIZES_NAME: Final = "sizes.json"
LEAST_PEOPLE: Final = 1100  # some are held out


def register(app: typer.Typer) -> None:
    """Add the command to `lookalike evaluate`."""
    app.command("sizes")(sizes)


def sizes(
    *,
    people: Annotated[
        list[int] | None,
        typer.Option(min=100, metavar="N", help="A size, as often as wanted. [default: 10^4, 10^5 and 10^6]"),
    ] = None,
    as_json: AsJson = False,
    no_write: DryRun = False,
) -> None:
    """Search galleries of drawn people: build time, bytes a vector, time a question, recall of the eight.

    A million people take 3 GB of memory, 1.5 GB of the temporary folder and ten minutes of processor time. With the
    three sizes of the page weights/sizes.json and docs/gallery.md are written.

    Example: lookalike evaluate sizes --people 10000
    """
    from evaluation.documents.base import as_json as json_of
    from evaluation.report.gallery_sizes import tables as tables_of
    from evaluation.report.gallery_sizes import write_page
    from evaluation.report.table import as_rich
    from evaluation.suites.gallery_sizes import SIZES, measure
    from index.gallery import Gallery
    from lookalike.settings import Settings

    settings = Settings()
    gallery = Gallery.open(settings.gallery_path, embedder=None)
    if gallery.info.people < LEAST_PEOPLE:
        end(f"{settings.gallery_path} has too few people to draw others like them; set GALLERY=celebrities")
    wanted = tuple(people or SIZES)
    with TemporaryDirectory() as work:
        document = measure(
            gallery.vectors(),
            embedder=gallery.info.embedder,
            sizes=wanted,
            work=Path(work),
            progress=lambda line: typer.echo(line, err=True),
        )
    if as_json:
        print_json(json_of(document))
    else:
        for table in tables_of(document):
            wide_console().print(as_rich(table))
    if wanted == SIZES and not no_write:
        write_json(settings.weights_dir / SIZES_NAME, json_of(document))
        write_page(document)
        say("written: sizes.json in the weights folder, docs/gallery.md")
