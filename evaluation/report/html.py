"""The report as one HTML page: figures of every part with charts, light and dark, no script, nothing fetched.

Words and order only; numbers come from the JSON document, charts from plots_svg, tables from deep_tables. No picture
of the data pack enters it: faces stand in it of the sample photos alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

import numpy as np

from evaluation.metrics import curves
from evaluation.report.depth_tables import Table, at, figure, tables
from evaluation.report.plots import Axis, Dot, Series, cloud, dots, lines, point_sheet

Json = Mapping[str, Any]
SETS: Final = {
    "celeba aligned": "CelebA val, clear pictures",
    "celeba small": "CelebA val, 64 px pictures",
    "wild": "web pictures, val",
}
# What was asked for, TPR at FPR 0.01 and 0.001: the floors the shipped embedder is held to.
FLOORS: Final = {"celeba aligned": (0.970, 0.930), "celeba small": (0.895, 0.770), "wild": (0.970, 0.890)}
# FPR -> TPR ("identification rate") that the student projects reported on CelebA people they had not trained on.
STUDENTS: Final = {0.2: "0.725", 0.1: "0.588", 0.05: "0.465", 0.01: "0.859 (another project)", 0.001: "not given"}

STYLE: Final = """
:root{color-scheme:light dark;--paper:#fbfbfa;--card:#fff;--ink:#1c1c1e;--faint:#6b6b70;--grid:#e3e3e0;--good:#1a7f4b;
--bad:#b3261e;--c0:#2f6bd8;--c1:#d9622b;--c2:#1f9d74;--c3:#a646b5;--c4:#b98900;--c5:#d1406f;--c6:#4a8f9e;--c7:#77706a}
@media (prefers-color-scheme:dark){:root{--paper:#141416;--card:#1d1d20;--ink:#f0f0ee;--faint:#a2a2a8;--grid:#36363b;
--good:#5fd39b;--bad:#ff8a80;--c0:#7fb0ff;--c1:#ff9d6b;--c2:#5ccfa5;--c3:#d997e6;--c4:#e6c04d;--c5:#ff8fb2;--c6:#86cbd8;
--c7:#b9b1aa}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:16px}
h1{font-size:1.7rem;margin:.4em 0}
h2{font-size:1.3rem;margin:2em 0 .4em;border-top:1px solid var(--grid);padding-top:.8em}
h3{font-size:1rem;margin:1.2em 0 .3em}p,li{max-width:72ch}.faint{color:var(--faint)}a{color:var(--c0)}
nav{display:flex;flex-wrap:wrap;gap:4px 14px}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:10px}
.tile{background:var(--card);border:1px solid var(--grid);border-radius:10px;padding:10px 12px}
.tile b{font-size:1.5rem;display:block;font-variant-numeric:tabular-nums}.tile small{color:var(--faint);display:block}
.met{color:var(--good)}.missed{color:var(--bad)}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:14px;align-items:start}
figure{margin:0;background:var(--card);border:1px solid var(--grid);border-radius:10px;padding:10px}
figcaption{font-size:.88rem;color:var(--faint);margin-bottom:6px}
svg{width:100%;height:auto;display:block;max-width:560px;margin:0 auto}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg .tick{fill:var(--faint);font-size:11px}
svg .name{paint-order:stroke;stroke:var(--card);stroke-width:3px}
svg .grid{stroke:var(--grid);stroke-width:1;fill:none}svg .faint{stroke:var(--faint);stroke-width:1}
svg .line{fill:none;stroke:var(--c);stroke-width:2}svg .dot{fill:var(--c)}svg .fill{fill:var(--c);opacity:.22}
svg .ring{fill:none;stroke:var(--ink);stroke-width:1.2}
.s0{--c:var(--c0)}.s1{--c:var(--c1)}.s2{--c:var(--c2)}.s3{--c:var(--c3)}.s4{--c:var(--c4)}.s5{--c:var(--c5)}
.s6{--c:var(--c6)}.s7{--c:var(--c7)}
.legend{display:flex;flex-wrap:wrap;gap:2px 12px;font-size:.82rem;margin-top:6px}
.legend .key{display:inline-block;width:14px;height:4px;background:var(--c);margin-right:5px;vertical-align:middle}
.legend .dashed{background:repeating-linear-gradient(90deg,var(--c) 0 4px,transparent 4px 7px)}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--grid);border-radius:10px;margin:8px 0}
table{border-collapse:collapse;width:100%;font-size:.86rem;font-variant-numeric:tabular-nums}
th,td{padding:5px 9px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
th:first-child,td:first-child{text-align:left;white-space:normal;min-width:150px}th{color:var(--faint);font-weight:600}
caption{caption-side:bottom;text-align:left;padding:6px 9px;color:var(--faint)}
.looks{display:flex;flex-wrap:wrap;gap:10px}.looks div{font-size:.8rem;text-align:center}
.looks img{width:96px;height:96px;border-radius:6px;margin:2px}
"""


def page(document: Json) -> str:
    """The whole page of a document as `lookalike evaluate report` gathers it; parts that are not there are left out."""
    parts = document["parts"]
    shown = tables(parts)
    sections = {
        "At a glance": _glance(document),
        "Same person or not": _verification(parts, shown),
        "Groups: who is served worse": _groups(parts, shown),
        "Worse pictures, other points, end to end": _robustness(parts, shown),
        "Straightening": _straightening(parts, shown),
        "A person's vector": _person(parts, shown),
        "What the bands promise": _bands(parts),
        "Twenty people on a plane": _planes(parts),
        "Face points": _aligner(parts, shown),
        "Face boxes": _detector(parts, shown),
        "Learning curves": _learning(document.get("learning") or []),
        "How it was counted": _method(document),
    }
    there = {title: body for title, body in sections.items() if body}
    links = "".join(f'<a href="#{_anchor(title)}">{escape(title)}</a>' for title in there)
    body = "".join(f'<h2 id="{_anchor(title)}">{escape(title)}</h2>{text}' for title, text in there.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Lookalike: how good it is</title><style>{STYLE}</style></head><body><main>"
        "<h1>Lookalike: how good it is</h1>"
        "<p>Measured from the shipped files through the shipped engine, on people and pictures no training saw. "
        "In brackets: 95 % intervals, over people or pictures. The JSON beside this page holds every number.</p>"
        f"<nav>{links}</nav>{body}</main></body></html>\n"
    )


def _glance(document: Json) -> str:
    tiles = []
    embedder = document["parts"].get("embedder")
    for name, words in SETS.items() if embedder else ():
        points = embedder["sets"][name]["verification"]["points"]
        for fpr, floor in zip((0.01, 0.001), FLOORS[name], strict=True):
            value = at(points, fpr)["tpr"]
            met = value["value"] >= floor
            tiles.append(
                _tile(
                    f"TPR at FPR {fpr:g}: {words}",
                    f"{value['value']:.3f}",
                    f"{_range(value)}; floor {floor:.3f} {'met' if met else 'not met'}",
                    met=met,
                )
            )
    robustness = document["parts"].get("robustness")
    for name, lines_ in robustness["sets"].items() if robustness else ():
        given, ends = (at(lines_[key]["points"], 0.01)["tpr"]["value"] for key in ("clean", "end to end"))
        tiles.append(
            _tile(
                f"End to end, TPR at FPR 0.01: {SETS[name]}",
                f"{ends:.3f}",
                f"{ends - given:+.3f} against given points; at most 0.010 may be lost",
                met=ends >= given - 0.01,
            )
        )
    evaluation = document.get("evaluation") or {}
    for name, one in (evaluation.get("landmarks") or {}).items():
        found = one["detected"]
        error = found["nme"]["value"]  # None where no face was found
        told = "-" if error is None else f"{100 * error:.2f} %"
        tiles.append(_tile(f"Point error, {name}", told, f"{found['faces']:,} faces", met=None))
    tiles += [
        _tile(
            f"Face boxes from {one['floor_px']:.0f} px, AP at IoU 0.5",
            f"{one['ap']['value']:.3f}",
            f"{_range(one['ap'])}; {one['faces']:,} faces",
            met=None,
        )
        for one in (evaluation.get("detection") or {}).get("overall") or ()
        if one["floor_px"] >= 16
    ]
    return f'<div class="tiles">{"".join(tiles)}</div>' if tiles else ""


def _verification(parts: Json, shown: Mapping[str, Sequence[Table]]) -> str:
    doc = parts.get("embedder")
    if not doc:
        return ""
    roc = lines(
        [Series(name=SETS[name], points=one["roc"]) for name, one in doc["sets"].items()],
        x=Axis(label="FPR: strangers accepted", low=1e-5, high=1.0, log=True),
        y=Axis(label="TPR: own pairs accepted", low=0.4, high=1.0),
        title="ROC of the three sets",
    )
    edges = np.linspace(*curves.RANGE, curves.BINS + 1)
    centres = [float(x) for x in (edges[1:] + edges[:-1]) / 2]
    charts = [_chart("ROC. A threshold is a point on the curve; rates under 0.001 rest on few pairs.", roc)]
    for name, one in doc["sets"].items():
        threshold = at(one["verification"]["points"], 0.01)["threshold"]
        top = max(*one["same"], *one["different"]) * 1.05
        charts.append(
            _chart(
                f"{SETS[name]}: shares of pairs by similarity; dashed, the threshold at FPR 0.01",
                lines(
                    [
                        Series(
                            name="different people",
                            points=list(zip(centres, one["different"], strict=True)),
                            filled=True,
                        ),
                        Series(name="same person", points=list(zip(centres, one["same"], strict=True)), filled=True),
                        Series(name="threshold", points=[(threshold, 0.0), (threshold, top)], dashed=True),
                    ],
                    x=Axis(label="similarity (cosine)", low=curves.RANGE[0], high=curves.RANGE[1]),
                    y=Axis(label="share of pairs, %", low=0.0, high=top, percent=True),
                    title=f"Similarities of {SETS[name]}",
                ),
            )
        )
    words = (
        "<p>CelebA's human points and hundreds of people with twenty pictures each are not in our data, so the sets of "
        "the student projects can't be made again: their figures stand beside ours, on other pictures.</p>"
    )
    return words + _table(_beside_students(doc)) + _charts(charts) + "".join(map(_table, shown["embedder"][:4]))


def _beside_students(doc: Json) -> Table:
    """Their best figures by FPR, and ours on each set."""
    return Table(
        title="TPR beside the student projects' best, unseen CelebA people",
        columns=("FPR", "student projects", *SETS.values()),
        rows=[
            (
                f"{fpr:g}",
                words,
                *(figure(at(doc["sets"][name]["verification"]["points"], fpr)["tpr"]) for name in SETS),
            )
            for fpr, words in STUDENTS.items()
        ],
    )


def _groups(parts: Json, shown: Mapping[str, Sequence[Table]]) -> str:
    doc = parts.get("embedder")
    if not doc:
        return ""
    charts = []
    for one in doc["groups"]:
        names = [name for name in one["groups"] if one["groups"][name]["same_pairs"] > 0]
        whole = one["groups"]["all"]
        for key, words in (("tpr", "own pairs accepted"), ("fpr", "strangers accepted")):
            rows = [_dot(name, one["groups"][name][key]) for name in names]
            low = min((row.low for row in rows if np.isfinite(row.low)), default=0.0)
            high = max((row.high for row in rows if np.isfinite(row.high)), default=1.0)
            axis = Axis(
                label=f"{words}, %",
                low=max(0.0, low - 0.02) if key == "tpr" else 0.0,
                high=1.0 if key == "tpr" else max(high * 1.1, 0.02),
                percent=True,
            )
            title = f"{one['set']}: {words}"
            charts.append(_chart(title, dots(rows, x=axis, title=title, line_at=whole[key]["value"])))
    findings = "".join(f"<li>{escape(sentence)}</li>" for sentence in doc["gaps"])
    words = (
        "<p>A product has one threshold. Each group is counted at that of its whole set; groups of people by pairs "
        "within the group, so that strangers are strangers of one's own kind, who are more alike than any two people. "
        "Attributes are CelebA's own labels, on people held out of training: no val picture of the data has any.</p>"
    )
    found = f"<h3>Intervals that lie wholly apart from those of all</h3><ul>{findings}</ul>" if findings else ""
    group_tables = [table for table in shown["embedder"] if table.title.startswith("Groups")]
    return words + found + _charts(charts) + "".join(_table(table) for table in group_tables)


def _robustness(parts: Json, shown: Mapping[str, Sequence[Table]]) -> str:
    doc = parts.get("robustness")
    if not doc:
        return ""
    charts = []
    for name, lines_ in doc["sets"].items():
        rows = [_dot(line["words"], at(line["points"], 0.01)["tpr"]) for line in lines_.values()]
        low = min((row.low for row in rows if np.isfinite(row.low)), default=0.0)
        title = f"{SETS[name]}: TPR at FPR 0.01, %"
        axis = Axis(label="TPR at FPR 0.01, %", low=max(0.0, low - 0.03), high=1.0, percent=True)
        clean = at(lines_["clean"]["points"], 0.01)["tpr"]["value"]
        charts.append(_chart(title, dots(rows, x=axis, title=title, line_at=clean)))
    words = (
        "<p>Where a picture is spoilt, one picture of each pair is, since the gallery is not; where points or "
        "straightening change, they change for both. End to end, a face that is not found or is refused is a pair "
        "that does not match.</p>"
    )
    wanted = [t for t in shown["robustness"] if t.title.startswith(("Worse", "Turned"))]
    return words + _charts(charts) + "".join(_table(table) for table in wanted)


def _straightening(parts: Json, shown: Mapping[str, Sequence[Table]]) -> str:
    robustness, samples = parts.get("robustness"), parts.get("samples")
    body = ""
    if robustness:
        charts = []
        for name, kinds in robustness["before_after"].items():
            series = [
                Series(
                    name=f"{'same person' if kind == 'same' else 'different people'}, {words}",
                    points=[(k + 1.0, pair[key]) for k, pair in enumerate(one["leaning_most"])],
                    dashed=key == "before",
                    marked=True,
                )
                for kind, one in kinds.items()
                for key, words in (("before", "before"), ("after", "after"))
            ]
            title = f"{SETS[name]}: the ten pairs of each kind whose heads lean apart the most"
            x = Axis(label="pair, the most apart first", low=1.0, high=10.0)
            y = Axis(label="cosine", low=-0.3, high=1.0)
            charts.append(_chart(title, lines(series, x=x, y=y, title=title)))
        body += (
            "<p>The embedder was trained on crops straightened by five points; other ways are compared on it as it "
            "is, in the table above.</p>" + _charts(charts)
        )
        body += "".join(_table(t) for t in shown["robustness"] if t.title.startswith("Cosines"))
    if samples and samples["looks"]:
        looks = "".join(
            f'<div><img alt="before" src="{look["before"]}"><img alt="after" src="{look["after"]}"><br>'
            f"{escape(look['photo'])}, turned {look['degrees']:+.0f} degrees</div>"
            for look in samples["looks"]
        )
        body += f'<h3>The sample photos, before and after</h3><div class="looks">{looks}</div>'
        body += "".join(_table(table) for table in shown["samples"])
    return body


def _person(parts: Json, shown: Mapping[str, Sequence[Table]]) -> str:
    if not parts.get("embedder"):
        return ""
    wanted = [t for t in shown["embedder"] if t.title.startswith(("How a person", "Averaging"))]
    return (
        "<p>Every probe is taken out of its own person, whatever the way. Gains are paired: the same people are drawn "
        "for both ways.</p>" + "".join(_table(table) for table in wanted)
    )


def _bands(parts: Json) -> str:
    doc = (parts.get("embedder") or {}).get("bands")
    if not doc:
        return ""
    series = [Series(name="as promised", points=[(share, share) for share in doc["promised"]], dashed=True)]
    series += [
        Series(
            name=name,
            points=[(p, s) for p, s in zip(doc["promised"], shares, strict=True) if s * doc["pairs"][name] >= 5],
            marked=True,
        )
        for name, shares in doc["strangers"].items()
    ]
    x = Axis(label="promised share of strangers", low=1e-4, high=0.2, log=True)
    y = Axis(label="measured share", low=1e-5, high=0.5, log=True)
    chart = lines(series, x=x, y=y, title="Promised against measured false matches")
    same = [
        Series(name=name, points=list(zip(doc["promised"], shares, strict=True)), marked=True)
        for name, shares in doc["same"].items()
    ]
    own = lines(
        same,
        x=x,
        y=Axis(label="own pairs at least as alike", low=0.0, high=1.0),
        title="Own pairs at the similarity of each promised share",
    )
    return (
        "<p>The table of /compare is made of the three val sets, each weighing the same; the held-out people of the "
        "training are the check from outside. Above the dashed line a set has more false matches than promised.</p>"
        + _charts([_chart("Strangers: measured against promised", chart), _chart("Own pairs at that similarity", own)])
    )


def _planes(parts: Json) -> str:
    doc = (parts.get("embedder") or {}).get("projection")
    if not doc:
        return ""
    charts = []
    for name, plane in doc.items():
        numbers = {person: k for k, person in enumerate(dict.fromkeys(plane["people"]))}
        groups = [numbers[person] for person in plane["people"]]
        title = f"{SETS[name]}: {len(numbers)} people, up to 15 pictures each"
        caption = (
            f"{title}. The plane shows {plane['shown'] or 0.0:.0%} of the spread, so much that overlaps here does not."
        )
        charts.append(_chart(caption, cloud(plane["places"], groups, title=title)))
    return _charts(charts)


def _aligner(parts: Json, shown: Mapping[str, Sequence[Table]]) -> str:
    doc = parts.get("aligner")
    if not doc:
        return ""
    x = Axis(label="error over the eye distance, %", low=0.0, high=0.15, percent=True)
    y = Axis(label="share of faces, %", low=0.0, high=1.0, percent=True)
    cumulative = lines(
        [
            Series(name=name, points=list(zip(doc["limits"], one["curve"], strict=True)))
            for name, one in doc["sets"].items()
        ],
        x=x,
        y=y,
        title="Cumulative error",
    )
    bins = doc["doubt"]["bins"]
    reach = max((max(line["expected"], line["came"]) for line in bins), default=0.1) * 1.05
    belief = lines(
        [
            Series(name="as expected", points=[(0.0, 0.0), (reach, reach)], dashed=True),
            Series(name="came", points=[(line["expected"], line["came"]) for line in bins], marked=True),
        ],
        x=Axis(label="expected error, %", low=0.0, high=reach, percent=True),
        y=Axis(label="error that came, %", low=0.0, high=reach, percent=True),
        title="Expected and real error",
    )
    sheet = point_sheet(
        [(f"{face['set']} {100 * face['error']:.1f} %", face["true"], face["found"]) for face in doc["sheet"]],
        title="True and found points",
    )
    charts = [
        _chart("Share of faces with at most that error; a missed face never arrives", cumulative),
        _chart("The network's own estimate of its error", belief),
        _chart("Each set from its best face to its worst: rings are true points, dots those found", sheet),
    ]
    return _charts(charts) + "".join(_table(table) for table in shown["aligner"])


def _detector(parts: Json, shown: Mapping[str, Sequence[Table]]) -> str:
    doc = parts.get("detector")
    if not doc:
        return ""
    series = [
        Series(name=name, points=[(row["from_px"], row["recall"]) for row in way["by_size"]], marked=True)
        for name, way in doc["ways"].items()
    ]
    chart = lines(
        series,
        x=Axis(label="smaller side of the face, px", low=8.0, high=250.0, log=True),
        y=Axis(label="recall", low=0.0, high=1.0),
        title="Recall by face size",
    )
    return _charts([_chart("Recall at the shipped threshold by face size", chart)]) + "".join(
        _table(table) for table in shown["detector"]
    )


def _learning(runs: Sequence[Json]) -> str:
    charts = []
    for run in runs:
        for kind, curves_ in (("loss", {"loss": run["loss"]}), ("checked on held-out pictures", run["checks"])):
            points = [point for curve in curves_.values() for point in curve]
            if len(points) < 2:
                continue
            ys = [y for _, y in points]
            x = Axis(label=run["unit"], low=min(x for x, _ in points), high=max(x for x, _ in points))
            y = Axis(label=kind, low=min(ys) - 0.02 * abs(min(ys)), high=max(ys) + 0.02 * abs(max(ys)))
            title = f"{run['run']}: {kind}"
            series = [
                Series(name=name, points=curve, marked=kind != "loss") for name, curve in curves_.items() if curve
            ]
            charts.append(_chart(title, lines(series, x=x, y=y, title=title)))
    return _charts(charts) if charts else ""


def _method(document: Json) -> str:
    limit = document.get("limit")
    cut = f" Cut to {limit} pictures a set: a quick try, not a result." if limit else ""
    return (
        "<ul><li>Points as given with the data, one crop, no flip, all pairs within a set, unless a line says "
        "otherwise.</li><li>Intervals are 2.5th to 97.5th percentiles over resampled people (pictures for points and "
        "boxes).</li><li>26 and 32 people carry two of the three sets: their tails depend on few faces.</li>"
        "<li>LFW is not in the data pack: <code>lookalike evaluate lfw</code> runs its protocol where it is.</li>"
        f'</ul><p class="faint">Embedder {escape(str(document["embedder"])[:12])}, engine '
        f"{escape(str(document['engine']))}.{escape(cut)}</p>"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    return (
        f'<h3>{escape(table.title)}</h3><div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _tile(label: str, value: str, note: str, *, met: bool | None) -> str:
    mark = "" if met is None else ' class="met"' if met else ' class="missed"'
    return f'<div class="tile"><small>{escape(label)}</small><b{mark}>{value}</b><small>{escape(note)}</small></div>'


def _chart(caption: str, svg: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{svg}</figure>"


def _charts(charts: Sequence[str]) -> str:
    return f'<div class="charts">{"".join(charts)}</div>'


def _dot(name: str, one: Json) -> Dot:
    value, low, high = (float("nan") if one[key] is None else float(one[key]) for key in ("value", "low", "high"))
    return Dot(name=name, value=value, low=low, high=high)


def _range(one: Json) -> str:
    return f"{one['low']:.3f} to {one['high']:.3f}" if one["low"] is not None else "no interval"


def _anchor(title: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in title.lower())
