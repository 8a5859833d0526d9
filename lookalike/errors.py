"""What can be wrong with a question to the product. Every message says what to do."""

from __future__ import annotations


class LookalikeError(Exception):
    """Root of this package's errors."""


class SetupBroken(LookalikeError):  # noqa: N818 - named for what it is
    """Weights, gallery or calibration are missing, damaged or don't belong together."""


class CalibrationError(LookalikeError):
    """The calibration file is missing, damaged, or made for another embedder or gallery."""


class NoSuchFace(LookalikeError):  # noqa: N818 - named for what it is
    """A photo has fewer usable faces than were asked for."""

    def __init__(self, *, number: int, usable: int, which: str = "the photo") -> None:
        """number: the face asked for, 1-based. usable: how many there are. which: the photo, for the sentence."""
        there = "only one usable face" if usable == 1 else f"{usable} usable faces"
        super().__init__(f"there is no usable face {number}; {which} has {there}")
        self.number = number
        self.usable = usable
