"""Texts of commands: HTML, no I/O."""

from __future__ import annotations

from aiogram.utils.i18n import gettext as _

from bot.views.counts import of_people


def welcome(people: int) -> str:
    return _(
        "Send me a photo with a face, and I will show who of {people} looks most like it.\n"
        "/compare tells how alike two faces are. Photos stay in memory until the answer: /privacy"
    ).format(people=of_people(people))


def privacy() -> str:
    return _(
        "<b>What happens to your photos</b>\n"
        "A photo is fetched from Telegram, measured in memory, answered, then forgotten. Neither it nor the numbers "
        "measured on it are written to a disk, and no network is trained on them.\n"
        "Buttons under an answer fetch the photo again from your own message. Delete that message, and they can't.\n"
        "While /compare waits for a photo, and for its buttons, I remember which messages the photos are in, "
        "for minutes, not the photos. For an hour I remember the number of a photo I answered, to notice when a "
        "changed message holds another one, and for two days who asked for an answer, who may delete it.\n"
        "What you choose in /settings is kept until you say /delete.\n"
        "Logs hold counts and times only: no photo, no name, no file."
    )


def cancelled() -> str:
    return _("Comparison cancelled.")


def nothing_to_cancel() -> str:
    return _("Nothing to cancel. Send me a photo whenever you like.")


def match_what() -> str:
    return _("Reply /match to somebody's photo, or send a photo with /match as its caption.")


def send_first() -> str:
    return _("Send the first photo, or both as an album. /cancel ends this.")


def send_second() -> str:
    return _("Got it. Now the second photo. /cancel ends this.")


def first_two() -> str:
    return _("I compare two photos at a time, so I took the first two.")


def photo_or_cancel() -> str:
    return _("I am waiting for a photo to compare. Send one, or /cancel.")


def in_first_photo(why: str) -> str:
    return _("The first photo can't be compared. {why}").format(why=why)


def in_second_photo(why: str) -> str:
    return _("The second photo can't be compared. {why}").format(why=why)


def no_photos_here() -> str:
    return _(
        "I may not send photos in this chat, and my answers are pictures. Let an administrator allow me photos, or "
        "send me yours in a private chat."
    )


def only_in_private() -> str:
    return _(
        "Answers in this group are for whoever asks alone, and Telegram does not let me show one that way. Please send "
        "me the photo in a private chat."
    )


def unknown_command() -> str:
    return _("I don't know this command. /help says what I can do.")
