"""weights/manifest.toml: what each network is, and the proof that the file beside it is that one.

Nothing is guessed from a file: role, kind, input, pre-processing and thresholds are read here, and bytes with another
SHA-256 are refused. The format is described at the head of the manifest itself, the kinds in docs/networks.md; what a
table may hold is in manifest_tables.py.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError

from pipeline.errors import ManifestError, WeightsMissing, WrongHash
from pipeline.manifest_tables import (
    ArcFaceTable,
    ColorOrder,
    DenseTable,
    DetectorPointsTable,
    InputTable,
    LastStageTable,
    ManifestTables,
    MtcnnTable,
    PointsOrder,
    Precision,
    RegressionTable,
    ScrfdTable,
    StageTable,
    ThresholdsTable,
    Triple,
    YoloTable,
    sentence,
)

MANIFEST_NAME: Final = "manifest.toml"
LONGEST_RATIO: Final = 2  # of a canvas of the photo's shape: its longest side over the usual one
Role = Literal["detector", "aligner", "embedder", "landmarks68"]
Kind = Literal["yolo", "yolo_pose", "scrfd", "mtcnn", "regression", "detector_points", "arcface", "ibug68"]
# What a role's network may be; the first is meant where an entry names no kind.
KINDS: Final[Mapping[Role, tuple[Kind, ...]]] = {
    "detector": ("yolo", "yolo_pose", "scrfd", "mtcnn"),
    "aligner": ("regression", "detector_points"),
    "embedder": ("arcface",),
    "landmarks68": ("ibug68",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """What a network takes: (B, 3, H, W) float32, (pixel - mean) / std with pixels 0..255."""

    name: str
    sizes_px: tuple[int, ...]  # the sides it is run at; one, but for the levels of a picture pyramid
    color: ColorOrder
    mean: Triple  # in the network's own channel order
    std: Triple
    # 0: squares of these sides. Else H and W are multiples of it, as the photo's shape needs them (letterbox.py).
    step_px: int = 0

    @property
    def side_px(self) -> int:
        return self.sizes_px[0]

    @property
    def longest_px(self) -> int:
        """The largest H or W."""
        return (LONGEST_RATIO if self.step_px else 1) * max(self.sizes_px)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorThresholds:
    """Where a box counts. Ratios, 0..1."""

    score: float  # a box with a lower score is no face
    sure: float  # with no face of at least this score, the quarter turns are tried
    iou: float  # boxes with a larger intersection over union are one face
    covered: float  # and so are boxes with a larger intersection over the smaller box's area (IoMin)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """One network's entry. `facts` holds what is told to people and not needed to run it (licence, data, scores)."""

    role: Role
    kind: Kind
    path: Path
    sha256: str
    input: InputSpec
    outputs: tuple[str, ...]
    precision: Precision  # bf16: taken where the CPU computes in it, because results were measured to hold
    licence: str
    facts: Mapping[str, Any]
    batches: tuple[int, ...] = ()  # batch sizes it is compiled for; empty: those of its role
    int8: NetworkFacts | None = None  # the same network with int8 convolutions, for CPUs that gain by it

    def read_bytes(self) -> bytes:
        """Read the file once and check it. Raises WeightsMissing, WrongHash."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise WeightsMissing(
                f"{self.role}: {self.path} can't be read ({error.strerror}); "
                f"restore the weights folder from the repository"
            ) from error
        got = hashlib.sha256(data).hexdigest()
        if got != self.sha256:
            raise WrongHash(name=f"{self.role} ({self.path.name})", want=self.sha256, got=got)
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeSettings:
    """How the three networks of MTCNN follow one another."""

    min_face_px: float  # smallest face, in a photo scaled so that its longer side is P-Net's side_px
    factor: float  # from one level of the picture pyramid to the next smaller one
    proposal_score: float  # what P-Net must give a window, 0..1
    refinement_score: float  # what R-Net must give it; O-Net's limit is the detector's threshold `score`
    transposed: bool  # trained on pictures with x and y swapped, (B, 3, W, H), as Caffe from MATLAB has them
    points_order: PointsOrder  # five x, then five y; or x, y, x, y, ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeFacts:
    """A detector of three files: proposals, refinement, output (P-Net, R-Net, O-Net)."""

    role: Role
    kind: Kind
    proposal: NetworkFacts
    refinement: NetworkFacts
    output: NetworkFacts
    settings: CascadeSettings
    licence: str
    facts: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """Of the three files' hashes and the settings: another value, other boxes."""
        parts = [one.sha256 for one in (self.proposal, self.refinement, self.output)]
        return hashlib.sha256(f"{parts} {sorted(asdict(self.settings).items())}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorPoints:
    """No aligner: the points are those of the detector, whose file and terms these are."""

    role: Role
    kind: Kind
    expected_error: float  # mean error over the eye distance, assumed of every face, since the detector gives none
    sha256: str
    licence: str
    facts: Mapping[str, Any]


DetectorFacts = NetworkFacts | CascadeFacts
AlignerFacts = NetworkFacts | DetectorPoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The networks of one weights folder, by role."""

    detector: DetectorFacts
    aligner: AlignerFacts
    embedder: NetworkFacts
    thresholds: DetectorThresholds
    landmarks68: NetworkFacts | None = None  # not needed for an answer, and opened only where it is asked for


def load_manifest(folder: Path) -> Manifest:
    """Read folder/manifest.toml. Files are checked when they are opened, not here. Raises ManifestError."""
    path = folder / MANIFEST_NAME
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsMissing(
            f"{path} can't be read ({error.strerror}); restore the weights folder from the repository"
        ) from error
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, endless numbers; tables without end
        told = "its tables are nested too deep" if isinstance(error, RecursionError) else error
        raise ManifestError(f"{path}: {told}; restore the weights folder from the repository") from error
    try:
        tables = ManifestTables.model_validate(document)
    except ValidationError as error:
        raise ManifestError(f"{path}: {sentence(error)}") from error
    detector = _detector(tables.detector, folder, document["detector"])
    return Manifest(
        detector=detector,
        aligner=_aligner(tables.aligner, folder, document["aligner"], detector),
        embedder=_network("embedder", tables.embedder, folder, document["embedder"]),
        thresholds=_thresholds(tables.detector.thresholds),
        landmarks68=(
            None
            if tables.landmarks68 is None
            else _network("landmarks68", tables.landmarks68, folder, document["landmarks68"])
        ),
    )


def _detector(table: YoloTable | ScrfdTable | MtcnnTable, folder: Path, facts: Mapping[str, Any]) -> DetectorFacts:
    if not isinstance(table, MtcnnTable):
        return _network("detector", table, folder, facts)
    proposal, refinement, output = (
        _file(stage, folder, role="detector", kind=table.kind, licence=table.licence, facts=facts[name])
        for name, stage in (("pnet", table.pnet), ("rnet", table.rnet), ("onet", table.onet))
    )
    return CascadeFacts(
        role="detector",
        kind=table.kind,
        proposal=proposal,
        refinement=refinement,
        output=output,
        settings=CascadeSettings(
            min_face_px=table.min_face_px,
            factor=table.factor,
            proposal_score=table.proposal_score,
            refinement_score=table.refinement_score,
            transposed=table.transposed,
            points_order=table.points_order,
        ),
        licence=table.licence,
        facts=facts,
    )


def _aligner(
    table: RegressionTable | DetectorPointsTable, folder: Path, facts: Mapping[str, Any], detector: DetectorFacts
) -> AlignerFacts:
    if isinstance(table, RegressionTable):
        return _network("aligner", table, folder, facts)
    return DetectorPoints(
        role="aligner",
        kind=table.kind,
        expected_error=table.expected_error,
        sha256=detector.sha256,
        licence=detector.licence,
        facts=facts,
    )


def _thresholds(table: ThresholdsTable) -> DetectorThresholds:
    return DetectorThresholds(score=table.score, sure=table.sure, iou=table.iou, covered=table.covered)


def _network(
    role: Role,
    table: YoloTable | ScrfdTable | RegressionTable | ArcFaceTable | DenseTable,
    folder: Path,
    facts: Mapping[str, Any],
) -> NetworkFacts:
    return _file(table, folder, role=role, kind=table.kind, licence=table.licence, facts=facts)


def _file(
    table: YoloTable | ScrfdTable | RegressionTable | ArcFaceTable | DenseTable | StageTable | LastStageTable,
    folder: Path,
    *,
    role: Role,
    kind: Kind,
    licence: str,
    facts: Mapping[str, Any],
) -> NetworkFacts:
    whole = NetworkFacts(
        role=role,
        kind=kind,
        path=folder / table.file,
        sha256=table.sha256,
        input=_input(table.input),
        outputs=table.outputs,
        precision=table.precision,
        licence=licence,
        facts=facts,
        batches=table.batches or (),
    )
    if table.int8 is None:
        return whole
    return replace(whole, int8=replace(whole, path=folder / table.int8.file, sha256=table.int8.sha256))


def _input(table: InputTable) -> InputSpec:
    return InputSpec(
        name=table.name,
        sizes_px=(table.side_px,),
        color=table.color,
        mean=table.mean,
        std=table.std,
        step_px=table.step_px or 0,
    )
