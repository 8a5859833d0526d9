"""Vectors of faces that are kept: computed in float, since any CPU may be asked to compare them later."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from lookalike.settings import Settings
from pipeline.types import Face, PhotoFaces, Vector

if TYPE_CHECKING:
    from pipeline.parts import FaceEmbedder


def as_answered(_photo: PhotoFaces, face: Face) -> Vector | None:
    """The vector that the face was answered by; None of a face that has none."""
    return None if face.embedding is None else face.embedding.vector


class KeptVectors:
    """As `lookalike index add` has them, from a face that was read for an answer. Thread-safe.

    Where faces are answered in int8, the embedder is opened once more, in float, when the first face comes.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: FaceEmbedder | None = None

    def __call__(self, photo: PhotoFaces, face: Face) -> Vector | None:
        """The vector to keep, unit length; None of a face that has none. Raises PipelineError."""
        from pipeline.engine import computed_in
        from pipeline.manifest import load_manifest
        from pipeline.open_parts import open_embedder
        from pipeline.stretched_edges import is_tight

        facts = load_manifest(self._settings.weights_dir).embedder
        if face.embedding is None or "int8" not in computed_in(facts, self._settings.engine):
            return as_answered(photo, face)
        with self._lock:
            if self._opened is None:
                self._opened = open_embedder(
                    replace(facts, int8=None), backend=self._settings.engine, threads=self._settings.engine_threads
                )
        height, width = photo.image.shape[:2]
        (found,) = self._opened.embed([face.crop], tight=[is_tight(face.points, width=width, height=height)])
        return None if found is None else found.vector
