"""`lookalike index build | info | verify`: make a gallery, look at it, check it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from index.plain_text import readable
from lookalike.cli import gallery_joining, gallery_people
from lookalike.cli.console import (
    EXIT_SETUP,
    console,
    print_json,
    say,
)
from lookalike.cli.gallery_options import (
    AsJson,
    GalleryFolder,
    mended_by_the_user,
    open_picture_embedder,
    own_settings,
)
from lookalike.cli.gallery_text import (
    build_document,
    info_document,
    people,
    pictures,
    print_build,
    print_info,
)

if TYPE_CHECKING:
    from rich.progress import TaskID

    from index.build import Progress
    from index.source import Source
    from lookalike.settings import Settings


app = typer.Typer(
    name="index",
    help="The gallery: build it, look at it, check it, put names to it.",
    no_args_is_help=True,
)
gallery_people.register(app)
gallery_joining.register(app)


@app.command("build")
def build(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="DIR",
            help="CelebA's own layout (identity_CelebA.txt in it) or one folder a person; or one folder a person in an "
            "uncompressed .tar or at an address such as s3://bucket/people (extra: ray).",
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to put the gallery. [default: the setting GALLERY]"),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of the gallery that came with the program.")
    ] = False,
    vector: Annotated[
        Literal["mean", "best"],
        typer.Option(help="A person's vector: the mean of all pictures', or the best picture's."),
    ] = "mean",
    keep_faces: Annotated[
        bool, typer.Option("--keep-faces", help="Also keep every picture's box and five points, in faces.csv.")
    ] = False,
    previews: Annotated[
        bool,
        typer.Option(
            "--previews/--no-previews",
            help="Keep small pictures of people whose own are large, so that cards are quick. Never of CelebA's.",
        ),
    ] = True,
    with_pictures: Annotated[
        bool,
        typer.Option(
            "--with-pictures", help="Keep everybody's picture, so that the gallery shows faces wherever it is copied."
        ),
    ] = False,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(
            help="Who embeds: this process, or a Ray cluster's workers (extra: ray), that of RAY_ADDRESS or one here."
        ),
    ] = "local",
    as_json: AsJson = False,
) -> None:
    """Build a gallery from a folder of pictures. A build that was stopped goes on where it was.

    Example: lookalike index build people --out my-gallery
    """
    from index.build import build_gallery, check_target
    from lookalike.cli.gallery_sources import open_source, spread_over

    settings = own_settings()
    target = out or settings.gallery_path
    with mended_by_the_user():
        source, objects = open_source(folder)
        if out is None and not replace:
            _spare_the_shipped(settings, source)
        check_target(target)
        embed = open_picture_embedder(settings, objects=objects)
        small = embed.preview if previews else None
        preview = embed.whole if with_pictures else small
        with _progress_bar() as show:
            report = build_gallery(
                source,
                target,
                embed,
                spread=spread_over(settings, objects) if engine == "ray" else None,
                kind=vector,
                keep_faces=keep_faces,
                preview=preview if source.layout == "people" and objects is None else None,
                passed_on=with_pictures,
                leave_out_joined=replace,
                progress=show,
            )
    if as_json:
        print_json(build_document(target, report, source))
    else:
        print_build(target, report, source, in_use=target.resolve() == settings.gallery_path.resolve())


@app.command("info")
def info(*, gallery: GalleryFolder = None, as_json: AsJson = False) -> None:
    """Say who is in the gallery and how it was made.

    Example: lookalike index info --json
    """
    from index.gallery import Gallery
    from pipeline.errors import PipelineError

    settings = own_settings()
    embedder: str | None = None
    folder = gallery or settings.gallery_path
    opened = Gallery.open(folder, embedder=None)
    with suppress(PipelineError):  # the gallery can be looked at without any weights
        embedder = _embedder_in_use(settings)
    document = info_document(folder, opened, embedder=embedder)
    if as_json:
        print_json(document)
    else:
        print_info(document, folder)


@app.command("verify")
def verify(*, gallery: GalleryFolder = None, as_json: AsJson = False) -> None:
    """Check every file of the gallery, every vector, and that the embedder in use made it.

    Example: lookalike index verify
    """
    from index.errors import GalleryError
    from index.verify import verify_gallery

    settings = own_settings()
    folder = gallery or settings.gallery_path
    try:
        opened = verify_gallery(folder, embedder=_embedder_in_use(settings))
    except GalleryError as error:
        if not as_json:
            raise
        problem = {"code": _code(error), "message": str(error)}
        print_json({"gallery": readable(str(folder)), "ok": False, "people": None, "pictures": None, "error": problem})
        raise typer.Exit(EXIT_SETUP) from error
    counts = {"people": opened.info.people, "pictures": opened.info.pictures}
    if as_json:
        print_json({"gallery": readable(str(folder)), "ok": True, **counts, "error": None})
    else:
        say(f"{readable(str(folder))} is whole: {people(opened.info.people)}, {pictures(opened.info.pictures)}")


def _embedder_in_use(settings: Settings) -> str:
    from pipeline.manifest import load_manifest

    return load_manifest(settings.weights_dir).embedder.sha256


def _spare_the_shipped(settings: Settings, source: Source) -> None:
    """Raise NotAGallery where a build that names no place would take that of the gallery that came with the program.

    Wherever GALLERY points, people of one's own don't take the place of a gallery of CelebA either.
    """
    from index.errors import GalleryError, NotAGallery
    from index.files import read_manifest
    from lookalike.paths import WEIGHTS

    target = settings.gallery_path
    try:
        manifest = read_manifest(target)
    except GalleryError:
        manifest = None
    shipped = target.resolve() in {(place / "gallery").resolve() for place in (WEIGHTS, settings.weights_dir)}
    celeba = manifest is not None and manifest.info.source.startswith("CelebA") and source.layout == "people"
    if (shipped and target.exists()) or celeba:
        raise NotAGallery(
            f"{readable(str(target))} holds the gallery that came with the program; put yours somewhere else: "
            f"--out my-gallery (or take its place: --replace)"
        )


@contextmanager
def _progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A bar on stderr, whatever stdout is; and, for a build that goes on, what was there already."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[skipped]}"),
    )
    with Bar(*columns, console=console(to=sys.stderr)) as bar:
        embedding = bar.add_task("embedding", total=None, skipped="")
        previews: list[TaskID] = []
        begun = False

        def show(progress: Progress) -> None:
            nonlocal begun
            if not begun and progress.done:
                bar.console.print(
                    f"lookalike: going on: {progress.done:,} of {progress.total:,} were done", markup=False
                )
            begun = True
            if progress.previews and not previews:
                previews.append(bar.add_task("small pictures", skipped=""))
            task = previews[0] if progress.previews else embedding
            skipped = f"{progress.skipped:,} skipped" if progress.skipped else ""
            bar.update(task, completed=progress.done, total=progress.total, skipped=skipped)

        yield show


def _code(error: Exception) -> str:
    from index.errors import GalleryMissing, GalleryOfAnotherEmbedder

    if isinstance(error, GalleryMissing):
        return "gallery_missing"
    return "gallery_of_another_embedder" if isinstance(error, GalleryOfAnotherEmbedder) else "gallery_damaged"
