"""YOLOv8n with five points a face, its norms folded into the convolutions. Imports torch and Ultralytics.

Import it after `training.detector.cli.quieten`, which keeps Ultralytics' settings under the runs and off the network.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import torch
import yaml
from safetensors.torch import load_file
from torch import nn
from ultralytics.nn.tasks import PoseModel
from ultralytics.utils import ROOT

from pipeline.types import FloatArray, Nchw
from training.command_line import Refused
from training.detector.recipe import DetectorRecipe
from training.detector.score import RunNetwork

POINTS: Final = 5
FIXED: Final = "model.22.dfl.conv.weight"  # 0..15, no weight: not in the start's file


class StartWeightsError(Refused):
    """The start weights do not fit the network."""


def build_network() -> Any:
    """The network with one class, five points and no norms, from noise."""
    layers = yaml.safe_load((ROOT / "cfg" / "models" / "v8" / "yolov8-pose.yaml").read_text(encoding="utf-8"))
    layers |= {"scale": "n", "nc": 1, "kpt_shape": [POINTS, 3]}
    model = PoseModel(layers, ch=3, nc=1, data_kpt_shape=(POINTS, 3), verbose=False)
    return model.fuse(verbose=False).to(memory_format=torch.channels_last)


def load_start(model: nn.Module, path: Path) -> None:
    """Load weights whose norms are folded in. Raises StartWeightsError, which names a tensor that does not fit."""
    weights = {name: value.float() for name, value in load_file(str(path)).items()}
    state = model.state_dict()
    wanted = set(state) - {FIXED}
    for name in sorted(wanted | set(weights)):
        if name not in weights or name not in state or weights[name].shape != state[name].shape:
            raise StartWeightsError(f"{path.name}: {name} does not fit a YOLOv8n with {POINTS} points")
    model.load_state_dict(state | weights)


def start_network(recipe: DetectorRecipe, data: Path) -> Any:
    """The network as the start's file has it, the upper layers open to training, with the weights of the losses."""
    model = build_network()
    load_start(model, data / recipe.start)
    model.args = SimpleNamespace(box=recipe.box, cls=recipe.score, dfl=recipe.distribution)
    for name, value in model.named_parameters():
        value.requires_grad_(name != FIXED and int(name.split(".")[1]) >= recipe.frozen_layers)
    return model


def torch_network(model: Any) -> RunNetwork:
    """The network in evaluation mode as the scorer's callable."""

    def run(images: Nchw) -> FloatArray:
        with torch.inference_mode():
            output = model(torch.from_numpy(images).contiguous(memory_format=torch.channels_last))
        output = output[0] if isinstance(output, (tuple, list)) else output
        return np.asarray(output.float().numpy(), dtype=np.float32)

    return run
