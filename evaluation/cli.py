"""`lookalike evaluate`: every figure of the shipped networks, through the shipped files and engine."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from lookalike.cli.console import end, print_json, progress_bar, say, wide_console

if TYPE_CHECKING:
    from evaluation.documents.shipped import EvaluationDocument
    from evaluation.suites.shipped import Evaluation, Report
    from lookalike.settings import Settings
    from pipeline.face_pipeline import FacePipeline
    from pipeline.manifest import Manifest

EVALUATION_NAME: Final = "evaluation.json"
DEFAULT_DATA: Final = Path("data")

app = typer.Typer(
    name="evaluate",
    help="Measure the shipped networks on people and pictures that no training saw. Without a part: everything.",
)

Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="The unpacked data pack.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Limit = Annotated[
    int | None,
    typer.Option(min=20, metavar="N", help="At most N pictures a set, for a quick try; no file is written then."),
]
Cache = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Keep the vectors of all pictures here and use them again."),
]
DryRun = Annotated[bool, typer.Option("--no-write", help="Leave the files in the weights folder as they are.")]

_HELP: Final = {
    "all": "Measure everything, and write weights/calibration.json and weights/evaluation.json.",
    "verification": "TPR and threshold at five FPRs on three sets of held-out people.",
    "identification": "How often the right person is the first of the whole gallery.",
    "landmarks": "Error of the five points on three sets, by the detector's box and by the given one.",
    "detection": "AP and recall of the boxes, false boxes on empty pictures.",
    "likeness": "Do the people on a card look like who asked? Looks by label, and agreement with other networks.",
    "calibration": "Measure what similarities mean, and write weights/calibration.json.",
}


@app.callback(invoke_without_command=True)
def everything(
    context: typer.Context,
    *,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
    limit: Limit = None,
    cache: Cache = None,
    no_write: DryRun = False,
) -> None:
    """Measure the shipped networks on people and pictures that no training saw. Without a part: everything.

    Example: lookalike evaluate --data data
    """
    given = (data, as_json, limit, cache, no_write) != (DEFAULT_DATA, False, None, None, False)
    if context.invoked_subcommand is None:
        _run("all", data=data, as_json=as_json, limit=limit, cache=cache, write=not no_write and limit is None)
    elif given:
        raise typer.BadParameter(f"options stand after the part: lookalike evaluate {context.invoked_subcommand} ...")


def _register(part: str, description: str) -> None:
    def command(
        *,
        data: Data = DEFAULT_DATA,
        as_json: AsJson = False,
        limit: Limit = None,
        cache: Cache = None,
        no_write: DryRun = False,
    ) -> None:
        _run(part, data=data, as_json=as_json, limit=limit, cache=cache, write=not no_write and limit is None)

    command.__doc__ = f"{description}\n\nExample: lookalike evaluate {part} --data data"
    app.command(part)(command)


for _part, _description in _HELP.items():
    _register(_part, _description)


@app.command("rarity")
def rarity(*, data: Data = DEFAULT_DATA, as_json: AsJson = False, cache: Cache = None) -> None:
    """Ask strangers in random galleries of 6, 77 and 856 people whether the rarity that cards claim is true.

    Example: lookalike evaluate rarity --data data
    """
    from dataclasses import asdict

    from evaluation.suites.rarity import SIZES, cells
    from lookalike.calibration import load_calibration
    from lookalike.scale import Scale

    opened = open_evaluation(data, limit=None, cache=cache)
    calibration = load_calibration(opened.settings.calibration_path, embedder=opened.pipeline.embedder_id)
    sets = opened.evaluation.strangers()
    found = cells(sets, opened.evaluation.gallery.unit, {people: Scale(calibration, people=people) for people in SIZES})
    worst = max(found, key=lambda cell: cell.factor)
    if as_json:
        print_json({"cells": [asdict(cell) | {"factor": cell.factor} for cell in found], "worst": asdict(worst)})
        return
    say(f"{sum(len(one[0]) for one in sets.values()):,} pictures of strangers; measured share: said share (factor)")
    for people in SIZES:
        said = [f"{cell.measured:.2f}: {cell.said:.2f} ({cell.factor:.2f})" for cell in found if cell.people == people]
        say(f"{people} people  " + "  ".join(said))
    say(
        f"worst: {worst.people} people, {worst.measured:.2f} measured, {worst.said:.3f} said, factor {worst.factor:.2f}"
    )


class Opened(NamedTuple):
    """What every measurement begins with: the shipped networks, opened, and a run over the data with them."""

    settings: Settings
    pipeline: FacePipeline
    manifest: Manifest
    evaluation: Evaluation

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of the three networks' files, by role."""
        return {
            part.role: part.sha256 for part in (self.manifest.detector, self.manifest.aligner, self.manifest.embedder)
        }


def open_evaluation(data: Path, *, limit: int | None, cache: Path | None) -> Opened:
    """Open the networks of the settings for a folder of data; end with a sentence where there is none."""
    from evaluation.suites.shipped import Evaluation
    from lookalike.app import open_looks, open_pipeline
    from lookalike.settings import Settings
    from pipeline.engine import computed_in
    from pipeline.manifest import load_manifest

    if not data.is_dir():
        end(f"there is no folder {data}; name that of the data pack (docs/training.md) with --data")
    settings = Settings()
    pipeline = open_pipeline(settings)
    manifest = load_manifest(settings.weights_dir)
    engine = f"{settings.engine} {computed_in(manifest.embedder, settings.engine)}"
    evaluation = Evaluation(
        networks=pipeline,
        data=data,
        engine=engine,
        progress=progress_bar,
        limit=limit,
        cache=cache,
        looks=open_looks(settings, embedder=pipeline.embedder_id),
    )
    return Opened(settings, pipeline, manifest, evaluation)


def _run(part: str, *, data: Path, as_json: bool, limit: int | None, cache: Path | None, write: bool) -> None:
    """Measure one part or all of them, print, and write what `write` allows."""
    from evaluation.datasets.pack import DataMissing
    from evaluation.documents.base import as_json as json_of
    from evaluation.suites.calibrate import CalibrationImpossible
    from evaluation.suites.shipped import PARTS, Report

    opened = open_evaluation(data, limit=limit, cache=cache)
    settings, evaluation = opened.settings, opened.evaluation
    report = Report(embedder=opened.pipeline.embedder_id, files=opened.files, engine=evaluation.engine, limit=limit)
    try:
        for name in PARTS if part == "all" else (part,):
            start = time.perf_counter()
            _measure(evaluation, report, name)
            report.seconds[name] = round(time.perf_counter() - start, 1)
            if name == "calibration" and write and report.calibration is not None:
                write_json(settings.calibration_path, report.calibration)
    except (DataMissing, CalibrationImpossible) as error:
        end(str(error))
    document = report.document()
    if write:
        write_json(settings.weights_dir / EVALUATION_NAME, json_of(_merged(settings, document)))
    if as_json:
        print_json(json_of(document))
    else:
        _print(document)


def _measure(evaluation: Evaluation, report: Report, name: str) -> None:
    from evaluation.suites import likeness

    parts: dict[str, Callable[[], Any]] = {
        "verification": evaluation.verification,
        "identification": evaluation.identification,
        "landmarks": evaluation.landmarks,
        "detection": evaluation.detection,
        "likeness": lambda: likeness.measure(evaluation),
        "calibration": evaluation.calibration,
    }
    setattr(report, name, parts[name]())


def _merged(settings: Settings, document: EvaluationDocument) -> EvaluationDocument:
    """Put the new figures over those of the file that is there: a part alone replaces that part alone.

    Figures of other networks, or of a file that can't be read, are dropped. The calibration has its own file.
    """
    from evaluation.documents.base import read
    from evaluation.documents.shipped import EvaluationDocument

    found = {name: getattr(document, name) for name in document.model_fields_set if name != "calibration"}
    before = read(settings.weights_dir / EVALUATION_NAME, EvaluationDocument)
    if before is None or before.files != document.files:
        return EvaluationDocument.model_validate(found)
    kept = {name: getattr(before, name) for name in before.model_fields_set}
    return EvaluationDocument.model_validate(kept | found | {"seconds": before.seconds | document.seconds})


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write beside its place and move it there, so that nobody reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)
    sys.stderr.write(f"wrote {path}\n")


def _print(document: EvaluationDocument) -> None:
    from evaluation.report.evaluation_tables import tables
    from evaluation.report.table import as_rich

    console = wide_console()
    for table in tables(document):
        console.print(as_rich(table))
    console.print("seconds: " + ", ".join(f"{name} {seconds:.0f}" for name, seconds in document.seconds.items()))
