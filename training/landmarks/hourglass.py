"""Stacked hourglasses (Newell et al., ECCV 2016) for five points: heat maps, intermediate supervision, sub-pixel
decoding. Compared with the regressor, not shipped. Tensors only.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import nn
from torch.nn import functional

from pipeline.similarity import CROP_SIDE_PX

STACKS: Final = 2
DEPTH: Final = 4
HEAT_SIDE: Final = 28  # cells; one covers four pixels of the crop
SIGMA_CELLS: Final = 1.0  # of the target's Gaussian


class Residual(nn.Module):
    """The paper's bottleneck, batch norm before each convolution."""

    def __init__(self, given: int, made: int) -> None:
        super().__init__()
        half = made // 2
        self.way = nn.Sequential(
            nn.BatchNorm2d(given),
            nn.ReLU(inplace=False),
            nn.Conv2d(given, half, 1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, half, 3, padding=1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, made, 1),
        )
        self.skip = nn.Identity() if given == made else nn.Conv2d(given, made, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.skip(x) + self.way(x)


class Hourglass(nn.Module):
    """One hourglass of some depth: (B, C, H, W) -> the same, having seen it at H / 2 ... H / 2**depth.

    28 cells halve to 14, 7, 4, 2: sides are rounded up, and each way up returns to the size it left.
    """

    def __init__(self, depth: int, width: int) -> None:
        super().__init__()
        self.beside = Residual(width, width)
        self.down = Residual(width, width)
        self.inner: nn.Module = Hourglass(depth - 1, width) if depth > 1 else Residual(width, width)
        self.up = Residual(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        low = functional.max_pool2d(x, 2, ceil_mode=True)
        low = self.up(self.inner(self.down(low)))
        back = functional.interpolate(low, size=(int(x.shape[2]), int(x.shape[3])), mode="nearest")
        return self.beside(x) + back


class HourglassNetwork(nn.Module):
    """Crops -> points, as the regressor; `heat_maps` gives every stack's maps for the loss.

    log_error comes from how high and how narrow the last maps are: no face leaves them flat.
    """

    def __init__(self, *, width: int = 64, stacks: int = STACKS, depth: int = DEPTH, points: int = 5) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width // 2, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(width // 2),
            nn.ReLU(inplace=True),
            Residual(width // 2, width),
            nn.MaxPool2d(2),
            Residual(width, width),
        )
        self.glasses = nn.ModuleList(
            nn.Sequential(
                Hourglass(depth, width),
                Residual(width, width),
                nn.Conv2d(width, width, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            )
            for _ in range(stacks)
        )
        self.heads = nn.ModuleList(nn.Conv2d(width, points, 1) for _ in range(stacks))
        self.back_features = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(stacks - 1))
        self.back_maps = nn.ModuleList(nn.Conv2d(points, width, 1) for _ in range(stacks - 1))
        for head in self.heads:  # empty maps to begin with: the targets are nearly everywhere zero
            nn.init.normal_(head.weight, std=1e-3)
            nn.init.zeros_(head.bias)
        self.error = nn.Linear(points, 1)
        nn.init.zeros_(self.error.weight)
        nn.init.constant_(self.error.bias, -2.0)

    def heat_maps(self, images: torch.Tensor) -> list[torch.Tensor]:
        """(B, 3, 112, 112) -> a (B, 5, 28, 28) for each stack; values near 1 at the point, 0 elsewhere."""
        x = self.stem(images)  # (B, width, 28, 28)
        maps = []
        for index, (glass, head) in enumerate(zip(self.glasses, self.heads, strict=True)):
            features = glass(x)
            maps.append(head(features))
            if index < len(self.back_maps):
                x = x + self.back_features[index](features) + self.back_maps[index](maps[-1])
        return maps

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Points (B, 5, 2) crop pixels, log_error (B, 1)."""
        return self.decoded(self.heat_maps(images)[-1])

    def decoded(self, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The last stack's maps (B, 5, 28, 28) -> what `forward` returns. The error teaches nothing but its layer."""
        return decode(maps), self.error(maps.detach().amax(dim=(2, 3)))


def decode(maps: torch.Tensor) -> torch.Tensor:
    """Heat maps (B, N, H, W) -> points (B, N, 2), px of the crop, finer than a cell.

    The highest cell, moved to the top of the parabolas through the logarithms of it and its neighbours: exact for
    the Gaussians that the network is taught. Without loops, so that it exports.
    """
    count, points, height, width = maps.shape
    flat = maps.flatten(2)
    best = flat.argmax(dim=2)  # (B, N)
    row, column = torch.div(best, width, rounding_mode="floor"), best % width
    steps = torch.arange(-1, 2, device=maps.device)
    rows = (row[..., None, None] + steps[:, None]).expand(count, points, 3, 3)
    columns = (column[..., None, None] + steps[None]).expand(count, points, 3, 3)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    where = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    near = flat.gather(2, where.flatten(2)).unflatten(2, (3, 3)) * inside
    log = near.clamp_min(1e-6).log()
    dx = _parabola_top(log[..., 1, 0], log[..., 1, 1], log[..., 1, 2])
    dy = _parabola_top(log[..., 0, 1], log[..., 1, 1], log[..., 2, 1])
    scale = torch.tensor([CROP_SIDE_PX / width, CROP_SIDE_PX / height], device=maps.device)
    cells = torch.stack([column + dx, row + dy], dim=2)
    return (cells + 0.5) * scale - 0.5


def target_maps(points: torch.Tensor, *, side: int = HEAT_SIDE, sigma_cells: float = SIGMA_CELLS) -> torch.Tensor:
    """Points (B, N, 2), px of the crop -> Gaussians of height 1, (B, N, side, side)."""
    cells = (points + 0.5) * (side / CROP_SIDE_PX) - 0.5  # (B, N, 2)
    axis = torch.arange(side, dtype=points.dtype, device=points.device)
    over_x = (axis - cells[..., :1]).square()  # (B, N, side)
    over_y = (axis - cells[..., 1:]).square()
    return torch.exp(-(over_y[..., :, None] + over_x[..., None, :]) / (2 * sigma_cells**2))


def hourglass_loss(maps: list[torch.Tensor], points: torch.Tensor) -> torch.Tensor:
    """Mean squared error of every stack's maps against the Gaussians (the paper's intermediate supervision), (B,).

    Scaled by the number of cells a Gaussian covers, so that it neither vanishes nor depends on the map's size.
    """
    target = target_maps(points, side=int(maps[0].shape[-1]))
    covered = 2 * torch.pi * SIGMA_CELLS**2
    return torch.stack([(each - target).square().sum(dim=(2, 3)).mean(dim=1) / covered for each in maps]).sum(0)


def _parabola_top(left: torch.Tensor, middle: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Where the parabola through -1, 0 and 1 is highest: half the slope over the bend."""
    bend = (2 * middle - left - right).clamp_min(1e-3)
    return (0.5 * (right - left) / bend).clamp(-0.5, 0.5)
