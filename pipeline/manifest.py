"""weights/manifest.toml: what each network is, and the proof that the file beside it is that one.

Nothing is guessed from a file: role, kind, input, pre-processing and thresholds are read here, and bytes with another
SHA-256 are refused. The format is described at the head of the manifest itself, the kinds in docs/networks.md.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from pipeline.errors import ManifestError, WeightsMissing, WrongHash
from pipeline.manifest_table import Table, Triple

MANIFEST_NAME: Final = "manifest.toml"
Role = Literal["detector", "aligner", "embedder"]
Kind = Literal["yolo", "yolo_pose", "scrfd", "mtcnn", "regression", "detector_points", "arcface"]
Precision = Literal["bf16", "f32"]
ColorOrder = Literal["RGB", "BGR"]
PointsOrder = Literal["xxyy", "xyxy"]
# What a role's network may be; the first is meant where an entry names no kind.
KINDS: Final[Mapping[Role, tuple[Kind, ...]]] = {
    "detector": ("yolo", "yolo_pose", "scrfd", "mtcnn"),
    "aligner": ("regression", "detector_points"),
    "embedder": ("arcface",),
}
# How many outputs a kind's network has. SCRFD: scores and boxes at three or five strides, points too or not.
_OUTPUTS: Final[Mapping[Kind, tuple[int, ...]]] = {
    "yolo": (1,),
    "yolo_pose": (1,),
    "scrfd": (6, 9, 10, 15),
    "regression": (2,),
    "arcface": (1,),
}
_SCRFD_WITH_POINTS: Final = (9, 15)
_MTCNN_WINDOW_PX: Final = 12  # what P-Net sees of a picture at once


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """What a network takes: (B, 3, side, side) float32, (pixel - mean) / std with pixels 0..255."""

    name: str
    sizes_px: tuple[int, ...]  # the sides it is run at, the main one first
    color: ColorOrder
    mean: Triple  # in the network's own channel order
    std: Triple

    @property
    def side_px(self) -> int:
        return self.sizes_px[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorThresholds:
    """Where a box counts. Shares 0..1."""

    score: float  # a box under it is no face
    sure: float  # with no face above it, the quarter turns are tried
    iou: float  # boxes that overlap by more are one face
    covered: float  # and so are boxes that share more than this of the smaller one
    both_from: float  # faces over this share of the photo's longer side count at the smaller input size too
    both_to: float  # and up to this one at the larger


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


def load_manifest(folder: Path) -> Manifest:
    """Read folder/manifest.toml. Files are checked when they are opened, not here. Raises ManifestError."""
    path = folder / MANIFEST_NAME
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsMissing(
            f"{path} can't be read ({error.strerror}); restore the weights folder from the repository"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: {error}; restore the weights folder from the repository") from error
    entries = {role: Table(f"{path}: [{role}]", tables.get(role)) for role in get_args(Role)}
    detector = _detector(entries["detector"], folder)
    return Manifest(
        detector=detector,
        aligner=_aligner(entries["aligner"], folder, detector),
        embedder=_network("embedder", _kind("embedder", entries["embedder"]), entries["embedder"], folder),
        thresholds=_thresholds(entries["detector"].table("thresholds"), detector),
    )


def _kind(role: Role, table: Table) -> Kind:
    return cast("Kind", table.choice("kind", KINDS[role], default=KINDS[role][0]))


def _detector(table: Table, folder: Path) -> DetectorFacts:
    kind = _kind("detector", table)
    if kind != "mtcnn":
        return _network("detector", kind, table, folder)
    facts = CascadeFacts(
        role="detector",
        kind=kind,
        proposal=_stage("pnet", table, folder, outputs=2),
        refinement=_stage("rnet", table, folder, outputs=2),
        output=_stage("onet", table, folder, outputs=3),
        settings=CascadeSettings(
            min_face_px=table.number("min_face_px", least=_MTCNN_WINDOW_PX, most=10_000),
            factor=table.number("factor", least=0.3, most=0.95),
            proposal_score=table.share("proposal_score"),
            refinement_score=table.share("refinement_score"),
            transposed=table.flag("transposed"),
            points_order=cast("PointsOrder", table.choice("points_order", get_args(PointsOrder))),
        ),
        licence=table.text("licence"),
        facts=table.values,
    )
    if facts.settings.min_face_px > facts.proposal.input.side_px:
        raise ManifestError(f"{table.where} min_face_px: no face is larger than P-Net's side_px")
    return facts


def _aligner(table: Table, folder: Path, detector: DetectorFacts) -> AlignerFacts:
    kind = _kind("aligner", table)
    if kind != "detector_points":
        return _network("aligner", kind, table, folder)
    if detector.kind == "yolo" or (
        isinstance(detector, NetworkFacts)
        and detector.kind == "scrfd"
        and len(detector.outputs) not in _SCRFD_WITH_POINTS
    ):
        raise ManifestError(f"{table.where} kind: the detector of this manifest gives no points; name an aligner")
    return DetectorPoints(
        role="aligner",
        kind=kind,
        expected_error=table.share("expected_error"),
        sha256=detector.sha256,
        licence=detector.licence,
        facts=table.values,
    )


def _thresholds(table: Table, detector: DetectorFacts) -> DetectorThresholds:
    # At one size there is nothing to share out between sizes.
    alone = isinstance(detector, CascadeFacts) or len(detector.input.sizes_px) == 1
    defaults = {"both_from": 0.0, "both_to": 1.0} if alone else {}
    return DetectorThresholds(
        **{item.name: table.share(item.name, default=defaults.get(item.name)) for item in fields(DetectorThresholds)}
    )


def _stage(name: str, table: Table, folder: Path, *, outputs: int) -> NetworkFacts:
    """One network of a cascade, in a table of its own below the role's; the terms are the role's."""
    own = Table(f"{table.where[:-1]}.{name}]", table.values.get(name))
    return _described("detector", "mtcnn", own, folder, licence=table.text("licence"), outputs=(outputs,))


def _network(role: Role, kind: Kind, table: Table, folder: Path) -> NetworkFacts:
    return _described(role, kind, table, folder, licence=table.text("licence"), outputs=_OUTPUTS[kind])


def _described(
    role: Role, kind: Kind, table: Table, folder: Path, *, licence: str, outputs: tuple[int, ...]
) -> NetworkFacts:
    file = table.text("file")
    if Path(file).name != file:
        raise ManifestError(f"{table.where} file: {file!r} must be a name in the manifest's own folder")
    sha256 = table.text("sha256")
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ManifestError(f"{table.where} sha256: {sha256!r} is not 64 hexadecimal digits")
    takes = table.table("input")
    return NetworkFacts(
        role=role,
        kind=kind,
        path=folder / file,
        sha256=sha256,
        input=InputSpec(
            name=takes.text("name"),
            sizes_px=_sizes(takes),
            color=cast("ColorOrder", takes.choice("color", get_args(ColorOrder))),
            mean=takes.triple("mean"),
            std=takes.triple("std", positive=True),
        ),
        outputs=table.names("outputs", counts=outputs),
        precision=cast("Precision", table.choice("precision", get_args(Precision))),
        licence=licence,
        facts=table.values,
        batches=table.whole_numbers("batches") if "batches" in table.values else (),
    )


def _sizes(takes: Table) -> tuple[int, ...]:
    sizes = takes.values.get("sizes_px", [takes.values.get("side_px")])
    if not isinstance(sizes, list) or not sizes or not all(type(side) is int and side > 0 for side in sizes):
        raise ManifestError(f"{takes.where} needs side_px or sizes_px, in whole pixels")
    return tuple(sizes)
