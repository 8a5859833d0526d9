"""What a question costs in a gallery of ten thousand, a hundred thousand and a million people, and what it misses.

Measured are the two ways that ship (every vector in float16; 8-bit codes, mapped from a file, and float16 for the
candidates) and two that don't (IVF lists, HNSW graphs), over vectors drawn like the shipped gallery's.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from evaluation.documents.base import Figure, document_of
from evaluation.documents.gallery_sizes import Nearest, Quantiles, SizeRow, SizesDocument
from evaluation.metrics.bootstrap import mean_figure
from evaluation.suites.drawn_people import DrawnPeople
from index.coded_rows import CodedRows
from index.faiss_rows import FaissRows
from index.files import CODES, VECTORS

Vectors = NDArray[np.float32]
Ask = Callable[[Vectors], Sequence[int]]  # one probe -> rows of the eight

_FAISS: Any = faiss  # its stubs lack what its Python layer adds

SIZES: Final = (10_000, 100_000, 1_000_000)
HNSW_PEOPLE: Final = 100_000  # its graph takes 12 minutes a million on one core to build
HELD_OUT: Final = 1000
ASKING: Final = 200
TOP: Final = 8
CANDIDATES: Final = 32
SEED, ASKING_SEED, ORDER_SEED = 1000, 7, 0
IVF_SHARE: Final = 0.25
HNSW_LINKS, HNSW_BUILD, HNSW_SEARCH = 16, 80, 512
EXACT, CODED = "every vector, float16", "8-bit codes, then float16"
IVF, HNSW = "IVF, 8 bits, a quarter of the lists", "HNSW, 8 bits, M 16, ef 512"
_TRAINED: Final = 64  # vectors a list


def measure(
    real: Vectors, *, embedder: str, sizes: Sequence[int], work: Path, progress: Callable[[str], None]
) -> SizesDocument:
    """Measure every size. real: (N, D) unit vectors of a gallery. work: an empty folder for what is mapped."""
    order = np.random.default_rng(ORDER_SEED).permutation(len(real))
    asking, seen = real[order[:HELD_OUT]], real[order[HELD_OUT:]]
    people = DrawnPeople(seen)
    drawn = people.draw(ASKING, seed=ASKING_SEED)
    rows: list[SizeRow] = []
    for size in sizes:
        progress(f"{size:,} people are drawn")
        gallery = people.gallery(size, seed=SEED)
        for row in _of_size(gallery, drawn, asking[:ASKING], work=work):
            progress(f"{row.kind}: {row.p50_ms:.2f} ms, recall {row.recall.value:.3f}")
            rows.append(row)
    same = people.gallery(len(seen), seed=SEED).astype(np.float32)
    return SizesDocument(
        schema=1,
        embedder=embedder,
        dimension=real.shape[1],
        machine=f"{platform.system()} {platform.machine()}, FAISS {faiss.__version__}",
        real=_nearest(asking, seen),
        drawn=_nearest(people.draw(HELD_OUT, seed=ASKING_SEED), same),
        rows=tuple(rows),
    )


def _of_size(gallery: NDArray[np.float16], drawn: Vectors, real: Vectors, *, work: Path) -> Iterator[SizeRow]:
    probes = np.concatenate([drawn, real])
    empty = FaissRows.of(np.zeros((0, gallery.shape[1]), np.float32))
    start = time.process_time()
    exact = empty.changed(stay=np.zeros(0, np.int64), new=gallery, order=np.arange(len(gallery)))
    built = time.process_time() - start
    answers, times = _asked(_of_rows(exact), probes)

    def row(kind: str, build_s: float, size_bytes: int, ask: Ask | None) -> SizeRow:
        found, took = (answers, times) if ask is None else _asked(ask, probes)
        share = np.array([len(set(a) & set(b)) / TOP for a, b in zip(found, answers, strict=True)])
        return SizeRow(
            kind=kind,
            people=len(gallery),
            build_s=round(build_s, 1),
            bytes_a_vector=round(size_bytes / len(gallery), 1),
            p50_ms=round(float(np.median(took)), 3),
            p95_ms=round(float(np.quantile(took, 0.95)), 3),
            recall=_mean(share[: len(drawn)]),
            recall_real=_mean(share[len(drawn) :]),
        )

    (work / VECTORS).write_bytes(exact.to_bytes())
    yield row(EXACT, built, (work / VECTORS).stat().st_size, None)
    start = time.process_time()
    coded = CodedRows.over(exact)
    built = time.process_time() - start
    (work / CODES).write_bytes(coded.codes_to_bytes())
    del exact, coded
    with (work / VECTORS).open("rb") as vectors, (work / CODES).open("rb") as codes:
        mapped = CodedRows.mapped(vectors, codes, folder=work)
    yield row(CODED, built, (work / CODES).stat().st_size, _of_rows(mapped))
    del mapped
    for kind, make in _others(len(gallery), gallery.shape[1]):
        start = time.process_time()
        index, parameters = make(gallery)
        built = time.process_time() - start
        yield row(kind, built, len(faiss.serialize_index(index)), _reranked(index, parameters, gallery))
        del index


def _others(people: int, dimension: int) -> Iterator[tuple[str, Callable[[NDArray[np.float16]], tuple[Any, Any]]]]:
    def ivf(gallery: NDArray[np.float16]) -> tuple[Any, Any]:
        lists = round(2 * len(gallery) ** 0.5)
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dimension), dimension, lists, faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT, False,
        )  # fmt: skip
        index.cp.spherical, index.cp.niter, index.cp.max_points_per_centroid = True, 8, _TRAINED
        _filled(index, gallery, trained=lists * _TRAINED)
        return index, _FAISS.SearchParametersIVF(nprobe=round(IVF_SHARE * lists))

    def hnsw(gallery: NDArray[np.float16]) -> tuple[Any, Any]:
        index = _FAISS.IndexHNSWSQ(dimension, faiss.ScalarQuantizer.QT_8bit, HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = HNSW_BUILD
        _filled(index, gallery, trained=20_000)
        return index, _FAISS.SearchParametersHNSW(efSearch=HNSW_SEARCH)

    yield IVF, ivf
    if people <= HNSW_PEOPLE:
        yield HNSW, hnsw


def _filled(index: Any, gallery: NDArray[np.float16], *, trained: int) -> None:
    step = max(1, len(gallery) // trained)
    index.train(np.ascontiguousarray(gallery[::step][:trained], np.float32))
    for first in range(0, len(gallery), 50_000):
        index.add(np.ascontiguousarray(gallery[first : first + 50_000], np.float32))


def _of_rows(rows: FaissRows) -> Ask:
    return lambda probe: list(rows.search(probe, count=TOP)[1].tolist())


def _reranked(index: Any, parameters: Any, gallery: NDArray[np.float16]) -> Ask:
    def ask(probe: Vectors) -> Sequence[int]:
        _, found = index.search(probe[None], CANDIDATES, params=parameters)
        rows = found[0][found[0] >= 0]
        scores = gallery[rows].astype(np.float32) @ probe
        return list(rows[np.lexsort((rows, -scores))[:TOP]].tolist())

    return ask


def _asked(ask: Ask, probes: Vectors) -> tuple[list[Sequence[int]], list[float]]:
    """Answers, and milliseconds of processor time each: other work on the machine does not count."""
    faiss.omp_set_num_threads(1)
    answers, times = [], []
    for probe in probes:
        start = time.thread_time()
        answers.append(ask(probe))
        times.append(1000 * (time.thread_time() - start))
    return answers, times


def _mean(shares: NDArray[np.float64]) -> Figure:
    """With its 95 % interval over those who ask."""
    return document_of(Figure, mean_figure(shares))


def _nearest(asking: Vectors, gallery: Vectors) -> Nearest:
    scores = np.partition(asking @ gallery.T, -TOP, axis=1)[:, -TOP:]
    return Nearest(
        people=len(gallery),
        asking=len(asking),
        first=_quantiles(scores.max(axis=1)),
        eighth=_quantiles(scores.min(axis=1)),
    )


def _quantiles(values: Vectors) -> Quantiles:
    low, middle, high = (round(float(one), 3) for one in np.quantile(values, [0.05, 0.5, 0.95]))
    return low, middle, high
