"""The command that adds an extra to this very installation, for hints. It never touches the project's own install:
`pip install '.[redis]'` in a checkout, say, would put a copy in the place of an editable install.
"""

from __future__ import annotations

import re
import shlex
import sys
from importlib.metadata import PackageNotFoundError, requires

from lookalike.paths import IN_CHECKOUT, ROOT


def install_command(extra: str) -> str:
    """One line for a shell: from the lock in a checkout, else the packages of the extra. For this very interpreter."""
    pip = [sys.executable, "-m", "pip", "install"]
    lock = ROOT / "requirements" / f"{extra}.txt"
    if IN_CHECKOUT and lock.is_file():
        return shlex.join([*pip, "--require-hashes", "-r", str(lock)])
    return shlex.join([*pip, *_requirements(extra)])


def _requirements(extra: str) -> list[str]:
    """What the installed package's metadata name for `extra`; without metadata the extra itself."""
    try:
        lines = requires("lookalike") or []
    except PackageNotFoundError:
        lines = []
    named = re.compile(rf"""\bextra\s*==\s*['"]{re.escape(extra)}['"]""")
    split = (line.partition(";") for line in lines)
    found = [requirement.strip() for requirement, _, marker in split if named.search(marker)]
    return found or [f"lookalike[{extra}]"]
