"""`python -m training.landmarks`."""

from __future__ import annotations

from training.command_line import run

run("training.landmarks.cli")
