"""Draws the pictures that `match`, `compare` and `faces` write, and says what became of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from index.plain_text import counted
from lookalike.answers import Compared, Found
from lookalike.cards import (
    AnswerCard,
    CardRenderer,
    CompareCard,
    FileFormat,
    PictureRequest,
    Style,
    ThemeName,
    faces_picture,
)
from lookalike.cards.paint import encode, paint
from lookalike.cli.card_files import CardFiles, PlaceTaken
from lookalike.cli.console import complain, printable, say
from lookalike.cli.photos import STDIN, card_stem
from pipeline.errors import PipelineError
from pipeline.types import FloatArray, PhotoFaces


class CardWriter:
    """Writes the pictures of one call; one that fails is told, and the others are written all the same."""

    def __init__(self, photos: Sequence[str], *, theme: ThemeName, quiet: bool) -> None:
        """photos: all that were given, none of which is replaced. quiet: what was written is not said."""
        self._files = CardFiles(Path(path) for path in photos if path != STDIN)
        self._theme = theme
        self._quiet = quiet

    def write_answers(
        self, path: str, answer: Found, folder: Path, renderer: CardRenderer, *, most: int
    ) -> list[str | None]:
        """Write a card for each of the `most` first faces. Returns their paths, None for one that failed.

        What the first took is added to the answer's timing, as "card".
        """
        shown = answer.faces[:most]
        numbers = [item.number for item in shown] if len(answer.faces) > 1 else []
        try:
            places = self._files.names(folder, card_stem(path), numbers, suffix=".jpg")
        except OSError as error:
            _unwritten(folder, error)
            return [None] * len(shown)
        if len(answer.faces) > 1 and not self._quiet:
            self._write_numbered(answer.photo, folder, card_stem(path))
        written = []
        for item, place in zip(shown, places, strict=True):
            start = time.perf_counter()
            written.append(self._rendered(place, AnswerCard(item, answer.photo), renderer))
            answer.timing_ms.setdefault("card", (time.perf_counter() - start) * 1e3)
        if len(answer.faces) > most and not self._quiet:
            rest = counted(len(answer.faces) - most, "further one has", "further ones have")
            say(f"Only the first {most} faces have cards, {rest} none; --max-cards N writes more.")
        return written

    def _write_numbered(self, photo: PhotoFaces, folder: Path, stem: str) -> None:
        """Beside the cards of a group, which face has which number."""
        try:
            file = self._files.names(folder, f"{stem}-faces", [], suffix=".jpg")[0]
        except OSError as error:
            _unwritten(folder, error)
            return
        self.write_faces(photo, file)

    def write_comparison(self, comparison: Compared, file: Path, renderer: CardRenderer) -> str | None:
        """Returns the path, None when it failed."""
        return self._rendered(file, CompareCard(comparison), renderer)

    def write_faces(self, photo: PhotoFaces, file: Path, *, points: Sequence[FloatArray] = ()) -> str | None:
        """Likewise, for a photo with its faces numbered and `points` dotted; that needs no gallery."""
        style = Style(self._theme)
        canvas = faces_picture.layout(photo, style=style, points=points)
        return self._write(file, encode(paint(canvas), _format_of(file)))

    def _rendered(self, file: Path, request: PictureRequest, renderer: CardRenderer) -> str | None:
        try:
            data = renderer.render(request, theme=self._theme, file_format=_format_of(file))
        except PipelineError as error:
            _unwritten(file, error)
            return None
        return self._write(file, data)

    def _write(self, file: Path, data: bytes) -> str | None:
        try:
            self._files.write(file, data)
        except OSError as error:
            _unwritten(file, error)
            return None
        if not self._quiet:
            say(f"Card: {printable(str(file))}")
        return str(file)


def _format_of(file: Path) -> FileFormat:
    return "PNG" if file.suffix.lower() == ".png" else "JPEG"


def _unwritten(place: Path, error: OSError | PipelineError) -> None:
    """Say why a card is not there."""
    problem = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if isinstance(error, NotADirectoryError | FileExistsError) and not isinstance(error, PlaceTaken):
        problem = "a file is in the place of its folder; name another folder"
    complain(f"{place}: the card can't be written: {problem}")
