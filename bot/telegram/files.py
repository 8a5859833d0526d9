"""Which file of a message is its photo, and its bytes. Photos live in memory until the answer, nowhere else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

import aiohttp
import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramForbiddenError, TelegramNotFound
from aiogram.types import Document, ExternalReplyInfo, Message, PhotoSize, Sticker

from bot.telegram.limits import MAX_DOWNLOAD_BYTES
from bot.telegram.waiting import waiting
from pipeline.decoding_bounds import heif_is_read

DOWNLOAD_TRIES: Final = 4
STALL_S: Final = 10.0  # without a byte for so long, a download is begun again
SLOWEST_BYTES_PER_S: Final = 64_000  # so that a file that drips can't go on for ever: 20 MB take five minutes at most
FIRST_PAUSE_S: Final = 0.3
PICTURE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif"})
PICTURE_KINDS: Final = frozenset(
    {"image/jpeg", "image/jpg", "image/pjpeg", "image/png", "image/x-png", "image/webp", "image/gif"}
)
HEIF_SUFFIXES: Final = frozenset({".heic", ".heif", ".avif"})
UNREAD_SUFFIXES: Final = HEIF_SUFFIXES | frozenset({".tif", ".tiff", ".bmp", ".svg", ".psd", ".raw", ".dng"})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRef:
    """A photo that lies with Telegram."""

    file_id: str
    unique_id: str
    size_bytes: int | None
    message: int  # id of the message that answers reply to: the one that holds the photo
    external: bool = False  # or the one that replies to the photo, which lies in another chat
    still: bool = False  # Telegram's own small picture of a video


class NotAPhoto(StrEnum):
    """What came instead of a photo; each has its sentence."""

    ANIMATION = "animation"
    ANIMATED_STICKER = "animated_sticker"
    VIDEO = "video"
    VIDEO_NOTE = "video_note"
    VOICE = "voice"
    AUDIO = "audio"
    FORMAT = "format"  # a picture in a format that is not read
    DOCUMENT = "document"
    OTHER = "other"


class TooLargeToFetch(Exception):  # noqa: N818 - named for what it is
    """The file is larger than bots may fetch, or than this bot takes."""

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(f"over {limit_bytes} bytes")
        self.limit_bytes = limit_bytes


class PhotoGone(Exception):  # noqa: N818 - named for what it is
    """Telegram does not have the file any more."""


class FetchFailed(Exception):  # noqa: N818 - named for what it is
    """The file could not be fetched now."""


def photo_of(message: Message) -> PhotoRef | None:
    """The photo of a message: a photo, a picture sent as a file, a still sticker, a live photo's still.

    Of a video, a video message or a GIF it is the small still that Telegram shows of it; the video is not fetched.
    """
    file = _photo_file(message)
    if file is not None:
        return _ref(file, message)
    still = _still(message)
    return replace(_ref(still, message), still=True) if still is not None else None


def external_photo(message: Message) -> PhotoRef | None:
    """The photo of another chat that a message replies to, as far as Telegram shows it."""
    holder = message.external_reply
    if holder is None:
        return None
    file, still = _photo_file(holder), _still(holder)
    if file is not None:
        return replace(_ref(file, message), external=True)
    return replace(_ref(still, message), external=True, still=True) if still is not None else None


def _photo_file(holder: Message | ExternalReplyInfo) -> PhotoSize | Sticker | Document | None:
    sizes = holder.photo or (holder.live_photo.photo if holder.live_photo is not None else None)
    if sizes:
        return max(sizes, key=lambda size: size.width * size.height)
    sticker = holder.sticker
    if sticker is not None and not sticker.is_animated and not sticker.is_video:
        return sticker
    document = holder.document
    if document is not None and holder.animation is None and _is_picture(document):
        return document
    return None


def _still(holder: Message | ExternalReplyInfo) -> PhotoSize | None:
    """What Telegram shows of a moving picture before it plays."""
    moving = holder.video_note or holder.animation or holder.video
    return moving.thumbnail if moving is not None else None


def not_a_photo(message: Message) -> NotAPhoto:  # noqa: PLR0911 - one line a kind
    """What a message without a photo holds."""
    if message.animation is not None:
        return NotAPhoto.ANIMATION
    if message.sticker is not None:
        return NotAPhoto.ANIMATED_STICKER
    if message.video is not None:
        return NotAPhoto.VIDEO
    if message.video_note is not None:
        return NotAPhoto.VIDEO_NOTE
    if message.voice is not None:
        return NotAPhoto.VOICE
    if message.audio is not None:
        return NotAPhoto.AUDIO
    if message.document is not None:
        suffix, kind = _suffix(message.document), message.document.mime_type or ""
        return NotAPhoto.FORMAT if kind.startswith("image/") or suffix in UNREAD_SUFFIXES else NotAPhoto.DOCUMENT
    return NotAPhoto.OTHER


def _ref(file: PhotoSize | Sticker | Document, message: Message) -> PhotoRef:
    return PhotoRef(
        file_id=file.file_id, unique_id=file.file_unique_id, size_bytes=file.file_size, message=message.message_id
    )


def _suffix(document: Document) -> str:
    return PurePosixPath(document.file_name or "").suffix.lower()


def _is_picture(document: Document) -> bool:
    """By what the sender says; whether it is one is seen when it is decoded."""
    kind, suffix = document.mime_type or "", _suffix(document)
    if kind in {"image/heic", "image/heif", "image/avif"} or suffix in HEIF_SUFFIXES:
        return heif_is_read()
    if kind in PICTURE_KINDS:
        return True
    return not kind.startswith("image/") and suffix in PICTURE_SUFFIXES


async def fetch(bot: Bot, photo: PhotoRef, *, limit_bytes: int = MAX_DOWNLOAD_BYTES) -> bytes:
    """Bytes of a photo. The size is checked before and while downloading; what breaks off is tried again.

    Raises TooLargeToFetch, PhotoGone, FetchFailed.
    """
    if photo.size_bytes is not None and photo.size_bytes > limit_bytes:
        raise TooLargeToFetch(limit_bytes=limit_bytes)
    for attempt in range(DOWNLOAD_TRIES):
        with waiting():
            if attempt:
                await asyncio.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
            path, size_bytes = await _locate(bot, photo, limit_bytes=limit_bytes)
            try:
                data = await _download(bot, path, limit_bytes=limit_bytes)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                # The error's own words hold the address and so the token: its name is enough.
                log.warning("a download broke off", error=type(error).__name__, attempt=attempt + 1)
                continue
        if len(data) >= size_bytes:
            return data
        log.warning("a download came short", got=len(data), want=size_bytes)
    raise FetchFailed


async def _locate(bot: Bot, photo: PhotoRef, *, limit_bytes: int) -> tuple[str, int]:
    """Where the file lies, and its size as far as it is told (else 0)."""
    try:
        file = await bot.get_file(photo.file_id)
    except TelegramBadRequest as error:
        if "too big" in error.message:
            raise TooLargeToFetch(limit_bytes=limit_bytes) from error
        raise PhotoGone from error
    except TelegramNotFound as error:
        raise PhotoGone from error
    except TelegramForbiddenError:  # there is nobody to tell
        raise
    except AiogramError as error:
        log.warning("a file could not be asked for", error=type(error).__name__)
        raise FetchFailed from error
    if file.file_path is None:
        raise PhotoGone
    if file.file_size is not None and file.file_size > limit_bytes:
        raise TooLargeToFetch(limit_bytes=limit_bytes)
    return file.file_path, file.file_size or 0


async def _download(bot: Bot, path: str, *, limit_bytes: int) -> bytes:
    """All bytes of a file. Raises TimeoutError when none came for STALL_S, or when it is slower than the slowest."""
    url = bot.session.api.file_url(bot.token, path)
    data = bytearray()
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with asyncio.timeout(STALL_S) as limit:
        async for chunk in bot.session.stream_content(url, timeout=0):  # 0: none of aiohttp's own
            data += chunk
            if len(data) > limit_bytes:
                raise TooLargeToFetch(limit_bytes=limit_bytes)
            now = loop.time()
            limit.reschedule(min(now + STALL_S, start + STALL_S + len(data) / SLOWEST_BYTES_PER_S))
    return bytes(data)
