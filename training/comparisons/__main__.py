"""`python -m training.comparisons`."""

from __future__ import annotations

from training.command_line import run

run("training.comparisons.cli")
