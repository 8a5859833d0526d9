"""The product as a Python library: `open` once, then ask. Reads no settings but its arguments.

Photos are given as a path, as a file's bytes, as a Pillow image or as pixels; a `str` is always a path and `bytes` are
always a file's contents.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from index.errors import GalleryError
from index.types import GalleryInfo
from lookalike.answers import Answer, Compared, Comparison, Found, Unreadable
from lookalike.errors import LookalikeError, NoSuchFace, SetupBroken
from lookalike.photo_file import read_photo_file
from lookalike.pixels import of_array, of_pillow
from lookalike.reading_order import in_reading_order
from lookalike.settings import Settings
from pipeline.errors import BadPhoto, PipelineError
from pipeline.types import DecodedPhoto, PhotoFaces

if TYPE_CHECKING:
    from lookalike.app import App

Photo = str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | NDArray[np.uint8]


class _GivenSettings(Settings):
    """Settings from arguments alone: neither the environment nor the `.env` of wherever one stands is read."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic names these
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def open(  # noqa: A001 - called as lookalike.open
    *,
    weights_dir: str | os.PathLike[str] | None = None,
    gallery: str | os.PathLike[str] | None = None,
    calibration: str | os.PathLike[str] | None = None,
    gallery_images: str | os.PathLike[str] | None = None,
    engine: Literal["openvino", "onnxruntime"] = "openvino",
    threads: int = 0,
    max_photo_mb: float = 20.0,
    max_photo_mpx: float = 40.0,
) -> Lookalike:
    """Load networks, gallery and calibration; a second or two.

    weights_dir: folder with manifest.toml and the networks. gallery: a gallery's folder, `gallery` in weights_dir
    without it. calibration: what similarities mean, `calibration.json` in weights_dir without it.
    gallery_images: the pictures that the gallery was built from, for cards; without it people are drawn.
    engine: what runs the networks; onnxruntime is an extra. threads: of one network's run, 0 for as many as there are
    cores. max_photo_mb, max_photo_mpx: the largest file, in millions of bytes, and picture, in millions of pixels.
    Raises SetupBroken, and ValueError for an argument that can't be.
    """
    from lookalike.app import build

    paths = {
        "weights_dir": weights_dir,
        "gallery": gallery,
        "calibration_file": calibration,
        "gallery_images": gallery_images,
    }
    given: dict[str, Any] = {name: Path(path) for name, path in paths.items() if path is not None}
    try:
        settings = _GivenSettings(
            **given,
            engine=engine,
            engine_threads=threads,
            max_photo_mb=max_photo_mb,
            max_photo_mpx=max_photo_mpx,
        )
    except ValidationError as error:
        raise ValueError(_argument_problem(error)) from None
    try:
        return Lookalike(build(settings))
    except (PipelineError, GalleryError, LookalikeError) as error:
        raise SetupBroken(str(error)) from error


class Lookalike:
    """Answers photos. Made by `open`; every method may be called from several threads at a time.

    Closing it, or leaving its `with` block, lets go of networks and gallery.
    """

    def __init__(self, app: App) -> None:
        self._opened: App | None = app

    @property
    def gallery(self) -> GalleryInfo:
        """How many people there are, from how many pictures, and where from."""
        return self._app.finder.gallery

    def find(self, photo: Photo) -> Answer:
        """Find the eight most similar people of every face of a photo.

        Returns Found, NoFace, NoUsableFace or Unreadable. Raises OSError for a path that can't be read
        (FileNotFoundError where nothing is there), TypeError for what is no photo at all.
        """
        app = self._app
        return app.finder.find(_taken(photo, app.settings))

    def faces(self, photo: Photo) -> PhotoFaces | Unreadable:
        """Find the faces alone, as one reads: boxes, five points, quality, embeddings, and why one can't be used.

        Coordinates are pixels of PhotoFaces.image, at most 2048 px; box_as_sent carries a box into the photo's own.
        """
        app = self._app
        taken = _taken(photo, app.settings)
        if isinstance(taken, Unreadable):
            return taken
        try:
            return in_reading_order(app.pipeline.read(taken))
        except BadPhoto as error:
            return Unreadable.of(error)

    def compare(self, a: Photo, b: Photo, *, face_a: int | None = None, face_b: int | None = None) -> Comparison:
        """Compare one face of each photo, counted as one reads; without numbers the most alike pair.

        Returns Compared or NotCompared. Raises NoSuchFace, OSError.
        """
        app = self._app
        return app.finder.compare(
            _taken(a, app.settings),
            _taken(b, app.settings),
            face_a=None if face_a is None else face_a - 1,
            face_b=None if face_b is None else face_b - 1,
        )

    def card(
        self,
        answer: Found | Compared,
        *,
        face: int = 1,
        theme: Literal["light", "dark"] = "light",
        file_format: Literal["JPEG", "PNG"] = "JPEG",
    ) -> bytes:
        """Draw the card of one face of an answer, or of a comparison, 1080 px wide, as the bytes of a file.

        face: which usable face of a Found, counted from 1 as one reads. Raises NoSuchFace.
        """
        from lookalike.cards import AnswerCard, CompareCard

        renderer = self._app.renderer
        if isinstance(answer, Compared):
            return renderer.render(CompareCard(answer), theme=theme, file_format=file_format)
        if not isinstance(answer, Found):
            raise TypeError(f"a card shows a Found or a Compared, not a {type(answer).__name__}")
        if not 1 <= face <= len(answer.faces):
            raise NoSuchFace(number=face, usable=len(answer.faces))
        card = AnswerCard(answer.faces[face - 1], answer.photo)
        return renderer.render(card, theme=theme, file_format=file_format)

    def close(self) -> None:
        """Let go of networks and gallery; answers stay good."""
        self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._opened is None:
            return "<Lookalike: closed>"
        return f"<Lookalike: {self.gallery.people:,} people, {self._opened.settings.engine}>"

    @property
    def _app(self) -> App:
        if self._opened is None:
            raise LookalikeError("this Lookalike is closed; open another one: lookalike.open()")
        return self._opened


def _taken(photo: Photo, limits: Settings) -> bytes | DecodedPhoto | Unreadable:
    """The bytes of a file, or pixels brought to size. Raises OSError for a path, TypeError, ValueError."""
    if isinstance(photo, str | os.PathLike):
        return read_photo_file(Path(photo), max_bytes=limits.max_photo_bytes)
    if isinstance(photo, bytes | bytearray | memoryview):
        return bytes(photo)
    most = round(limits.max_photo_mpx * 1_000_000)
    try:
        if isinstance(photo, np.ndarray):
            return of_array(photo, max_pixels=most)
        if isinstance(photo, Image.Image):
            return of_pillow(photo, max_pixels=most)
    except BadPhoto as error:
        return Unreadable.of(error)
    what = "a path, a file's bytes, a Pillow image or an array of pixels"
    raise TypeError(f"a photo is {what}, not a {type(photo).__name__}")


def _argument_problem(error: ValidationError) -> str:
    names = {"calibration_file": "calibration", "engine_threads": "threads"}
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    return f"{names.get(name, name)}: {first['msg'].removeprefix('Value error, ')}"
