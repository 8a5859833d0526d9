"""What a face must be to be used: limits, and the first one that a face misses. Numbers only."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.types import Quality, Refusal, RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityGates:
    """Limits in the units of Quality. They part "can't be used" from "used", not good photos from bad ones."""

    min_eye_distance_px: float = 10.0  # of the working photo; under it likenesses are chance
    max_points_error: float = 0.15  # share of the eye distance
    max_yaw_deg: float = 65.0  # beyond it one half of the face is hidden
    min_light: float = 20.0  # mean luma, 0..255
    max_light: float = 245.0
    min_sharpness: float = 8.0  # variance of the Laplacian of the 112 px crop

    def refuse(self, quality: Quality) -> Refusal | None:
        """Name the first limit that is missed, the most telling first; None when the face can be used."""
        yaw = abs(quality.yaw_deg)
        misses = (
            (RefusalCode.TOO_SMALL, quality.eye_distance_px, self.min_eye_distance_px, True),
            (RefusalCode.POINTS_UNSURE, quality.points_error, self.max_points_error, False),
            (RefusalCode.TURNED_AWAY, yaw, self.max_yaw_deg, False),
            (RefusalCode.TOO_DARK, quality.light, self.min_light, True),
            (RefusalCode.TOO_BRIGHT, quality.light, self.max_light, False),
            (RefusalCode.BLURRED, quality.sharpness, self.min_sharpness, True),
        )
        for code, value, limit, at_least in misses:
            if not (value >= limit if at_least else value <= limit):  # so that "not a number" is a miss
                return Refusal(code, value, limit)
        return None
