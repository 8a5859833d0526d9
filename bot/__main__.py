"""`python -m bot`: the same as `lookalike bot`."""

from __future__ import annotations

import sys

from bot.main import run

if __name__ == "__main__":
    sys.exit(run())
