"""The Bot API's methods on loopback, each as Telegram answers it; `tests.telegram_peer` brings them to the network."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from tests.telegram_calls import BOT_ID, Call, Json
from tests.telegram_rules import Declined, Refused, check_text, picture_of


class BotApiMethods:
    """`_on_<method>(call)` for every method that the bot uses. State and delivery are the peer's."""

    messages: dict[tuple[int, int], Json]
    files: dict[str, bytes]
    texts: dict[str, Json]
    ephemeral: dict[tuple[int, int], Json]
    admins: set[int]
    late_queries: set[str]
    guest_queries: set[str]
    webhook: Json | None
    confirmed: int
    missing_file_sizes: bool
    ephemeral_unknown: bool
    members_hidden: bool
    no_ephemeral: str
    _updates: deque[Json]
    _message_ids: Iterator[int]
    _news: asyncio.Condition

    def _start_delivery(self, update: Json) -> None:
        raise NotImplementedError

    def add_file(self, data: bytes, *, size: int | None = None) -> Json:
        raise NotImplementedError

    # ---- methods ----

    async def _on_getMe(self, call: Call) -> Json:  # noqa: N802 - the Bot API's names, here and below
        return {"id": BOT_ID, "is_bot": True, "first_name": "Lookalike", "username": "lookalike_bot"}

    async def _on_getUpdates(self, call: Call) -> list[Json]:  # noqa: N802
        offset = int(call.params.get("offset", 0))
        async with self._news:
            if offset > self.confirmed:
                self.confirmed = offset
                self._news.notify_all()
            while self._updates and self._updates[0]["update_id"] < offset:
                self._updates.popleft()
            try:
                async with asyncio.timeout(float(call.params.get("timeout", 0)) or 0.01):
                    await self._news.wait_for(lambda: bool(self._updates))
            except TimeoutError:
                return []
            return list(self._updates)[: int(call.params.get("limit", 100))]

    async def _on_setWebhook(self, call: Call) -> bool:  # noqa: N802
        self.webhook = call.params
        while self._updates:  # what waited is delivered there from now on
            self._start_delivery(self._updates.popleft())
        return True

    async def _on_deleteWebhook(self, call: Call) -> bool:  # noqa: N802
        self.webhook = None
        return True

    async def _on_getWebhookInfo(self, call: Call) -> Json:  # noqa: N802
        known = self.webhook or {"url": ""}
        info: Json = {"url": known["url"], "has_custom_certificate": False, "pending_update_count": len(self._updates)}
        if "max_connections" in known:
            info["max_connections"] = int(known["max_connections"])
        if "allowed_updates" in known:
            info["allowed_updates"] = known["allowed_updates"]
        return info

    async def _on_getFile(self, call: Call) -> Json:  # noqa: N802
        file_id = call.params["file_id"]
        if file_id not in self.files:
            raise Refused("message file is gone")
        found: Json = {"file_id": file_id, "file_unique_id": file_id[:20], "file_path": f"photos/{file_id}"}
        return found if self.missing_file_sizes else found | {"file_size": len(self.files[file_id])}

    async def _on_sendMessage(self, call: Call) -> Json:  # noqa: N802
        return self._new(call, {"text": call.text})

    async def _on_sendPhoto(self, call: Call) -> Json:  # noqa: N802
        return self._new(call, self._picture(call.params["photo"], call.files) | {"caption": call.text})

    async def _on_sendMediaGroup(self, call: Call) -> list[Json]:  # noqa: N802
        return [self._new(call, self._picture(item["media"], call.files)) for item in call.params["media"]]

    async def _on_editMessageMedia(self, call: Call) -> Json:  # noqa: N802
        return self._change(call, self._picture(call.params["media"]["media"], call.files) | {"caption": call.text})

    async def _on_editMessageText(self, call: Call) -> Json:  # noqa: N802
        return self._change(call, {"text": call.text})

    async def _on_editMessageCaption(self, call: Call) -> Json:  # noqa: N802
        return self._change(call, {"caption": call.text})

    async def _on_editMessageReplyMarkup(self, call: Call) -> Json:  # noqa: N802
        return self._change(call, {})

    async def _on_deleteMessage(self, call: Call) -> bool:  # noqa: N802
        if self.messages.pop((int(call.params["chat_id"]), int(call.params["message_id"])), None) is None:
            raise Refused("message to delete not found")
        return True

    async def _on_editEphemeralMessageMedia(self, call: Call) -> bool:  # noqa: N802
        return self._ephemeral(call) is not None

    async def _on_deleteEphemeralMessage(self, call: Call) -> bool:  # noqa: N802
        message = self._ephemeral(call)
        del self.ephemeral[message["chat"]["id"], message["ephemeral_message_id"]]
        return True

    def _ephemeral(self, call: Call) -> Json:
        key = int(call.params["chat_id"]), int(call.params["ephemeral_message_id"])
        if key not in self.ephemeral or self.ephemeral[key]["receiver_user"]["id"] != int(
            call.params["receiver_user_id"]
        ):
            raise Refused("message is not found among the ephemeral ones")
        return self.ephemeral[key]

    async def _on_getChatMember(self, call: Call) -> Json:  # noqa: N802
        if self.members_hidden:
            raise Declined("member list is inaccessible")
        user = {"id": int(call.params["user_id"]), "is_bot": False, "first_name": "P"}
        if user["id"] in self.admins:
            return {"status": "creator", "user": user, "is_anonymous": False}
        return {"status": "member", "user": user}

    async def _on_answerCallbackQuery(self, call: Call) -> bool:  # noqa: N802
        if call.params["callback_query_id"] in self.late_queries:
            raise Declined("query is too old and response timeout expired or query ID is invalid")
        return True

    async def _on_answerGuestQuery(self, call: Call) -> Json:  # noqa: N802
        """The one answer to a mention in a chat that the bot is not in: an inline result, here of text alone."""
        if call.params["guest_query_id"] not in self.guest_queries:
            raise Refused("query is too old and response timeout expired or query ID is invalid")
        self.guest_queries.discard(call.params["guest_query_id"])
        content = call.params["result"]["input_message_content"]
        check_text(content["message_text"], content.get("parse_mode"), limit=4096, empty=False)
        return {"inline_message_id": "guest"}

    async def _on_setMessageReaction(self, call: Call) -> bool:  # noqa: N802
        if (call.chat, int(call.params["message_id"])) not in self.messages:
            raise Refused("message to react not found")
        return True

    async def _on_sendChatAction(self, call: Call) -> bool:  # noqa: N802
        return True

    async def _set_text(self, call: Call) -> bool:
        self.texts[_text_key(call)] = call.params
        return True

    _on_setMyCommands = _on_setMyDescription = _on_setMyShortDescription = _on_setMyName = _set_text  # noqa: N815

    def _text(self, call: Call, name: str, empty: Any) -> Any:
        return self.texts.get(_text_key(call), {}).get(name, empty)

    async def _on_getMyCommands(self, call: Call) -> Any:  # noqa: N802
        return self._text(call, "commands", [])

    async def _on_getMyDescription(self, call: Call) -> Json:  # noqa: N802
        return {"description": self._text(call, "description", "")}

    async def _on_getMyShortDescription(self, call: Call) -> Json:  # noqa: N802
        return {"short_description": self._text(call, "short_description", "")}

    async def _on_getMyName(self, call: Call) -> Json:  # noqa: N802
        return {"name": self._text(call, "name", "")}

    # ---- messages ----

    def _keep(self, message: Json) -> None:
        self.messages[message["chat"]["id"], message["message_id"]] = message

    def _picture(self, named: str, files: dict[str, bytes]) -> Json:
        return {"photo": [self.add_file(picture_of(named, files)) | {"width": 1080, "height": 1350}]}

    def _new(self, call: Call, body: Json) -> Json:
        chat = int(call.params["chat_id"])
        known = next((m["chat"] for (c, _), m in self.messages.items() if c == chat), {"id": chat, "type": "private"})
        message: Json = {
            "message_id": next(self._message_ids),
            "date": int(time.time()),
            "chat": known,
            "from": {"id": BOT_ID, "is_bot": True, "first_name": "Lookalike", "username": "lookalike_bot"},
        } | body
        reply = call.params.get("reply_parameters")
        if reply:
            target = self.messages.get((chat, int(reply["message_id"])))
            if target is not None:
                message["reply_to_message"] = {k: v for k, v in target.items() if k != "reply_to_message"}
            elif not reply.get("allow_sending_without_reply"):
                raise Refused("message to be replied not found")
        only_for = call.params.get("ephemeral_message_parameters")
        if only_for and not self.ephemeral_unknown:
            if self.no_ephemeral or known["type"] == "private":
                raise Declined(self.no_ephemeral or "ephemeral messages are for groups")
            message |= {"ephemeral_message_id": message["message_id"]}
            message |= {"receiver_user": {"id": only_for["receiver_user_id"], "is_bot": False, "first_name": "P"}}
            message = message | {"message_id": 0} | self._markup(call)
            self.ephemeral[chat, message["ephemeral_message_id"]] = message
            return message
        if "message_thread_id" in call.params:
            message |= {"message_thread_id": int(call.params["message_thread_id"]), "is_topic_message": True}
        return self._marked(message, call)

    def _change(self, call: Call, body: Json) -> Json:
        key = int(call.params["chat_id"]), int(call.params["message_id"])
        if key not in self.messages:
            raise Refused("message to edit not found")
        old = self.messages[key]
        if "text" in body and "text" not in old:
            raise Refused("there is no text in the message to edit")
        markup = call.params.get("reply_markup")
        if "photo" not in body and all(old.get(k) == v for k, v in body.items()) and old.get("reply_markup") == markup:
            raise Refused("message is not modified")
        return self._marked({k: v for k, v in old.items() if k != "reply_markup"} | body, call)

    def _marked(self, message: Json, call: Call) -> Json:
        message |= self._markup(call)
        self._keep(message)
        return message

    @staticmethod
    def _markup(call: Call) -> Json:
        markup = call.params.get("reply_markup")
        return {"reply_markup": markup} if isinstance(markup, dict) and "inline_keyboard" in markup else {}


def _text_key(call: Call) -> str:
    """MyCommands, MyCommandsru, MyCommands all_group_chats, ..."""
    scope = call.params.get("scope", {"type": "default"})
    chat = f" {scope['type']} {scope.get('chat_id', '')}".rstrip() if scope["type"] != "default" else ""
    return call.method[3:] + str(call.params.get("language_code", "")) + chat
