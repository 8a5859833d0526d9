"""Whom a face looks like, and how alike two faces are, measured.

    import lookalike

    with lookalike.open() as look:
        answer = look.find("me.jpg")

`open` loads networks and gallery once; docs/python.md has the rest. Importing this package loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from index.types import Match, Person
    from lookalike.answers import (
        Answer,
        BandedMatch,
        Compared,
        Comparison,
        FaceAnswer,
        Found,
        NoFace,
        NotCompared,
        NoUsableFace,
        Unreadable,
    )
    from lookalike.calibration import Band
    from lookalike.errors import LookalikeError, NoSuchFace, SetupBroken
    from lookalike.library import Lookalike, Photo, open  # noqa: A004 - lookalike.open, as PIL.Image.open
    from pipeline.types import Box, Face, PhotoFaces, Refusal, RefusalCode

    __version__: str

_HOMES: Final = {
    "index.types": ("Match", "Person"),
    "lookalike.answers": (
        "Answer", "BandedMatch", "Compared", "Comparison", "FaceAnswer", "Found", "NoFace", "NoUsableFace",
        "NotCompared", "Unreadable",
    ),
    "lookalike.calibration": ("Band",),
    "lookalike.errors": ("LookalikeError", "NoSuchFace", "SetupBroken"),
    "lookalike.library": ("Lookalike", "Photo", "open"),
    "pipeline.types": ("Box", "Face", "PhotoFaces", "Refusal", "RefusalCode"),
}  # fmt: skip
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Answer",
    "Band",
    "BandedMatch",
    "Box",
    "Compared",
    "Comparison",
    "Face",
    "FaceAnswer",
    "Found",
    "Lookalike",
    "LookalikeError",
    "Match",
    "NoFace",
    "NoSuchFace",
    "NoUsableFace",
    "NotCompared",
    "Person",
    "Photo",
    "PhotoFaces",
    "Refusal",
    "RefusalCode",
    "SetupBroken",
    "Unreadable",
    "__version__",
    "open",
]


def __getattr__(name: str) -> Any:
    """Load what is asked for (PEP 562): NumPy and pydantic would make the import of this package ten times as long."""
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            value: Any = version("lookalike")
        except PackageNotFoundError:  # a copy of the files, never installed
            value = "unknown"
    elif name in _HOME_OF:
        from importlib import import_module

        value = getattr(import_module(_HOME_OF[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
