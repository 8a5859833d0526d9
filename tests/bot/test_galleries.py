"""/settings offers the owner's galleries, and answers come from the one that was chosen."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from bot.stores.people import PersonSettings, gallery_key
from bot.stores.sqlite import PeopleInSqlite
from index.types import GalleryInfo
from lookalike.app import App
from lookalike.finder import Finder
from lookalike.settings import Settings
from tests.bot.conftest import running_bot
from tests.fakes import ObedientReader, PlainPainter
from tests.lookalike import builders


def opened(people: int) -> App:
    """A gallery of so many people, as far as its answers tell."""

    class Others(builders.EightPeople):
        @property
        def info(self) -> GalleryInfo:
            return replace(super().info, people=people)

    parts: Any = {"settings": Settings(gallery_images=None), "pipeline": None, "pictures": None}
    finder = Finder(ObedientReader(), Others(), builders.calibration())
    return App(**parts, finder=finder, renderer=cast("Any", PlainPainter()))


async def test_who_chooses_another_gallery_is_answered_from_it_and_the_others_are_not() -> None:
    galleries = {"Celebrities": opened(9304), "Family": opened(77)}
    async with running_bot("polling", galleries=galleries) as bot:
        for person in (bot.ann, bot.boris):
            bot.parts.jobs.told.first_time(person.id)
        await bot.peer.say(bot.ann, "/settings")
        shown = (await bot.peer.until_sent(1))[0].params["reply_markup"]["inline_keyboard"]
        assert [button["text"] for button in shown[-1]] == ["✓ Celebrities", "Family"]
        await bot.peer.press(bot.ann, bot.peer.last_message(bot.ann.id), "Family")
        await bot.peer.until_sent(2)
        assert (await bot.parts.people.read(bot.ann.id)).gallery == gallery_key("Family")
        await bot.peer.say(bot.ann, "/start")
        await bot.peer.say(bot.boris, "/start")
        sent = {call.chat: call.text for call in await bot.peer.until_sent(4)}
        assert "77" in sent[bot.ann.id]
        assert "77" not in sent[bot.boris.id]
        await bot.peer.say(bot.ann, "/delete")
        assert "your gallery: Family" in (await bot.peer.until_sent(5))[-1].text


async def test_one_gallery_asks_nobody_and_a_choice_that_is_gone_locks_nobody_out() -> None:
    async with running_bot("polling", galleries={"Celebrities": opened(9304)}) as bot:
        await bot.parts.people.write(bot.ann.id, PersonSettings(gallery=gallery_key("Family")))
        bot.parts.jobs.told.first_time(bot.ann.id)
        await bot.peer.say(bot.ann, "/settings")
        shown = (await bot.peer.until_sent(1))[0].params["reply_markup"]["inline_keyboard"]
        assert len(shown) == 3
        await bot.peer.send_photo(bot.ann, b"faces=1")
        assert "Is that you?" in (await bot.peer.until_sent(2))[-1].text


async def test_a_settings_file_of_before_galleries_is_read_on(tmp_path: Path) -> None:
    file = tmp_path / "people.db"
    with closing(sqlite3.connect(file)) as old:
        old.execute("CREATE TABLE people (person INTEGER PRIMARY KEY, language TEXT, people TEXT, theme TEXT) STRICT")
        old.execute("INSERT INTO people VALUES (1, 'ru', 'w', 'dark')")
        old.commit()
    people = PeopleInSqlite(file)
    assert await people.read(1) == PersonSettings(language="ru", people="w", theme="dark")
    assert (await people.change(1, {"gallery": "x"})).gallery == "x"
    await people.close()
