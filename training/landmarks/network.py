"""The aligner's network: a timm backbone, five points and how far off they may be. Tensors only, no data.

Input (B, 3, 112, 112), RGB, (x - 127.5) / 127.5. Output: points (B, 5, 2) in crop pixels, log_error (B, 1), the
natural logarithm of the expected mean distance of the points over the distance of the eyes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import timm
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from pipeline.similarity import CROP_SIDE_PX, template_for
from training.command_line import Refused

Head = Literal["pooled", "integral"]
POINTS: Final = 5
EXPECTED_LOG_ERROR: Final = -3.0  # where log_error starts: 5 % of the eye distance


class LandmarkNetwork(nn.Module):
    """Backbone and head.

    pooled: mean over the last map, one linear layer. integral: the four maps joined top-down to 28 x 28, a heat map a
    point, its mean position (Sun et al., Integral Human Pose Regression, ECCV 2018), and a linear correction from
    the last map, which alone can place a point outside the crop.
    """

    def __init__(self, *, backbone: str, head: Head = "integral", width: int = 64, start: Path | None = None) -> None:
        super().__init__()
        self.trunk: Any = timm.create_model(backbone, num_classes=0, pretrained=False)
        if start is not None:
            load_start(self.trunk, start)
        if hasattr(self.trunk, "head"):
            self.trunk.head = nn.Identity()  # its norm would be a parameter without a gradient
        channels = self._channels()
        self.head_kind = head
        self.integral = IntegralHead(channels, width) if head == "integral" else None
        reach = 9 if head == "integral" else 1
        self.pool = nn.AdaptiveAvgPool2d(3 if head == "integral" else 1)
        self.linear = nn.Linear(channels[-1] * reach, 2 * POINTS)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        spreads = POINTS if head == "integral" else 0
        self.error = nn.Sequential(nn.Linear(channels[-1] + spreads, 64), nn.GELU(), nn.Linear(64, 1))
        nn.init.constant_(self.error[-1].bias, EXPECTED_LOG_ERROR)
        middle = torch.from_numpy(template_for(CROP_SIDE_PX, margin_share=0.15))
        self.register_buffer("mean_points", middle.reshape(1, POINTS, 2), persistent=False)

    def _channels(self) -> list[int]:
        with torch.no_grad():
            was = self.trunk.training
            maps = self._maps(torch.zeros(1, 3, CROP_SIDE_PX, CROP_SIDE_PX))
            self.trunk.train(was)
        return [int(item.shape[1]) for item in maps]

    def _maps(self, images: torch.Tensor) -> list[torch.Tensor]:
        """The four stages' maps, strides 4, 8, 16, 32: (B, C, 28, 28) to (B, C, 3, 3)."""
        return list(self.trunk.forward_intermediates(images, indices=4, intermediates_only=True))[-4:]

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, 3, 112, 112) -> points (B, 5, 2), log_error (B, 1)."""
        maps = self._maps(images)
        last = maps[-1]  # (B, C, 3, 3)
        shift = CROP_SIDE_PX * self.linear(self.pool(last).flatten(1)).reshape(-1, POINTS, 2)
        described = last.mean(dim=(2, 3))  # (B, C)
        if self.integral is None:
            points = self.mean_points + shift
        else:
            located, spreads = self.integral(maps)
            points = located + shift
            described = torch.cat([described, spreads], dim=1)
        return points, self.error(described)


class IntegralHead(nn.Module):
    """Feature pyramid -> one heat map a point -> the mean position under each."""

    def __init__(self, channels: list[int], width: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(count, width, 1) for count in channels)
        self.smooth = nn.ModuleList(_separable(width) for _ in channels[:-1])
        self.heat = nn.Conv2d(width, POINTS, 1)
        nn.init.normal_(self.heat.weight, std=0.01)

    def forward(self, maps: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Positions (B, 5, 2) in crop pixels and the maps' spreads (B, 5), shares of the crop's side."""
        joined = self.laterals[-1](maps[-1])
        for lateral, smooth, below in zip(
            reversed(self.laterals[:-1]), reversed(self.smooth), reversed(maps[:-1]), strict=True
        ):
            size = (int(below.shape[2]), int(below.shape[3]))
            up = functional.interpolate(joined, size=size, mode="bilinear", align_corners=False)
            joined = smooth(lateral(below) + up)  # (B, width, 7, 7), then 14, then 28
        return mean_position(self.heat(joined))


def mean_position(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Heat maps (B, N, H, W) as logits -> the mean cell centre under each, (B, N, 2) px of the crop, and its
    root-mean-square distance from there, (B, N), share of the side.
    """
    height, width = int(logits.shape[2]), int(logits.shape[3])
    # Pixel centres are whole numbers, so cell j of W covers (j + 0.5) * 112 / W - 0.5. Counted from the crop's middle,
    # (112 - 1) / 2, since an engine may do this in bf16, whose steps grow with the number.
    xs = (torch.arange(width, dtype=torch.float32, device=logits.device) + 0.5) * (CROP_SIDE_PX / width)
    ys = (torch.arange(height, dtype=torch.float32, device=logits.device) + 0.5) * (CROP_SIDE_PX / height)
    y, x = torch.meshgrid(ys - CROP_SIDE_PX / 2, xs - CROP_SIDE_PX / 2, indexing="ij")
    places = torch.stack([x, y, x.square() + y.square()]).flatten(1)  # (3, H * W)
    share = torch.softmax(logits.float().flatten(2), dim=2)  # (B, N, H * W)
    means = (share[:, :, None] * places).sum(dim=3)  # (B, N, 3); no product of matrices, which bf16 would round
    points, square = means[..., :2], means[..., 2]
    spread = (square - points.square().sum(dim=2)).clamp_min(1e-4).sqrt() / CROP_SIDE_PX
    return points + (CROP_SIDE_PX - 1) / 2, spread


def load_start(trunk: nn.Module, path: Path) -> None:
    """Fill the trunk from a safetensors file of the same backbone; its classifier is left out.

    Raises Refused when a weight of the trunk is not in the file or has another shape.
    """
    given = {name: value.float() for name, value in load_file(str(path)).items()}
    wanted = trunk.state_dict()
    missing = [name for name in wanted if name not in given or given[name].shape != wanted[name].shape]
    if missing:
        raise Refused(f"{path.name} does not fit this backbone: {missing[0]} and {len(missing) - 1} more")
    trunk.load_state_dict({name: given[name] for name in wanted})


def _separable(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
        nn.BatchNorm2d(width),
        nn.GELU(),
        nn.Conv2d(width, width, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.GELU(),
    )
