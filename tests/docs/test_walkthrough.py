"""The walkthrough is made from the shipped networks; this makes it anew and holds the committed page to it."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

from docs.make_walkthrough import PICTURES, WIDTH, write
from lookalike.app import build
from lookalike.paths import ROOT
from lookalike.settings import Settings


def test_the_page_comes_out_as_it_is_committed_but_for_the_last_digits(tmp_path: Path) -> None:
    paths = write(tmp_path, build(Settings(gallery_images=None)))
    page, *pictures = paths
    committed = (ROOT / "docs" / "walkthrough.md").read_text(encoding="utf-8")
    # Another processor rounds otherwise; words, order and every whole sentence must be the same.
    digits = re.compile(r"-?\d+(?:[.,]\d+)*")
    assert digits.sub("N", page.read_text(encoding="utf-8")) == digits.sub("N", committed)
    assert [path.name for path in pictures] == [f"walkthrough-{name}.jpg" for name in PICTURES]
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.width in range(WIDTH - 20, WIDTH + 1)
            assert len(set(picture.convert("L").resize((32, 32)).tobytes())) > 8, f"{path.name} is nearly blank"
        assert (ROOT / "docs" / "pictures" / path.name).exists()
