"""Five landmarks of each detected face: crops in, points in the photo's pixels out."""

from __future__ import annotations

from typing import Final

CROP_EXPAND: Final = 1.25  # side of the first crop over the larger side of the detector's box
REFINE_MARGIN_SHARE: Final = 0.18  # margin round the ArcFace template in the second, straightened crop
