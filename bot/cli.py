"""`lookalike bot`: the command that this package brings into the CLI. Heavy imports wait until it runs."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("bot")(bot)


def bot(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Say in one screen what is wrong with the set-up; start nothing.")
    ] = False,
) -> None:
    """Run the Telegram bot until it is stopped. It needs BOT_TOKEN in the environment or in .env.

    Example: BOT_TOKEN=123:abc lookalike bot
    """
    if check:
        from bot.networks_ahead import open_ahead

        opening = open_ahead()
        import bot.telegram.lazy_types
        from bot.check import check_setup

        raise typer.Exit(check_setup(opening))
    import bot.telegram.lazy_types  # noqa: F401 - before anything of aiogram
    from bot.main import run

    raise typer.Exit(run())
