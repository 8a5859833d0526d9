"""What can go wrong between bytes and faces. Facts in typed fields; sentences for users are written elsewhere,
but every message here says what to do, for whoever reads a log or a terminal.
"""

from __future__ import annotations

from enum import StrEnum


class PipelineError(Exception):
    """Root of this package's errors."""


class BadPhotoCode(StrEnum):
    """Why bytes could not become a picture."""

    EMPTY = "empty"
    NOT_A_PICTURE = "not_a_picture"
    BROKEN = "broken"  # a picture's beginning, but truncated or damaged
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"  # under the smallest side a face could be seen on
    TOO_COSTLY = "too_costly"  # its decoder would take more time or memory than one photo may
    NEEDS_EXTRA = "needs_extra"  # a format whose decoder is an extra that is not installed


class BadPhoto(PipelineError):  # noqa: N818 - named for what it is; every error here is one
    """These bytes can't be used as a photo.

    want, got: the limit and what the photo has, where the code names one: bytes, pixels, or pixels of a side.
    """

    def __init__(
        self, code: BadPhotoCode, message: str, *, want: float | None = None, got: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.want = want
        self.got = got


class ManifestError(PipelineError):
    """weights/manifest.toml is missing, or says something that can't be."""


class WeightsMissing(ManifestError):  # noqa: N818 - see BadPhoto
    """A file that the manifest names is not there."""


class WrongHash(ManifestError):  # noqa: N818 - see BadPhoto
    """A weight file differs from what the manifest promises."""

    def __init__(self, *, name: str, want: str, got: str) -> None:
        super().__init__(
            f"{name}: sha256 is {got[:12]}, the manifest says {want[:12]}; "
            f"fetch the file again or run `make train` and `make evaluate`"
        )
        self.name = name
        self.want = want
        self.got = got


class EngineFailed(PipelineError):  # noqa: N818 - see BadPhoto
    """An inference runtime could not load or run a network."""


class EngineMissing(EngineFailed):
    """The runtime's package, an extra of the project, is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(f"{package} is not installed")
        self.package = package  # also the extra's name


class DegeneratePoints(PipelineError):  # noqa: N818 - see BadPhoto
    """Points without spread: no similarity is defined by them."""
