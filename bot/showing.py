"""Answers sent, or put in the place of an earlier one. The only file that knows which call shows what."""

from __future__ import annotations

from functools import partial

import structlog
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineKeyboardMarkup, InputFile, InputMediaPhoto, Message
from aiogram.utils.i18n import gettext as _

from bot.callbacks import Filter
from bot.desk import Desk, answer_photo, replying_to
from bot.limits import MAX_ALBUM, MIN_ALBUM
from bot.photos import PhotoRef
from bot.stores.people import PersonSettings
from bot.views.captions import card_caption, compare_caption, explain_caption, faces_caption
from bot.views.keyboards import card_keyboard, compare_keyboard, explain_keyboard, picker_keyboard
from bot.views.refusals import unanswered
from lookalike.answers import Answer, Compared, FaceAnswer, Found

log = structlog.get_logger(__name__)


class Showing:
    """Shows answers to one photo: under it, or in place of `instead`, an earlier answer of the bot."""

    def __init__(
        self, desk: Desk, message: Message, photo: PhotoRef, person: PersonSettings, *, instead: Message | None = None
    ) -> None:
        self._desk = desk
        self._message = message
        self._photo = photo
        self._person = person
        self._artist = desk.artist(person)
        self._instead = instead

    async def answer(self, answer: Answer, *, people: Filter) -> None:
        """One face: its card. Several: the photo with numbers. None: why."""
        if not isinstance(answer, Found):
            await answer_photo(self._message, self._photo, unanswered(answer))
        elif len(answer.faces) == 1:
            await self.card(answer, answer.faces[0], people=people, skip=0)
        else:
            await self.picker(answer, people=people)

    async def picker(self, found: Found, *, people: Filter) -> None:
        picture = await self._artist.faces_picture(found.photo)
        await self.show(picture, faces_caption(found), picker_keyboard(found, people=people))

    async def card(self, found: Found, face: FaceAnswer, *, people: Filter, skip: int) -> None:
        finder = self._desk.finder.finder
        caption = card_caption(found, face, calibration=finder.calibration, gallery=finder.gallery)
        keyboard = card_keyboard(found, face, people=people, skip=skip)
        if not face.matches:  # nobody is left to draw: the photo with its numbers stands in
            await self.show(await self._artist.faces_picture(found.photo), caption, keyboard)
            return
        await self.show(await self._artist.answer_card(found, face), caption, keyboard)

    async def explanation(self, found: Found, face: FaceAnswer, *, people: Filter, skip: int) -> None:
        picture = await self._artist.explain_card(found, face)
        await self.show(picture, explain_caption(face), explain_keyboard(face, people=people, skip=skip))

    async def all_cards(self, found: Found) -> None:
        """All faces as one album, ten at most; no buttons fit under it."""
        finder = self._desk.finder.finder
        caption = partial(card_caption, found, calibration=finder.calibration, gallery=finder.gallery)
        media = [
            InputMediaPhoto(media=await self._artist.answer_card(found, face), caption=caption(face))
            for face in found.faces[:MAX_ALBUM]
        ]
        if len(media) >= MIN_ALBUM:
            await self._message.answer_media_group([*media], reply_parameters=replying_to(self._photo))

    async def comparison(self, comparison: Compared) -> Message | None:
        caption = compare_caption(comparison, calibration=self._desk.finder.finder.calibration)
        picture = await self._artist.compare_card(comparison)
        return await self.show(picture, caption, compare_keyboard(comparison))

    async def numbered(self, comparison: Compared) -> None:
        """Both photos with their faces numbered."""
        media = [
            InputMediaPhoto(media=await self._artist.faces_picture(photo), caption=caption)
            for photo, caption in (
                (comparison.photo_a, _("The first photo: A")),
                (comparison.photo_b, _("The second photo: B")),
            )
        ]
        await self._message.answer_media_group([*media], reply_parameters=replying_to(self._photo))

    async def show(self, picture: InputFile, caption: str, keyboard: InlineKeyboardMarkup) -> Message | None:
        """Send, or edit; a message that is gone is sent anew. Returns the message that was sent."""
        if self._instead is not None:
            try:
                await self._instead.edit_media(InputMediaPhoto(media=picture, caption=caption), reply_markup=keyboard)
            except TelegramBadRequest as error:
                if "not modified" in error.message:
                    return None
                log.info("an answer could not be edited, so it is sent anew", why=error.message)
            else:
                return None
        return await self._message.answer_photo(
            picture, caption=caption, reply_markup=keyboard, reply_parameters=replying_to(self._photo)
        )
