"""Cards never take the place of anything that the program did not make, nor of a photo that was given."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import pytest
from PIL import Image

from lookalike.cli import card_files
from lookalike.cli.card_files import CardFiles, PlaceTaken, is_card, marked


def picture(file_format: str = "JPEG", colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    drawn = Image.new("RGB", (40, 30), colour)
    drawn.paste("white", (0, 0, 20, 10))
    drawn.save(buffer, file_format)
    return buffer.getvalue()


PHOTO = picture(colour="blue")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def card_of(folder: Path, photo: Path) -> Path:
    """Write a card as one call of the program does, and say where it went."""
    files = CardFiles([photo])
    (path,) = files.names(folder, photo.stem, [], suffix=".jpg")
    files.write(path, picture())
    return path


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_a_mark_is_known_again_and_any_changed_byte_breaks_it(file_format: str) -> None:
    card = marked(picture(file_format))
    assert is_card(card)
    assert not is_card(picture(file_format))
    for at in (len(card) // 2, len(card) - 1, 30):
        assert not is_card(card[:at] + bytes([card[at] ^ 1]) + card[at + 1 :])
    assert not is_card(card + b"more")
    assert not is_card(card[: len(card) // 2])


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_a_marked_card_shows_the_same_picture(file_format: str) -> None:
    with (
        Image.open(io.BytesIO(marked(picture(file_format)))) as opened,
        Image.open(io.BytesIO(picture(file_format))) as plain,
    ):
        assert (opened.format, opened.convert("RGB").getcolors()) == (file_format, plain.convert("RGB").getcolors())
        told = opened.info["comment" if file_format == "JPEG" else "Comment"]
    assert "Lookalike card" in str(told)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"\0" * 300])
def test_scraps_of_files_are_no_cards(data: bytes) -> None:
    assert not is_card(data)


def test_the_card_stands_under_the_photo_s_name_where_nothing_is_in_its_way(tmp_path: Path) -> None:
    assert card_of(tmp_path / "answers", tmp_path / "me.jpg") == tmp_path / "answers" / "me.jpg"


def test_a_photo_in_the_cards_folder_is_not_replaced(tmp_path: Path) -> None:
    me = tmp_path / "me.jpg"
    me.write_bytes(PHOTO)
    assert card_of(tmp_path, me) == tmp_path / "me-lookalike.jpg"
    assert me.read_bytes() == PHOTO


def test_a_card_that_is_given_as_the_photo_is_not_replaced_either(tmp_path: Path) -> None:
    """`cd answers; lookalike match me.jpg --cards .`"""
    me = card_of(tmp_path, Path("elsewhere/me.jpg"))
    before = me.read_bytes()
    assert card_of(tmp_path, me) == tmp_path / "me-lookalike.jpg"
    assert me.read_bytes() == before


def test_the_card_of_an_earlier_call_is_replaced(tmp_path: Path) -> None:
    first = card_of(tmp_path, Path("elsewhere/me.jpg"))
    assert card_of(tmp_path, Path("elsewhere/me.jpg")) == first
    assert names_in(tmp_path) == ["me.jpg"]


def test_a_card_that_somebody_worked_on_is_kept(tmp_path: Path) -> None:
    """Editors keep the comment of a file; the mark holds the sum of all other bytes."""
    first = card_of(tmp_path, Path("elsewhere/me.jpg"))
    with Image.open(first) as opened:
        opened.load()
        opened.transpose(Image.Transpose.ROTATE_180).save(first, comment=opened.info["comment"])
    edited = first.read_bytes()
    assert card_of(tmp_path, Path("elsewhere/me.jpg")) == tmp_path / "me-lookalike.jpg"
    assert first.read_bytes() == edited


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
def test_links_to_the_photo_are_not_written_through(link: object, tmp_path: Path) -> None:
    assert callable(link)
    photo, cards = tmp_path / "photo.jpg", tmp_path / "cards"
    cards.mkdir()
    photo.write_bytes(PHOTO)
    link(photo, cards / "photo.jpg")
    assert card_of(cards, photo) == cards / "photo-lookalike.jpg"
    assert photo.read_bytes() == PHOTO == (cards / "photo.jpg").read_bytes()


def test_a_hard_link_to_a_card_that_is_given_as_the_photo_stays(tmp_path: Path) -> None:
    photo = card_of(tmp_path / "a", Path("me.jpg"))
    (tmp_path / "b").mkdir()
    os.link(photo, tmp_path / "b" / "me.jpg")
    assert card_of(tmp_path / "b", photo).name == "me-lookalike.jpg"


def test_a_link_that_leads_nowhere_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "me.jpg").symlink_to(tmp_path / "gone.jpg")
    assert card_of(tmp_path, Path("elsewhere/me.jpg")).name == "me-lookalike.jpg"
    assert not (tmp_path / "gone.jpg").exists()


def test_a_folder_of_the_card_s_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "me.jpg").mkdir()
    assert card_of(tmp_path, Path("elsewhere/me.jpg")).name == "me-lookalike.jpg"


def test_when_both_names_are_taken_a_number_tells_them_apart(tmp_path: Path) -> None:
    for name in ("me.jpg", "me-lookalike.jpg"):
        (tmp_path / name).write_bytes(PHOTO)
    assert card_of(tmp_path, tmp_path / "me.jpg").name == "me (2).jpg"


def test_two_photos_of_one_name_have_a_card_each(tmp_path: Path) -> None:
    files = CardFiles([])
    written = []
    for numbers in ([], [], [1, 2]):
        paths = files.names(tmp_path, "1", numbers, suffix=".jpg")
        for path in paths:
            files.write(path, picture())
        written += [path.name for path in paths]
    assert written == ["1.jpg", "1 (2).jpg", "1-1.jpg", "1-2.jpg"]
    (again,) = files.names(tmp_path, "1-2", [], suffix=".jpg")
    assert again.name == "1-2 (2).jpg"


def test_a_card_of_this_call_is_known_under_its_other_names(tmp_path: Path) -> None:
    """On file systems that don't tell capitals from small letters, A.jpg and a.jpg are one file; here by a link."""
    files = CardFiles([])
    files.write(tmp_path / "A.jpg", picture())
    os.link(tmp_path / "A.jpg", tmp_path / "a.jpg")
    assert files.names(tmp_path, "a", [], suffix=".jpg") == [tmp_path / "a-lookalike.jpg"]


def test_cards_of_one_photo_keep_together_beside_another_file(tmp_path: Path) -> None:
    (tmp_path / "party-2.jpg").write_bytes(PHOTO)
    names = [path.name for path in CardFiles([]).names(tmp_path, "party", [1, 2, 3], suffix=".jpg")]
    assert names == ["party-lookalike-1.jpg", "party-lookalike-2.jpg", "party-lookalike-3.jpg"]


def test_a_name_that_was_asked_for_and_is_taken_is_refused(tmp_path: Path) -> None:
    me = tmp_path / "me.jpg"
    me.write_bytes(PHOTO)
    with pytest.raises(PlaceTaken, match="left as it is"):
        CardFiles([]).write(me, picture())
    assert me.read_bytes() == PHOTO
    assert names_in(tmp_path) == ["me.jpg"]


@pytest.mark.parametrize("error", [errno.EPERM, errno.EOPNOTSUPP])
def test_without_hard_links_cards_are_written_and_nothing_is_replaced(
    error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAT and some network shares have none."""

    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "link", refuse)
    me = card_of(tmp_path, Path("elsewhere/me.jpg"))
    assert is_card(me.read_bytes())
    assert names_in(tmp_path) == ["me.jpg"]


def test_a_file_that_comes_in_between_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    me = tmp_path / "me.jpg"
    monkeypatch.setattr(os.path, "lexists", lambda _path: me.write_bytes(PHOTO) == 0)
    with pytest.raises(PlaceTaken):
        CardFiles([]).write(me, picture())
    assert me.read_bytes() == PHOTO
    assert names_in(tmp_path) == ["me.jpg"]


def test_a_disk_that_fills_up_leaves_the_earlier_card_and_no_scraps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = card_of(tmp_path, Path("elsewhere/me.jpg"))
    before = me.read_bytes()

    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(card_files, "_write_new", full)
    with pytest.raises(OSError, match="No space left"):
        CardFiles([]).write(me, picture(colour="green"))
    assert me.read_bytes() == before
    assert names_in(tmp_path) == ["me.jpg"]


def test_a_name_too_long_for_the_file_system_is_cut(tmp_path: Path) -> None:
    path = card_of(tmp_path, Path("x" * 250 + ".jpg"))
    assert path.is_file()
    path = card_of(tmp_path, Path("ж" * 120 + ".jpg"))
    assert path.is_file()
