"""Colours and the two themes a card comes in. Values only: nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

MIN_TEXT_CONTRAST: Final = 4.5  # WCAG 2.2, 1.4.3: text of ordinary size
MIN_SHAPE_CONTRAST: Final = 3.0  # WCAG 2.2, 1.4.11: shapes one has to tell apart from what is behind them


@dataclass(frozen=True, slots=True)
class Color:
    """An sRGB colour, 0..255 each."""

    r: int
    g: int
    b: int

    @classmethod
    def from_hex(cls, text: str) -> Color:
        """Read "#rrggbb". Raises ValueError."""
        digits = text.removeprefix("#")
        if len(digits) != 6:
            raise ValueError(f"{text!r} is no colour, want #rrggbb")
        return cls(*(int(digits[i : i + 2], 16) for i in (0, 2, 4)))

    @property
    def rgb(self) -> tuple[int, int, int]:
        return (self.r, self.g, self.b)

    @property
    def luminance(self) -> float:
        """Relative luminance, 0..1 (WCAG 2.2)."""

        def linear(value: int) -> float:
            share = value / 255
            return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

        return 0.2126 * linear(self.r) + 0.7152 * linear(self.g) + 0.0722 * linear(self.b)

    def contrast(self, other: Color) -> float:
        """The WCAG contrast ratio, 1..21."""
        low, high = sorted((self.luminance, other.luminance))
        return (high + 0.05) / (low + 0.05)

    def mix(self, other: Color, share: float) -> Color:
        """Go `share` (0..1) of the way to the other colour."""
        return Color(*(round(a + (b - a) * share) for a, b in zip(self.rgb, other.rgb, strict=True)))

    def ink(self) -> Color:
        """Near-black or white, whichever reads better on this colour; black itself where both stay below 4.5:1."""
        best = max((INK, WHITE), key=self.contrast)
        return best if best.contrast(self) >= MIN_TEXT_CONTRAST else max((BLACK, WHITE), key=self.contrast)

    def seen_on(self, background: Color, *, ratio: float = MIN_SHAPE_CONTRAST) -> Color:
        """The colour, moved towards black or white just until it stands out from the background."""
        goal = background.ink()
        for step in range(21):
            candidate = self.mix(goal, step / 20)
            if candidate.contrast(background) >= ratio:
                return candidate
        return goal


WHITE: Final = Color(255, 255, 255)
BLACK: Final = Color(0, 0, 0)
INK: Final = Color(18, 19, 24)
PLATE: Final = Color.from_hex("#1B1C22")  # the dark plate that a meter lies on, in both themes
PLATE_TRACK: Final = Color.from_hex("#74767F")  # dots of a meter that are not reached

ThemeName = Literal["light", "dark"]
STEPS: Final = 5  # bands of a table


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The colours of one card."""

    name: ThemeName
    page: Color  # behind everything
    panel: Color  # behind a tile
    text: Color
    muted: Color  # second-rank text, still MIN_TEXT_CONTRAST on page and panel
    line: Color  # hairlines and empty tracks
    # One colour a band, the least alike first. Each stands out from every page of its theme by MIN_SHAPE_CONTRAST, and
    # along the five the lightness only falls (light) or only rises (dark): the order survives any colour blindness.
    bands: tuple[Color, ...]
    tints: tuple[Color, ...]  # what a band tints its page with, the least alike first
    tint_share: float

    def band(self, step: int) -> Color:
        """The colour of a band for shapes on this theme's pages. step: 0 is the least alike."""
        return self.bands[min(max(step, 0), STEPS - 1)]

    def tinted(self, step: int) -> Theme:
        """The same theme on a page in the band's tint: the colour is the verdict."""
        page = self.page.mix(self.tints[min(max(step, 0), STEPS - 1)], self.tint_share)
        return replace(self, page=page)

    def accent(self, step: int) -> Color:
        """The colour of a band for text on its tinted page."""
        page = self.tinted(step).page
        return self.band(step).seen_on(page, ratio=MIN_TEXT_CONTRAST)


def _colors(*texts: str) -> tuple[Color, ...]:
    return tuple(Color.from_hex(text) for text in texts)


# What is on a dark plate: rising lightness, in both themes.
BRIGHT: Final = _colors("#8692A2", "#C5A245", "#F6AA7A", "#FFC1CB", "#EFE7FF")
LIGHT: Final = Theme(
    name="light",
    page=Color.from_hex("#F7F5F1"),
    panel=WHITE,
    text=Color.from_hex("#1B1C22"),
    muted=Color.from_hex("#5A5C67"),
    line=Color.from_hex("#DDD8CE"),
    bands=_colors("#778093", "#97620C", "#9E362B", "#7B284E", "#072484"),
    tints=_colors("#9AA6BD", "#F2C12E", "#F57A33", "#E0457C", "#7F4BD9"),
    tint_share=0.14,
)
DARK: Final = Theme(
    name="dark",
    page=Color.from_hex("#131419"),
    panel=Color.from_hex("#22242C"),
    text=Color.from_hex("#F4F2EE"),
    muted=Color.from_hex("#B0B3BE"),
    line=Color.from_hex("#3F424E"),
    bands=BRIGHT,
    tints=_colors("#8A93A5", "#E0A92E", "#FF9256", "#FF6A9A", "#9A6BFF"),
    tint_share=0.16,
)
THEMES: Final[dict[ThemeName, Theme]] = {"light": LIGHT, "dark": DARK}


@dataclass(frozen=True, slots=True)
class Style:
    """How a person wants cards to look."""

    theme: ThemeName = "light"

    @property
    def colors(self) -> Theme:
        return THEMES[self.theme]
