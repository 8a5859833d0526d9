"""Telegram's limits: what goes out fits, counted as Telegram counts."""

from __future__ import annotations

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.telegram.limits import clip, fit_lines, fit_photo, fits_as_photo, visible_length
from tests.fakes import noise
from tests.telegram_rules import check_picture, plain, utf16


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, "PNG")
    return buffer.getvalue()


@given(st.text())
def test_length_is_counted_in_utf_16_after_tags_and_entities(text: str) -> None:
    import html

    assert visible_length(f"<b>{html.escape(text)}</b>&amp;") == utf16(text) + 1


def test_an_emoji_counts_twice() -> None:
    assert visible_length("<i>\U0001f600</i>") == 2


@given(st.text(), st.integers(1, 50))
def test_a_clipped_text_fits_and_no_pair_is_torn(text: str, limit: int) -> None:
    clipped = clip(text, limit)
    assert utf16(clipped) <= limit
    clipped.encode("utf-8")
    assert clipped == text or clipped.endswith("\u2026")


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


@given(width=st.integers(1, 9000), height=st.integers(1, 9000))
@settings(max_examples=25, deadline=None)
def test_any_picture_is_made_to_fit(width: int, height: int) -> None:
    check_picture(fit_photo(png(width, min(height, max(1, 4_000_000 // width)))))


def test_a_picture_that_fits_is_left_alone() -> None:
    data = png(400, 300)
    assert fit_photo(data) is data


def test_a_picture_over_ten_megabytes_becomes_a_jpeg() -> None:
    heavy = noise(2000, 1800)
    assert len(heavy) > 10_000_000
    assert not fits_as_photo(heavy)
    check_picture(fit_photo(heavy))
