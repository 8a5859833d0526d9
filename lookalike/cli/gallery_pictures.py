"""How the pictures of a gallery become vectors: index.embed.Embed, made of the pipeline.

Where a picture's points are given (CelebA's list_landmarks_align_celeba.txt) the face is straightened by them, which
takes one network; otherwise the whole pipeline looks for the largest face.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from index.embed import Embedded, Skipped
from index.source import Picture
from lookalike.photo_file import read_photo_file
from pipeline.decode import PhotoLimits, decode
from pipeline.errors import BadPhoto, DegeneratePoints
from pipeline.gates import QualityGates
from pipeline.parts import FaceEmbedder
from pipeline.similarity import align_face, apply_affine, estimate_similarity, template_for
from pipeline.types import Embedding, FloatArray, PhotoFaces, Points5, Rgb8

# Whoever puts a picture into a gallery vouches for it; only what can't be measured at all is left out.
GALLERY_GATES: Final = QualityGates(
    min_eye_distance_px=6.0, max_points_error=0.25, max_yaw_deg=85.0, min_light=8.0, max_light=250.0, min_sharpness=0.0
)
OUTSIDE_SHARE: Final = 0.25  # of a side: how far a given point may lie outside, as on faces cut by the frame
# Where the ArcFace template's face lies in its 112 px crop, forehead to chin: the box of a face known by points only.
_FACE_IN_CROP: Final[FloatArray] = np.array([[16, 12], [96, 12], [96, 110], [16, 110]], dtype=np.float32)


class PictureEmbedder:
    """Embeds pictures of a gallery; decodes on two threads, so that the network does not wait."""

    def __init__(
        self,
        embedder: FaceEmbedder,
        read: Callable[[bytes], PhotoFaces],
        *,
        recipe: str,
        limits: PhotoLimits | None = None,
    ) -> None:
        """Take the network and `read`, FacePipeline.read with gates as GALLERY_GATES, for pictures without points."""
        self._embedder = embedder
        self._read = read
        self._recipe = recipe
        self._limits = limits or PhotoLimits()
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="gallery")

    @property
    def model(self) -> str:
        return self._embedder.model

    @property
    def recipe(self) -> str:
        return self._recipe

    def __call__(self, folder: Path, pictures: Sequence[Picture]) -> list[Embedded | Skipped]:
        """See index.embed.Embed."""
        prepared = list(self._threads.map(lambda picture: self._prepare(folder, picture), pictures))
        crops = [item.crop for item in prepared if isinstance(item, _Straightened)]
        vectors = iter(self._embedder.embed(crops))
        return [item.embedded(next(vectors)) if isinstance(item, _Straightened) else item for item in prepared]

    def _prepare(self, folder: Path, picture: Picture) -> _Straightened | Embedded | Skipped:
        try:
            data = read_photo_file(folder / picture.file, max_bytes=self._limits.max_bytes)
            if picture.points is None:
                return _largest(self._read(data))
            photo = decode(data, limits=self._limits)
            return _straightened(photo.image, picture.points, scale=photo.scale)
        except OSError as error:
            return Skipped(reason=f"can't be read: {error.strerror}")
        except BadPhoto as error:
            return Skipped(reason=error.message)
        except DegeneratePoints as error:
            return Skipped(reason=f"the given points fit no face: {error}")


@dataclass(frozen=True, slots=True, eq=False)
class _Straightened:
    """A face on its way to the network. Points and size are in pixels of the stored picture."""

    crop: Rgb8
    points: Points5
    size_px: float

    def embedded(self, embedding: Embedding | None) -> Embedded | Skipped:
        if embedding is None:
            return Skipped(reason="the network gave no direction")
        return Embedded(vector=embedding.vector, size_px=self.size_px, box=_box_of(self.points), points=self.points)


def _straightened(image: Rgb8, points: Points5, *, scale: float) -> _Straightened | Skipped:
    """image: decoded, one pixel covers `scale` of the stored picture's. points: (5, 2), stored picture."""
    height, width = image.shape[:2]
    here = np.asarray((points + 0.5) / scale - 0.5, np.float32)
    margin = OUTSIDE_SHARE * max(height, width)
    if not ((here > -margin) & (here < np.array([width, height]) + margin)).all():
        return Skipped(reason=f"the given points lie outside the picture of {width}x{height} px")
    return _Straightened(align_face(image, here), points, min(width, height) * scale)


def _largest(photo: PhotoFaces) -> Embedded | Skipped:
    if not photo.faces:
        return Skipped(reason="no face was found")
    if not photo.usable:
        refusal = photo.faces[0].refusal
        return Skipped(reason=f"the face can't be used: {refusal.code if refusal else 'unknown'}")
    face = photo.usable[0]
    if face.embedding is None:
        return Skipped(reason="the network gave no direction")
    box = photo.box_as_sent(face.box)
    return Embedded(
        vector=face.embedding.vector,
        size_px=box.smaller_side,
        box=(box.x0, box.y0, box.x1, box.y1),
        points=photo.points_as_sent(face.points),
    )


def _box_of(points: Points5) -> tuple[float, float, float, float]:
    """The upright box round the template's face, carried onto the picture by the points."""
    corners = apply_affine(estimate_similarity(template_for(112), points), _FACE_IN_CROP)
    (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return x0, y0, x1, y1
