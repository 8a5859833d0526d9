"""What every laid-out card must keep to: nothing outside, no text on text, nothing too small or too pale."""

from __future__ import annotations

from itertools import combinations

from lookalike.cards.geometry import Rect
from lookalike.cards.placed import Canvas, Drawn, Panel, Picture, Text
from lookalike.cards.text import MIN_TEXT_PX
from lookalike.cards.theme import MIN_TEXT_CONTRAST


def assert_well_placed(canvas: Canvas) -> None:
    """Check a whole card."""
    whole = Rect(0, 0, canvas.width, canvas.height)
    texts = [item for item in canvas.items if isinstance(item, Text)]
    pictures = [item for item in canvas.items if isinstance(item, Picture | Drawn)]
    for item in (*texts, *pictures, *(item for item in canvas.items if isinstance(item, Panel))):
        assert whole.contains(item.rect), item
    for a, b in combinations(texts, 2):
        assert not a.rect.overlaps(b.rect), (a.text, b.text)
    for c, d in combinations(pictures, 2):
        assert not c.rect.overlaps(d.rect)
    for text in texts:
        assert text.font.size_px >= MIN_TEXT_PX, text
        assert text.color.contrast(text.over) >= MIN_TEXT_CONTRAST or len(text.text) == 1, text
        assert text.color.contrast(text.over) >= 3.0, text


def assert_words_stay_in_their_panels(canvas: Canvas) -> None:
    """A text that starts on a panel ends on it: on the last panel painted below it."""
    for index, item in enumerate(canvas.items):
        if not isinstance(item, Text):
            continue
        below = [
            panel.rect
            for panel in canvas.items[:index]
            if isinstance(panel, Panel)
            and panel.rect.contains(Rect(item.rect.x, item.rect.y + item.rect.height // 2, 1, 1))
        ]
        if below:
            assert below[-1].x <= item.rect.x, item
            assert item.rect.right <= below[-1].right, item


def words(canvas: Canvas) -> list[str]:
    """Every text of a card, in order."""
    return [item.text for item in canvas.items if isinstance(item, Text)]
