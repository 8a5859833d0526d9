"""What a process holds, and the least that OpenVINO lets it hold: `python -m tests.bot.memory`.

The command opens the shipped networks as the bot does, without a gallery, aiogram or a photo, and prints after each
step what its process holds. Linux alone: read from /proc.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def memory_mb(process: int, what: str = "VmRSS") -> float:
    """Resident memory of a process now, or with VmHWM at its highest; 0 where there is no /proc."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(what)), 0.0)


def tree_pss_mb(process: int) -> float:
    """Proportional set size of a process and all its descendants: a page that several share counts in parts.

    Pages of libraries that processes outside of the tree have mapped, too, count less: measure with nothing else
    running. 0 where there is no /proc; those of a hardened process only root may read (PermissionError).
    """
    folder = Path(f"/proc/{process}")
    try:
        lines = (folder / "smaps_rollup").read_text(encoding="ascii").splitlines()
        children = [int(name) for file in folder.glob("task/*/children") for name in file.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    own = next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
    return own + sum(map(tree_pss_mb, children))


def main() -> int:
    """Print a line a step."""
    _tell("Python")
    import cv2  # noqa: F401 - each import is a step that is measured
    import numpy  # noqa: F401, ICN001

    _tell("with NumPy and OpenCV")
    from pipeline import engine_openvino
    from pipeline.open_parts import open_aligner, open_detector, open_embedder

    engine_openvino.fastest_format()
    _tell("with OpenVINO, no network")
    from lookalike.paths import WEIGHTS
    from pipeline.manifest import load_manifest
    from pipeline.steady_heap import keep_few_kernels, keep_heap_steady, release_free_heap

    keep_heap_steady()
    keep_few_kernels()
    manifest, threads = load_manifest(WEIGHTS), os.cpu_count() or 1
    held = [
        open_detector(manifest.detector, manifest.thresholds, backend="openvino", threads=threads, lean=True),
        open_aligner(manifest.aligner, backend="openvino", threads=threads),
        open_embedder(manifest.embedder, backend="openvino", threads=threads),
    ]
    release_free_heap()
    _tell(f"with the {len(held)} networks compiled, no photo")
    return 0


def _tell(what: str) -> None:
    sys.stdout.write(f"{tree_pss_mb(os.getpid()):.0f} MB {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
