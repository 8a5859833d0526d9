"""Logs: nothing in them that should not be kept, whoever writes it."""

from __future__ import annotations

import io
import logging
import os

import numpy as np
import pytest
import structlog
from aiogram.exceptions import ClientDecodeError

from bot.serving.logs import redact, set_up_logs

TOKEN = "7012345678:AAHfiqksKZ8WmR2zSjiQ7_v4TMAKdiHm9T0"
FILE_ID = "AgACAgIAAxkBAAIBQ2VvbGRfZmlsZV9pZF9vZl9hX3Bob3RvX3RoYXRfaXNfbG9uZwADAgADeAADNgQ"


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_never_reach_a_line(form: str) -> None:
    stream = io.StringIO()
    set_up_logs(form="json" if form == "json" else "text", level="debug", secrets=("hunter2-hunter2",), stream=stream)
    vector = np.linspace(-0.1, 0.1, 512)
    log = structlog.get_logger("bot.test")
    log.info("at rest", token=TOKEN, photo=FILE_ID, face=vector, few=[float(x) for x in vector[:9]], data=b"JFIF" * 99)
    logging.getLogger("aiohttp.client").warning(
        "GET https://api.telegram.org/file/bot%s/photos/x.jpg hunter2-hunter2", TOKEN
    )
    try:
        raise ValueError(  # noqa: TRY301 - a traceback is what is tested
            f"url='https://api.telegram.org/bot{TOKEN}/getFile?file_id={FILE_ID}' {vector!r}"
        )
    except ValueError:
        log.exception("broken")
    text = stream.getvalue()
    assert "ValueError" in text
    for secret in (TOKEN, FILE_ID, "hunter2", "JFIF", "0.0996", "0.1,"):
        assert secret not in text


def test_ordinary_words_stay() -> None:
    line = (
        "a photo without an answer position=3 took=12.5 ms update_id=123456789 sha=d5d31b1b9f2f 2026-11-23T08:59:15.21Z"
    )
    assert redact(line) == line


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("ours", [True, False], ids=["our logger", "a library's"])
def test_an_answer_that_could_not_be_read_is_named_and_not_quoted(form: str, *, ours: bool) -> None:
    """The error of aiogram holds the whole answer, its cause a part of it, and whatever it caused may quote it."""
    stream = io.StringIO()
    set_up_logs(form="json" if form == "json" else "text", level="debug", stream=stream)

    private = "my secret words"

    def decode() -> None:
        try:
            raise ValueError(private)  # noqa: TRY301 - stands for pydantic
        except ValueError as error:
            raise ClientDecodeError("odd", error, {"text": private}) from error

    try:
        try:
            decode()
        except ClientDecodeError as error:
            raise ExceptionGroup("two", [KeyError(f"{error}")]) from error
    except ExceptionGroup:
        (structlog.get_logger("bot.test") if ours else logging.getLogger("asyncio")).exception("broken")
    text = stream.getvalue()
    for kept in ("broken", "ClientDecodeError", "ValueError", "in decode", "test_logs.py"):
        assert kept in text
    assert private not in text


def test_other_tracebacks_keep_their_words() -> None:
    stream = io.StringIO()
    set_up_logs(form="text", level="debug", stream=stream)
    try:
        os.environ["NO_SUCH_KEY"]
    except KeyError:
        structlog.get_logger("bot.test").exception("broken")
    assert "KeyError: 'NO_SUCH_KEY'" in stream.getvalue()
