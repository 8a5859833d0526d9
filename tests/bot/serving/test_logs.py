"""Logs: nothing in them that should not be kept, whoever writes it."""

from __future__ import annotations

import io
import logging
import os

import numpy as np
import pytest
import structlog
from aiogram.exceptions import ClientDecodeError
from PIL import Image

from bot.serving.logs import redact, set_up_logs
from pipeline.decode import decode

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


@pytest.mark.parametrize(
    "said",
    [
        "Flood control exceeded on method 'SendMessage' in chat 666777888. Retry in 40 seconds.",
        "The group has been migrated to a supergroup with id -666777888 Original description: Bad Request",
        "GetChatMember(chat_id=666777888, user_id=666777888)",
        "{'chat_id': 666777888}",
        "user 666777888 is deactivated",
        "chat id: 666777888",
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_number_of_a_chat_or_a_person_reaches_a_traceback(form: str, said: str) -> None:
    stream = io.StringIO()
    set_up_logs(form="json" if form == "json" else "text", level="debug", stream=stream)
    try:
        raise RuntimeError(said)  # noqa: TRY301 - a traceback is what is tested
    except RuntimeError as error:
        structlog.get_logger("bot.test").exception("broken", why=str(error))
    assert "RuntimeError" in stream.getvalue()
    assert "666777888" not in stream.getvalue()


def test_exif_reaches_no_log_even_of_level_debug() -> None:
    """Pillow writes every tag that it reads into its debug lines."""
    stream = io.StringIO()
    set_up_logs(form="text", level="debug", stream=stream)
    picture = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "EXIFSECRET home of Jane Doe"
    exif[0x013B] = "EXIFSECRET the artist"
    Image.new("RGB", (200, 200), "white").save(picture, "JPEG", exif=exif)
    decode(picture.getvalue())
    for name in ("PIL.TiffImagePlugin", "asyncio", "aiohttp.client"):
        logging.getLogger(name).debug("EXIFSECRET")
    structlog.get_logger("bot.test").debug("at level debug")
    assert "EXIFSECRET" not in stream.getvalue()
    assert "at level debug" in stream.getvalue()


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
