"""What stands under a card: HTML within Telegram's 1024 characters. No I/O."""

from __future__ import annotations

import html

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.telegram.limits import MAX_CAPTION, MAX_FACE_BUTTONS, fit_lines
from bot.views.refusals import some_refused
from index.types import GalleryInfo
from lookalike.answers import BandedMatch, Compared, FaceAnswer, Found
from lookalike.calibration import Calibration
from lookalike.wording import (
    below_measured,
    beyond_measured,
    isolated,
    number,
    pair_sentence,
    person_title,
    share_sentence,
    similarity_text,
)


def card_caption(
    found: Found, answer: FaceAnswer, *, calibration: Calibration, gallery: GalleryInfo, buttons: bool = True
) -> str:
    """The eight by name, what the first one's likeness means, and why other faces are missing."""
    people = number(gallery.people, _)
    if len(found.faces) > 1:
        title = _("Face {number} of {count}: the nearest of {people} people").format(
            number=answer.number, count=len(found.faces), people=people
        )
    else:
        title = _("The nearest of {people} people").format(people=people)
    if not answer.matches:
        tail = _without_button(len(found.faces)) if buttons else []
        return fit_lines(
            [f"<b>{title}</b>"], [_("Nobody more to show with these people chosen.")], tail, limit=MAX_CAPTION
        )
    best = answer.matches[0]
    table, similarity = calibration.gallery, best.match.similarity
    meaning = share_sentence(
        best.stranger_share,
        _,
        at_most=beyond_measured(table, similarity),
        at_least=below_measured(table, similarity),
    )
    tail = [f"<i>{html.escape(meaning)}</i>"]
    tail += _without_button(len(found.faces)) if buttons else []
    tail += _without_number(found)
    return fit_lines([f"<b>{title}</b>"], [_tile(match) for match in answer.matches], tail, limit=MAX_CAPTION)


def _tile(banded: BandedMatch) -> str:
    name = html.escape(isolated(person_title(banded.match.person, _)))
    word = html.escape(_(banded.band.word))
    similarity = similarity_text(banded.match.similarity, _)
    return f"{banded.match.rank}. {html.escape(banded.band.symbol)} {name} · {similarity}, {word}"


def explain_caption(answer: FaceAnswer) -> str:
    """How this answer came about, with the face's own numbers."""
    quality = answer.face.quality
    title = _("How I read this face")
    head = [f"<b>{title}</b>"]
    body = [
        _("{size:.0f} pixels wide, the eyes {eyes:.0f} pixels apart; as a face it scores {score} of 1.").format(
            score=similarity_text(quality.score, _), size=quality.size_px, eyes=quality.eye_distance_px
        ),
        _("Head turned by {yaw:.0f}° and tilted by {roll:.0f}°; the tilt is taken out, the turn can't be.").format(
            yaw=abs(quality.yaw_deg), roll=abs(quality.roll_deg)
        ),
        _("Sharpness {sharpness:.0f}, brightness {light:.0f} of 255.").format(
            sharpness=quality.sharpness, light=quality.light
        ),
    ]
    if answer.matches:
        nearest, farthest = answer.matches[0].match, answer.matches[-1].match
        body.append(
            _(
                "From the straightened face come 512 numbers. Those of {nearest} are nearest ({near}); "
                "the last of the eight, {farthest}, is at {far}."
            ).format(
                nearest=html.escape(isolated(person_title(nearest.person, _))),
                near=similarity_text(nearest.similarity, _),
                farthest=html.escape(isolated(person_title(farthest.person, _))),
                far=similarity_text(farthest.similarity, _),
            )
        )
    return fit_lines(head, body, ["/help"], limit=MAX_CAPTION)


def faces_caption(found: Found) -> str:
    """Under the photo with numbered boxes."""
    count = len(found.faces)
    title = ngettext(
        "{count} face. Whose look-alikes shall I show?", "{count} faces. Whose look-alikes shall I show?", count
    ).format(count=count)
    tail = []
    tail += _without_button(count)
    tail += _without_number(found)
    return fit_lines([f"<b>{title}</b>"], [], tail, limit=MAX_CAPTION)


def _without_number(found: Found) -> list[str]:
    """Faces of the photo that are not among the numbered ones: those beyond the limit, and those refused."""
    lines = []
    if found.photo.left_out:
        lines.append(
            ngettext(
                "{count} more face is smaller than these: I look at the {most} largest of a photo.",
                "{count} more faces are smaller than these: I look at the {most} largest of a photo.",
                found.photo.left_out,
            ).format(count=number(found.photo.left_out, _), most=len(found.photo.faces))
        )
    others = some_refused(found.photo.refusals)
    return [*lines, html.escape(others)] if others else lines


def _without_button(*counts: int) -> list[str]:
    """What is said where one of the photos has more faces than there are buttons."""
    if max(counts) <= MAX_FACE_BUTTONS:
        return []
    return [_("There are buttons for the {count} largest.").format(count=MAX_FACE_BUTTONS)]


def compare_caption(comparison: Compared, *, calibration: Calibration) -> str:
    """How alike two faces are, what that means, and what it can't mean."""
    band = comparison.band
    several = len(comparison.photo_a.usable) > 1 or len(comparison.photo_b.usable) > 1
    head = [
        f"<b>{html.escape(band.symbol)} {html.escape(_(band.word))} · {similarity_text(comparison.similarity, _)}</b>"
    ]
    meaning = pair_sentence(
        comparison.false_match_rate,
        _,
        at_most=beyond_measured(calibration.pair, comparison.similarity),
        at_least=below_measured(calibration.pair, comparison.similarity),
    )
    body = [f"<i>{html.escape(meaning)}</i>"]
    if several:
        body.append(
            _("Face {a} of the first photo with face {b} of the second.").format(
                a=comparison.face_a + 1, b=comparison.face_b + 1
            )
        )
        body += _all_pairs(comparison)
    buttons = _without_button(len(comparison.photo_a.usable), len(comparison.photo_b.usable))
    tail = [
        *buttons,
        _("Siblings look more alike than strangers; years, light and make-up make one person look like two."),
    ]
    return fit_lines(head, body, tail, limit=MAX_CAPTION)


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
