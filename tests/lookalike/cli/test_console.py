"""What reaches a terminal: no escapes, no markup, nothing that its encoding lacks."""

from __future__ import annotations

import io
import json
import sys

import pytest

from lookalike.cli.console import complain, console, fit_streams, print_json, printable, say
from lookalike.verdicts import meter


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> object:
    """Replaces standard output by one of another encoding; returns what was written, as bytes."""

    def replace(encoding: str, errors: str = "strict") -> io.BytesIO:
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding, errors, write_through=True))
        monkeypatch.delenv("PYTHONIOENCODING", raising=False)
        return written

    return replace


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "iso8859-2", "koi8-r"])
@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_every_step_has_a_meter_of_its_own_on_any_terminal(encoding: str, errors: str, terminal: object) -> None:
    assert callable(terminal)
    written = terminal(encoding, errors)
    fit_streams()
    for step in range(5):
        say(meter(step))
    shown = written.getvalue().decode(encoding).split()
    assert len(set(shown)) == 5
    assert {len(one) for one in shown} == {5}
    assert "?" not in "".join(shown)


def test_what_an_encoding_lacks_is_told_plainly(terminal: object) -> None:
    assert callable(terminal)
    written = terminal("ascii")
    fit_streams()
    say("Zoë … 王菲 \udcff")
    assert written.getvalue() == b"Zoe ~ ?? ?\n"


def test_a_way_that_was_chosen_by_the_environment_is_kept(terminal: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(terminal)
    written = terminal("ascii", "backslashreplace")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii:backslashreplace")
    fit_streams()
    say("◑")
    assert written.getvalue() == b"\\u25d1\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_in_every_encoding(encoding: str, terminal: object) -> None:
    """Beyond the Basic Plane and for names that are not UTF-8, too."""
    assert callable(terminal)
    written = terminal(encoding)
    fit_streams()
    document = {"path": "王菲 😀 \udcff.jpg"}
    print_json(document)
    assert json.loads(written.getvalue()) == document


def test_numbers_that_json_has_not_are_never_printed() -> None:
    with pytest.raises(ValueError, match="JSON"):
        print_json({"x": float("nan")})


@pytest.mark.parametrize("name", ["me[old].jpg", "a[/red].jpg", "[bold]x", ":smile:", "[link=file:///]x"])
def test_brackets_and_colons_are_text_in_lines_tables_and_titles(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    table = Table(title=name)
    table.add_column(name)
    table.add_row(name)
    screen = console(width=80)
    screen.print(table)
    screen.print(name)
    assert capsys.readouterr().out.count(name) == 4


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("x\u202egpj.exe", "x\\u202egpj.exe"),
        ("bell\x07", "bell\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("王小明 محمد", "王小明 محمد"),
    ],
)
def test_names_cannot_steer_a_terminal(raw: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printable(raw) == shown
    complain(raw)
    assert capsys.readouterr().err == f"lookalike: {shown}\n"
