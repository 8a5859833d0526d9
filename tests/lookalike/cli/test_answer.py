"""`match`, `faces` and `compare` with scripted faces: what is printed, written and returned. No networks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

import lookalike.app
from lookalike.app import App
from lookalike.cards import CardRenderer, FolderPictures
from lookalike.cli.card_files import is_card
from lookalike.cli.main import app
from lookalike.finder import Finder
from lookalike.settings import Settings
from pipeline.compiled_cache import CompiledCache
from pipeline.errors import BadPhoto, BadPhotoCode
from pipeline.face_pipeline import FacePipeline
from pipeline.types import DecodedPhoto, PhotoFaces, RefusalCode
from tests.lookalike.builders import EightPeople, ScriptedReader, calibration, face, photo, unit

ONE = photo(face(unit(1)))
TWO = photo(face(unit(1)), face(unit(0, 1)))
PARTY = replace(photo(*(face(unit(1, number)) for number in range(14))), left_out=36)
SMALL = photo(face(unit(1)), face(None))
DARK = replace(photo(face(None), face(None)), left_out=36)


class Reader(ScriptedReader):
    """Knows photos by their bytes, and refuses some as the pipeline does."""

    def read(self, data: bytes | DecodedPhoto) -> PhotoFaces:
        if data == b"large":
            raise BadPhoto(BadPhotoCode.TOO_MANY_PIXELS, "The picture has too many pixels; send a smaller one.")
        if data == b"heic":
            raise BadPhoto(BadPhotoCode.NEEDS_EXTRA, "HEIC pictures need the extra heif (pip ...); install it, or x.")
        if data == b"bug":
            return list[PhotoFaces]()[7]
        return super().read(data)


@pytest.fixture(autouse=True)
def _scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos of one byte string each, in an empty folder; the product answers them by the script."""
    reader = Reader({b"one": ONE, b"two": TWO, b"party": PARTY, b"small": SMALL, b"dark": DARK, b"nobody": photo()})

    def build(settings: Settings, *, cache: CompiledCache | None, wait: bool) -> App:
        finder, pictures = Finder(reader, EightPeople(), calibration()), FolderPictures(None)
        return App(
            settings=settings,
            pipeline=cast("FacePipeline", reader),
            finder=finder,
            pictures=pictures,
            renderer=CardRenderer(calibration=finder.calibration, gallery=lambda: finder.gallery, pictures=pictures),
        )

    monkeypatch.setattr(lookalike.app, "build", build)
    monkeypatch.setattr(lookalike.app, "open_pipeline", lambda _settings, **_cache: reader)
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two", "party", "small", "dark", "nobody", "large", "heic", "bug"):
        Path(f"{name}.jpg").write_text(name)


def run(*arguments: str, columns: int = 80, **options: Any) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": str(columns)}, **options)


def written() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*") if is_card(path.read_bytes() if path.is_file() else b""))


def test_one_card_that_fails_ends_nothing_else() -> None:
    Path("cards").touch()
    result = run("match", "one.jpg", "two.jpg", "--cards", "cards")
    assert result.exit_code == 1
    assert result.stdout.count(".jpg: ") == 2
    assert result.stderr.count("lookalike: cards: the card can't be written: a file is in the place of its folder") == 2
    as_json = run("match", "one.jpg", "two.jpg", "--cards", "cards", "--json")
    assert as_json.exit_code == 1
    photos = json.loads(as_json.stdout)["photos"]
    assert [len(entry["faces"][0]["matches"]) for entry in photos] == [8, 8]
    assert [entry["faces"][0]["card"] for entry in photos] == [None, None]


def test_the_json_says_where_each_card_is_and_where_there_is_none() -> None:
    entry = json.loads(run("match", "party.jpg", "--json", "--cards", "out", "--max-cards", "2").stdout)["photos"][0]
    assert [face["card"] for face in entry["faces"][:3]] == ["out/party-1.jpg", "out/party-2.jpg", None]
    assert written() == ["out/party-1.jpg", "out/party-2.jpg"]
    assert entry["faces_left_out"] == 36


@pytest.mark.parametrize(
    "arguments", [("match", "dark.jpg"), ("compare", "party.jpg", "one.jpg"), ("compare", "one.jpg", "dark.jpg")]
)
def test_faces_beyond_the_limit_are_told_wherever_faces_are_counted(arguments: tuple[str, ...]) -> None:
    assert "36 more faces are left out" in run(*arguments, columns=300).output


def test_with_json_cards_are_written_only_where_a_folder_is_named() -> None:
    entry = json.loads(run("match", "one.jpg", "--json").stdout)["photos"][0]
    assert entry["faces"][0]["card"] is None
    assert written() == []


def test_faces_and_cards_beyond_the_limits_are_told() -> None:
    out = run("match", "party.jpg", "--max-cards", "3").stdout
    assert "36 more faces are left out: of one photo the 14 largest are looked at." in out
    assert "Only the first 3 faces have cards, 11 further ones have none; --max-cards N writes more." in out
    assert written() == ["answers/party-1.jpg", "answers/party-2.jpg", "answers/party-3.jpg", "answers/party-faces.jpg"]
    assert "36 more faces are left out" in run("faces", "party.jpg").stdout


def test_each_face_of_a_group_has_a_line_and_the_group_a_numbered_picture() -> None:
    out = run("match", "two.jpg").stdout
    for number in (1, 2):
        assert f"Face {number} ●●●●● 0.62 Man · No. 1" in out
    assert "answers/two-faces.jpg" in written()
    assert "--picture faces.jpg" not in out
    assert "--picture faces.jpg" in run("match", "two.jpg", "--no-cards").stdout


def test_a_face_that_can_t_be_used_says_where_it_is() -> None:
    for command in ("match", "faces"):
        out = run(command, "small.jpg").stdout
        assert "Not usable, at 10 10 to 90 90: the face is too small: 7 px between the eyes, 12 are needed" in out


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("arguments", [("match", "one.jpg", "--no-cards"), ("faces", "small.jpg")])
def test_tables_fit_the_terminal_and_lose_no_word(arguments: tuple[str, ...], columns: int) -> None:
    out = run(*arguments, columns=columns).stdout
    tables = [line for line in out.splitlines() if line.startswith(("│", "┃", " ", "─", "1. "))]
    assert tables
    assert all(len(line) <= columns for line in tables)
    assert "…" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("match", "one.jpg", "--embeddings"), "--json only"),
        (("faces", "one.jpg", "--embeddings"), "--json only"),
        (("match", "one.jpg", "--no-cards", "--cards", "x"), "--no-cards"),
        (("match", "one.jpg", "--cards", ""), "name is empty"),
        (("compare", "one.jpg", "two.jpg", "--card", "x.webp"), ".jpg or .png"),
        (("compare", "one.jpg", "two.jpg", "--card", ""), ".jpg or .png"),
        (("faces", "one.jpg", "two.jpg", "--picture", "x.jpg"), "one photo"),
    ],
)
def test_options_that_contradict_each_other_are_wrong_usage(arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments, columns=200)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert written() == []


@pytest.mark.parametrize(("name", "kind"), [("x.png", "PNG"), ("x.PNG", "PNG"), ("x.jpg", "JPEG"), ("x.jpeg", "JPEG")])
def test_a_card_is_what_its_name_says(name: str, kind: str) -> None:
    for command in (("compare", "one.jpg", "two.jpg", "--card", name), ("faces", "one.jpg", "--picture", name)):
        assert run(*command).exit_code == 0
        with Image.open(name) as opened:
            assert opened.format == kind


@pytest.mark.parametrize(
    "arguments", [("compare", "one.jpg", "two.jpg", "--card", "one.jpg"), ("faces", "one.jpg", "--picture", "one.jpg")]
)
def test_a_photo_is_never_replaced_by_its_own_card(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr == (
        "lookalike: one.jpg: the card can't be written: there is another file of this name, which is left as it is; "
        "name a new one\n"
    )
    assert Path("one.jpg").read_text() == "one"


def test_photos_lying_where_the_cards_go_are_untouched() -> None:
    Path("answers").mkdir()
    Path("answers/one.jpg").write_text("one")
    assert "Card: answers/one-lookalike.jpg" in run("match", "one.jpg").stdout
    assert "Card: one-lookalike.jpg" in run("match", "one.jpg", "--cards", ".").stdout
    assert Path("answers/one.jpg").read_text() == Path("one.jpg").read_text() == "one"


def test_compare_says_which_of_several_faces_it_took() -> None:
    out = run("compare", "one.jpg", "two.jpg").stdout
    assert "two.jpg has 2 usable faces; this is face 1 (--face-b N takes another)" in out
    assert "one.jpg has" not in out
    document = json.loads(run("compare", "one.jpg", "two.jpg", "--face-b", "2", "--json").stdout)
    assert (document["face_a"], document["face_b"], document["usable_a"], document["usable_b"]) == (1, 2, 1, 2)


def test_compare_of_a_face_beyond_the_last_says_how_many_there_are() -> None:
    result = run("compare", "one.jpg", "two.jpg", "--face-a", "2")
    assert result.exit_code == 1
    assert result.stderr == "lookalike: there is no usable face 2; the first photo has only one usable face\n"


def test_a_bug_of_ours_is_not_told_as_a_missing_face() -> None:
    """Any IndexError from within used to be "no_such_face"."""
    result = run("compare", "one.jpg", "bug.jpg", "--json")
    assert isinstance(result.exception, IndexError)
    assert "no_such_face" not in result.output


def test_a_limit_of_one_s_own_names_its_setting_and_a_terminal_is_not_spoken_to_as_a_chat() -> None:
    result = run("faces", "large.jpg")
    assert result.stderr == (
        "lookalike: large.jpg: The picture has too many pixels; save it smaller, or raise the limit: MAX_PHOTO_MPX in "
        "the environment or in .env\n"
    )
    error = json.loads(run("match", "large.jpg", "--json").stdout)["photos"][0]["error"]
    assert "MAX_PHOTO_MPX" in error["message"]
    assert "send" not in error["message"]


def test_a_format_that_needs_an_extra_is_named_with_the_command_that_installs_it() -> None:
    told = run("match", "heic.jpg").stderr
    assert "heic.jpg: HEIC pictures need the extra heif; install it: " in told
    assert "pip install " in told
    assert "or save the picture as a JPEG" in told


def test_a_photo_from_standard_input_has_a_card_of_its_own_name() -> None:
    result = run("match", "-", input=b"one")
    assert result.exit_code == 0
    assert "standard input: 1 usable face\nIs that you?" in result.stdout
    assert written() == ["answers/stdin.jpg"]


def test_a_value_and_a_limit_are_never_told_as_the_same_number() -> None:
    from lookalike.cli.sentences import refusal_sentence
    from pipeline.types import Refusal

    assert "9 px between the eyes, 10 are needed" in refusal_sentence(Refusal(RefusalCode.TOO_SMALL, 9.7, 10.0))
    assert "error 16% of" in refusal_sentence(Refusal(RefusalCode.POINTS_UNSURE, 0.1504, 0.15))


@pytest.mark.parametrize("name", ["me[old].jpg", "a[/red].jpg", "x\u202egpj.jpg", "\x1b[31m.jpg"])
@pytest.mark.parametrize("command", ["match", "faces"])
def test_any_file_name_is_answered_and_shown_on_one_line(name: str, command: str) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("two")
    result = run(command, name)
    assert result.exit_code == 0, result.output
    shown = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name)
    assert result.stdout.startswith(f"{shown}: 2 ")
    assert result.stdout.replace("\n", "").isprintable()


def test_the_version_is_printed() -> None:
    assert run("--version").stdout == f"lookalike {lookalike.__version__}\n"


def test_a_bar_is_drawn_on_a_terminal_while_json_gathers(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def bar(title: str, total: int) -> Any:
        from contextlib import nullcontext

        seen.append(total)
        return nullcontext(seen.append)

    monkeypatch.setattr("lookalike.cli.answer.progress_bar", bar)
    run("match", "one.jpg", "missing.jpg", "two.jpg", "--json")
    assert seen == [3, 1, 1, 1]
    seen.clear()
    run("match", "one.jpg", "two.jpg", "--no-cards")
    assert seen == []
