"""`python -m training.landmarks.dense`."""

from __future__ import annotations

from training.command_line import run

run("training.landmarks.dense.cli")
