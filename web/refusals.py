"""What stops a request before a photo was looked at: an HTTP status, a code for scripts, a sentence for people."""

from __future__ import annotations

import math
from typing import Final

from lookalike.catalogues import Translate
from lookalike.wording import N_

# By code: the HTTP status and the sentence.
REFUSALS: Final[dict[str, tuple[int, str]]] = {
    "bad_request": (400, N_("This request can't be understood; docs/web.md says what it takes.")),
    "cut_off": (400, N_("The upload broke off. Please send it again.")),
    "key_needed": (401, N_("This page needs a key.")),
    "other_origin": (403, N_("Only this page's own requests are answered.")),
    "local_closed": (403, N_("This server gives no networks and galleries away, so it has to be asked itself.")),
    "local_missing": (404, N_("Answers in the browser itself are not set up here: python -m web.runtime does that.")),
    "people_closed": (403, N_("People can be added and removed only where an API key is set.")),
    "not_your_gallery": (403, N_("This gallery came with the program and stays as it is.")),
    "no_such_person": (404, N_("There is nobody of this name in the gallery.")),
    "person_is_there": (409, N_("Somebody of this name is in the gallery already.")),
    "last_person": (409, N_("This is the last person of the gallery and stays.")),
    "no_one_face": (422, N_("A photo with exactly one usable face is wanted.")),
    "not_found": (404, N_("There is nothing at this address.")),
    "no_such_gallery": (404, N_("There is no gallery of this name.")),
    "no_such_face": (422, N_("The photo has no usable face with this number.")),
    "not_allowed": (405, N_("This address takes another method.")),
    "too_slow": (408, N_("The upload took too long. Please try again, or send a smaller photo.")),
    "too_many_bytes": (413, N_("This file is too large: up to {limit} MB work.")),
    "wrong_vector": (422, N_("This vector is not one of this embedder's: {dimension} numbers of length 1 are.")),
    "too_many_photos": (429, N_("That's a lot of photos at once. Please try again in {seconds} s.")),
    "busy": (503, N_("Many people are here just now. Please try again in {seconds} s.")),
    "stopping": (503, N_("The server is being restarted. Please try again in {seconds} s.")),
    "took_too_long": (503, N_("This photo took too long. Please try another one.")),
    "failed": (500, N_("Something went wrong here. It has been noted; please try again.")),
}


class Refused(Exception):  # noqa: N818 - named for what it is
    """A request without an answer. facts: numbers of its sentence."""

    def __init__(self, code: str, *, retry_after_s: float | None = None, **facts: str | float) -> None:
        super().__init__(code)
        self.code = code
        self.status, self._sentence = REFUSALS[code]
        self.retry_after_s = None if retry_after_s is None else max(1, math.ceil(retry_after_s))
        self._facts = facts | ({} if self.retry_after_s is None else {"seconds": self.retry_after_s})

    def sentence(self, translate: Translate) -> str:
        """For a person, in their language."""
        return translate(self._sentence).format(**self._facts)
