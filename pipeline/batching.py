"""Pictures -> batches of the few shapes that an engine is compiled for, checked against the manifest. No runtimes.

Shapes are fixed: a batch is padded to the next bucket, so that a runtime plans memory a few times and never again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import cv2
import numpy as np

from pipeline.errors import EngineFailed
from pipeline.manifest import InputSpec, NetworkFacts
from pipeline.types import FloatArray, Nchw, Rgb8

FILL: Final = 0.6  # of a bucket must be rows: eight in one batch take as long as five alone


def to_batch(images: Sequence[Rgb8], spec: InputSpec) -> Nchw:
    """Normalise B pictures (H, W, 3) RGB as the network was trained: (B, 3, H, W) float32."""
    batch = np.empty((len(images), 3, *images[0].shape[:2]), np.float32)
    order = (0, 1, 2) if spec.color == "RGB" else (2, 1, 0)  # the only place where channels swap
    for image, row in zip(images, batch, strict=True):
        apart = cv2.split(image)
        for channel, source in enumerate(order):
            mean, scale = np.float32(spec.mean[channel]), np.float32(1.0 / spec.std[channel])
            if mean == 0.0:  # one pass less over a detector's canvas
                np.multiply(apart[source], scale, out=row[channel])
                continue
            np.subtract(apart[source], mean, out=row[channel])
            row[channel] *= scale
    return batch


def in_buckets(count: int, buckets: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Cut `count` rows into (rows, bucket) parts, each in the largest bucket that it fills well enough."""
    smallest = min(buckets)
    while count > 0:
        bucket = max((size for size in buckets if count >= FILL * size), default=smallest)
        rows = min(count, bucket)
        yield rows, bucket
        count -= rows


def run_in_buckets(
    batch: Nchw, buckets: Sequence[int], run: Callable[[Nchw], tuple[FloatArray, ...]]
) -> tuple[FloatArray, ...]:
    """Run (B, 3, H, W) in parts of the bucket sizes, filled up with zeros; outputs joined, B rows each.

    run: takes a contiguous part of exactly one bucket's size. A part that filled its bucket keeps its outputs whole,
    whatever their first axis counts, so a network without a batch axis works with bucket 1 and B = 1.
    """
    parts: list[tuple[FloatArray, ...]] = []
    start = 0
    for rows, bucket in in_buckets(len(batch), buckets):
        outputs = run(padded(batch[start : start + rows], bucket))
        parts.append(tuple(output if rows == bucket else output[:rows] for output in outputs))
        start += rows
    if len(parts) == 1:
        return parts[0]
    return tuple(np.concatenate(same) for same in zip(*parts, strict=True))


def padded(part: Nchw, bucket: int) -> Nchw:
    """Fill a part up to its bucket with zeros; contiguous either way."""
    if len(part) == bucket:
        return np.ascontiguousarray(part)
    full = np.zeros((bucket, *part.shape[1:]), np.float32)
    full[: len(part)] = part
    return full


def check_batch(batch: Nchw, facts: NetworkFacts) -> None:
    """Refuse a batch of another shape or type than the manifest gives. Raises EngineFailed."""
    takes = facts.input
    right = batch.ndim == 4 and batch.shape[0] >= 1 and batch.shape[1] == 3 and batch.dtype == np.float32
    if right and takes.step_px:
        right = all(0 < side <= takes.longest_px and side % takes.step_px == 0 for side in batch.shape[2:])
    elif right:
        right = batch.shape[2] == batch.shape[3] and batch.shape[2] in takes.sizes_px
    if not right:
        sides = (
            f"(B >= 1, 3, H, W) float32 with H and W multiples of {takes.step_px} up to {takes.longest_px}"
            if takes.step_px
            else f"(B >= 1, 3, side, side) float32 with side in {takes.sizes_px}"
        )
        raise EngineFailed(f"{facts.role}: wants {sides}, got {batch.shape} {batch.dtype}")


def check_names(facts: NetworkFacts, *, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Refuse a file whose tensors are named otherwise than the manifest says. Raises EngineFailed."""
    missing = {facts.input.name} - set(inputs) | set(facts.outputs) - set(outputs)
    if missing or len(inputs) != 1:
        raise EngineFailed(
            f"{facts.role}: {facts.path.name} has inputs {list(inputs)} and outputs {list(outputs)}, the manifest "
            f"says {facts.input.name} and {list(facts.outputs)}"
        )
