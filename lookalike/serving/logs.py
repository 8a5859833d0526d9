"""Log lines of a server: each in one form, on one stream, without bytes, arrays and vectors in them.

Redaction works on the finished line, so that it holds for every field, message and traceback. What else is taken out
(tokens, addresses, numbers of people) is each server's own affair.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, Final, Literal, TextIO

import numpy as np
import structlog

VECTOR: Final = re.compile(
    r"(?:[-+]?\d*\.\d+(?:e[-+]?\d+)?(?:[\s,;]|\\n)+){4,}(?:[-+]?\d*\.\d+(?:e[-+]?\d+)?)?", re.IGNORECASE
)


def redact(line: str, secrets: Sequence[str] = ()) -> str:
    """Take secrets, and what looks like a vector, out of a finished line."""
    for secret in secrets:
        line = line.replace(secret, "<secret>")
    return VECTOR.sub("<numbers>", line)


def name_large_values(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: say of bytes and arrays how large they are."""
    for key, value in event.items():
        if isinstance(value, bytes | bytearray | memoryview):
            event[key] = f"<{len(value)} bytes>"
        elif isinstance(value, np.ndarray):
            event[key] = f"<array {value.shape}>"
    return event


class _Redacting(logging.Formatter):
    """Another formatter, with what must not be kept taken out of what it says."""

    def __init__(self, inner: logging.Formatter, redacted: Callable[[str], str]) -> None:
        super().__init__()
        self._inner = inner
        self._redacted = redacted

    def format(self, record: logging.LogRecord) -> str:
        return self._redacted(self._inner.format(record))


def send_logs(
    shared: Sequence[Any],
    *,
    form: Literal["text", "json"],
    level: int | str,
    quiet: Sequence[str],
    redacted: Callable[[str], str],
    stream: TextIO | None = None,
) -> None:
    """Send every log line of the process to `stream` (stderr).

    shared: structlog's processors for our lines and those of libraries alike. quiet: loggers heard from warnings on.
    redacted: takes out of a finished line what must not be kept.
    """
    shared = [*shared, name_large_values]
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
    handler.setFormatter(_Redacting(inner, redacted))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)
