"""What Telegram would refuse: checks of a call's parameters against the Bot API's documented limits. No I/O."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable
from typing import Any, Final

from PIL import Image
from teremok.validation import ApiRuleViolation, validate_html

REACTIONS: Final = frozenset(
    "👍👎❤🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾🤷😡"
)
ACTIONS: Final = frozenset({"typing", "upload_photo", "upload_document", "choose_sticker", "find_location"})
BUTTON_FIELDS: Final = ("url", "callback_data", "web_app", "login_url", "switch_inline_query", "copy_text", "pay")


class Refused(Exception):  # noqa: N818 - named for what it is
    """Telegram's answer to this call would be an error 400."""


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def plain(text: str, parse_mode: str | None) -> str:
    """The text as people see it."""
    return html.unescape(re.sub(r"<[^>]*>", "", text)) if parse_mode == "HTML" else text


def check_text(text: str | None, parse_mode: str | None, *, limit: int, empty: bool) -> str:
    """Returns what is shown."""
    text = text or ""
    if parse_mode == "HTML":
        try:
            validate_html(text)
        except ApiRuleViolation as error:
            raise Refused(error.description) from error
    shown = plain(text, parse_mode)
    if not shown.strip() and not empty:
        raise Refused("message text is empty")
    if utf16(shown) > limit:
        raise Refused("message is too long" if limit > 1024 else "message caption is too long")
    return shown


def check_keyboard(markup: dict[str, Any] | None) -> None:
    """Every button has one action, every callback data 1 to 64 bytes, every row at most eight buttons."""
    for row in (markup or {}).get("inline_keyboard", []):
        if len(row) > 8 or not row:
            raise Refused("a row of buttons holds 1 to 8")
        for button in row:
            if not str(button.get("text", "")).strip():
                raise Refused("a button's text is empty")
            if len([name for name in BUTTON_FIELDS if button.get(name) is not None]) != 1:
                raise Refused("a button has one action")
            if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
                raise Refused("BUTTON_DATA_INVALID")


def check_picture(data: bytes) -> tuple[int, int]:
    """As sendPhoto takes it. Returns width and height."""
    if len(data) > 10_000_000:
        raise Refused("file is too big")
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            width, height = picture.size
    except (OSError, ValueError) as error:
        raise Refused("IMAGE_PROCESS_FAILED") from error
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise Refused("PHOTO_INVALID_DIMENSIONS")
    return width, height


def check_call(method: str, call: dict[str, Any], files: dict[str, bytes]) -> None:  # noqa: C901 - one line a rule
    """Raise Refused for what the documentation of `method` forbids."""
    mode = call.get("parse_mode")
    check_keyboard(call.get("reply_markup") if isinstance(call.get("reply_markup"), dict) else None)
    if method in {"sendMessage", "editMessageText"}:
        check_text(call.get("text"), mode, limit=4096, empty=False)
    if "caption" in call:
        check_text(call["caption"], mode, limit=1024, empty=True)
    if method == "sendPhoto":
        check_picture(picture_of(call["photo"], files))
    if method in {"editMessageMedia", "editEphemeralMessageMedia"}:
        check_media(call["media"], files)
    if method == "sendMediaGroup":
        if not 2 <= len(call["media"]) <= 10:
            raise Refused("an album has 2 to 10 items")
        for item in call["media"]:
            check_media(item, files)
    if method == "setMyCommands":
        for command in call["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]) or not 1 <= len(command["description"]) <= 256:
                raise Refused("BOT_COMMAND_INVALID")
    for name, words, allowed in _SIMPLE:
        if method == name and not allowed(call):
            raise Refused(words)


_SIMPLE: Final[tuple[tuple[str, str, Callable[[dict[str, Any]], bool]], ...]] = (
    ("answerCallbackQuery", "MESSAGE_TOO_LONG", lambda call: utf16(call.get("text", "")) <= 200),
    ("setMessageReaction", "REACTION_INVALID", lambda call: all(r["emoji"] in REACTIONS for r in call["reaction"])),
    ("sendChatAction", "wrong parameter action in request", lambda call: call["action"] in ACTIONS),
    ("setMyDescription", "description is too long", lambda call: utf16(call.get("description", "")) <= 512),
    ("setMyShortDescription", "too long", lambda call: utf16(call.get("short_description", "")) <= 120),
    ("setMyName", "name is too long", lambda call: utf16(call.get("name", "")) <= 64),
    ("setWebhook", "wrong secret token", lambda call: 1 <= len(call.get("secret_token", "")) <= 256),
    ("setWebhook", "wrong max_connections", lambda call: 1 <= int(call.get("max_connections", 40)) <= 100),
)


def check_media(item: dict[str, Any], files: dict[str, bytes]) -> None:
    check_text(item.get("caption"), item.get("parse_mode"), limit=1024, empty=True)
    check_picture(picture_of(item["media"], files))


def picture_of(named: str, files: dict[str, bytes]) -> bytes:
    """The bytes behind "attach://name"."""
    if not named.startswith("attach://") or named.removeprefix("attach://") not in files:
        raise Refused("wrong file identifier/HTTP URL specified")
    return files[named.removeprefix("attach://")]


def decode(value: str) -> Any:
    """Parameters come as text; objects, lists, numbers and booleans among them as JSON."""
    if value[:1] in {"{", "["} or value in {"true", "false"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
