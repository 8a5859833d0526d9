"""Building: the right people, the right vectors, whatever is interrupted, damaged or in the way."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from index.build import Progress, build_gallery, rewrite_people
from index.errors import BadSource, BuildRunning, NotAGallery
from index.files import FACES, MANIFEST, SKIPPED, VECTORS
from index.gallery import Gallery
from index.layouts import read_source
from tests.index.arithmetic_embed import BAD, ArithmeticEmbed, people_folder, vector_of

MODEL = "e" * 64


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return people_folder(tmp_path / "seven people", people=7, pictures=3)


def test_a_persons_vector_is_the_mean_of_the_pictures(pictures: Path, tmp_path: Path) -> None:
    build_gallery(read_source(pictures), tmp_path / "gallery", ArithmeticEmbed())
    gallery = Gallery.open(tmp_path / "gallery", embedder=MODEL)
    for row, person in enumerate(gallery.people):
        mean = np.mean([vector_of(file.read_bytes()) for file in sorted((pictures / person.number).iterdir())], axis=0)
        np.testing.assert_allclose(gallery.vectors()[row], mean / np.linalg.norm(mean), atol=2.0**-11)
        assert person.images == 3
        assert person.image.startswith(f"{person.number}/")


def test_the_same_pictures_give_the_same_gallery(pictures: Path, tmp_path: Path) -> None:
    for name, batch in (("a", 1), ("b", 5)):
        build_gallery(read_source(pictures), tmp_path / name, ArithmeticEmbed(), batch=batch, created="now")
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_bad_pictures_are_skipped_and_listed(pictures: Path, tmp_path: Path) -> None:
    (pictures / "person 2" / "1.jpg").write_bytes(BAD)
    for picture in (pictures / "person 4").iterdir():
        picture.write_bytes(BAD)
    report = build_gallery(read_source(pictures), tmp_path / "gallery", ArithmeticEmbed())
    assert [file for file, _ in report.skipped] == ["person 2/1.jpg", *(f"person 4/{k}.jpg" for k in range(3))]
    assert report.people_left_out == ("person 4",)
    assert (report.info.people, report.info.pictures) == (6, 17)
    rows = list(csv.reader((tmp_path / "gallery" / SKIPPED).read_text().splitlines()))
    assert rows[:2] == [["file", "reason"], ["person 2/1.jpg", "these bytes are no picture"]]


def test_nothing_usable_is_refused_with_the_first_reason(pictures: Path, tmp_path: Path) -> None:
    for file in pictures.rglob("*.jpg"):
        file.write_bytes(BAD)
    with pytest.raises(BadSource, match=r"none of its 21 pictures can be used; the first, person 0/0\.jpg: these"):
        build_gallery(read_source(pictures), tmp_path / "gallery", ArithmeticEmbed())
    assert not (tmp_path / "gallery").exists()


def test_boxes_and_points_are_kept_on_request(pictures: Path, tmp_path: Path) -> None:
    build_gallery(read_source(pictures), tmp_path / "gallery", ArithmeticEmbed(), keep_faces=True)
    with (tmp_path / "gallery" / FACES).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 21
    assert (rows[0]["file"], rows[0]["person"], rows[0]["y1"]) == ("person 0/0.jpg", "person 0", "4.0")
    assert (rows[0]["x_left_eye"], rows[0]["y_right_mouth"]) == ("0.0", "9.0")
    Gallery.open(tmp_path / "gallery", embedder=MODEL)


def test_a_broken_build_goes_on_where_it_stopped(pictures: Path, tmp_path: Path) -> None:
    source, out = read_source(pictures), tmp_path / "gallery"
    with pytest.raises(RuntimeError, match="the engine broke"):
        build_gallery(source, out, ArithmeticEmbed(fails_after=10), batch=5, part_pictures=5)
    assert not out.exists()
    embed = ArithmeticEmbed()
    report = build_gallery(source, out, embed, batch=5, created="now")
    assert report.reused == 10
    assert embed.seen == [picture.file for picture in source.pictures[10:]]
    build_gallery(source, tmp_path / "at once", ArithmeticEmbed(), created="now")
    assert (out / VECTORS).read_bytes() == (tmp_path / "at once" / VECTORS).read_bytes()
    assert [item.name for item in tmp_path.iterdir() if item.name.startswith(".")] == []


def test_vectors_of_another_embedder_or_recipe_are_not_taken_up(pictures: Path, tmp_path: Path) -> None:
    source, out = read_source(pictures), tmp_path / "gallery"
    for other in (ArithmeticEmbed(model="f" * 64), ArithmeticEmbed(recipe="another")):
        with pytest.raises(RuntimeError):
            build_gallery(source, out, ArithmeticEmbed(fails_after=10), batch=5, part_pictures=5)
        assert build_gallery(source, out, other).reused == 0


def test_a_picture_that_changed_is_embedded_again(pictures: Path, tmp_path: Path) -> None:
    source, out = read_source(pictures), tmp_path / "gallery"
    with pytest.raises(RuntimeError):
        build_gallery(source, out, ArithmeticEmbed(fails_after=21), batch=5, part_pictures=5, progress=_fail_at(20))
    (pictures / "person 0" / "0.jpg").write_bytes(b"another picture")
    embed = ArithmeticEmbed()
    build_gallery(source, out, embed)
    assert "person 0/0.jpg" in embed.seen
    assert "person 0/1.jpg" not in embed.seen


def _fail_at(done: int) -> Callable[[Progress], None]:
    def show(progress: Progress) -> None:
        if progress.done >= done:
            raise RuntimeError("stopped")

    return show


KILLED = """
import sys, time
from pathlib import Path
from index.build import build_gallery
from index.layouts import read_source
from tests.index.arithmetic_embed import ArithmeticEmbed

def slowly(progress):
    print(progress.done, flush=True)
    time.sleep(0.01)

build_gallery(read_source(Path(sys.argv[1])), Path(sys.argv[2]), ArithmeticEmbed(), batch=4, part_pictures=4,
              progress=slowly, created="now")
"""


def test_a_killed_build_loses_at_most_the_part_at_work(tmp_path: Path) -> None:
    """Kill -9 in the middle, with an older gallery in place, which stays as it is; then the build is finished."""
    small = people_folder(tmp_path / "few", people=2)
    pictures = people_folder(tmp_path / "pictures", people=40, pictures=5)
    out = tmp_path / "gallery"
    build_gallery(read_source(small), out, ArithmeticEmbed())
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(pictures), str(out)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},  # noqa: PTH109 - the path as a string
    )
    assert process.stdout is not None
    done = 0
    with process:
        for line in process.stdout:
            done = int(line)
            if done >= 80:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    assert Gallery.open(out, embedder=MODEL).info.people == 2
    source = read_source(pictures)
    report = build_gallery(source, out, ArithmeticEmbed(), created="now")
    assert report.reused >= 80
    assert Gallery.open(out, embedder=MODEL).info.people == 40
    build_gallery(source, tmp_path / "at once", ArithmeticEmbed(), created="now")
    for name in (VECTORS, MANIFEST):
        assert (out / name).read_bytes() == (tmp_path / "at once" / name).read_bytes()


def test_the_old_gallery_answers_until_the_swap(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "gallery"
    build_gallery(read_source(people_folder(tmp_path / "few", people=2)), out, ArithmeticEmbed())
    seen: list[int] = []

    def look(_: Progress) -> None:
        seen.append(Gallery.open(out, embedder=MODEL).info.people)

    build_gallery(read_source(pictures), out, ArithmeticEmbed(), batch=3, progress=look)
    assert set(seen) == {2}
    assert Gallery.open(out, embedder=MODEL).info.people == 7


def test_a_damaged_gallery_is_mended_by_building_anew(gallery_folder: Path, pictures: Path) -> None:
    (gallery_folder / MANIFEST).write_bytes(b"damaged")
    build_gallery(read_source(pictures), gallery_folder, ArithmeticEmbed())
    assert Gallery.open(gallery_folder, embedder=MODEL).info.people == 7


def test_a_folder_of_other_things_is_not_overwritten(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(NotAGallery, match="holds other things"):
        build_gallery(read_source(pictures), pictures, ArithmeticEmbed())
    assert len(list(pictures.rglob("*.jpg"))) == 21
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(NotAGallery, match="is a file"):
        build_gallery(read_source(pictures), tmp_path / "file", ArithmeticEmbed())


def test_two_builds_of_one_gallery_do_not_meet(pictures: Path, tmp_path: Path) -> None:
    def second(_: Progress) -> None:
        build_gallery(read_source(pictures), tmp_path / "gallery", ArithmeticEmbed())

    with pytest.raises(BuildRunning, match="wait"):
        build_gallery(read_source(pictures), tmp_path / "gallery", ArithmeticEmbed(), progress=second)


def test_a_vector_of_another_length_is_our_bug_and_says_so(pictures: Path, tmp_path: Path) -> None:
    class Long(ArithmeticEmbed):
        def _one(self, data, picture):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - as the parent's
            one = super()._one(data, picture)
            one.vector[:] *= 2  # type: ignore[union-attr]
            return one

    with pytest.raises(ValueError, match=r"person 0/0\.jpg: want a unit vector"):
        build_gallery(read_source(pictures), tmp_path / "gallery", Long())


def test_progress_counts_every_picture(pictures: Path, tmp_path: Path) -> None:
    (pictures / "person 0" / "0.jpg").write_bytes(BAD)
    steps: list[Progress] = []
    build_gallery(read_source(pictures), tmp_path / "gallery", ArithmeticEmbed(), batch=8, progress=steps.append)
    assert [step.done for step in steps] == [0, 8, 16, 21]
    assert steps[-1] == Progress(done=21, total=21, skipped=1)


def test_a_change_that_would_mix_people_up_is_refused(gallery_folder: Path) -> None:
    before = (gallery_folder / MANIFEST).read_bytes()
    with pytest.raises(ValueError, match="another's"):
        rewrite_people(gallery_folder, lambda people: people[::-1])
    assert (gallery_folder / MANIFEST).read_bytes() == before


def test_reading_the_journal_back_takes_no_longer_for_more_parts(tmp_path: Path) -> None:
    """Two thousand pictures in 400 parts, each read once: opening parts over and over would take minutes."""
    source = read_source(people_folder(tmp_path / "pictures", people=500, pictures=4))
    start = time.monotonic()
    build_gallery(source, tmp_path / "gallery", ArithmeticEmbed(), part_pictures=5)
    assert time.monotonic() - start < 10
