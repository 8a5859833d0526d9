"""`lookalike evaluate`: every figure of the shipped networks, through the shipped files and engine."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from lookalike.cli.console import end, print_json, progress_bar, wide_console

if TYPE_CHECKING:
    from evaluation.documents.shipped import EvaluationDocument
    from evaluation.suites.rarity import Elsewhere
    from evaluation.suites.shipped import Evaluation, Report
    from lookalike.calibration import Calibration
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
    "rarity": "Ask strangers in galleries of 6, 77 and 856 people whether the rarity that cards claim is true.",
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
    from pipeline.engine import formats_of
    from pipeline.manifest import load_manifest

    if not data.is_dir():
        end(f"there is no folder {data}; name that of the data pack (docs/training.md) with --data")
    settings = Settings()
    pipeline = open_pipeline(settings)
    manifest = load_manifest(settings.weights_dir)
    formats = formats_of(manifest, settings.engine)
    evaluation = Evaluation(
        networks=pipeline,
        data=data,
        engine=_engine_in_words(settings.engine, formats),
        embedder_engine=f"{settings.engine} {formats.get('embedder', '')}".rstrip(),
        progress=progress_bar,
        limit=limit,
        cache=cache,
        looks=open_looks(settings, embedder=pipeline.embedder_id),
        other_galleries=_other_galleries(settings, embedder=pipeline.embedder_id),
    )
    return Opened(settings, pipeline, manifest, evaluation)


def _other_galleries(settings: Settings, *, embedder: str) -> dict[str, Elsewhere]:
    """The galleries that come along beside CelebA's, by name."""
    from evaluation.suites.rarity import Elsewhere
    from index.gallery import Gallery
    from lookalike.settings import CELEBRITIES, TITLES

    places = {name: settings.place_of(name) for name in TITLES if name != CELEBRITIES}
    opened = {name: Gallery.open(place, embedder=embedder) for name, place in places.items() if place.is_dir()}
    return {name: Elsewhere(source=one.info.source, vectors=one.vectors()) for name, one in opened.items()}


def _engine_in_words(engine: str, formats: dict[str, str]) -> str:
    """The engine and what it computes in: one format, or one a network where they differ."""
    if len(set(formats.values())) > 1:
        return f"{engine}, {', '.join(f'{role} {told}' for role, told in formats.items())}"
    return " ".join([engine, *set(formats.values())])


def _run(part: str, *, data: Path, as_json: bool, limit: int | None, cache: Path | None, write: bool) -> None:
    """Measure one part or all of them, print, and write what `write` allows."""
    from evaluation.datasets.pack import DataMissing
    from evaluation.documents.base import as_json as json_of
    from evaluation.suites.calibrate import CalibrationImpossible
    from evaluation.suites.shipped import PARTS, Report
    from lookalike.errors import CalibrationError

    opened = open_evaluation(data, limit=limit, cache=cache)
    settings, evaluation = opened.settings, opened.evaluation
    report = Report(embedder=opened.pipeline.embedder_id, files=opened.files, engine=evaluation.engine, limit=limit)
    try:
        for name in PARTS if part == "all" else (part,):
            start = time.perf_counter()
            _measure(opened, report, name)
            report.seconds[name] = round(time.perf_counter() - start, 1)
            if name == "calibration" and write and report.calibration is not None:
                write_json(settings.calibration_path, report.calibration)
    except (DataMissing, CalibrationImpossible, CalibrationError) as error:
        end(str(error))
    document = report.document()
    if write:
        write_json(settings.weights_dir / EVALUATION_NAME, json_of(_merged(settings, document)))
    if as_json:
        print_json(json_of(document))
    else:
        _print(document)


def _measure(opened: Opened, report: Report, name: str) -> None:
    from evaluation.suites import likeness, rarity

    evaluation = opened.evaluation
    parts: dict[str, Callable[[], Any]] = {
        "verification": evaluation.verification,
        "identification": evaluation.identification,
        "landmarks": evaluation.landmarks,
        "detection": evaluation.detection,
        "likeness": lambda: likeness.measure(evaluation),
        "calibration": evaluation.calibration,
        "rarity": lambda: rarity.measure(evaluation, _calibration(opened, report)),
    }
    setattr(report, name, parts[name]())


def _calibration(opened: Opened, report: Report) -> Calibration:
    """What this run measured, or else the file's. Raises CalibrationError."""
    from lookalike.calibration import load_calibration, read_calibration

    path, embedder = opened.settings.calibration_path, opened.pipeline.embedder_id
    if report.calibration is None:
        return load_calibration(path, embedder=embedder)
    return read_calibration(report.calibration, where=str(path), embedder=embedder)


def _merged(settings: Settings, document: EvaluationDocument) -> EvaluationDocument:
    """Put the new figures over those of the file that is there: a part alone replaces that part alone.

    Figures of other networks or number formats, or of a file that can't be read, are dropped. The calibration has its
    own file.
    """
    from evaluation.documents.base import read
    from evaluation.documents.shipped import EvaluationDocument

    found = {name: getattr(document, name) for name in document.model_fields_set if name != "calibration"}
    before = read(settings.weights_dir / EVALUATION_NAME, EvaluationDocument)
    if before is None or (before.files, before.engine) != (document.files, document.engine):
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
