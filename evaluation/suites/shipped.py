"""The parts of `lookalike evaluate`, each through the shipped files and engine: lists in, figures out. Prints nothing.

Vectors of the held-out people and of the gallery's pictures are made once and shared by the parts that need them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets import detections as photos
from evaluation.datasets import pack as data
from evaluation.datasets.embeddings import CropEmbedder, Embedded, embed_pictures
from evaluation.datasets.pack import FacePicture
from evaluation.documents.base import SCHEMA, plain
from evaluation.documents.shipped import EvaluationDocument
from evaluation.metrics import detection, identification, landmarks, verification
from evaluation.metrics.bootstrap import RESAMPLES
from evaluation.suites import calibrate, rarity
from index.celeba import read_celeba
from index.doubles import celeba_doubles
from index.looks import SEX, Looks, penalties, sexes
from index.source import IDENTITY_FILE
from index.types import Person
from pipeline.types import Rgb8

PARTS: Final = ("verification", "identification", "landmarks", "detection", "likeness", "calibration", "rarity")
GALLERY_PICTURES: Final = 3  # the gallery has 3.1 pictures a person: what "the person is in it" is measured with
# A person of `wild` is taken for one of the gallery when half of the pictures name the same person, this alike.
CONSENSUS_SHARE: Final = 0.5


class Shown(Protocol):
    """A progress bar: how many more are done."""

    def __call__(self, done: int, /) -> None: ...


T = TypeVar("T")
Progress = Callable[[str, int], AbstractContextManager[Shown]]  # title, total -> bar


class Networks(Protocol):
    """pipeline.face_pipeline.FacePipeline, as far as it is needed here."""

    @property
    def detector(self) -> Any: ...

    @property
    def aligner(self) -> Any: ...

    @property
    def embedder(self) -> CropEmbedder: ...

    def read_image(self, image: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LandmarkRows:
    """One set's two lines."""

    detected: landmarks.LandmarkScores
    given: landmarks.LandmarkScores


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionRows:
    """All sources together at every floor, each source at every floor, and the empty pictures."""

    overall: tuple[detection.DetectionScores, ...]
    by_source: dict[str, tuple[detection.DetectionScores, ...]]
    ap_50_95: dict[str, float]  # floor -> AP averaged over IoU 0.5 to 0.95
    ap_small_boxes_dropped: dict[str, float]  # floor -> AP at IoU 0.5, counted more strictly, see detection.py
    empty_upright_boxes: int
    empty_upright_pictures: int
    empty: photos.EmptyPictures


@dataclass(slots=True, kw_only=True)
class Report:
    """What was asked for; None for the parts that were not."""

    embedder: str
    files: dict[str, str]  # detector, aligner, embedder -> SHA-256
    engine: str
    limit: int | None
    verification: dict[str, verification.Verification] | None = None
    identification: dict[str, identification.Identification] | None = None
    landmarks: dict[str, LandmarkRows] | None = None
    detection: DetectionRows | None = None
    likeness: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None
    rarity: dict[str, Any] | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def document(self) -> EvaluationDocument:
        """Return the report as it is written: parts that were not asked for are left out."""
        found = {name: value for name, value in plain(self).items() if value is not None}
        return EvaluationDocument.model_validate({"schema": SCHEMA} | found)


@dataclass(kw_only=True)
class Evaluation:
    """One run over one data folder. `limit`: at most so many pictures a set, for a quick try."""

    networks: Networks
    data: Path
    engine: str  # and the number formats of its networks, as they are reported
    progress: Progress
    limit: int | None = None
    cache: Path | None = None
    resamples: int = RESAMPLES
    embedder_engine: str = ""  # likewise of the embedder alone, which kept vectors depend on; `engine` without it
    looks: Looks | None = None  # as the product has them: who stands first depends on them
    other_galleries: Mapping[str, rarity.Elsewhere] = field(default_factory=dict)  # by name

    @cached_property
    def celeba_val(self) -> Embedded:
        """Val people of celeba, aligned and small."""
        return self._embed("celeba val", [p for p in self._celeba if p.split == "val"])

    @cached_property
    def wild_val(self) -> Embedded:
        return self._embed("wild val", [p for p in data.read_wild(self.data) if p.split == "val"])

    @cached_property
    def celeba_rest(self) -> Embedded:
        """Everybody else of celeba: most of the gallery, train people and the official test people."""
        return self._embed("gallery", [p for p in self._celeba if p.split != "val"])

    @cached_property
    def gallery(self) -> identification.PeopleVectors:
        """Everybody of celeba, as the shipped gallery is made."""
        everybody = np.concatenate([self.celeba_val.vectors, self.celeba_rest.vectors])
        people = np.concatenate([self.celeba_val.people, self.celeba_rest.people])
        return identification.fold_people(everybody, [self.gallery_number(str(person)) for person in people])

    def gallery_number(self, person: str) -> str:
        """The number that a person of celeba has in the gallery, which puts doubles together."""
        return celeba_doubles().get(person, person)

    @cached_property
    def gallery_attributes(self) -> dict[str, dict[str, bool]]:
        """Labels by number, as the gallery's build reads them; nobody's where the folder has no list of identities."""
        folder = self.data / "celeba"
        if not (folder / IDENTITY_FILE).is_file():
            return {}
        return {number: dict(known.attributes or {}) for number, known in read_celeba(folder).known.items()}

    @cached_property
    def _gallery_sexes(self) -> NDArray[np.int8]:
        """As index.looks.sexes: (P,)."""
        people = [
            Person(
                number=str(label), name=None, image="", images=1, attributes=self.gallery_attributes.get(str(label), {})
            )
            for label in self.gallery.labels
        ]
        looks = self.looks
        return sexes(people, None if looks is None else looks.certainty(self.gallery.unit)[:, looks.traits.index(SEX)])

    def nearest(
        self, vectors: NDArray[np.float32], taken_out: Sequence[set[int]], *, soft: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows and cosines (N, 8) of the eight that a card shows, in its order; soft: with the looks, as it ships."""
        rows_of, cosines = [], []
        for start in range(0, len(vectors), identification.CHUNK_ROWS):
            chunk = slice(start, start + identification.CHUNK_ROWS)
            similarity = identification.strangers_of(self.gallery, vectors[chunk], taken_out[chunk])
            placed = similarity
            if soft and self.looks is not None:
                askers = self.looks.certainty(vectors[chunk])[:, self.looks.traits.index(SEX)].tolist()
                less = np.array([[penalties(asker)[sex] for sex in (-1, 0, 1)] for asker in askers], np.float32)
                placed = similarity - less[:, self._gallery_sexes + 1]
            rows = np.argpartition(-placed, calibrate.TILES, axis=1)[:, : calibrate.TILES]
            order = np.argsort(-np.take_along_axis(placed, rows, axis=1), axis=1, kind="stable")
            rows = np.take_along_axis(rows, order, axis=1)
            rows_of.append(rows.astype(np.int64))
            cosines.append(np.take_along_axis(similarity, rows, axis=1))
        return np.concatenate(rows_of), np.concatenate(cosines)

    def people_sets(self) -> dict[str, Embedded]:
        """The three sets of held-out people that figures are given for."""
        return {
            "celeba aligned": self.celeba_val.where(lambda p: p.source == "aligned"),
            "celeba small": self.celeba_val.where(lambda p: p.source == "small"),
            "wild": self.wild_val,
        }

    @cached_property
    def pairs(self) -> dict[str, verification.PairScores]:
        """All pairs of each set."""
        return {name: verification.all_pairs(one.vectors, one.people) for name, one in self.people_sets().items()}

    def verification(self) -> dict[str, verification.Verification]:
        """TPR at FPR on each set: points as given, one crop, no flip."""
        with self.progress("bootstrap over people", len(self.pairs)) as shown:
            results = {}
            for name, scores in self.pairs.items():
                results[name] = verification.verify(scores, resamples=self.resamples)
                shown(1)
        return results

    def identification(self) -> dict[str, identification.Identification]:
        """Rank 1 in the full gallery, each celeba val picture taken out."""
        results = {}
        for name, one in self.people_sets().items():
            if name != "wild":
                people = [self.gallery_number(str(person)) for person in one.people]
                asked = identification.ask(self.gallery, one.vectors, people)
                results[name] = identification.identify(
                    self.gallery, asked, probes=len(one.pictures), resamples=self.resamples
                )
        return results

    def landmarks(self) -> dict[str, LandmarkRows]:
        """NME on val faces cropped by the shipped detector's box, and by the given one."""
        pictures = data.read_points_pictures(self.data, split="val")
        if self.limit is not None:
            pictures = [
                p for name in data.LANDMARK_SETS for p in self._few([q for q in pictures if q.set_name == name])
            ]
        with self.progress("face points", len(pictures)) as shown:
            errors = photos.point_errors(pictures, self.networks.detector, self.networks.aligner, advance=shown)
        return {
            one.set_name: LandmarkRows(
                detected=landmarks.summarise(one.by_detected_box, resamples=self.resamples),
                given=landmarks.summarise(one.by_given_box, resamples=self.resamples),
            )
            for one in sorted(errors, key=lambda one: one.set_name)
        }

    def detection(self) -> DetectionRows:
        """AP and recall on val scenes at each floor, false boxes on the empty ones."""
        scenes = data.read_scenes(self.data, split="val")
        if self.limit is not None:
            scenes = [s for source in data.SCENE_SOURCES for s in self._few([q for q in scenes if q.source == source])]
        with self.progress("scenes", len(scenes)) as shown:
            pairs = photos.scene_pairs(scenes, self.networks.detector, advance=shown)
        empty = [scene for scene in scenes if scene.source == "empty"]
        with self.progress("empty pictures, all turns", len(empty)) as shown:
            found = photos.empty_pictures(empty, self.networks, advance=shown)
        threshold = float(self.networks.detector.thresholds.score)
        on_empty = [int((pair.scores >= threshold).sum()) for pair in pairs if pair.source == "empty"]

        def rows(chosen: Sequence[detection.ScenePair]) -> tuple[detection.DetectionScores, ...]:
            return tuple(
                detection.measure(chosen, threshold=threshold, floor_px=floor, resamples=self.resamples)
                for floor in detection.FLOORS_PX
            )

        return DetectionRows(
            overall=rows(pairs),
            by_source={
                source: rows([pair for pair in pairs if pair.source == source])
                for source in data.SCENE_SOURCES
                if source != "empty"
            },
            ap_50_95={
                f"{floor:.0f}": detection.average_precision_at(
                    pairs, floor_px=floor, ious=tuple(np.linspace(0.5, 0.95, 10))
                )
                for floor in detection.FLOORS_PX
            },
            ap_small_boxes_dropped={
                f"{floor:.0f}": detection.average_precision_at(pairs, floor_px=floor, drop_small_boxes=True)
                for floor in detection.FLOORS_PX
            },
            empty_upright_boxes=sum(on_empty),
            empty_upright_pictures=sum(count > 0 for count in on_empty),
            empty=found,
        )

    def calibration(self) -> dict[str, Any]:
        """Both tables of weights/calibration.json."""
        strangers = [
            calibrate.Strangers(
                name=name,
                people=one.people,
                best=self.nearest(one.vectors, taken_out)[1],
                own=identification.likeness_of_own(one.vectors, one.people, others=GALLERY_PICTURES),
            )
            for name, one in self.people_sets().items()
            for taken_out in [self.wild_in_gallery(one) if name == "wild" else self.own_rows(one)]
        ]
        pair = calibrate.pair_table(self.pairs)
        return calibrate.document(
            embedder=self.networks.embedder.model,
            gallery_people=len(self.gallery.labels),
            crowding=rarity.crowding_of(self, pair["rates"]),
            pair=pair,
            gallery=calibrate.gallery_table(strangers),
            measured_on="people never trained on: celeba val (clear 178x218 and 64 px pictures) and wild val; points "
            "as given, one crop, no flip; every set weighs the same",
            galleries={
                name: rarity.curve(
                    rarity.ask(rarity.elsewhere(self.strangers()), other.vectors, len(other.vectors)),
                    source=other.source,
                )
                for name, other in self.other_galleries.items()
            },
        )

    def strangers(self) -> rarity.Sets:
        """Val people by set: vectors, whose picture each is, and the gallery's rows that are that person."""
        return {
            name: (
                one.vectors,
                np.asarray(one.people),
                self.wild_in_gallery(one) if name == "wild" else self.own_rows(one),
            )
            for name, one in self.people_sets().items()
        }

    @cached_property
    def _celeba(self) -> list[FacePicture]:
        return data.read_celeba(self.data)

    def _embed(self, title: str, pictures: list[FacePicture]) -> Embedded:
        return self.embed(title, self._fewer(pictures))

    def embed(
        self,
        title: str,
        pictures: Sequence[FacePicture],
        *,
        straighten: Callable[[FacePicture], Rgb8] | None = None,
        otherwise: str = "",
    ) -> Embedded:
        """Embed these pictures, the cached ones not again. otherwise: names another way to straighten for the cache."""
        engine = f"{self.embedder_engine or self.engine} {otherwise}".strip()
        with self.progress(title, len(pictures)) as shown:
            return embed_pictures(
                pictures,
                self.networks.embedder,
                cache=self.cache,
                engine=engine,
                straighten=straighten,
                advance=shown,
            )

    def _fewer(self, pictures: list[FacePicture]) -> list[FacePicture]:
        if self.limit is not None:
            pictures = [
                p
                for source in dict.fromkeys(p.source for p in pictures)
                for p in self._few(sorted((q for q in pictures if q.source == source), key=lambda q: q.person))
            ]
        return pictures

    def _few(self, items: list[T]) -> list[T]:
        return items if self.limit is None else items[: self.limit]

    def own_rows(self, one: Embedded) -> list[set[int]]:
        """The gallery row of each picture's person, of celeba."""
        row_of = {label: row for row, label in enumerate(self.gallery.labels)}
        return [{row_of[self.gallery_number(str(person))]} for person in one.people]

    def wild_in_gallery(self, one: Embedded) -> list[set[int]]:
        """The gallery rows that are, or seem to be, the wild person: guessed by name, or named by most pictures."""
        names = data.read_inferred_names(self.data)
        row_of = {label: row for row, label in enumerate(self.gallery.labels)}
        similarity = np.asarray(one.vectors @ self.gallery.unit.T)
        agreed = calibrate.same_people_by_consensus(
            similarity.argmax(axis=1), similarity.max(axis=1), list(one.people), share=CONSENSUS_SHARE, at=0.0
        )
        taken = []
        for person in one.people:
            rows = {agreed[person]} if person in agreed else set()
            number = self.gallery_number(names.get(str(person).lower(), ""))
            taken.append(rows | ({row_of[number]} if number in row_of else set()))
        return taken
