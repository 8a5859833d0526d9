"""`lookalike evaluate embedder | robustness | aligner | detector | lfw | report`: the deep parts of the evaluation.

Added to the group of evaluation.cli. They write nothing into the weights folder; outcomes are kept in the
cache folder and measured anew when a network, the engine or the calibration changes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from evaluation.cli import (
    DEFAULT_DATA,
    AsJson,
    Data,
    Limit,
    open_evaluation,
    write_json,
)
from lookalike.cli.console import end, print_json, progress_bar, wide_console

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evaluation.cli import Opened
    from evaluation.datasets.detections import BoxFinder
    from evaluation.documents.in_depth import ReportDocument
    from evaluation.suites.in_depth import DeepEvaluation

DEFAULT_CACHE: Final = Path("runs/cache/evaluation")
PAGE_TITLE: Final = "<title>Lookalike: how good it is</title>"
OTHER_SIDES_PX: Final = (320, 480, 640, 896)

Kept = Annotated[
    Path, typer.Option("--cache", metavar="DIR", help="Keep vectors and outcomes here and use them again.")
]
Again = Annotated[bool, typer.Option("--again", help="Measure anew what the cache holds.")]

_HELP: Final = {
    "embedder": "Accuracy@1, ROC, groups and bands, on people no training saw.",
    "robustness": "The embedder's metric with found points, end to end, on spoilt pictures, straightened otherwise.",
    "aligner": "Error of the points by yaw, cumulative curve, and whether the network's own doubt can be believed.",
    "detector": "Input sizes, recall by face size, turned photos, frames full of face, contact sheets.",
}
_WITHIN: Final = {  # parts of the aligner's and the detector's that are worth asking for alone
    "covered": "Faces cut by the photo's edge, covered and blurred: upside down, refused, not found.",
    "answered": "What the product finds in photos that lie any way; frames full of face, contact sheets.",
}


def register(app: typer.Typer) -> None:
    """Add the commands to `lookalike evaluate`."""
    for part, description in (_HELP | _WITHIN).items():
        app.command(part)(_part(part, description))
    app.command("lfw")(lfw)
    app.command("report")(report)


def _part(part: str, description: str) -> Any:
    def command(
        *,
        data: Data = DEFAULT_DATA,
        as_json: AsJson = False,
        limit: Limit = None,
        cache: Kept = DEFAULT_CACHE,
        again: Again = False,
    ) -> None:
        deep = _open(data, limit=limit, cache=cache, again=again)
        if part in _WITHIN:
            _show_part(deep, part, as_json=as_json)
        else:
            _show(_measure(deep, (part,)), as_json=as_json)

    command.__doc__ = f"{description}\n\nExample: lookalike evaluate {part} --data data"
    return command


def lfw(
    *,
    images: Annotated[Path, typer.Option(metavar="DIR", help="One folder a person, as LFW has it.")],
    pairs: Annotated[Path, typer.Option(metavar="FILE", help="pairs.txt: folds of same and different pairs.")],
    as_json: AsJson = False,
) -> None:
    """Run the ten-fold protocol of LFW on any folder and list of pairs, end to end from the picture files.

    Example: lookalike evaluate lfw --images lfw --pairs pairs.txt
    """
    from evaluation.datasets.pack import DataMissing
    from evaluation.documents.base import plain
    from evaluation.metrics import lfw as protocol
    from lookalike.app import open_pipeline
    from lookalike.settings import Settings

    pipeline = open_pipeline(Settings())

    def embed(file: Path) -> NDArray[np.float32] | None:
        from pipeline.errors import BadPhoto

        try:
            photo = pipeline.read(file.read_bytes())
        except BadPhoto:
            return None
        face = protocol.middle_face(photo)
        return None if face is None or face.embedding is None else face.embedding.vector

    try:
        listed = protocol.read_pairs(pairs)
        with progress_bar("pictures", len(protocol.pictures_of(listed))) as shown:
            vectors = protocol.embed_all(listed, images, embed, advance=shown)
    except DataMissing as error:
        end(str(error))
    scores = protocol.measure(listed, vectors)
    if as_json:
        print_json(plain(scores))
        return
    tpr = ", ".join(f"{value:.4f} at FPR {fpr:g}" for fpr, value in scores.tpr.items())
    sys.stdout.write(
        f"{scores.pairs:,} pairs of {scores.pictures:,} pictures, {scores.not_found} without a usable face\n"
        f"accuracy {scores.accuracy:.4f} +- {scores.standard_error:.4f} over {len(scores.folds)} folds, "
        f"threshold {scores.threshold:.3f}\nTPR {tpr}\n"
    )


def report(
    *,
    data: Data = DEFAULT_DATA,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page; the JSON stands beside it.")] = Path(
        "runs/report.html"
    ),
    depth: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the figures alone here, for the model cards.")
    ] = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Trainings whose learning curves are drawn.")] = Path(
        "runs"
    ),
    as_json: AsJson = False,
    limit: Limit = None,
    cache: Kept = DEFAULT_CACHE,
    again: Again = False,
) -> None:
    """Measure every deep part that the cache does not hold, and write one HTML page with the JSON behind it.

    The figures of `lookalike evaluate` are taken from weights/evaluation.json.

    Example: lookalike evaluate report --data data --out runs/report.html
    """
    from evaluation.documents.base import as_json as json_of
    from evaluation.documents.base import read
    from evaluation.documents.shipped import EvaluationDocument
    from evaluation.report.learning_curves import read_curves

    try:
        from evaluation.report.page import page
    except ModuleNotFoundError as error:
        end(f"the page needs {error.name}, of the extra `evaluate`; without it each part prints its tables")
    from evaluation.report.summary import summary
    from evaluation.suites.in_depth import PARTS
    from lookalike.settings import Settings

    for place in (out, out.with_suffix(".json"), depth):
        must_be_replaceable(place)
    deep = _open(data, limit=limit, cache=cache, again=again)
    document = _measure(deep, PARTS).model_copy(
        update={
            "evaluation": read(Settings().weights_dir / "evaluation.json", EvaluationDocument),
            "calibration": deep.bands,
            "learning": read_curves(runs),
        }
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_json(out.with_suffix(".json"), json_of(document))
    out.write_text(page(document), encoding="utf-8")
    sys.stderr.write(f"wrote {out}\n")
    if depth is not None and limit is None:
        write_json(depth, json_of(summary(document)))
    _show(document, as_json=as_json)


def must_be_replaceable(path: Path | None) -> None:
    """End with a sentence, before anything is measured, where a file stands that no evaluation wrote."""
    if path is None or not os.path.lexists(path):
        return
    try:
        with path.open("rb") as file:
            begins = file.read(2_000)
    except OSError:
        begins = b""
    ours = (PAGE_TITLE.encode(),) if path.suffix != ".json" else (b'"embedder":', b'"engine":')
    if not all(mark in begins for mark in ours):
        end(f"{path} is there, and no evaluation wrote it: it is left as it is; name another file")


def _open(data: Path, *, limit: int | None, cache: Path, again: bool) -> DeepEvaluation:
    from evaluation.suites.in_depth import DeepEvaluation

    opened = open_evaluation(data, limit=limit, cache=cache)
    sizes = getattr(getattr(opened.manifest.detector, "input", None), "sizes_px", ())
    shipped = "shipped: " + (_in_words(sizes) if sizes else "as the manifest says")
    return DeepEvaluation(
        run=opened.evaluation,
        pipeline=opened.pipeline,
        detectors=lambda: _detectors(opened) | {shipped: opened.pipeline.detector},
        shipped=shipped,
        files=opened.files,
        bands=_read(opened.settings.calibration_path),
        cache=cache,
        again=again,
    )


def _detectors(opened: Opened) -> dict[str, BoxFinder]:
    """The shipped detector at other sizes, where its kind can be run at them."""
    from dataclasses import replace

    from pipeline.manifest import NetworkFacts
    from pipeline.open_parts import open_detector

    settings, manifest = opened.settings, opened.manifest
    facts = manifest.detector
    if not isinstance(facts, NetworkFacts):
        return {}
    return {
        _in_words((side,)): open_detector(
            replace(facts, input=replace(facts.input, sizes_px=(side,))),
            manifest.thresholds,
            backend=settings.engine,
            threads=settings.engine_threads,
        )
        for side in OTHER_SIDES_PX
        if side not in facts.input.sizes_px
    }


def _in_words(sizes_px: Sequence[int]) -> str:
    return f"{' and '.join(str(side) for side in sizes_px)} px"


def _measure(deep: DeepEvaluation, names: tuple[str, ...]) -> ReportDocument:
    from evaluation.datasets.pack import DataMissing
    from evaluation.documents.in_depth import Parts, ReportDocument

    try:
        parts = {name: deep.part(name) for name in names}
    except DataMissing as error:
        end(str(error))
    if deep.reused:
        sys.stderr.write(f"from the cache: {', '.join(deep.reused)}\n")
    return ReportDocument(
        embedder=deep.run.networks.embedder.model,
        engine=deep.run.engine,
        limit=deep.run.limit,
        files=dict(deep.files),
        parts=Parts.model_validate(parts),
    )


def _show(document: ReportDocument, *, as_json: bool) -> None:
    if as_json:
        from evaluation.documents.base import as_json as json_of

        print_json(json_of(document))
        return
    from evaluation.report.depth_tables import tables
    from evaluation.report.table import as_rich

    console = wide_console()
    for part in tables(document.parts).values():
        for table in part:
            console.print(as_rich(table))


def _show_part(deep: DeepEvaluation, name: str, *, as_json: bool) -> None:
    from evaluation.datasets.pack import DataMissing
    from evaluation.documents.base import as_json as json_of
    from evaluation.documents.in_depth import AnsweredPart, CoveredPart
    from evaluation.report import depth_tables
    from evaluation.report.table import as_rich

    try:
        found = deep.part(name)
    except DataMissing as error:
        end(str(error))
    if as_json:
        print_json(json_of(found))
        return
    console = wide_console()
    shown = depth_tables.covered(found) if isinstance(found, CoveredPart) else []
    shown += [depth_tables.answered(found)] if isinstance(found, AnsweredPart) else []
    for table in shown:
        console.print(as_rich(table))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found
