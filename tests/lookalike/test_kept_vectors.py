"""Who joins a gallery by the page has the vector that the command line would have kept."""

from __future__ import annotations

import numpy as np

from lookalike.app import open_pipeline
from lookalike.kept_vectors import KeptVectors
from lookalike.paths import ROOT
from lookalike.settings import Settings

PHOTO = (ROOT / "lookalike/sample/grace_hopper.jpg").read_bytes()


def test_a_kept_vector_is_the_float_one_whatever_answers_are_computed_in() -> None:
    settings = Settings()
    photo = open_pipeline(settings).read(PHOTO)
    kept = KeptVectors(settings)(photo, photo.usable[0])
    exact = open_pipeline(settings, int8_embedder=False).read(PHOTO).usable[0].embedding
    assert kept is not None
    assert exact is not None
    np.testing.assert_allclose(kept, exact.vector, atol=1e-6)
