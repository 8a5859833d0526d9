"""An hourglass whose way down and first steps up are YOLOv8n's, read by integral regression; the parts of the smaller
one that ships (small_hourglass), which begins at what this one learnt.

    112 x 112 -> 56 -> 28 -> 14 -> 7 -> 4 (YOLOv8n's layers 0 to 9), up to 7 and 14 (its 10 to 15), up to 28 (new)

The layers' names and shapes are those of Ultralytics' `yolov8-pose.yaml` at scale n after `fuse()` (no batch norms), so
that a face detector's weights start them. A map a point at 14 x 14 (supervised between, as in stacked hourglasses,
Newell et al., ECCV 2016) and one at 28 x 28; a point is the expectation of its map (Sun et al., Integral Human Pose
Regression, ECCV 2018). Tensors only.

Input (B, 3, 112, 112), RGB, (x - 127.5) / 127.5. Output: points (B, 5, 2) in crop pixels, log_error (B, 1).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple, Protocol

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from training.command_line import Refused
from training.landmarks.hourglass import target_maps
from training.landmarks.network import EXPECTED_LOG_ERROR, POINTS, mean_position

FINE_WIDTH: Final = 32  # channels at 28 x 28
ERROR_WIDTH: Final = 64


class Convolution(nn.Module):
    """A convolution that keeps the size or halves it, and SiLU."""

    def __init__(self, given: int, made: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(given, made, kernel, stride, kernel // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.silu(self.conv(x))

    def joined(self, low: torch.Tensor, beside: torch.Tensor) -> torch.Tensor:
        """The same of `low` (B, C, h, w) widened to the size of `beside` (B, D, H, W) and of that; the kernel is 1 x 1.

        The share of `low` is computed before it is widened, for a quarter of the work, and nothing is joined.
        """
        weight, channels = self.conv.weight, int(low.shape[1])
        share = functional.conv2d(low, weight[:, :channels])
        wide = functional.interpolate(share, size=(int(beside.shape[2]), int(beside.shape[3])), mode="nearest")
        return functional.silu(functional.conv2d(beside, weight[:, channels:], self.conv.bias) + wide)


class Bottleneck(nn.Module):
    """Two 3 x 3 convolutions, with their input added where `adds`."""

    def __init__(self, width: int, *, adds: bool) -> None:
        super().__init__()
        self.cv1 = Convolution(width, width, 3)
        self.cv2 = Convolution(width, width, 3)
        self.adds = adds

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = self.cv2(self.cv1(x))
        return x + made if self.adds else made


class C2f(nn.Module):
    """Ultralytics' block of that name: half of the channels go through bottlenecks, every stage is kept and joined."""

    def __init__(self, given: int, made: int, count: int, *, adds: bool) -> None:
        super().__init__()
        half = made // 2
        self.cv1 = Convolution(given, made)
        self.cv2 = Convolution((2 + count) * half, made)
        self.m = nn.ModuleList(Bottleneck(half, adds=adds) for _ in range(count))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._onward(self.cv1(x))

    def joined(self, low: torch.Tensor, beside: torch.Tensor) -> torch.Tensor:
        """Likewise of two sizes, see `Convolution.joined`."""
        return self._onward(self.cv1.joined(low, beside))

    def _onward(self, first: torch.Tensor) -> torch.Tensor:
        kept = list(first.chunk(2, dim=1))
        for block in self.m:
            kept.append(block(kept[-1]))
        return self.cv2(torch.cat(kept, dim=1))


class SPPF(nn.Module):
    """Ultralytics' block of that name: maxima over 5, 9 and 13 cells beside what they are taken of."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cv1 = Convolution(width, width // 2)
        self.cv2 = Convolution(2 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = [self.cv1(x)]
        for _ in range(3):
            kept.append(functional.max_pool2d(kept[-1], 5, 1, 2))
        return self.cv2(torch.cat(kept, dim=1))


class Maps(Protocol):
    """What an hourglass says of the N points of B crops; maps are logits."""

    @property
    def points(self) -> torch.Tensor: ...  # (B, N, 2) crop px, from `fine`
    @property
    def fine(self) -> torch.Tensor: ...  # (B, N, 28, 28)
    @property
    def coarse(self) -> torch.Tensor: ...  # (B, N, 14, 14)


class Read(NamedTuple):
    """`Maps` of five points, and how far off they may be."""

    points: torch.Tensor  # (B, 5, 2)
    log_error: torch.Tensor  # (B, 1)
    fine: torch.Tensor  # (B, 5, 28, 28)
    coarse: torch.Tensor  # (B, 5, 14, 14)


def shallow_layers() -> dict[str, nn.Module]:
    """YOLOv8n's layers 0 to 6, from noise: 112 x 112 px down to 7 x 7."""
    return {
        "0": Convolution(3, 16, 3, 2),
        "1": Convolution(16, 32, 3, 2),
        "2": C2f(32, 32, 1, adds=True),
        "3": Convolution(32, 64, 3, 2),
        "4": C2f(64, 64, 2, adds=True),
        "5": Convolution(64, 128, 3, 2),
        "6": C2f(128, 128, 2, adds=True),
    }


def shallow_maps(layers: nn.ModuleDict, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(B, 3, 112, 112) -> (B, 32, 28, 28), (B, 64, 14, 14), (B, 128, 7, 7), by the layers 0 to 6."""
    at_28 = layers["2"](layers["1"](layers["0"](images * 0.5 + 0.5)))  # the start takes pixels as 0..1
    at_14 = layers["4"](layers["3"](at_28))
    return at_28, at_14, layers["6"](layers["5"](at_14))


def map_head(channels: int, count: int) -> nn.Conv2d:
    """A map a point of `channels` maps, nearly flat to begin with."""
    head = nn.Conv2d(channels, count, 1)
    nn.init.normal_(head.weight, std=0.01)
    assert head.bias is not None  # noqa: S101 - Conv2d has one unless told otherwise
    nn.init.zeros_(head.bias)
    return head


class YoloHourglass(nn.Module):
    """See the module. `read` gives the maps too, for the loss."""

    def __init__(self, *, start: Path | None = None) -> None:
        """start: safetensors of a YOLOv8n whose layers 0 to 15 are taken. Raises Refused when it does not fit."""
        super().__init__()
        self.trunk = nn.ModuleDict(
            {
                **shallow_layers(),
                "7": Convolution(128, 256, 3, 2),
                "8": C2f(256, 256, 1, adds=True),
                "9": SPPF(256),
                "12": C2f(384, 128, 1, adds=False),
                "15": C2f(192, 64, 1, adds=False),
            }
        )
        if start is not None:
            load_layers(self.trunk, start)
        self.join = Convolution(64 + 32, FINE_WIDTH)
        self.smooth = Bottleneck(FINE_WIDTH, adds=True)
        self.coarse = map_head(64, POINTS)
        self.fine = map_head(FINE_WIDTH, POINTS)
        described = 256 + 128 + 64 + 2 * POINTS
        self.error = nn.Sequential(nn.Linear(described, ERROR_WIDTH), nn.SiLU(), nn.Linear(ERROR_WIDTH, 1))
        nn.init.constant_(self.error[-1].bias, EXPECTED_LOG_ERROR)

    def read(self, images: torch.Tensor) -> Read:
        layers = self.trunk
        at_28, at_14, at_7 = shallow_maps(layers, images)
        at_4 = layers["9"](layers["8"](layers["7"](at_7)))
        up_7 = layers["12"].joined(at_4, at_7)
        up_14 = layers["15"].joined(up_7, at_14)
        up_28 = self.smooth(self.join.joined(up_14, at_28))
        coarse, fine = self.coarse(up_14), self.fine(up_28)
        points, spreads = mean_position(fine)
        _, wide_spreads = mean_position(coarse)
        described = torch.cat([*(x.mean(dim=(2, 3)) for x in (at_4, up_7, up_14)), spreads, wide_spreads], dim=1)
        return Read(points, self.error(described), fine, coarse)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, 3, 112, 112) -> points (B, 5, 2), log_error (B, 1)."""
        points, log_error, *_ = self.read(images)
        return points, log_error


def map_loss(logits: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the maps (B, N, H, H) against a Gaussian of one cell round the true points, nats, (B,).

    It tells every cell what to say, where the expectation alone leaves the map's shape open; points from noise are
    learnt in a fraction of the steps. A point outside of the crop has no cell and counts nothing.
    """
    target = target_maps(points, side=int(logits.shape[-1])).flatten(2)  # (B, N, H * H)
    mass = target.sum(dim=2, keepdim=True)
    target = target / mass.clamp_min(1e-3)
    each = -(target * functional.log_softmax(logits.flatten(2), dim=2)).sum(dim=2)  # (B, N)
    return (each * (mass[..., 0] > 1.0)).mean(dim=1)


def load_layers(trunk: nn.ModuleDict, path: Path) -> None:
    """Fill the trunk from a safetensors file whose keys are `model.LAYER....`; other layers are left out."""
    given = {name.removeprefix("model."): value.float() for name, value in load_file(str(path)).items()}
    wanted = trunk.state_dict()
    missing = [name for name in wanted if name not in given or given[name].shape != wanted[name].shape]
    if missing:
        raise Refused(f"{path.name} does not fit YOLOv8n: {missing[0]} and {len(missing) - 1} more")
    trunk.load_state_dict({name: given[name] for name in wanted})
