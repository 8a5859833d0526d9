"""Log lines of a server: each in one form, on one stream. What is kept out of them is each server's own affair."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any, Literal, TextIO

import structlog


def send_logs(
    shared: Sequence[Any],
    *,
    form: Literal["text", "json"],
    level: int | str,
    quiet: Sequence[str],
    stream: TextIO | None = None,
    wrapped: Callable[[logging.Formatter], logging.Formatter] = lambda inner: inner,
) -> None:
    """Send every log line of the process to `stream` (stderr).

    shared: structlog's processors for our lines and those of libraries alike. quiet: loggers heard from warnings on.
    wrapped: makes the formatter that is used of the one that writes the line.
    """
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    inner = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(wrapped(inner))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)
