"""`lookalike index doubles | name | pictures | shapes`: what becomes of the people of a gallery that is there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from index.plain_text import counted, readable
from lookalike.cli.console import EXIT_UNANSWERED, console, print_json, say
from lookalike.cli.gallery_options import AsJson, GalleryFolder, mended_by_the_user, own_settings
from lookalike.cli.gallery_text import people, print_face_archive, print_naming


def register(app: typer.Typer) -> None:
    """Add the commands to `lookalike index`."""
    app.command("doubles")(doubles)
    app.command("name")(name)
    app.command("pictures")(pictures_command)
    app.command("shapes")(shapes)


def doubles(
    *,
    gallery: GalleryFolder = None,
    at: Annotated[float, typer.Option(min=0.3, max=1.0, help="Cosine from which two people are listed.")] = 0.75,
    as_json: AsJson = False,
) -> None:
    """List people of the gallery who seem to be one and the same.

    Of your own gallery, put their folders together and build again.

    Example: lookalike index doubles --at 0.7
    """
    from index.doubles import find_doubles
    from index.gallery import Gallery
    from lookalike.wording import person_title

    folder = gallery or own_settings().gallery_path
    opened = Gallery.open(folder, embedder=None)
    found = find_doubles(opened.people, opened.vectors(), at=at)
    if as_json:
        pairs = [
            {"first": one.first.number, "second": one.second.number, "similarity": round(one.similarity, 4)}
            for one in found
        ]
        print_json({"gallery": readable(str(folder)), "at": at, "doubles": pairs})
        return
    for one in found:
        say(f"{one.similarity:.2f}  {person_title(one.first)}  and  {person_title(one.second)}")
    say(f"{len(found)} pairs of {people(opened.info.people)} are at least {at:g} alike")


def name(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CelebA's list_identity_celeba.txt, or a CSV with a header person,name."),
    ],
    *,
    gallery: GalleryFolder = None,
    as_json: AsJson = False,
) -> None:
    """Put names to the people of the gallery that is there; nothing is embedded again.

    Example: lookalike index name list_identity_celeba.txt
    """
    from dataclasses import asdict

    from index.names import name_people

    folder = gallery or own_settings().gallery_path
    with mended_by_the_user():
        report = name_people(folder, file)
    if as_json:
        print_json({"gallery": readable(str(folder)), **asdict(report)})
    else:
        print_naming(folder, file, report)


def pictures_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="CelebA's img_align_celeba.zip, or the folder with the pictures of the gallery."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The archive to make.")] = Path("gallery-faces.zip"),
    gallery: GalleryFolder = None,
    as_json: AsJson = False,
) -> None:
    """Make a small archive of the faces of the gallery's people, for the cards of a machine without the pictures.

    Example: lookalike index pictures img_align_celeba.zip
    """
    from dataclasses import asdict

    from index.gallery import Gallery
    from lookalike.cards.picture_files import open_files
    from lookalike.cli.face_archive import check_archive_target, write_face_archive

    settings = own_settings()
    known = Gallery.open(gallery or settings.gallery_path, embedder=None).people
    with mended_by_the_user():
        check_archive_target(out)
        with console(to=sys.stderr).status("Looking for the pictures"):
            files = open_files(file, images=[person.image for person in known])
        with _counted_bar("cutting out faces", total=len(known)) as show:
            report = write_face_archive(known, files, out, limits=settings.photo_limits, progress=show)
    if as_json:
        print_json({"archive": readable(str(out)), **asdict(report)})
    else:
        print_face_archive(out, file, report)
    if not report.faces:
        raise typer.Exit(EXIT_UNANSWERED)


def shapes(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What the gallery was built from, in CelebA's layout.")],
    *,
    gallery: GalleryFolder = None,
) -> None:
    """Give the people of an older gallery the shapes of their faces, which portraits are drawn by.

    Example: lookalike index shapes celeba
    """
    from index.add_shapes import add_shapes
    from index.layouts import read_source

    out = gallery or own_settings().gallery_path
    with mended_by_the_user():
        count = add_shapes(out, read_source(folder))
    say(f"{readable(str(out))}: {counted(count, 'person has', 'people have')} a face's shape")


@contextmanager
def _counted_bar(what: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr that is told how many are done."""
    from rich.progress import Progress as Bar

    with Bar(console=console(to=sys.stderr)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
