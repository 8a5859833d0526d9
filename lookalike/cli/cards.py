"""Draws the pictures that `match`, `compare` and `faces` write, and says what became of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from index.plain_text import counted
from lookalike.answers import Compared, FaceAnswer, Found
from lookalike.cli.card_files import CardFiles, PlaceTaken
from lookalike.cli.console import complain, printable, say
from lookalike.cli.photos import STDIN, card_stem
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from lookalike.app import App
    from lookalike.cards.theme import ThemeName
    from pipeline.types import PhotoFaces

FORMATS: Final = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}


def picture_file(given: str | None, option: str) -> Path | None:
    """The file that an option names. Raises BadParameter for what is neither JPEG nor PNG."""
    if given is None:
        return None
    file = Path(given)
    if file.suffix.lower() not in FORMATS:
        raise typer.BadParameter("name a file that ends in .jpg or .png", param_hint=option)
    return file


class CardWriter:
    """Writes the pictures of one call; one that fails is told, and the others are written all the same."""

    def __init__(self, photos: Sequence[str], *, theme: ThemeName, quiet: bool) -> None:
        """photos: all that were given, none of which is replaced. quiet: what was written is not said."""
        self._files = CardFiles(Path(path) for path in photos if path != STDIN)
        self._theme = theme
        self._quiet = quiet

    def write_answers(self, path: str, answer: Found, folder: Path, app: App, *, most: int) -> list[str | None]:
        """Write a card for each of the `most` largest faces. Returns their paths, None for one that failed.

        What the first took to draw is added to the answer's timing, as "card".
        """
        shown = answer.faces[:most]
        numbers = [item.number for item in shown] if len(answer.faces) > 1 else []
        try:
            places = self._files.names(folder, card_stem(path), numbers, suffix=".jpg")
        except OSError as error:
            _unwritten(folder, error)
            return [None] * len(shown)
        written = []
        for item, place in zip(shown, places, strict=True):
            start = time.perf_counter()
            try:
                data = self._answer_card(item, answer, app)
            except PipelineError as error:
                _unwritten(place, error)
                written.append(None)
                continue
            answer.timing_ms.setdefault("card", (time.perf_counter() - start) * 1e3)
            written.append(self._write(place, data))
        if len(answer.faces) > most and not self._quiet:
            rest = counted(len(answer.faces) - most, "smaller one has", "smaller ones have")
            say(f"Only the {most} largest faces have cards, {rest} none; --max-cards N writes more.")
        return written

    def write_comparison(self, comparison: Compared, file: Path, app: App) -> str | None:
        """Returns the path, None when it failed."""
        from lookalike.cards import Style, compare_card

        return self._drawn(
            file,
            lambda: compare_card(comparison, calibration=app.finder.calibration, style=Style(theme=self._theme)),
        )

    def write_faces(self, photo: PhotoFaces, file: Path) -> str | None:
        """Likewise, for a photo with its faces numbered."""
        from lookalike.cards import Style, faces_picture

        return self._drawn(file, lambda: faces_picture(photo, style=Style(theme=self._theme)))

    def _answer_card(self, item: FaceAnswer, answer: Found, app: App) -> bytes:
        from lookalike.cards import Style, answer_card

        return answer_card(
            item,
            photo=answer.photo,
            calibration=app.finder.calibration,
            gallery=app.finder.gallery,
            pictures=app.pictures,
            style=Style(theme=self._theme),
        )

    def _drawn(self, file: Path, draw: Callable[[], bytes]) -> str | None:
        try:
            return self._write(file, _as_format(draw(), file))
        except PipelineError as error:
            return _unwritten(file, error)

    def _write(self, file: Path, data: bytes) -> str | None:
        try:
            self._files.write(file, data)
        except OSError as error:
            return _unwritten(file, error)
        if not self._quiet:
            say(f"Card: {printable(str(file))}")
        return str(file)


def _as_format(data: bytes, file: Path) -> bytes:
    """The picture in the format that its name promises."""
    if FORMATS[file.suffix.lower()] == "JPEG":
        return data
    import io

    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        picture.save(buffer, "PNG")
    return buffer.getvalue()


def _unwritten(place: Path, error: OSError | PipelineError) -> None:
    """Say why a card is not there."""
    problem = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if isinstance(error, NotADirectoryError | FileExistsError) and not isinstance(error, PlaceTaken):
        problem = "a file is in the place of its folder; name another folder"
    complain(f"{place}: the card can't be written: {problem}")
