"""Brings `lookalike evaluate` to the command line, by the entry point `lookalike.commands`."""

from __future__ import annotations

import typer

from evaluation import cli, cli_cards, cli_depth, cli_sizes


def register(app: typer.Typer) -> None:
    """Add the group `evaluate` with all its commands."""
    cli_cards.register(cli.app)
    cli_depth.register(cli.app)
    cli_sizes.register(cli.app)
    app.add_typer(cli.app, name="evaluate")
