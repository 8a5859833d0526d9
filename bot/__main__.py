"""`python -m bot`: the same as `lookalike bot`, with its options."""

from __future__ import annotations

import typer

from bot.cli import bot

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(bot)
    app(prog_name="python -m bot")
