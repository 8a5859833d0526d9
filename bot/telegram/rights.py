"""What Telegram says when a chat does not let the bot send: which right is missing."""

from __future__ import annotations

from enum import Enum
from typing import Final

from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError


class Missing(Enum):
    """The right that a bot lacks in a chat."""

    PHOTOS = "photos"
    ANYTHING = "anything"  # texts too, so that nothing can be said


# In the words of the Bot API and of Telegram's own errors, which it passes on; lower case.
_PHOTOS: Final = (
    "not enough rights to send photos",
    "not enough rights to send media",
    "not enough rights to send other messages",
    "have no rights to send photos",
    "chat_send_photos_forbidden",
    "chat_send_media_forbidden",
    "not enough rights to send documents",
    "chat_send_docs_forbidden",
)
_ANYTHING: Final = (
    "not enough rights to send text messages",
    "not enough rights to send messages",
    "not enough rights",  # after those on photos, which are looked for first
    "have no rights to send a message",
    "need administrator rights in the channel chat",
    "chat_send_plain_forbidden",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_admin_required",
    "chat_guest_send_forbidden",
    "user_banned_in_channel",
    "user_restricted",
    "topic_closed",
    "topic is closed",
    "chat is deactivated",
)


def missing_right(error: BaseException) -> Missing | None:
    """The right that was missing when Telegram refused a message; None when it was refused for another reason.

    Telegram answers with 400 or, of some chats, 403.
    """
    if not isinstance(error, TelegramBadRequest | TelegramForbiddenError):
        return None
    words = error.message.lower()
    if any(known in words for known in _PHOTOS):
        return Missing.PHOTOS
    if any(known in words for known in _ANYTHING):
        return Missing.ANYTHING
    return None
