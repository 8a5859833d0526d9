"""Logging by structlog, ours and the libraries' through one pipe, and nothing secret in it.

Beside what no server's log holds (`lookalike.serving.logs`), tokens, Telegram's file ids (long runs of base64url) and
numbers of chats and people are taken out. An answer of Telegram's that could not be read is quoted whole by its error;
of that error only the name and the place are kept.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from typing import Any, Final, Literal, TextIO

import structlog
from aiogram.exceptions import ClientDecodeError
from structlog.typing import ExcInfo

from lookalike.serving.logs import redact as redact_any
from lookalike.serving.logs import send_logs

TOKEN: Final = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{30,}")
FILE_ID: Final = re.compile(r"(?<![A-Za-z0-9_./-])[A-Za-z0-9_-]{40,}(?![A-Za-z0-9_-])")
# As errors of Telegram and aiogram name people: "in chat 666", "chat_id=666", "user 501", "a supergroup with id -1001".
# Not the bot's own update_id, which is nobody's.
ID_OF_SOMEBODY: Final = re.compile(
    r"(?<![A-Za-z])((?:chat|user|group|channel|person|message|receiver_user|with)(?:[ _]?id)?[\"']?[ =:]{1,3}(?:id )?)"
    r"-?\d{1,20}\b",
    re.IGNORECASE,
)

# Whatever LOG_LEVEL says. Pillow's debug lines quote EXIF (names, places, a photo's description); those of asyncio and
# aiohttp tell of sockets and requests; aiogram.event has one line an update; faiss which instructions it tried.
QUIET: Final = ("PIL", "asyncio", "aiohttp", "aiogram.event", "faiss.loader")


def redact(line: str, secrets: tuple[str, ...] = ()) -> str:
    """Take out of a finished line what must not be kept."""
    line = TOKEN.sub("<token>", redact_any(line, secrets))
    line = FILE_ID.sub("<file id>", line)
    return ID_OF_SOMEBODY.sub(r"\1<id>", line)


def _format_error(exc_info: ExcInfo) -> str:
    """A traceback. With a ClientDecodeError in its chain: the places and the names of the errors, none of their words.

    That error and its cause quote what Telegram sent: texts, names and ids of people.
    """
    chain = list(_chain(exc_info[1]))
    if not any(isinstance(error, ClientDecodeError) for error in chain):
        return "".join(traceback.format_exception(*exc_info)).rstrip("\n")
    return "\n".join(
        "".join(traceback.format_tb(error.__traceback__)) + f"{type(error).__name__} (its words are withheld)"
        for error in reversed(chain)
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, the errors of its group, and what it came from; each once."""
    waiting: list[BaseException | None] = [error]
    met: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in met:
            continue
        met.add(id(one))
        yield one
        waiting += [one.__context__, one.__cause__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def set_up_logs(
    *,
    form: Literal["text", "json"],
    level: str,
    secrets: tuple[str, ...] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every log line of the process, redacted, to `stream` (stderr)."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_format_error),
    ]
    hidden = tuple(secret for secret in secrets if secret)
    send_logs(
        shared,
        form=form,
        level=level.upper(),
        quiet=QUIET,
        stream=stream,
        redacted=lambda line: redact(line, hidden),
    )
