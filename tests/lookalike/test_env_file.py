"""`.env` as editors save it; what in it no setting reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import BotSettings
from lookalike.env_file import EnvFileError, ForgivingEnvFileSource, encoding_of, unknown_settings
from lookalike.settings import Settings
from web.settings import WebSettings

TEXT = "# пометка\nBOT_NAME=Двойник\nQUEUE_SLOTS=7\n"


@pytest.fixture(autouse=True)
def in_an_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ForgivingEnvFileSource, "_told", False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_env_file_is_read_in_any_encoding_and_with_any_line_ends(encoding: str, end: str) -> None:
    Path(".env").write_bytes(TEXT.replace("\n", end).encode(encoding))
    settings = BotSettings()
    assert (settings.bot_name, settings.queue_slots) == ("Двойник", 7)


def test_an_env_file_in_latin_1_is_read() -> None:
    Path(".env").write_bytes("BOT_NAME=Doppelgänger\nWORKERS=3\n".encode("latin-1"))
    assert BotSettings().bot_name == "Doppelgänger"
    assert Settings().workers == 3


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=40))
def test_ascii_in_utf_16_is_told_from_utf_8_without_a_mark(text: str) -> None:
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        assert encoding_of(text.encode(encoding)) == encoding


def test_the_bot_does_not_start_without_what_stands_in_a_file_it_can_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("ALLOWED_CHATS=501\n")
    monkeypatch.setattr(Path, "read_bytes", _forbidden)
    with pytest.raises(EnvFileError, match=r"\.env can't be read \(Permission denied\)"):
        BotSettings()


def test_other_front_ends_go_on_without_a_file_they_can_not_read_and_say_so_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(".env").write_text("WORKERS=3\n")
    monkeypatch.setattr(Path, "read_bytes", _forbidden)
    assert [Settings().workers, Settings().workers] == [1, 1]
    told = capsys.readouterr().err
    assert told == "lookalike: .env can't be read (Permission denied), so what is set there does not count\n"


def _forbidden(_path: Path) -> bytes:
    raise PermissionError(13, "Permission denied")


def test_bytes_that_are_no_text_are_one_sentence() -> None:
    Path(".env").write_bytes(b"\xff\xfeB\0O")
    with pytest.raises(EnvFileError, match="not text"):
        BotSettings()


def test_unknown_names_come_with_the_likely_one() -> None:
    Path(".env").write_text("GALERY=/x\nBOT_TOKN=1\nallowed_chat=5\nCOMPOSE_FILE=x\nQUEUE_SLOTS=1\ngallery=/y\n")
    assert unknown_settings((BotSettings, Settings)) == {
        "GALERY": "GALLERY",
        "BOT_TOKN": "BOT_TOKEN",
        "ALLOWED_CHAT": "ALLOWED_CHATS",
        "COMPOSE_FILE": None,
    }


def test_names_of_another_front_end_are_its_own_to_tell() -> None:
    Path(".env").write_text("WEB_PROT=1\nWEB_PORT=2\n")
    assert unknown_settings((BotSettings, Settings)) == {}
    assert unknown_settings((WebSettings, Settings)) == {"WEB_PROT": "WEB_PORT"}


def test_without_a_file_nothing_is_unknown() -> None:
    assert unknown_settings((BotSettings, Settings)) == {}
