"""The tables of weights/manifest.toml as pydantic models, and their errors as one sentence. Knows no files.

Unknown keys are refused: a misspelt `batchs` would otherwise be passed over. A role's `kind` chooses its model.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StringConstraints,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.types import Strict

Text = Annotated[str, StringConstraints(strict=True, min_length=1)]
Pixels = Annotated[int, Strict(), Field(gt=0)]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Ratio = Annotated[Number, Field(ge=0.0, le=1.0)]
Triple = tuple[Number, Number, Number]
Precision = Literal["bf16", "f32"]
ColorOrder = Literal["RGB", "BGR"]
PointsOrder = Literal["xxyy", "xyxy"]

MTCNN_WINDOW_PX: Final = 12  # what P-Net sees of a picture at once
SCRFD_OUTPUTS: Final = (6, 9, 10, 15)  # scores and boxes at three or five strides, landmarks too or not
SCRFD_WITH_POINTS: Final = (9, 15)


def _beside_the_manifest(file: str) -> str:
    if "/" in file or "\\" in file or file in {".", ".."}:
        raise ValueError("must be a name in the manifest's own folder")
    return file


FileName = Annotated[Text, AfterValidator(_beside_the_manifest)]
Sha256 = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]


class _Table(BaseModel):
    # Deferred: one validator is built for the whole document instead of one more for each of its tables.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class InputTable(_Table):
    """`input`: how a network is fed."""

    name: Text
    side_px: Pixels
    step_px: Pixels | None = None
    color: ColorOrder
    mean: Triple
    std: tuple[Annotated[Number, Field(gt=0.0)], Annotated[Number, Field(gt=0.0)], Annotated[Number, Field(gt=0.0)]]

    @model_validator(mode="after")
    def _steps_fit(self) -> Self:
        if self.step_px is not None and self.side_px % self.step_px:
            raise ValueError(f"side_px must be a multiple of step_px, got {self.side_px} and {self.step_px}")
        return self


class ThresholdsTable(_Table):
    """`detector.thresholds`."""

    score: Ratio
    sure: Ratio
    iou: Ratio
    covered: Ratio


class _Told(_Table):
    """What is told to people of a role's network and not needed to run it; `licence` must be there."""

    licence: Text
    size_bytes: int | None = None
    started_from: str | None = None
    data: str | None = None
    scores: str | None = None
    commit: str | None = None


class Int8Table(_Table):
    """The same network with int8 convolutions, in a file of its own."""

    file: FileName
    sha256: Sha256
    size_bytes: int | None = None


class _File(_Table):
    """One ONNX file and how it is run. How many outputs a kind has stands in its `output_counts`."""

    file: FileName
    sha256: Sha256
    outputs: tuple[Text, ...]
    precision: Precision
    batches: Annotated[tuple[Pixels, ...], Field(min_length=1)] | None = None
    input: InputTable
    int8: Int8Table | None = None

    @field_validator("outputs")
    @classmethod
    def _as_many_as_the_kind_has(cls, outputs: tuple[str, ...]) -> tuple[str, ...]:
        counts = cls.output_counts()
        if len(outputs) not in counts:
            raise ValueError(f"wants {' or '.join(map(str, counts))} names, got {len(outputs)}")
        return outputs

    @classmethod
    def output_counts(cls) -> tuple[int, ...]:
        return (1,)


class YoloTable(_File, _Told):
    kind: Literal["yolo", "yolo_pose"] = "yolo"
    thresholds: ThresholdsTable


class ScrfdTable(_File, _Told):
    kind: Literal["scrfd"]
    thresholds: ThresholdsTable

    @classmethod
    def output_counts(cls) -> tuple[int, ...]:
        return SCRFD_OUTPUTS


class StageTable(_File):
    """P-Net or R-Net: scores and boxes."""

    @classmethod
    def output_counts(cls) -> tuple[int, ...]:
        return (2,)


class LastStageTable(_File):
    """O-Net: scores, boxes and landmarks."""

    @classmethod
    def output_counts(cls) -> tuple[int, ...]:
        return (3,)


class MtcnnTable(_Told):
    kind: Literal["mtcnn"]
    min_face_px: Annotated[Number, Field(ge=MTCNN_WINDOW_PX, le=10_000)]
    factor: Annotated[Number, Field(ge=0.3, le=0.95)]
    proposal_score: Ratio
    refinement_score: Ratio
    transposed: StrictBool
    points_order: PointsOrder
    pnet: StageTable
    rnet: StageTable
    onet: LastStageTable
    thresholds: ThresholdsTable

    @model_validator(mode="after")
    def _faces_fit(self) -> Self:
        if self.min_face_px > self.pnet.input.side_px:
            raise ValueError("min_face_px: no face is larger than P-Net's side_px")
        return self


class RegressionTable(_File, _Told):
    kind: Literal["regression"] = "regression"

    @classmethod
    def output_counts(cls) -> tuple[int, ...]:
        return (2,)


class DenseTable(_File, _Told):
    kind: Literal["ibug68"] = "ibug68"


class DetectorPointsTable(_Table):
    kind: Literal["detector_points"]
    expected_error: Ratio


class ArcFaceTable(_File, _Told):
    kind: Literal["arcface"] = "arcface"


def _kind_or(default: str) -> Discriminator:
    """Tell an entry's model by its `kind`; `default` is meant where it names none."""

    def kind(entry: Any) -> str:
        named = entry.get("kind", default) if isinstance(entry, dict) else default
        return named if isinstance(named, str) else repr(named)

    return Discriminator(kind)


class ManifestTables(_Table):
    """The whole document."""

    detector: Annotated[
        Annotated[YoloTable, Tag("yolo")]
        | Annotated[YoloTable, Tag("yolo_pose")]
        | Annotated[ScrfdTable, Tag("scrfd")]
        | Annotated[MtcnnTable, Tag("mtcnn")],
        _kind_or("yolo"),
    ]
    aligner: Annotated[
        Annotated[RegressionTable, Tag("regression")] | Annotated[DetectorPointsTable, Tag("detector_points")],
        _kind_or("regression"),
    ]
    embedder: Annotated[Annotated[ArcFaceTable, Tag("arcface")], _kind_or("arcface")]
    landmarks68: DenseTable | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        detector = self.detector
        without = isinstance(detector, YoloTable) and detector.kind == "yolo"
        if isinstance(detector, ScrfdTable):
            without = len(detector.outputs) not in SCRFD_WITH_POINTS
        if isinstance(self.aligner, DetectorPointsTable) and without:
            raise ValueError("[aligner] kind: the detector of this manifest gives no points; name an aligner")
        return self


_KIND_TAGS: Final = frozenset({"yolo", "yolo_pose", "scrfd", "mtcnn", "regression", "detector_points", "arcface"})
_STAGES: Final = frozenset({"pnet", "rnet", "onet"})


def sentence(error: ValidationError) -> str:
    """Tell the first thing that is wrong, with its place: "[detector] thresholds score: should be ..., got 3.5"."""
    first = error.errors(include_url=False)[0]
    context = first.get("ctx", {})
    match first["type"]:
        case "missing":
            told = " is missing"
        case "extra_forbidden":
            told = ": there is no such key"
        case "union_tag_invalid":
            told = f" kind: {context['tag']!r} is none of {_listed(context['expected_tags'])}"
        case "literal_error":
            told = f": {first['input']!r} is none of {_listed(context['expected'])}"
        case "string_pattern_mismatch":
            told = f": {first['input']!r} is not 64 hexadecimal digits"
        case "value_error":
            told = f": {context['error']}"
        case _:
            told = f": {first['msg'].removeprefix('Input ')}, got {repr(first['input'])[:60]}"
    place = [str(part) for part in first["loc"] if part not in _KIND_TAGS]
    if not place:  # entries that don't fit together name their places themselves
        return told.removeprefix(": ")
    if len(place) > 1 and place[1] in _STAGES:
        place[:2] = [f"{place[0]}.{place[1]}"]
    return " ".join([f"[{place[0]}]", *place[1:]]) + told


def _listed(options: str) -> str:
    """'a', 'b' or 'c' -> a, b, c."""
    return options.replace("'", "").replace(" or ", ", ")
