"""docs/cli.md is what the commands say of themselves."""

from __future__ import annotations

from docs.make_cli_page import reference
from lookalike.cli.main import app
from lookalike.paths import ROOT


def test_the_reference_page_is_up_to_date() -> None:
    """On failure: python -m docs.make_cli_page > docs/cli.md"""
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == reference(app)
