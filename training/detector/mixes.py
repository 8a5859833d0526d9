"""How far from the start to the average of a run: every mix is scored as it would ship.

The start has seen WIDER FACE, so held-out train scenes flatter it; a source that neither start nor tuning saw says how
far to go. A tuned network forgets what the tuning never showed it, the more the further it went; half way it often has
both (Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.command_line import Refused
from training.config import build
from training.data.scenes import Scene, list_scenes
from training.detector.batches import split_scenes
from training.detector.export import openvino_network, write_graph
from training.detector.recipe import DetectorRecipe
from training.detector.score import run_on_scenes, summary
from training.detector.train import MIXES_FILE, mixed
from training.export.onnx import write_record
from training.loop import CHECKPOINT, read_checkpoint


def compare_mixes(run_dir: Path, *, data: Path, source: str | None = None) -> list[dict[str, Any]]:
    """Score start, mixes and average of a run on the held-out train scenes; keep the rows beside the checkpoint.

    source: one that the run was tuned without; all of its train scenes judge instead.
    A row: share, and for all pictures and for each source that has faces what `summary` says.
    Raises Refused where the run saw `source`.
    """
    fitted = read_checkpoint(run_dir / CHECKPOINT)
    recipe = build(DetectorRecipe, fitted.facts["recipe"])
    judged = split_scenes(recipe, data)[1] if source is None else _unseen(recipe, data, source)
    rows = []
    for share in (0.0, *recipe.mixes):
        graph = run_dir / "mix.onnx"
        write_graph(mixed(recipe, data, fitted.averaged, share), graph)
        pairs = run_on_scenes(judged, openvino_network(graph, threads=recipe.threads), side_px=recipe.side_px)
        sources = sorted({pair.source for pair in pairs if len(pair.faces)})
        rows.append(
            {"share": share, "all": summary(pairs)}
            | {name: summary([pair for pair in pairs if pair.source == name]) for name in sources}
        )
        print(json.dumps(rows[-1]))
    told = {
        "steps": fitted.steps,
        "source": source,
        "pictures": len(judged),
        "rows": rows,
        "best": best_mix(rows),
    }
    graph.unlink()
    write_record(run_dir / MIXES_FILE, told)
    return rows


def best_mix(rows: Sequence[Mapping[str, Any]]) -> float:
    """The share of the row with the best mean of AP from 16 and from 24 px; of equals the one nearest to the start."""
    best = max(rows, key=lambda row: (row["all"]["ap50_from_16px"] + row["all"]["ap50_from_24px"], -row["share"]))
    return float(best["share"])


def _unseen(recipe: DetectorRecipe, data: Path, source: str) -> list[Scene]:
    if getattr(recipe.shares, source, 1.0) > 0:
        raise Refused(f"the run was not tuned without {source}")
    return [scene for scene in list_scenes(data / "scenes", "train") if scene.source == source]
