"""`lookalike index build | info | verify | name`: make a gallery, look at it, check it, put names to it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

if TYPE_CHECKING:
    from index.build import BuildReport, Progress
    from index.gallery import Gallery
    from lookalike.cli.gallery_pictures import PictureEmbedder
    from lookalike.settings import Settings

EXIT_UNUSABLE: Final = 1
EXIT_USAGE: Final = 2
EXIT_SETUP: Final = 3
EXIT_INTERRUPTED: Final = 130
LISTED: Final = 10  # skipped pictures that are printed; all of them stand in skipped.csv

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
    vector: Annotated[
        Literal["mean", "best"],
        typer.Option(help="A person's vector: the mean of all pictures', or the best picture's."),
    ] = "mean",
    keep_faces: Annotated[
        bool, typer.Option("--keep-faces", help="Also keep every picture's box and five points, in faces.csv.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build a gallery from a folder of pictures. A build that was stopped goes on where it was.

    Example: lookalike index build ~/CelebA
    """
    from index.build import build_gallery, check_target
    from index.layouts import read_source

    settings = _settings()
    target = out or settings.gallery_path
    with _mended_by_the_user():
        check_target(target)
        source = read_source(folder)
        embed = _picture_embedder(settings)
        with _progress_bar(len(source.pictures)) as show:
            report = build_gallery(source, target, embed, kind=vector, keep_faces=keep_faces, progress=show)
    if as_json:
        _print_json(_build_document(target, report, source.missing))
    else:
        _print_build(target, report, source.missing, settings)


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
    document = _info_document(folder, opened, embedder=embedder)
    if as_json:
        _print_json(document)
    else:
        _print_info(document)


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
        _print_json({"gallery": str(folder), "ok": False, "people": None, "pictures": None, "error": problem})
        raise typer.Exit(EXIT_SETUP) from error
    counts = {"people": opened.info.people, "pictures": opened.info.pictures}
    if as_json:
        _print_json({"gallery": str(folder), "ok": True, **counts, "error": None})
    else:
        _say(f"{folder} is whole: {opened.info.people:,} people, {opened.info.pictures:,} pictures")


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
        _print_json({"gallery": str(folder), **asdict(report)})
        return
    _say(f"{folder}: {report.named:,} of {report.people:,} people named by {file.name}, {report.changed:,} anew")
    if report.not_in_gallery:
        _say(f"{report.not_in_gallery:,} names belong to nobody here")
    if report.nameless:
        _say(f"{report.nameless:,} people have no name yet and are shown by their number")


def _settings() -> Settings:
    from lookalike.settings import Settings

    return Settings()


def _embedder_in_use(settings: Settings) -> str:
    from pipeline.manifest import load_manifest

    return load_manifest(settings.weights_dir).embedder.sha256


def _picture_embedder(settings: Settings) -> PictureEmbedder:
    """Open the networks, with the gates of a gallery instead of those for photos of strangers."""
    from lookalike.cli.gallery_pictures import GALLERY_GATES, PictureEmbedder
    from pipeline.face_pipeline import PipelineConfig, load_pipeline
    from pipeline.manifest import load_manifest

    pipeline = load_pipeline(
        settings.weights_dir,
        PipelineConfig(
            backend=settings.engine,
            **({"threads": settings.engine_threads} if settings.engine_threads else {}),
            gates=GALLERY_GATES,
        ),
    )
    weights = load_manifest(settings.weights_dir)
    recipe = f"detector {weights.detector.sha256} aligner {weights.aligner.sha256} {GALLERY_GATES} {settings.engine}"
    return PictureEmbedder(pipeline.embedder, pipeline.read, recipe=recipe)


@contextmanager
def _mended_by_the_user() -> Iterator[None]:
    """One line and the exit code that fits, for what the user's own files and places are the cause of."""
    from index.errors import BadSource, NotAGallery

    try:
        yield
    except BadSource as error:
        _complain(str(error))
        raise typer.Exit(EXIT_UNUSABLE) from error
    except NotAGallery as error:
        _complain(str(error))
        raise typer.Exit(EXIT_USAGE) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _complain(f"{where}{error.strerror or error}")
        raise typer.Exit(EXIT_SETUP) from error
    except KeyboardInterrupt:
        _complain("stopped; the same command goes on from here")
        raise typer.Exit(EXIT_INTERRUPTED) from None


@contextmanager
def _progress_bar(total: int) -> Iterator[Callable[[Progress], None]]:
    """A bar on stderr, whatever stdout is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("embedding"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[skipped]}"),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total, skipped="")

        def show(progress: Progress) -> None:
            skipped = f"{progress.skipped:,} skipped" if progress.skipped else ""
            bar.update(task, completed=progress.done, skipped=skipped)

        yield show


def _build_document(target: Path, report: BuildReport, missing: tuple[str, ...]) -> dict[str, Any]:
    return {
        "gallery": str(target),
        "people": report.info.people,
        "pictures": report.info.pictures,
        "embedder": report.info.embedder,
        "skipped": [{"file": file, "reason": reason} for file, reason in report.skipped],
        "missing": len(missing),
        "people_left_out": list(report.people_left_out),
        "predicted": report.predicted,
        "reused": report.reused,
        "seconds": round(report.seconds, 1),
    }


def _print_build(target: Path, report: BuildReport, missing: tuple[str, ...], settings: Settings) -> None:
    for file, reason in report.skipped[:LISTED]:
        _complain(f"skipped {file}: {reason}")
    if len(report.skipped) > LISTED:
        _complain(f"... {len(report.skipped):,} skipped in all, listed in {target / 'skipped.csv'}")
    if missing:
        _complain(f"{len(missing):,} pictures of the list are not in the folder, {missing[0]} for one")
    if report.predicted:
        told = ", ".join(f"{probe.trait} {probe.balanced:.0%}" for probe in report.probes)
        _say(f"{report.predicted:,} people without labels got predicted looks (right on held-out people: {told})")
    if report.people_left_out:
        _complain(f"{len(report.people_left_out):,} people have no usable picture and are left out")
    _say(
        f"{target}: {report.info.people:,} people from {report.info.pictures:,} pictures in {report.seconds:.0f} s"
        + (f", {report.reused:,} of them from the run before" if report.reused else "")
    )
    if target.resolve() != settings.gallery_path.resolve():
        _say(f"To use it: GALLERY={target} in the environment or in .env")


def _info_document(folder: Path, gallery: Gallery, *, embedder: str | None) -> dict[str, Any]:
    from dataclasses import asdict

    people = gallery.people
    attributes = {}
    for key in sorted({key for person in people for key in person.attributes}):
        values = [person.attributes.get(key) for person in people]
        attributes[key] = {"yes": values.count(True), "no": values.count(False), "unknown": values.count(None)}
    return {
        "gallery": str(folder),
        **asdict(gallery.info),
        "fits": None if embedder is None else gallery.info.embedder == embedder,
        "named": sum(person.name is not None and not person.name_inferred for person in people),
        "names_inferred": sum(person.name is not None and person.name_inferred for person in people),
        "labelled": sum(bool(person.attributes) for person in people),
        "attributes": attributes,
        "size_bytes": sum(item.stat().st_size for item in folder.iterdir()),
    }


def _print_info(document: dict[str, Any]) -> None:
    fits = {
        True: "the one in use",
        False: "NOT the one in use; rebuild: lookalike index build DIR",
        None: "none is in use to compare with",
    }[document["fits"]]
    _say(f"gallery    {document['gallery']} ({document['size_bytes'] / 1e6:.1f} MB)")
    _say(f"people     {document['people']:,} from {document['pictures']:,} pictures")
    _say(f"source     {document['source']}")
    _say(f"names      {document['named']:,} told, {document['names_inferred']:,} guessed")
    _say(f"attributes of {document['labelled']:,} people, {len(document['attributes'])} of them")
    _say(f"vectors    {document['dimension']} numbers a person, {document['vector_kind']} of the pictures")
    _say(f"embedder   {document['embedder'][:12]}, {fits}")
    _say(f"created    {document['created']}")


def _code(error: Exception) -> str:
    from index.errors import GalleryMissing, GalleryOfAnotherEmbedder

    if isinstance(error, GalleryMissing):
        return "gallery_missing"
    return "gallery_of_another_embedder" if isinstance(error, GalleryOfAnotherEmbedder) else "gallery_damaged"


def _print_json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _complain(line: str) -> None:
    sys.stderr.write(f"lookalike: {line}\n")
