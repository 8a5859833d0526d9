"""What stands under a card: HTML within Telegram's 1024 characters. No I/O."""

from __future__ import annotations

import html

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.telegram.limits import MAX_CAPTION, MAX_FACE_BUTTONS, fit_lines, visible_length
from bot.views.refusals import beyond_limit, some_refused
from index.types import GalleryInfo
from lookalike.answers import BandedMatch, Compared, FaceAnswer, Found
from lookalike.calibration import Calibration
from lookalike.verdicts import headline, meter, sentence
from lookalike.wording import (
    below_measured,
    beyond_measured,
    isolated,
    number,
    pair_sentence,
    pair_verdict,
    person_line,
    similarity_text,
)


def card_caption(found: Found, answer: FaceAnswer, *, gallery: GalleryInfo, buttons: bool = True) -> str:
    """The verdict, what it means, the eight with their similarities folded up, and why other faces are missing."""
    several = len(found.faces) > 1
    title = headline(answer, people=gallery.people, translate=_)
    if several:
        title = _("Face {number} of {count}: {headline}").format(
            number=answer.number, count=len(found.faces), headline=title
        )
    head = [f"<b>{html.escape(title)}</b>"]
    tail = _without_button(len(found.faces)) if buttons else []
    if not answer.matches:
        hint = _("Try 'Everyone'.") if not answer.whole else _("Nobody in this gallery fits.")
        return fit_lines(head, [hint], tail, limit=MAX_CAPTION)
    if meaning := sentence(answer, _):
        head.append(html.escape(meaning))
    tail += _without_number(found)
    tiles = [_tile(match) for match in answer.matches]
    while True:
        quote = "<blockquote expandable>" + "\n".join(tiles) + "</blockquote>"
        text = fit_lines([*head, quote], [], tail, limit=MAX_CAPTION)
        if visible_length(text) <= MAX_CAPTION or len(tiles) == 1:
            return text
        tiles.pop()


def _tile(banded: BandedMatch) -> str:
    """One of the eight in a line: rank, who, the meter, the similarity."""
    name = html.escape(isolated(person_line(banded.match.person, _)))
    similarity = similarity_text(banded.match.similarity, _)
    return f"{banded.match.rank}. {name} · {meter(banded.band.step)} {similarity}"


def with_still(text: str, *, still: bool) -> str:
    """An answer's text, for a video with a line on what was looked at, where it fits."""
    if not still:
        return text
    return fit_lines([text], [], [_("From the still that Telegram shows of this video.")], limit=MAX_CAPTION)


def explain_caption(answer: FaceAnswer, *, gallery: GalleryInfo, reason: str = "") -> str:
    """How this answer came about; the face's own numbers are folded up. reason: "It's in the eyes", where measured."""
    quality = answer.face.quality
    title = _("Why these?")
    head = [
        f"<b>{title}</b>",
        _("I lined your face up by eyes, nose and mouth and compared it with {people} others.").format(
            people=number(gallery.people, _)
        ),
    ]
    if reason:
        head.append(html.escape(reason))
    numbers = [
        _("Face {size:.0f} pixels wide, eyes {eyes:.0f} pixels apart, surely a face: {score} of 1").format(
            score=similarity_text(quality.score, _), size=quality.size_px, eyes=quality.eye_distance_px
        ),
        _("Head turned by {yaw:.0f}°, tilted by {roll:.0f}°; sharpness {sharpness:.0f}, brightness {light:.0f}").format(
            yaw=abs(quality.yaw_deg), roll=abs(quality.roll_deg), sharpness=quality.sharpness, light=quality.light
        ),
    ]
    if answer.matches:
        nearest, last = answer.matches[0], answer.matches[-1]
        numbers.append(
            _("Similarity to the first {near}, to the last shown {far}; 1 is the same picture").format(
                near=similarity_text(nearest.similarity, _), far=similarity_text(last.similarity, _)
            )
        )
    quote = "<blockquote expandable>" + "\n".join(numbers) + "</blockquote>"
    return fit_lines([*head, quote], [], [], limit=MAX_CAPTION)


def faces_caption(found: Found) -> str:
    """Under the photo with numbered boxes."""
    count = len(found.faces)
    title = ngettext("{count} face. Who first?", "{count} faces. Who first?", count).format(count=count)
    tail = []
    tail += _without_button(count)
    tail += _without_number(found)
    return fit_lines([f"<b>{title}</b>"], [], tail, limit=MAX_CAPTION)


def _without_number(found: Found) -> list[str]:
    """Faces of the photo that are not among the numbered ones: those beyond the limit, and those refused."""
    lines = (beyond_limit(found.photo), html.escape(some_refused(found.photo.refusals)))
    return [line for line in lines if line]


def _without_button(*counts: int) -> list[str]:
    """What is said where one of the photos has more faces than there are buttons."""
    if max(counts) <= MAX_FACE_BUTTONS:
        return []
    return [_("The buttons cover the {count} largest faces.").format(count=MAX_FACE_BUTTONS)]


def compare_caption(comparison: Compared, *, calibration: Calibration) -> str:
    """How alike two faces are, what that can't mean, and the numbers folded up."""
    several = len(comparison.photo_a.usable) > 1 or len(comparison.photo_b.usable) > 1
    meaning = pair_sentence(
        comparison.false_match_rate,
        _,
        at_most=beyond_measured(calibration.pair, comparison.similarity),
        at_least=below_measured(calibration.pair, comparison.similarity),
    )
    head = [f"<b>{html.escape(meaning)}</b>"]
    if several:
        head.append(
            _("Face {a} of the first photo with face {b} of the second.").format(
                a=comparison.face_a + 1, b=comparison.face_b + 1
            )
        )
    word = html.escape(pair_verdict(comparison.band.key, _))
    numbers = [f"{meter(comparison.band.step)} {word} · {similarity_text(comparison.similarity, _)}"]
    if several:
        numbers += _all_pairs(comparison)
    head.append("<blockquote expandable>" + "\n".join(numbers) + "</blockquote>")
    tail = [
        *_without_button(len(comparison.photo_a.usable), len(comparison.photo_b.usable)),
        _("Family looks alike too, and age or light can hide it. So this is no proof."),
    ]
    return fit_lines(head, [], tail, limit=MAX_CAPTION)


def _all_pairs(comparison: Compared) -> list[str]:
    """The most alike pairs first, five at most."""
    pairs = sorted(
        (
            (similarity, a, b)
            for a, row in enumerate(comparison.all_pairs, start=1)
            for b, similarity in enumerate(row, start=1)
        ),
        reverse=True,
    )
    return [f"A{a} · B{b}: {similarity_text(similarity, _)}" for similarity, a, b in pairs[:5]]
