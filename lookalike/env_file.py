"""The `.env` of the folder one stands in: in whatever encoding an editor saved it, and what in it nobody reads."""

from __future__ import annotations

import codecs
import difflib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource

ENV_FILE: Final = Path(".env")
FRONT_ENDS: Final = ("WEB_",)  # so begin names that one front end alone reads; the others pass them over
ALIKE: Final = 0.75  # difflib's ratio from which on a name is taken for a slip of another one

# The longer marks first: UTF-16's is the beginning of UTF-32's.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class EnvFileError(Exception):
    """The file is there and can't be read: a sentence that says why."""


def encoding_of(data: bytes) -> str:
    """The encoding of a text file: by its byte order mark, UTF-16 by its zeros, else UTF-8 and, failing that, Latin-1.

    A file without a mark in another encoding of one byte a letter is read as Latin-1, too: names of settings and most
    values are ASCII, which all of them share.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if b"\0" in data:
        return "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


class EnvFileSource(DotEnvSettingsSource):
    """pydantic-settings' reader of `.env` in the file's own encoding. Raises EnvFileError where it can't be read."""

    def _read_env_files(self) -> Mapping[str, str | None]:
        """Called by the base class."""
        try:
            return super()._read_env_files()
        except (OSError, UnicodeError) as error:
            raise EnvFileError(f"{ENV_FILE} can't be read ({_why(error)})") from error

    def _read_env_file(self, file_path: Path) -> Mapping[str, str | None]:
        return self._static_read_env_file(
            file_path,
            encoding=encoding_of(file_path.read_bytes()),
            case_sensitive=self.case_sensitive,
            ignore_empty=self.env_ignore_empty,
            parse_none_str=self.env_parse_none_str,
        )


class ForgivingEnvFileSource(EnvFileSource):
    """Likewise; a file that can't be read counts as none, which is said once on standard error."""

    _told: ClassVar[bool] = False

    def _read_env_files(self) -> Mapping[str, str | None]:
        try:
            return super()._read_env_files()
        except EnvFileError as error:
            if not ForgivingEnvFileSource._told:
                ForgivingEnvFileSource._told = True
                sys.stderr.write(f"lookalike: {error}, so what is set there does not count\n")
            return {}


def in_place_of_dotenv(
    source: type[EnvFileSource],
    settings_cls: type[BaseSettings],
    init_settings: PydanticBaseSettingsSource,
    env_settings: PydanticBaseSettingsSource,
    file_secret_settings: PydanticBaseSettingsSource,
) -> tuple[PydanticBaseSettingsSource, ...]:
    """The usual sources, with this reader of `.env`; for `settings_customise_sources`.

    The settings' model_config names no env_file: pydantic-settings would read it first, as UTF-8.
    """
    return init_settings, env_settings, source(settings_cls, env_file=ENV_FILE), file_secret_settings


def unknown_settings(known: Iterable[type[BaseSettings]], file: Path = ENV_FILE) -> dict[str, str | None]:
    """Names in `.env` that none of the settings has, each with the name that was probably meant, or None.

    Names that belong to a front end whose settings are not among `known` are passed over. Raises EnvFileError.
    """
    classes = tuple(known)
    names = {name.upper() for settings in classes for name in settings.model_fields}
    present = _Names(classes[0], env_file=file).names()
    elsewhere = tuple(
        start
        for start in FRONT_ENDS
        if not any(all(name.upper().startswith(start) for name in settings.model_fields) for settings in classes)
    )
    return {name: _likely(name, names) for name in present if name not in names and not name.startswith(elsewhere)}


class _Names(EnvFileSource):
    """What is set in the file, also names that are no settings."""

    def names(self) -> list[str]:
        return [name.upper() for name in self.env_vars]

    def __call__(self) -> dict[str, Any]:
        return {}


def _likely(name: str, names: Iterable[str]) -> str | None:
    found = difflib.get_close_matches(name, sorted(names), n=1, cutoff=ALIKE)
    return found[0] if found else None


def _why(error: OSError | UnicodeError) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "it is not text in UTF-8, UTF-16 or Latin-1"
