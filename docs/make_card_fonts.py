"""Make the fallback fonts of the cards: subsets of Noto, and the table of what each of them covers.

    apt-get download fonts-noto-core fonts-noto-cjk && for deb in *.deb; do dpkg -x "$deb" noto; done
    pip download --no-deps manimgx-fonts && unzip -q manimgx_fonts-*.whl -d noto
    .venv/bin/python docs/make_card_fonts.py noto

The first line takes every script from Debian's packages of the Noto family, the second Noto Emoji from a package that
carries it unmodified. `lookalike/cards/fonts/README.md` names the versions that the committed files were made from.
With --table only `coverage.json` is written again, from the fonts that are there.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fontTools import subset
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

FONTS: Final = Path(__file__).parent.parent / "lookalike" / "cards" / "fonts"
MAX_BYTES: Final = 8_000_000
BOLD: Final = 700

HAN: Final = (
    "2e80-2fdf 2ff0-2fff 3000-30ff 3105-312f 3190-31ff 3200-33ff 3400-4dbf 4e00-9fff f900-faff fe30-fe4f ff00-ffef "
    "1b000-1b16f 20000-323af"
)
HANGUL: Final = "1100-11ff 3131-318e a960-a97c ac00-d7ff"
# Letters of mathematics, which people write names with; the rest of the font is operators.
MATH: Final = "2100-214f 1d400-1d7ff 1ee00-1eeff"
SYMBOLS: Final = "20a0-23ff 2400-27bf 2900-297f 2b00-2bff 1f100-1f1ff 1f700-1f77f"
SYMBOLS_2: Final = "2300-23ff 2500-27bf 2800-28ff 2b00-2bff 1f000-1f0ff 1f300-1f7ff 1f800-1f8ff"

# Scripts that are still written, or that people write names with; in Noto Sans where it has them. Each name is a file
# of the package. What is not here: scripts of inscriptions only (cuneiform, hieroglyphs, Linear A and B), Tangut,
# SignWriting and shorthand, which would weigh as much as all the others.
SCRIPTS: Final = """
Arabic Hebrew Devanagari Bengali Tamil Telugu Kannada Malayalam Gujarati Gurmukhi Oriya Sinhala Thai Lao Khmer Myanmar
Georgian Armenian Ethiopic SerifTibetan Mongolian Syriac Thaana NKo Adlam HanifiRohingya Mandaic Samaritan
SerifYezidi Tifinagh Vai Bamum BassaVah MendeKikakui Medefaidrin Osmanya Osage Cherokee CanadianAboriginal Deseret
Shavian Javanese Balinese Sundanese Batak Buginese Rejang Tagalog Hanunoo Buhid Tagbanwa Cham KayahLi Lisu Miao
NewTaiLue TaiLe TaiTham TaiViet SerifAhom PahawhHmong SerifNyiakengPuachueHmong PauCinHau Chakma Lepcha Limbu
MeeteiMayek OlChiki Saurashtra SylotiNagri SoraSompeng WarangCiti Wancho Mro MasaramGondi GunjalaGondi Newa
Tirhuta Kaithi Modi Sharada Takri Khojki Khudawadi Mahajani Multani SerifDogra Nushu PhagsPa Yi Coptic Glagolitic
Gothic Runic Ogham OldHungarian OldItalic OldPermic OldTurkic Phoenician Ugaritic OldPersian Avestan
"""


@dataclass(frozen=True, slots=True)
class Source:
    """One subset: the file it is made from, the characters that are kept, and how it is set."""

    file: str  # below the folder of the sources
    output: str
    keep: str = ""  # ranges of code points in hexadecimal; empty: all
    number: int = 0  # of the font in a collection
    scale: float = 1.0  # of the text's size: 1 stands for Noto Sans beside Inter
    rise: float = 0.0  # of the text's size: how far the base line is lifted, for scripts that hang low
    differs_from: int | None = None  # keep only what looks otherwise than in that font of the same collection


# Fractions of the text's size by which tall scripts are set smaller and higher, so that their marks stay in the line:
# read off `--extents`, which prints how far the letters of each font reach above and below the base line.
SIZES: Final = {
    "NotoSansArabic-Bold.ttf": (0.95, 0.03),
    "NotoSansTelugu-Bold.ttf": (0.9, 0.04),
    "NotoSansKannada-Bold.ttf": (0.92, 0.04),
    "NotoSansKhmer-Bold.ttf": (0.92, 0.03),
    "NotoSansMyanmar-Bold.ttf": (0.86, 0.06),
    "NotoSerifTibetan-Bold.ttf": (0.82, 0.1),
    "NotoSansSyriac-Regular.ttf": (0.95, 0.04),
    "NotoSansMandaic-Regular.ttf": (0.95, 0.05),
    "NotoSansJavanese-Bold.ttf": (0.82, 0.12),
    "NotoSansBalinese-Bold.ttf": (0.82, 0.12),
    "NotoSansCham-Bold.ttf": (0.92, 0.03),
    "NotoSansTaiTham-Bold.ttf": (0.86, 0.08),
    "NotoSerifAhom-Regular.ttf": (0.92, 0.04),
    "NotoSansChakma-Regular.ttf": (0.86, 0.06),
}


def sources() -> list[Source]:
    """Every subset in the order in which a character looks for its font."""
    noto, cjk = "usr/share/fonts/truetype/noto", "usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"
    made = [Source(f"{noto}/NotoSans-Bold.ttf", "NotoSans-Bold.ttf")]
    for script in SCRIPTS.split():
        name = f"Noto{script}" if script.startswith("Serif") else f"NotoSans{script}"
        made.append(Source(f"{noto}/{name}", name))
    made += [
        Source(cjk, "NotoSansCJKjp-Kanji-Bold.otf", HAN, 0, differs_from=2),
        Source(cjk, "NotoSansCJKsc-Bold.otf", HAN, 2),
        Source(cjk, "NotoSansCJKkr-Hangul-Bold.otf", HANGUL, 1),
        Source("manimgx_fonts/NotoEmoji[wght].ttf", "NotoEmoji-Bold.ttf"),
        Source(f"{noto}/NotoSansMath-Regular.ttf", "NotoSansMath-Regular.ttf", MATH),
        Source(f"{noto}/NotoSansSymbols-Bold.ttf", "NotoSansSymbols-Bold.ttf", SYMBOLS),
        Source(f"{noto}/NotoSansSymbols2-Regular.ttf", "NotoSansSymbols2-Regular.ttf", SYMBOLS_2),
    ]
    return made


def located(root: Path, source: Source) -> tuple[Path, str]:
    """The file of a source and the name of its subset: the bold one where the family has it."""
    if Path(source.file).suffix:
        return root / source.file, source.output
    for weight in ("Bold", "Regular"):
        path = root / f"{source.file}-{weight}.ttf"
        if path.exists():
            return path, path.name
    raise SystemExit(f"{root / source.file}-*.ttf is missing: unpack the packages named in {Path(__file__).name} there")


def code_points(ranges: str) -> set[int]:
    """Read "41-5a 61" as a set."""
    found: set[int] = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        found.update(range(int(first, 16), int(last or first, 16) + 1))
    return found


def ranges_of(points: set[int]) -> str:
    """Write a set as "41-5a 61"."""
    spans: list[tuple[int, int]] = []
    for point in sorted(points):
        if spans and spans[-1][1] == point - 1:
            spans[-1] = spans[-1][0], point
        else:
            spans.append((point, point))
    return " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in spans)


def make(root: Path, source: Source, target: Path) -> str:
    """Write one subset into the folder and return its name."""
    path, name = located(root, source)
    options = subset.Options(
        hinting=False,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
        drop_tables=["DSIG", "vhea", "vmtx", "VORG", "BASE", "STAT", "MVAR"],
        notdef_outline=True,
        glyph_names=False,
        recalc_timestamp=False,
    )
    if name.startswith("NotoSansCJK") and "Hangul" not in name:
        options.layout_features = []  # every character has one shape here, and these tables are heavy
    font = TTFont(path, fontNumber=source.number, recalcTimestamp=False, recalcBBoxes=False)
    if "fvar" in font:
        font = instantiateVariableFont(font, {"wght": BOLD})
        static = io.BytesIO()
        font.save(static)
        font = TTFont(static, recalcTimestamp=False, recalcBBoxes=False)
    covered = set(font.getBestCmap())
    kept = covered & code_points(source.keep) if source.keep else covered
    if source.differs_from is not None:
        other = TTFont(path, fontNumber=source.differs_from).getBestCmap()
        mine = font.getBestCmap()
        common = code_points_of_jis()
        kept = {point for point in kept if point in common and other.get(point) != mine[point]}
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=kept)
    subsetter.subset(font)
    font.save(target / name)
    return name


def code_points_of_jis() -> set[int]:
    """The characters of JIS X 0208, which Japanese names are registered in."""
    found: set[int] = set()
    for row in range(0xA1, 0xFF):
        for cell in range(0xA1, 0xFF):
            try:
                found.update(map(ord, bytes((row, cell)).decode("euc_jp")))
            except UnicodeDecodeError:  # a cell that stands for nothing
                continue
    return found


def table(names: list[str]) -> dict[str, Any]:
    """What each file covers, as its own cmap says."""
    entries = []
    for name in names:
        scale, rise = SIZES.get(name, (1.0, 0.0))
        covered = ranges_of(set(TTFont(FONTS / "noto" / name).getBestCmap()))
        entries.append({"file": name, "scale": scale, "rise": rise, "covers": covered})
    inter = ranges_of(set(TTFont(FONTS / "Inter-Bold.otf").getBestCmap()))
    return {"inter": inter, "fallbacks": entries}


def extents(names: list[str]) -> None:
    """Print how far the letters of each font reach above and below the base line, in fractions of the size."""
    for name in names:
        font = TTFont(FONTS / "noto" / name)
        glyphs, upm = font.getGlyphSet(), font["head"].unitsPerEm
        tops, lows = [], []
        for glyph in set(font.getBestCmap().values()):
            pen = BoundsPen(glyphs)
            glyphs[glyph].draw(pen)
            if pen.bounds:
                tops.append(pen.bounds[3] / upm)
                lows.append(pen.bounds[1] / upm)
        tops.sort()
        lows.sort()
        print(f"{name:44} {tops[int(0.95 * len(tops))]:.2f} {lows[int(0.05 * len(lows))]:.2f} "
              f"hhea {font['hhea'].ascent / upm:.2f} {font['hhea'].descent / upm:.2f} {len(tops)}")  # fmt: skip


def main() -> None:
    """Make the subsets, then the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", type=Path, nargs="?", help="folder with the unpacked packages")
    parser.add_argument("--table", action="store_true", help="write only the table")
    parser.add_argument("--extents", action="store_true", help="print how tall the letters are, and nothing else")
    asked = parser.parse_args()
    target = FONTS / "noto"
    target.mkdir(exist_ok=True)
    order = target.parent / "coverage.json"
    if asked.table or asked.extents:
        names = [entry["file"] for entry in json.loads(order.read_text("utf-8"))["fallbacks"]]
    elif asked.sources is None:
        parser.error("name the folder with the unpacked packages")
    else:
        names = [make(asked.sources, source, target) for source in sources()]
    if asked.extents:
        extents(names)
        return
    order.write_text(json.dumps(table(names), indent=1) + "\n", "utf-8")
    heavy = [name for name in names if (target / name).stat().st_size > MAX_BYTES]
    if heavy:
        sys.exit(f"over {MAX_BYTES} bytes: {', '.join(heavy)}")


if __name__ == "__main__":
    main()
