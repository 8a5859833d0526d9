"""Plain English for terminals: what happened to a photo or a face, with the numbers, and what to do. No I/O."""

from __future__ import annotations

from typing import Final

from lookalike.answers import NoFace, NoUsableFace, Unreadable
from lookalike.extras import install_command
from lookalike.wording import told_apart
from pipeline.errors import BadPhotoCode
from pipeline.types import Refusal, RefusalCode

# What to do about a file of one's own; the pipeline's own advice is for photos that are sent to somebody.
_ADVICE: Final[dict[str, str]] = {
    BadPhotoCode.EMPTY: "copy it again",
    BadPhotoCode.NOT_A_PICTURE: "save it as one of these",
    BadPhotoCode.BROKEN: "copy it again or save it anew",
    BadPhotoCode.TOO_MANY_BYTES: "save it smaller, or raise the limit: MAX_PHOTO_MB in the environment or in .env",
    BadPhotoCode.TOO_MANY_PIXELS: "save it smaller, or raise the limit: MAX_PHOTO_MPX in the environment or in .env",
    BadPhotoCode.TOO_SMALL: "take a larger one",
}

_REFUSALS: Final[dict[RefusalCode, str]] = {
    RefusalCode.TOO_SMALL: "the face is too small: {value:.0f} px between the eyes, {limit:.0f} are needed; "
    "come closer",
    RefusalCode.BLURRED: "the face is blurred: sharpness {value:.0f}, {limit:.0f} is needed; hold still or focus",
    RefusalCode.TURNED_AWAY: "the face is turned away by {value:.0f} degrees, up to {limit:.0f} work; "
    "look towards the camera",
    RefusalCode.TOO_DARK: "the face is too dark: brightness {value:.0f} of 255, {limit:.0f} is needed; find more light",
    RefusalCode.TOO_BRIGHT: "the face is too bright: brightness {value:.0f} of 255, up to {limit:.0f} works; "
    "avoid direct light",
    RefusalCode.POINTS_UNSURE: "eyes, nose and mouth can't be told apart well enough: expected error "
    "{value:.0%} of the eye distance, up to {limit:.0%} works; try a clearer picture",
    RefusalCode.DEGENERATE: "nothing could be measured on this face; try another picture",
}


def refusal_sentence(refusal: Refusal) -> str:
    """Why a face that was found can't be used, with what was measured and the limit."""
    value, limit = told_apart(refusal)
    return _REFUSALS[refusal.code].format(value=value, limit=limit)


def file_sentence(code: BadPhotoCode, message: str) -> str:
    """What is wrong with a file and what to do about it on one's own machine. message: of a BadPhoto."""
    fact, _, advice = message.rstrip(".").partition("; ")
    if code is BadPhotoCode.NEEDS_EXTRA:
        how = install_command("heif")
        return f"{fact.partition(' (')[0]}; install it: {how}, or save the picture as a JPEG"
    return f"{fact}; {_ADVICE.get(code, advice)}"


def left_out_sentence(count: int, taken: int) -> str:
    """What the pipeline's limit of faces left out. taken: the faces it looked at."""
    faces = "1 more face is" if count == 1 else f"{count:,} more faces are"
    return f"{faces} left out: of one photo the {taken} largest are looked at"


def unanswered_sentence(answer: Unreadable | NoFace | NoUsableFace) -> str:
    """Why a photo has no answer, and what to do."""
    match answer:
        case Unreadable(code=code, message=message):
            return file_sentence(code, message)
        case NoFace():
            return "no face was found; try a photo with a larger, clearer face"
        case NoUsableFace(photo=photo):
            reasons = [refusal_sentence(refusal) for refusal in photo.refusals]
            if len(reasons) == 1:
                return f"one face was found, but {reasons[0]}"
            more = f"; {left_out_sentence(photo.left_out, len(reasons))}" if photo.left_out else ""
            return f"{len(reasons)} faces were found, none usable; the largest: {reasons[0]}{more}"


def unanswered_code(answer: Unreadable | NoFace | NoUsableFace) -> str:
    """The machine-readable twin of `unanswered_sentence`."""
    match answer:
        case Unreadable(code=code):
            return str(code)
        case NoFace():
            return "no_face"
        case NoUsableFace():
            return "no_usable_face"
