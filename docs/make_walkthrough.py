"""One photo through every stage, as a page: `python -m docs.make_walkthrough` writes docs/walkthrough.md.

The photo is public domain; every picture and every number of the page comes from the shipped networks when the command
runs, so the page can't drift from the code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw

from lookalike.answers import Compared, FaceAnswer, Found
from lookalike.app import App, build
from lookalike.calibration import Table
from lookalike.cards.crops import straighten
from lookalike.cards.fontfiles import Weight, load
from lookalike.cards.text import Font
from lookalike.cards.theme import LIGHT
from lookalike.paths import ROOT, SAMPLES
from lookalike.settings import Settings
from lookalike.verdicts import meter
from pipeline.landmarks import crop_matrix
from pipeline.letterbox import letterbox
from pipeline.similarity import ARCFACE_TEMPLATE, CROP_SIDE_PX, apply_affine, estimate_similarity, warp
from pipeline.types import Face, PhotoFaces, Points5

WIDTH: Final = 720  # of every picture, pixels
PAPER: Final = (255, 255, 255)
INK: Final = (28, 28, 30)
FAINT: Final = (142, 142, 147)
MARK: Final = (255, 176, 32)
BLUE: Final = (10, 100, 210)
SMALL: Final = Font(Weight.MEDIUM, 20)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """What the page is made of."""

    app: App
    photo: PhotoFaces
    answer: FaceAnswer
    other: Compared  # the same photo against another person's

    @property
    def face(self) -> Face:
        return self.answer.face

    @property
    def vector(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        if self.face.embedding is None:
            raise AssertionError("an answered face has an embedding")
        return self.face.embedding.vector


def walk(app: App) -> Walk:
    """Run the sample photo through the product. Raises RuntimeError when it finds no usable face."""
    data = (SAMPLES / "grace_hopper.jpg").read_bytes()
    found = app.finder.find(data)
    other = app.finder.compare(data, (SAMPLES / "astronaut.jpg").read_bytes())
    if not isinstance(found, Found) or not isinstance(other, Compared):
        raise RuntimeError(  # noqa: TRY004 - an answer of another kind, not an argument of another type
            "the sample photos must have a usable face each; the weights seem to be damaged"
        )
    return Walk(app=app, photo=found.photo, answer=found.faces[0], other=other)


def detected(one: Walk) -> Image.Image:
    """The letterboxed photo as the detector sees it, with the box it found."""
    canvas, place = letterbox(one.photo.image, side_px=640)
    scale = WIDTH / 640
    picture = Image.fromarray(canvas).resize((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    box = one.face.box
    corners = place.to_canvas(np.array([[box.x0, box.y0, box.x1, box.y1]], np.float32))[0] * scale
    draw = ImageDraw.Draw(picture)
    draw.rectangle([float(value) for value in corners], outline=MARK, width=5)
    _label(draw, f"score {one.face.quality.score:.2f}", x=float(corners[0]), y=float(corners[1]) - 32)
    return picture


def pointed(one: Walk) -> Image.Image:
    """The aligner's two looks: the expanded box, then the straightened face, with the points of each frame."""
    side = (WIDTH - 24) // 2
    image, face = one.photo.image, one.face
    picture = Image.new("RGB", (WIDTH, side), PAPER)
    looks = (
        crop_matrix(face.box, side_px=side),
        estimate_similarity(face.points, _enlarged(side, margin_share=0.18)),
    )
    for index, matrix in enumerate(looks):
        x = index * (side + 24)
        picture.paste(Image.fromarray(warp(image, matrix, side_px=side)), (x, 0))
        draw = ImageDraw.Draw(picture)
        for number, (px, py) in enumerate(apply_affine(matrix, face.points), start=1):
            _dot(draw, x + float(px), float(py), str(number))
    return picture


def straightened(one: Walk) -> Image.Image:
    """The same face cut out by its box alone, and carried onto the template, whose five places are drawn."""
    side = (WIDTH - 24) // 2
    picture = Image.new("RGB", (WIDTH, side), PAPER)
    box = one.face.box
    image = one.photo.image
    x0, y0, x1, y1 = (round(max(value, 0.0)) for value in (box.x0, box.y0, box.x1, box.y1))
    plain = cv2.resize(image[y0:y1, x0:x1], (side, side), interpolation=cv2.INTER_AREA)
    picture.paste(Image.fromarray(plain), (0, 0))
    picture.paste(Image.fromarray(straighten(image, one.face.points, side_px=side)), (side + 24, 0))
    draw = ImageDraw.Draw(picture)
    for px, py in _enlarged(side, margin_share=0.0):
        x = side + 24 + float(px)
        draw.line([(x - 12, float(py)), (x + 12, float(py))], fill=MARK, width=3)
        draw.line([(x, float(py) - 12), (x, float(py) + 12)], fill=MARK, width=3)
    return picture


def embedded(one: Walk) -> Image.Image:
    """512 numbers as 16 rows of 32 squares: blue below zero, orange above."""
    cell = WIDTH // 32
    limit = float(np.abs(one.vector).max())
    picture = Image.new("RGB", (32 * cell, 16 * cell), PAPER)
    draw = ImageDraw.Draw(picture)
    for index, value in enumerate(one.vector.tolist()):
        share = min(abs(value) / limit, 1.0)
        colour = MARK if value > 0 else BLUE
        mixed = tuple(round(255 + (channel - 255) * share) for channel in colour)
        x, y = index % 32 * cell, index // 32 * cell
        draw.rectangle((x, y, x + cell - 2, y + cell - 2), fill=mixed)
    return picture


def neighbours(one: Walk) -> Image.Image:
    """How alike each of the gallery's people is: all of them as a curve of counts, the eight nearest as strokes."""
    similarity = np.asarray(_gallery_vectors(one) @ one.vector, np.float64)
    table = one.app.finder.calibration.gallery
    low, high = -0.3, 0.7
    height, base = 340, 270
    picture = Image.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(picture)

    def at(value: float) -> float:
        return 20 + (min(max(value, low), high) - low) / (high - low) * (WIDTH - 40)

    _bands(draw, table, at=at, top=base, bottom=base + 12)
    counts, edges = np.histogram(similarity, bins=100, range=(low, high))
    outline = [(at(float(edges[0])), float(base))]
    for count, left, right in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        top = base - (base - 40) * (count / counts.max()) ** 0.5  # square root: single people are seen, too
        outline += [(at(left), top), (at(right), top)]
    outline.append((at(float(edges[-1])), float(base)))
    draw.polygon(outline, fill=(214, 222, 235))
    for match in one.answer.matches:
        x = at(match.match.similarity)
        draw.line([(x, base - 60), (x, base)], fill=MARK, width=3)
    for tick in np.arange(low, high + 0.01, 0.1):
        _text(draw, f"{tick:.1f}", x=at(float(tick)) - 14, y=base + 22, colour=FAINT)
    _text(draw, f"{len(similarity):,} people; the eight nearest marked", x=20, y=8)
    return picture


PICTURES: Final = {
    "detect": detected,
    "points": pointed,
    "straight": straightened,
    "embedding": embedded,
    "neighbours": neighbours,
}


def page(one: Walk) -> str:
    """The page in Markdown; pictures lie in pictures/ beside it."""
    face, best, eighth = one.face, one.answer.matches[0], one.answer.matches[-1]
    similarity = _gallery_vectors(one) @ one.vector
    quality, points = face.quality, face.points
    share = best.stranger_share
    eyes = float(np.hypot(*(points[1] - points[0])))
    return f"""# One photo, every stage

Made by `python -m docs.make_walkthrough` from the shipped networks; the photo, of Grace Hopper, is in the public domain.
`lookalike match PHOTO --timing` prints how long each stage takes on your machine.

## 1. From bytes to pixels: `pipeline/decode.py`

The first bytes say what the file is, not its name. Width and height are read from the header and bounded before anything is decoded; a large JPEG is decoded at a half or a quarter of its size.
The EXIF orientation is applied, transparency is laid on white, and what comes out is always (height, width, 3) bytes of RGB: here {one.photo.image.shape[0]} x {one.photo.image.shape[1]}.

## 2. Where is a face? `pipeline/detector.py`

The photo is fitted onto a canvas of its own shape, the longer side 640 px. A YOLOv8n looks at all of it at once: for each of thousands of places it gives a box, a score and five rough points.
That is enough for nearly every photo. One look more, from afar, finds a face that fills the photo; tiles find small faces in a large one.

<img src="pictures/walkthrough-detect.jpg" width="360" alt="The photo with one box">

Found: one box of {face.box.width:.0f} x {face.box.height:.0f} px with score {quality.score:.2f}. The threshold was set on training pictures, not on this one.

## 3. Where are the eyes? `pipeline/landmarks.py`

The detector's rough points straighten the face, because one that stands upright and has one size is easier. It goes to a second network, which answers with ten numbers: five points. It answers one more: how far off it thinks they are.

<img src="pictures/walkthrough-points.jpg" width="360" alt="Crops of the face with five numbered points">

1 and 2 are the eyes, 3 the nose, 4 and 5 the corners of the mouth. The eyes are {eyes:.0f} px apart, the head is tilted by {quality.roll_deg:.0f} and turned by {quality.yaw_deg:.0f} degrees, and the network expects to be off by {100 * quality.points_error:.1f} % of the eye distance.

## 4. Always the same pose: `pipeline/similarity.py`

One shift, one turn, one scale: the similarity that brings the five points nearest to five fixed places, in least squares (Umeyama 1991). Left the face as the box cuts it, right as the next network sees it, in {CROP_SIDE_PX} x {CROP_SIDE_PX} pixels; the crosses are the fixed places.

<img src="pictures/walkthrough-straight.jpg" width="360" alt="The face cut by its box, and straightened with crosses at the template's places">

Had somebody filled a tight photo's surroundings by repeating its edge, as collections of faces do, those stripes would be made black before the next network looks: strangers share them (`pipeline/stretched_edges.py`). This photo is whole.

Before it goes on, the crop must pass the gates of `pipeline/gates.py`: here sharpness {quality.sharpness:.0f} (25 are needed), light {quality.light:.0f} of 255.

## 5. A face as 512 numbers: `pipeline/embedder.py`

Two networks, EdgeFace-XS and SFace, tuned in this repository as one, turn the crop into a vector of length one: it keeps what both say, because they err on different faces. None of the numbers means anything alone ("the nose" is not among them); what counts is the angle to other vectors. What merely tells collections of pictures apart, how they were taken and whom they show, is taken out at the end (`training/embedder/nuisance_projection.py`). The numbers lie in the order of how much faces differ by them: the last 194 are next to nothing.

<img src="pictures/walkthrough-embedding.jpg" width="360" alt="512 small squares in blue and orange">

The cosine with the vector of another person, the astronaut in `lookalike/sample`, is {one.other.similarity:.2f}.

## 6. Who is near? `index/`

The gallery holds one vector for each of {len(similarity):,} people: the mean of their pictures' vectors, at length one. All of them are compared, exactly; at this size nothing is gained by guessing.

<img src="pictures/walkthrough-neighbours.jpg" width="360" alt="How alike everybody in the gallery is; eight strokes at the right end">

Half of all people lie below {round(float(np.median(similarity)), 2) + 0.0:.2f}. The nearest has {best.match.similarity:.2f}, the eighth {eighth.match.similarity:.2f}. Heights are square roots of counts, so that single people are seen; the strip below shows the bands.

## 7. What does {best.match.similarity:.2f} mean? `lookalike/calibration.py`

Among thousands of people somebody is always near. So the scale of the cards is measured: people who are not in the gallery were looked up in it, and {share:.0%} of them find somebody at least this alike.
That is called {best.likeness} ({meter(best.band.step)}). [docs/evaluation.md](evaluation.md) says who was asked, and how sure the figures are.
"""


def write(target: Path, app: App) -> list[Path]:
    """Write the page and its pictures under `target`; returns their paths."""
    one = walk(app)
    (target / "pictures").mkdir(parents=True, exist_ok=True)
    paths = [target / "walkthrough.md"]
    paths[0].write_text(page(one), encoding="utf-8")
    for name, draw in PICTURES.items():
        paths.append(target / "pictures" / f"walkthrough-{name}.jpg")
        draw(one).save(paths[-1], quality=88, optimize=True)
    return paths


def _gallery_vectors(one: Walk) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    from index.gallery import Gallery

    gallery = Gallery.open(one.app.settings.gallery_path, embedder=one.app.pipeline.embedder_id)
    return np.asarray(gallery.vectors(), np.float32)


def _enlarged(side: int, *, margin_share: float) -> Points5:
    """The template's five places in a square of `side`, with a margin round the embedder's crop."""
    inner = side * (1 - 2 * margin_share)
    return np.asarray(ARCFACE_TEMPLATE * (inner / CROP_SIDE_PX) + side * margin_share, np.float32)


def _bands(draw: ImageDraw.ImageDraw, table: Table, *, at: Callable[[float], float], top: float, bottom: float) -> None:
    """A strip that has each band's colour over its range of similarities."""
    ceiling = 1.0
    for band in table.bands:
        draw.rectangle((at(band.floor), top, at(ceiling), bottom), fill=LIGHT.band(band.step).rgb)
        ceiling = band.floor


def _dot(draw: ImageDraw.ImageDraw, x: float, y: float, text: str) -> None:
    draw.ellipse((x - 7, y - 7, x + 7, y + 7), fill=MARK, outline=INK, width=2)
    _label(draw, text, x=x + 10, y=y - 30)


def _label(draw: ImageDraw.ImageDraw, text: str, *, x: float, y: float) -> None:
    width = SMALL.width(text)
    draw.rounded_rectangle((x, y, x + width + 14, y + 28), radius=8, fill=INK)
    _text(draw, text, x=x + 7, y=y + 2, colour=PAPER)


def _text(draw: ImageDraw.ImageDraw, text: str, *, x: float, y: float, colour: tuple[int, int, int] = INK) -> None:
    draw.text((x, y), text, font=load(SMALL.weight, SMALL.size_px), fill=colour)


def main() -> None:
    """Write into docs/, or into the folder named."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    for path in write(target, build(Settings(gallery_images=None))):
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
