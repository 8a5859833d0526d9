"""One method renders every picture, in both file formats."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import pytest
from PIL import Image

from lookalike.cards import (
    AnswerCard,
    CompareCard,
    ExplainCard,
    FacesPicture,
    FileFormat,
    HelpPicture,
    PictureRequest,
    ThemeName,
)
from pipeline.types import PhotoFaces
from tests.lookalike.cards.samples import answer, comparison, drawn_photo, renderer
from tests.telegram_rules import check_picture

PHOTO: Final = drawn_photo(width=900, height=400, faces=3)
REQUESTS: Final[dict[str, PictureRequest]] = {
    "answer": AnswerCard(answer(PHOTO), PHOTO),
    "answer without photo": AnswerCard(answer(PHOTO)),
    "explain": ExplainCard(answer(PHOTO), PHOTO),
    "compare": CompareCard(comparison(0.3)),
    "faces": FacesPicture(PHOTO),
    "help": HelpPicture(0),
}


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_becomes_a_file_of_the_wanted_format(request_: PictureRequest, file_format: FileFormat) -> None:
    data = renderer().render(request_, file_format=file_format)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == file_format
        assert image.width >= 720


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
def test_both_formats_show_the_same(request_: PictureRequest) -> None:
    def pixels(file_format: FileFormat) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        data = renderer().render(request_, theme="dark", file_format=file_format)
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int64)

    assert np.abs(pixels("JPEG") - pixels("PNG")).mean() < 2.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_help_pictures_are_kept_by_page_theme_and_language(theme: ThemeName) -> None:
    one = renderer()
    first = one.render(HelpPicture(1), theme=theme)
    assert one.render(HelpPicture(1), theme=theme) is first
    assert one.render(HelpPicture(2), theme=theme) != first
    assert one.render(HelpPicture(1), theme="light" if theme == "dark" else "dark") != first
    assert one.render(HelpPicture(1), theme=theme, translate=lambda text: text.replace(",", " ")) is not first


@pytest.mark.parametrize(("width", "height"), [(1600, 1600), (3000, 40), (40, 3000), (60, 60)])
def test_a_photo_of_noise_is_one_that_telegram_takes_once_it_is_numbered(width: int, height: int) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    check_picture(renderer().render(FacesPicture(PhotoFaces(image=noise, faces=()))))
