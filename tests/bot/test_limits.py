"""Telegram's limits: what goes out fits, counted as Telegram counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.limits import fit_lines, visible_length
from tests.telegram_rules import plain, utf16


@given(st.text())
def test_length_is_counted_in_utf_16_after_tags_and_entities(text: str) -> None:
    import html

    assert visible_length(f"<b>{html.escape(text)}</b>&amp;") == utf16(text) + 1


def test_an_emoji_counts_twice() -> None:
    assert visible_length("<i>\U0001f600</i>") == 2


@given(
    body=st.lists(st.text(alphabet="aя\U0001f600<&", max_size=30), max_size=40),
    tail=st.lists(st.text(max_size=30), max_size=3),
)
def test_lines_are_dropped_whole_the_tail_first(body: list[str], tail: list[str]) -> None:
    import html

    lines = [html.escape(line.replace("\n", " ")) for line in body]
    ends = [html.escape(line.replace("\n", " ")) for line in tail]
    text = fit_lines(["<b>title</b>"], lines, ends, limit=200)
    assert utf16(plain(text, "HTML")) <= 200
    assert text.startswith("<b>title</b>")
