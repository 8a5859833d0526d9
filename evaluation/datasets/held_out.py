"""Who of the train split no training saw, and what CelebA's labels say of their pictures. Lists only.

No val picture of the data pack has attribute labels, so groups are measured on these people: `training` takes its
steps and averages by them and fits nothing on them. The list lies beside this file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets.pack import DataMissing, FacePicture
from index.celeba import ATTRIBUTES, read_attributes

HELD_OUT_FILE: Final = Path(__file__).with_name("held_out.json")
KINDS: Final = {"aligned": "aligned", "half": "half", "small": "small", "wild frame": "wild"}  # file's kind -> source


def read_groups(path: Path = HELD_OUT_FILE) -> Mapping[str, Sequence[str]]:
    """Read the list: kind of picture -> the people held out for it, as "celeba/1234" or "wild/some_name".

    Raises DataMissing where the file can't be read.
    """
    try:
        groups: Mapping[str, Sequence[str]] = json.loads(path.read_text("utf-8"))["people"]
    except (OSError, ValueError, KeyError) as error:
        problem = f"{path} can't be read ({type(error).__name__}); measure from a checkout of the repository"
        raise DataMissing(problem) from error
    return groups


def held_out_people(path: Path = HELD_OUT_FILE) -> dict[str, frozenset[str]]:
    """Source -> celeba numbers of the people held out for it."""
    people = read_groups(path)
    return {
        source: frozenset(name.partition("/")[2] for name in people.get(kind, ()) if name.startswith("celeba/"))
        for kind, source in KINDS.items()
    }


def held_out_pictures(pictures: Sequence[FacePicture], people: Mapping[str, frozenset[str]]) -> list[int]:
    """Rows of the pictures of held-out people, of whatever source: nobody of them is in a training."""
    everybody = frozenset().union(*people.values()) if people else frozenset()
    return [row for row, picture in enumerate(pictures) if picture.person in everybody]


def traits(root: Path, pictures: Sequence[FacePicture], names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Each trait of each picture: 1 with it, 0 without, NaN where nobody labelled the picture."""
    table = read_attributes(root / "celeba" / f"{ATTRIBUTES}.txt")
    found = {name: np.full(len(pictures), np.nan) for name in names}
    for row, picture in enumerate(pictures):
        at = table.rows.get(picture.file.name)
        if at is not None:
            for name in names:
                found[name][row] = float(table.labels[at, table.names.index(name)])
    return found


def by_person(values: NDArray[np.float64], people: NDArray[np.str_]) -> NDArray[np.float64]:
    """Give every picture its person's majority; 0.5 and unlabelled people become NaN."""
    owner = np.unique(people, return_inverse=True)[1]
    known = np.isfinite(values)
    yes = np.bincount(owner[known], weights=values[known], minlength=int(owner.max(initial=0)) + 1)
    all_of = np.bincount(owner[known], minlength=len(yes))
    share = np.divide(yes, all_of, out=np.full(len(yes), np.nan), where=all_of > 0)
    share[share == 0.5] = np.nan
    return np.asarray(np.rint(share)[owner], np.float64)
