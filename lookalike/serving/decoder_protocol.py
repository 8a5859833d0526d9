"""What passes between a server, the process that forks decoders, and a decoder. Sizes and layouts, no work."""

from __future__ import annotations

import struct
from typing import Final

REQUEST: Final = struct.Struct("<4si")  # to the process that forks: what, and the child it is about
FORK, KILL = b"FORK", b"KILL"  # FORK carries two descriptors: to read photos from, to write pictures to
HELLO: Final = struct.Struct("<i")  # a child's first word: its process id
JOB: Final = struct.Struct("<QQI")  # bytes of the photo, bytes of memory beside them, seconds of processor time
ANSWER: Final = struct.Struct("<IIIdd")  # height, width, length of a refusal (then both are 0), scale, milliseconds
