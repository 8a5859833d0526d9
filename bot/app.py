"""The bot's composition root: settings and a finder in, a dispatcher and what runs beside it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.fsm.storage.base import BaseStorage
from aiogram.types import LinkPreviewOptions

from bot.about import About, known_versions
from bot.answering.ordering import OrderedTurns
from bot.answering.photo_job import PhotoJobs
from bot.handlers import routers
from bot.middlewares.access import Access
from bot.middlewares.albums import Albums
from bot.middlewares.gallery import PersonsGallery
from bot.middlewares.language import PersonsLanguage, load_languages
from bot.serving.claims import Claims
from bot.serving.intake import Intake, Limits
from bot.serving.journal import Journal
from bot.settings import BotSettings
from bot.stores import open_shared
from bot.stores.memory import ExpiringStorage
from bot.stores.pairs import Pairs
from bot.stores.people import PeopleInMemory, PeopleStore
from bot.stores.sent_photos import SentPhotos
from bot.telegram.limits import MAX_DOWNLOAD_BYTES
from bot.telegram.retry import TryAgain
from lookalike.app import App
from lookalike.cards import CardRenderer, ThemeName
from lookalike.explainer import Explainer
from lookalike.serving.fair_queue import FairQueue
from lookalike.serving.rate_limit import RateLimit
from lookalike.serving.work_threads import FinderPool

API_TIMEOUT_S: Final = 30.0
SPARE: Final = 5  # a person's photos all at once, and a few words to them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Everything that lives as long as the bot does."""

    dispatcher: Dispatcher
    intake: Intake
    jobs: PhotoJobs
    people: PeopleStore
    storage: BaseStorage
    journal: Journal
    claims: Claims

    @property
    def desk(self) -> PhotoJobs:
        """`jobs` by its former name, for scripts written against version 0.1."""
        return self.jobs


def build_bot(settings: BotSettings) -> Bot:
    """The client: HTML by default, failures that pass are tried again."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.bot_api_url), timeout=API_TIMEOUT_S)
    session.middleware(TryAgain())
    return Bot(
        settings.bot_token.get_secret_value(),
        session=session,
        default=DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview=LinkPreviewOptions(is_disabled=True)),
    )


def build_dispatcher(
    finder: FinderPool,
    renderer: CardRenderer,
    settings: BotSettings,
    *,
    theme: ThemeName = "light",
    photo_limit_bytes: int = MAX_DOWNLOAD_BYTES,
    storage: BaseStorage | None = None,
    people: PeopleStore | None = None,
    about: About | None = None,
    explainer: Explainer | None = None,
    galleries: Mapping[str, App] | None = None,
    page: str = "",
    album_quiet_s: float = 0.5,
) -> Parts:
    """Tie handlers, queue and stores together. Nothing is opened; tests hand over a finder of their own."""
    shared = open_shared(settings)
    queue = FairQueue(slots=settings.queue_slots, length=settings.queue_length)
    storage = storage or ExpiringStorage(ttl_s=settings.conversation_s)
    people = people or PeopleInMemory()
    sent_photos = SentPhotos(ttl_s=settings.conversation_s)
    gallery, calibration = finder.finder.gallery, finder.finder.calibration
    jobs = PhotoJobs(
        finder=finder,
        gallery=gallery,
        calibration=calibration,
        renderer=renderer,
        explainer=explainer,
        galleries=galleries or {},
        queue=queue,
        rates=shared.rates,
        told=shared.notices,
        i18n=load_languages(),
        theme=theme,
        photo_limit_bytes=settings.photo_bytes_limit(photo_limit_bytes),
        wait_limit_s=settings.queue_wait_s,
        photo_timeout_s=settings.photo_timeout_s,
        ephemeral=settings.group_answers == "ephemeral",
    )
    dispatcher = Dispatcher(
        storage=storage,
        events_isolation=OrderedTurns(),
        gallery=gallery,
        calibration=calibration,
        jobs=jobs,
        pairs=Pairs(storage, sent_photos),
        sent_photos=sent_photos,
        people=people,
        page=page,
        settings=settings,
        stats=jobs.stats,
        about=about or About(versions=known_versions()),
    )
    PersonsLanguage(jobs.i18n, people).setup(dispatcher)
    observers = (
        dispatcher.message, dispatcher.edited_message, dispatcher.callback_query, dispatcher.guest_message,
    )  # fmt: skip
    for observer in observers:
        observer.outer_middleware(PersonsGallery())
    if settings.allowed_chats:
        access = Access(settings.allowed_chats)
        for observer in observers:
            observer.outer_middleware(access)
    dispatcher.message.outer_middleware(Albums(quiet_s=album_quiet_s))
    dispatcher.include_routers(*routers(guest_mode=settings.guest_mode))
    journal = Journal(storage, replica=settings.replica)
    return Parts(
        dispatcher=dispatcher,
        intake=Intake(
            dispatcher,
            queue,
            jobs.stats,
            limits=Limits(
                at_once=settings.updates_at_once,
                a_person=max(settings.held_per_person, settings.rate_burst + SPARE),
                a_chat=max(settings.held_per_chat, settings.rate_burst + SPARE),
                allowed=settings.allowed_chats,
            ),
            talk=RateLimit(burst=settings.talk_burst, per_minute=settings.talk_per_minute),
            i18n=jobs.i18n,
            journal=journal,
            background=jobs.background,
        ),
        journal=journal,
        claims=shared.claims,
        jobs=jobs,
        people=people,
        storage=storage,
    )
