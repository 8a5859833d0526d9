"""The embedder's networks with their start weights, from a recipe.

The input is normalised outside: (x - 127.5) / 127.5 of RGB, see `weights/manifest.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import timm
import torch
from safetensors.torch import load_file
from torch import nn

from training.command_line import Refused
from training.embedder.concatenated import ConcatenatedEmbedders
from training.embedder.recipe import NetworkSettings
from training.embedder.sface import load_sface

DIMENSION: Final = 512
NOISE_SEED: Final = 512  # of what starts as noise


def build_network(settings: NetworkSettings, data: Path) -> nn.Module:
    """Make the network with its start weights, every key of which must fit: 512 outputs, 640 with SFace beside.

    Without a file to start from, and for a head of its own, the noise is the same every time: a resumed run and the
    export build the network anew. Raises StartMissing, SFaceMissing.
    """
    network = _build_first(settings, data)
    return ConcatenatedEmbedders(network, load_sface(), settings.beside_share) if settings.beside else network


def _build_first(settings: NetworkSettings, data: Path) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(NOISE_SEED)
        network = timm.create_model(settings.backbone, num_classes=DIMENSION)
    if settings.start == Path():
        return network
    given = _read(_find(settings.start, data))
    if settings.names_differ:
        given = _renamed(given, network, settings)
    stored = {name: value.float() if value.is_floating_point() else value for name, value in given.items()}
    if settings.without_head:
        prefixes = _head_prefixes(network)
        stored = {name: value for name, value in stored.items() if not name.startswith(prefixes)}
        stored |= {name: value for name, value in network.state_dict().items() if name.startswith(prefixes)}
    network.load_state_dict(stored)
    return network


def _renamed(
    given: Mapping[str, torch.Tensor], network: nn.Module, settings: NetworkSettings
) -> dict[str, torch.Tensor]:
    """The file's tensors by the network's names, in their order; only the head's may have another shape."""
    wanted = network.state_dict()
    heads = _head_prefixes(network)
    if len(given) != len(wanted) or any(
        value.shape != wanted[name].shape
        for name, value in zip(wanted, given.values(), strict=True)
        if not name.startswith(heads)
    ):
        raise StartMissing(f"{settings.start} does not fit {settings.backbone}: name the file of another release")
    return dict(zip(wanted, given.values(), strict=True))


def _head_prefixes(network: nn.Module) -> tuple[str, ...]:
    heads: str | Sequence[str] = network.default_cfg["classifier"]  # timm's own table
    return tuple(f"{head}." for head in ([heads] if isinstance(heads, str) else heads))


def _find(start: Path, data: Path) -> Path:
    """The file as named, below the data folder, or below an installed package of that name."""
    places = [start, data / start]
    if spec := find_spec(start.parts[0]) if start.parts[0].isidentifier() else None:
        places += [Path(place).parent / start for place in spec.submodule_search_locations or ()]
    for file in places:
        if file.is_file():
            return file
    raise StartMissing(f"{start}: no such start weights, here, below {data} or in an installed package")


def _read(file: Path) -> dict[str, torch.Tensor]:
    if file.suffix == ".safetensors":
        return load_file(file)
    state: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)  # tensors, no pickled code
    return state


class StartMissing(Refused):
    """The file that a recipe starts from is not there."""
