"""Decoding for others: each photo in a process of its own that can be killed. Knows pictures, no faces, no Telegram.

A photo's limits bind the work itself: what takes too long or too much memory ends with its process, and the photos of
other people go on meanwhile. `Decoders` keeps some processes ready, counts the memory that runs at once, hands bytes
over and pixels back by pipes, and replaces what was lost. Threads: any; `decode` is for an event loop.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Final, Self

import numpy as np
import structlog

from lookalike.serving.decoder_protocol import ANSWER, FORK, HELLO, JOB, KILL, REQUEST
from pipeline.decoding_bounds import DecodingPlan, PhotoLimits, plan_decoding, too_costly
from pipeline.errors import BadPhoto, BadPhotoCode, PipelineError
from pipeline.types import DecodedPhoto

SPARES: Final = 2  # processes that wait for a photo
WALL_PER_CPU: Final = 4.0  # a busy machine gives a process a share of its time
PATIENCE_S: Final = 2.0  # a large photo that has waited this long for room is not overtaken any more
START_S: Final = 30.0
PHOTOS_A_CHILD: Final = 200  # then it is replaced; a fresh process costs as much as decoding a photo of 1280 px
LARGE_BYTES: Final = 64_000_000  # what took more memory takes its process with it
THREADS: Final = 64  # they wait, mostly; a server's own queue bounds how many photos come at once
_PIPE_BYTES: Final = 1 << 20
_START: Final = (
    "import os, sys; sys.path[:] = sys.argv[1].split(os.pathsep); "
    "from lookalike.serving.decoder_child import main; main(sys.argv[2])"
)
_PASSED_ON: Final = ("PATH", "LANG")  # of the environment; the token is in it
_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}

log = structlog.get_logger(__name__)


class DecodersFailed(PipelineError):  # noqa: N818 - named for what it is
    """No process that decodes could be started."""


class _Lost(Exception):  # noqa: N818 - named for what it is
    """The child is gone, or was sent away, before it answered."""


class Cancelling:
    """Calls off one decoding from another thread."""

    def __init__(self) -> None:
        self.called_off = False
        self.child: _Child | None = None

    def cancel(self) -> None:
        self.called_off = True
        child = self.child
        if child is not None:
            child.kill()


@dataclass(slots=True)
class DecoderCounts:
    """What happened since the start, for metrics."""

    decoded: int = 0
    lost: int = 0  # processes that ended without an answer, by their limits, their time or a crash
    restarts: int = 0  # of the process that forks them


class Decoders:
    """Turns photos' bytes into pixels in processes of their own, several at a time, within one budget of memory."""

    def __init__(self, limits: PhotoLimits | None = None, *, spares: int = SPARES, cpu_s: int | None = None) -> None:
        """Start the processes; best before threads and networks, as they take long to load.

        cpu_s: processor time of a photo, instead of what its size allows. Raises DecodersFailed.
        """
        self.limits = limits or PhotoLimits()
        self.counts = DecoderCounts()
        self._cpu_s = cpu_s
        self._spare_count = spares
        self._room = _Room(self.limits.max_memory_bytes)
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="decoder")
        self._lock = threading.Lock()
        self._closed = False
        self._parent = _Parent(self.limits)
        self._spares: deque[_Child] = deque()
        self._fill()

    async def decode(self, data: bytes) -> DecodedPhoto:
        """Decode one photo. Raises BadPhoto. Calling it off ends the process at work on it."""
        cancelling = Cancelling()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self.decode_here, data, cancelling)
        except asyncio.CancelledError:
            cancelling.cancel()
            raise

    def decode_here(self, data: bytes, cancelling: Cancelling | None = None) -> DecodedPhoto:
        """Likewise, while the calling thread waits."""
        cancelling = cancelling or Cancelling()
        plan = plan_decoding(data, self.limits)
        cpu_s = self._cpu_s or plan.cpu_s
        with self._room.taken(plan.memory_bytes, cancelling):
            for _attempt in range(self._spare_count + 2):  # spares may have been lost while they waited
                child = self._take()
                cancelling.child = child
                try:
                    return child.decode(data, plan, cpu_s=0 if cancelling.called_off else cpu_s)
                except _Lost:
                    child.kill()
                    if cancelling.called_off or child.started:
                        break
                finally:
                    cancelling.child = None
                    self._put_back(child, plan)
        self.counts.lost += 1
        log.warning("a photo's decoding was ended", format=plan.header.format, cpu_s=cpu_s)
        raise too_costly(plan.header.format, "takes more time or memory than one photo may")

    @property
    def alive(self) -> bool:
        """Whether photos can be decoded now."""
        return not self._closed and self._parent.alive

    def close(self) -> None:
        """End all processes; decodings under way are refused."""
        with self._lock:
            self._closed = True
            self._parent.end()
            while self._spares:
                self._spares.popleft().close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _take(self) -> _Child:
        """Take the process that waits for the shortest time: its memory is warm."""
        with self._lock:
            return self._spares.pop() if self._spares else self._forked()

    def _put_back(self, child: _Child, plan: DecodingPlan) -> None:
        """Keep a process that answered an ordinary photo for the next one; end any other, and have spares forked."""
        with self._lock:
            self.counts.decoded += child.answered
            kept = child.answered and child.photos < PHOTOS_A_CHILD and plan.memory_bytes <= LARGE_BYTES
            if kept and not self._closed and len(self._spares) < self._spare_count:
                child.answered = child.started = False
                self._spares.append(child)
            else:
                child.close()
            self._fill()

    def _fill(self) -> None:
        """Have as many processes ready as there should be."""
        with suppress(DecodersFailed):
            while not self._closed and len(self._spares) < self._spare_count:
                self._spares.appendleft(self._forked())

    def _forked(self) -> _Child:
        """Ask for one more child, of a new parent when the old one is gone. Raises DecodersFailed."""
        if self._closed:
            raise DecodersFailed("photos are not decoded any more; the program is stopping")
        if not self._parent.alive:
            self.counts.restarts += 1
            log.error("the process that starts decoders is gone; another is started")
            self._parent.end()
            while self._spares:  # they ended with their parent
                self._spares.popleft().close()
            self._parent = _Parent(self.limits)
        return self._parent.fork()


class _Room:
    """Memory of all decodings at once. Small ones overtake a large one that waits, but not for long."""

    def __init__(self, size_bytes: int) -> None:
        self._free = self._size = size_bytes
        self._changed = threading.Condition()
        self._waiting: deque[tuple[float, object]] = deque()  # (since when, who)

    @contextmanager
    def taken(self, size_bytes: int, cancelling: Cancelling) -> Iterator[None]:
        """Wait until there is room."""
        size = min(size_bytes, self._size)
        me = (time.monotonic(), object())
        with self._changed:
            self._waiting.append(me)
            while not self._may_go(me, size) and not cancelling.called_off:
                self._changed.wait(PATIENCE_S / 4)
            self._waiting.remove(me)
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()

    def _may_go(self, me: tuple[float, object], size: int) -> bool:
        first = self._waiting[0]
        overtaking = me is not first and time.monotonic() - first[0] > PATIENCE_S
        return size <= self._free and not overtaking


class _Parent:
    """The process that forks: started with an empty environment, asked over a socket."""

    def __init__(self, limits: PhotoLimits) -> None:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _ENVIRONMENT
        ours, theirs = socket.socketpair()
        path = os.pathsep.join(os.path.abspath(part) for part in sys.path)  # noqa: PTH100 - "" is the current folder
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, with constant code
                [sys.executable, "-I", "-S", "-c", _START, path, json.dumps(asdict(limits))],
                stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=environment, close_fds=True, cwd="/",
            )  # fmt: skip
        except OSError as error:
            ours.close()
            raise DecodersFailed(f"no process could be started to decode photos: {error.strerror}") from error
        finally:
            theirs.close()
        self._control = ours

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def fork(self) -> _Child:
        """Ask for a child; it is there a moment later. Raises DecodersFailed."""
        photo_read, photo_write = os.pipe()
        picture_read, picture_write = os.pipe()
        for pipe in (photo_write, picture_write):
            with suppress(OSError, AttributeError):  # Linux; without it the pipe is a sixteenth as long, and slower
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        try:
            socket.send_fds(self._control, [REQUEST.pack(FORK, 0)], [photo_read, picture_write])
        except OSError as error:
            os.close(photo_write)
            os.close(picture_read)
            raise DecodersFailed("the process that starts decoders has ended") from error
        finally:
            os.close(photo_read)
            os.close(picture_write)
        return _Child(self, photo_write, picture_read)

    def kill(self, process: int) -> None:
        """End a child that is still there."""
        with suppress(OSError):
            self._control.sendall(REQUEST.pack(KILL, process))

    def end(self) -> None:
        """Children end with their parent."""
        self._control.close()
        self._process.kill()
        self._process.wait()


class _Child:
    """One process that decodes, seen from outside. One thread at a time."""

    def __init__(self, parent: _Parent, photo: int, picture: int) -> None:
        self._parent = parent
        self._photo = photo
        self._picture = picture
        self._process = 0  # not told yet
        self.photos = 0
        self.started = False  # it has the whole photo
        self.answered = False  # and gave its pixels, or said why not
        for pipe in (photo, picture):
            os.set_blocking(pipe, False)

    def decode(self, data: bytes, plan: DecodingPlan, *, cpu_s: int) -> DecodedPhoto:
        """Hand the photo over and wait for its pixels. Raises BadPhoto, and _Lost when there is no answer in time."""
        if not self._process:
            (self._process,) = HELLO.unpack(self._read(HELLO.size, time.monotonic() + START_S))
        self.photos += 1
        until = time.monotonic() + WALL_PER_CPU * cpu_s
        self._write(JOB.pack(len(data), plan.memory_bytes, cpu_s), until)
        self._write(data, until)
        self.started = True
        height, width, refusal, scale, taken_ms = ANSWER.unpack(self._read(ANSWER.size, until))
        if refusal:
            said = json.loads(self._read(min(refusal, 4096), until))
            self.answered = True
            raise BadPhoto(BadPhotoCode(said["code"]), said["message"], want=said["want"], got=said["got"])
        # The child had a stranger's file: it is not believed blindly.
        # Where the header tells no size, the shape is that of the rounded sides.
        most = 1.05 * plan.limits.longer_side_px(plan.header.size or (width, height))
        if not 1 <= min(height, width) <= max(height, width) <= most:
            raise _Lost
        image = np.empty((height, width, 3), np.uint8)
        self._read_into(image.data.cast("B"), until)
        self.answered = True
        return DecodedPhoto(image, scale, taken_ms)

    def kill(self) -> None:
        """End the process, if it is known by now; its pipes close, and who waits for it stops waiting."""
        if self._process:
            self._parent.kill(self._process)

    def close(self) -> None:
        """Let go of the pipes; a child that waits for its photo ends by that."""
        for pipe in (self._photo, self._picture):
            os.close(pipe)

    def _read(self, size: int, until: float) -> bytes:
        data = bytearray(size)
        self._read_into(memoryview(data), until)
        return bytes(data)

    def _read_into(self, view: memoryview, until: float) -> None:
        while view:
            try:
                count = os.readv(self._picture, [view])
            except BlockingIOError:
                _wait_for(self._picture, select.POLLIN, until)
                continue
            if not count:
                raise _Lost
            view = view[count:]

    def _write(self, data: bytes, until: float) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._photo, view) :]
            except BlockingIOError:
                _wait_for(self._photo, select.POLLOUT, until)
            except OSError as error:
                raise _Lost from error


def _wait_for(pipe: int, event: int, until: float) -> None:
    left_s = until - time.monotonic()
    poll = select.poll()
    poll.register(pipe, event)
    if left_s <= 0 or not poll.poll(left_s * 1000):
        raise _Lost
