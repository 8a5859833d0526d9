"""The detector's start: YOLOv8n-pose weights with batch norm folded in, put into a one-class YOLOv8n with live norms.

A norm left at identity would renormalise everything at the first training step. So each convolution's output is
measured on pictures first, and each norm gets statistics under which the network computes what it did before.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn
from ultralytics.nn.modules import Conv
from ultralytics.nn.tasks import DetectionModel

from training.command_line import Refused


class StartWeightsError(Refused):
    """The start weights do not fit the network."""


def build_network() -> Any:
    """YOLOv8n with one class, from noise."""
    return DetectionModel("yolov8n.yaml", ch=3, nc=1, verbose=False)


def load_folded(model: nn.Module, path: Path) -> None:
    """Load convolutions with folded norms; each norm becomes the identity plus the folded bias.

    In evaluation the network then computes what the folded one does. The pose branch (`cv4`) has no place and is
    left out; anything else missing or left over raises StartWeightsError.
    """
    folded = {name: value.float() for name, value in load_file(str(path)).items() if ".cv4." not in name}
    state = model.state_dict()
    used: set[str] = set()
    for name, module in model.named_modules():
        if isinstance(module, Conv):
            weight, bias = f"{name}.conv.weight", f"{name}.conv.bias"
            _check(weight, folded, state[weight].shape)
            used |= {weight, bias}
            norm = module.bn
            state[weight] = folded[weight]
            state[f"{name}.bn.running_mean"] = torch.zeros_like(norm.running_mean)
            state[f"{name}.bn.running_var"] = torch.ones_like(norm.running_var)
            state[f"{name}.bn.weight"] = torch.full_like(norm.weight, (1.0 + norm.eps) ** 0.5)
            state[f"{name}.bn.bias"] = folded[bias]
    for name in state:
        if name not in used and ".bn." not in name:
            _check(name, folded, state[name].shape)
            state[name] = folded[name]
            used.add(name)
    if left := set(folded) - used:
        raise StartWeightsError(f"{path.name}: no place for {sorted(left)[:3]} ({len(left)} tensors)")
    model.load_state_dict(state)


def refit_norms(model: nn.Module, batches: Iterable[torch.Tensor]) -> None:
    """Give every norm the statistics of its convolution's output, without changing what the network computes.

    batches: (B, 3, H, W), RGB, 0..1. model: as `load_folded` leaves it. With mean m and variance v of the output:
    running_mean = m, running_var = v, weight = old gain * sqrt(v + eps), bias = folded bias + m (norms at identity).
    """
    convs = {name: module for name, module in model.named_modules() if isinstance(module, Conv)}
    sums = {name: torch.zeros(2, module.conv.out_channels, dtype=torch.float64) for name, module in convs.items()}
    counts = dict.fromkeys(convs, 0)

    def record(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
            values = output.detach().double().transpose(0, 1).flatten(1)  # (C, B * H * W)
            sums[name] += torch.stack([values.sum(1), values.square().sum(1)])
            counts[name] += values.shape[1]

        return hook

    hooks = [module.conv.register_forward_hook(record(name)) for name, module in convs.items()]
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for batch in batches:
            model(batch)
    for hook in hooks:
        hook.remove()
    model.train(was_training)
    with torch.no_grad():
        for name, module in convs.items():
            mean = sums[name][0] / counts[name]
            variance = (sums[name][1] / counts[name] - mean.square()).clamp_min(0)
            norm = module.bn
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.add_(mean.to(norm.bias.dtype))


def _check(name: str, folded: dict[str, torch.Tensor], shape: torch.Size) -> None:
    got = folded.get(name)
    if got is None or got.shape != shape:
        raise StartWeightsError(f"{name}: wanted shape {tuple(shape)}, got {None if got is None else tuple(got.shape)}")
