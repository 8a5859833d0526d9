"""Make docs/pictures/demo.webp: a card, why, a group, one person twice. `python -m docs.demo.make [--frames DIR]`.

Every answer is the real bot's, with the shipped networks and the gallery whose faces may be shown; only the phone is
drawn.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import io
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image

from bot.app import build_bot, build_dispatcher
from bot.serving.lifecycle import serve
from docs.demo import chat
from docs.demo.chat import Bubble, Line
from docs.demo.photos import group, obama_in_congress
from lookalike.app import build
from lookalike.paths import ROOT, SAMPLES
from lookalike.serving.work_threads import FinderPool
from lookalike.settings import Settings
from tests.bot.conftest import bot_settings
from tests.telegram_peer import Call, Person, TelegramPeer

TARGET: Final = ROOT / "docs" / "pictures" / "demo.webp"
LARGEST_BYTES: Final = 2_000_000
WAIT_S: Final = 240  # a busy machine is slow, not wrong
ANN: Final = Person(id=1)


PAIR: Final = ("barack_obama", "congress")


def photo(name: str) -> bytes:
    """A sample; or "congress", the gallery's own picture of the third; or "group", all three side by side."""
    if name == "group":
        return group()
    return obama_in_congress() if name == "congress" else (SAMPLES / f"{name}.jpg").read_bytes()


async def answers() -> list[Call]:
    """The bot's own: a card, its explanation, a group's numbered faces, the first one's card, a comparison."""
    app = build(Settings(gallery_images=None, gallery=Path("us-congress")))
    pool = FinderPool(app.finder)
    async with TelegramPeer() as peer:
        settings = bot_settings("polling", peer.url)
        parts = build_dispatcher(pool, app.renderer, settings, explainer=app.explainer)
        parts.jobs.told.first_time(ANN.id)  # the notice was sent with an earlier photo
        stop = asyncio.Event()
        task = asyncio.create_task(serve(build_bot(settings), parts, settings, stop=stop))
        await peer.send_photo(ANN, photo("astronaut"))
        await peer.until_sent(1, within_s=WAIT_S)
        await peer.press(ANN, peer.last_message(ANN.id), "Why these?")
        await peer.until_sent(2, within_s=WAIT_S)
        await peer.send_photo(ANN, photo("group"))
        await peer.until_sent(3, within_s=WAIT_S)
        await peer.press(ANN, peer.last_message(ANN.id), "1")
        await peer.until_sent(4, within_s=WAIT_S)
        await peer.send_photo(ANN, photo(PAIR[0]), group="g", caption="/compare")
        await peer.send_photo(ANN, photo(PAIR[1]), group="g")
        sent = await peer.until_sent(5, within_s=WAIT_S)
        stop.set()
        await task
    pool.close()
    return sent


def bubble(call: Call) -> Bubble:
    """A call of the bot as people see it."""
    media = call.params.get("media")
    holder = media if isinstance(media, dict) else call.params
    marked = str(holder.get("caption") or holder.get("text") or "")
    lines = tuple(
        Line(html.unescape(re.sub(r"<[^>]*>", "", line)), bold=line.startswith("<b>"), muted=line.startswith("<i>"))
        for line in marked.split("\n")
    )
    picture = next((Image.open(io.BytesIO(data)).convert("RGB") for data in call.files.values()), None)
    rows = (call.params.get("reply_markup") or {}).get("inline_keyboard", [])
    buttons = tuple(tuple(button["text"] for button in row) for row in rows)
    return Bubble(picture=picture, lines=lines, buttons=buttons)


def mine(*names: str, text: str = "") -> Bubble:
    pictures = tuple(Image.open(io.BytesIO(photo(name))).convert("RGB") for name in names)
    lines = (Line(text),) if text else ()
    return Bubble(
        mine=True, picture=pictures[0] if len(pictures) == 1 else None, album=pictures[1:] and pictures, lines=lines
    )


@dataclass
class Film:
    """Frames and how long each is shown; the chat as it stands."""

    bubbles: list[Bubble] = field(default_factory=list)
    frames: list[Image.Image] = field(default_factory=list)
    shown_ms: list[int] = field(default_factory=list)
    top: float = 0.0
    status: str = "bot"

    def hold(self, milliseconds: int, *, slide: float = 1.0) -> None:
        self.frames.append(chat.frame(self.bubbles, top=self.top, status=self.status, slide=slide))
        self.shown_ms.append(milliseconds)

    def add(self, bubble: Bubble, *, to: float | None = None) -> None:
        """A message comes in from below; the chat scrolls to its end, or to `to`."""
        self.bubbles.append(bubble)
        start, goal = self.top, self.end() if to is None else to
        for step in (0.35, 0.7, 0.9, 1.0):
            self.top = start + (goal - start) * step
            self.hold(45, slide=step)

    def scroll(self, goal: float, *, steps: int = 12) -> None:
        start = self.top
        for step in range(1, steps + 1):
            share = step / steps
            self.top = start + (goal - start) * share * share * (3 - 2 * share)
            self.hold(45)

    def end(self) -> float:
        return max(0.0, chat.height_of(self.bubbles) - chat.room())

    def top_of(self, bubble: Bubble) -> float:
        """Scrolled so that this message stands at the upper edge."""
        before = self.bubbles[: self.bubbles.index(bubble)]
        return min(self.end(), chat.height_of(before) - chat.GAP * chat.SCALE)


def film(sent: list[Call]) -> Film:
    """The story: the finished card first; then the photo it answers, why, a group and one of it, one person twice."""
    card, why, numbered, one, compared = (bubble(call) for call in sent)
    asked = mine("astronaut")
    shown = Film(bubbles=[asked, card])
    shown.top = shown.top_of(card)
    shown.hold(2600)
    shown.bubbles.pop()
    shown.top = 0.0
    _sees(shown, asked)
    _comes(shown, card)
    shown.hold(1400)
    shown.scroll(shown.end())
    shown.hold(1600)
    _press(shown, card, "Why these?", why)
    shown.hold(2800)
    together = mine("group")
    shown.add(together)
    _sees(shown, together)
    shown.add(numbered)
    shown.hold(1800)
    _press(shown, numbered, "1", one)
    shown.hold(2400)
    pair = mine(*PAIR, text="/compare")
    shown.add(pair)
    _sees(shown, pair)
    _comes(shown, compared)
    shown.hold(3600)
    return shown


def _sees(shown: Film, photo_sent: Bubble) -> None:
    """The bot's eyes on a photo, while it works."""
    shown.hold(600)
    photo_sent.seen, shown.status = True, "sending a photo..."
    shown.hold(600)
    shown.status = "bot"


def _comes(shown: Film, answer: Bubble) -> None:
    """A card that is read from its upper edge."""
    shown.bubbles.append(answer)
    goal = shown.top_of(answer)
    shown.bubbles.pop()
    shown.add(answer, to=goal)


def _press(shown: Film, asked: Bubble, button: str, answer: Bubble) -> None:
    """A button of the last message is pressed, and another answer takes the message's place."""
    asked.pressed = button
    shown.hold(400)
    shown.bubbles[-1] = answer
    shown.top = min(shown.top_of(answer), shown.end())


def write(shown: Film, target: Path) -> None:
    """An animated WebP, which GitHub shows, as good as fits."""
    for quality in (82, 72, 60, 45):
        buffer = io.BytesIO()
        shown.frames[0].save(
            buffer, "WEBP", save_all=True, append_images=shown.frames[1:], duration=shown.shown_ms, loop=0,
            quality=quality, method=4, minimize_size=False, kmax=30,
        )  # fmt: skip
        if buffer.tell() < LARGEST_BYTES:
            break
    target.write_bytes(buffer.getvalue())
    seconds = sum(shown.shown_ms) / 1000
    sys.stdout.write(f"{target}: {len(shown.frames)} frames, {seconds:.0f} s, {buffer.tell() // 1000} kB\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=Path, help="also write the frames that are held, as PNG, to look at")
    given = parser.parse_args()
    shown = film(asyncio.run(answers()))
    write(shown, TARGET)
    if given.frames:
        given.frames.mkdir(parents=True, exist_ok=True)
        for number, (picture, milliseconds) in enumerate(zip(shown.frames, shown.shown_ms, strict=True)):
            if milliseconds > 100:
                picture.save(given.frames / f"{number:03d}.png")


if __name__ == "__main__":
    main()
