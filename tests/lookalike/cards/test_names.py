"""Names in every script: which font draws them, in which order, and that no box stands for a letter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from fontTools.ttLib import TTFont
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from lookalike.cards import AnswerCard, fontfiles, runs
from lookalike.cards.bidi import visual_order
from lookalike.cards.clusters import clusters, invisible
from lookalike.cards.fontfiles import FONTS, Weight, fallbacks, inter_covers, load_fallback, shapes_text
from lookalike.cards.portrait import portrait_of
from lookalike.cards.text import LINE_SHARE, Font, ellipsise, wrap
from tests.lookalike.cards.samples import answer, drawn_photo, person, renderer

NAMES: Final = {
    "Han": "王小明 龔䶮 陳",
    "Japanese": "宇多田ヒカル さくら 𠮷",
    "Hangul": "김연아 뷁",
    "old Hangul": "ᄒᆞᆫ글",
    "Arabic": "محمد علي",
    "Persian": "می‌خواهم گچپژ",
    "Urdu": "ٹڈڑ ںےھ",
    "Hebrew": "שָׂרָה לוי",
    "Devanagari": "प्रियंका क्ष्म",
    "Bengali": "রবীন্দ্রনাথ",
    "Tamil": "ரஜினிகாந்த் ஸ்ரீ",
    "Telugu": "చిరంజీవి",
    "Kannada": "ರಾಜ್‌ಕುಮಾರ್",
    "Malayalam": "മോഹൻലാൽ",
    "Gujarati": "નરેન્દ્ર",
    "Gurmukhi": "ਦਿਲਜੀਤ ਦੋਸਾਂਝ",
    "Odia": "ନବୀନ ପଟ୍ଟନାୟକ",
    "Sinhala": "ජයසූරිය ශ්‍රී",
    "Thai": "อุรัสยา ผู้ใหญ่",
    "Lao": "ເພັດ ຜູ້",
    "Khmer": "ស៊ិន ស៊ីសាមុត",
    "Myanmar": "အောင်ဆန်းစုကြည်",
    "Georgian": "აკაკი ᲐᲙᲐᲙᲘ",
    "Armenian": "Արամ Խաչատրյան",
    "Ethiopic": "አበበ ቢቂላ",
    "Tibetan": "བསྟན་འཛིན་རྒྱ་མཚོ",
    "Mongolian": "ᠴᠢᠩᠭᠢᠰ",
    "Syriac": "ܡܪܝܡ",
    "Thaana": "އަޙްމަދު",
    "N'Ko": "ߒߞߏ",
    "Adlam": "𞤀𞤣𞤤𞤢𞤥",
    "Rohingya": "𐴀𐴝𐴌",
    "Tifinagh": "ⵜⴰⵎⴰⵣⵉⵖⵜ",
    "Vai": "ꕙꔤ",
    "Cherokee": "ᏣᎳᎩ",
    "syllabics": "ᐃᓄᒃᑎᑐᑦ",
    "Javanese": "ꦲꦏ꧀ꦱꦫ",
    "Balinese": "ᬩᬮᬶ",
    "Sundanese": "ᮞᮥᮔ᮪ᮓ",
    "Buginese": "ᨒᨚᨈᨑ",
    "Tagalog": "ᜊᜌ᜔",
    "Cham": "ꨌꩌ",
    "Yi": "ꆈꌠ",
    "Lisu": "ꓡꓲꓢꓴ",
    "Miao": "𖼀𖽑",
    "Tai Le": "ᥖᥭᥰ",
    "Tai Tham": "ᨲᩫ᩠ᩅ",
    "Ol Chiki": "ᱥᱟᱱᱛᱟᱲ",
    "Meetei Mayek": "ꯃꯤꯇꯩ",
    "Chakma": "𑄌𑄋𑄴𑄟𑄳𑄦",
    "Lepcha": "ᰛᰩᰵ",
    "Limbu": "ᤕᤰᤌᤢᤱ",
    "Coptic": "ⲙⲁⲣⲓⲁ",
    "Runic": "ᛒᛃᛟᚱᚾ",
    "Vietnamese": "Nguyễn Thị Ngọc",
    "Yoruba": "Ẹ́kọ́ Ṣọlá",
    "Greek with breathings": "Ἀριστοτέλης",
    "Cyrillic of the Church": "Ѳеѡдоръ Ꙗковъ",
    "Abkhaz": "Ҧ Ԥ Ӷ",
    "clicks": "ǃXóõ ǂ ʻOkina",
    "mathematical": "𝓜𝓪𝓽𝓱 𝕱𝖗 𝟙",
    "emoji": "😀 🥷🏽 👩🏾‍🚀 👨‍👩‍👧‍👦 🇺🇦 ❤️ 1️⃣ 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "symbols": "☆彡 ★ ♥ ☠ ⚡ ✨ ♪ ™ ①",
    "full width": "ＡＢ・カナ「」",
}  # fmt: skip
needs_fribidi = pytest.mark.skipif(
    not shapes_text(), reason="libfribidi is missing on this machine: nothing can say that names are shaped rightly"
)


def drawn(text: str, *, size_px: int = 44) -> bytes:
    image = Image.new("L", (900, 120), 0)
    runs.draw(ImageDraw.Draw(image), (10, 80), text, weight=Weight.BOLD, size_px=size_px, fill=255)  # type: ignore[arg-type]
    return image.tobytes()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_every_letter_of_a_name_has_a_font_that_covers_it(name: str) -> None:
    for run in runs.runs(name):
        for char in run.text:
            covers = inter_covers() if run.fallback is None else run.fallback.covers
            assert invisible(char) or ord(char) in covers, f"{char!r} (U+{ord(char):04X}) would be a box"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_is_as_wide_as_it_says_and_stays_near_its_line(name: str) -> None:
    """Its ink may leave the line box by a seventh of the size, as an accent on a capital does."""
    size_px = 44
    left, top, right, bottom = runs.ink(name, weight=Weight.BOLD, size_px=size_px)
    assert right > left
    assert -0.3 * size_px < left
    assert right < runs.width(name, Weight.BOLD, size_px) + 0.3 * size_px
    baseline = (LINE_SHARE + 0.727) / 2 * size_px
    assert top > -baseline - size_px / 7
    assert bottom < LINE_SHARE * size_px - baseline + size_px / 4


def test_names_of_two_letters_look_different() -> None:
    names = ["王菲", "김연", "محمد", "שרה", "प्रिय", "ไทย", "ნინო", "Արամ", "😀😎", "😎😀", "አበ", "ཀཁ"]
    assert len({drawn(name) for name in names}) == len(names)


def test_a_letter_that_no_font_has_is_a_box_and_no_error() -> None:
    assert drawn("\U00012000\U000e0fff\ue000\ud800") != drawn("")


ANYTHING: Final = st.one_of(
    st.characters(exclude_categories=()),
    *(
        st.characters(min_codepoint=first, max_codepoint=last, exclude_categories=())
        for first, last in ((0x300, 0x36F), (0x590, 0x8FF), (0x900, 0x109F), (0x2000, 0x206F), (0x1F1E6, 0x1FAFF))
    ),
)


@given(st.text(ANYTHING, max_size=40), st.integers(60, 500))
@settings(max_examples=80, deadline=None)
@example("\u05d0\u2029\u0301", 300)
@example("\u1074" + "\u0301" * 30, 300)
@example("\U0001f468\u200d" * 20, 60)
def test_any_text_at_all_can_be_measured_cut_and_drawn(text: str, width_px: int) -> None:
    font = Font(Weight.BOLD, 44)
    for line in (ellipsise(text, font, width_px), *wrap(text, font, width_px, lines=2)):
        assert font.width(line) <= width_px
        drawn(line)


def test_a_mark_that_no_font_of_its_letter_has_is_left_out() -> None:
    assert drawn("\u1074\u0301") == drawn("\u1074")


def test_what_turns_text_round_and_controls_are_not_drawn() -> None:
    assert drawn("Bad\u202eguy\u2066\x1b\x00") == drawn("Badguy")


def test_the_table_says_what_the_fonts_have() -> None:
    for font in fallbacks():
        with TTFont(FONTS / "noto" / font.file, lazy=True) as opened:
            points = set(opened.getBestCmap())
        said = {
            point
            for start, end in zip(font.covers.starts, font.covers.ends, strict=True)
            for point in range(start, end + 1)
        }
        assert said == points, font.file
    for weight in (Weight.MEDIUM, Weight.SEMIBOLD, Weight.BOLD):
        with TTFont(FONTS / weight.value) as opened:
            assert all(point in inter_covers() for point in opened.getBestCmap())


def test_each_font_is_small_and_comes_with_its_licence() -> None:
    files = sorted((FONTS / "noto").glob("*.?tf"))
    assert {file.name for file in files} == {font.file for font in fallbacks()}
    assert all(file.stat().st_size < 8_000_000 for file in files)
    assert sum(file.stat().st_size for file in files) < 17_000_000
    licence = (FONTS / "noto" / "LICENSE.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "PERMISSION & CONDITIONS" in licence


@needs_fribidi
def test_a_line_is_ordered_as_its_readers_read_it() -> None:
    assert [run.text for run in runs.runs("Noa שרה")] == ["Noa ", "שרה"]
    assert [run.text for run in runs.runs("שרה Noa")] == ["Noa", "שרה "]
    assert [run.text for run in runs.runs("محمد (Ali) 2")] == ["2", " (", "Ali", ")", "محمد "]
    assert [run.text for run in runs.runs("שרה (לוי)")] == ["(", "לוי", ")", "שרה "]


@needs_fribidi
def test_brackets_round_latin_letters_in_a_hebrew_name_open_to_the_right_side() -> None:
    """Read from the right: the name, an opening bracket, the Latin word from the left, a closing bracket, the rest."""
    text = "".join(run.text for run in runs.runs("שרה (Noa) לוי") if run.fallback is None)
    assert text.replace(" ", "") == "(Noa)"


@needs_fribidi
def test_arabic_letters_join_and_indic_ones_stack() -> None:
    def wide(text: str) -> int:
        return runs.width(text, Weight.BOLD, 60)

    assert drawn("محمد") != drawn("م\u200cح\u200cم\u200cد")
    assert wide("بببب") < wide("ب\u200cب\u200cب\u200cب") * 0.8
    assert wide("क्ष") < wide("क\u200c\u094dष")
    assert wide("👨‍👩‍👧") < wide("👨👩👧") * 0.6, "one picture, not three"


def test_kanji_have_their_japanese_shape_beside_kana_only() -> None:
    files = [run.fallback.file for run in runs.runs("直 なお") if run.fallback]
    assert files[0].startswith("NotoSansCJKjp")
    assert [run.fallback.file for run in runs.runs("直") if run.fallback] == ["NotoSansCJKsc-Bold.otf"]


def test_a_mark_that_does_not_compose_stays_on_its_letter() -> None:
    (run,) = runs.runs("x\u0301")
    assert run.text == "x\u0301"
    assert run.fallback is not None, "Inter's basic layout can't place it"
    assert runs.width("x\u0301", Weight.BOLD, 60) < runs.width("xx", Weight.BOLD, 60)


def test_a_heap_of_marks_is_cut() -> None:
    assert clusters("Z" + "\u0301" * 500 + "algo") == ("Z" + "\u0301" * 15, "a", "l", "g", "o")


@pytest.mark.parametrize("whole", ["👨‍👩‍👧‍👦", "🇺🇦", "👩🏾‍🚀", "ශ්‍රී", "क्ष", "é̂", "한", "ผู้", "1️⃣", "ខ្មែ", "က္က"])
def test_a_cluster_is_one(whole: str) -> None:
    assert clusters(whole) == (whole,)


@pytest.mark.parametrize(
    ("name", "monogram"),
    [
        ("王小明", "王"),
        ("김연아 박", "김박"),
        ("محمد علي", "م\u200cع"),
        ("प्रियंका चोपड़ा", "प्रिचो"),
        ("เพชร ใหม่", "พห"),
        ("😀 Party Guy", "PG"),
        ("👨‍👩‍👧 ❤️", "👨‍👩‍👧"),
        ("émile zola", "ÉZ"),
        ("straße ßx", "Sß"),
        ("!!!", "!!!"),
    ],
)
def test_initials_are_whole_letters(name: str, monogram: str) -> None:
    assert portrait_of(person(name, name)).monogram == monogram
    assert portrait_of(person(name)).monogram == monogram


def test_latin_names_open_no_other_font() -> None:
    """In a process of its own, as a bot's is: neither Noto's files nor the table of graphemes are touched."""
    script = (
        "import sys; from tests.lookalike.cards.samples import *; from lookalike.cards import AnswerCard;"
        "from lookalike.cards.fontfiles import load_fallback;"
        "names = 'Zoë Kravitz-Ångström', 'Алексей Вознесенский', 'Ελένη Τσ';"
        "people = tuple(person(str(n), names[n % 3]) for n in range(8));"
        "renderer().render(AnswerCard(answer(drawn_photo(), people=people), drawn_photo()));"
        "print(load_fallback.cache_info().currsize, 'wcwidth' in sys.modules, 'fontTools' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert done.stdout.split() == ["0", "False", "False"]


@pytest.fixture
def unshaped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without libfribidi."""
    caches = (load_fallback, runs._font, runs._width, runs._cached_runs, fontfiles.warn_of_missing_shaping)
    for cache in caches:
        cache.cache_clear()
    for module in (fontfiles, runs):
        monkeypatch.setattr(module, "shapes_text", lambda: False)
    monkeypatch.setattr("lookalike.cards.bidi._library", lambda: None)
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.usefixtures("unshaped")
def test_without_libfribidi_names_are_drawn_all_the_same_and_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    people = tuple(person(str(at), name) for at, name in enumerate(list(NAMES.values())[:8]))
    data = renderer().render(AnswerCard(answer(drawn_photo(), people=people), drawn_photo()))
    assert data.startswith(b"\xff\xd8")
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert "libfribidi is missing" in said[0]
    assert "apt install libfribidi0" in said[0]


@pytest.mark.usefixtures("unshaped")
def test_without_libfribidi_joiners_are_no_boxes() -> None:
    assert [run.text for run in runs.runs("👨‍👩‍👧")] == ["👨👩👧"]


def test_runs_are_reversed_level_by_level() -> None:
    """The example of UAX #9, rule L2: levels of "car means CAR." inside a quote."""
    assert visual_order("abcDEF12gh", [0, 0, 0, 1, 1, 1, 2, 2, 0, 0]) == list("abc12FEDgh")
