"""The figures of `lookalike evaluate` as tables. Wording and rounding only; nothing is measured here."""

from __future__ import annotations

from typing import Any

from evaluation.documents.shipped import (
    Agreement,
    DetectionRows,
    DetectionScores,
    EvaluationDocument,
    Identification,
    LandmarkRows,
    LandmarkScores,
    LikenessPart,
    RarityCell,
    RarityTable,
    Verification,
)
from evaluation.report.table import Table, figure, gain, interval, number, percent


def tables(document: EvaluationDocument) -> list[Table]:
    """Make the tables of every part that was measured, in the order of the networks' work on a face."""
    shown: list[Table] = []
    if document.verification is not None:
        shown.append(verification(document.verification))
    if document.identification is not None:
        shown.append(identification(document.identification))
    if document.landmarks is not None:
        shown.append(landmarks(document.landmarks))
    if document.detection is not None:
        shown += detection(document.detection)
    if document.likeness is not None:
        shown.append(likeness(document.likeness))
    if document.calibration is not None:
        shown += [_bands(document.calibration, name) for name in ("pair", "gallery")]
    if document.rarity is not None:
        shown += [rarity(name, one) for name, one in document.rarity.tables.items() if one.cells]
    return shown


def rarity(name: str, one: RarityTable) -> Table:
    """Measured shares beside those that cards say, a row a share."""
    sizes = dict.fromkeys(cell.people for cell in one.cells)
    shares = dict.fromkeys(cell.measured for cell in one.cells)
    by_place = {(cell.measured, cell.people): cell for cell in one.cells}
    worst = max(one.cells, key=lambda cell: cell.factor)
    return Table(
        key=f"rarity {name}",
        title=f"Said over measured share of strangers: {name}; {one.pictures:,} pictures of {one.people:,} people",
        columns=("strangers who find somebody this alike", *(f"among {people:,} people" for people in sizes)),
        rows=[
            (f"{share:.0%}", *(_ratio(by_place[share, people]) for people in sizes))
            for share in shares
        ],
        caption=f"Worst: {worst.people:,} people, {worst.measured:.0%} measured, {worst.said:.1%} said, a factor of "
        f"{worst.factor:.2f} ({interval(worst.ratio, 2)} of said over measured).",
    )  # fmt: skip


def _ratio(cell: RarityCell) -> str:
    limit = {"at_most": "at most ", "at_least": "at least "}.get(cell.bound, "")
    return limit + figure(cell.ratio, 2)


def verification(results: dict[str, Verification]) -> Table:
    """TPR and threshold at each FPR, set by set."""
    return Table(
        key="verification",
        title="Same person or not: val people, points as given, one crop, no flip",
        columns=("set", "people / pictures", "same / different pairs", "FPR", "threshold", "TPR (95 % over people)",
                 "false matches"),
        rows=[
            (
                f"{name} val" if k == 0 else "",
                f"{one.people} / {one.pictures:,}" if k == 0 else "",
                f"{one.same_pairs:,} / {one.different_pairs:,}" if k == 0 else "",
                f"{point.fpr:g}",
                number(point.threshold),
                figure(point.tpr),
                f"{point.false_matches:,}",
            )
            for name, one in results.items()
            for k, point in enumerate(one.points)
        ],
    )  # fmt: skip


def identification(results: dict[str, Identification]) -> Table:
    """Rank of the right person in the whole gallery."""
    return Table(
        key="identification",
        title="Who is it: each picture taken out, its person made anew without it",
        columns=("set", "probes (people)", "people in the gallery", "left out: no other picture", "first (95 %)",
                 "among the eight (95 %)"),
        rows=[
            (
                f"{name} val",
                f"{one.probes:,} ({one.people})",
                f"{one.gallery_people:,}",
                f"{one.left_out}",
                figure(one.rank_1),
                figure(one.rank_8),
            )
            for name, one in results.items()
        ],
    )  # fmt: skip


def landmarks(results: dict[str, LandmarkRows]) -> Table:
    """Error of the five points by the detector's box and by the given one."""
    return Table(
        key="landmarks",
        title="Face points: error over the distance of the eye centres, val",
        columns=("set", "box", "faces", "missed", "NME, % (95 % over pictures)", "with missed, %", "over 8 %",
                 "over 10 %", "AUC to 10 %"),
        rows=[
            (name if box == "the detector's" else "", box, *_landmark_cells(one))
            for name, rows in results.items()
            for box, one in (("the detector's", rows.detected), ("given", rows.given))
        ],
        caption="A missed face is a failure: it counts in both shares and in the AUC, it is left out of the NME, "
        'and "with missed" takes it as an error of 100 %.',
    )  # fmt: skip


def _landmark_cells(one: LandmarkScores) -> tuple[str, ...]:
    return (
        f"{one.faces:,}",
        str(one.missed),
        percent(one.nme),
        "-" if one.nme_with_missed.value is None else f"{one.nme_with_missed.value * 100:.2f}",
        *(percent(failed, 1) for failed in one.failures.values()),
        figure(one.auc),
    )


def detection(rows: DetectionRows) -> list[Table]:
    """Average precision and recall by source and floor; false boxes on empty pictures."""
    threshold = rows.overall[0].threshold
    return [
        Table(
            key="detection",
            title=f"Face boxes: val scenes, IoU 0.5, threshold {threshold:g}, upright",
            columns=("source", "pictures", "faces from", "faces", "AP (95 % over pictures)", "recall (95 %)",
                     "false boxes"),
            rows=[
                (name if k == 0 else "", *_detection_cells(one))
                for name, group in {"all": rows.overall, **rows.by_source}.items()
                for k, one in enumerate(group)
            ],
            caption=f"AP over IoU 0.5 to 0.95: {_by_floor(rows.ap_50_95)}. AP at 0.5 where boxes under the floor are "
            f"dropped before they may hit a face: {_by_floor(rows.ap_small_boxes_dropped)}.",
        ),
        Table(
            key="empty",
            title=f"False boxes on {rows.empty.pictures} empty pictures",
            columns=("pass", "boxes", "pictures with one"),
            rows=[
                ("upright", str(rows.empty_upright_boxes), str(rows.empty_upright_pictures)),
                (
                    "with the turned passes",
                    f"{rows.empty.turned_boxes}, of them {rows.empty.turned_usable} through every quality gate",
                    str(rows.empty.turned_pictures),
                ),
            ],
        ),
    ]  # fmt: skip


def likeness(part: LikenessPart) -> Table:
    """Agreement of looks between who asks and who is answered, by way and group."""
    return Table(
        key="likeness",
        title="Does the answer look like who asked? Labelled matches with the asker's looks, first / of the eight",
        columns=("askers", "answered", "pictures / people", "same sex, first", "of the eight", "cards with another sex",
                 "young", "hair", "glasses", "beard", "unlabelled", "of the other networks' fifty", "gain, same sex"),
        rows=[
            (
                group if k == 0 else "",
                way,
                f"{one.pictures:,} / {one.people}",
                figure(one.aspects["sex"].first),
                figure(one.aspects["sex"].eight),
                figure(one.other_sex),
                *(_both(one.aspects.get(aspect)) for aspect in ("young", "hair", "glasses", "beard")),
                f"{one.unlabelled_first:.2f} / {one.unlabelled_eight:.2f}",
                figure(one.of_fifty),
                gain(part.gains[group]) if k == len(part.ways) - 1 else "",
            )
            for group in part.gains
            for k, (way, groups) in enumerate(part.ways.items())
            for one in [groups[group]]
        ],
        caption=f"Two of the eight seem to be one person on {part.twice_on_a_card.doubled} of "
        f"{part.twice_on_a_card.cards:,} cards. Looks are labels: CelebA's, or of the web people "
        "evaluation/datasets/looks_of_people.csv; matches without a label are in no share and counted as unlabelled.",
    )  # fmt: skip


def _both(one: Agreement | None) -> str:
    return "-" if one is None else f"{number(one.first.value)} / {number(one.eight.value)}"


def _by_floor(values: dict[str, float]) -> str:
    return ", ".join(f"{value:.3f} from {floor} px" for floor, value in values.items())


def _detection_cells(one: DetectionScores) -> tuple[str, ...]:
    return (
        str(one.pictures),
        f"{one.floor_px:.0f} px",
        f"{one.faces:,}",
        figure(one.ap),
        figure(one.recall),
        str(one.false_boxes),
    )


def _bands(calibration: dict[str, Any], name: str) -> Table:
    one = calibration[name]
    question = {
        "pair": f"/compare: share of {one['pairs']:,} pairs of strangers at least this alike",
        "gallery": f"Cards: share of strangers whose best of {calibration['gallery_people']:,} is at least this alike "
        f"({one['people']} people, {one['pictures']:,} pictures)",
    }[name]
    bands, rates = one["bands"], one["rates"]
    rows = []
    for k in range(max(len(bands), len(rates))):
        band = bands[k] if k < len(bands) else None
        rate = rates[k] if k < len(rates) else None
        ratio = None if band is None else band.get("share", band.get("share_of_strangers_best"))
        rows.append(
            (
                band["key"] if band else "",
                f"{band['floor']:.3f}" if band else "",
                "" if ratio is None else f"{ratio:g}",
                f"{rate['similarity']:.3f}" if rate else "",
                f"{rate['share']:g}" if rate else "",
            )
        )
    return Table(
        key=f"bands {name}",
        title=f"{question}; same person at the 5th percentile {one['same_low']:.3f}",
        columns=("band", "from", "share there", "alike", "share of strangers"),
        rows=rows,
        caption=f"{one['cards_with_two_bands_or_more']:.1%} of the cards show two bands or more"
        if name == "gallery"
        else "",
    )
