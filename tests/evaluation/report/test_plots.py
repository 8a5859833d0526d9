"""Charts as text: well-formed, inside their frame, told apart; curves and planes counted by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from evaluation.metrics.curves import BINS, density, roc, same_at_or_above, share_at_or_above
from evaluation.metrics.verification import all_pairs
from evaluation.report.learning_curves import read_curves
from evaluation.report.plots import Axis, Dot, Series, dots, lines, point_sheet

SHARE = Axis(label="a < b & c", low=0.0, high=1.0, percent=True)


def _svg(text: str) -> ET.Element:
    """Parse the whole drawing: fails on a bad escape or an open tag."""
    return ET.fromstring(text)  # noqa: S314 - our own text


def _words(text: str) -> list[str]:
    return [node.text or "" for node in _svg(text).iter("{http://www.w3.org/2000/svg}text")]


def _dots(text: str) -> int:
    """How many markers are drawn; matplotlib defines one shape a series and uses it."""
    return len(list(_svg(text).iter("{http://www.w3.org/2000/svg}use")))


def test_curves_are_named_escaped_and_leave_out_what_is_no_number() -> None:
    wild = Series(name="<wild>", points=[(0.1, 0.2), (0.5, 0.5), (0.7, float("nan")), (0.9, 0.9)], marked=True)
    text = lines([wild, Series(name="b", points=[])], x=SHARE, y=SHARE, title='a "title" & more')
    assert {"<wild>", "b", "a < b & c"} <= set(_words(text))
    assert _svg(text).attrib["aria-label"] == 'a "title" & more'
    marked = [Series(name=one.name, points=one.points, marked=False) for one in (wild,)]
    unmarked = lines([*marked, Series(name="b", points=[])], x=SHARE, y=SHARE, title="")
    assert (
        _dots(text) - _dots(unmarked) == 4
    )  # three points and one in the legend: the one that is no number is left out
    assert "nan" not in text.lower().replace("&amp;", "")


def test_colours_are_the_page_s_variables_so_that_dark_mode_works() -> None:
    text = lines([Series(name="a", points=[(0, 0), (1, 1)], filled=True)], x=SHARE, y=SHARE, title="t")
    assert {"var(--ink)", "var(--faint)", "var(--grid)", "var(--c0)"} <= set(re.findall(r"var\(--\w+\)", text))
    assert not re.search(r"#0[123a]0[123a]", text)


def test_the_same_curves_give_the_same_text() -> None:
    one = Series(name="a", points=[(0, 0), (1, 1)])
    assert lines([one], x=SHARE, y=SHARE, title="t") == lines([one], x=SHARE, y=SHARE, title="t")


def test_percent_axes_are_labelled_in_percent() -> None:
    text = dots(
        [Dot(name="a", value=0.95, low=0.9, high=0.99)], x=Axis(label="", low=0.9, high=1.0, percent=True), title=""
    )
    assert {"90", "100"} <= set(_words(text))


def test_a_figure_without_value_keeps_its_line_and_gets_no_dot() -> None:
    known, unknown = Dot(name="a", value=0.5, low=0.4, high=0.6), Dot(name="b", value=None, low=None, high=None)
    both, neither = (dots(rows, x=SHARE, title="t") for rows in ([known, unknown], [unknown, unknown]))
    assert _dots(both) - _dots(neither) == 1
    assert {"a", "b"} <= set(_words(both))


def test_a_sheet_has_five_rings_and_five_dots_a_face() -> None:
    face = [(0.3, 0.3), (0.7, 0.3), (0.5, 0.5), (0.35, 0.7), (0.65, 0.7)]
    assert _dots(point_sheet([("a", face, face)] * 5, title="sheet")) == 50


def test_the_roc_passes_through_the_counted_points() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], np.float32)
    scores = all_pairs(vectors, ["a", "a", "b", "b"])
    curve = dict(roc(scores, fprs=(0.1, 0.25, 0.5, 1.0)))
    # Different pairs 0.96, 0.6, 0.6, 0; same pairs 0.8, 0.8. Under a quarter no different pair is let in.
    assert curve == {0.25: 1.0, 0.5: 1.0, 1.0: 1.0}
    assert share_at_or_above(scores, 0.5) == 0.75
    assert (same_at_or_above(scores, 0.79), same_at_or_above(scores, 0.81)) == (1.0, 0.0)


def test_a_density_counts_everything_even_beyond_its_range() -> None:
    shares = density(np.array([-0.9, 0.0, 0.5, 1.0]))
    assert len(shares) == BINS
    assert sum(shares) == pytest.approx(1.0)
    assert (shares[0], shares[-1]) == (0.25, 0.25)


def test_learning_curves_are_read_and_a_line_cut_short_ends_them(tmp_path: Path) -> None:
    ours = tmp_path / "compare" / "losses" / "ce" / "log.jsonl"
    ours.parent.mkdir(parents=True)
    rows = [{"step": 20, "loss": 1.0}, {"step": 40, "loss": 0.5}, {"step": 40, "check": {"small@0.01": 0.8}}]
    ours.write_text("\n".join(map(json.dumps, rows)) + '\n{"step": 60, "lo', "utf-8")
    theirs = tmp_path / "detector" / "detector" / "results.csv"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("epoch, train/box_loss,dev/ap50\n1,1.5,0.93\n2,1.4,0.95,7\n3,,\n", "utf-8")
    loss, detector = read_curves(tmp_path)
    assert (loss.run, loss.loss) == ("compare/losses/ce", ((20, 1.0), (40, 0.5)))
    assert loss.checks == {"small@0.01": ((40, 0.8),)}
    assert (detector.unit, detector.checks) == ("epoch", {"dev/ap50": ((1, 0.93), (2, 0.95))})
    assert read_curves(tmp_path / "nowhere") == ()
