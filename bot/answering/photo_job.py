"""Work on photos for a person in a chat: the place in the queue, the notices, the time limits, the fetching.

Every photo that is taken ends in an answer: the work's own, or one sentence on why there is none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import structlog
from aiogram import Bot
from aiogram.enums import ChatAction
from aiogram.exceptions import TelegramAPIError
from aiogram.types import BufferedInputFile, Message, ReactionTypeEmoji, User
from aiogram.utils.i18n import I18n, ngettext
from aiogram.utils.i18n import gettext as _

from bot.answering.background import Background
from bot.answering.notices import NoticesGiven
from bot.answering.ordering import let_next_in
from bot.answering.rates import Rates
from bot.answering.remembered import Remembered
from bot.answering.reply import Reply, remove
from bot.middlewares.language import translator
from bot.stores.people import PersonSettings, gallery_key
from bot.telegram.callbacks import Filter
from bot.telegram.files import FetchFailed, PhotoGone, PhotoRef, TooLargeToFetch, fetch
from bot.telegram.limits import MAX_DOWNLOAD_BYTES
from bot.telegram.waiting import come_back, holding
from index.types import GalleryInfo
from lookalike.answers import FaceAnswer
from lookalike.app import App
from lookalike.calibration import Calibration
from lookalike.cards import CardRenderer, PictureRequest, ThemeName
from lookalike.explainer import Explainer, Why
from lookalike.serving.fair_queue import FairQueue, QueueFull, Stopping, Ticket, WaitedTooLong
from lookalike.serving.metrics import Stats
from lookalike.serving.rate_limit import Verdict
from lookalike.serving.work_threads import FinderPool

NOTICE_S: Final = 3.0  # a longer wait is told
ACTION_S: Final = 4.5  # Telegram shows an action for five seconds

log = structlog.get_logger(__name__)

Attribute = tuple[str, bool]
ATTRIBUTES: Final[dict[Filter, Attribute | None]] = {
    Filter.ALL: None,
    Filter.WOMEN: ("Male", False),
    Filter.MEN: ("Male", True),
}


UNFINISHED: Final = (
    Stopping,
    WaitedTooLong,
    TimeoutError,
    MemoryError,
    TooLargeToFetch,
    PhotoGone,
    FetchFailed,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhotoJobs:
    """What handlers work with."""

    finder: FinderPool
    gallery: GalleryInfo
    calibration: Calibration
    renderer: CardRenderer
    queue: FairQueue
    rates: Rates
    i18n: I18n
    explainer: Explainer | None = None  # None: "Why these?" shows the face and says nothing of its parts
    galleries: Mapping[str, App] = field(default_factory=dict)  # by title; the first is this one
    theme: ThemeName = "light"
    photo_limit_bytes: int = MAX_DOWNLOAD_BYTES
    wait_limit_s: float = 300.0
    photo_timeout_s: float = 60.0
    notice_s: float = NOTICE_S
    ephemeral: bool = False  # in groups answers are shown to the asker alone
    stats: Stats = field(default_factory=Stats)
    # (chat, message) -> unique id of the photo it held: an edit runs again only when the photo changed
    answered: Remembered[tuple[int, int], str] = field(default_factory=lambda: Remembered(ttl_s=3600, size=20_000))
    # (chat, message) -> "match" or "compare", what was done last: an edited caption may ask for the other
    obeyed: Remembered[tuple[int, int], str] = field(default_factory=lambda: Remembered(ttl_s=3600, size=20_000))
    # (chat, answer) -> who asked for it with somebody else's photo, and so may delete it
    askers: Remembered[tuple[int, int], int] = field(
        default_factory=lambda: Remembered(ttl_s=48 * 3600, size=20_000)  # Telegram deletes nothing older
    )
    # (chat, message) -> deleted by its reader: work on it that is under way says nothing
    deleted: Remembered[tuple[int, int], bool] = field(default_factory=lambda: Remembered(ttl_s=600, size=20_000))
    told: NoticesGiven = field(default_factory=NoticesGiven)
    background: Background = field(default_factory=Background)

    def asking(self, person: PersonSettings) -> PhotoJobs:
        """The same desk over the gallery that a person chose; this one where none was chosen, or it is offered no more.

        Queue, limits and what is remembered are shared.
        """
        chosen = next((one for title, one in self.galleries.items() if gallery_key(title) == person.gallery), None)
        if chosen is None or chosen.finder is self.finder.finder:
            return self
        return replace(
            self,
            finder=self.finder.over(chosen.finder),
            gallery=chosen.finder.gallery,
            calibration=chosen.finder.calibration,
            renderer=chosen.renderer,
            explainer=chosen.explainer,
        )

    async def rendered(self, request: PictureRequest, person: PersonSettings) -> BufferedInputFile:
        """A picture in this person's language and look, rendered in the threads that photos are worked on in."""
        translate = translator(self.i18n, self.i18n.current_locale)
        theme = person.theme or self.theme
        data = await self.finder.call(partial(self.renderer.render, request, theme=theme, translate=translate))
        return BufferedInputFile(data, filename="card.jpg")

    def reply_to(self, message: Message, photo: PhotoRef, asker: User | None) -> Reply:
        """Where answers to this photo go."""
        speaks_as_chat = message.from_user == asker and message.sender_chat is not None
        return Reply(message, photo, asker=None if speaks_as_chat else asker, private=self.ephemeral)

    async def why(self, face: FaceAnswer) -> Why | None:
        """What carries a likeness, worked out in the threads that photos are worked on in."""
        return None if self.explainer is None else await self.finder.call(partial(self.explainer.why, face))

    async def fetch(self, bot: Bot, photo: PhotoRef) -> bytes:
        """The photo's file, within the limits. Whoever waits long for it lends the slot, and gets one again here."""
        data = await fetch(bot, photo, limit_bytes=self.photo_limit_bytes)
        await come_back()
        return data

    async def welcome(self, message: Message, photos: Sequence[PhotoRef], asker: User | None) -> int:
        """Before work on new photos: ask the rate limit, show that they were seen, tell newcomers what happens.

        Returns how many of the photos may be worked on; for the rest one sentence is sent, once.
        """
        allowed = len(photos)
        reply = self.reply_to(message, photos[0], asker)
        if asker is not None:
            who = rated(message, asker)
            verdicts = [await self.rates.ask(who) for _photo in photos]
            allowed = verdicts.count(Verdict.GO)
            self.stats.failed["rate_limited"] += len(photos) - allowed
            if Verdict.NOTIFY in verdicts:
                await reply.text(self.too_many(who))
        if not allowed:
            return 0
        self.background.start(_react(message, photos[0]), name="reaction")
        photo = f"{message.chat.id}:{message.message_id}"
        if asker is not None and await self.told.first(asker.id, photo=photo):
            await reply.text(
                _("I keep your photo only until I've answered. Nothing is stored. More: /privacy"),
                quietly=True,
            )
            await self.told.given(asker.id)
        return allowed

    def too_many(self, who: int) -> str:
        """The one polite sentence of the rate limit. who: as `rated` says."""
        seconds = max(1, round(self.rates.wait_s(who)))
        return ngettext(
            "That's a lot of photos at once. Please send the next one in {seconds} second.",
            "That's a lot of photos at once. Please send the next one in {seconds} seconds.",
            seconds,
        ).format(seconds=seconds)

    async def at_turn(
        self,
        message: Message,
        photo: PhotoRef,
        asker: User | None,
        work: Callable[[Reply], Awaitable[None]],
        *,
        edits: bool = False,
    ) -> None:
        """Run `work` when this chat's turn comes; what goes wrong with the photo is answered with a sentence.

        edits: another photo put into the same message is to be answered, too, also while this one is at work.
        """
        reply = self.reply_to(message, photo, asker)
        start = time.monotonic()
        try:
            ticket = self.queue.enter(message.chat.id)
        except QueueFull:
            self.stats.failed["queue_full"] += 1
            await reply.text(_("Too many photos are waiting just now. Please try again in a minute."))
            return
        except Stopping as error:
            await reply.text(unfinished(error))
            return
        if edits:
            self.answered.put((message.chat.id, photo.message), photo.unique_id)
        with ticket, holding(ticket):
            let_next_in()
            try:
                await self._wait(ticket, reply)
                limit = self.queue.working(limit_s=self.photo_timeout_s, ticket=ticket)
                with limit, self._uploading(message):
                    await work(reply)
            except UNFINISHED as error:
                log.info("a photo without an answer", why=type(error).__name__)
                self.stats.failed[type(error).__name__] += 1
                await reply.text(unfinished(error))
            else:
                self.stats.took(time.monotonic() - start)

    async def _wait(self, ticket: Ticket, reply: Reply) -> None:
        if await ticket.turn(notice_s=self.notice_s, limit_s=self.wait_limit_s):
            return
        number = ticket.number
        if not number:
            await ticket.turn(limit_s=max(self.wait_limit_s - self.notice_s, 0.0))
            return
        text = _("Many photos are coming in: you're number {number} in the queue.").format(number=number)
        over = asyncio.Event()
        # Not waited for: the turn may come while Telegram makes the notice wait.
        self.background.start(_notice(reply, text, over), name="notice")
        try:
            await ticket.turn(limit_s=max(self.wait_limit_s - self.notice_s, 0.0))
        finally:
            over.set()

    @contextmanager
    def _uploading(self, message: Message) -> Iterator[None]:
        task = self.background.start(_uploading(message), name="chat action")
        try:
            yield
        finally:
            task.cancel()


def rated(message: Message, asker: User) -> int:
    """Whose photos are counted together: a person's, or those of a chat that speaks for itself (anonymous admins)."""
    return message.sender_chat.id if message.sender_chat is not None else asker.id


def unfinished(error: Exception) -> str:  # noqa: PLR0911 - one line a cause
    """The sentence to somebody whose photo has no answer, for each of UNFINISHED."""
    match error:
        case Stopping():
            return _("I am being restarted and could not finish this photo. Please send it again in a minute.")
        case WaitedTooLong():
            return _("Your photo has waited too long; I am very busy. Please send it again a little later.")
        case MemoryError():
            return _("That photo is too big for me. Please send it as a photo, not as a file.")
        case TooLargeToFetch(limit_bytes=limit):
            return _(
                "This file is over {limit} MB, more than I can fetch. Please send it as a photo, not as a file."
            ).format(limit=round(limit / 1e6))
        case PhotoGone():
            return _("Telegram does not have this photo any more. Please send it again.")
        case FetchFailed():
            return _("I could not get this photo from Telegram. Please send it again.")
        case _took_too_long:
            return _("That took too long, so I gave up. Please try another photo.")


async def _react(message: Message, photo: PhotoRef) -> None:
    """Eyes on the photo; where reactions are off, the upload action is all there is."""
    bot = message.bot
    if bot is None:
        return
    try:
        await bot.set_message_reaction(message.chat.id, photo.message, reaction=[ReactionTypeEmoji(emoji="👀")])
    except TelegramAPIError as error:
        log.debug("no reaction", error=type(error).__name__)


async def _uploading(message: Message) -> None:
    bot = message.bot
    while bot is not None:
        try:
            await bot.send_chat_action(
                message.chat.id,
                ChatAction.UPLOAD_PHOTO,
                message_thread_id=message.message_thread_id if message.is_topic_message else None,
            )
        except TelegramAPIError as error:
            log.debug("no chat action", error=type(error).__name__)
        await asyncio.sleep(ACTION_S)


async def _notice(reply: Reply, text: str, over: asyncio.Event) -> None:
    """Show a notice until it is over."""
    try:
        message = await reply.text(text, quietly=True)
        await over.wait()
        if message is not None and message.bot is not None:
            await remove(message.bot, message)
    except TelegramAPIError as error:
        log.debug("a notice stays", error=type(error).__name__)
