"""The command line with the shipped networks and gallery: files in, text, JSON and exit codes out."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter
from typer.testing import CliRunner, Result

from lookalike.cli.main import app
from lookalike.paths import ROOT

pytestmark = pytest.mark.weights

HOPPER = ROOT / "lookalike" / "sample" / "grace_hopper.jpg"
ASTRONAUT = ROOT / "lookalike" / "sample" / "astronaut.jpg"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No .env of the developer's is read, and cards are written here."""
    monkeypatch.chdir(tmp_path)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def document(result: Result) -> dict[str, Any]:
    """The one JSON document on stdout; fails when there is anything else."""
    parsed = json.loads(result.stdout)
    assert isinstance(parsed, dict)
    return parsed


def hopper() -> Image.Image:
    with Image.open(HOPPER) as picture:
        return picture.convert("RGB")


def saved(picture: Image.Image, path: Path, **options: Any) -> Path:
    picture.save(path, **options)
    return path


def test_match_prints_eight_people_and_writes_the_card() -> None:
    result = run("match", HOPPER)
    assert result.exit_code == 0, result.output
    assert "A passing likeness. " in result.stdout
    assert Path("answers/grace_hopper.png").is_file() or Path("answers/grace_hopper.jpg").is_file()
    assert "Card: answers/grace_hopper" in result.stdout


def test_photos_of_one_name_keep_a_card_each() -> None:
    for folder in ("a", "b"):
        Path(folder).mkdir()
    shutil.copyfile(HOPPER, "a/1.jpg")
    shutil.copyfile(ASTRONAUT, "b/1.jpg")
    result = run("match", "a/1.jpg", "b/1.jpg")
    assert result.exit_code == 0, result.output
    first, second = sorted(Path("answers").iterdir(), key=lambda card: len(card.name))
    assert (first.stem, second.stem) == ("1", "1 (2)")
    assert first.read_bytes() != second.read_bytes()


def test_match_json_is_one_document_with_eight_distinct_people_a_face() -> None:
    result = run("match", HOPPER, ASTRONAUT, "--json")
    assert result.exit_code == 0, result.output
    photos = document(result)["photos"]
    assert [entry["path"] for entry in photos] == [str(HOPPER), str(ASTRONAUT)]
    for entry in photos:
        assert entry["error"] is None
        matches = entry["faces"][0]["matches"]
        assert [one["rank"] for one in matches] == list(range(1, 9))
        assert len({one["person"] for one in matches}) == 8
        similarities = [one["similarity"] for one in matches]
        assert similarities == sorted(similarities, reverse=True)


def test_faces_json_has_a_unit_embedding_when_asked() -> None:
    entry = document(run("faces", HOPPER, "--json", "--embeddings"))["photos"][0]["faces"][0]
    assert len(entry["embedding"]) == 512
    assert np.linalg.norm(entry["embedding"]) == pytest.approx(1, abs=1e-4)
    x0, y0, x1, y1 = entry["box"]
    assert all(x0 < x < x1 and y0 < y < y1 for x, y in entry["points"])
    assert document(run("faces", HOPPER, "--json"))["photos"][0]["faces"][0]["embedding"] is None


def test_two_photos_of_one_person_and_of_two_people_fall_into_different_bands(tmp_path: Path) -> None:
    """The second photo of the same person is the first, cropped, darker and at a lower quality."""
    picture = hopper()
    other = saved(
        picture.crop((60, 20, 460, 560)).resize((300, 405)).point(lambda value: int(value * 0.8)),
        tmp_path / "again.jpg",
        quality=60,
    )
    same = document(run("compare", HOPPER, other, "--json"))
    strangers = document(run("compare", HOPPER, ASTRONAUT, "--json"))
    assert (same["face_a"], same["usable_b"], same["card"], same["error"]) == (1, 1, None, None)
    assert same["similarity"] > strangers["similarity"]
    assert same["false_match_rate"] < strangers["false_match_rate"]
    assert same["band"] != strangers["band"]


def test_compare_of_a_face_that_is_not_there_says_so() -> None:
    result = run("compare", HOPPER, ASTRONAUT, "--json", "--face-b", "3")
    assert result.exit_code == 1
    assert document(result)["error"]["code"] == "no_such_face"


def test_boxes_follow_the_photo_through_exif_orientation_and_stay_in_its_own_pixels(tmp_path: Path) -> None:
    """A sideways file with an orientation tag shows upright: the same box as in the upright file."""
    upright = document(run("faces", HOPPER, "--json"))["photos"][0]["faces"][0]["box"]
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise by a quarter
    tagged = saved(hopper().transpose(Image.Transpose.ROTATE_90), tmp_path / "tagged.png", exif=exif)
    turned = document(run("faces", tagged, "--json"))["photos"][0]["faces"][0]["box"]
    assert turned == pytest.approx(upright, abs=8)


def test_a_photo_turned_pixel_by_pixel_finds_the_same_people(tmp_path: Path) -> None:
    first = document(run("match", HOPPER, "--json"))["photos"][0]["faces"][0]
    turned = saved(hopper().transpose(Image.Transpose.ROTATE_90), tmp_path / "turned.png")
    second = document(run("match", turned, "--json"))["photos"][0]["faces"][0]
    assert second["matches"][0]["person"] == first["matches"][0]["person"]
    assert len({m["person"] for m in first["matches"]} & {m["person"] for m in second["matches"]}) >= 7
    # Turned counter-clockwise, (x, y) of the 512 px wide photo lies at (y, 512 - x).
    x0, y0, x1, y1 = first["box"]
    assert second["box"] == pytest.approx([y0, 512 - x1, y1, 512 - x0], abs=14)


def convert(mode: str, suffix: str) -> Callable[[Path], Path]:
    return lambda folder: saved(hopper().convert(mode), folder / f"picture{suffix}")


def sixteen_bit(folder: Path) -> Path:
    grey = np.asarray(hopper().convert("L")).astype(np.uint16) * 257
    return saved(Image.fromarray(grey), folder / "deep.png")


def animated(folder: Path) -> Path:
    frames = [hopper(), Image.new("RGB", (512, 600), "blue")]
    return saved(frames[0], folder / "moving.gif", save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    "make",
    [
        convert("CMYK", ".jpg"),
        convert("P", ".png"),
        convert("RGBA", ".png"),
        convert("L", ".webp"),
        sixteen_bit,
        animated,
    ],
    ids=["cmyk", "palette", "alpha", "grey webp", "16 bit", "animated gif"],
)
def test_unusual_pictures_are_answered_like_the_plain_one(make: Callable[[Path], Path], tmp_path: Path) -> None:
    plain = document(run("faces", HOPPER, "--json", "--embeddings"))["photos"][0]["faces"][0]["embedding"]
    result = run("faces", make(tmp_path), "--json", "--embeddings")
    assert result.exit_code == 0, result.output
    unusual = document(result)["photos"][0]["faces"][0]["embedding"]
    assert float(np.dot(plain, unusual)) > 0.7  # colour is lost in some of them, the person is not


def text_file(folder: Path) -> Path:
    (folder / "notes.jpg").write_text("this is no picture\n" * 40)
    return folder / "notes.jpg"


def truncated(folder: Path) -> Path:
    (folder / "half.jpg").write_bytes(HOPPER.read_bytes()[:20_000])
    return folder / "half.jpg"


def enormous(folder: Path) -> Path:
    """A 1-bit PNG of 30,000 x 30,000 pixels in some 100 KB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(3751) * 30_000, 9)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (folder / "bomb.png").write_bytes(data)
    return folder / "bomb.png"


def empty(folder: Path) -> Path:
    (folder / "empty.jpg").write_bytes(b"")
    return folder / "empty.jpg"


def landscape(folder: Path) -> Path:
    x, y = np.meshgrid(np.linspace(0, 1, 640), np.linspace(0, 1, 480))
    pixels = np.stack([200 * y, 150 + 60 * x * 0, 255 - 120 * y], axis=-1).astype(np.uint8)
    return saved(Image.fromarray(pixels), folder / "sky.jpg")


def tiny_face(folder: Path) -> Path:
    canvas = Image.new("RGB", (640, 640), (120, 130, 140))
    canvas.paste(hopper().resize((44, 52), Image.Resampling.LANCZOS), (300, 300))
    return saved(canvas, folder / "tiny.png")


def blurred(folder: Path) -> Path:
    return saved(hopper().filter(ImageFilter.GaussianBlur(14)), folder / "blurred.jpg")


def missing(folder: Path) -> Path:
    return folder / "nobody.jpg"


def folder_itself(folder: Path) -> Path:
    (folder / "album").mkdir()
    return folder / "album"


@pytest.mark.parametrize(
    ("make", "codes"),
    [
        (text_file, {"not_a_picture"}),
        (truncated, {"broken"}),
        (enormous, {"too_many_pixels"}),
        (empty, {"empty"}),
        (landscape, {"no_face"}),
        (tiny_face, {"no_face", "no_usable_face"}),
        (blurred, {"no_face", "no_usable_face"}),
        (missing, {"not_found"}),
        (folder_itself, {"is_a_folder"}),
    ],
    ids=["text", "truncated", "bomb", "empty", "no face", "too small", "blurred", "unknown path", "folder"],
)
def test_bad_input_is_one_clear_sentence_and_exit_code_1(
    make: Callable[[Path], Path], codes: set[str], tmp_path: Path
) -> None:
    path = make(tmp_path)
    as_json = run("match", path, "--json")
    assert as_json.exit_code == 1
    error = document(as_json)["photos"][0]["error"]
    assert error["code"] in codes
    as_text = run("match", path)
    assert as_text.exit_code == 1
    assert as_text.stderr.count("\n") == 1
    assert as_text.stderr.startswith("lookalike: ")
    assert "Traceback" not in as_text.output
    assert error["message"] in as_text.stderr


def test_a_bad_photo_does_not_cost_the_good_one_its_answer(tmp_path: Path) -> None:
    result = run("faces", text_file(tmp_path), HOPPER, "--json")
    assert result.exit_code == 1
    first, second = document(result)["photos"]
    assert first["error"]["code"] == "not_a_picture"
    assert second["error"] is None
    assert len(second["faces"]) == 1


def test_a_photo_without_a_face_is_an_answer_for_faces(tmp_path: Path) -> None:
    result = run("faces", landscape(tmp_path), "--json")
    assert result.exit_code == 0
    assert document(result)["photos"][0] == {
        "path": str(tmp_path / "sky.jpg"),
        "faces": [],
        "faces_left_out": 0,
        "error": None,
    }


def test_forty_faces_on_one_photo_are_all_found(tmp_path: Path) -> None:
    face = hopper().crop((120, 20, 400, 380)).resize((112, 144), Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (8 * 150, 5 * 180), (110, 120, 125))
    for index in range(40):
        canvas.paste(face, (20 + index % 8 * 150, 18 + index // 8 * 180))
    path = saved(canvas, tmp_path / "forty.png")
    photo = document(run("faces", path, "--json"))["photos"][0]
    assert len(photo["faces"]) == 40
    assert all(entry["usable"] for entry in photo["faces"])


def broken_setup(tmp_path: Path, change: Callable[[Path], None]) -> subprocess.CompletedProcess[str]:
    """Run the real command on a copy of the weights that `change` has damaged, with the engine that starts faster."""
    weights = tmp_path / "weights"
    shutil.copytree(ROOT / "weights", weights)
    change(weights)
    return subprocess.run(
        [sys.executable, "-m", "lookalike", "match", str(HOPPER)],
        env={"WEIGHTS_DIR": str(weights), "ENGINE": "onnxruntime", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


def append_byte(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"\0")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (shutil.rmtree, "manifest.toml"),
        (lambda weights: (weights / "embedder.onnx").unlink(), "embedder.onnx"),
        (lambda weights: append_byte(weights / "detector.onnx"), "sha256"),
        (lambda weights: shutil.rmtree(weights / "gallery"), "lookalike index build"),
        (lambda weights: append_byte(weights / "gallery" / "vectors.faiss"), "lookalike index build"),
        (lambda weights: (weights / "calibration.json").unlink(), "lookalike evaluate"),
    ],
    ids=["no weights", "no embedder", "wrong hash", "no gallery", "damaged gallery", "no calibration"],
)
def test_a_broken_set_up_is_one_sentence_that_says_what_to_do_and_exit_code_3(
    change: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    done = broken_setup(tmp_path, change)
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_wrong_usage_is_exit_code_2() -> None:
    assert run("match").exit_code == 2
    assert run("compare", HOPPER).exit_code == 2
    assert run("nonsense").exit_code == 2


def test_a_pipe_is_refused_unopened(tmp_path: Path) -> None:
    """Opening one would wait for its writer for ever."""
    pipe = tmp_path / "p.jpg"
    os.mkfifo(pipe)
    result = run("match", str(pipe))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "a pipe or a device, not a file" in result.stderr


def test_a_name_that_would_steer_the_terminal_is_one_harmless_line(tmp_path: Path) -> None:
    result = run("faces", str(tmp_path / "a\nb\x1b[31m.jpg"))
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "a\\nb\\x1b[31m.jpg: there is no such file" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_disk_behind_the_answer_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lookalike", "match", str(HOPPER), "--json"],
            cwd=ROOT, env=os.environ | {"ENGINE": "onnxruntime"}, stdout=full, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "lookalike: the answer can't be written: No space left on device\n"


def test_a_folder_of_pictures_that_is_not_there_is_said() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lookalike", "match", str(HOPPER)],
        cwd=ROOT, env=os.environ | {"GALLERY_IMAGES": "/nowhere", "WORKERS": "0"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 3
    told = done.stderr.splitlines()
    assert len(told) == 2  # all that is wrong at once
    assert "lookalike: setting GALLERY_IMAGES: there is no folder or zip file /nowhere; " in done.stderr
    assert "lookalike: setting WORKERS: " in done.stderr
