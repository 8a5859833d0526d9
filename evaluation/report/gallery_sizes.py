"""docs/gallery.md's tables of sizes: `python -m evaluation.report.gallery_sizes` takes them from weights/sizes.json."""

from __future__ import annotations

from typing import Final

from evaluation.documents.gallery_sizes import Nearest, SizesDocument
from evaluation.report.table import Table, as_markdown, figure
from lookalike.paths import ROOT, WEIGHTS

PAGE: Final = ROOT / "docs" / "gallery.md"
SIZES: Final = WEIGHTS / "sizes.json"
BEGIN: Final = "<!-- sizes: lookalike evaluate sizes -->"
END: Final = "<!-- /sizes -->"


def tables(document: SizesDocument) -> list[Table]:
    """What a question costs, and how alike drawn and real people are."""
    return [
        Table(
            key="sizes",
            title="A gallery grows",
            columns=("searched", "people", "build, s", "bytes a vector", "p50, ms", "p95, ms",
                     "recall of the eight", "real people ask"),
            rows=[
                (
                    row.kind, f"{row.people:,}", f"{row.build_s:.1f}", f"{row.bytes_a_vector:.0f}",
                    f"{row.p50_ms:.2f}", f"{row.p95_ms:.2f}",
                    *("1" if one.value == one.low == 1.0 else figure(one) for one in (row.recall, row.recall_real)),
                )
                for row in document.rows
            ],
            caption="processor time of one thread; recall with 95 % intervals",
        ),
        Table(
            key="nearest",
            title="How near people are",
            columns=("who asks whom", "asking", "people", "nearest cosine, 5 / 50 / 95 %", "eighth"),
            rows=[_nearest("real people", document.real), _nearest("drawn people", document.drawn)],
        ),
    ]  # fmt: skip


def _nearest(who: str, one: Nearest) -> tuple[str, ...]:
    shown = (" / ".join(f"{value:.3f}" for value in values) for values in (one.first, one.eighth))
    return (who, f"{one.asking:,}", f"{one.people:,}", *shown)


def rewritten(page: str, document: SizesDocument) -> str:
    """Return the page with the document's tables between the marks."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n" + "\n".join(map(as_markdown, tables(document))) + f"{END}{after}"


def write_page(document: SizesDocument) -> None:
    """Write docs/gallery.md, where there is one: a checkout has it, an installation has not."""
    if PAGE.is_file():
        PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), document), encoding="utf-8")


if __name__ == "__main__":
    write_page(SizesDocument.model_validate_json(SIZES.read_bytes()))
