"""`lookalike index build | info | verify | doubles | name | pictures | shapes`: make a gallery, check and mend it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from index.plain_text import counted, readable
from lookalike.cli.console import (
    EXIT_INTERRUPTED,
    EXIT_SETUP,
    EXIT_UNANSWERED,
    EXIT_USAGE,
    complain,
    console,
    print_json,
    say,
)
from lookalike.cli.gallery_text import (
    build_document,
    info_document,
    people,
    pictures,
    print_build,
    print_face_archive,
    print_info,
    print_naming,
)

if TYPE_CHECKING:
    from rich.progress import TaskID

    from index.build import Progress
    from index.source import Source
    from lookalike.cli.gallery_pictures import PictureEmbedder
    from lookalike.settings import Settings


app = typer.Typer(
    name="index",
    help="The gallery: build it, look at it, check it, put names to it.",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
GalleryFolder = Annotated[
    Path | None,
    typer.Option("--gallery", metavar="DIR", help="The gallery. [default: the setting GALLERY]"),
]


@app.command("build")
def build(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="CelebA's own layout (identity_CelebA.txt in it) or one folder a person."),
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
    as_json: AsJson = False,
) -> None:
    """Build a gallery from a folder of pictures. A build that was stopped goes on where it was.

    Example: lookalike index build people --out my-gallery
    """
    from index.build import build_gallery, check_target
    from index.layouts import read_source

    settings = _settings()
    target = out or settings.gallery_path
    with _mended_by_the_user():
        source = read_source(folder)
        if out is None and not replace:
            _spare_the_shipped(settings, source)
        check_target(target)
        embed = _picture_embedder(settings)
        small = embed.preview if previews else None
        with _progress_bar() as show:
            report = build_gallery(
                source,
                target,
                embed,
                kind=vector,
                keep_faces=keep_faces,
                preview=None if source.layout != "people" else embed.whole if with_pictures else small,
                passed_on=with_pictures,
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

    settings = _settings()
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

    settings = _settings()
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


@app.command("doubles")
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

    folder = gallery or _settings().gallery_path
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


@app.command("name")
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

    folder = gallery or _settings().gallery_path
    with _mended_by_the_user():
        report = name_people(folder, file)
    if as_json:
        print_json({"gallery": readable(str(folder)), **asdict(report)})
    else:
        print_naming(folder, file, report)


@app.command("pictures")
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

    settings = _settings()
    known = Gallery.open(gallery or settings.gallery_path, embedder=None).people
    with _mended_by_the_user():
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


@app.command("shapes")
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

    out = gallery or _settings().gallery_path
    with _mended_by_the_user():
        count = add_shapes(out, read_source(folder))
    say(f"{readable(str(out))}: {counted(count, 'person has', 'people have')} a face's shape")


def _settings() -> Settings:
    from lookalike.settings import Settings

    return Settings()


def _embedder_in_use(settings: Settings) -> str:
    from pipeline.manifest import load_manifest

    return load_manifest(settings.weights_dir).embedder.sha256


def _picture_embedder(settings: Settings) -> PictureEmbedder:
    """Open the networks, with the gates of a gallery instead of those for photos of strangers."""
    from lookalike.app import open_pipeline, photo_limits
    from lookalike.cli.gallery_pictures import GALLERY_GATES, PictureEmbedder
    from pipeline.decoding_bounds import heif_is_read
    from pipeline.manifest import load_manifest

    pipeline, limits = open_pipeline(settings, gates=GALLERY_GATES), photo_limits(settings)
    weights = load_manifest(settings.weights_dir)
    recipe = (
        f"detector {weights.detector.sha256} aligner {weights.aligner.sha256} {GALLERY_GATES} {settings.engine} "
        f"{limits} heif {heif_is_read()}"
    )
    return PictureEmbedder(pipeline.embedder, pipeline.read_image, recipe=recipe, limits=limits)


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
def _mended_by_the_user() -> Iterator[None]:
    """One line and the exit code that fits, for what the user's own files and places are the cause of."""
    from index.errors import BadSource, NotAGallery

    try:
        yield
    except BadSource as error:
        complain(str(error))
        raise typer.Exit(EXIT_UNANSWERED) from error
    except NotAGallery as error:
        complain(str(error))
        raise typer.Exit(EXIT_USAGE) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"{where}{error.strerror or error}")
        raise typer.Exit(EXIT_SETUP) from error
    except KeyboardInterrupt:
        complain("stopped; the same command goes on from here")
        raise typer.Exit(EXIT_INTERRUPTED) from None


@contextmanager
def _counted_bar(what: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr that is told how many are done."""
    from rich.progress import Progress as Bar

    with Bar(console=console(to=sys.stderr)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


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
