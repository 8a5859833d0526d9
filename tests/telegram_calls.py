"""What the loopback Bot API speaks in: calls of the bot, faults on demand, people."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from tests.telegram_rules import decode, plain

TOKEN = "123456789:AAE-of-the-loopback-peer-0123456789abc"
BOT_ID = 123456789
Json = dict[str, Any]


@dataclass
class Call:
    """One call that the bot made."""

    method: str
    params: Json
    files: dict[str, bytes]
    at: float

    @property
    def chat(self) -> int | None:
        return int(self.params["chat_id"]) if "chat_id" in self.params else None

    @property
    def text(self) -> str:
        """What people see of it."""
        media = self.params.get("media")
        holder = media if isinstance(media, dict) else self.params
        return plain(holder.get("text") or holder.get("caption") or "", holder.get("parse_mode"))

    @property
    def buttons(self) -> dict[str, str]:
        """Text -> callback data."""
        rows = (self.params.get("reply_markup") or {}).get("inline_keyboard", [])
        return {button["text"]: button.get("callback_data", "") for row in rows for button in row}


@dataclass
class Fault:
    """What goes wrong with one call."""

    kind: Literal["error", "close", "stall"]
    code: int = 500
    description: str = "Internal Server Error"
    parameters: Json = field(default_factory=dict)
    stall_s: float = 0.0


@dataclass
class Person:
    """Somebody with a chat, private unless said otherwise."""

    id: int
    language: str = "en"
    chat_id: int = 0
    chat_type: str = "private"
    thread: int | None = None

    @property
    def user(self) -> Json:
        return {"id": self.id, "is_bot": False, "first_name": f"P{self.id}", "language_code": self.language}

    @property
    def chat(self) -> Json:
        return {"id": self.chat_id or self.id, "type": self.chat_type} | (
            {"title": "A group"} if self.chat_type != "private" else {"first_name": f"P{self.id}"}
        )


async def read_call(request: web.Request) -> tuple[Json, dict[str, bytes]]:
    params: Json = {}
    files: dict[str, bytes] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = value.file.read()
        else:
            params[name] = decode(str(value))
    return params, files


def error_response(code: int, description: str, parameters: Json) -> web.Response:
    body: Json = {"ok": False, "error_code": code, "description": description}
    return web.json_response(body | ({"parameters": parameters} if parameters else {}), status=code, dumps=json.dumps)
