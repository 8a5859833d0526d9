"""Every setting of the bot, read once in `bot.app`; what all front ends share is in lookalike.settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.telegram.limits import MAX_DOWNLOAD_BYTES

TOKEN_SHAPE: Final = r"\d{3,20}:[A-Za-z0-9_-]{30,}"  # noqa: S105 - what a token looks like
NO_TOKEN: Final = "BOT_TOKEN is not set; get one from @BotFather and put BOT_TOKEN=... into .env"  # noqa: S105 - a sentence

REDIS_STARTS: Final = ("redis://", "rediss://", "unix://")


class BotSettings(BaseSettings):
    """How the bot reaches Telegram, whom it serves, and how much it takes on."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
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
        default="", description="For webhook: the public https address of this bot, as the TLS proxy serves it."
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
        default="reply", description="In groups: reply for all to see, or show the answer to the asker alone."
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
    log_format: Literal["text", "json"] = Field(default="text", description="How log lines look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged.")

    @field_validator("allowed_chats", "admins", mode="before")
    @classmethod
    def _ids(cls, value: Any) -> Any:
        """Read "1, -100200" as two ids."""
        if isinstance(value, str):
            return frozenset(int(part) for part in value.strip("[] ").split(",") if part.strip())
        return value

    @field_validator("redis_url")
    @classmethod
    def _an_address(cls, value: SecretStr) -> SecretStr:
        """Nothing of the value is said: a password may be in it."""
        url = value.get_secret_value()
        if url and not url.startswith(REDIS_STARTS):
            raise ValueError(f"must start with one of {', '.join(REDIS_STARTS)}")
        return value

    @field_validator("bot_api_url", "webhook_url")
    @classmethod
    def _no_slash_at_the_end(cls, value: str) -> str:
        return value.rstrip("/")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.bot_mode == "webhook" and not self.webhook_url.startswith(("https://", "http://127.0.0.1")):
            raise ValueError("WEBHOOK_URL must be the public https:// address when BOT_MODE=webhook")
        secret = self.webhook_secret.get_secret_value()
        if secret and not (
            16 <= len(secret) <= 256 and all(c.isascii() and (c.isalnum() or c in "-_") for c in secret)
        ):
            raise ValueError("WEBHOOK_SECRET must be 16 to 256 letters, digits, - and _")
        return self

    def name_in(self, language: str) -> str:
        """The bot's name in a language; empty where @BotFather's is left alone."""
        return (self.bot_name_ru if language == "ru" else "") or self.bot_name

    def photo_bytes_limit(self, wanted: int) -> int:
        """The largest photo file taken: what the pipeline takes, within what Telegram hands out."""
        return min(wanted, MAX_DOWNLOAD_BYTES)
