"""Make the pictures of this folder from the shipped networks and faces that may be shown.

`python -m docs.pictures.make`; run it again after new weights, a new gallery or a new calibration.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

from bot.middlewares.language import load_languages, translator
from docs.demo.photos import CONGRESS, group, obama_in_congress
from lookalike.answers import Compared, Found
from lookalike.app import App, build, over
from lookalike.cards import AnswerCard, CompareCard, ExplainCard, FacesPicture, HelpPicture, ThemeName
from lookalike.paths import SAMPLES
from lookalike.settings import Settings

HERE = Path(__file__).parent
WIDTH_PX = 720


def main() -> None:
    """Write every picture beside this file."""
    app = build(Settings(gallery_images=None))
    finder, render = app.finder, app.renderer.render
    russian = translator(load_languages(), "ru")
    photos = {name: (SAMPLES / f"{name}.jpg").read_bytes() for name in ("grace_hopper", "astronaut")}
    themes: dict[str, ThemeName] = {"grace_hopper": "light", "astronaut": "dark"}
    for name, data in photos.items():
        found = finder.find(data)
        if not isinstance(found, Found):
            sys.exit(f"{name}: no usable face ({type(found).__name__})")
        theme = themes[name]
        card = AnswerCard(found.faces[0], found.photo, "@your_bot")
        why = app.explainer.why(found.faces[0]) if app.explainer is not None else None
        _write(f"card-{theme}.jpg", render(card, theme=theme))
        _write(f"explain-{theme}.jpg", render(ExplainCard(found.faces[0], found.photo, why), theme=theme))
        _write(f"faces-{name}.jpg", render(FacesPicture(found.photo)))
        if name == "grace_hopper":  # the same card as somebody sees it whose Telegram is Russian and who likes it dark
            _write("card-ru.jpg", render(card, theme="dark", translate=russian))
    _write("help.jpg", render(HelpPicture(4), translate=russian))
    comparison = finder.compare((SAMPLES / "barack_obama.jpg").read_bytes(), obama_in_congress())
    if isinstance(comparison, Compared):
        _write("compare.jpg", render(CompareCard(comparison)))
    _of_congress(over(app.pipeline, app.settings.with_gallery(CONGRESS)))


def _of_congress(app: App) -> None:
    """The gallery that has faces: somebody's closest, and a group with its faces numbered."""
    found = app.finder.find((SAMPLES / "astronaut.jpg").read_bytes())
    together = app.finder.find(group())
    if not isinstance(found, Found) or not isinstance(together, Found):
        sys.exit("no usable face in the samples")
    _write("card-congress.jpg", app.renderer.render(AnswerCard(found.faces[0], found.photo, "@your_bot")))
    _write("faces-group.jpg", app.renderer.render(FacesPicture(together.photo)))


def _write(name: str, data: bytes) -> None:
    """Save at the width that a page shows: the repository need not hold more."""
    with Image.open(io.BytesIO(data)) as image:
        small = image.resize((WIDTH_PX, round(image.height * WIDTH_PX / image.width)), Image.Resampling.LANCZOS)
    small.save(HERE / name, quality=88, subsampling=0, optimize=True)
    sys.stdout.write(f"{name}: {(HERE / name).stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
