"""How the pictures of a gallery become vectors: index.embed.Embed, made of the pipeline.

Where a picture's points are given (CelebA's list_landmarks_align_celeba.txt) the face is aligned by them, which
takes one network; otherwise the whole pipeline looks for the largest face.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from index.embed import Embedded, Skipped
from index.previews import Preview
from index.source import Picture
from index.types import Person
from lookalike.cards.crops import surroundings
from lookalike.cli.gallery_photo import decode_gallery_photo, read_gallery_photo
from lookalike.photo_file import read_photo_file
from pipeline.decode import PhotoLimits
from pipeline.errors import BadPhoto, DegeneratePoints
from pipeline.gates import QualityGates
from pipeline.parts import FaceEmbedder
from pipeline.picture_header import read_header
from pipeline.similarity import align_face, apply_affine, estimate_similarity, template_for
from pipeline.types import Embedding, FloatArray, PhotoFaces, Points5, Rgb8

if TYPE_CHECKING:
    from index.objects import Objects

# Whoever puts a picture into a gallery vouches for it; only what can't be measured at all is left out.
GALLERY_GATES: Final = QualityGates(
    min_eye_distance_px=6.0, max_points_error=0.25, max_yaw_deg=85.0, min_light=8.0, max_light=250.0, min_sharpness=0.0
)
OUTSIDE_SHARE: Final = 0.25  # of a side: how far a given point may lie outside, as on faces cut by the frame
PREVIEW_FROM_PIXELS: Final = 1_000_000  # a smaller picture is decoded in a few milliseconds
PREVIEW_QUALITY: Final = 90
WHOLE_TO_BYTES: Final = 60_000  # a larger picture, or one of more pixels than above, is kept as its face's surroundings
# Where the ArcFace template's face lies in its 112 px crop, forehead to chin: the box of a face known by points only.
_FACE_IN_CROP: Final[FloatArray] = np.array([[16, 12], [96, 12], [96, 110], [16, 110]], dtype=np.float32)


class PictureEmbedder:
    """Embeds pictures of a gallery; decodes on two threads, so that the network does not wait."""

    def __init__(
        self,
        embedder: FaceEmbedder,
        read_image: Callable[[Rgb8], PhotoFaces],
        *,
        recipe: str,
        limits: PhotoLimits | None = None,
        objects: Objects | None = None,
    ) -> None:
        """Take the network and, for pictures without points, FacePipeline.read_image with gates as GALLERY_GATES.

        objects: where the pictures are when no folder holds them.
        """
        self._objects = objects
        self._embedder = embedder
        self._read_image = read_image
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
        crops = [item.crop for item in prepared if isinstance(item, _Aligned)]
        vectors = iter(self._embedder.embed(crops))
        return [item.embedded(next(vectors)) if isinstance(item, _Aligned) else item for item in prepared]

    def preview(self, folder: Path, person: Person) -> Preview | None:
        """The surroundings of a person's face, as large as a card shows them; None where the picture itself is small.

        None, too, where it can't be read any more: the card then says so by drawing the person.
        """
        return self._face_of(folder, person, from_pixels=PREVIEW_FROM_PIXELS)

    def whole(self, folder: Path, person: Person) -> Preview | None:
        """A person's picture for a gallery that is passed on with its pictures: as it is, or a large one's face.

        None where it can't be read any more.
        """
        try:
            data = read_photo_file(folder / person.image, max_bytes=WHOLE_TO_BYTES)
        except OSError:
            return None
        header = read_header(data)
        large = len(data) > WHOLE_TO_BYTES or header is None or header.pixels >= PREVIEW_FROM_PIXELS
        if person.points is None or large:
            return self._face_of(folder, person, from_pixels=0)
        return Preview(jpeg=data, points=tuple(person.points), source_bytes=len(data))

    def _face_of(self, folder: Path, person: Person, *, from_pixels: int) -> Preview | None:
        """The surroundings of a person's face, of a picture that has as many pixels; None where nobody knows it."""
        if person.points is None:
            return None
        path = folder / person.image
        points = np.array(person.points, np.float32).reshape(5, 2)
        try:
            photo = read_gallery_photo(path, limits=self._limits)
            height, width = photo.image.shape[:2]
            if height * width * photo.scale**2 < from_pixels:
                return None
            small, here = surroundings(photo.image, np.asarray((points + 0.5) / photo.scale - 0.5, np.float32))
            size = path.stat().st_size
        except (OSError, BadPhoto, DegeneratePoints):
            return None
        jpeg = io.BytesIO()
        Image.fromarray(small).save(jpeg, "JPEG", quality=PREVIEW_QUALITY)
        rounded = tuple(round(value, 2) for value in here.ravel().tolist())
        return Preview(jpeg=jpeg.getvalue(), points=rounded, source_bytes=size)

    def _prepare(self, folder: Path, picture: Picture) -> _Aligned | Embedded | Skipped:
        try:
            if self._objects is None:
                photo = read_gallery_photo(folder / picture.file, limits=self._limits)
            else:
                data = self._objects.read(picture.file, max_bytes=self._limits.max_bytes)
                photo = decode_gallery_photo(data, limits=self._limits)
            if picture.points is None:
                return _largest(replace(self._read_image(photo.image), scale=photo.scale))
            return _aligned(photo.image, picture.points, scale=photo.scale)
        except OSError as error:
            return Skipped(reason=f"can't be read: {error.strerror or type(error).__name__}")
        except BadPhoto as error:
            return Skipped(reason=error.message)
        except DegeneratePoints as error:
            return Skipped(reason=f"the given points fit no face: {error}")


@dataclass(frozen=True, slots=True, eq=False)
class _Aligned:
    """A face on its way to the network. Points and size are in pixels of the stored picture."""

    crop: Rgb8
    points: Points5
    size_px: float
    frame: tuple[int, int]

    def embedded(self, embedding: Embedding | None) -> Embedded | Skipped:
        if embedding is None:
            return Skipped(reason="the network gave no direction")
        return Embedded(
            vector=embedding.vector,
            size_px=self.size_px,
            box=_box_of(self.points),
            points=self.points,
            frame=self.frame,
        )


def _aligned(image: Rgb8, points: Points5, *, scale: float) -> _Aligned | Skipped:
    """image: decoded, one pixel covers `scale` of the stored picture's. points: (5, 2), stored picture."""
    height, width = image.shape[:2]
    here = np.asarray((points + 0.5) / scale - 0.5, np.float32)
    margin = OUTSIDE_SHARE * max(height, width)
    if not ((here > -margin) & (here < np.array([width, height]) + margin)).all():
        return Skipped(reason=f"the given points lie outside the picture of {width}x{height} px")
    return _Aligned(align_face(image, here), points, min(width, height) * scale, _frame(image, scale))


def _frame(image: Rgb8, scale: float) -> tuple[int, int]:
    """Width and height of the stored picture, upright."""
    height, width = image.shape[:2]
    return round(width * scale), round(height * scale)


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
        frame=_frame(photo.image, photo.scale),
    )


def _box_of(points: Points5) -> tuple[float, float, float, float]:
    """The upright box round the template's face, carried onto the picture by the points."""
    corners = apply_affine(estimate_similarity(template_for(112), points), _FACE_IN_CROP)
    (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return x0, y0, x1, y1
