"""The processes that decode: a small parent that forks one child a photo, and the child. Knows pictures, no faces.

The parent is started by `lookalike.serving.decoders` with an empty environment and imports what decoding needs, once.
It never sees a photo. Each child is forked ahead of its photo, gives up whatever decoding does not need (files,
sockets, processes, core dumps), decodes one photo under limits of memory and processor time, and ends. So a decoder
that is taken over by its file has nobody else's photo, no secret, no file and no network.

It is asked over the socket on its standard input; see `decoder_protocol`.
"""

from __future__ import annotations

import ctypes
import gc
import io
import json
import os
import resource
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

import cv2
import numpy as np
from PIL import AvifImagePlugin, Image, MpoImagePlugin, TiffImagePlugin

from lookalike.serving.decoder_protocol import ANSWER, FORK, HELLO, JOB, KILL, REQUEST
from pipeline.decode import decode
from pipeline.decoding_bounds import PhotoLimits, heif_is_read
from pipeline.errors import BadPhoto

SLACK_BYTES: Final = 48 << 20  # of address space: what the allocator keeps, a little more than the plan says
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38  # linux/prctl.h
_ALREADY: Final = (MpoImagePlugin, TiffImagePlugin)  # Pillow imports them for some JPEGs and for EXIF


def main(limits_json: str) -> None:
    """Serve requests on standard input until it closes."""
    limits = PhotoLimits(**json.loads(limits_json))
    control = socket.socket(fileno=os.dup(0))
    harden()
    _warm_up()
    gc.collect()
    gc.freeze()  # so that a child's garbage collector does not copy what all share
    gc.disable()
    alive: set[int] = set()
    signal.signal(signal.SIGCHLD, lambda *_: _reap(alive))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; this ends when its parent does
    while True:
        message, pipes, _flags, _address = socket.recv_fds(control, REQUEST.size, 2)
        if len(message) < REQUEST.size:
            break
        what, process = REQUEST.unpack(message)
        # SIGCHLD waits meanwhile: neither is a child forgotten that ends at once, nor a stranger killed by its id.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        if what == KILL and process in alive:
            os.kill(process, signal.SIGKILL)
        elif what == FORK and len(pipes) == 2:
            process = os.fork()
            if process == 0:
                control.close()
                serve_one(*pipes, limits)
            alive.add(process)
        for pipe in pipes:
            os.close(pipe)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    for process in tuple(alive):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _reap(alive: set[int]) -> None:
    with suppress(ChildProcessError):
        while ended := os.waitpid(-1, os.WNOHANG)[0]:
            alive.discard(ended)


def harden() -> None:
    """Leave nothing to a crash or a program that is started: no core dumps, no tracing, no new rights.

    Also for the process that serves: its memory holds photos and the token.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _warm_up() -> None:
    """Import what decoders import when they are first used: a child can't open files."""
    cv2.setNumThreads(1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    if heif_is_read():
        import pillow_heif

        pillow_heif.options.DECODE_THREADS = 1
    picture, exif = Image.new("RGB", (96, 64)), Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        file = io.BytesIO()
        picture.save(file, kind, exif=exif)
        decode(file.getvalue(), limits=PhotoLimits(working_side_px=40))


def serve_one(photo: int, picture: int, limits: PhotoLimits) -> NoReturn:
    """In the child: take one photo from the pipe `photo`, write its pixels to the pipe `picture`, and end."""
    code = 1
    try:
        for number in (signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        size_now = _give_up_rights(keep=(photo, picture))
        _write(picture, HELLO.pack(os.getpid()))
        source = io.open(photo, "rb", buffering=JOB.size)  # noqa: UP020, SIM115 - the process ends with it
        header = source.read(JOB.size)
        if len(header) == JOB.size:
            length, memory, cpu_s = JOB.unpack(header)
            _limit(address_space=size_now + memory + 2 * length + SLACK_BYTES if size_now else 0, cpu_s=cpu_s)
            data = source.read(length)
            if len(data) == length:
                _answer(picture, data, limits)
        code = 0
    finally:  # whatever it was: the one who waits sees the pipe close
        os._exit(code)


def _answer(picture: int, data: bytes, limits: PhotoLimits) -> None:
    start = time.perf_counter()
    try:
        photo = decode(data, limits=limits)
    except BadPhoto as error:
        refusal = json.dumps({"code": error.code, "message": error.message, "want": error.want, "got": error.got})
        _write(picture, ANSWER.pack(0, 0, len(refusal), 0.0, 0.0) + refusal.encode("ascii"))
        return
    height, width = photo.image.shape[:2]
    _write(picture, ANSWER.pack(height, width, 0, photo.scale, (time.perf_counter() - start) * 1e3))
    _write(picture, np.ascontiguousarray(photo.image).data.cast("B"))


def _give_up_rights(*, keep: tuple[int, int]) -> int:
    """Keep two pipes and nothing else. Returns the process's address space in bytes, 0 where it isn't told."""
    size = 0
    with suppress(OSError):  # Linux: where memory runs out, this process is ended first, not the one that serves
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")
    with suppress(OSError, ValueError):
        size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    low, high = sorted(keep)
    os.closerange(0, low)
    os.closerange(low + 1, high)
    os.closerange(high + 1, 256)
    for name in ("RLIMIT_FSIZE", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK"):
        with suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, name), (0, 0))
    return size


def _limit(*, address_space: int, cpu_s: int) -> None:
    """Bind memory (0: not bound) and processor time of what follows."""
    if address_space:
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))


def _write(pipe: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]
