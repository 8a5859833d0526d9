"""`python -m training.embedder`."""

from __future__ import annotations

from training.embedder.cli import main

main()
