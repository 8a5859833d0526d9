"""`python -m training.comparisons`."""

from __future__ import annotations

from training.comparisons.cli import main

main()
