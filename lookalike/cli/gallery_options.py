"""What the commands of `lookalike index` have in common: options, settings, and how they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.compiled import compiled_networks
from lookalike.cli.console import EXIT_INTERRUPTED, EXIT_SETUP, EXIT_UNANSWERED, EXIT_USAGE, complain

if TYPE_CHECKING:
    from index.objects import Objects
    from lookalike.cli.gallery_pictures import PictureEmbedder
    from lookalike.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
GalleryFolder = Annotated[
    Path | None,
    typer.Option("--gallery", metavar="DIR", help="The gallery. [default: the setting GALLERY]"),
]


def own_settings() -> Settings:
    from lookalike.settings import Settings

    return Settings()


@contextmanager
def mended_by_the_user() -> Iterator[None]:
    """One line and the exit code that fits, for what the user's own files and places are the cause of."""
    from index.errors import BadSource, NotAGallery, NotYourGallery

    try:
        yield
    except BadSource as error:
        complain(str(error))
        raise typer.Exit(EXIT_UNANSWERED) from error
    except (NotAGallery, NotYourGallery) as error:
        complain(str(error))
        raise typer.Exit(EXIT_USAGE) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"{where}{error.strerror or error}")
        raise typer.Exit(EXIT_SETUP) from error
    except KeyboardInterrupt:
        complain("stopped; the same command goes on from here")
        raise typer.Exit(EXIT_INTERRUPTED) from None


def open_picture_embedder(settings: Settings, *, objects: Objects | None = None) -> PictureEmbedder:
    """Open the networks, with the gates of a gallery instead of those for photos of strangers.

    Not in int8: a gallery is made once, and asked from all kinds of CPUs for as long as it lies there.
    """
    from lookalike.app import open_pipeline, photo_limits
    from lookalike.cli.gallery_pictures import GALLERY_GATES, PictureEmbedder
    from pipeline.decoding_bounds import heif_is_read
    from pipeline.manifest import load_manifest

    pipeline = open_pipeline(settings, gates=GALLERY_GATES, int8_embedder=False, cache=compiled_networks())
    limits = photo_limits(settings)
    weights = load_manifest(settings.weights_dir)
    recipe = (
        f"detector {weights.detector.sha256} aligner {weights.aligner.sha256} {GALLERY_GATES} {settings.engine} "
        f"{limits} heif {heif_is_read()}"
    )
    return PictureEmbedder(pipeline.embedder, pipeline.read_image, recipe=recipe, limits=limits, objects=objects)
