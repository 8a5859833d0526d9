"""Make the pictures of this folder from the shipped networks and faces that may be shown.

`python -m docs.pictures.make`; run it again after new weights, a new gallery or a new calibration.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

from bot.middlewares.language import load_languages, translator
from bot.views.help_pictures import help_picture
from lookalike.answers import Compared, Found
from lookalike.app import build
from lookalike.cards import FolderPictures, Style, answer_card, compare_card, explain_card, faces_picture
from lookalike.cards.theme import ThemeName
from lookalike.finder import Finder
from lookalike.settings import ROOT, Settings

HERE = Path(__file__).parent
WIDTH_PX = 720
SAMPLES = ROOT / "lookalike" / "sample"  # public domain


def main() -> None:
    """Write every picture beside this file."""
    app = build(Settings(gallery_images=None))
    finder, nobody = app.finder, FolderPictures(None)
    photos = {name: (SAMPLES / f"{name}.jpg").read_bytes() for name in ("grace_hopper", "astronaut")}
    themes: dict[str, ThemeName] = {"grace_hopper": "light", "astronaut": "dark"}
    for name, data in photos.items():
        found = finder.find(data)
        if not isinstance(found, Found):
            sys.exit(f"{name}: no usable face ({type(found).__name__})")
        style = Style(themes[name])
        first = found.faces[0]
        card = answer_card(
            first,
            photo=found.photo,
            calibration=finder.calibration,
            gallery=finder.gallery,
            pictures=nobody,
            style=style,
        )
        _write(f"card-{style.theme}.jpg", card)
        _write(f"explain-{style.theme}.jpg", explain_card(first, photo=found.photo, pictures=nobody, style=style))
        _write(f"faces-{name}.jpg", faces_picture(found.photo))
        if name == "grace_hopper":
            _write("card-ru.jpg", _russian(finder, found))
    russian = translator(load_languages(), "ru")
    _write("help.jpg", help_picture(4, theme="light", calibration=finder.calibration, translate=russian))
    comparison = finder.compare(photos["grace_hopper"], photos["astronaut"])
    if isinstance(comparison, Compared):
        _write("compare.jpg", compare_card(comparison, calibration=finder.calibration))


def _russian(finder: Finder, found: Found) -> bytes:
    """The same card as somebody sees it whose Telegram is Russian and who likes it dark."""
    return answer_card(
        found.faces[0],
        photo=found.photo,
        calibration=finder.calibration,
        gallery=finder.gallery,
        pictures=FolderPictures(None),
        style=Style("dark"),
        translate=translator(load_languages(), "ru"),
    )


def _write(name: str, data: bytes) -> None:
    """Save at the width that a page shows: the repository need not hold more."""
    with Image.open(io.BytesIO(data)) as image:
        small = image.resize((WIDTH_PX, round(image.height * WIDTH_PX / image.width)), Image.Resampling.LANCZOS)
    small.save(HERE / name, quality=88, subsampling=0, optimize=True)
    sys.stdout.write(f"{name}: {(HERE / name).stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
