"""What can be wrong with a gallery. Every message says what to do, and of which gallery it speaks."""

from __future__ import annotations

import shlex
from pathlib import Path

from index.plain_text import readable


def rebuild_hint(folder: Path | None) -> str:
    """The command that mends the gallery in `folder`; None where it is not known which one it is."""
    out = "" if folder is None else f" --out {shlex.quote(readable(str(folder)))}"
    return f"rebuild it from its pictures: lookalike index build DIR{out}"


class GalleryError(Exception):
    """Root of this package's errors."""


class GalleryMissing(GalleryError):  # noqa: N818 - named for what it is
    """There is no gallery at this place."""


class GalleryDamaged(GalleryError):  # noqa: N818 - named for what it is
    """A file is absent, foreign or differs from what the gallery's manifest promises."""

    def __init__(self, problem: str, *, folder: Path | None = None) -> None:
        super().__init__(f"{problem}; {rebuild_hint(folder)}")
        self.problem = problem


class PicturesUnreadable(GalleryError):  # noqa: N818 - named for what it is
    """The pictures of a gallery's people were named, and can't be read."""


class GalleryOfAnotherEmbedder(GalleryError):  # noqa: N818 - named for what it is
    """The vectors were made by another network than the one now asking."""

    def __init__(self, *, want: str, got: str, folder: Path | None = None, mend: str = "") -> None:
        """mend: what to do; without it, to rebuild the gallery in `folder`."""
        super().__init__(
            f"the gallery was built by embedder {got[:12]}, the one in use is {want[:12]}; "
            f"{mend or rebuild_hint(folder)}"
        )
        self.want = want
        self.got = got


class BadSource(GalleryError):  # noqa: N818 - named for what it is
    """The folder to build from is not in a layout that is known."""


class NotAGallery(GalleryError):  # noqa: N818 - named for what it is
    """The place to build at holds something else, which is not overwritten."""


class BuildRunning(GalleryError):  # noqa: N818 - named for what it is
    """Another process builds or changes this gallery now."""


class EmptyGallery(GalleryError):  # noqa: N818 - named for what it is
    """Everybody would be gone."""

    def __init__(self) -> None:
        super().__init__("nobody would be left in this gallery; remove the whole of it instead")


class NotYourGallery(GalleryError):  # noqa: N818 - named for what it is
    """People are added to a gallery that came with the program."""


class StoreFailed(GalleryError):  # noqa: N818 - named for what it is
    """A store outside of this process did not do what it was asked."""
