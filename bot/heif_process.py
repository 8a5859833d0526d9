"""The other side of bot.heif: HEIC or AVIF on standard input, a JPEG on standard output, under limits of its own."""

from __future__ import annotations

import io
import resource
import sys
from typing import Final

from PIL import Image, ImageOps

MEMORY_BYTES: Final = 1 << 30
CPU_S: Final = 15
MAX_PIXELS: Final = 40_000_000
MAX_SIDE_PX: Final = 2560  # as large as Telegram's own photos get


def main() -> int:
    """Exit code 1 for what is no picture or too large a one."""
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
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, MemoryError, SyntaxError):
        return 1
    picture.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95)
    sys.stdout.buffer.write(buffer.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
