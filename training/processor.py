"""What trainings ask of the processor: freed memory kept for the next step, and whether it has bf16."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

import torch

_TRIM_THRESHOLD: Final = -1  # M_TRIM_THRESHOLD of malloc.h
_TOP_PAD: Final = -2  # M_TOP_PAD
_MMAP_THRESHOLD: Final = -3  # M_MMAP_THRESHOLD
_MMAP_MAX: Final = -4  # M_MMAP_MAX
_LARGEST: Final = 2**31 - 1  # mallopt takes an int
_PAD_BYTES: Final = 256 << 20


def keep_freed_memory() -> None:
    """Have blocks of hundreds of megabytes come from the heap, and the heap stay as large as it once was.

    Linux with glibc; elsewhere nothing. The process keeps the most it ever held.

    glibc asks the system for every block of 32 MB and more and gives it back when it is freed, so each activation of
    each step is made of pages that the system clears first. Forwards and backwards through the embedder with 128
    pictures took 17 s on two cores and takes 7.4 s so (the better of two). mallopt(3).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None  # musl has none
    if mallopt is not None:
        if not mallopt(_MMAP_THRESHOLD, _LARGEST):  # older ones take 32 MB at most
            mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, _LARGEST)
        mallopt(_TOP_PAD, _PAD_BYTES)


def has_bf16(device: torch.device) -> bool:
    """Whether a device computes in bf16. A CPU without it imitates it: forwards alone takes 1.6 times of float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return True
    can = torch.cpu.get_capabilities()
    return bool(can.get("amx_bf16") or can.get("avx512_bf16"))  # neither is named but on x86-64


def device_of(accelerator: str) -> torch.device:
    """Where a network goes that Lightning would train by this name: the first GPU or the CPU."""
    wanted = accelerator in {"gpu", "cuda"} or (accelerator == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if wanted else "cpu")
