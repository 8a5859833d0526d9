"""What a face must be to be used: limits, and the first one that a face misses. Numbers only."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.types import Quality, Refusal, RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityGates:
    """Limits in the units of Quality. They part "can't be used" from "used", not good photos from bad ones.

    Chosen on 88 train people of `wild`, pictures spoilt step by step: each limit stands where the right person is still
    first among them for about nine in ten (clean: 0.994). That of the points by `python -m training.landmarks.gate`.
    """

    min_eye_distance_px: float = 10.0  # of the working photo; 0.98 of them right at 10, 0.79 at 6
    # Expected, as a share of the eye distance. From 0.15 to 0.20 0.139 came on faces that the aligner never saw, and
    # 0.88 (0.81 to 0.94) of the people told by given points are told by the found ones; beyond 0.76 (0.67 to 0.84).
    max_points_error: float = 0.20
    max_yaw_deg: float = 70.0  # 0.97 right from 60 to 70; hardly any picture beyond to measure
    min_light: float = 12.0  # mean luma; 0.91 right at 16 with sensor noise, 0.47 at 8
    max_light: float = 240.0  # 0.72 right at 235, 0.52 at 243: burnt out
    # Right among 88 people by 176 pictures under seven Gaussians: 0.89 from 20 to 25, 0.94 from 16 to 20, 0.73 below.
    # At a sigma of a tenth of the eye distance (0.93 right, cosine to the clean picture 0.58) 11 of 100 val faces are
    # found and used, at 0.13 one, at 0.16 (about half right) none; of 790 as they are one is refused
    # (`lookalike evaluate covered`).
    min_sharpness: float = 25.0
    # A box of which the detector is not sure (its threshold "sure") is no face when the points are worse than this.
    max_doubtful_points_error: float = 0.12

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
