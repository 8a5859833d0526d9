"""Where `lookalike index build` takes pictures from, and who embeds them: a folder, a tar, a bucket; here, or Ray."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lookalike.cli.console import EXIT_USAGE, complain
from lookalike.cli.gallery_options import open_picture_embedder
from lookalike.extras import install_command

if TYPE_CHECKING:
    from index.embed import Spread
    from index.objects import Objects
    from index.source import Source
    from lookalike.cli.gallery_pictures import PictureEmbedder
    from lookalike.settings import Settings


def open_source(place: str) -> tuple[Source, Objects | None]:
    """Read a folder, or list a tar file or an address, whose pictures `Objects` then reads. Raises BadSource."""
    if "://" not in place and not place.endswith(".tar"):
        from index.layouts import read_source

        return read_source(Path(place)), None
    _need("fsspec", place)
    from index.objects import Objects, read_objects

    return read_objects(place), Objects(place)


def spread_over(settings: Settings, objects: Objects | None) -> Spread:
    """What shares the pictures out among Ray's workers, each with one thread a network."""
    _need("ray", "--engine ray")
    from index.ray_spread import RaySpread

    one_thread = settings.model_copy(update={"engine_threads": 1})
    return RaySpread(partial(_open_in_worker, one_thread, objects))


def _open_in_worker(settings: Settings, objects: Objects | None) -> PictureEmbedder:
    return open_picture_embedder(settings, objects=objects)


def _need(package: str, what: str) -> None:
    if find_spec(package) is None:
        complain(f"{what} needs an extra: {install_command('ray')}")
        raise typer.Exit(EXIT_USAGE)
