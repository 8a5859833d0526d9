"""`python -m training.embedder`."""

from __future__ import annotations

from training.command_line import run

run("training.embedder.cli")
