"""docs/gallery.md: every command on the page runs, and every document is described as it is printed."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lookalike.cli import gallery
from lookalike.paths import ROOT
from tests.index.arithmetic_embed import ArithmeticEmbed, people_folder

PAGE = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
DOCUMENTED = {
    name: set(re.findall(r'"(\w+)"', text))
    for name, text in re.findall(r"^(\w+) +(\{.*?\})$", PAGE[PAGE.index("--json?") :], re.DOTALL | re.MULTILINE)
}


@pytest.fixture
def _set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that the page speaks of, and arithmetic in place of the networks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GALLERY", "gallery")
    monkeypatch.setattr(gallery, "open_picture_embedder", lambda settings, **_more: ArithmeticEmbed())
    monkeypatch.setattr(gallery, "_embedder_in_use", lambda settings: "e" * 64)
    people_folder(Path("people"), people=2)
    Path("CelebA", "img_align_celeba").mkdir(parents=True)
    Path("CelebA", "img_align_celeba", "000001.jpg").write_bytes(b"1")
    Path("CelebA", "identity_CelebA.txt").write_text("000001.jpg 2880\n")
    Path("list_identity_celeba.txt").write_text("1\nimage_id identity_name\n000001.jpg   Heidi_Range\n")
    Path("names.csv").write_text("person,name\nperson 0,Ann\n")


@pytest.mark.usefixtures("_set_up")
def test_every_command_of_the_page_runs_in_its_order() -> None:
    assert len(COMMANDS) >= 7
    for command in COMMANDS:
        program, group, *arguments = shlex.split(command)
        assert (program, group) == ("lookalike", "index")
        result = CliRunner().invoke(gallery.app, arguments)
        assert result.exit_code == 0, f"{command}: {result.output}"


@pytest.mark.usefixtures("_set_up")
@pytest.mark.parametrize("name", ["build", "info", "verify", "name"])
def test_every_document_has_the_fields_that_the_page_names(name: str) -> None:
    run = CliRunner().invoke
    run(gallery.app, ["build", "people"])
    arguments = {"build": ["build", "people"], "name": ["name", "names.csv"]}.get(name, [name])
    document = json.loads(run(gallery.app, [*arguments, "--json"]).stdout)
    nested = {"file", "reason", "yes", "no", "unknown", "code", "message"}
    assert set(document) == DOCUMENTED[name] - nested
