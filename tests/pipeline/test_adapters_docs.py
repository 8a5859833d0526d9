"""docs/networks.md: every entry on the page loads, beside the shipped entries of the other roles."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from pipeline.manifest import KINDS, CascadeFacts, load_manifest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
SHIPPED = (ROOT / "weights" / "manifest.toml").read_text(encoding="utf-8")


def shipped_without(roles: set[str]) -> str:
    """The shipped manifest's tables of all other roles."""
    tables = re.split(r"(?m)^(?=\[)", SHIPPED)
    return "".join(table for table in tables if not table.startswith("[") or role_of(table) not in roles)


def role_of(table: str) -> str:
    return re.split(r"[].]", table[1:], maxsplit=1)[0]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: re.findall(r'"([^"]+)"', block)[0])
def test_every_entry_of_the_page_loads(tmp_path: Path, block: str) -> None:
    roles = set(tomllib.loads(block))
    (tmp_path / "manifest.toml").write_text(shipped_without(roles) + "\n" + block, encoding="utf-8")
    manifest = load_manifest(tmp_path)
    said = tomllib.loads(block)
    for role in roles:
        assert getattr(manifest, role).kind == said[role]["kind"]
    if "detector" in roles:
        assert manifest.thresholds.score == said["detector"]["thresholds"]["score"]
        assert isinstance(manifest.detector, CascadeFacts) == (said["detector"]["kind"] == "mtcnn")


def test_the_page_tells_of_every_kind_and_shows_all_but_the_shipped_ones() -> None:
    shown = {entry["kind"] for block in BLOCKS for entry in tomllib.loads(block).values()}
    for kinds in KINDS.values():
        assert all(f"`{kind}`" in PAGE for kind in kinds)
        assert set(kinds[1:]) <= shown
