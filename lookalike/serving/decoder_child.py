"""The processes that decode: one that forks the others when it is asked to, and the others. Knows pictures, no faces.

The first is started by `lookalike.serving.decoders` with an empty environment, imports what decoding needs, once, and
never sees a photo. The others are forked from it ahead of their photos and give up whatever decoding does not need:
files, sockets, further processes, core dumps. Each photo is decoded under limits of memory and processor time; a
process that reaches one ends. So a decoder that is taken over by a file finds no secret, no file and no network.

The first is asked over the socket on its standard input; see `decoder_protocol`.
"""

from __future__ import annotations

import ctypes
import gc
import io
import json
import math
import os
import resource
import select
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

import cv2
import numpy as np
from PIL import AvifImagePlugin, Image, MpoImagePlugin, TiffImagePlugin

from lookalike.serving.decoder_protocol import ANSWER, FORK, HELLO, JOB, KILL, REQUEST
from lookalike.serving.hardening import PR_SET_PDEATHSIG, harden, prctl
from pipeline.decode import decode
from pipeline.decoding_bounds import PhotoLimits, heif_is_read
from pipeline.errors import BadPhoto

IDLE_S: Final = 5.0
SLACK_BYTES: Final = 48 << 20  # of address space: what the allocator keeps, a little more than the plan says
_ALREADY: Final = (MpoImagePlugin, TiffImagePlugin)  # Pillow imports them for some JPEGs and for EXIF


def main(limits_json: str) -> None:
    """Serve requests on standard input until it closes."""
    limits = PhotoLimits(**json.loads(limits_json))
    control = socket.socket(fileno=os.dup(0))
    harden(dumpable=True)
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
                serve_photos(pipes[0], pipes[1], limits)
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


def serve_photos(photos: int, pictures: int, limits: PhotoLimits) -> NoReturn:
    """In a forked process: take photos from one pipe, write their pixels to the other, end when the first closes."""
    code = 1
    try:
        for number in (signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        statm = _give_up_rights(keep=(photos, pictures))
        _write(pictures, HELLO.pack(os.getpid()))
        source = os.fdopen(photos, "rb", buffering=JOB.size)  # a small buffer: photos pass it by
        while True:
            if not select.select([photos], [], [], IDLE_S)[0]:
                _give_memory_back()
            header = source.read(JOB.size)
            if len(header) < JOB.size:
                break
            length, memory, cpu_s = JOB.unpack(header)
            _limit(statm, memory_bytes=memory + 2 * length, cpu_s=cpu_s)
            data = source.read(length)
            if len(data) < length:
                break
            _answer(pictures, data, limits)
            del data
        code = 0
    finally:  # whatever it was: the one who waits sees the pipe close
        os._exit(code)


def _answer(pictures: int, data: bytes, limits: PhotoLimits) -> None:
    start = time.perf_counter()
    try:
        photo = decode(data, limits=limits)
    except BadPhoto as error:
        refusal = json.dumps({"code": error.code, "message": error.message, "want": error.want, "got": error.got})
        _write(pictures, ANSWER.pack(0, 0, len(refusal), 0.0, 0.0) + refusal.encode("ascii"))
        return
    height, width = photo.image.shape[:2]
    _write(pictures, ANSWER.pack(height, width, 0, photo.scale, (time.perf_counter() - start) * 1e3))
    _write(pictures, np.ascontiguousarray(photo.image).data.cast("B"))


def _give_memory_back() -> None:
    """Between photos the allocator keeps what the last one took, so that the next is as fast; not for ever."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc
    if trim is not None:
        trim(0)


def _give_up_rights(*, keep: tuple[int, int]) -> int:
    """Keep two pipes and nothing else. Returns a descriptor that tells the address space, or -1 where there is none."""
    with suppress(OSError):  # Linux: where memory runs out, this process is ended first, not the one that serves
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")
    harden()  # not earlier: it closes the file above
    kept, statm = set(keep), -1
    with suppress(OSError):
        statm = os.open("/proc/self/statm", os.O_RDONLY)
        kept.add(statm)
    for number in range(256):
        if number not in kept:
            with suppress(OSError):
                os.close(number)
    for name in ("RLIMIT_FSIZE", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK"):
        with suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, name), (0, 0))
    return statm


def _limit(statm: int, *, memory_bytes: int, cpu_s: int) -> None:
    """Bind memory (where it is told) and processor time of what follows, beside what was taken before."""
    if statm >= 0:
        pages = int(os.pread(statm, 100, 0).split()[0])
        address_space = pages * resource.getpagesize() + memory_bytes + SLACK_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (address_space, resource.RLIM_INFINITY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime) + cpu_s, resource.RLIM_INFINITY))


def _write(pipe: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]
