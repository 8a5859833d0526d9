"""The published embedders as they come, with the pictures' stretched edges, with black there, and projected as well.

`python -m training.comparisons starts` writes starts.json in weights/records: TPR at FPR 0.01 and 0.001, given points,
one crop, no flip, float32, on the held-out train people and on val; beside it the teachers' own, from the vectors that
come with the data. Nothing is trained.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from evaluation.datasets import pack as pictures_of
from pipeline.types import Rgb8
from training.command_line import Refused, cache_folder
from training.data.people import (
    People,
    align_with_margin,
    celeba_pictures,
    open_people,
    prepare,
    read_held_out,
    wild_pictures,
)
from training.embedder.build import build_network
from training.embedder.choose import dev_sets, scores, scores_of, val_sets
from training.embedder.export import projected
from training.embedder.recipe import NetworkSettings
from training.embedder.sface import load_sface
from training.export.onnx import current_commit, write_record

XS: Final = NetworkSettings()
XXS: Final = NetworkSettings(
    backbone="edgenext_xx_small", start=Path("init/edgeface_xxs_edgenext_xx_small_fp16.safetensors")
)
SIDE_BY_SIDE: Final = NetworkSettings(beside="sface")


def compare_starts(*, data: Path, runs: Path, out: Path) -> Path:
    """Score each network on both kinds of crops; write the record and return its path."""
    people = open_people(prepare(data, cache_folder(runs)))
    sets = {"dev": dev_sets(people, read_held_out()), "val": val_sets(people)}
    stretched = replace(people, crops=_stretched_crops(people, sets, data))  # type: ignore[arg-type]
    record: dict[str, Any] = {
        "measures": "TPR at FPR 0.01 and 0.001, given points, one crop, no flip, float32; dev: held-out train people",
        "data": people.data_id,
        "commit": current_commit(),
        "teachers": {part: scores_of(lambda asked: people.teacher[asked], people, rows) for part, rows in sets.items()},
        "runs": {
            name: {
                how: {part: scores(asked, crops, rows, precise=True) for part, rows in sets.items()}
                for how, asked, crops in (
                    ("stretched", network, stretched),
                    ("black", network, people),
                    ("projected", projected(network, people), people),
                )
            }
            for name, network in _networks(data).items()
        },
    }
    path = out / "records" / "starts.json"
    write_record(path, record)
    return path


def table(record: dict[str, Any]) -> str:
    """The record as lines: each set's TPR at both rates, stretched, black, and black and projected."""
    rows = [(name, how, row) for name, ways in record["runs"].items() for how, row in ways.items()]
    rows.append(("teachers", "as they come", record["teachers"]))
    return "\n".join(
        f"{name:12} {how:12} dev {np.mean(list(row['dev'].values())):.4f}  "
        + "  ".join(f"{at} {tpr:.3f}" for at, tpr in row["val"].items())
        for name, how, row in rows
    )


def _networks(data: Path) -> dict[str, nn.Module]:
    return {
        "edgeface_xxs": build_network(XXS, data),
        "edgeface_xs": build_network(XS, data),
        "sface": load_sface(),
        "xs_and_sface": build_network(SIDE_BY_SIDE, data),
    }


def _stretched_crops(people: People, sets: dict[str, dict[str, NDArray[np.int64]]], data: Path) -> dict[int, Rgb8]:
    """The crops of every scored row as they are before the stretched edges are made black, by row."""
    listed = [one for one in celeba_pictures(data / "celeba") + wild_pictures(data) if one.split in ("train", "val")]
    if len(listed) != len(people.person):
        raise Refused(f"{len(listed)} pictures are listed, {len(people.person)} are in the cache")
    rows = np.unique(np.concatenate([rows for part in sets.values() for rows in part.values()]))
    crops: dict[int, Rgb8] = {}
    for row in rows:
        picture = listed[row]
        crops[int(row)], _ = align_with_margin(
            pictures_of.read_picture(picture.path), picture.points, stretched_too=True
        )
    return crops
