"""`lookalike web`: the command that this package brings into the CLI. Heavy imports wait until it runs."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("web")(web)


def web(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of WEB_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on, instead of WEB_PORT; 0 takes a free one.")
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in this machine's browser.")] = False,
) -> None:
    """Serve the page and the JSON API until it is stopped. Nothing of a photo is kept.

    Example: lookalike web --port 8000
    """
    from web.main import run

    raise typer.Exit(run(host=host, port=port, open_page=open_page))
