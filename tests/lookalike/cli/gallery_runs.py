"""Running `lookalike index` on folders of two public photos, with a network that takes no time."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from typer.testing import CliRunner, Result

from lookalike.cli.gallery import app
from lookalike.cli.gallery_pictures import PictureEmbedder
from lookalike.paths import ROOT, SAMPLES
from pipeline.embedder import Embedder
from pipeline.manifest import InputSpec, load_manifest
from pipeline.types import FloatArray, Nchw, PhotoFaces, Rgb8
from tests.lookalike.builders import face, photo, unit


class MeanColor:
    """An engine whose vector is the crop's mean colour, each channel by itself."""

    spec = InputSpec(name="images", sizes_px=(112,), color="RGB", mean=(0.0, 0.0, 0.0), std=(255.0, 255.0, 255.0))

    def run(self, batch: Nchw) -> tuple[FloatArray, ...]:
        return (np.asarray(batch.mean(axis=(2, 3)), np.float32),)


def quick_embedder() -> PictureEmbedder:
    """Takes the middle of each picture for a face, in no time; decoding and everything round it is real."""
    network = Embedder(MeanColor(), model=load_manifest(ROOT / "weights").embedder.sha256)

    def read_image(image: Rgb8) -> PhotoFaces:
        (embedding,) = network.embed([cv2.resize(image, (112, 112))])
        return photo(replace(face(unit(1)), embedding=embedding))

    return PictureEmbedder(network, read_image, recipe="mean colour")


def people_in(folder: Path) -> Path:
    """Two people, one picture each, and a file that is none."""
    for name, file in (("Grace_Hopper", "grace_hopper.jpg"), ("Eileen_Collins", "astronaut.jpg")):
        (folder / name).mkdir(parents=True)
        shutil.copy(SAMPLES / file, folder / name / "picture.jpg")
    (folder / "Grace_Hopper" / "notes.jpg").write_text("not a picture at all")
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def document(result: Result) -> dict[str, Any]:
    """The one JSON document on stdout; fails when there is anything else."""
    parsed = json.loads(result.stdout)
    assert isinstance(parsed, dict)
    return parsed
