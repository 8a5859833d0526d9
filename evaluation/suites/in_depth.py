"""The suites that measure in depth: which there are, what each needs, and their outcomes kept on disk.

A suite's outcome is one document of `evaluation.documents.in_depth`. It is kept under a key of everything that decides
it (the three networks' files, engine, calibration, code version), so that a report is cheap to write again and a new
network is measured anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from evaluation.datasets import pack as data
from evaluation.datasets.detections import BoxFinder
from evaluation.documents.base import Document, as_json, document_of
from evaluation.documents.in_depth import (
    AlignerPart,
    AnsweredPart,
    CoveredPart,
    DetectorPart,
    EmbedderPart,
    RobustnessPart,
)
from evaluation.suites import aligner as deep_aligner
from evaluation.suites import covered as deep_covered
from evaluation.suites import detector as deep_detector
from evaluation.suites import embedder as deep_embedder
from evaluation.suites import robustness as deep_robustness
from evaluation.suites.shipped import Evaluation
from pipeline.gates import QualityGates

PARTS: Final = ("embedder", "robustness", "aligner", "detector")  # a report's; the others are parts of these
KINDS: Final[Mapping[str, type[Document]]] = {
    "embedder": EmbedderPart,
    "robustness": RobustnessPart,
    "aligner": AlignerPart,
    "detector": DetectorPart,
    "covered": CoveredPart,
    "answered": AnsweredPart,
}
# The networks that decide a part's figures: another embedder leaves boxes and points as they are.
NEEDS: Final = {
    "embedder": ("embedder",),
    "robustness": ("detector", "aligner", "embedder"),
    "aligner": ("detector", "aligner"),
    "detector": ("detector", "aligner"),
    "covered": ("detector", "aligner"),
    "answered": ("detector", "aligner"),
}
VERSION: Final = 5  # raise it when a part counts otherwise
TURNED_SCENES: Final = 40  # of each source, in each of three turns: a turned photo costs four looks
FILLED_FRAMES: Final = 100
SHEETS: Final = 5
T = TypeVar("T")


@dataclass(kw_only=True)
class DeepEvaluation:
    """The deep parts over one data folder.

    pipeline: the product's own FacePipeline. detectors: name -> the shipped detector at other sizes; the shipped one is
    `shipped`.
    """

    run: Evaluation
    pipeline: Any
    detectors: Callable[[], Mapping[str, BoxFinder]]
    shipped: str
    files: Mapping[str, str]  # detector, aligner, embedder -> SHA-256
    bands: Mapping[str, Any] | None
    cache: Path | None = None
    again: bool = False
    reused: list[str] = field(default_factory=list)

    def part(self, name: str) -> Document:
        """Return one suite's document, from the cache where it is there. Raises DataMissing, KeyError."""
        parts: dict[str, Callable[[], Document]] = {
            "embedder": lambda: deep_embedder.measure(self.run, bands=self.bands),
            "robustness": lambda: deep_robustness.measure(self.run, self.pipeline, aligner_id=self.files["aligner"]),
            "aligner": self._aligner,
            "detector": self._detector,
            "covered": self._covered,
            "answered": self._answered,
        }
        make = parts[name]
        file = None if self.cache is None else self.cache / f"deep-{name}-{self._key(name)}.json"
        if file is not None and file.is_file() and not self.again:
            kept = KINDS[name].model_validate_json(file.read_bytes())
            self.reused.append(name)
            return kept
        document = make()
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_name(f"{file.name}.{os.getpid()}.part")
            part.write_text(json.dumps(as_json(document), ensure_ascii=False), encoding="utf-8")
            part.replace(file)
        return document

    def _aligner(self) -> AlignerPart:
        pictures = data.read_points_pictures(self.run.data, split="val")
        pictures += deep_aligner.celeba_pictures(self.run.data)
        if self.run.limit is not None:
            names = dict.fromkeys(picture.set_name for picture in pictures)
            pictures = [p for name in names for p in self._few([q for q in pictures if q.set_name == name])]
        with self.run.progress("face points", len(pictures)) as shown:
            found = deep_aligner.find_points(pictures, self.pipeline.detector, self.pipeline.aligner, advance=shown)
        part = deep_aligner.measure(found, resamples=self.run.resamples)
        return part.model_copy(update={"covered": self.part("covered")})

    def _covered(self) -> CoveredPart:
        faces = deep_covered.faces_of(self.run.data, limit=self.run.limit)
        with self.run.progress("cut and covered faces", len(faces)) as shown:
            seen = deep_covered.outcomes(faces, self.pipeline, advance=shown)
        few = deep_covered.few_whole(faces)
        with self.run.progress("blurred faces", len(few) * len(deep_covered.BLURS)) as shown:
            blurred = deep_covered.blur_rows(few, self.pipeline, advance=shown)
        return deep_covered.measure(seen, blurred)

    def _detector(self) -> DetectorPart:
        scenes = self._scenes()
        runs = {}
        detectors = self.detectors()
        for name, detector in detectors.items():
            with self.run.progress(f"scenes, {name}", len(scenes)) as shown:
                runs[name] = deep_detector.run_over(scenes, detector, advance=shown)
        names = list(detectors)
        thresholds = self.pipeline.detector.thresholds
        threshold = float(thresholds.score)
        ways = deep_detector.all_ways(
            runs,
            threshold=threshold,
            sure=float(thresholds.sure),
            small=names[0],
            large=self.shipped,
            resamples=self.run.resamples // 2,
        )
        answered = self.part("answered")
        return document_of(
            DetectorPart, {"threshold": threshold, "ways": ways, "shipped": self.shipped, **dict(answered)}
        )

    def _answered(self) -> AnsweredPart:
        return document_of(AnsweredPart, {"turned": self._turned(self._scenes())} | self._hard_frames())

    def _scenes(self) -> list[data.ScenePicture]:
        scenes = data.read_scenes(self.run.data, split="val")
        return [s for source in data.SCENE_SOURCES for s in self._few([q for q in scenes if q.source == source])]

    def _turned(self, scenes: Sequence[data.ScenePicture]) -> dict[str, Any]:
        with_faces = [scene for scene in scenes if scene.source != "empty"]
        few = [
            scene
            for source in ("wider", "celeba", "portrait")
            for scene in [one for one in with_faces if one.source == source][:TURNED_SCENES]
        ]
        found: dict[str, Any] = {}
        for words, turns, chosen in (
            ("upright, all with faces", 0, with_faces),
            ("upright", 0, few),
            ("a quarter turn clockwise", 1, few),
            ("upside down", 2, few),
            ("a quarter turn back", 3, few),
        ):
            with self.run.progress(words, len(chosen)) as shown:
                found[words] = deep_detector.as_answered(chosen, self.pipeline, turns=turns, advance=shown)
        return found

    def _hard_frames(self) -> dict[str, Any]:
        pictures = [p for p in data.read_celeba(self.run.data) if p.split == "val" and p.source == "aligned"]
        step = max(1, len(pictures) // FILLED_FRAMES)
        return {
            "frame_filling": deep_detector.frame_filling(pictures[::step][:FILLED_FRAMES], self.pipeline.detector),
            "contact_sheets": deep_detector.contact_sheets(
                pictures[: SHEETS * deep_detector.SHEET_SIDE**2], self.pipeline.detector
            ),
        }

    def _few(self, items: list[T]) -> list[T]:
        return items if self.run.limit is None else items[: self.run.limit]

    def _key(self, name: str) -> str:
        bands = json.dumps(self.bands, sort_keys=True) if name == "embedder" else ""
        files = " ".join(self.files[role] for role in NEEDS[name])
        gates = QualityGates() if "detector" in NEEDS[name] else ""  # which faces are answered
        text = f"{VERSION} {name} {files} {self.run.engine} {self.run.limit} {self.run.resamples} {bands} {gates}"
        return hashlib.sha256(text.encode()).hexdigest()[:20]
