"""The suites' figures as tables, for a terminal, the page and the model cards. Wording and rounding only."""

from __future__ import annotations

from evaluation.datasets.pack import REFERENCE_SET
from evaluation.documents.base import point_at
from evaluation.documents.in_depth import (
    AlignerPart,
    Answered,
    AnsweredPart,
    CoveredPart,
    DetectorPart,
    EmbedderPart,
    Groups,
    Parts,
    RobustnessPart,
)
from evaluation.documents.shipped import LandmarkScores
from evaluation.report.table import Table, figure, gain, number, percent


def tables(parts: Parts) -> dict[str, list[Table]]:
    """Make the tables of every suite that was run."""
    made: dict[str, list[Table]] = {}
    if parts.embedder is not None:
        made["embedder"] = _embedder(parts.embedder)
    if parts.robustness is not None:
        made["robustness"] = robustness(parts.robustness)
    if parts.aligner is not None:
        made["aligner"] = aligner(parts.aligner)
    if parts.detector is not None:
        made["detector"] = detector(parts.detector)
    return made


def _embedder(doc: EmbedderPart) -> list[Table]:
    verification = [
        (
            f"{name} val" if k == 0 else "",
            f"{point.fpr:g}",
            number(point.threshold),
            figure(point.tpr),
            f"{point.false_matches:,}",
        )
        for name, one in doc.sets.items()
        for k, point in enumerate(one.verification.points)
    ]
    held_out = [
        (
            name,
            f"{one.people} / {one.pictures:,}",
            *(figure(point_at(one.points, fpr).tpr) for fpr in (0.01, 0.001)),
        )
        for name, one in doc.held_out.items()
    ]
    nearest = [
        (
            f"{name} val",
            f"{one.nearest.probes:,}",
            f"{one.nearest.people:,}",
            figure(one.nearest.picture),
            figure(one.nearest.person),
        )
        for name, one in doc.sets.items()
    ]
    first = [
        (
            f"{name} val",
            f"{one.probes:,}",
            f"{one.gallery_people:,}",
            figure(one.rank_1),
            figure(one.rank_8),
        )
        for name, one in doc.identification.items()
    ]
    return [
        Table(
            key="verification",
            title="Same person or not: TPR and threshold",
            columns=("set", "FPR", "threshold", "TPR (95 % over people)", "false matches"),
            rows=verification,
        ),
        Table(
            key="held out",
            title="The same by source, on CelebA train people held out of every training",
            columns=("source", "people / pictures", "TPR at FPR 0.01", "TPR at FPR 0.001"),
            rows=held_out,
            caption="Steps and averages of the training were chosen on these people; nothing was fitted on them.",
        ),
        Table(
            key="nearest",
            title="Accuracy@1: nearest within the set",
            columns=("set", "probes", "people", "nearest other picture", "nearest person"),
            rows=nearest,
        ),
        Table(
            key="first",
            title="Rank in the whole gallery, the probe taken out",
            columns=("set", "probes", "people", "first", "among eight"),
            rows=first,
        ),
        *(group_table(one) for one in doc.groups),
    ]


def group_table(one: Groups) -> Table:
    """Each group's own pairs and strangers that pass the threshold of the whole set."""
    return Table(
        key="groups",
        title=f"Groups at one threshold ({number(one.threshold)}: FPR {one.fpr:g} of all): {one.set}",
        columns=("group", "people / pictures", "same pairs", "own pairs accepted", "strangers accepted, %"),
        rows=[
            (
                name,
                f"{group.people} / {group.pictures:,}",
                f"{group.same_pairs:,}",
                figure(group.tpr),
                percent(group.fpr),
            )
            for name, group in one.groups.items()
        ],
    )


def robustness(doc: RobustnessPart) -> list[Table]:
    """TPR under worse pictures and other landmarks, set by set; turned heads; cosines before and after alignment."""
    found = []
    for name, lines in doc.sets.items():
        rows = []
        for line in lines.values():
            change = line.gain["0.01"] if line.gain else None
            rows.append(
                (
                    line.words,
                    figure(point_at(line.points, 0.01).tpr),
                    gain(change),
                    figure(point_at(line.points, 0.001).tpr),
                    number(line.at_clean_threshold.tpr),
                    number(line.at_clean_threshold.fpr, 4),
                )
            )
        ends = lines["end to end"]
        after, before = (point_at(lines[key].points, 0.01).tpr.value for key in ("end to end", "clean"))
        difference = "-" if after is None or before is None else f"{after - before:+.3f}"
        rows[-1] = (*rows[-1][:2], difference, *rows[-1][3:])
        counts = ends.outcomes
        found.append(
            Table(
                key="conditions",
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
                caption=""
                if counts is None
                else f"End to end: {counts.answered:,} faces answered, {counts.refused} refused by the quality gates, "
                f"{counts.not_found} not found (both: no match); {ends.other_face} answered with another face of the "
                "picture.",
            )
        )
    yaw = [
        (
            f"{name} val, {words}",
            f"{line.pictures:,}",
            f"{line.same_pairs:,}",
            figure(line.tpr),
            percent(line.fpr),
        )
        for name, one in doc.yaw.items()
        for words, line in (
            ("a head turned over 40 degrees", one.over),
            ("both under", one.under),
        )
    ]
    found.append(
        Table(
            key="yaw",
            title="Turned heads, at the threshold of all (FPR 0.01)",
            columns=("pairs with", "pictures", "same pairs", "own pairs accepted", "strangers accepted, %"),
            rows=yaw,
        )
    )
    found.append(
        Table(
            key="cosines",
            title="Cosines before and after alignment",
            columns=("pairs", "n", "before (leaning, a box)", "after (five points)"),
            rows=[
                (f"{name} val, {kind}", f"{one.pairs:,}", number(one.before), number(one.after))
                for name, kinds in doc.before_after.items()
                for kind, one in kinds.items()
            ],
        )
    )
    return found


def aligner(doc: AlignerPart) -> list[Table]:
    """Error by set and yaw, the estimate of error against what came, cut and covered faces."""
    rows = []
    for name, one in doc.sets.items():
        if name == REFERENCE_SET:
            continue
        for words, line in ({"all": one.all} | one.by_yaw).items():
            rows.append(
                (
                    f"{name}, {words if words == 'all' else f'yaw {words} degrees'}",
                    f"{line.faces:,} ({line.missed})",
                    percent(line.nme),
                    percent(line.failures["0.08"], 1),
                    percent(line.failures["0.1"], 1),
                    number(line.auc.value),
                )
            )
    doubt = doc.doubt
    return [
        Table(
            key="points",
            title="Face points by the detector's box: error over the eye distance",
            columns=("set and yaw", "faces (missed)", "NME %", "over 8 %", "over 10 %", "AUC to 10 %"),
            rows=rows,
        ),
        Table(
            key="doubt",
            title="The network's own estimate of its error",
            columns=("expected error %", "faces", "error that came %", "over 10 %"),
            rows=[
                (
                    f"{100 * line.expected:.1f}",
                    f"{line.faces:,}",
                    f"{100 * line.came:.1f}",
                    f"{100 * line.over_10:.1f} %",
                )
                for line in doubt.bins
            ],
            caption=f"Rank correlation of expected and real error over {doubt.faces:,} faces: "
            f"{number(doubt.rank_correlation, 2)}.",
        ),
        *(_celeba(doc.sets[REFERENCE_SET].all) if REFERENCE_SET in doc.sets else ()),
        *(covered(doc.covered) if doc.covered is not None else ()),
    ]


def _celeba(line: LandmarkScores) -> list[Table]:
    return [
        Table(
            key="celeba",
            title="CelebA's val pictures, by the points of the reference network that labelled them",
            columns=("faces (missed)", "NME %", "over 8 %", "over 10 %"),
            rows=[
                (
                    f"{line.faces:,} ({line.missed})",
                    percent(line.nme),
                    percent(line.failures["0.08"], 1),
                    percent(line.failures["0.1"], 1),
                )
            ],
            caption="No human set these points, and training saw that network's points on other pictures.",
        )
    ]


def covered(doc: CoveredPart) -> list[Table]:
    """What the product makes of faces without a visible mouth, and of blurred ones."""
    return [
        Table(
            key="covered",
            title="Faces cut by the photo's edge and covered, as the product answers",
            columns=("way", "faces (not found)", "usable and upside down %", "refused %", "refused for"),
            rows=[
                (
                    kind,
                    f"{row.faces:,} ({row.not_found})",
                    percent(row.upside_down),
                    percent(row.refused, 1),
                    ", ".join(f"{code} {count}" for code, count in row.refused_for.items()) or "-",
                )
                for kind, row in doc.rows.items()
            ],
            caption="Val faces in shapes that training does not draw; intervals after Wilson.",
        ),
        Table(
            key="blurred",
            title="Whole faces under a Gaussian",
            columns=("sigma over the eye distance", "faces (found)", "usable %", "sharpness, median"),
            rows=[
                (f"{row.sigma:.2f}", f"{row.faces:,} ({row.found})", percent(row.usable, 1), number(row.sharpness, 1))
                for row in doc.blurred
            ],
        ),
    ]


def detector(doc: DetectorPart) -> list[Table]:
    ways = []
    for name, way in doc.ways.items():
        floor_16, floor_24 = (way.floors[floor] for floor in ("16", "24"))
        ways.append(
            (
                name + (f" ({way.stopped:.0%} stopped at the small pass)" if way.stopped is not None else ""),
                figure(floor_16.at_50.ap),
                figure(floor_24.at_50.ap),
                number(floor_24.ap_50_95),
                figure(floor_24.at_50.recall),
                str(way.false_on_empty),
                f"{way.ms_median:.0f}",
            )
        )
    shipped = doc.ways[doc.shipped].by_size
    sizes = [
        (
            f"{row.from_px:.0f} px and more" if row.to_px is None else f"{row.from_px:.0f} to {row.to_px:.0f} px",
            f"{row.faces:,}",
            *(
                number(next((r.recall for r in way.by_size if r.from_px == row.from_px), None))
                for way in doc.ways.values()
            ),
        )
        for row in shipped
    ]
    return [
        Table(
            key="sizes",
            title=f"Input sizes: val scenes, upright, threshold {doc.threshold:g}",
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
            key="by size",
            title="Recall by the smaller side of the face",
            columns=("face", "faces", *doc.ways),
            rows=sizes,
        ),
        answered(doc),
    ]


def answered(doc: AnsweredPart | DetectorPart) -> Table:
    """What the product finds by the way photos lie; frames full of face and contact sheets below."""
    sheets = ", ".join(map(str, doc.contact_sheets)) or "none measured"
    return Table(
        key="answered",
        title="As the product answers, quarter turns and all: faces from 24 px",
        columns=("photos lie", "photos", "faces", "recall", "false boxes"),
        rows=[
            (words, f"{one.photos:,}", f"{one.faces:,}", _recall(one), str(one.false_boxes))
            for words, one in doc.turned.items()
        ],
        caption=f"A face that fills the frame: {doc.frame_filling.found} of {doc.frame_filling.photos} "
        f"found with one box. Contact sheets of 16 portraits gave {sheets} boxes.",
    )


def _recall(one: Answered) -> str:
    if one.interval is None:
        return number(one.recall)
    low, high = one.interval
    return f"{number(one.recall)} ({number(low)} to {number(high)})"
