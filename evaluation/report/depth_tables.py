"""The deep parts' figures as tables, once for a terminal and for the page. Wording and rounding only.

Reads the JSON documents of evaluation.suites.in_depth, so that a kept outcome and a fresh one look the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table as RichTable

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as text; the first column is words, the others are figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


def tables(parts: Json) -> dict[str, list[Table]]:
    """Every part that was measured -> its tables."""
    makers = {
        "embedder": _embedder,
        "robustness": _robustness,
        "aligner": _aligner,
        "detector": _detector,
        "samples": _samples,
    }
    return {name: make(parts[name]) for name, make in makers.items() if name in parts}


def as_rich(table: Table) -> RichTable:
    """The same for a terminal."""
    shown = RichTable(title=table.title, caption=table.caption or None)
    for k, column in enumerate(table.columns):
        shown.add_column(column, justify="left" if k == 0 else "right")
    for row in table.rows:
        shown.add_row(*row)
    return shown


def share(value: float | None, digits: int = 3) -> str:
    """A share, or a dash for none."""
    return "-" if value is None else f"{value:.{digits}f}"


def figure(one: Json | None, digits: int = 3) -> str:
    """A figure with its interval, or without where nothing was resampled."""
    if one is None or one["value"] is None:
        return "-"
    if one["low"] is None:
        return f"{one['value']:.{digits}f}"
    return f"{one['value']:.{digits}f} ({one['low']:.{digits}f} to {one['high']:.{digits}f})"


def gain(one: Json | None) -> str:
    """A difference with its sign and interval."""
    return "-" if one is None else f"{one['value']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"


def percent(one: Json | None, digits: int = 2) -> str:
    """A share figure as percent with its interval."""
    if one is None or one["value"] is None:
        return "-"
    low, high = (100 * (one[end] if one[end] is not None else float("nan")) for end in ("low", "high"))
    return f"{100 * one['value']:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def at(points: Sequence[Json], fpr: float) -> Json:
    """The row of one FPR."""
    return next(point for point in points if abs(point["fpr"] - fpr) < 1e-9)


def _embedder(doc: Json) -> list[Table]:
    verification = [
        (
            f"{name} val" if k == 0 else "",
            f"{point['fpr']:g}",
            share(point["threshold"]),
            figure(point["tpr"]),
            f"{point['false_matches']:,}",
        )
        for name, one in doc["sets"].items()
        for k, point in enumerate(one["verification"]["points"])
    ]
    held_out = [
        (
            name,
            f"{one['people']} / {one['pictures']:,}",
            *(figure(at(one["points"], fpr)["tpr"]) for fpr in (0.01, 0.001)),
        )
        for name, one in doc["held_out"].items()
    ]
    nearest = [
        (
            f"{name} val",
            f"{one['nearest']['probes']:,}",
            f"{one['nearest']['people']:,}",
            figure(one["nearest"]["picture"]),
            figure(one["nearest"]["person"]),
        )
        for name, one in doc["sets"].items()
    ]
    first = [
        (
            f"{name} val",
            f"{one['probes']:,}",
            f"{one['gallery_people']:,}",
            figure(one["rank_1"]),
            figure(one["rank_8"]),
        )
        for name, one in doc["identification"].items()
    ]
    return [
        Table(
            title="Same person or not: TPR and threshold",
            columns=("set", "FPR", "threshold", "TPR (95 % over people)", "false matches"),
            rows=verification,
        ),
        Table(
            title="The same by source, on CelebA train people held out of every training",
            columns=("source", "people / pictures", "TPR at FPR 0.01", "TPR at FPR 0.001"),
            rows=held_out,
            caption="Steps and averages of the training were chosen on these people; nothing was fitted on them.",
        ),
        Table(
            title="Accuracy@1: nearest within the set",
            columns=("set", "probes", "people", "nearest other picture", "nearest person"),
            rows=nearest,
        ),
        Table(
            title="Rank in the whole gallery, the probe taken out",
            columns=("set", "probes", "people", "first", "among eight"),
            rows=first,
        ),
        *(_group_table(one) for one in doc["groups"]),
        *_person_tables(doc),
    ]


def _group_table(one: Json) -> Table:
    return Table(
        title=f"Groups at one threshold ({one['threshold']:.3f}: FPR {one['fpr']:g} of all): {one['set']}",
        columns=("group", "people / pictures", "same pairs", "own pairs accepted", "strangers accepted, %"),
        rows=[
            (
                name,
                f"{group['people']} / {group['pictures']:,}",
                f"{group['same_pairs']:,}",
                figure(group["tpr"]),
                percent(group["fpr"]),
            )
            for name, group in one["groups"].items()
        ],
    )


def _person_tables(doc: Json) -> list[Table]:
    person = doc["person_vectors"]
    ways = [
        (
            f"{name}: {person['ways'][way]}",
            f"{one['probes']:,}",
            figure(line["rank_1"]),
            gain(line["gain"]),
            f"{line['vectors']:,}",
        )
        for name, one in person["sets"].items()
        for way, line in one["ways"].items()
    ]
    flips = [
        (f"{name} val, both pictures of a pair", f"TPR at FPR {line['fpr']:g}", share(line["tpr"]), gain(line["gain"]))
        for name, lines in doc["flip"]["pairs"].items()
        for line in lines
    ] + [
        (f"{name} val, the probe alone", "rank 1 in the gallery", share(line["rank_1"]["value"]), gain(line["gain"]))
        for name, lines in doc["flip"]["probe_alone"].items()
        for way, line in lines.items()
        if way != "one crop"
    ]
    return [
        Table(
            title="How a person's vector is made: rank 1 in the whole gallery",
            columns=("set and way", "probes", "first", "gain over the mean", "vectors kept"),
            rows=ways,
        ),
        Table(
            title="Averaging with the mirror image",
            columns=("where", "figure", "with it", "gain over one crop"),
            rows=flips,
        ),
    ]


def _robustness(doc: Json) -> list[Table]:
    found = []
    for name, lines in doc["sets"].items():
        rows = []
        for line in lines.values():
            change = line["gain"]["0.01"] if line["gain"] else None
            rows.append(
                (
                    line["words"],
                    figure(at(line["points"], 0.01)["tpr"]),
                    gain(change),
                    figure(at(line["points"], 0.001)["tpr"]),
                    share(line["at_clean_threshold"]["tpr"]),
                    share(line["at_clean_threshold"]["fpr"], 4),
                )
            )
        ends = lines["end to end"]
        difference = at(ends["points"], 0.01)["tpr"]["value"] - at(lines["clean"]["points"], 0.01)["tpr"]["value"]
        counts = ends["outcomes"]
        rows[-1] = (*rows[-1][:2], f"{difference:+.3f}", *rows[-1][3:])
        found.append(
            Table(
                title=f"Worse pictures and other points: {name} val",
                columns=(
                    "condition",
                    "TPR at FPR 0.01",
                    "change",
                    "TPR at FPR 0.001",
                    "TPR at clean threshold",
                    "FPR there",
                ),
                rows=rows,
                caption=f"End to end: {counts['answered']:,} faces answered, {counts['refused']} refused by the "
                f"quality gates, {counts['not found']} not found (both: no match); {ends['other_face']} answered "
                "with another face of the picture.",
            )
        )
    yaw = [
        (
            f"{name} val, {words}",
            f"{line['pictures']:,}",
            f"{line['same_pairs']:,}",
            figure(line["tpr"]),
            percent(line["fpr"]),
        )
        for name, one in doc["yaw"].items()
        for words, line in (
            ("a head turned over 40 degrees", one["over"]),
            ("both under", one["under"]),
        )
    ]
    found.append(
        Table(
            title="Turned heads, at the threshold of all (FPR 0.01)",
            columns=("pairs with", "pictures", "same pairs", "own pairs accepted", "strangers accepted, %"),
            rows=yaw,
        )
    )
    found.append(
        Table(
            title="Cosines before and after straightening",
            columns=("pairs", "n", "before (leaning, a box)", "after (five points)"),
            rows=[
                (f"{name} val, {kind}", f"{one['pairs']:,}", share(one["before"]), share(one["after"]))
                for name, kinds in doc["before_after"].items()
                for kind, one in kinds.items()
            ],
        )
    )
    return found


def _aligner(doc: Json) -> list[Table]:
    rows = []
    for name, one in doc["sets"].items():
        for words, line in ({"all": one["all"]} | one["by_yaw"]).items():
            rows.append(
                (
                    f"{name}, {words if words == 'all' else f'yaw {words} degrees'}",
                    f"{line['faces']:,} ({line['missed']})",
                    percent(line["nme"]),
                    percent(line["failures"]["0.08"], 1),
                    percent(line["failures"]["0.1"], 1),
                    share(line["auc"]["value"]),
                )
            )
    doubt = doc["doubt"]
    return [
        Table(
            title="Face points by the detector's box: error over the eye distance",
            columns=("set and yaw", "faces (missed)", "NME %", "over 8 %", "over 10 %", "AUC to 10 %"),
            rows=rows,
        ),
        Table(
            title="Can the network's own doubt be believed?",
            columns=("expected error %", "faces", "error that came %", "over 10 %"),
            rows=[
                (
                    f"{100 * line['expected']:.1f}",
                    f"{line['faces']:,}",
                    f"{100 * line['came']:.1f}",
                    f"{100 * line['over_10']:.1f} %",
                )
                for line in doubt["bins"]
            ],
            caption=f"Rank correlation of expected and real error over {doubt['faces']:,} faces: "
            f"{share(doubt['rank_correlation'], 2)}.",
        ),
    ]


def _detector(doc: Json) -> list[Table]:
    ways = []
    for name, way in doc["ways"].items():
        floor_16, floor_24 = (way["floors"][floor] for floor in ("16", "24"))
        ways.append(
            (
                name + (f" ({way['stopped']:.0%} stopped at the small pass)" if "stopped" in way else ""),
                figure(floor_16["at_50"]["ap"]),
                figure(floor_24["at_50"]["ap"]),
                share(floor_24["ap_50_95"]),
                figure(floor_24["at_50"]["recall"]),
                str(way["false_on_empty"]),
                f"{way['ms_median']:.0f}",
            )
        )
    shipped = doc["ways"][doc["shipped"]]["by_size"]
    sizes = [
        (
            f"{row['from_px']:.0f} px and more"
            if row["to_px"] is None
            else f"{row['from_px']:.0f} to {row['to_px']:.0f} px",
            f"{row['faces']:,}",
            *(
                share(next((r["recall"] for r in way["by_size"] if r["from_px"] == row["from_px"]), None))
                for way in doc["ways"].values()
            ),
        )
        for row in shipped
    ]
    sheets = ", ".join(map(str, doc["contact_sheets"])) or "none measured"
    return [
        Table(
            title=f"Input sizes: val scenes, upright, threshold {doc['threshold']:g}",
            columns=(
                "way",
                "AP from 16 px",
                "AP from 24 px",
                "AP 0.5:0.95 from 24 px",
                "recall from 24 px",
                "false on empty",
                "ms, median",
            ),
            rows=ways,
            caption="Times of one machine while it was measured: compare them with one another only.",
        ),
        Table(
            title="Recall by the smaller side of the face",
            columns=("face", "faces", *doc["ways"]),
            rows=sizes,
        ),
        Table(
            title="As the product answers, quarter turns and all: faces from 24 px",
            columns=("photos lie", "photos", "faces", "recall", "false boxes"),
            rows=[
                (words, f"{one['photos']:,}", f"{one['faces']:,}", share(one["recall"]), str(one["false_boxes"]))
                for words, one in doc["turned"].items()
            ],
            caption=f"A face that fills the frame: {doc['frame_filling']['found']} of {doc['frame_filling']['photos']} "
            f"found with one box. Contact sheets of 16 portraits gave {sheets} boxes.",
        ),
    ]


def _samples(doc: Json) -> list[Table]:
    looks = doc["looks"]

    def words(k: int) -> str:
        return f"{looks[k]['photo']} at {looks[k]['degrees']:+.0f} degrees"

    return [
        Table(
            title="The sample photos, turned: cosines before and after straightening",
            columns=("pair", "before", "after"),
            rows=[
                (f"{words(pair['a'])}, {words(pair['b'])}", share(pair["before"]), share(pair["after"]))
                for pair in doc["pairs"]
            ],
        )
    ]
