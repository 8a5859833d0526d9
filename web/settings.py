"""Every setting of the page and its API. `web.main` reads them once; what all front ends share: lookalike.settings."""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lookalike.env_file import EnvFileSource, in_place_of_dotenv

# Galleries that came with the program, by name: the folder inside of the weights, and how their source begins.
CAME_ALONG: Final = {
    "celebrities": ("gallery", "CelebA"),
    "us-congress": ("galleries/us-congress", "Biographical Directory"),
}
NONE: Final = "none"


class WebSettings(BaseSettings):
    """Where the page is served, to whom, and how much it takes on."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, str_strip_whitespace=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    web_host: str = Field(default="127.0.0.1", description="The page: the address to listen on.")
    web_port: int = Field(default=8000, ge=0, le=65535, description="The page: the port to listen on.")
    web_api_key: SecretStr = Field(
        default=SecretStr(""),
        description="The page: a key of 16 characters or more that photos need, as `Authorization: Bearer KEY`. "
        "Empty: none.",
    )
    web_proxies: str = Field(
        default="",
        description="The page: addresses or networks of the reverse proxies whose X-Forwarded-For is believed, with "
        "commas between. Empty: none.",
    )
    web_galleries: str = Field(default="", exclude=True, description="The former name of GALLERIES.")
    web_public_galleries: str = Field(
        default="celebrities,us-congress",
        description="The page: galleries that came with the program and are given, with the networks, to whoever opens "
        "/?local, so that their browser answers by itself: names with commas between; none: nobody gets any. One's own "
        "are never given.",
    )
    web_slots: int = Field(default=4, ge=1, le=64, description="The page: photos on their way at the same time.")
    web_queue_length: int = Field(
        default=100, ge=1, le=100_000, description="The page: photos that may wait; one more is declined."
    )
    web_queue_wait_s: float = Field(
        default=30.0, gt=0, le=3600, description="The page: a photo that waits longer is declined."
    )
    web_photo_timeout_s: float = Field(
        default=60.0, gt=0, le=600, description="The page: longest time on one photo, from its turn to its answer."
    )
    web_upload_s: float = Field(
        default=60.0, gt=0, le=3600, description="The page: an upload that takes longer is broken off."
    )
    web_upload_memory_mb: float = Field(
        default=256.0, ge=50, le=100_000, description="The page: memory of all uploads at once, in MB."
    )
    web_held_per_visitor: int = Field(
        default=8, ge=1, le=1000, description="The page: requests of one visitor held at the same time."
    )
    web_rate_burst: int = Field(default=20, ge=2, le=1000, description="The page: photos of one visitor in one go.")
    web_rate_per_minute: float = Field(
        default=60.0, gt=0, le=6000, description="The page: photos a minute of one visitor after that."
    )
    web_frames_per_minute: float = Field(
        default=1800.0, gt=0, le=60_000, description="The page: frames of a live camera a minute of one visitor."
    )
    web_stop_s: int = Field(
        default=25, ge=0, le=600, description="The page: how long a stopping server works on what it has taken on."
    )
    web_log_format: Literal["text", "json"] = Field(default="text", description="The page: how log lines look.")

    @field_validator("web_api_key", mode="before")
    @classmethod
    def _without_blanks(cls, value: object) -> object:
        return value.strip().strip("\"'") if isinstance(value, str) else value

    @field_validator("web_api_key")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr) -> SecretStr:
        if value and not re.fullmatch(r"[!-~]{16,256}", value.get_secret_value()):
            raise ValueError("must be 16 to 256 letters, digits and signs without blanks")
        return value

    @field_validator("web_proxies")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for part in _parts(value):
            try:
                ipaddress.ip_network(part, strict=False)
            except ValueError as error:
                raise ValueError(f"{part!r} is no address or network such as 10.0.0.2 or 10.0.0.0/8") from error
        return value

    @field_validator("web_public_galleries")
    @classmethod
    def _came_along(cls, value: str) -> str:
        unknown = [name for name in _parts(value) if name not in CAME_ALONG]
        if unknown and value != NONE:
            raise ValueError(
                f"{unknown[0]!r} did not come with the program, and one's own galleries are never given away; name "
                f"some of {', '.join(CAME_ALONG)}, or {NONE}"
            )
        return value

    @field_validator("web_galleries")
    @classmethod
    def _former_name(cls, value: str) -> str:
        if value:
            raise ValueError(
                "this setting is called GALLERIES now, for the page and the bot alike; write "
                f"GALLERIES=celebrities,{value} and leave WEB_GALLERIES out"
            )
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
        """A `.env` that can't be read is an error: the key may stand there."""
        return in_place_of_dotenv(EnvFileSource, settings_cls, init_settings, env_settings, file_secret_settings)

    @property
    def public_galleries(self) -> frozenset[str]:
        return frozenset(_parts(self.web_public_galleries)) - {NONE}

    @property
    def proxies(self) -> list[str]:
        return _parts(self.web_proxies)


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
