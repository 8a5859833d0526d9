"""The bot's own ports: connections are bounded, a header has its time, and the log is not flooded."""

from __future__ import annotations

import asyncio
import io

import aiohttp
from aiohttp import web

from bot.serving.ports import NO_DESCRIPTORS, Port
from tests.bot.conftest import free_port


def app() -> web.Application:
    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    application = web.Application()
    application.router.add_get("/", hello)
    return application


async def ask(port: int) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/", timeout=aiohttp.ClientTimeout(3)) as answer,
    ):
        return answer.status


async def test_half_sent_headers_end_and_leave_room() -> None:
    number = free_port()
    async with Port(app(), host="127.0.0.1", port=number, most_connections=10, header_s=0.3):
        slow = [await asyncio.open_connection("127.0.0.1", number) for _ in range(30)]
        for _reader, writer in slow:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        await asyncio.sleep(0.1)
        over = [reader for reader, _writer in slow if reader.at_eof() or reader._transport.is_closing()]  # type: ignore[attr-defined]
        assert len(over) >= 20, "more connections than there may be are closed at once"
        await asyncio.sleep(0.4)
        assert await ask(number) == 200
        for reader, writer in slow:
            assert await asyncio.wait_for(reader.read(), 2) in {b"", b"\r\n"}
            writer.close()


async def test_a_header_in_two_parts_and_many_requests_are_served() -> None:
    number = free_port()
    async with Port(app(), host="127.0.0.1", port=number, most_connections=10, header_s=1.0):
        reader, writer = await asyncio.open_connection("127.0.0.1", number)
        for part in (b"GET / HTTP/1.1\r\nHost: x\r\n\r", b"\n"):
            writer.write(part)
            await asyncio.sleep(0.05)
        assert b"200 OK" in await asyncio.wait_for(reader.read(200), 2)
        writer.close()
        assert [await ask(number) for _ in range(30)] == [200] * 30


async def test_that_no_descriptor_is_left_is_said_once(log_text: io.StringIO) -> None:
    async with Port(app(), host="127.0.0.1", port=free_port()):
        for _ in range(1000):
            asyncio.get_running_loop().call_exception_handler({"message": NO_DESCRIPTORS, "socket": "a socket"})
        asyncio.get_running_loop().call_exception_handler({"message": "something else"})
    assert log_text.getvalue().count("no file descriptor is left") == 1
    assert "something else" in log_text.getvalue()
