"""What a run of the embedder is made of: the typed recipe. No networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from training.config import build
from training.data.augment import Augmentation
from training.data.batches import BatchSettings
from training.losses.margin import MarginSettings
from training.losses.pair_memory import PairMemorySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """What is trained and where it starts."""

    backbone: str = "edgenext_x_small"  # timm's name; its last layer gives the 512 numbers
    # A safetensors file or a state dict saved by torch, as named, below the data folder or in an installed package
    # that its first part names; "" is from noise.
    start: Path = Path("init/edgeface_xs_edgenext_x_small_fp16.safetensors")
    without_head: bool = False  # the file's classifier is left aside (ImageNet's 1,000 classes), ours starts as noise
    names_differ: bool = False  # the file has the backbone's tensors in the backbone's order under other names
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
    memory: float = 0.0  # pairs with the pictures of the last steps; ~0.4


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
    memory: PairMemorySettings = field(default_factory=PairMemorySettings)
    batch: BatchSettings = field(default_factory=BatchSettings)
    augmentation: Augmentation = field(default_factory=Augmentation)


def stored_recipe(facts: Mapping[str, Any]) -> EmbedderRecipe:
    """The recipe of a checkpoint; where the pictures lay was once part of it."""
    values: dict[str, Any] = {name: value for name, value in facts["recipe"].items() if name not in {"data", "cache"}}
    return build(EmbedderRecipe, values)
