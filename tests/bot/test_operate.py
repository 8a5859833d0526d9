"""What docs/operate.md, Dockerfile and compose.yaml name exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import BotSettings
from lookalike.settings import Settings
from tests.bot.rehearse_image import Dockerfile
from web.settings import WebSettings

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = {name.upper() for of in (Settings, BotSettings, WebSettings) for name in of.model_fields}
NOT_OURS = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PATH", "HOME", "PHOTO", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)[=`]", text("docs/operate.md")))
    named |= set(re.findall(r"^([A-Z]+(?:_[A-Z]+)+)=", text("docs/operate.md"), re.MULTILINE))
    named |= set(re.findall(r"^ +([A-Z]+(?:_[A-Z]+)+): ", text("compose.yaml"), re.MULTILINE))
    named |= set(Dockerfile(text("Dockerfile"), Path("/x")).environment())
    assert len(named) > 10
    assert named - SETTINGS - NOT_OURS == set()


@pytest.mark.parametrize("name", ["docs/operate.md", "Dockerfile"])
def test_what_is_installed_comes_from_the_lock(name: str) -> None:
    files = re.findall(r"-r (requirements/\S+\.txt)", text(name))
    assert files
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert text(name).count("--require-hashes") >= 2
    installs = re.findall(r"pip install .*", text(name))
    assert [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line] == []


def test_the_image_copies_what_exists_and_runs_as_nobody_special() -> None:
    dockerfile = Dockerfile(text("Dockerfile"), Path("/somewhere"))
    for sources, _target in dockerfile.copies():
        assert [source for source in sources if not (ROOT / source).exists()] == []
    assert int(dockerfile.user()) > 0
    assert dockerfile.command("CMD") == ["lookalike", "bot"]
    runs = dockerfile.build()
    assert runs[0].startswith("python -m venv /somewhere/venv && /somewhere/venv/bin/pip install")
    assert "--editable" not in " ".join(runs)
    assert dockerfile.environment()["PATH"].startswith("/somewhere/venv/bin:")


def test_the_image_is_built_from_pinned_tags() -> None:
    """A patch version in each: the same Dockerfile makes the same image next month."""
    images = re.findall(r"^FROM (\S+)", text("Dockerfile"), re.MULTILINE)
    images += [service["image"] for service in services().values() if "build" not in service]
    assert len(images) >= 3
    assert [image for image in images if not re.search(r":\d+\.\d+\.\d+", image)] == []


@pytest.mark.parametrize("name", ["bot", "bot-1", "bot-2", "proxy", "redis"])
def test_each_container_is_bounded_and_may_do_nothing_it_does_not_need(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] > 0
    assert service["memswap_limit"] == service["mem_limit"]
    assert service["ulimits"]["core"] == 0


def test_replicas_differ_by_name_alone_and_the_proxy_knows_each() -> None:
    one, two = (services()[name]["environment"] for name in ("bot-1", "bot-2"))
    assert {name for name in one if one[name] != two[name]} == {"REPLICA"}
    assert one["BOT_MODE"] == "webhook"
    known = re.findall(r"^ +server (\S+) (\S+):(\d+)$", text("haproxy.cfg"), re.MULTILINE)
    assert known == [(name, name, one["WEBHOOK_PORT"]) for name in ("bot-1", "bot-2")]
    assert f"check port {one['HEALTH_PORT']}" in text("haproxy.cfg")


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(text("compose.yaml"))["services"]
    return found
