"""What test_ray_spread.py has Ray's workers do; a module, so that workers find it by name."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from index.embed import Embedded, Skipped
from index.source import Picture
from tests.index.arithmetic_embed import ArithmeticEmbed


class OnceKilled(ArithmeticEmbed):
    """Ends its own process by SIGKILL at one picture, the first time that any worker comes to it."""

    def __init__(self, *, dies_at: str, mark: Path) -> None:
        super().__init__()
        self._dies_at, self._mark = dies_at, mark

    def __call__(self, folder: Path, pictures: Sequence[Picture]) -> list[Embedded | Skipped]:
        if any(picture.file == self._dies_at for picture in pictures) and not self._mark.exists():
            self._mark.write_text(str(os.getpid()), "utf-8")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(folder, pictures)
