"""Why a photo has no answer, in plain words with numbers and what to do. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.telegram.files import NotAPhoto
from lookalike.answers import NoFace, NoUsableFace, Unreadable
from lookalike.wording import number, told_apart
from pipeline.errors import BadPhotoCode
from pipeline.types import PhotoFaces, Refusal, RefusalCode


def unanswered(answer: Unreadable | NoFace | NoUsableFace) -> str:
    """One short text for a photo without a usable face."""
    match answer:
        case Unreadable(code=code):
            return unreadable(code)
        case NoFace():
            return _("I see no face in this photo. A larger, clearer face that looks towards the camera will do.")
        case NoUsableFace(photo=photo):
            reasons = [refused(refusal) for refusal in photo.refusals]
            if len(reasons) == 1:
                return _("I found a face, but {reason}").format(reason=reasons[0])
            text = ngettext(
                "I found {count} face, but can't use it: {reason}",
                "I found {count} faces, but can use none of them. The largest: {reason}",
                len(reasons),
            ).format(count=len(reasons), reason=reasons[0])
            return "\n".join(filter(None, (text, beyond_limit(photo))))
        case _never:
            assert_never(_never)


def unreadable(code: BadPhotoCode) -> str:  # noqa: PLR0911 - one line a code
    """Bytes that are no usable picture."""
    match code:
        case BadPhotoCode.EMPTY:
            return _("This file is empty. Please send the photo again.")
        case BadPhotoCode.NOT_A_PICTURE:
            return _("This is not a picture I can read. JPEG, PNG, WebP and GIF work, whatever the file's name says.")
        case BadPhotoCode.BROKEN:
            return _("This picture is damaged or cut short. Please send it again.")
        case BadPhotoCode.TOO_MANY_BYTES:
            return _("This file is too large. Please send it as a photo, not as a file: Telegram makes it smaller.")
        case BadPhotoCode.TOO_MANY_PIXELS:
            return _("This picture has too many pixels. Please send it as a photo, not as a file.")
        case BadPhotoCode.TOO_SMALL:
            return _("This picture is so small that no face could be seen on it. Please send a larger one.")
        case BadPhotoCode.TOO_COSTLY:
            return _(
                "This picture takes me more work to open than I may spend. Please send it as a photo, not as a file."
            )
        case BadPhotoCode.NEEDS_EXTRA:
            return _("I can't read HEIC and AVIF pictures. Please send it as a photo, not as a file.")
        case _never:
            assert_never(_never)


def refused(refusal: Refusal) -> str:
    """Why a face can't be used, as the end of "I found a face, but ..."."""
    value, limit = told_apart(refusal)
    match refusal.code:
        case RefusalCode.TOO_SMALL:
            text = _("it is too small: {value:.0f} pixels between the eyes, I need {limit:.0f}. Come closer.")
        case RefusalCode.BLURRED:
            text = _("it is blurred: sharpness {value:.0f}, I need {limit:.0f}. Hold still and focus on the face.")
        case RefusalCode.TURNED_AWAY:
            text = _("it is turned away by {value:.0f}°, up to {limit:.0f}° work. Look towards the camera.")
        case RefusalCode.TOO_DARK:
            text = _("it is too dark: brightness {value:.0f} of 255, I need {limit:.0f}. Find more light.")
        case RefusalCode.TOO_BRIGHT:
            text = _("it is too bright: brightness {value:.0f} of 255, up to {limit:.0f} works. Avoid direct light.")
        case RefusalCode.POINTS_UNSURE:
            text = _("it's too unclear: I can't find eyes, nose and mouth. Try a sharper photo.")
        case RefusalCode.DEGENERATE:
            text = _("nothing could be measured on it. Try another photo.")
        case _never:
            assert_never(_never)
    return text.format(value=value, limit=limit)


def beyond_limit(photo: PhotoFaces) -> str:
    """One line on the faces that were not looked at, since a photo has too many. Empty when there are none."""
    if not photo.left_out:
        return ""
    return ngettext(
        "{count} more face is smaller than these: I look at the {most} largest of a photo.",
        "{count} more faces are smaller than these: I look at the {most} largest of a photo.",
        photo.left_out,
    ).format(count=number(photo.left_out, _), most=len(photo.faces))


def some_refused(refusals: Sequence[Refusal]) -> str:
    """One line under an answer: why other faces of the photo are not in it. Empty when there are none."""
    if not refusals:
        return ""
    return ngettext(
        "I skipped {count} face: {reason}",
        "I skipped {count} faces. The largest: {reason}",
        len(refusals),
    ).format(count=len(refusals), reason=_in_short(refusals[0].code))


def _in_short(code: RefusalCode) -> str:
    """Why a face was skipped, as the end of "I skipped one face: ..."."""
    match code:
        case RefusalCode.TOO_SMALL:
            return _("it's too small.")
        case RefusalCode.BLURRED:
            return _("it's too blurry.")
        case RefusalCode.TURNED_AWAY:
            return _("it's turned away.")
        case RefusalCode.TOO_DARK:
            return _("it's too dark.")
        case RefusalCode.TOO_BRIGHT:
            return _("it's too bright.")
        case RefusalCode.POINTS_UNSURE | RefusalCode.DEGENERATE:
            return _("it's too unclear.")
        case _never:
            assert_never(_never)


def what_came(kind: NotAPhoto) -> str:
    """One specific sentence for everything that is not a photo."""
    match kind:
        case NotAPhoto.ANIMATION | NotAPhoto.VIDEO | NotAPhoto.VIDEO_NOTE:
            return _("Telegram gave me no still of this video to look at. Send me a photo or a screenshot.")
        case NotAPhoto.ANIMATED_STICKER | NotAPhoto.VOICE | NotAPhoto.AUDIO:
            return _("I can't read moving stickers, voice or music. Send a photo.")
        case NotAPhoto.FORMAT:
            return _("I can't read this picture's format. Send it as a photo, or as a JPEG, PNG or WebP file.")
        case NotAPhoto.DOCUMENT:
            return _("This file is not a picture. Send me a photo, or a JPEG, PNG or WebP file.")
        case NotAPhoto.OTHER:
            return _("Send me a photo with a face, and I will show who looks like it. More: /help")
        case _never:
            assert_never(_never)
