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
ANYWHERE: Final = frozenset({"chat_id", "business_connection_id"})
SENT: Final = ANYWHERE | {
    "message_thread_id",
    "direct_messages_topic_id",
    "disable_notification",
    "protect_content",
    "allow_paid_broadcast",
    "message_effect_id",
    "suggested_post_parameters",
    "reply_parameters",
    "reply_markup",
    "ephemeral_message_parameters",
}
CAPTION: Final = frozenset({"caption", "parse_mode", "caption_entities", "show_caption_above_media", "has_spoiler"})
EDITED: Final = ANYWHERE | {"message_id", "inline_message_id", "reply_markup"}
OF_ONE: Final = frozenset({"chat_id", "receiver_user_id", "ephemeral_message_id"})
WRITTEN: Final = frozenset({"text", "parse_mode", "entities", "link_preview_options"})
# What each method takes. A field that is not listed is ignored by Telegram without a word, so that what it was to do
# is not done: allow_sending_without_reply beside reply_parameters, say.
FIELDS: Final[dict[str, frozenset[str]]] = {
    "getMe": frozenset(),
    "getUpdates": frozenset({"offset", "limit", "timeout", "allowed_updates"}),
    "getWebhookInfo": frozenset(),
    "setWebhook": frozenset(
        {
            "url",
            "certificate",
            "ip_address",
            "max_connections",
            "allowed_updates",
            "drop_pending_updates",
            "secret_token",
        }
    ),
    "deleteWebhook": frozenset({"drop_pending_updates"}),
    "getFile": frozenset({"file_id"}),
    "sendMessage": SENT | WRITTEN,
    "sendPhoto": SENT | CAPTION | {"photo"},
    "sendMediaGroup": (SENT - {"reply_markup", "suggested_post_parameters", "ephemeral_message_parameters"})
    | {"media"},
    "sendChatAction": ANYWHERE | {"message_thread_id", "action"},
    "setMessageReaction": frozenset({"chat_id", "message_id", "reaction", "is_big"}),
    "editMessageText": EDITED | WRITTEN,
    "editMessageCaption": EDITED | CAPTION,
    "editMessageMedia": EDITED | {"media"},
    "editMessageReplyMarkup": EDITED,
    "editEphemeralMessageMedia": OF_ONE | {"media", "reply_markup"},
    "deleteMessage": frozenset({"chat_id", "message_id"}),
    "deleteEphemeralMessage": OF_ONE,
    "answerCallbackQuery": frozenset({"callback_query_id", "text", "show_alert", "url", "cache_time"}),
    "answerGuestQuery": frozenset({"guest_query_id", "result"}),
    "getChatMember": frozenset({"chat_id", "user_id"}),
    "getMyCommands": frozenset({"scope", "language_code"}),
    "setMyCommands": frozenset({"commands", "scope", "language_code"}),
    "getMyDescription": frozenset({"language_code"}),
    "setMyDescription": frozenset({"description", "language_code"}),
    "getMyShortDescription": frozenset({"language_code"}),
    "setMyShortDescription": frozenset({"short_description", "language_code"}),
    "getMyName": frozenset({"language_code"}),
    "setMyName": frozenset({"name", "language_code"}),
}
REPLY_FIELDS: Final = frozenset(
    {
        "message_id",
        "chat_id",
        "allow_sending_without_reply",
        "quote",
        "quote_parse_mode",
        "quote_entities",
        "quote_position",
        "checklist_task_id",
    }
)
MEDIA_FIELDS: Final = CAPTION | {"type", "media"}
MAX_BUTTONS: Final = 100
BUTTON_FIELDS: Final = ("url", "callback_data", "web_app", "login_url", "switch_inline_query", "copy_text", "pay")


class Refused(Exception):  # noqa: N818 - named for what it is
    """Telegram's answer to this call would be an error 400."""


class Declined(Refused):
    """An error 400 that no bot can avoid: a press came late, a chat does not allow it."""


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
    """At most 100 buttons; each has one action, every callback data 1 to 64 bytes, every row at most eight buttons."""
    rows = (markup or {}).get("inline_keyboard", [])
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise Refused("reply markup is too long")
    for row in rows:
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
    """Raise Refused for what the documentation of `method` forbids, and for fields that it does not know."""
    check_fields(method, call, files)
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


def check_fields(method: str, call: dict[str, Any], files: dict[str, bytes]) -> None:
    """Every field is one that the method takes; ids are numbers."""
    unknown = set(call) - FIELDS[method] - set(files)
    unknown |= set(call.get("reply_parameters") or {}) - REPLY_FIELDS
    if unknown:
        raise Refused(f"fields that {method} does not take: {', '.join(sorted(unknown))}")
    for name in ("chat_id", "message_id", "message_thread_id", "user_id", "receiver_user_id"):
        if name in call and not re.fullmatch(r"-?\d+", str(call[name])):
            raise Refused(f"{name} is no number")
    if "message_id" in call and int(call["message_id"]) <= 0:
        raise Refused("MESSAGE_ID_INVALID")


def check_media(item: dict[str, Any], files: dict[str, bytes]) -> None:
    if set(item) - MEDIA_FIELDS:
        raise Refused(f"fields that a photo of an album does not take: {', '.join(sorted(set(item) - MEDIA_FIELDS))}")
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
