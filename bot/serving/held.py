"""One update from its arrival to its end, as far as whoever handles it has to know: who sent it, what is due to it."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Final

from aiogram.enums import ChatType
from aiogram.types import Message, Update, User

from bot.telegram.files import photo_of
from bot.telegram.waiting import Deliveries

PATIENCE_S: Final = 2.0  # an update that waits for Telegram for longer gives up its place when others need it


class Kind(Enum):
    """What an update asks for, as far as limits are concerned."""

    TALK = "talk"  # a text, a command: answered at once
    PRESS = "press"  # a button
    OTHER = "other"  # photos, which have a limit of their own; edits; what people in groups say to each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Where an update comes from. Ids are 0 where Telegram names nobody."""

    chat: int
    person: int
    message: int | None  # the message that came; None for a button, whose message is the bot's own
    thread: int | None
    user: User | None
    private: bool
    kind: Kind


def sender_of(update: Update) -> Sender:
    """Read who and what from a message, an edited message, or a pressed button."""
    query = update.callback_query
    if query is not None:
        chat = query.message.chat if query.message is not None else None
        return Sender(
            chat=chat.id if chat is not None else query.from_user.id,
            person=query.from_user.id,
            message=None,
            thread=None,
            user=query.from_user,
            private=chat is None or chat.type == ChatType.PRIVATE,
            kind=Kind.PRESS,
        )
    guest = update.guest_message
    if guest is not None:  # of a chat that the bot is not in: nothing can be said there but the one answer
        who = guest.from_user
        person = who.id if who is not None else 0
        return Sender(chat=0, person=person, message=None, thread=None, user=who, private=False, kind=Kind.OTHER)
    message = update.message or update.edited_message
    if message is None:
        return Sender(chat=0, person=0, message=None, thread=None, user=None, private=False, kind=Kind.OTHER)
    speaker = message.sender_chat or message.from_user  # anonymous administrators speak as their chat
    private = message.chat.type == ChatType.PRIVATE
    return Sender(
        chat=message.chat.id,
        person=speaker.id if speaker is not None else 0,
        message=message.message_id,
        thread=message.message_thread_id if message.is_topic_message else None,
        user=message.from_user,
        private=private,
        kind=Kind.TALK if update.message is not None and _is_talk(message, private=private) else Kind.OTHER,
    )


def _is_talk(message: Message, *, private: bool) -> bool:
    """Whether it is answered with words. In groups only commands are; people talk to each other there."""
    if photo_of(message) is not None:
        return False
    return private or (message.text or "").startswith("/")


def stamp_of(update: Update) -> str:
    """What tells two updates of one id apart: ids begin anew after a week without updates, or on another server."""
    query = update.callback_query
    message = update.message or update.edited_message
    if query is not None:
        return query.id
    if update.guest_message is not None:
        return update.guest_message.guest_query_id or ""
    if message is None:
        return ""
    photo = photo_of(message)
    parts = (message.message_id, message.date, message.edit_date, message.text, photo.unique_id if photo else "")
    return f"{zlib.crc32(repr(parts).encode()):08x}"


class HeldUpdate:
    """An update that was taken. It is settled when it is answered, refused or told: then it need not come again.

    members: other updates that end with this one, an album's.
    """

    def __init__(
        self, update_id: int, sender: Sender, *, stamp: str = "", steps_aside: Callable[[HeldUpdate], None]
    ) -> None:
        self.update_id = update_id
        self.stamp = stamp
        self.sender = sender
        self.settled = False
        self.over = asyncio.Event()  # settled, or called off: then it comes again at the next start
        self.aside = False  # waits for Telegram
        self.ended = False  # nobody works on it any more
        self.placed = True  # holds one of the places
        self.deliveries = Deliveries()
        self.members: list[HeldUpdate] = []
        self.lead: HeldUpdate | None = None
        self._steps_aside = steps_aside

    @property
    def patience_s(self) -> float:
        return PATIENCE_S

    def step_aside(self) -> bool:
        """Give the place to others; this update may be taken for told, and is remembered until it is."""
        self._steps_aside(self)
        return True

    async def come_back(self) -> None:
        """Nothing: a place is for beginning."""

    def adopt(self, member: HeldUpdate) -> None:
        """Let another update end with this one."""
        if member is not self:
            member.lead = self
            self.members.append(member)


current_update: ContextVar[HeldUpdate | None] = ContextVar("current_update", default=None)
