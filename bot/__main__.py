"""`python -m bot`: the same as `lookalike bot`."""

from __future__ import annotations

import bot.telegram.lazy_types  # noqa: F401 - before anything of aiogram

# isort: split
import sys

from bot.main import run

if __name__ == "__main__":
    sys.exit(run())
