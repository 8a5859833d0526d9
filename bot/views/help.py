"""The help: what one can do, what the bot can't know, and in three pictures how it works. HTML, no I/O."""

from __future__ import annotations

from aiogram.utils.i18n import gettext as _

from bot.views.counts import of_people
from index.types import GalleryInfo
from lookalike.calibration import Calibration
from lookalike.wording import number


def help_pages(calibration: Calibration, gallery: GalleryInfo) -> list[str]:
    """All pages, in order; lookalike.cards.help_pictures has a picture for each."""
    return [_what_to_send(gallery), _limits(), _finding(), _lining_up(), _how_close(calibration)]


def _what_to_send(gallery: GalleryInfo) -> str:
    return _(
        "<b>What you can do</b>\n"
        "• Send a photo: I show whose face of {people} is closest. With several faces, you choose who first.\n"
        "• Video messages, videos and GIFs: I look at the still that Telegram shows of them.\n"
        "• /compare: how alike are two faces? Two photos, an album with /compare, or /compare as a reply.\n"
        "• /match as a reply to somebody's photo, in groups too."
    ).format(people=of_people(gallery.people))


def _limits() -> str:
    return _(
        "<b>What I can't know</b>\n"
        "• Who you are. I know how alike two pictures are, not whose they are.\n"
        "• I mix up twins and close family, and may not know you as a child.\n"
        "• Children, older people, and people who are rarely in films get weaker matches: I have seen fewer of them.\n"
        "• 'Perhaps' before a name, or looks that are a guess: a machine guessed, and may be wrong.\n"
        "Please don't use me to decide anything about anybody."
    )


def _finding() -> str:
    return _(
        "<b>How it works: I find the faces</b>\n"
        "I look at the whole photo, from near and from afar, and turned as well (in case it lies on its side).\n"
        "If a face is too small, blurred, dark or turned away, I say so instead of guessing."
    )


def _lining_up() -> str:
    return _(
        "<b>How it works: I line them up</b>\n"
        "Eyes, nose and mouth are brought to the same places on every face, by turning and scaling alone. It is like "
        "hanging all portraits at one height before comparing them.\n"
        "Then a network gives each face a place among the others. It learnt that from pictures of thousands of people, "
        "told who is who, and from a larger network that had learnt it before."
    )


def _how_close(calibration: Calibration) -> str:
    return _(
        "<b>How it works: how close is close?</b>\n"
        "Among {people} somebody always comes near. So I asked {pictures} photos of {strangers} who are not in there "
        "and whom I was not trained on: the dots are a hundred of them, the bright ones get at least this close.\n"
        "The networks I started from may have seen anybody."
    ).format(
        people=of_people(calibration.gallery_people),
        pictures=number(calibration.gallery.pictures, _),
        strangers=of_people(calibration.gallery.people),
    )
