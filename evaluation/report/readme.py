"""The figures of README and docs/evaluation.md, from the committed documents: `python -m evaluation.report.readme`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from evaluation.documents.base import point_at, read
from evaluation.documents.bench import BenchDocument
from evaluation.documents.shipped import EvaluationDocument, Identification, LikenessPart
from evaluation.report import evaluation_tables
from evaluation.report.bench_table import BENCH, bench_tables
from evaluation.report.table import Table, as_markdown, figure, number, percent
from lookalike.paths import ROOT, WEIGHTS

README: Final = ROOT / "README.md"
MEASURED: Final = ROOT / "docs" / "evaluation.md"
EVALUATION: Final = WEIGHTS / "evaluation.json"
BEGIN: Final = "<!-- figures: python -m evaluation.report.readme -->"
END: Final = "<!-- /figures -->"
_SETS: Final = {
    "celeba aligned": "CelebA, clear pictures",
    "celeba small": "CelebA, pictures of 64 px",
    "wild": "pictures from the web",
}


def figures(document: EvaluationDocument) -> str:
    """Write what a reader asks first as Markdown tables; every figure with its n and its 95 % interval."""
    return "\n".join(map(as_markdown, [*tables(document), *_beside_others(document)]))


def tables(document: EvaluationDocument) -> list[Table]:
    """Make the README's tables. Raises ValueError where a part was not measured."""
    parts = (document.verification, document.identification, document.landmarks, document.detection)
    verification, identification, landmarks, detection = parts
    if verification is None or identification is None or landmarks is None or detection is None:
        raise ValueError("evaluation.json lacks a part; run `lookalike evaluate all`")
    return [
        Table(
            key="verification",
            title="",
            columns=("Same person or not, people no training saw", "people / pictures", "TPR at FPR 0.01",
                     "TPR at FPR 0.001"),
            rows=[
                (
                    _SETS[name],
                    f"{one.people} / {one.pictures:,}",
                    *(figure(point_at(one.points, fpr).tpr) for fpr in (0.01, 0.001)),
                )
                for name, one in verification.items()
            ],
        ),
        Table(
            key="identification",
            title="",
            columns=(f"Who is it, among {_gallery_people(identification)} people", "n", "first", "among the eight"),
            rows=[
                (_SETS[name], f"{one.probes:,}", figure(one.rank_1), figure(one.rank_8))
                for name, one in identification.items()
            ],
        ),
        *([] if document.likeness is None else [_likeness(document.likeness)]),
        Table(
            key="landmarks",
            title="",
            columns=("Five points, mean error over the eye distance, %", "n", "by the detector's box", "over 10 %"),
            rows=[
                (
                    f"`{name}`",
                    f"{rows.detected.faces:,}",
                    percent(rows.detected.nme),
                    f"{100 * (rows.detected.failures['0.1'].value or 0.0):.1f} %",
                )
                for name, rows in landmarks.items()
            ],
        ),
        Table(
            key="detection",
            title="",
            columns=("Face boxes, IoU 0.5", "faces", "AP", "recall"),
            rows=[
                (
                    "of any size" if one.floor_px == 0 else f"from {one.floor_px:g} px",
                    f"{one.faces:,}",
                    figure(one.ap),
                    figure(one.recall),
                )
                for one in detection.overall
            ],
        ),
    ]  # fmt: skip


def _likeness(part: LikenessPart) -> Table:
    """The cosine alone, and what ships, for whoever asks."""
    return Table(
        key="likeness",
        title="",
        columns=("Does somebody like the asker come out, who isn't in the gallery", "n / people",
                 "first of the same sex", "cards with another sex", "by the cosine alone"),
        rows=[
            (
                group,
                f"{one.pictures:,} / {one.people}",
                figure(one.aspects["sex"].first),
                figure(one.other_sex),
                f"{number(before.aspects['sex'].first.value)}, {number(before.other_sex.value)}",
            )
            for group in part.gains
            for before, one in [[groups[group] for groups in part.ways.values()]]
        ],
    )  # fmt: skip


def _gallery_people(parts: dict[str, Identification]) -> str:
    return f"{max((one.gallery_people for one in parts.values()), default=0):,}"


def rarity(document: EvaluationDocument) -> str:
    """Write the tables of docs/evaluation.md, each with its title and worst cell."""
    found = {} if document.rarity is None else document.rarity.tables
    shown = [evaluation_tables.rarity(name, one) for name, one in found.items() if one.cells]
    return "\n".join(f"{one.title}:\n\n{as_markdown(one)}\n{one.caption}\n" for one in shown)


def rewritten(page: str, figures: Callable[[EvaluationDocument], str] = figures) -> str:
    """Return a page with today's figures between the marks."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    table = figures(EvaluationDocument.model_validate_json(EVALUATION.read_bytes()))
    return f"{before}{BEGIN}\n{table}{END}{after}"


def _beside_others(document: EvaluationDocument) -> list[Table]:
    """The tables of `make bench`, where it was run with the networks that the figures are of."""
    bench = read(BENCH, BenchDocument)
    return bench_tables(bench, document) if bench is not None and bench.files == document.files else []


if __name__ == "__main__":
    for path, written in ((README, figures), (MEASURED, rarity)):
        path.write_text(rewritten(path.read_text(encoding="utf-8"), written), encoding="utf-8")
