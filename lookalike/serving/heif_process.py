"""The other side of lookalike.serving.heif: HEIC or AVIF on stdin, a JPEG on stdout, under limits of its own."""

from __future__ import annotations

import io
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

MEMORY_BYTES: Final = 768 << 20
CPU_S: Final = 15
MAX_PIXELS: Final = 25_000_000  # the cameras' 24 million and a little
MAX_SIDE_PX: Final = 2560  # as large as Telegram's own photos get


def main() -> int:
    """Exit code 1 for what is no picture or too large a one."""
    with suppress(OSError):  # Linux: where memory runs out, this process is ended first, not the bot
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)
    try:
        with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=("HEIF", "AVIF")) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                return 1
            opened.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))  # first: turning and converting copy what is left
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, MemoryError, SyntaxError):
        return 1
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95)
    sys.stdout.buffer.write(buffer.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
