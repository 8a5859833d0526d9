"""Log lines of the page: what was asked and how it ended. Addresses, query strings and photos never come this far."""

from __future__ import annotations

import logging
from typing import Any, Literal, TextIO

import structlog

from lookalike.serving.logs import send_logs

QUIET = ("PIL", "asyncio", "faiss.loader")  # debug lines of these quote EXIF, or tell of sockets


def set_up_logs(*, form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Send every log line of the process to `stream` (stderr)."""
    shared: list[Any] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    send_logs(shared, form=form, level=logging.INFO, quiet=QUIET, stream=stream)
