"""Draw found points on public-domain portraits: `python -m docs.pictures.many_points RECORD...` (training extra).

One row a network, named by its record, by the product's own detector and aligner: docs/pictures/many-points.jpg.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from lookalike.paths import SAMPLES, WEIGHTS
from pipeline.decode import PhotoLimits, decode
from pipeline.face_pipeline import load_pipeline
from pipeline.similarity import apply_affine, estimate_similarity, template_for, warp
from training.landmarks.dense.evaluate import open_exported

OUT: Final = Path(__file__).with_name("many-points.jpg")
SIDE_PX: Final = 320
COLOUR: Final = (255, 214, 10)


def main() -> None:
    """Read the command line."""
    networks = [open_exported(Path(name)) for name in sys.argv[1:]]
    pipeline = load_pipeline(WEIGHTS)
    columns = []
    for photo in sorted(SAMPLES.glob("*.jpg")):
        image = decode(photo.read_bytes(), limits=PhotoLimits()).image
        face = pipeline.read_image(image).faces[0]
        matrix = estimate_similarity(face.points, template_for(SIDE_PX, margin_share=0.05))
        tiles = []
        for network in networks:
            tile = np.ascontiguousarray(warp(image, matrix, side_px=SIDE_PX))
            for x, y in apply_affine(matrix, network.dense.find(image, [face.points])[0]):
                cv2.circle(tile, (round(float(x)), round(float(y))), 2, COLOUR, -1, cv2.LINE_AA)
            tiles.append(tile)
        columns.append(np.concatenate(tiles))
    sheet = np.concatenate(columns, axis=1)
    cv2.imwrite(str(OUT), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    print(OUT.name)


if __name__ == "__main__":
    main()
