"""Answers shown: sent, or put in the place of an earlier one."""

from __future__ import annotations

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InlineKeyboardMarkup, InputFile, Message
from aiogram.utils.i18n import gettext as _

from bot.answering.photo_job import PhotoJobs
from bot.answering.reply import Reply, replace_picture
from bot.stores.people import PersonSettings
from bot.telegram.callbacks import Filter
from bot.telegram.limits import MAX_ALBUM
from bot.views.captions import card_caption, compare_caption, explain_caption, faces_caption, with_still
from bot.views.keyboards import card_keyboard, compare_keyboard, explain_keyboard, picker_keyboard
from bot.views.refusals import unanswered
from lookalike.answers import Answer, Compared, FaceAnswer, Found
from lookalike.cards import AnswerCard, CompareCard, ExplainCard, FacesPicture, PictureRequest
from lookalike.verdicts import reason

log = structlog.get_logger(__name__)


class Presenter:
    """Shows answers to one photo through its reply, or in place of `instead`, an earlier answer of the bot."""

    def __init__(
        self, jobs: PhotoJobs, bot: Bot, reply: Reply, person: PersonSettings, *, instead: Message | None = None
    ) -> None:
        self._jobs = jobs
        self._bot = bot
        self._reply = reply
        self._person = person
        self._instead = instead

    async def answer(self, answer: Answer, *, people: Filter) -> None:
        """One face: its card. Several: the photo with numbers. None: why."""
        self._jobs.stats.answered(answer)
        if not isinstance(answer, Found):
            await self._reply.text(with_still(unanswered(answer), still=self._reply.still))
        elif len(answer.faces) == 1:
            await self.card(answer, answer.faces[0], people=people, skip=0)
        else:
            await self.picker(answer, people=people)

    async def picker(self, found: Found, *, people: Filter) -> None:
        picture = await self._rendered(FacesPicture(found.photo))
        await self.show(picture, faces_caption(found), picker_keyboard(found, people=people))

    async def card(self, found: Found, face: FaceAnswer, *, people: Filter, skip: int) -> None:
        caption = card_caption(found, face, gallery=self._jobs.gallery)
        keyboard = card_keyboard(found, face, people=people, skip=skip)
        if not face.matches:  # nobody is left to draw: the photo with its numbers stands in
            await self.show(await self._rendered(FacesPicture(found.photo)), caption, keyboard)
            return
        card = AnswerCard(face, found.photo, await self._signature())
        await self.show(await self._rendered(card), caption, keyboard)

    async def explanation(self, found: Found, face: FaceAnswer, *, people: Filter, skip: int) -> None:
        why = await self._jobs.why(face)
        picture = await self._rendered(ExplainCard(face, found.photo, why))
        named = why.carriers.named if why is not None and why.carriers is not None else ()
        caption = explain_caption(face, gallery=self._jobs.gallery, reason=reason(named, _))
        await self.show(picture, caption, explain_keyboard(face, people=people, skip=skip))

    async def all_cards(self, found: Found) -> None:
        """All faces, in albums of ten; no buttons fit under them."""
        cards = [
            (
                await self._rendered(AnswerCard(face, found.photo, await self._signature())),
                card_caption(found, face, gallery=self._jobs.gallery, buttons=False),
            )
            for face in found.faces
            if face.matches
        ]
        for start in range(0, len(cards), MAX_ALBUM):
            await self._reply.album(cards[start : start + MAX_ALBUM])

    async def comparison(self, comparison: Compared) -> Message | None:
        caption = compare_caption(comparison, calibration=self._jobs.calibration)
        picture = await self._rendered(CompareCard(comparison, await self._signature()))
        return await self.show(picture, caption, compare_keyboard(comparison))

    async def numbered(self, comparison: Compared) -> None:
        """Both photos with their faces numbered."""
        named = ((comparison.photo_a, _("The first photo: A")), (comparison.photo_b, _("The second photo: B")))
        await self._reply.album([(await self._rendered(FacesPicture(photo)), name) for photo, name in named])

    async def _signature(self) -> str:
        """Where a card that is sent on leads to. Asked of Telegram once a process."""
        username = (await self._bot.me()).username
        return f"@{username}" if username else ""

    async def _rendered(self, request: PictureRequest) -> BufferedInputFile:
        return await self._jobs.rendered(request, self._person)

    async def show(self, picture: InputFile, caption: str, keyboard: InlineKeyboardMarkup) -> Message | None:
        """Send, or edit; a message that is gone is sent anew, unless its reader deleted it. Returns what was sent."""
        caption = with_still(caption, still=self._reply.still)
        if self._instead is not None:
            if self._jobs.deleted.get((self._instead.chat.id, self._instead.message_id)):
                return None
            try:
                await replace_picture(self._bot, self._instead, picture, caption, keyboard)
            except TelegramBadRequest as error:
                if "not modified" in error.message:
                    return None
                log.info("an answer could not be edited, so it is sent anew", why=error.message)
            else:
                return None
        sent = await self._reply.picture(picture, caption, keyboard)
        asker = self._reply.asker
        if sent is not None and sent.ephemeral_message_id is None and asker is not None:
            self._jobs.askers.put((sent.chat.id, sent.message_id), asker.id)
        return sent
