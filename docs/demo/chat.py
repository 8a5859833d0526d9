"""A drawn phone chat: bubbles with pictures, text and buttons, and a window that scrolls over them. Knows no bot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from lookalike.paths import PACKAGE

SCALE: Final = 2  # drawn at twice the size and made smaller, for smooth corners
WIDTH: Final = 360
HEIGHT: Final = 640
BAR: Final = 46  # title above and input line below
BUBBLE: Final = 296  # widest bubble
GAP: Final = 8
PAD: Final = 9
LINE: Final = 17
BUTTON: Final = 32
FONTS: Final = PACKAGE / "cards" / "fonts"
SYMBOLS: Final = frozenset("●○✓")
EMOJI: Final = frozenset("🗑")

WALL: Final = (214, 226, 216)
MINE: Final = (226, 250, 205)
THEIRS: Final = (255, 255, 255)
INK: Final = (22, 28, 36)
MUTED: Final = (112, 122, 134)
ACCENT: Final = (46, 120, 183)
KEY: Final = (104, 138, 116)
PRESSED: Final = (70, 100, 82)


def _font(name: str, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / name, round(size * SCALE), layout_engine=ImageFont.Layout.BASIC)


PLAIN: Final = _font("Inter-Medium.otf", 12.5)
BOLD: Final = _font("Inter-Bold.otf", 12.5)
SIGNS: Final = _font("DejaVuSans-Symbols.ttf", 12.5)
PICTOGRAMS: Final = _font("noto/NotoEmoji-Bold.ttf", 13)
TITLE: Final = _font("Inter-SemiBold.otf", 15)
SMALL: Final = _font("Inter-Medium.otf", 11)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, not yet wrapped."""

    text: str
    bold: bool = False
    muted: bool = False


@dataclass(slots=True, eq=False)
class Bubble:
    """One message. `album` pictures stand side by side."""

    mine: bool = False
    picture: Image.Image | None = None
    album: tuple[Image.Image, ...] = ()
    lines: tuple[Line, ...] = ()
    buttons: tuple[tuple[str, ...], ...] = ()
    pressed: str = ""
    seen: bool = False  # the bot's eyes on a photo
    _drawn: dict[str, Image.Image] = field(default_factory=dict)

    def image(self) -> Image.Image:
        """The bubble and its buttons, RGBA at drawing size; made once for each pressed button."""
        key = f"{self.pressed}{self.seen}"
        if key not in self._drawn:
            self._drawn[key] = _bubble(self)
        return self._drawn[key]


def wrapped(lines: tuple[Line, ...], width: int) -> list[Line]:
    """Lines broken at spaces so that each fits `width` (drawing pixels)."""
    found: list[Line] = []
    for line in lines:
        words, row = line.text.split(" "), ""
        for word in words:
            longer = f"{row} {word}" if row else word
            if row and _length(longer, bold=line.bold) > width:
                found.append(Line(row, line.bold, line.muted))
                row = word
            else:
                row = longer
        found.append(Line(row, line.bold, line.muted))
    return found


def _runs(text: str, font: ImageFont.FreeTypeFont) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    runs: list[tuple[str, ImageFont.FreeTypeFont]] = []
    for character in text:
        chosen = PICTOGRAMS if character in EMOJI else SIGNS if character in SYMBOLS else font
        if runs and runs[-1][1] is chosen:
            runs[-1] = (runs[-1][0] + character, chosen)
        else:
            runs.append((character, chosen))
    return runs


def _length(text: str, *, bold: bool = False) -> float:
    return sum(font.getlength(part) for part, font in _runs(text, BOLD if bold else PLAIN))


def _write(draw: ImageDraw.ImageDraw, at: tuple[float, float], line: Line, color: tuple[int, int, int]) -> None:
    x, y = at
    for part, font in _runs(line.text, BOLD if line.bold else PLAIN):
        draw.text((x, y), part, font=font, fill=color, anchor="ls")
        x += font.getlength(part)


def _bubble(bubble: Bubble) -> Image.Image:
    inner = (BUBBLE - 2 * PAD) * SCALE
    rows = wrapped(bubble.lines, inner)
    pictures = bubble.album or ((bubble.picture,) if bubble.picture is not None else ())
    if pictures:
        width = (BUBBLE if not bubble.mine else 236) * SCALE
    else:
        width = round(max((_length(row.text, bold=row.bold) for row in rows), default=0)) + 2 * PAD * SCALE
    each = (width - 4 * SCALE * (len(pictures) + 1)) // max(1, len(pictures))
    small = [picture.resize((each, round(picture.height * each / picture.width)), Image.Resampling.LANCZOS)
             for picture in pictures]  # fmt: skip
    if bubble.album:
        side = each
        small = [_square(picture, side) for picture in pictures]
    top = max((picture.height for picture in small), default=0) + (8 * SCALE if small else PAD * SCALE)
    text_height = len(rows) * LINE * SCALE + (PAD * SCALE if rows else 0)
    body = top + text_height - (4 * SCALE if small and not rows else 0)
    image = Image.new("RGBA", (width, body + len(bubble.buttons) * (BUTTON + 3) * SCALE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    fill = MINE if bubble.mine else THEIRS
    draw.rounded_rectangle((0, 0, width - 1, body - 1), radius=13 * SCALE, fill=fill)
    for number, picture in enumerate(small):
        mask = Image.new("L", picture.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle(
            (0, 0, picture.width - 1, picture.height - 1), radius=10 * SCALE, fill=255
        )
        image.paste(picture, (4 * SCALE + number * (each + 4 * SCALE), 4 * SCALE), mask)
    for number, row in enumerate(rows):
        baseline = top + number * LINE * SCALE + 11 * SCALE
        _write(draw, (PAD * SCALE, baseline), row, MUTED if row.muted else INK)
    _keys(draw, bubble, width, body)
    if bubble.seen:
        _eyes(draw, width - 44 * SCALE, body - 26 * SCALE)
    return image


def _square(picture: Image.Image, side: int) -> Image.Image:
    edge = min(picture.size)
    left = (picture.width - edge) // 2
    return picture.crop((left, 0, left + edge, edge)).resize((side, side), Image.Resampling.LANCZOS)


def _keys(draw: ImageDraw.ImageDraw, bubble: Bubble, width: int, top: int) -> None:
    """Rows of buttons under a message."""
    for row, texts in enumerate(bubble.buttons):
        y = top + (row * (BUTTON + 3) + 3) * SCALE
        each = (width - 3 * SCALE * (len(texts) - 1)) / len(texts)
        for column, text in enumerate(texts):
            x = column * (each + 3 * SCALE)
            fill = PRESSED if text == bubble.pressed else KEY
            draw.rounded_rectangle((x, y, x + each, y + BUTTON * SCALE), radius=8 * SCALE, fill=fill)
            start = x + (each - _length(text)) / 2
            _write(draw, (start, y + 20.5 * SCALE), Line(text), (255, 255, 255))


def _eyes(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    """The reaction to a photo: two eyes on a plate."""
    draw.rounded_rectangle((x, y, x + 38 * SCALE, y + 21 * SCALE), radius=11 * SCALE, fill=(255, 255, 255))
    for left in (x + 7 * SCALE, x + 20 * SCALE):
        draw.ellipse(
            (left, y + 3 * SCALE, left + 11 * SCALE, y + 18 * SCALE), fill=(248, 250, 252), outline=INK, width=2
        )
        draw.ellipse((left + SCALE, y + 7 * SCALE, left + 7 * SCALE, y + 15 * SCALE), fill=INK)


def height_of(bubbles: list[Bubble]) -> int:
    """Of the whole chat, in drawing pixels."""
    return sum(bubble.image().height + GAP * SCALE for bubble in bubbles) + GAP * SCALE


def room() -> int:
    """Height of the window over the chat, in drawing pixels."""
    return (HEIGHT - 2 * BAR) * SCALE


def frame(bubbles: list[Bubble], *, top: float, status: str, slide: float = 1.0) -> Image.Image:
    """The phone as it looks when the chat is scrolled to `top` (drawing pixels). slide: how far the last one is in."""
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), WALL)
    y = BAR * SCALE + GAP * SCALE - top
    short = room() - height_of(bubbles)
    y += max(0, short)  # a short chat lies at the bottom
    for bubble in bubbles:
        drawn = bubble.image()
        x = WIDTH * SCALE - drawn.width - GAP * SCALE if bubble.mine else GAP * SCALE
        late = round((1.0 - slide) * 60 * SCALE) if bubble is bubbles[-1] else 0
        image.paste(drawn, (x, round(y) + late), drawn)
        y += drawn.height + GAP * SCALE
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH * SCALE, BAR * SCALE), fill=(255, 255, 255))
    draw.ellipse((12 * SCALE, 7 * SCALE, 44 * SCALE, 39 * SCALE), fill=ACCENT)
    draw.text((28 * SCALE, 23 * SCALE), "L", font=TITLE, fill=(255, 255, 255), anchor="mm")
    draw.text((54 * SCALE, 20 * SCALE), "Lookalike", font=TITLE, fill=INK, anchor="ls")
    draw.text((54 * SCALE, 36 * SCALE), status, font=SMALL, fill=ACCENT if status != "bot" else MUTED, anchor="ls")
    draw.rectangle((0, (HEIGHT - BAR) * SCALE, WIDTH * SCALE, HEIGHT * SCALE), fill=(255, 255, 255))
    draw.text((16 * SCALE, (HEIGHT - BAR // 2) * SCALE), "Message", font=PLAIN, fill=MUTED, anchor="lm")
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
