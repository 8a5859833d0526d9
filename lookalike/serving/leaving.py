"""The end of a server's process."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Final

import structlog

from lookalike.serving.work_threads import FinderPool

POOL_CLOSE_S: Final = 5.0

log = structlog.get_logger(__name__)


def close_and_leave(pool: FinderPool, code: int) -> int:
    """Close the pool and return `code`, or end the process with it at once where a thread is still at work.

    Threads can't be killed. One that hangs in a network would keep the process for ever; and one that was given up and
    comes out of a network's C++ code while the interpreter closes down aborts the process (SIGABRT, exit code 134).
    """
    closing = threading.Thread(target=pool.close, daemon=True)
    closing.start()
    closing.join(POOL_CLOSE_S)
    if closing.is_alive() or pool.hanging:
        log.warning("a photo is still being worked on; leaving it")
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
