"""What docs/operate.md, Dockerfile and compose.yaml name exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from bot.settings import BotSettings
from lookalike.settings import Settings
from tests.bot.rehearse_image import Dockerfile

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = {name.upper() for name in (*Settings.model_fields, *BotSettings.model_fields)}
NOT_OURS = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PATH", "HOME", "PHOTO"}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)[=`]", text("docs/operate.md")))
    named |= set(re.findall(r"^([A-Z]+(?:_[A-Z]+)+)=", text("docs/operate.md"), re.MULTILINE))
    named |= set(re.findall(r"^ +([A-Z]+(?:_[A-Z]+)+): ", text("compose.yaml"), re.MULTILINE))
    named |= set(Dockerfile(text("Dockerfile"), Path("/x")).environment())
    assert len(named) > 10
    assert named - SETTINGS - NOT_OURS == set()


def test_every_extra_that_is_installed_exists() -> None:
    known = set(tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"])
    for name in ("docs/operate.md", "Dockerfile", "bot/main.py"):
        asked = {extra for group in re.findall(r"'\.\[([a-z,]+)\]'", text(name)) for extra in group.split(",")}
        assert asked, name
        assert asked <= known, name


def test_the_image_copies_what_exists_and_runs_as_nobody_special() -> None:
    dockerfile = Dockerfile(text("Dockerfile"), Path("/somewhere"))
    for sources, _target in dockerfile.copies():
        assert [source for source in sources if not (ROOT / source).exists()] == []
    assert int(dockerfile.user()) > 0
    assert dockerfile.command("CMD") == ["lookalike", "bot"]
    assert dockerfile.build().startswith("python -m venv /somewhere/venv && /somewhere/venv/bin/pip install")
    assert dockerfile.environment()["PATH"].startswith("/somewhere/venv/bin:")
