"""Log lines of the page: what was asked and how it ended. Addresses, query strings and photos never come this far."""

from __future__ import annotations

import logging
import re
from typing import Any, Final, Literal, TextIO

import structlog

from lookalike.serving.logs import redact, send_logs

QUIET = ("PIL", "asyncio", "faiss.loader")  # debug lines of these quote EXIF, or tell of sockets


# As errors of sockets name a visitor: 192.0.2.7, 2001:db8::7, ::1.
ADDRESS: Final = re.compile(
    r"(?<![\w.])(?:\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])"
    r"|(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)(?![\w:]))",
    re.IGNORECASE,
)


def set_up_logs(*, form: Literal["text", "json"], secrets: tuple[str, ...] = (), stream: TextIO | None = None) -> None:
    """Send every log line of the process to `stream` (stderr), without addresses and `secrets` (API keys)."""
    hidden = tuple(secret for secret in secrets if secret)
    shared: list[Any] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    send_logs(
        shared,
        form=form,
        level=logging.INFO,
        quiet=QUIET,
        redacted=lambda line: ADDRESS.sub("<address>", redact(line, hidden)),
        stream=stream,
    )
