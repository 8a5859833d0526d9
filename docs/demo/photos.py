"""Photos for film and pictures, put together of what may be shown: a group, and a second picture of somebody."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

from index.files import PEOPLE, PICTURES
from index.people_table import decode_people
from index.previews import Previews
from lookalike.paths import SAMPLES, WEIGHTS

CONGRESS: Final = WEIGHTS / "galleries" / "us-congress"
GROUP: Final = ("astronaut", "barack_obama", "grace_hopper")
GROUP_HEIGHT_PX: Final = 720


def group() -> bytes:
    """Three portraits side by side, as one photo."""
    found = [Image.open(SAMPLES / f"{name}.jpg").convert("RGB") for name in GROUP]
    found = [one.resize((round(one.width * GROUP_HEIGHT_PX / one.height), GROUP_HEIGHT_PX)) for one in found]
    together = Image.new("RGB", (sum(one.width for one in found), GROUP_HEIGHT_PX))
    left = 0
    for one in found:
        together.paste(one, (left, 0))
        left += one.width
    data = io.BytesIO()
    together.save(data, "JPEG", quality=92)
    return data.getvalue()


def obama_in_congress() -> bytes:
    """The portrait that the gallery has of him: another picture than the sample. Raises LookupError without it."""
    people = decode_people((CONGRESS / PEOPLE).read_bytes())
    number = next((one.number for one in people if one.name == "Barack Obama"), "")
    preview = Previews.read(CONGRESS / PICTURES).of(number)
    if preview is None:
        raise LookupError(f"{CONGRESS} has no picture of him; build it with its pictures (make portraits)")
    return preview.jpeg
