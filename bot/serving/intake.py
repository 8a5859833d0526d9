"""Where updates come in, by polling or webhook alike: each once, so many at a time, and all of them ended on stop.

An update that was taken is settled when it is answered, refused or told; only then it need not come again
(docs/decisions/0012). One person and one chat may have a bounded number of them here, and ask for a bounded number of
answers: the rest is refused at once, with one sentence, so that nobody can fill the bot alone.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import Update
from aiogram.utils.i18n import I18n
from cachetools import FIFOCache

from bot.answering.background import Background
from bot.answering.remembered import Remembered
from bot.middlewares.language import language_of
from bot.serving.held import HeldUpdate, Kind, Sender, current_update, sender_of, stamp_of
from bot.serving.journal import Journal
from bot.serving.owed import Owed
from bot.serving.refusal import Refusal, refuse
from bot.telegram.waiting import deliveries, holding
from lookalike.serving.fair_queue import FairQueue
from lookalike.serving.metrics import Stats
from lookalike.serving.rate_limit import RateLimit, Verdict

REMEMBERED_UPDATES: Final = 10_000
LAST_WORDS_S: Final = 5.0  # for the sentences to those whose photo can't be finished
REFUSED_ONCE_S: Final = 30.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many updates are held.

    at_once: at work at the same time; as many again may stand aside, waiting for Telegram.
    a_person, a_chat: of one person, of one chat. a_talk: texts, commands and buttons of one person.
    allowed: a private bot's chats and people; empty: everybody.
    """

    at_once: int
    a_person: int = 20
    a_chat: int = 40
    a_talk: int = 5
    allowed: frozenset[int] = frozenset()


class Intake:
    """Owns the task of every update. aiogram's own polling and webhook leave theirs running when they stop."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        queue: FairQueue,
        stats: Stats,
        *,
        limits: Limits,
        talk: RateLimit,
        i18n: I18n,
        journal: Journal,
        background: Background,
    ) -> None:
        self._dispatcher = dispatcher
        self._queue = queue
        self._stats = stats
        self._limits = limits
        self._talk = talk
        self._i18n = i18n
        self._journal = journal
        self._background = background
        self.owed = Owed(journal, i18n, background, told=self._told)
        self._tasks: dict[asyncio.Task[None], HeldUpdate] = {}
        self._held: dict[int, HeldUpdate] = {}  # not settled, or still worked on
        self._by_person: defaultdict[int, set[HeldUpdate]] = defaultdict(set)
        self._by_chat: defaultdict[int, set[HeldUpdate]] = defaultdict(set)
        self._placed = 0
        self._done_before: dict[int, str] = {}  # by an earlier process: update id to stamp
        self._seen: FIFOCache[int, bool] = FIFOCache(maxsize=REMEMBERED_UPDATES)
        self._refused: Remembered[tuple[int, int], bool] = Remembered(ttl_s=REFUSED_ONCE_S, size=10_000)
        self.news = asyncio.Event()  # something was settled, or has stepped aside
        self.open = True

    @property
    def in_flight(self) -> int:
        return len(self._tasks)

    @property
    def full(self) -> bool:
        return self._placed >= self._limits.at_once or self.in_flight >= 2 * self._limits.at_once

    async def begin(self, bot: Bot) -> None:
        """Before the first update: what an earlier process had done is not done again, whom it owed a word is told."""
        self._done_before = await self.owed.open(bot)

    async def place(self) -> None:
        """Wait until there is room for one more update."""
        while self.full:
            self.news.clear()
            await self.news.wait()

    def take(self, bot: Bot, update: Update) -> HeldUpdate:
        """Start on an update, or refuse it. One that came before is the same one again, or settled.

        Nothing is awaited, so that updates are begun in the order they came.
        """
        held = self._held.get(update.update_id)
        if held is not None:
            return held
        stamp = stamp_of(update)
        held = HeldUpdate(update.update_id, sender_of(update), stamp=stamp, steps_aside=self._step_aside)
        if update.update_id in self._seen or self._done_before.get(update.update_id) == stamp:
            log.info("update came again", update_id=update.update_id)
            held.settled = True
            held.over.set()
            return held
        self._seen[update.update_id] = True
        self._stats.updates[next(iter(update.model_fields_set - {"update_id"}), "unknown")] += 1
        refusal = self._refusal(held.sender)
        if refusal is not None:
            self._refuse(bot, update, held, refusal)
            return held
        self._hold(held)
        task = asyncio.create_task(self._handle(bot, update, held), name=f"update {update.update_id}")
        self._tasks[task] = held
        task.add_done_callback(self._done)
        return held

    def give_up(self, held: HeldUpdate) -> None:
        """Settle an update that is still worked on: its chat is remembered until it was answered or told."""
        for one in (held, *held.members):
            if not one.settled:
                if one.sender.chat:
                    self._owe(one, one.sender.message, comes_again=False)
                self._settle(one)

    async def drain(self, *, deadline_s: float) -> None:
        """Finish what was taken. At the deadline, what waits or is at work is called off and says so to its person."""
        self.open = False
        await self._finish(deadline_s)
        if not self._held:
            self._journal.forget_done()

    async def _finish(self, deadline_s: float) -> None:
        if await self._ended(deadline_s):
            return
        log.warning("deadline passed, calling off", in_flight=self.in_flight)
        self._queue.stop()
        if await self._ended(LAST_WORDS_S):
            return
        log.error("cancelling", in_flight=self.in_flight)
        for task in self._tasks:
            task.cancel()
        await self._ended(1.0)

    def _refusal(self, sender: Sender) -> Refusal | None:
        """Why this update is not begun, if so."""
        who = (sender.chat, sender.person)
        of_person = self._by_person.get(sender.person, ()) if sender.person else ()
        of_chat = self._by_chat.get(sender.chat, ()) if sender.chat else ()
        talk = sender.kind is not Kind.OTHER and sum(held.sender.kind is not Kind.OTHER for held in of_person)
        if (
            len(of_person) >= self._limits.a_person
            or len(of_chat) >= self._limits.a_chat
            or talk >= self._limits.a_talk
        ):
            said = self._refused.get(who) is not None
            self._refused.put(who, value=True)
            return Refusal.HELD_QUIETLY if said else Refusal.HELD
        if sender.kind is Kind.OTHER or not sender.person:
            return None
        match self._talk.ask(sender.person):
            case Verdict.GO:
                return None
            case Verdict.NOTIFY:
                return Refusal.RATE
            case Verdict.SILENT:
                return Refusal.RATE_QUIETLY

    def _refuse(self, bot: Bot, update: Update, held: HeldUpdate, refusal: Refusal) -> None:
        sender = held.sender
        self._stats.failed["rate_limited" if refusal in {Refusal.RATE, Refusal.RATE_QUIETLY} else "too_many_held"] += 1
        allowed = self._limits.allowed
        speaks = refusal in {Refusal.RATE, Refusal.HELD} and (not allowed or {sender.chat, sender.person} & allowed)
        if speaks:
            wait_s = self._talk.wait_s(sender.person)
            work = refuse(bot, update, sender, refusal, wait_s=wait_s, i18n=self._i18n)
            self._background.start(work, name="refuse")
        self._settle(held)

    def _hold(self, held: HeldUpdate) -> None:
        self._held[held.update_id] = held
        self._placed += 1
        waits = any(other.aside for other in self._by_chat.get(held.sender.chat, ()))
        self._by_chat[held.sender.chat].add(held)
        self._by_person[held.sender.person].add(held)
        if waits:  # behind others of its chat
            self._step_aside(held)

    def _step_aside(self, held: HeldUpdate) -> None:
        """All of a chat step aside together: they wait for one another, and so for the same thing."""
        for one in (held, *self._by_chat.get(held.sender.chat, ())) if held.sender.chat else (held,):
            if not one.aside:
                one.aside = True
                self._free_place(one)

    def _free_place(self, held: HeldUpdate) -> None:
        if held.placed:
            held.placed = False
            self._placed -= 1
            self.news.set()

    async def _handle(self, bot: Bot, update: Update, held: HeldUpdate) -> None:
        current_update.set(held)
        deliveries.set(held.deliveries)
        with structlog.contextvars.bound_contextvars(update_id=update.update_id), holding(held):
            if held.sender.kind is Kind.PRESS:
                await self._journal.done_first(held.update_id, held.stamp)
            try:
                await self._dispatcher.feed_update(bot, update)
            except Exception:
                # The error router has had its chance; what arrives here is our own mistake or Telegram's silence.
                log.exception("an update could not be handled")

    def _done(self, task: asyncio.Task[None]) -> None:
        held = self._tasks.pop(task)
        held.ended = True
        self._free_place(held)
        if task.cancelled():  # it comes again at the next start
            self._forget(held)
            held.over.set()
        elif held.deliveries.failed and held.sender.chat:
            # Telegram did not take the answer. It is settled when the chat was told, or when others need its place.
            self._step_aside(held)
            for message in held.deliveries.failed:
                self._owe(held, message or held.sender.message, comes_again=not held.settled)
            self.owed.tell(held.sender.chat)
        else:
            for one in (held, *held.members):
                self.owed.answered(one.sender.chat, one.sender.message)
            if held.lead is None or held.lead.settled:
                self._settle(held)
        self.news.set()

    def _owe(self, held: HeldUpdate, message: int | None, *, comes_again: bool) -> None:
        sender = held.sender
        language = language_of(sender.user)
        self.owed.remember(sender.chat, message, language=language, thread=sender.thread, comes_again=comes_again)

    def _told(self, chat: int) -> None:
        for held in list(self._by_chat.get(chat, ())):
            if held.ended and (held.lead is None or held.lead.ended):
                self._settle(held)

    def _settle(self, held: HeldUpdate) -> None:
        if held.settled and not held.ended:
            return
        held.settled = True
        held.over.set()
        if held.ended or held.update_id not in self._held:
            self._forget(held)
        self._journal.done(held.update_id, held.stamp)
        for member in held.members:
            if member.ended and not member.settled:
                self._settle(member)
        self.news.set()

    def _forget(self, held: HeldUpdate) -> None:
        self._held.pop(held.update_id, None)
        for group, key in ((self._by_person, held.sender.person), (self._by_chat, held.sender.chat)):
            if key in group:
                group[key].discard(held)
                if not group[key]:
                    del group[key]

    async def _ended(self, within_s: float) -> bool:
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within_s)
        return not self._tasks
