"""A few cards as pixels: a golden picture catches what numbers can't, a colour or a shape that went wrong.

`make golden` (pytest -k golden --update-golden) rewrites them; look at them before committing. They are kept at
a third of their size, as a phone shows them. A little difference is allowed: font rasterisers round differently.
On failure what was painted and the difference are saved under runs/golden/.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from PIL import Image, ImageChops

from lookalike.cards import AnswerCard, CompareCard, ExplainCard, FacesPicture
from tests.lookalike.cards.russian import russian
from tests.lookalike.cards.samples import answer, comparison, drawn_photo, renderer
from tests.lookalike.cards.test_explain_card import reasons

GOLDEN: Final = Path(__file__).parents[2] / "golden" / "cards"
FAILED: Final = Path(__file__).parents[3] / "runs" / "golden"
MAX_MEAN_DIFFERENCE: Final = 0.6  # of 255
MAX_CHANGED_SHARE: Final = 0.004  # of the pixels may differ by more than 40

CARDS: Final[dict[str, Callable[[], bytes]]] = {
    "answer-light-en": lambda: renderer().render(AnswerCard(answer(drawn_photo()), drawn_photo())),
    "answer-dark-ru": lambda: renderer().render(
        AnswerCard(answer(drawn_photo(), matches=5), drawn_photo()), theme="dark", translate=russian
    ),
    "compare-light-en": lambda: renderer().render(CompareCard(comparison(0.345))),
    "explain-dark-en": lambda: renderer().render(
        ExplainCard(answer(drawn_photo()), drawn_photo(), reasons("eyes", "nose")), theme="dark"
    ),
    "faces-seven": lambda: renderer().render(FacesPicture(drawn_photo(width=1400, height=420, faces=7))),
}


@pytest.mark.parametrize("name", CARDS)
def test_golden_card_is_painted_as_before(name: str, request: pytest.FixtureRequest) -> None:
    with Image.open(io.BytesIO(CARDS[name]())) as image:
        actual = image.convert("RGB").reduce(3)
    path = GOLDEN / f"{name}.png"
    if request.config.getoption("--update-golden", default=False):
        path.parent.mkdir(parents=True, exist_ok=True)
        actual.save(path, optimize=True)
    assert path.exists(), f"{path} is missing: make golden"
    with Image.open(path) as file:
        golden = file.convert("RGB")
    assert actual.size == golden.size, _saved(name, actual, golden)
    difference = np.abs(np.asarray(actual, int) - np.asarray(golden, int))
    same = difference.mean() <= MAX_MEAN_DIFFERENCE and (difference.max(axis=2) > 40).mean() <= MAX_CHANGED_SHARE
    assert same, _saved(name, actual, golden)


def test_golden_pictures_are_all_in_use() -> None:
    assert sorted(path.stem for path in GOLDEN.iterdir()) == sorted(CARDS)


def _saved(name: str, actual: Image.Image, golden: Image.Image) -> str:
    FAILED.mkdir(parents=True, exist_ok=True)
    actual.save(FAILED / f"{name}-actual.png")
    canvas = golden.resize(actual.size)
    ImageChops.difference(actual, canvas).point(lambda value: min(255, value * 4)).save(FAILED / f"{name}-diff.png")
    return f"{name} differs from {golden.size}, painted {actual.size}: see {FAILED}"
