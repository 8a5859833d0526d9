"""What the API says of people, faces and photos, in the reader's language. Words only; how alike: lookalike.wording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self, assert_never

from index.types import Person
from lookalike.answers import BandedMatch, Caveat, Compared, FaceAnswer, NoFace, NoUsableFace, Unreadable
from lookalike.calibration import Band, Calibration
from lookalike.catalogues import Catalogues, Plural, Translate
from lookalike.verdicts import headline, overline, reason, sentence
from lookalike.wording import (
    N_,
    below_measured,
    beyond_measured,
    describe_person,
    pair_sentence,
    person_title,
    share_sentence,
    similarity_text,
    told_apart,
)
from pipeline.errors import BadPhotoCode
from pipeline.types import Refusal, RefusalCode

UNREADABLE = {
    BadPhotoCode.EMPTY: N_("This file is empty. Please choose another one."),
    BadPhotoCode.NOT_A_PICTURE: N_("This is not a picture I can read: JPEG, PNG, WebP and GIF work."),
    BadPhotoCode.BROKEN: N_("This picture is damaged or cut short. Please save it anew."),
    BadPhotoCode.TOO_MANY_BYTES: N_("This file is too large. Please save it smaller."),
    BadPhotoCode.TOO_MANY_PIXELS: N_("This picture has too many pixels. Please save it smaller."),
    BadPhotoCode.TOO_SMALL: N_("This picture is so small that no face could be seen on it. Please take a larger one."),
    BadPhotoCode.TOO_COSTLY: N_("Opening this picture takes more work than I may spend. Please save it as a JPEG."),
    BadPhotoCode.NEEDS_EXTRA: N_("I can't read HEIC and AVIF pictures here. Please save it as a JPEG."),
}
REFUSED = {
    RefusalCode.TOO_SMALL: N_("Too small: {value:.0f} pixels between the eyes, {limit:.0f} are needed. Come closer."),
    RefusalCode.BLURRED: N_("Blurred: sharpness {value:.0f}, {limit:.0f} is needed. Hold still."),
    RefusalCode.TURNED_AWAY: N_("Turned away by {value:.0f}°, up to {limit:.0f}° work. Look towards the camera."),
    RefusalCode.TOO_DARK: N_("Too dark: brightness {value:.0f} of 255, {limit:.0f} is needed. Find more light."),
    RefusalCode.TOO_BRIGHT: N_(
        "Too bright: brightness {value:.0f} of 255, up to {limit:.0f} works. Avoid direct light."
    ),
    RefusalCode.POINTS_UNSURE: N_(
        "Unclear: eyes, nose and mouth are off by {value:.0%} of the eyes' distance, up to {limit:.0%} works. "
        "Try a sharper photo."
    ),
    RefusalCode.DEGENERATE: N_("Nothing could be measured on this face. Try another photo."),
}
FOUND_OUT: Final = "same"  # the band in which the nearest may be who asks
_CAVEATS = {
    Caveat.FEW_OF_THE_AGE: N_("You seem older than nearly everybody here, so the nearest may be far from you."),
    Caveat.NOBODY_CLOSE: N_("Nobody here comes close to you: children, and looks that are rare here, find no twin."),
}


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words for one gallery's answers."""

    translate: Translate
    ngettext: Plural
    calibration: Calibration

    @classmethod
    def of(cls, catalogues: Catalogues, language: str, calibration: Calibration) -> Self:
        return cls(catalogues.translate(language), catalogues.plural(language), calibration)

    def unanswered(self, answer: Unreadable | NoFace | NoUsableFace) -> str:
        """Why a photo has no answer, and what to do."""
        match answer:
            case Unreadable(code=code):
                return self.translate(UNREADABLE[code])
            case NoFace():
                return self.no_face()
            case NoUsableFace(photo=photo):
                return self.no_usable(len(photo.refusals), self.refused(photo.refusals[0]))
            case _never:
                assert_never(_never)

    def no_face(self) -> str:
        """That there is none, and what to do."""
        return self.translate(N_("No face was found. A larger, clearer face that looks towards the camera will do."))

    def no_usable(self, count: int, reason: str) -> str:
        """That there are faces but none to use. reason: why the largest can't be."""
        return self.ngettext(
            "{count} face was found, but it can't be used. {reason}",
            "{count} faces were found, but none can be used. The largest: {reason}",
            count,
        ).format(count=count, reason=reason)

    def refused(self, refusal: Refusal) -> str:
        """Why a face can't be used."""
        value, limit = told_apart(refusal)
        return self.translate(REFUSED[refusal.code]).format(value=value, limit=limit)

    def title(self, match: BandedMatch) -> str:
        """Who somebody of the gallery is."""
        return self.who(match.person)

    def who(self, person: Person) -> str:
        """Likewise."""
        return person_title(person, self.translate)

    def looks(self, match: BandedMatch) -> str:
        """A few words on how they look; empty where nothing is known."""
        return self.how(match.person)

    def how(self, person: Person) -> str:
        """Likewise."""
        return describe_person(person, self.translate)

    def likeness(self, match: BandedMatch) -> str:
        """How alike somebody of the gallery is."""
        return self.translate(match.likeness)

    def pair_likeness(self, comparison: Compared) -> str:
        """How alike two faces are."""
        return self.translate(comparison.likeness)

    def similarity(self, value: float) -> str:
        """A cosine as people read it."""
        return similarity_text(value, self.translate)

    def step(self, band: Band) -> int:
        """How many of five dots a band is: 1 for the least alike."""
        for table in (self.calibration.gallery, self.calibration.pair):
            keys = [one.key for one in table.bands]
            if band.key in keys:
                return len(keys) - keys.index(band.key)
        return 1

    def headline(self, answer: FaceAnswer, *, people: int) -> str:
        """The verdict, as the card has it. people: in the gallery."""
        return headline(answer, people=people, translate=self.translate)

    def overline(self, answer: FaceAnswer, *, people: int, several: bool) -> str:
        """The small line above it, as the card has it."""
        return overline(answer, people=people, several=several, translate=self.translate)

    def caveats(self, answer: FaceAnswer) -> list[str]:
        """Why it may be worse than its number says; nothing where somebody may have found themself."""
        found_out = bool(answer.matches) and answer.matches[0].band.key == FOUND_OUT
        return [] if found_out else [self.caveat(one) for one in answer.caveats]

    def caveat(self, caveat: Caveat) -> str:
        """One of them."""
        return self.translate(_CAVEATS[caveat])

    def reason(self, named: Sequence[str]) -> str:
        """What carries the likeness. named: regions of lookalike.regions; none: the face as a whole."""
        return reason(named, self.translate) or self.translate("It's in the face as a whole.")

    def sentence(self, answer: FaceAnswer) -> str:
        """How rare the first match's likeness is; empty where nothing is known of it."""
        return sentence(answer, self.translate)

    def rarity(self, best: BandedMatch, *, own: bool) -> str:
        """How many strangers find somebody as alike as this. own: in another gallery than the measured one."""
        return share_sentence(
            best.stranger_share,
            self.translate,
            at_most=best.bound == "at_most",
            at_least=best.bound == "at_least",
            here=own,
        )

    def pair(self, comparison: Compared) -> str:
        """How many pairs of strangers are as alike as these two faces."""
        return self.alike(comparison.similarity, comparison.false_match_rate)

    def alike(self, similarity: float, false_match_rate: float) -> str:
        """How many pairs of strangers are as alike as this."""
        table = self.calibration.pair
        return pair_sentence(
            false_match_rate,
            self.translate,
            at_most=beyond_measured(table, similarity),
            at_least=below_measured(table, similarity),
        )
