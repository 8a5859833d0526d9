"""Where the project's own files lie: in a checkout of the repository, or inside the installed package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(str(files("lookalike")))
# The folder above the packages. In a checkout the repository's, with docs, tests and weights; else site-packages.
ROOT: Final = PACKAGE.parent
IN_CHECKOUT: Final = (ROOT / "pyproject.toml").is_file()
# A wheel carries the folder inside of the package (pyproject.toml, tool.hatch.build).
WEIGHTS: Final = ROOT / "weights" if IN_CHECKOUT else PACKAGE / "weights"
SAMPLES: Final = PACKAGE / "sample"  # two photos in the public domain
