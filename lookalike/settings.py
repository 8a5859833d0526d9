"""Every setting that all front ends share, read once, in the composition root; nothing below reads the environment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args
from zipfile import is_zipfile

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from index.store_url import MilvusPlace
from lookalike.env_file import ForgivingEnvFileSource, in_place_of_dotenv
from lookalike.paths import ROOT, WEIGHTS
from pipeline.decoding_bounds import PhotoLimits

CELEBRITIES: Final = "celebrities"
TITLES: Final = {CELEBRITIES: "Celebrities", "us-congress": "US Congress"}  # of the galleries that come along
MAX_TITLE: Final = 40


class Settings(BaseSettings):
    """Where the weights and the gallery lie, and how much the networks may take."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True
    )

    weights_dir: Path = Field(default=WEIGHTS, description="Folder with manifest.toml and the networks.")
    gallery: Path | None = Field(
        default=None,
        description="Folder of the gallery, or the name of one that came with the program: celebrities, us-congress. "
        "Empty: celebrities.",
    )
    gallery_url: SecretStr = Field(
        default=SecretStr(""),
        description="A gallery past one machine, in the place of GALLERY: milvus://USER:PASSWORD@HOST:PORT/DATABASE"
        "?collection=NAME, milvus+tls://... for TLS, or milvus:///PATH.db to try it; an extra (milvus). "
        "Empty: the folder that GALLERY names.",
    )
    galleries: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Galleries to choose from in the bot's /settings and on the page, with commas between: names of "
        "those that came with the program, folders, or title=folder; the first one, or GALLERY, for whoever has not "
        "chosen: celebrities,us-congress,Family=/srv/family.",
    )
    calibration_file: Path | None = Field(
        default=None, description="What similarities mean. Empty: `calibration.json` inside WEIGHTS_DIR."
    )
    gallery_images: Path | None = Field(
        default=None,
        description="The pictures the gallery was built from: a folder, CelebA's img_align_celeba.zip, or what "
        "`lookalike index pictures` made of either. Empty: people are drawn from what is known of them.",
    )
    engine: Literal["openvino", "onnxruntime"] = Field(
        default="openvino", description="What runs the networks; onnxruntime is an extra."
    )
    engine_threads: int = Field(
        default=0, ge=0, le=256, description="Threads of one network's run. 0: as many as there are cores."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Photos worked on at the same time.")
    max_photo_mb: float = Field(default=20.0, gt=0, le=200, description="Largest photo file, in MB.")
    max_photo_mpx: float = Field(default=40.0, gt=0, le=170, description="Largest photo, in millions of pixels.")
    card_theme: Literal["light", "dark"] = Field(default="light", description="Look of the cards.")
    web_url: str = Field(
        default="",
        description="The public https address of the page (`lookalike web`), for a button under the bot's /start. "
        "Empty: none.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - another reader takes its place
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """A `.env` that can't be read stops nothing here: no command but the bot needs one."""
        return in_place_of_dotenv(
            ForgivingEnvFileSource, settings_cls, init_settings, env_settings, file_secret_settings
        )

    @field_validator("gallery_images")
    @classmethod
    def _is_there(cls, place: Path | None) -> Path | None:
        if place is not None and not place.is_dir():
            if not place.is_file():
                raise ValueError(f"there is no folder or zip file {place}; leave it empty to have people drawn")
            if not is_zipfile(place):
                raise ValueError(f"{place} is neither a folder nor a zip file; leave it empty to have people drawn")
        return place

    @field_validator("galleries", mode="before")
    @classmethod
    def _with_commas(cls, value: Any) -> Any:
        """Read "celebrities,Family=/srv/family", also as a JSON list."""
        if not isinstance(value, str):
            return value
        return tuple(part for raw in value.strip("[] ").split(",") if (part := raw.strip().strip("\"'")))

    @field_validator("galleries")
    @classmethod
    def _each_with_a_title(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        titles = [_titled(part)[0] for part in value]
        for part, title in zip(value, titles, strict=True):
            if not (0 < len(title) <= MAX_TITLE and title.isprintable() and _titled(part)[1]):
                raise ValueError(
                    f"{part!r} is no gallery; write the name of one that came with the program, a folder, or "
                    f"title=folder, the title of at most {MAX_TITLE} characters"
                )
        if len(set(titles)) != len(titles):
            raise ValueError("a title stands there twice; write title=folder to tell two folders apart")
        return value

    @field_validator("web_url")
    @classmethod
    def _where_the_page_is(cls, value: str) -> str:
        if value and not re.fullmatch(r"https://[^\s/?#]+\.[^\s]+", value):
            raise ValueError("must be the page's public https:// address; Telegram opens no other")
        return value

    @field_validator("gallery_url")
    @classmethod
    def _is_an_address(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value():
            MilvusPlace.of(url.get_secret_value())
        return url

    def with_gallery(self, folder: Path) -> Self:
        """The same, but for another folder's gallery, whose pictures are its own."""
        return self.model_copy(update={"gallery": folder, "gallery_url": SecretStr(""), "gallery_images": None})

    @property
    def max_photo_bytes(self) -> int:
        return round(self.max_photo_mb * 1_000_000)

    @property
    def photo_limits(self) -> PhotoLimits:
        """What is taken of a photo at all."""
        return PhotoLimits(max_bytes=self.max_photo_bytes, max_pixels=round(self.max_photo_mpx * 1_000_000))

    @property
    def gallery_path(self) -> Path:
        """The gallery that is asked where nobody chose another one."""
        if self.gallery is None and self.galleries:
            return self.place_of(_titled(self.galleries[0])[1])
        return self.place_of(str(self.gallery or CELEBRITIES))

    def place_of(self, gallery: str) -> Path:
        """The folder of a gallery by name or path. A folder of that name here wins over what came with the program."""
        folder = Path(gallery)
        if gallery == CELEBRITIES and not folder.exists():
            return self.weights_dir / "gallery"
        came_along = self.weights_dir / "galleries" / gallery
        is_name = len(folder.parts) == 1 and not folder.exists()
        return came_along if is_name and came_along.is_dir() else folder

    @property
    def offered_galleries(self) -> dict[str, Path]:
        """Title to show -> folder, of what GALLERIES offers, the one of `gallery_path` first; empty without any."""
        listed = {title: self.place_of(place) for title, place in map(_titled, self.galleries)}
        own = self.gallery_path
        first = {title: place for title, place in listed.items() if place == own}
        if listed and not first:
            first = {TITLES.get(str(self.gallery), own.name): own}
        return first | listed

    @property
    def calibration_path(self) -> Path:
        return self.calibration_file or self.weights_dir / "calibration.json"


def _titled(gallery: str) -> tuple[str, str]:
    """What stands in GALLERIES for one of them -> title to show, and name or folder."""
    title, sign, place = gallery.partition("=")
    if sign:
        return title.strip(), place.strip()
    return TITLES.get(gallery, Path(gallery).name), gallery


def setting_problems(error: ValidationError) -> list[str]:
    """Everything that is wrong with the settings, a line each, without the values: some are secret."""
    problems = []
    for one in error.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in one["loc"]).upper()
        words = one["msg"].removeprefix("Value error, ")
        problems.append(f"{words}; see .env.example" if not name else f"{name}: {words}; see .env.example")
    return problems


def example_lines(settings: type[BaseSettings]) -> list[str]:
    """The lines of `.env.example` for one settings class: meaning, then `#NAME=default`, a blank line between."""
    lines: list[str] = []
    for name, field in settings.model_fields.items():
        if field.exclude:  # a former name
            continue
        default = "" if field.is_required() or field.default is None else field.get_default(call_default_factory=True)
        if isinstance(default, Path):
            default = default.relative_to(ROOT) if default.is_relative_to(ROOT) else default
        elif isinstance(default, bool):
            default = str(default).lower()
        elif hasattr(default, "get_secret_value"):
            default = default.get_secret_value()
        elif isinstance(default, list | tuple | set | frozenset):
            default = "[" + ",".join(str(item) for item in default) + "]" if default else ""
        choices = [str(value) for value in get_args(field.annotation) if isinstance(value, str)]
        lines.append(f"# {field.description}" + (f" One of: {', '.join(choices)}." if choices else ""))
        lines += [f"#{name.upper()}={default}", ""]
    return lines
