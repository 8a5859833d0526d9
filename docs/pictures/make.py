# ruff: noqa: INP001 - a script beside the pictures it makes, no package
"""Make the pictures of this folder from the shipped networks and faces that may be shown.

`python docs/pictures/make.py`; run it again after new weights, a new gallery or a new calibration.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lookalike.answers import Compared, Found
from lookalike.app import build
from lookalike.cards import FolderPictures, Style, answer_card, compare_card, explain_card, faces_picture
from lookalike.settings import ROOT, Settings

HERE = Path(__file__).parent
SAMPLES = ROOT / "lookalike" / "sample"  # public domain


def main() -> None:
    """Write every picture beside this file."""
    app = build(Settings(gallery_images=None))
    finder, nobody = app.finder, FolderPictures(None)
    photos = {name: (SAMPLES / f"{name}.jpg").read_bytes() for name in ("grace_hopper", "astronaut")}
    for name, data in photos.items():
        found = finder.find(data)
        if not isinstance(found, Found):
            sys.exit(f"{name}: no usable face ({type(found).__name__})")
        for theme in ("light", "dark"):
            card = answer_card(
                found.faces[0], photo=found.photo, calibration=finder.calibration, gallery=finder.gallery,
                pictures=nobody, style=Style(theme),
            )  # fmt: skip
            _write(f"card-{name}-{theme}.jpg", card)
        _write(f"faces-{name}.jpg", faces_picture(found.photo))
        _write(f"explain-{name}.jpg", explain_card(found.faces[0], photo=found.photo, pictures=nobody))
    comparison = finder.compare(photos["grace_hopper"], photos["astronaut"])
    if isinstance(comparison, Compared):
        _write("compare.jpg", compare_card(comparison, calibration=finder.calibration))


def _write(name: str, data: bytes) -> None:
    (HERE / name).write_bytes(data)
    sys.stdout.write(f"{name}: {len(data) // 1000} kB\n")


if __name__ == "__main__":
    main()
