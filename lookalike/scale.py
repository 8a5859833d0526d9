"""What a similarity to somebody of this gallery means: on the measured curve, or derived for a gallery of another size.

The calibration's second table tells how many strangers find somebody this alike in the gallery that it was measured
with; it has such a curve of the other galleries that come along, too. Of any other only the size is known: a stranger
who is this alike to one person in 1 / p finds somebody among n people with the probability 1 - (1 - p)^m. Were people
unlike one another, m would be n; who has one of them near has others near, too, so that m = n^crowding, an exponent
that the evaluation fits on held-out people of the training's and checks on others (`lookalike evaluate rarity`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lookalike.calibration import STEPS, Band, Calibration, Curve
from lookalike.wording import below_measured, beyond_measured

Bound = Literal["", "at_most", "at_least"]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of strangers; `bound` says that only a limit is known."""

    value: float
    bound: Bound = ""


class Scale:
    """Bands and shares for one gallery."""

    def __init__(self, calibration: Calibration, *, people: int, source: str = "") -> None:
        """people, source: of the gallery (GalleryInfo)."""
        self._calibration = calibration
        self._people = people
        others = {(one.people, one.source): one for one in calibration.galleries}
        self._curve: Curve | None = calibration.gallery if self.measured else others.get((people, source))

    @property
    def measured(self) -> bool:
        """Whether this is the gallery that the calibration was measured with, as far as its size tells."""
        return self._people == self._calibration.gallery_people

    def share(self, similarity: float) -> Share:
        """The share of strangers to the gallery whose nearest person is at least this alike."""
        table = self._curve or self._calibration.pair
        bound: Bound = ""
        if beyond_measured(table, similarity):
            bound = "at_most"
        elif below_measured(table, similarity):
            bound = "at_least"
        value = table.stranger_share(similarity)
        if self._curve is None:
            value = share_among(value, self._people, self._calibration.crowding)
        return Share(value, bound)

    def band(self, similarity: float) -> Band:
        """What this likeness is called. In a gallery of another size it is called as a pair's is, but no higher than
        what as rare a likeness is called in the measured one: among many people somebody is a little alike by chance.

        The top band says "is that you?". It begins where the measured gallery's does, also in others: those are
        smaller, so that even fewer strangers come that close.
        """
        gallery, pair = self._calibration.gallery, self._calibration.pair
        if self.measured:
            return gallery.band(similarity)
        if similarity >= gallery.bands[0].floor:
            return gallery.bands[0]
        step = min(pair.band(similarity).step, self._step_of_rarity(self.share(similarity).value), STEPS["close"])
        return next((band for band in pair.bands if band.step <= step), pair.bands[-1])

    def _step_of_rarity(self, share: float) -> int:
        """The step of the measured gallery's band that begins where a likeness is as rare as this."""
        table = self._calibration.gallery
        return next((band.step for band in table.bands if table.stranger_share(band.floor) >= share), 0)


def share_among(pair_share: float, people: int, crowding: float) -> float:
    """The share of strangers who find somebody among `people`, when `pair_share` of all pairs are this alike."""
    return float(1.0 - (1.0 - min(max(pair_share, 0.0), 1.0)) ** (people**crowding))
