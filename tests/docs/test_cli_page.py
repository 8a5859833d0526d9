"""docs/cli.md says what the commands say of themselves, docs/json.md what they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from lookalike.cli.main import app
from lookalike.paths import ROOT

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
_NO_COMMANDS: dict[str, Any] = {}


def commands(command: Any, path: str = "lookalike") -> Iterator[tuple[str, Any]]:
    """Every command and group under its whole name."""
    yield path, command
    for name, inner in getattr(command, "commands", _NO_COMMANDS).items():
        yield from commands(inner, f"{path} {name}")


COMMANDS = dict(commands(typer.main.get_command(app)))
SECTIONS = dict(re.findall(r"^#+ `(lookalike[^`]*)`\n(.*?)(?=^#+ `|\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_page_has_a_section_for_every_command_and_no_other() -> None:
    """On failure: make docs"""
    assert list(SECTIONS) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_stands_on_the_page_with_its_words(name: str) -> None:
    """On failure: make docs. What typer adds around them is typer's."""
    command, section = COMMANDS[name], one_line(SECTIONS[name])
    assert one_line((command.help or "").partition("\f")[0]) in section
    offered = {option for param in command.params for option in param.opts if option.startswith("--")}
    listed = set(re.findall(r"\* `(?:-\w, )?(--[\w-]+)", section))
    assert listed - {"--help", "--install-completion", "--show-completion"} == offered - {
        "--help",
        "--install-completion",
        "--show-completion",
    }
    for param in command.params:
        if getattr(param, "help", None):
            assert one_line(param.help) in section


def keys(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from keys(value)
    elif isinstance(document, list):
        for value in document:
            yield from keys(value)


def test_every_key_of_the_json_and_every_code_is_described() -> None:
    from lookalike.cli.documents import answer_document, failed_comparison_document
    from lookalike.finder import Finder
    from pipeline.errors import BadPhotoCode
    from pipeline.types import RefusalCode
    from tests.lookalike.builders import EightPeople, ScriptedReader, calibration, face, photo, unit

    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    finder = Finder(ScriptedReader({b"p": photo(face(None), face(unit(1)))}), EightPeople(), calibration())
    answer = answer_document("p.jpg", finder.find(b"p"), embeddings=True)
    compared = failed_comparison_document("a", "b", "x", "y")
    described = set(re.findall(r'"(\w+)"', page))
    assert {*keys(answer), *keys(compared), "photos"} <= described
    assert {f"`{code}`" for code in (*BadPhotoCode, *RefusalCode)} <= set(re.findall(r"`\w+`", page))
