"""Where conversations and people's settings are kept: memory, SQLite, Redis."""

from __future__ import annotations

from dataclasses import dataclass

from aiogram.fsm.storage.base import BaseStorage

from bot.answering.notices import NoticesGiven
from bot.answering.rates import Rates, RatesHere
from bot.serving.claims import Alone, Claims
from bot.settings import BotSettings
from bot.stores.memory import ExpiringStorage
from bot.stores.people import PeopleInMemory, PeopleStore
from bot.stores.sqlite import PeopleInSqlite
from lookalike.extras import install_command
from lookalike.serving.rate_limit import RateLimit


class ExtraMissing(Exception):  # noqa: N818 - named for what it is
    """A setting needs a package that is not installed: a sentence with the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What replicas share; without REPLICA nothing is."""

    claims: Claims
    rates: Rates
    notices: NoticesGiven


def open_shared(settings: BotSettings) -> Shared:
    """By the settings, whose REDIS_URL `open_stores` has read before."""
    burst, per_minute = settings.rate_burst, settings.rate_per_minute
    if not settings.replica:
        limit = RateLimit(burst=burst, per_minute=per_minute)
        return Shared(claims=Alone(), rates=RatesHere(limit), notices=NoticesGiven())
    from bot.stores.redis import connect
    from bot.stores.shared import SharedClaims, SharedNotices, SharedRates

    redis = connect(settings.redis_url.get_secret_value())
    return Shared(
        claims=SharedClaims(redis),
        rates=SharedRates(redis, burst=burst, per_minute=per_minute),
        notices=SharedNotices(redis),
    )


def open_stores(settings: BotSettings) -> tuple[BaseStorage, PeopleStore]:
    """By the settings: REDIS_URL keeps both in Redis, an extra; SETTINGS_FILE, when set too, keeps people's settings.

    Raises StoreError where the file or the address can't be used, ExtraMissing where Redis' client is not installed.
    """
    storage: BaseStorage = ExpiringStorage(ttl_s=settings.conversation_s)
    people: PeopleStore | None = PeopleInSqlite(settings.settings_file) if settings.settings_file else None
    url = settings.redis_url.get_secret_value()
    if url:
        try:
            from bot.stores.redis import PeopleInRedis, SteadyStorage, connect
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "redis":
                raise  # a module of ours, say: no extra would mend that
            raise ExtraMissing(f"REDIS_URL is set and the extra is missing: {install_command('redis')}") from error

        storage = SteadyStorage(connect(url), ttl_s=settings.conversation_s)
        people = people or PeopleInRedis(connect(url))
    return storage, people or PeopleInMemory()
