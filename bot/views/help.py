"""The help: what happens to a photo, step by step, with the numbers of the shipped calibration. HTML, no I/O."""

from __future__ import annotations

import html

from aiogram.utils.i18n import gettext as _

from index.types import GalleryInfo
from lookalike.calibration import Calibration
from lookalike.wording import number, share_text, similarity_text


def help_pages(calibration: Calibration, gallery: GalleryInfo) -> list[str]:
    """All pages, in order."""
    return [
        _what_to_send(gallery),
        _finding(),
        _straightening(),
        _embedding(),
        _cosine(calibration),
        _how_sure(calibration, gallery),
        _limits(),
    ]


def _what_to_send(gallery: GalleryInfo) -> str:
    return _(
        "<b>What you can do</b>\n"
        "• Send a photo: one face gets its card at once, with the eight most alike of {people} people. "
        "With several faces I number them, and you choose.\n"
        "• /compare: how alike are two faces? Two photos one after the other, an album with /compare as its caption, "
        "or /compare as a reply to a photo.\n"
        "• /match as a reply to somebody's photo, in groups too.\n"
        "• Photos, picture files, still stickers and forwarded messages all work.\n\n"
        "The next pages tell how it works."
    ).format(people=number(gallery.people, _))


def _finding() -> str:
    return _(
        "<b>1. Finding faces</b>\n"
        "A small network looks at the whole photo, once from near and once from afar, and draws a box round everything "
        "it takes for a face, from 20 pixels to full frame. When it finds none, I turn the photo by a quarter and look "
        "again: phones do lie on their side.\n"
        "A face too small, too blurred, too dark or turned away gets no answer but a reason, with numbers: guessing "
        "would look just as convincing, and mean nothing."
    )


def _straightening() -> str:
    return _(
        "<b>2. Straightening</b>\n"
        "A second network marks five points: both eyes, the tip of the nose, both corners of the mouth. Then the face "
        "is turned, scaled and shifted until the points lie where they lie on every other face. No stretching: that "
        "would change who you are.\n"
        "It is like hanging all portraits at the same height before comparing them."
    )


def _embedding() -> str:
    return _(
        "<b>3. A face as 512 numbers</b>\n"
        "A third network turns the straightened face into 512 numbers, a place in a space where pictures of one person "
        "lie close together and strangers far apart. It learned that from many pictures of many people, told only "
        "which ones show the same person.\n"
        "No single number is the nose or the smile; only all of them together say anything. A photo can't be drawn "
        "back from a card."
    )


def _cosine(calibration: Calibration) -> str:
    rows = [
        f"{html.escape(band.symbol)} {html.escape(_(band.word))}: "
        + (
            _("from {similarity}").format(similarity=similarity_text(band.floor, _))
            if band.floor > -1
            else _("below that")
        )
        for band in calibration.gallery.bands
    ]
    return (
        _(
            "<b>4. Similarity and colours</b>\n"
            "From the centre of that space each face is a direction. The cosine of the angle between two of them is "
            "their similarity: 1 is the same picture, 0 has nothing in common. It is not a percentage, and 0.4 is "
            "already a lot.\n"
            "So every card says in words and colours what it means:"
        )
        + "\n"
        + "\n".join(rows)
    )


def _how_sure(calibration: Calibration, gallery: GalleryInfo) -> str:
    rates = calibration.pair.rates
    examples = [
        f"{similarity_text(rate.similarity, _)}: {share_text(rate.share, _)}"
        for rate in rates[:: max(1, len(rates) // 4)][:5]
    ]
    return (
        _(
            "<b>5. How sure is that?</b>\n"
            "Measured on {people} people whom the networks had never seen, {pairs} pairs of strangers. So many of "
            "those pairs are at least as alike as"
        ).format(people=number(calibration.pair.people, _), pairs=number(calibration.pair.pairs, _))
        + "\n"
        + "\n".join(f"• {html.escape(example)}" for example in examples)
        + "\n"
        + _(
            "Among {people} people somebody always comes close. That is why a card asks another question: how many "
            "strangers find somebody here as alike as this?"
        ).format(people=number(gallery.people, _))
    )


def _limits() -> str:
    return _(
        "<b>6. What I can't know</b>\n"
        "• Who you are. I know how alike two pictures are, not whose they are.\n"
        "• Twins and close relatives apart, nor you at six from you at sixty.\n"
        "• Children, older people, and people whose looks are rare among film stars get weaker answers: the networks "
        "have seen fewer of them.\n"
        "• Names marked as guesses were inferred by a machine and may be wrong.\n"
        "Please don't use me to decide anything about anybody."
    )
