"""Labelled pictures -> unit vectors through the shipped embedder, points as given, one crop, no flip.

Decoding and straightening run ahead in two threads while the network works. With a cache folder, vectors of the same
embedder and pictures are read back instead of made again; the key holds everything that decides a vector.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.pack import FacePicture, read_picture
from pipeline.similarity import align_face
from pipeline.types import Embedding, FloatArray, Rgb8

BATCH: Final = 16
AHEAD: Final = 4  # batches straightened before the network asks for them
DECODERS: Final = 2


class CropEmbedder(Protocol):
    """pipeline.embedder.Embedder, as far as it is needed here."""

    @property
    def model(self) -> str: ...

    def embed(self, crops: Sequence[Rgb8]) -> list[Embedding | None]: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """Pictures and their vectors, row by row; a picture without a vector (degenerate points) is in neither."""

    pictures: tuple[FacePicture, ...]
    vectors: FloatArray  # (N, D), unit rows

    @property
    def people(self) -> NDArray[np.str_]:
        return np.array([picture.person for picture in self.pictures])

    def where(self, keep: Callable[[FacePicture], bool]) -> Embedded:
        """The rows whose picture is wanted."""
        rows = [row for row, picture in enumerate(self.pictures) if keep(picture)]
        return Embedded(pictures=tuple(self.pictures[row] for row in rows), vectors=self.vectors[rows])


def embed_pictures(
    pictures: Sequence[FacePicture],
    embedder: CropEmbedder,
    *,
    cache: Path | None = None,
    engine: str = "",
    straighten: Callable[[FacePicture], Rgb8] | None = None,
    advance: Callable[[int], None] = lambda _done: None,
) -> Embedded:
    """Embed every picture; `advance` is told how many more are done.

    engine: what else decides a vector (backend, precision, name of another way to straighten), part of the cache's key.
    straighten: instead of `straightened`; called in two threads. Raises DataMissing.
    """
    file = cache / f"vectors-{_key(pictures, embedder.model, engine)}.npy" if cache else None
    if file is not None and file.is_file():
        vectors = np.load(file)
        if vectors.shape[:1] == (len(pictures),):
            advance(len(pictures))
            return _kept(pictures, vectors)
    rows: list[FloatArray | None] = []
    for crops in _batches(pictures, straighten or straightened):
        rows += [None if found is None else found.vector for found in embedder.embed(crops)]
        advance(len(crops))
    size = next((len(row) for row in rows if row is not None), 0)
    if not rows:
        return Embedded(pictures=(), vectors=np.zeros((0, size), np.float32))
    vectors = np.stack([np.full(size, np.nan, np.float32) if row is None else row for row in rows])
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        with part.open("wb") as out:
            np.save(out, vectors)
        part.replace(file)
    return _kept(pictures, vectors)


def straightened(picture: FacePicture) -> Rgb8:
    """The picture's face on the ArcFace template, (112, 112, 3)."""
    return align_face(read_picture(picture.file), picture.points)


def _batches(pictures: Sequence[FacePicture], straighten: Callable[[FacePicture], Rgb8]) -> Iterator[list[Rgb8]]:
    parts = [pictures[start : start + BATCH] for start in range(0, len(pictures), BATCH)]
    with ThreadPoolExecutor(max_workers=DECODERS) as pool:
        waiting: list[list[Future[Rgb8]]] = []
        for part in parts:
            waiting.append([pool.submit(straighten, picture) for picture in part])
            if len(waiting) > AHEAD:
                yield [crop.result() for crop in waiting.pop(0)]
        for batch in waiting:
            yield [crop.result() for crop in batch]


def _kept(pictures: Sequence[FacePicture], vectors: FloatArray) -> Embedded:
    rows = [int(row) for row in np.flatnonzero(np.isfinite(vectors).all(axis=1))]
    return Embedded(pictures=tuple(pictures[row] for row in rows), vectors=np.ascontiguousarray(vectors[rows]))


def _key(pictures: Sequence[FacePicture], model: str, engine: str) -> str:
    digest = hashlib.sha256(f"{model} {engine}\n".encode())
    for picture in pictures:
        digest.update(f"{picture.file.name} {picture.file.stat().st_size}\n".encode())
        digest.update(picture.points.tobytes())
    return digest.hexdigest()[:24]
