"""What the transcripts share: a group, and somebody who was told already."""

from __future__ import annotations

from tests.bot.conftest import RunningBot
from tests.telegram_peer import Person

GROUP = Person(id=601, chat_id=-1001, chat_type="supergroup")


async def told(bot: RunningBot, *people: Person) -> None:
    """Let these people have had the first photo's notice."""
    for person in people:
        bot.parts.jobs.told.first_time(person.id)
