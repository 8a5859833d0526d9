"""The embedder's training: network, losses, batches, checks; `python -m training.embedder --help`.

    prepare   decode and straighten every picture once (49 kB each under RUNS/cache)
    train     a recipe -> RUNS/<the recipe's name>; --resume goes on after a kill
    choose    how far to go from the start weights to the run's averaged ones, and how much of each cosine is the
              second network's, on held-out people
    export    a run at that share -> weights/embedder.onnx and its record

The network's input is normalised outside: (x - 127.5) / 127.5 of RGB, see `weights/manifest.toml`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import lightning
import numpy as np
import timm
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from evaluation.datasets.held_out import HELD_OUT_FILE
from evaluation.metrics.verification import tpr_at
from pipeline.types import FloatArray
from training.command_line import Refused, add_data, add_run, cache_folder, run_folder
from training.config import build, load_recipe, recipe_values
from training.data.augment import Augmentation, middle
from training.data.batches import Batch, BatchSettings, PeopleBatches
from training.data.people import People, open_people, prepare, read_held_out
from training.embedder.choose import (
    FPRS,
    Sets,
    choose_share,
    dev_sets,
    embed_rows,
    has_pairs,
    mix_weights,
    report,
    scores,
    val_sets,
)
from training.embedder.concatenated import SideBySide, with_share
from training.embedder.nuisance_projection import Levelled, level
from training.embedder.sface import load_sface
from training.export.onnx import compare_with_torch, current_commit, export_onnx, sha256_of, write_record
from training.export.small_file import round_weights, shrink
from training.loop import CHECKPOINT, Fitted, fit, read_checkpoint, warmup_cosine
from training.losses.imitation import ImitationLoss, procrustes
from training.losses.margin import MarginLoss, MarginSettings
from training.losses.relational import RelationalLoss
from training.losses.triplet import SemiHardTripletLoss

DIMENSION: Final = 512
START_VIEW: Final = "start_view.npy"
TEACHER: Final = "MobileFaceNet 3.4 M, EdgeFace-XS and SFace side by side (the pack's teacher.npy)"
SOURCES: Final = {"celeba": "CelebA", "wild/pins": "Pins", "wild/kpop": "kpop"}
LEVELLED_ON: Final = 25_000  # train pictures of a collection, at most: all of the pack's
LEVELLED_ON_TO_CHOOSE: Final = 2000  # a minute for each of the networks that are chosen from
BESIDE_SHARES: Final = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
NOISE_SEED: Final = 512  # of what starts as noise
SIDE_PX: Final = 112
WIDE_LAYER: Final = "second.head.weight"  # two thirds of SFace's numbers
WIDE_RATE: Final = 0.03  # of the rate, for SFace's dense layer: its weights are a thirtieth of the convolutions'
CHOICE: Final = "choice.json"  # in a run folder: the share that won on held-out people, and every share's scores


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """What is trained and where it starts."""

    backbone: str = "edgenext_x_small"  # timm's name; its last layer gives the 512 numbers
    # A safetensors file or a state dict saved by torch, as named or below the data folder; "" is from noise.
    start: Path = Path("init/edgeface_xs_edgenext_x_small_fp16.safetensors")
    without_head: bool = False  # the file's classifier is left aside (ImageNet's 1,000 classes), ours starts as noise
    started_from: str = "EdgeFace-XS (Idiap), timm edgenext_x_small, from upstream's quantised file"  # for the card
    licence: str = "CC-BY-NC-SA-4.0"  # of the start weights, hence of ours
    beside: Literal["", "sface"] = ""  # a second network that looks at the same face (training/embedder/sface.py)
    beside_share: float = 0.4  # of each cosine, the second network's


@dataclass(frozen=True, slots=True, kw_only=True)
class LossWeights:
    """Each term's share of the loss; 0 leaves it out."""

    imitation: float = 1.0  # 1 - cos to the teacher's vector in our space
    relational: float = 10.0  # squared differences of cosines are ~0.01 where the first term is ~0.3
    margin: float = 0.02  # softmax over people; ~5 at the start where the first is ~0.3
    triplet: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderRecipe:
    """One run of the embedder."""

    seed: int = 0
    steps: int = 2000
    warmup_steps: int = 150
    learning_rate: float = 2e-4  # AdamW, peak; 2e-3 is known to lose 0.5 to 1.5 points of TPR
    margin_learning_rate: float = 2e-3  # of the people's weights, which start at their pictures' means
    weight_decay: float = 0.01
    average_decay: float = 0.994  # of the weights' moving average
    precision: Literal["bf16-mixed", "32-true"] = "bf16-mixed"
    check_every: int = 400  # steps
    network: NetworkSettings = field(default_factory=NetworkSettings)
    losses: LossWeights = field(default_factory=LossWeights)
    margin: MarginSettings = field(default_factory=MarginSettings)
    triplet_margin: float = 0.2  # squared distance of unit vectors
    batch: BatchSettings = field(default_factory=BatchSettings)
    augmentation: Augmentation = field(default_factory=Augmentation)


def build_network(settings: NetworkSettings, data: Path) -> nn.Module:
    """Make the network with its start weights, every key of which must fit: 512 outputs, 640 with SFace beside.

    Without a file to start from, and for a head of its own, the noise is the same every time: a resumed run and the
    export build the network anew. Raises StartMissing, SFaceMissing.
    """
    network = _build_first(settings, data)
    return SideBySide(network, load_sface(), settings.beside_share) if settings.beside else network


def _build_first(settings: NetworkSettings, data: Path) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(NOISE_SEED)
        network = timm.create_model(settings.backbone, num_classes=DIMENSION)
    if settings.start == Path():
        return network
    file = settings.start if settings.start.is_file() else data / settings.start
    if not file.is_file():
        raise StartMissing(f"{settings.start}: no such start weights, here or below {data}")
    stored = {name: value.float() if value.is_floating_point() else value for name, value in _read(file).items()}
    if settings.without_head:
        heads = network.default_cfg["classifier"]
        prefixes = tuple(f"{head}." for head in ([heads] if isinstance(heads, str) else heads))
        stored = {name: value for name, value in stored.items() if not name.startswith(prefixes)}
        stored |= {name: value for name, value in network.state_dict().items() if name.startswith(prefixes)}
    network.load_state_dict(stored)
    return network


def _read(file: Path) -> dict[str, torch.Tensor]:
    if file.suffix == ".safetensors":
        return load_file(file)
    state: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)  # tensors, no pickled code
    return state


class StartMissing(Refused):
    """The file that a recipe starts from is not there."""


class EmbedderModule(lightning.LightningModule):
    """Network and losses. `carry` and `person_means` come from the start network's view of the train pictures."""

    def __init__(
        self, recipe: EmbedderRecipe, network: nn.Module, *, carry: torch.Tensor, person_means: torch.Tensor
    ) -> None:
        super().__init__()
        self.recipe = recipe
        self.network = network.to(memory_format=torch.channels_last)  # a fifth faster on CPU
        self.imitation = ImitationLoss(carry)
        self.relational = RelationalLoss()
        self.margin = MarginLoss(len(person_means), person_means.shape[1], recipe.margin)
        self.margin.start_at(person_means)
        self.triplet = SemiHardTripletLoss(recipe.triplet_margin)

    def training_step(self, batch: Batch, index: int) -> torch.Tensor:  # noqa: ARG002 - Lightning's signature
        """One step: embed, normalise, weigh the terms."""
        raw = self.network(batch.images.contiguous(memory_format=torch.channels_last))  # (B, D)
        with torch.autocast(raw.device.type, enabled=False):
            embedding = functional.normalize(raw.float(), dim=1)
            weights = self.recipe.losses
            terms: dict[str, tuple[float, Callable[[], torch.Tensor]]] = {
                "imitation": (weights.imitation, lambda: self.imitation(embedding, batch.teacher)),
                "relational": (weights.relational, lambda: self.relational(embedding, batch.teacher)),
                "margin": (weights.margin, lambda: self.margin(embedding, batch.person, self.global_step)),
                "triplet": (weights.triplet, lambda: self.triplet(embedding, batch.person)),
            }
            values = {name: (weight, term()) for name, (weight, term) in terms.items() if weight > 0}
            loss = torch.stack([weight * value for weight, value in values.values()]).sum()
        self.log_dict({name: value.detach() for name, (_, value) in values.items()} | {"loss": loss.detach()})
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; no decay on norms, biases and the people's weights (their length does not count)."""
        wide = [self.network.second.head.weight] if isinstance(self.network, SideBySide) else []
        matrices = [p for p in self.network.parameters() if p.ndim > 1 and not any(p is other for other in wide)]
        vectors = [p for p in self.network.parameters() if p.ndim <= 1]
        rate = self.recipe.learning_rate
        return torch.optim.AdamW(
            [
                {"params": matrices, "lr": rate, "weight_decay": self.recipe.weight_decay},
                {"params": vectors, "lr": rate, "weight_decay": 0.0},
                *({"params": [p], "lr": rate * WIDE_RATE, "weight_decay": self.recipe.weight_decay} for p in wide),
                {"params": [self.margin.weight], "lr": self.recipe.margin_learning_rate, "weight_decay": 0.0},
            ]
        )


def stored_recipe(facts: Mapping[str, Any]) -> EmbedderRecipe:
    """The recipe of a checkpoint; where the pictures lay was once part of it."""
    values: dict[str, Any] = {name: value for name, value in facts["recipe"].items() if name not in {"data", "cache"}}
    return build(EmbedderRecipe, values)


def train(
    recipe: EmbedderRecipe,
    run_dir: Path,
    *,
    data: Path,
    cache: Path,
    resume: bool,
    rows: NDArray[np.int64] | None = None,
    check: bool = True,
    accelerator: str = "cpu",
    progress: bool = True,
) -> Fitted:
    """Run a recipe; what is left under `run_dir` is in training/loop.py.

    rows: of the cache, the pictures to train on; every train picture of people not held out without them.
    check: score the held-out people every so many steps, into the run's log. accelerator: Lightning's name.
    """
    people = open_people(prepare(data, cache))
    held = read_held_out()
    if rows is None:
        rows = np.flatnonzero((people.split == "train") & ~held.mask(people.person))
    network = build_network(recipe.network, data)
    start_view = _start_view(network, people, rows, run_dir)
    batches = PeopleBatches(people, rows, recipe.batch, recipe.augmentation, seed=recipe.seed, view=start_view)
    module = EmbedderModule(
        recipe,
        network,
        carry=procrustes(torch.from_numpy(people.teacher[rows]), torch.from_numpy(start_view)),
        person_means=batches.person_means(start_view),
    )
    module.train()
    sets = dev_sets(people, held)
    return fit(
        module,
        batches,
        run_dir=run_dir,
        max_steps=recipe.steps,
        seed=recipe.seed,
        lr_factor=warmup_cosine(recipe.warmup_steps, recipe.steps),
        average_decay=recipe.average_decay,
        check=(lambda trained: scores(trained.network, people, sets)) if check else None,
        check_every=recipe.check_every,
        precision=recipe.precision,
        accelerator=accelerator,
        resume=resume,
        facts={
            "recipe": recipe_values(recipe),
            "commit": current_commit(),
            "data": people.data_id,
            "held_out": sha256_of(HELD_OUT_FILE),
            "pictures": len(rows),
            "people": len(batches.names),
        },
        progress=progress,
    )


def network_weights(fitted: Fitted) -> dict[str, torch.Tensor]:
    """The averaged weights of the network alone."""
    prefix = "network."
    return {name.removeprefix(prefix): value for name, value in fitted.averaged.items() if name.startswith(prefix)}


def person_weights(fitted: Fitted) -> FloatArray:
    """The averaged weight of every person, (P, D), unit length, in the order of the people's names."""
    return np.asarray(functional.normalize(fitted.averaged["margin.loss.W"].float().T, dim=1).numpy(), np.float32)


def choose(run_dir: Path, *, data: Path, cache: Path) -> dict[str, Any]:
    """Find on held-out people how far to go from the start weights to the run's average; keep it in the run.

    Then, of two networks side by side, how much of each cosine is the second one's: levelled, they want another share
    than they were trained with. Every network is scored levelled, as it would ship.
    """
    fitted = read_checkpoint(run_dir / CHECKPOINT)
    recipe = stored_recipe(fitted.facts)
    people = open_people(prepare(data, cache))
    network = build_network(recipe.network, data).to(memory_format=torch.channels_last)
    start = {name: value.clone() for name, value in network.state_dict().items()}
    sets = dev_sets(people, read_held_out())
    share, table = choose_share(
        network,
        start,
        network_weights(fitted),
        people,
        sets,
        ready=lambda mixed: levelled(mixed, people, most=LEVELLED_ON_TO_CHOOSE),
    )
    choice: dict[str, Any] = {"share": share, "dev": table}
    if isinstance(network, SideBySide):
        choice["beside_share"], choice["dev_by_beside_share"] = choose_beside_share(network, people, sets)
    write_record(run_dir / CHOICE, choice)
    return choice


def choose_beside_share(network: SideBySide, people: People, sets: Sets) -> tuple[float, dict[str, dict[str, float]]]:
    """The share of BESIDE_SHARES that is best on `sets`, and every share's scores."""
    train = [embed_rows(network, people, rows) for rows in _collections(people, LEVELLED_ON)]
    asked = {name: embed_rows(network, people, rows) for name, rows in sets.items() if has_pairs(people, rows)}
    table: dict[str, dict[str, float]] = {}
    for share in BESIDE_SHARES:
        mixed = partial(with_share, share=share, was=network.share, first=DIMENSION)
        reading = level([mixed(vectors) for vectors in train], DIMENSION)
        table[f"{share:g}"] = {
            f"{name}@{rate:g}": tpr
            for name, vectors in asked.items()
            for rate, tpr in tpr_at(reading.read(mixed(vectors)), people.person[sets[name]], fprs=FPRS).items()
        }
    return max(BESIDE_SHARES, key=lambda share: float(np.mean(list(table[f"{share:g}"].values())))), table


def export(run_dir: Path, out: Path, *, data: Path, cache: Path) -> dict[str, Any]:
    """Write the chosen network as `embedder.onnx` under `out`, with its record; returns the record.

    Held-out people must have chosen before (`choose`). The official val people are looked at here, once.
    """
    fitted = read_checkpoint(run_dir / CHECKPOINT)
    recipe = stored_recipe(fitted.facts)
    choice = json.loads((run_dir / CHOICE).read_text(encoding="utf-8"))
    people = open_people(prepare(data, cache))
    before = build_network(recipe.network, data)
    network = build_network(recipe.network, data)
    network.load_state_dict(mix_weights(before.state_dict(), network_weights(fitted), choice["share"]))
    if isinstance(network, SideBySide):
        network.share = choice["beside_share"]
    sets = val_sets(people)
    pictures = middle(torch.from_numpy(people.crops[next(iter(sets.values()))[:32]]))
    small = isinstance(network, SideBySide)  # in float32 the file would have 49 MB
    network = levelled(network, people)
    if small:
        round_weights(network, int8=WIDE_LAYER)
    exported = export_onnx(network, out / "embedder.onnx", side_px=SIDE_PX, outputs=("embedding",), to_ship=not small)
    if small:
        exported = shrink(exported, int8=WIDE_LAYER)
    parity = compare_with_torch(network, exported.path, side_px=SIDE_PX, pictures=pictures.numpy())
    record = {
        "role": "embedder",
        "file": exported.path.name,
        "sha256": exported.sha256,
        "size_bytes": exported.size_bytes,
        "input": {"name": "images", "side_px": SIDE_PX, "color": "RGB", "mean": [127.5] * 3, "std": [127.5] * 3},
        "output": f"embedding (B,{DIMENSION})",
        "licence": recipe.network.licence,
        "started_from": recipe.network.started_from,
        "distilled_from": TEACHER if recipe.losses.imitation or recipe.losses.relational else "",
        "data": {
            "id": fitted.facts["data"],
            "pictures": fitted.facts["pictures"],
            "people": fitted.facts["people"],
            "sources": ", ".join(f"{SOURCES.get(name, name)} (train)" for name in _collection_rows(people)),
            "held_out": fitted.facts["held_out"],
        },
        "recipe": recipe_values(recipe),
        "steps": fitted.steps,
        "share_of_trained_weights": choice["share"],
        **({"beside_share": choice["beside_share"]} if small else {}),
        "commit": fitted.facts["commit"],
        "parity": parity,
        "scores": {name: table for name, table in choice.items() if name.startswith("dev")}
        | {"val": report(before, network, people, sets)},
    }
    write_record(out / "records" / "embedder.json", record)
    return record


def levelled(network: nn.Module, people: People, *, most: int = LEVELLED_ON) -> Levelled:
    """The network as it ships: what tells the collections of train pictures apart is taken out of its vectors.

    most: train pictures of a collection that are looked at.
    """
    return Levelled(
        network, level([embed_rows(network, people, rows) for rows in _collections(people, most)], DIMENSION)
    )


def _collections(people: People, most: int) -> list[NDArray[np.int64]]:
    """Rows of the train pictures of people not held out, by the folder they came from, at most so many of each."""
    return [np.sort(rows[:most]) for rows in _collection_rows(people).values()]


def _collection_rows(people: People) -> dict[str, NDArray[np.int64]]:
    """Collection -> its rows, shuffled."""
    rows = np.flatnonzero((people.split == "train") & ~read_held_out().mask(people.person))
    rows = np.random.default_rng(0).permutation(rows)
    collection = np.array([source if source.startswith("wild/") else "celeba" for source in people.source[rows]])
    return {str(name): rows[collection == name] for name in np.unique(collection)}


def _start_view(network: nn.Module, people: People, rows: NDArray[np.int64], run_dir: Path) -> FloatArray:
    """What the start network makes of every train picture; kept in the run, so that a resume needs no minute."""
    kept = run_dir / START_VIEW
    if not kept.exists():
        keep_start_view(embed_rows(network.to(memory_format=torch.channels_last), people, rows), run_dir)
    return np.asarray(np.load(kept), np.float32)


def keep_start_view(view: FloatArray, run_dir: Path) -> None:
    """Put what the start network makes of a run's pictures, (len(rows), D), into its folder, whole or not at all."""
    run_dir.mkdir(parents=True, exist_ok=True)
    partial = run_dir / f"partial-{START_VIEW}"
    np.save(partial, view.astype(np.float16))
    partial.replace(run_dir / START_VIEW)


def main() -> None:
    """Read the command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.embedder", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add_data(commands.add_parser("prepare"))
    command = commands.add_parser("train")
    add_run(command, recipe="embedder.toml")
    command.add_argument("--accelerator", default="cpu", help="Lightning's name: cpu, gpu, auto")
    for name in ("choose", "export"):
        command = commands.add_parser(name)
        command.add_argument("run", type=Path, help="run folder")
        add_data(command)
        if name == "export":
            command.add_argument("--out", type=Path, default=Path("weights"))
    words = parser.parse_args()
    data, cache = words.data, cache_folder(words.runs)
    match words.command:
        case "prepare":
            print(prepare(data, cache))
        case "train":
            recipe = load_recipe(words.recipe, EmbedderRecipe)
            accelerator, folder = words.accelerator, run_folder(words)
            train(recipe, folder, data=data, cache=cache, resume=words.resume, accelerator=accelerator)
        case "choose":
            choice = choose(words.run, data=data, cache=cache)
            print({name: value for name, value in choice.items() if not name.startswith("dev")})
        case "export":
            print(json.dumps(export(words.run, words.out, data=data, cache=cache)["scores"]["val"], indent=1))
