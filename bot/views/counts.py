"""Numbers of people as the end of "out of": languages bend the word by the number. No I/O."""

from __future__ import annotations

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from lookalike.wording import number


def of_people(count: int) -> str:
    """After "of": "1 person", "9,324 people"."""
    return ngettext("{people} person", "{people} people", count).format(people=number(count, _))
