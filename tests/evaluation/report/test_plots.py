"""Charts as text: well-formed, inside their frame, told apart; curves and planes counted by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from evaluation.metrics.curves import BINS, density, roc, same_at_or_above, share_at_or_above
from evaluation.metrics.projection import on_a_plane
from evaluation.metrics.verification import all_pairs
from evaluation.report.learning_curves import read_curves
from evaluation.report.plots import HEIGHT, WIDTH, Axis, Dot, Series, cloud, dots, lines, point_sheet

SHARE = Axis(label="a < b & c", low=0.0, high=1.0, percent=True)


def _svg(text: str) -> ET.Element:
    """The first element, parsed: fails on a bad escape or an open tag."""
    return ET.fromstring(text[: text.index("</svg>") + 6])  # noqa: S314 - our own text


def _numbers(element: ET.Element, *names: str) -> list[float]:
    return [float(node.attrib[name]) for node in element.iter() for name in names if name in node.attrib]


def test_curves_stay_inside_the_frame_and_names_are_escaped() -> None:
    wild = Series(name="<wild>", points=[(1e-9, -3.0), (0.5, 0.5), (7.0, float("nan")), (9.0, 9.0)], marked=True)
    text = lines([wild, Series(name="b", points=[])], x=SHARE, y=SHARE, title='a "title"')
    svg = _svg(text)
    assert all(0 <= x <= WIDTH for x in _numbers(svg, "cx"))
    assert all(0 <= y <= HEIGHT for y in _numbers(svg, "cy"))
    assert len(list(svg.iter("circle"))) == 3  # the one that is no number is left out
    assert "&lt;wild&gt;" in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("axis", "want"),
    [
        (Axis(label="", low=1e-4, high=1.0, log=True), ["0.0001", "0.001", "0.01", "0.1", "1"]),
        (Axis(label="", low=0.9, high=1.0, percent=True), ["90", "92", "94", "96", "98", "100"]),
        (Axis(label="", low=0.0, high=3.0), ["0", "0.5", "1", "1.5", "2", "2.5", "3"]),
    ],
    ids=["powers of ten", "percent", "plain"],
)
def test_ticks_are_round_numbers_inside_the_axis(axis: Axis, want: list[str]) -> None:
    svg = _svg(dots([], x=axis, title=""))
    assert [node.text for node in svg.iter("text") if node.attrib["class"] == "tick"] == want


def test_a_figure_without_value_keeps_its_line_and_gets_no_dot() -> None:
    nan = float("nan")
    svg = _svg(
        dots(
            [Dot(name="a", value=0.5, low=0.4, high=0.6), Dot(name="b", value=nan, low=nan, high=nan)],
            x=SHARE,
            title="t",
        )
    )
    assert len(list(svg.iter("circle"))) == 1
    assert {"a", "b"} <= {node.text for node in svg.iter("text")}


def test_twenty_people_look_different_from_one_another() -> None:
    text = cloud([(k, k % 3) for k in range(20)], list(range(20)), title="people")
    marks = re.findall(r'<(circle|rect|path) class="dot (s\d)"', text)
    assert len(set(marks)) == 20


def test_a_sheet_has_five_rings_and_five_dots_a_face() -> None:
    face = [[0.3, 0.3], [0.7, 0.3], [0.5, 0.5], [0.35, 0.7], [0.65, 0.7]]
    svg = _svg(point_sheet([("a", face, face)] * 5, title="sheet"))
    rings = [node for node in svg.iter("circle") if node.attrib["class"] == "ring"]
    assert (len(rings), len(list(svg.iter("circle")))) == (25, 50)


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


def test_the_plane_keeps_apart_who_lies_apart() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(8)[[0, 1, 2]]
    vectors = centres.repeat(6, axis=0) + 0.02 * rng.normal(size=(18, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    plane = on_a_plane(vectors, [k // 6 for k in range(18)], count=3, pictures=5)
    places = plane.places.reshape(3, 5, 2)
    within = np.linalg.norm(places - places.mean(axis=1, keepdims=True), axis=2).max()
    between = min(np.linalg.norm(places[a].mean(0) - places[b].mean(0)) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert between > 10 * within
    assert plane.shown > 0.95


def test_learning_curves_are_read_and_a_line_cut_short_ends_them(tmp_path: Path) -> None:
    ours = tmp_path / "compare" / "losses" / "ce" / "log.jsonl"
    ours.parent.mkdir(parents=True)
    rows = [{"step": 20, "loss": 1.0}, {"step": 40, "loss": 0.5}, {"step": 40, "check": {"small@0.01": 0.8}}]
    ours.write_text("\n".join(map(json.dumps, rows)) + '\n{"step": 60, "lo', "utf-8")
    theirs = tmp_path / "detector" / "detector" / "results.csv"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("epoch, train/box_loss,dev/ap50\n1,1.5,0.93\n2,1.4,0.95,7\n3,,\n", "utf-8")
    loss, detector = read_curves(tmp_path)
    assert (loss["run"], loss["loss"]) == ("compare/losses/ce", [(20, 1.0), (40, 0.5)])
    assert loss["checks"] == {"small@0.01": [(40, 0.8)]}
    assert (detector["unit"], detector["checks"]) == ("epoch", {"dev/ap50": [(1, 0.93), (2, 0.95)]})
    assert read_curves(tmp_path / "nowhere") == []
