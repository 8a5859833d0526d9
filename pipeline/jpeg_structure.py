"""How a JPEG is laid out: its coding process, its components and its scans, read from the markers alone.

What a decoder keeps in memory and how long it works depends on these, not on the file's length: a progressive JPEG is
held as coefficients until its last scan, and every scan walks over the whole picture. Layout: ITU-T T.81, annex B.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MOST_SCANS: Final = 100  # a usual progressive photo has ten; scans are counted up to one more than this
MOST_PARTS: Final = 20_000  # likewise; a photo has some dozens of segments
BASELINE, EXTENDED, PROGRESSIVE, LOSSLESS = 0xC0, 0xC1, 0xC2, 0xC3
ARITHMETIC: Final = frozenset({0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
# Start-of-frame markers carry a size: C0..CF without C4 (tables), C8 (reserved), CC (arithmetic conditioning).
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
# A marker that begins a segment, searched for from anywhere: in entropy-coded data FF is followed by 00 or a restart
# marker (D0..D7), and between segments decoders skip stray bytes, fill bytes (FF) and markers without a length.
_SEGMENT: Final = re.compile(rb"\xff[^\x00\x01\xff\xd0-\xd8]")
_COEFFICIENTS: Final = 64  # of one block of 8 x 8 samples
_NOT_YET: Final = 99  # no scan has brought this coefficient


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegStructure:
    """What the markers say."""

    frame: int  # the start-of-frame marker: BASELINE, PROGRESSIVE, ...
    size: tuple[int, int]  # width, height, as stored
    sampling: tuple[tuple[int, int], ...]  # horizontal and vertical factor of each component
    scans: int  # up to MOST_SCANS + 1
    segments: int  # up to MOST_PARTS + 1
    complete: bool  # the scans together bring every coefficient of every component to full precision

    @property
    def coefficient_bytes(self) -> int:
        """Memory of all coefficients at two bytes each, which a decoder holds when there are several scans."""
        if self.scans <= 1 and self.frame not in {PROGRESSIVE, LOSSLESS}:
            return 0
        most_h, most_v = (max(factors) for factors in zip(*self.sampling, strict=True))
        width, height = self.size
        columns, rows = -(-width // (8 * most_h)), -(-height // (8 * most_v))
        blocks: int = sum(columns * h * rows * v for h, v in self.sampling)
        return blocks * _COEFFICIENTS * 2


def read_jpeg(data: bytes) -> JpegStructure | None:
    """Walk over the markers up to the end of the picture. None when there is no frame or no scan after it."""
    frame: _Frame | None = None
    segments, at = 0, 2
    while segments <= MOST_PARTS and (found := _SEGMENT.search(data, at)) is not None:
        at, marker = found.start(), data[found.start() + 1]
        segments += 1
        if marker == _END_OF_IMAGE:
            break
        at += 2 + max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)
        body = data[found.start() + 4 : at]
        if marker in _FRAMES and frame is None:
            frame = _read_frame(marker, body)
            if frame is None:
                return None
        if marker == _START_OF_SCAN:
            if frame is None:
                return None
            frame.add_scan(body)
            if frame.scans > MOST_SCANS or frame.one_scan_is_all(body):
                break
    return frame.structure(segments) if frame is not None else None


class _Frame:
    """The frame found, and what its scans have brought so far."""

    def __init__(self, marker: int, size: tuple[int, int], components: dict[int, tuple[int, int]]) -> None:
        self.marker = marker
        self.size = size
        self.components = components
        self.scans = 0
        # Bits still missing of each coefficient: the point transform Al of the last scan that had it (T.81, G.1.1.1).
        self.missing = {name: [_NOT_YET] * _COEFFICIENTS for name in components}

    def add_scan(self, body: bytes) -> None:
        """Note the components, the band of coefficients and the precision that a scan's header names."""
        self.scans += 1
        count = body[0] if body else 0
        if len(body) < 4 + 2 * count:
            return
        first, last, precision = body[1 + 2 * count : 4 + 2 * count]
        if self.marker != PROGRESSIVE:
            first, last, precision = 0, _COEFFICIENTS - 1, 0
        for name in body[1 : 1 + 2 * count : 2]:
            if name in self.missing and first <= last < _COEFFICIENTS:
                self.missing[name][first : last + 1] = [precision & 0x0F] * (last + 1 - first)

    def one_scan_is_all(self, body: bytes) -> bool:
        """Whether this is a sequential picture whose only scan this is: decoders take no further one."""
        return self.marker in {BASELINE, EXTENDED} and bool(body) and body[0] == len(self.components)

    def structure(self, segments: int) -> JpegStructure:
        return JpegStructure(
            frame=self.marker,
            size=self.size,
            sampling=tuple(self.components.values()),
            scans=self.scans,
            segments=segments,
            complete=all(bits == 0 for missing in self.missing.values() for bits in missing),
        )


def _read_frame(marker: int, body: bytes) -> _Frame | None:
    """Precision, height, width, then three bytes a component: name, sampling factors, table. None: cut off or empty."""
    if len(body) < 6 or len(body) < 6 + 3 * body[5] or not body[5]:
        return None
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    components = {
        body[at]: (max(body[at + 1] >> 4, 1), max(body[at + 1] & 0x0F, 1)) for at in range(6, 6 + 3 * body[5], 3)
    }
    if not width or not height:
        return None
    return _Frame(marker, (width, height), components)
