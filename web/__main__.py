"""`python -m web`: the same as `lookalike web`, with its options."""

from __future__ import annotations

import typer

from web.cli import web

if __name__ == "__main__":
    typer.run(web)
