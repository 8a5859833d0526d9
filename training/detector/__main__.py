"""`python -m training.detector`."""

from __future__ import annotations

from training.command_line import run

run("training.detector.cli")
