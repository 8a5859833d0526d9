"""Every setting of the bot. `bot.main` reads them once, at the start; what all front ends share: lookalike.settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bot.telegram.limits import MAX_DOWNLOAD_BYTES
from lookalike.env_file import EnvFileSource, in_place_of_dotenv

TOKEN_SHAPE: Final = r"\d{3,20}:[A-Za-z0-9_-]{30,}"  # noqa: S105 - what a token looks like
NO_TOKEN: Final = "BOT_TOKEN is not set; get one from @BotFather and put BOT_TOKEN=... into .env"  # noqa: S105 - a sentence

REDIS_STARTS: Final = ("redis://", "rediss://", "unix://")


class BotSettings(BaseSettings):
    """How the bot reaches Telegram, whom it serves, and how much it takes on."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        str_strip_whitespace=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    bot_token: SecretStr = Field(default=SecretStr(""), description="The token that @BotFather gave. Needed.")
    bot_api_url: str = Field(
        default="https://api.telegram.org",
        description="Where the Bot API answers; another one for a server of your own.",
    )
    bot_mode: Literal["polling", "webhook"] = Field(
        default="polling", description="Ask Telegram for updates, or be called by it."
    )

    bot_name: str = Field(
        default="", max_length=64, description="The bot's name as people see it. Empty: as it was given to @BotFather."
    )
    bot_name_ru: str = Field(
        default="", max_length=64, description="The bot's name for people whose Telegram is Russian. Empty: BOT_NAME."
    )

    webhook_url: str = Field(
        default="",
        validate_default=True,  # it must be set where BOT_MODE says so
        description="For webhook: the public https address of this bot, as the TLS proxy serves it.",
    )
    webhook_secret: SecretStr = Field(
        default=SecretStr(""),
        description="For webhook: 16 to 256 letters, digits, - and _ that Telegram sends along. "
        "Empty: derived from the token.",
    )
    webhook_host: str = Field(default="127.0.0.1", description="For webhook: the address to listen on.")
    webhook_port: int = Field(default=8080, ge=1, le=65535, description="For webhook: the port to listen on.")
    health_host: str = Field(default="127.0.0.1", description="Where /healthz, /readyz and /metrics are served.")
    health_port: int = Field(
        default=0, ge=0, le=65535, description="Port of /healthz, /readyz and /metrics. 0: not served."
    )

    allowed_chats: Annotated[frozenset[int], NoDecode] = Field(
        default=frozenset(),
        description="A private bot: ids of the chats and people it answers, with commas between. Empty: everybody.",
    )
    admins: Annotated[frozenset[int], NoDecode] = Field(
        default=frozenset(), description="Ids of the people who may ask for /stats, with commas between."
    )
    group_answers: Literal["reply", "ephemeral"] = Field(
        default="reply",
        description="In groups: reply for all to see, or show the answer to the asker alone, and to nobody where "
        "Telegram refuses that.",
    )
    guest_mode: bool = Field(
        default=False,
        description="Answer mentions in chats that the bot is not in, in text, for photos that the asker sent; switch "
        "it on at @BotFather as well.",
    )

    queue_slots: int = Field(
        default=4, ge=1, le=64, description="Photos on their way (download, networks, card, upload) at the same time."
    )
    queue_length: int = Field(default=500, ge=1, le=100_000, description="Photos that may wait; one more is declined.")
    queue_wait_s: float = Field(
        default=300.0, gt=0, le=3600, description="A photo that waits longer is answered with a sentence instead."
    )
    photo_timeout_s: float = Field(
        default=60.0, gt=0, le=600, description="Longest time on one photo, from its turn to its answer."
    )
    updates_at_once: int = Field(default=1000, ge=1, le=10_000, description="Updates held at the same time.")
    rate_burst: int = Field(default=10, ge=2, le=1000, description="Photos one person may send in one go.")
    rate_per_minute: float = Field(
        default=20.0, gt=0, le=6000, description="Photos a minute for one person after that."
    )
    talk_burst: int = Field(
        default=10, ge=2, le=1000, description="Texts, commands and buttons that one person may send in one go."
    )
    talk_per_minute: float = Field(default=60.0, gt=0, le=6000, description="The same a minute after that.")
    held_per_person: int = Field(
        default=20, ge=5, le=1000, description="Updates of one person held at the same time; more are declined."
    )
    held_per_chat: int = Field(
        default=40, ge=5, le=1000, description="Updates of one chat held at the same time; more are declined."
    )
    conversation_s: float = Field(
        default=900.0, ge=10, le=86_400, description="How long /compare waits for the next photo."
    )
    stop_s: float = Field(
        default=25.0, ge=0, le=600, description="How long a stopping bot works on what it has taken on."
    )

    settings_file: Path | None = Field(
        default=None, description="SQLite file with people's settings. Empty: in memory, forgotten at a restart."
    )
    redis_url: SecretStr = Field(
        default=SecretStr(""),
        description="Conversations and people's settings in Redis, e.g. redis://localhost:6379/0. Empty: not used.",
    )
    replica: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_.-]{0,40}$",
        description="Name of this process where several answer one webhook over one Redis (docs/operate.md). "
        "Empty: it is the only one.",
    )
    log_format: Literal["text", "json"] = Field(default="text", description="How log lines look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged.")

    @field_validator("allowed_chats", "admins", mode="before")
    @classmethod
    def _ids(cls, value: Any) -> Any:
        """Read "1, -100200" as two ids."""
        if isinstance(value, str):
            parts = (part.strip() for part in value.strip("[] ").split(","))
            return frozenset(_id(part) for part in parts if part)
        return value

    @field_validator("bot_token", "webhook_secret", "redis_url", mode="before")
    @classmethod
    def _without_blanks(cls, value: Any) -> Any:
        """As copied from a page or a chat: blanks and quotes around it are not part of it."""
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        return text.strip().strip("\"'").strip() if isinstance(text, str) else value

    @field_validator("redis_url")
    @classmethod
    def _an_address(cls, value: SecretStr) -> SecretStr:
        """Nothing of the value is said: a password may be in it."""
        url = value.get_secret_value()
        if url and not url.startswith(REDIS_STARTS):
            raise ValueError(f"must start with one of {', '.join(REDIS_STARTS)}")
        return value

    @field_validator("replica")
    @classmethod
    def _with_others(cls, value: str, info: ValidationInfo) -> str:
        """Nothing but Redis tells replicas of one another, and polling is one process's."""
        redis = info.data.get("redis_url")
        if value and not (redis and redis.get_secret_value() and info.data.get("bot_mode") == "webhook"):
            raise ValueError("needs BOT_MODE=webhook and REDIS_URL; leave it empty where the bot runs alone")
        return value

    @field_validator("bot_api_url")
    @classmethod
    def _where_the_bot_api_is(cls, value: str) -> str:
        if not _is_address(value):
            raise ValueError("must be an address such as https://api.telegram.org or http://127.0.0.1:8081")
        return value.rstrip("/")

    @field_validator("webhook_url")
    @classmethod
    def _where_telegram_calls(cls, value: str, info: ValidationInfo) -> str:
        wanted = info.data.get("bot_mode") == "webhook"
        if wanted and not (value.startswith(("https://", "http://127.0.0.1")) and _is_address(value)):
            raise ValueError("must be the public https:// address when BOT_MODE=webhook")
        return value.rstrip("/")

    @field_validator("webhook_secret")
    @classmethod
    def _as_telegram_takes_it(cls, value: SecretStr) -> SecretStr:
        if value and not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", value.get_secret_value()):
            raise ValueError("must be 16 to 256 letters, digits, - and _")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - another reader takes its place
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """A `.env` that can't be read is an error: whom the bot lets in may stand there."""
        return in_place_of_dotenv(EnvFileSource, settings_cls, init_settings, env_settings, file_secret_settings)

    def name_in(self, language: str) -> str:
        """The bot's name in a language; empty where @BotFather's is left alone."""
        return (self.bot_name_ru if language == "ru" else "") or self.bot_name

    def photo_bytes_limit(self, wanted: int) -> int:
        """The largest photo file taken: what the pipeline takes, within what Telegram hands out."""
        return min(wanted, MAX_DOWNLOAD_BYTES)


def token_problem(settings: BotSettings) -> str | None:
    """What is wrong with the token, as far as can be seen without asking Telegram."""
    token = settings.bot_token.get_secret_value()
    if not token:
        return NO_TOKEN
    if not re.fullmatch(TOKEN_SHAPE, token):
        return "BOT_TOKEN does not look like a token (123456789:AAE...); copy it again from @BotFather"
    return None


def _id(part: str) -> int:
    """One chat's or person's id. Raises ValueError with a sentence."""
    if not re.fullmatch(r"[-+]?[0-9]{1,20}", part):
        raise ValueError(
            f"{part!r} is no id; ids are numbers such as 501 or -1001234, with commas between "
            "(the bot tells people theirs when it does not let them in)"
        )
    return int(part)


def _is_address(value: str) -> bool:
    """Whether a value is an http or https address that can be connected to, as far as its form tells."""
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # labels of 1 to 63 letters
    except ValueError:  # of which UnicodeError is one
        return False
    return parts.scheme in {"http", "https"} and bool(host) and not re.search(r"\s", value) and port != 0
