"""`import lookalike`: what it takes, answers, refuses and prints."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

import lookalike
from lookalike.answers import Found, NoFace, NotCompared, Unreadable
from lookalike.app import App
from lookalike.cards import CardRenderer, FolderPictures
from lookalike.finder import Finder
from lookalike.library import Lookalike
from lookalike.paths import ROOT
from lookalike.pixels import of_array, of_pillow
from lookalike.settings import Settings
from pipeline.decode import DecodedPhoto, decode
from pipeline.decoding_bounds import PhotoLimits
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.face_pipeline import FacePipeline
from pipeline.types import PhotoFaces
from tests.lookalike.builders import EightPeople, calibration, face, photo, unit

HOPPER = ROOT / "lookalike" / "sample" / "grace_hopper.jpg"
ASTRONAUT = ROOT / "lookalike" / "sample" / "astronaut.jpg"


class AnyReader:
    """Finds two faces on any photo that decodes, and remembers what it was handed."""

    def __init__(self) -> None:
        self.read_photos: list[bytes | DecodedPhoto] = []

    def read(self, given: bytes | DecodedPhoto) -> PhotoFaces:
        self.read_photos.append(given)
        if given == b"blank":
            return photo()
        if isinstance(given, bytes):
            decode(given)
        return photo(face(unit(1)), face(unit(0, 1)))


@pytest.fixture
def reader() -> AnyReader:
    return AnyReader()


@pytest.fixture
def look(reader: AnyReader) -> Iterator[Lookalike]:
    finder, pictures = Finder(reader, EightPeople(), calibration()), FolderPictures(None)
    app = App(
        settings=Settings(),
        pipeline=cast("FacePipeline", reader),
        finder=finder,
        pictures=pictures,
        renderer=CardRenderer(calibration=finder.calibration, gallery=lambda: finder.gallery, pictures=pictures),
    )
    with Lookalike(app) as opened:
        yield opened


def hopper() -> Image.Image:
    return Image.open(HOPPER)


@pytest.mark.parametrize(
    "given",
    [
        str(HOPPER),
        HOPPER,
        HOPPER.read_bytes(),
        bytearray(HOPPER.read_bytes()),
        memoryview(HOPPER.read_bytes()),
        hopper(),
        np.asarray(hopper().convert("RGB")),
    ],
    ids=["str", "Path", "bytes", "bytearray", "memoryview", "Pillow", "array"],
)
def test_a_photo_is_a_path_bytes_a_pillow_image_or_pixels(given: lookalike.Photo, look: Lookalike) -> None:
    answer = look.find(given)
    assert isinstance(answer, Found)
    assert answer.faces[0].matches[0].title == "CelebA No. 1"
    assert isinstance(look.faces(given), PhotoFaces)
    assert isinstance(look.compare(given, given, face_b=2), lookalike.Compared)


def test_a_name_is_never_taken_for_a_file_s_contents(look: Lookalike, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        look.find("nobody.jpg")
    with pytest.raises(FileNotFoundError):
        look.compare(HOPPER, tmp_path / "nobody.jpg")
    with pytest.raises(IsADirectoryError):
        look.faces(tmp_path)
    answer = look.find(b"nobody.jpg")
    assert isinstance(answer, Unreadable)
    assert answer.code is BadPhotoCode.NOT_A_PICTURE


@pytest.mark.parametrize("given", [None, 7, ["me.jpg"], io.BytesIO(b"x")])
def test_what_is_no_photo_at_all_is_a_type_error_that_says_what_is(given: Any, look: Lookalike) -> None:
    with pytest.raises(TypeError, match="a path, a file's bytes, a Pillow image or an array of pixels, not a "):
        look.find(given)


@pytest.mark.parametrize(
    ("pixels", "error"),
    [
        (np.zeros((90, 90, 3), np.float32), TypeError),
        (np.zeros((90, 90), np.uint8), ValueError),
        (np.zeros((90, 90, 4), np.uint8), ValueError),
        (np.zeros((3, 90, 90), np.uint8), ValueError),
    ],
    ids=["float", "grey", "alpha", "channels first"],
)
def test_pixels_of_another_kind_are_refused(pixels: Any, error: type[Exception], look: Lookalike) -> None:
    with pytest.raises(error, match="this array is"):
        look.find(pixels)


def test_an_answer_without_a_face_is_a_value(look: Lookalike) -> None:
    assert isinstance(look.find(b"blank"), NoFace)
    compared = look.compare(HOPPER, b"blank")
    assert isinstance(compared, NotCompared)
    assert compared.which == "b"


@pytest.mark.parametrize(("face_a", "face_b"), [(3, 1), (1, 0), (1, -1)])
def test_a_face_that_is_not_there_is_no_such_face(face_a: int, face_b: int, look: Lookalike) -> None:
    with pytest.raises(lookalike.NoSuchFace, match="2 usable faces"):
        look.compare(HOPPER, HOPPER, face_a=face_a, face_b=face_b)
    answer = look.find(HOPPER)
    assert isinstance(answer, Found)
    with pytest.raises(lookalike.LookalikeError):
        look.card(answer, face=3)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_cards_are_files_of_the_format_asked_for(file_format: Any, look: Lookalike) -> None:
    answer, compared = look.find(HOPPER), look.compare(HOPPER, HOPPER)
    assert isinstance(answer, Found)
    assert isinstance(compared, lookalike.Compared)
    for card in (look.card(answer, face=2, file_format=file_format), look.card(compared, file_format=file_format)):
        with Image.open(io.BytesIO(card)) as opened:
            assert (opened.format, opened.width) == (file_format, 1080)


def test_a_card_of_no_answer_is_a_type_error(look: Lookalike) -> None:
    with pytest.raises(TypeError, match="not a NoFace"):
        look.card(cast("Found", look.find(b"blank")))


def test_printed_answers_are_short_and_hold_no_pixels_and_no_vectors(look: Lookalike) -> None:
    answer = look.find(HOPPER)
    for value in (answer, look.compare(HOPPER, HOPPER), look.faces(HOPPER), look.find(b"blank")):
        assert len(repr(value)) < 600
        assert "array" not in repr(value)
    assert isinstance(answer, Found)
    assert "CelebA No. 1" in repr(answer)
    for part in (answer.faces[0].face, answer.faces[0].face.embedding, answer.faces[0].matches[0].person):
        assert len(repr(part)) < 600
        assert "array" not in repr(part)


def test_after_closing_nothing_is_answered_any_more(look: Lookalike) -> None:
    look.close()
    with pytest.raises(lookalike.LookalikeError, match="closed"):
        look.find(HOPPER)
    assert repr(look) == "<Lookalike: closed>"


def test_several_threads_may_ask_at_once(look: Lookalike) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(look.find, [HOPPER] * 8))
    assert all(isinstance(answer, Found) for answer in answers)


def turned(orientation: int) -> Image.Image:
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    hopper().save(buffer, "PNG", exif=exif)
    return Image.open(io.BytesIO(buffer.getvalue()))


def with_alpha() -> Image.Image:
    picture = hopper().convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return picture


@pytest.mark.parametrize(
    "make",
    [
        lambda: hopper().convert("L"),
        lambda: hopper().convert("1"),
        lambda: hopper().convert("P"),
        with_alpha,
        *(lambda orientation=orientation: turned(orientation) for orientation in range(2, 9)),
        lambda: hopper().resize((3000, 3500)),
        lambda: hopper().resize((5000, 5860)),
    ],
)
def test_a_pillow_image_comes_out_as_the_same_file_would(make: Callable[[], Image.Image]) -> None:
    picture = make()
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", exif=picture.getexif(), compress_level=1)
    want = decode(buffer.getvalue())
    got = of_pillow(picture, max_pixels=40_000_000)
    assert got.scale == pytest.approx(want.scale)
    assert got.image.shape == want.image.shape
    assert np.abs(got.image.astype(int) - want.image.astype(int)).max() <= 1


@pytest.mark.parametrize("shape", [(30, 30, 3), (4000, 30, 3), (100, 9000, 3)])
def test_pixels_keep_their_rows_and_columns_up_to_the_working_size(shape: tuple[int, int, int]) -> None:
    image = of_array(np.zeros(shape, np.uint8), max_pixels=40_000_000)
    height, width = shape[:2]
    assert max(image.image.shape) <= PhotoLimits().longer_side_px((width, height))
    assert image.image.size <= 3 * 2048 * 1536  # as many as a picture of 4:3 has
    assert image.image.shape[0] * image.scale == pytest.approx(shape[0], rel=0.1)


def test_limits_hold_for_pixels_too() -> None:
    with pytest.raises(BadPhoto, match="raise max_photo_mpx"):
        of_array(np.zeros((100, 101, 3), np.uint8), max_pixels=10_000)
    with pytest.raises(BadPhoto, match="under 20"):
        of_pillow(Image.new("RGB", (19, 300)), max_pixels=10_000)


def test_neither_environment_nor_dot_env_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library must not answer from whatever folder it is started in."""
    opened: list[Settings] = []
    monkeypatch.setattr("lookalike.app.build", opened.append)
    (tmp_path / ".env").write_bytes(b"GALLERY=/elsewhere\nENGINE=onnxruntime\n\xff\xfe")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAX_PHOTO_MB", "3")
    monkeypatch.setenv("ENGINE_THREADS", "many")
    lookalike.open(max_photo_mpx=60, gallery="mine", threads=2)
    (settings,) = opened
    assert (settings.engine, settings.max_photo_mb, settings.max_photo_mpx) == ("openvino", 20, 60)
    assert (settings.gallery_path, settings.engine_threads) == (Path("mine"), 2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"engine": "tensorrt"}, "engine: "),
        ({"threads": -1}, "threads: "),
        ({"gallery_images": "/nowhere"}, "gallery_images: there is no folder or zip file /nowhere"),
        ({"max_photo_mb": 0}, "max_photo_mb: "),
    ],
)
def test_an_argument_that_can_t_be_is_a_value_error_that_names_it(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        lookalike.open(**given)


def test_a_broken_set_up_is_one_error_of_this_package(tmp_path: Path) -> None:
    with pytest.raises(lookalike.SetupBroken, match=r"manifest\.toml"):
        lookalike.open(weights_dir=tmp_path)


def test_every_public_name_is_there_and_the_version_is_the_package_s() -> None:
    from importlib.metadata import version

    for name in lookalike.__all__:
        assert getattr(lookalike, name) is not None
    assert set(lookalike.__all__) <= set(dir(lookalike))
    assert lookalike.__version__ == version("lookalike")
    assert (Path(lookalike.__file__).parent / "py.typed").is_file()
    with pytest.raises(AttributeError, match="nonsense"):
        _ = lookalike.nonsense


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'pydantic', 'PIL', 'cv2', 'faiss', 'openvino', 'typer', 'importlib.metadata'}"
    code = f"import sys; before = set(sys.modules); import lookalike; print({heavy} & (set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.weights
def test_the_shipped_networks_answer_every_kind_of_photo_alike(tmp_path: Path) -> None:
    hopper().save(tmp_path / "me.png")
    with lookalike.open() as look, Image.open(tmp_path / "me.png") as picture:
        by_path, by_image = look.find(tmp_path / "me.png"), look.find(picture)
        assert isinstance(by_path, Found)
        assert isinstance(by_image, Found)
        people = [[match.person.number for match in answer.faces[0].matches] for answer in (by_path, by_image)]
        assert people[0] == people[1]
        assert isinstance(look.compare(HOPPER, ASTRONAUT), lookalike.Compared)
        assert look.gallery.people > 9000
