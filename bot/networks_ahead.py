"""Networks that are compiled while Python imports aiogram: `lookalike bot --check` waits for the longer of the two.

Imports nothing of aiogram. What both would import is imported before the thread begins.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from pydantic import ValidationError

from lookalike.app import open_pipeline
from lookalike.env_file import EnvFileError
from lookalike.settings import Settings

if TYPE_CHECKING:
    from pipeline.face_pipeline import FacePipeline


def open_ahead() -> Future[FacePipeline] | None:
    """Begin to open the networks that the settings name. The result raises as `open_pipeline` does.

    Returns None where the settings can't be read; `bot.main.read_settings` says why.
    """
    try:
        settings = Settings()
    except (ValidationError, EnvFileError):
        return None
    import pipeline.face_pipeline  # noqa: F401 - here, so that the two threads do not import the same at once

    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="networks")
    opening = pool.submit(open_pipeline, settings)
    pool.shutdown(wait=False)
    return opening
