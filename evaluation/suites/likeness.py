"""`lookalike evaluate likeness`: do people nobody trained on get somebody who looks like them?

Askers are held-out people of CelebA with a labelled small picture, on whom choices are made, and the val people of the
web pictures, who only report. Whoever asks is taken out of the gallery. Answered by the cosine alone, and as the
product does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets import held_out as labelled
from evaluation.datasets import pack
from evaluation.datasets.askers import aspects_of, read_looks
from evaluation.datasets.embeddings import Embedded
from evaluation.metrics import likeness
from evaluation.metrics.identification import fold_people
from evaluation.suites.shipped import Evaluation
from index.celeba import ATTRIBUTES, read_attributes

SOURCE: Final = "half"  # 89x109 px: the pictures of the pack that are labelled
FIFTY: Final = 50
COSINE, SHIPPED = "by the cosine alone", "as shipped"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Askers:
    """One set of people who ask."""

    pictures: Embedded
    looks: list[dict[str, str]]
    taken_out: Sequence[set[int]]  # gallery rows that are the asker
    others: NDArray[np.float32]  # (N, 256) vectors of other networks


def measure(run: Evaluation) -> dict[str, Any]:
    """The document's part: figures by way and group, gains by group. Raises DataMissing."""
    known = run.gallery_attributes
    gallery = [aspects_of(known.get(str(label), {})) for label in run.gallery.labels]
    asking = {"CelebA": held_out_askers(run), "web": web_askers(run)}
    sets = {name: one for name, one in asking.items() if one.looks}
    others = _fold_others(run) if sets else np.empty((0, 0), np.float32)
    answered = {
        name: {way: answers(run, one, others, soft=way == SHIPPED) for way in (COSINE, SHIPPED)}
        for name, one in sets.items()
    }
    chosen = groups(sets)
    return {
        "ways": {
            way: {
                group: likeness.measure(answered[name][way].where(mask), gallery, resamples=run.resamples)
                for group, (name, mask) in chosen.items()
            }
            for way in (COSINE, SHIPPED)
        },
        "gains": {
            group: likeness.gain_of_first(
                answered[name][COSINE].where(mask), answered[name][SHIPPED].where(mask), gallery,
                resamples=run.resamples,
            )
            for group, (name, mask) in chosen.items()
        },
        "twice_on_a_card": _doubled(run, [one[SHIPPED] for one in answered.values()]),
    }  # fmt: skip


def held_out_askers(run: Evaluation) -> Askers:
    """Held-out people's labelled pictures: what CelebA says of the very picture."""
    rest = run.celeba_rest
    file = run.data / "celeba" / f"{ATTRIBUTES}.txt"
    table = read_attributes(file) if file.is_file() else None
    rows = labelled.held_out_pictures(rest.pictures, labelled.held_out_people())
    rows = [
        row
        for row in rows
        if table is not None and rest.pictures[row].source == SOURCE and rest.pictures[row].file.name in table.rows
    ]
    pictures = Embedded(pictures=tuple(rest.pictures[row] for row in rows), vectors=rest.vectors[rows])
    looks = []
    if table is not None:
        for picture in pictures.pictures:
            labels = table.labels[table.rows[picture.file.name]].tolist()
            looks.append(aspects_of(dict(zip(table.names, labels, strict=True))))
    return Askers(
        pictures=pictures,
        looks=looks,
        taken_out=run.own_rows(pictures),
        others=_others(run, "celeba", pack.read_celeba, pictures),
    )


def web_askers(run: Evaluation) -> Askers:
    """Val people of the web pictures: what the table says of the person."""
    table = read_looks()
    pictures = run.wild_val.where(lambda picture: picture.person in table)
    return Askers(
        pictures=pictures,
        looks=[table[picture.person].aspects for picture in pictures.pictures],
        taken_out=run.wild_in_gallery(pictures),
        others=_others(run, "wild", pack.read_wild, pictures),
    )


def answers(run: Evaluation, askers: Askers, others: NDArray[np.float32], *, soft: bool) -> likeness.Asked:
    """The eight of each asker, and the fifty of the other networks (others: their vector of each gallery row)."""
    away = np.asarray(askers.others @ others.T, np.float32)
    for row, gone in enumerate(askers.taken_out):
        away[row, list(gone)] = -2.0
    return likeness.Asked(
        people=askers.pictures.people,
        looks=askers.looks,
        rows=run.nearest(askers.pictures.vectors, askers.taken_out, soft=soft)[0],
        fifty=np.argpartition(-away, min(FIFTY, away.shape[1] - 1), axis=1)[:, :FIFTY].astype(np.int64),
    )


def groups(sets: dict[str, Askers]) -> dict[str, tuple[str, NDArray[np.bool_]]]:
    """Words -> the set and who of it belongs to the group."""
    found: dict[str, tuple[str, NDArray[np.bool_]]] = {}
    for name, one in sets.items():
        words = "CelebA, held out" if name == "CelebA" else "web, val"
        men = np.array([looks.get("sex") == "yes" for looks in one.looks])
        kpop = np.array([picture.source == "kpop" for picture in one.pictures.pictures])
        parts = {"": np.ones(len(men), bool), ", men": men, ", women": ~men & ~kpop, ", kpop": kpop}
        found |= {f"{words}{part}": (name, mask) for part, mask in parts.items() if mask.any()}
    return found


def _fold_others(run: Evaluation) -> NDArray[np.float32]:
    """The other networks' vector of everybody in the gallery, in its order: (P, 256)."""
    pictures = pack.read_celeba(run.data)
    folded = fold_people(_teacher(run, "celeba"), [run.gallery_number(picture.person) for picture in pictures])
    row_of = {label: row for row, label in enumerate(folded.labels)}
    return folded.unit[[row_of[label] for label in run.gallery.labels]]


def _others(
    run: Evaluation, folder: str, read: Callable[..., list[pack.FacePicture]], chosen: Embedded
) -> NDArray[np.float32]:
    if not chosen.pictures:
        return np.empty((0, 0), np.float32)
    row_of = {picture.file: row for row, picture in enumerate(read(run.data))}
    return _teacher(run, folder)[[row_of[picture.file] for picture in chosen.pictures]]


def _teacher(run: Evaluation, folder: str) -> NDArray[np.float32]:
    """teacher.npy, unit rows. Raises DataMissing."""
    file = run.data / folder / "teacher.npy"
    if not file.is_file():
        raise pack.DataMissing(f"{file} is missing; likeness is compared with other networks: unpack the data pack")
    rows = np.load(file).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _doubled(run: Evaluation, answered: Sequence[likeness.Asked]) -> dict[str, int]:
    """Cards on which two of the eight seem to be one person, by the cosine of their vectors."""
    from index.doubles import SAME_FROM

    cards = [rows for one in answered for rows in one.rows]
    count = 0
    for rows in cards:
        vectors = run.gallery.unit[rows]
        alike = np.triu(vectors @ vectors.T, k=1)
        count += bool((alike >= SAME_FROM).any())
    return {"cards": len(cards), "doubled": count}
