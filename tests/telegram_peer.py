"""A Bot API of one's own on loopback: people write to the bot, and what the bot answers is checked and kept.

Real HTTP both ways: getUpdates with long polling or calls to the bot's webhook with the secret it gave, file download,
every method the bot uses, and faults on demand (429 with retry_after, 5xx, closed and stalled connections). What
Telegram would refuse is refused here (tests/telegram_rules.py) and noted in `violations`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.telegram_calls import BOT_ID, TOKEN, Call, Fault, Json, Person, error_response, read_call
from tests.telegram_methods import BotApiMethods
from tests.telegram_rules import Declined, Refused, check_call

__all__ = ["TOKEN", "Call", "Fault", "Json", "Person", "TelegramPeer"]

HAMMERING = 15  # the same refused call so often within a second


class TelegramPeer(BotApiMethods):
    """`async with TelegramPeer() as peer:`; then point the bot to `peer.url` with TOKEN."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.faults: dict[str, deque[Fault]] = {}
        self.rule: Callable[[str, Json], Awaitable[Fault | None]] | None = None  # asked before each call, may wait
        self.files: dict[str, bytes] = {}
        self.messages: dict[tuple[int, int], Json] = {}
        self.webhook: Json | None = None
        self.confirmed = 0  # updates below this were confirmed by an offset
        self.texts: dict[str, Json] = {}  # menus and descriptions by method and language
        self.missing_file_sizes = False
        self.drip_s = 0.0  # seconds between the sixths of a download
        self.ephemeral: dict[tuple[int, int], Json] = {}  # by chat and ephemeral id
        self.no_ephemeral = ""  # what Telegram says when it refuses an ephemeral message
        self.ephemeral_unknown = False  # a Bot API server of before 10.2: the parameter is ignored, all see the message
        self.refusals: dict[tuple[int, str], tuple[int, str]] = {}  # by chat and method; `forbid` fills it
        self.admins: set[int] = set()
        self.members_hidden = False  # getChatMember is refused, as where the bot is no administrator
        self.guest_queries: set[str] = set()  # mentions by a guest that were not answered yet
        self.late_queries: set[str] = set()  # ids of presses that can't be answered any more
        self._updates: deque[Json] = deque()
        self._update_ids = itertools.count(1000)
        self._message_ids = itertools.count(1)
        self._file_ids = itertools.count(1)
        self._news = asyncio.Condition()
        self._deliveries: set[asyncio.Task[None]] = set()
        self._refused_at: dict[tuple[str, str], deque[float]] = {}  # the last refusals of the same call
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", f"/bot{TOKEN}/{{method}}", self._called)
        app.router.add_get(f"/file/bot{TOKEN}/{{path:.+}}", self._download)
        app.router.add_route("*", "/{path:.*}", self._unknown)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        for task in self._deliveries:
            task.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        assert self._runner is not None
        await self._runner.cleanup()

    # ---- people ----

    async def say(self, person: Person, text: str, *, reply_to: Json | None = None) -> Json:
        command = {"entities": [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]}
        return await self.send(person, {"text": text} | (command if text.startswith("/") else {}), reply_to=reply_to)

    async def send_photo(
        self,
        person: Person,
        data: bytes,
        *,
        caption: str | None = None,
        reply_to: Json | None = None,
        group: str | None = None,
        size: int | None = None,
    ) -> Json:
        file = self.add_file(data, size=size) | {"width": 1280, "height": 960}
        thumb = self.add_file(b"a thumbnail") | {"width": 90, "height": 68}
        body: Json = {"photo": [thumb, file]}
        if caption is not None:
            body["caption"] = caption
        if group is not None:
            body["media_group_id"] = group
        return await self.send(person, body, reply_to=reply_to)

    async def send_document(
        self, person: Person, data: bytes, *, name: str, mime: str, size: int | None = None
    ) -> Json:
        document = self.add_file(data, size=size) | {"file_name": name, "mime_type": mime}
        return await self.send(person, {"document": document})

    async def send(self, person: Person, body: Json, *, reply_to: Json | None = None) -> Json:
        """Any message."""
        message = {
            "message_id": next(self._message_ids),
            "date": int(time.time()),
            "chat": person.chat,
            "from": person.user,
        } | body
        if person.thread is not None:
            message |= {"message_thread_id": person.thread, "is_topic_message": True}
        if reply_to is not None:
            message["reply_to_message"] = {k: v for k, v in reply_to.items() if k != "reply_to_message"}
        self._keep(message)
        await self.update({"message": message})
        return message

    async def mention(self, person: Person, body: Json, *, reply_to: Json | None = None) -> None:
        """Somebody mentions the bot in a chat that it is not in."""
        query = str(time.monotonic_ns())
        self.guest_queries.add(query)
        message = {
            "message_id": next(self._message_ids),
            "date": int(time.time()),
            "chat": person.chat,
            "from": person.user,
            "guest_query_id": query,
        } | body
        if reply_to is not None:
            message["reply_to_message"] = reply_to
        await self.update({"guest_message": message})

    async def edit(self, message: Json, body: Json) -> None:
        """A person edits a message."""
        edited = message | body | {"edit_date": int(time.time())}
        self._keep(edited)
        await self.update({"edited_message": edited})

    def forbid(self, chat: int, methods: str, why: str, *, code: int = 400) -> None:
        """Refuse these methods, with blanks between, in a chat: rights that the bot lacks."""
        for method in methods.split():
            self.refusals[chat, method] = code, why

    async def press(self, person: Person, message: Json, button: str, *, late: bool = False) -> None:
        """Press the button with this text under a message of the bot, as it stands now.

        late: the press waited so long that it can't be answered any more, as while the bot was down.
        """
        shown = self.messages[message["chat"]["id"], message["message_id"]]
        data = next(
            b["callback_data"] for row in shown["reply_markup"]["inline_keyboard"] for b in row if b["text"] == button
        )
        await self.press_data(person, shown, data, late=late)

    async def press_data(self, person: Person, message: Json, data: str, *, late: bool = False) -> None:
        query: Json = {"id": str(time.monotonic_ns()), "from": person.user, "chat_instance": "1", "data": data}
        if late:
            self.late_queries.add(query["id"])
        await self.update({"callback_query": query | {"message": message}})

    def add_file(self, data: bytes, *, size: int | None = None) -> Json:
        # As long as Telegram's own, so that redaction is tested on what really comes.
        file_id = f"AgACAgIAAxkBAAIB{next(self._file_ids):06d}" + "x" * 50
        self.files[file_id] = data
        return {"file_id": file_id, "file_unique_id": f"AQAD{len(self.files)}", "file_size": size or len(data)}

    def next_number(self, number: int) -> None:
        """Number files, messages and updates from here on, so that another peer's stay apart."""
        self._file_ids = itertools.count(number)
        self._message_ids = itertools.count(number)
        self._update_ids = itertools.count(1000 + number)

    async def update(self, body: Json) -> Json:
        update = {"update_id": next(self._update_ids)} | body
        if self.webhook is not None:
            self._start_delivery(update)
            await asyncio.sleep(0)
        else:
            async with self._news:
                self._updates.append(update)
                self._news.notify_all()
        return update

    # ---- what the bot did ----

    def sent(self, chat: int | None = None) -> list[Call]:
        """Messages the bot sent or edited, in order; actions, reactions and questions left out."""
        shown = {
            "sendMessage",
            "sendPhoto",
            "sendMediaGroup",
            "editMessageMedia",
            "editMessageText",
            "editMessageCaption",
            "editEphemeralMessageMedia",
        }
        return [c for c in self.calls if c.method in shown and (chat is None or c.chat == chat)]

    def made(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def last_message(self, chat: int) -> Json:
        """The newest message of the bot in a chat."""
        own = [m for (c, _), m in self.messages.items() if c == chat and m["from"]["id"] == BOT_ID]
        return max(own, key=lambda message: int(message["message_id"]))

    async def until(self, condition: Callable[[], Any], *, within_s: float = 8.0) -> None:
        """Wait until the condition holds after some call; says what was sent when it never does."""
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(condition)
        except TimeoutError:
            shown = "\n".join(f"  {c.method} {c.chat} {c.text!r}" for c in self.calls[-30:] if c.method != "getUpdates")
            raise AssertionError(f"waited {within_s} s in vain; the bot's last calls:\n{shown}") from None

    async def until_sent(self, number: int, chat: int | None = None, *, within_s: float = 8.0) -> list[Call]:
        await self.until(lambda: len(self.sent(chat)) >= number, within_s=within_s)
        return self.sent(chat)

    # ---- HTTP ----

    async def _called(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        params, files = await read_call(request)
        faults = self.faults.get(method)
        fault = await self.rule(method, params) if self.rule is not None else None
        fault = fault or (faults.popleft() if faults else None)
        if fault is not None:
            if fault.kind == "stall":
                await asyncio.sleep(fault.stall_s)
            if fault.kind in {"close", "stall"}:
                assert request.transport is not None
                request.transport.close()
                return web.Response()
            self._note_refusal(method, params)
            return error_response(fault.code, fault.description, fault.parameters)
        call = Call(method, params, files, time.monotonic())
        answer = getattr(self, f"_on_{method}", None)
        try:
            if answer is None:
                raise Refused(f"method {method} is not known to the peer")  # noqa: TRY301 - one way out
            check_call(method, params, files)
            if (call.chat or 0, method) in self.refusals:
                return error_response(*self.refusals[call.chat or 0, method], {})
            result = await answer(call)
        except Refused as error:
            if not isinstance(error, Declined) and not str(error).startswith("message "):  # gone: the person's doing
                self.violations.append(f"{method}: {error}")
            return error_response(400, f"Bad Request: {error}", {})
        async with self._news:
            self.calls.append(call)
            self._news.notify_all()
        return web.json_response({"ok": True, "result": result})

    def _note_refusal(self, method: str, params: Json) -> None:
        """A bot that makes the same refused call over and over is a violation, whatever retry_after it was told."""
        key = method, json.dumps(params, sort_keys=True, default=str)
        times = self._refused_at.setdefault(key, deque(maxlen=HAMMERING))
        times.append(time.monotonic())
        if len(times) == HAMMERING and times[-1] - times[0] < 1.0:
            self.violations.append(f"{method}: refused {HAMMERING} times within a second and called again")

    async def _unknown(self, request: web.Request) -> web.Response:
        return error_response(401 if request.path.startswith("/bot") else 404, "Unauthorized", {})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        faults = self.faults.get("download")
        data = self.files[request.match_info["path"].removeprefix("photos/")]
        if faults:
            fault = faults.popleft()
            if fault.kind == "error":
                return web.Response(status=fault.code)
            response = web.StreamResponse(headers={"Content-Length": str(len(data))})
            await response.prepare(request)
            await response.write(data[: len(data) // 2])
            await asyncio.sleep(fault.stall_s)
            assert request.transport is not None
            request.transport.close()
            return response
        if self.drip_s:
            response = web.StreamResponse(headers={"Content-Length": str(len(data))})
            await response.prepare(request)
            for start in range(0, len(data), -(-len(data) // 6)):
                await response.write(data[start : start + -(-len(data) // 6)])
                await asyncio.sleep(self.drip_s)
            return response
        return web.Response(body=data)

    def _start_delivery(self, update: Json) -> None:
        task = asyncio.create_task(self._deliver(update))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, update: Json) -> None:
        """Call the webhook as Telegram does: again and again until it says 200, or 4xx for what it can't read."""
        assert self.webhook is not None
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token", "")}
        async with aiohttp.ClientSession() as session:
            for _ in range(600):
                try:
                    async with session.post(self.webhook["url"], json=update, headers=headers) as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.1)
