"""The composition root of the page: a pool, galleries and settings in, an ASGI application out. Nothing is opened."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from lookalike.serving.fair_queue import FairQueue
from lookalike.serving.work_threads import FinderPool
from lookalike.settings import Settings
from web.api import api, key_checked
from web.galleries import Galleries
from web.guards import Guards, answer_errors, from_here
from web.health import health
from web.jobs import Jobs, Limits
from web.local import Local, local
from web.page import page
from web.settings import WebSettings
from web.uploads import UploadMemory
from web.visitors import Visitors


def build_jobs(pool: FinderPool, galleries: Galleries, settings: WebSettings, shared: Settings) -> Jobs:
    """Queue, limits and memory by the settings. Called where the event loop runs."""
    return Jobs(
        pool=pool,
        galleries=galleries,
        queue=FairQueue(slots=settings.web_slots, length=settings.web_queue_length),
        visitors=Visitors(
            burst=settings.web_rate_burst,
            per_minute=settings.web_rate_per_minute,
            frames_per_minute=settings.web_frames_per_minute,
            held=settings.web_held_per_visitor,
        ),
        memory=UploadMemory(round(settings.web_upload_memory_mb * 1e6)),
        limits=Limits(
            photo_bytes=shared.max_photo_bytes,
            photo_pixels=round(shared.max_photo_mpx * 1e6),
            upload_s=settings.web_upload_s,
            queue_wait_s=settings.web_queue_wait_s,
            photo_timeout_s=settings.web_photo_timeout_s,
        ),
    )


def build_app(jobs: Jobs, settings: WebSettings, *, given_away: Local | None = None) -> FastAPI:
    """Tie routes and guards together. given_away: what browsers answer with by themselves; None: nothing."""
    app = FastAPI(
        title="Lookalike",
        description="A photo goes in, the eight most similar people of a gallery come out. Photos are raw bodies.",
        openapi_url="/openapi.json",
        docs_url=None,  # its scripts come from elsewhere
        redoc_url=None,
        dependencies=[Depends(from_here)],
    )
    answer_errors(app, jobs.catalogues)
    key = settings.web_api_key.get_secret_value()
    app.include_router(api(jobs, key=key))
    app.include_router(local(jobs, given_away, checked=key_checked(key)))
    app.include_router(health(jobs))
    app.include_router(page(jobs.catalogues))
    app.add_middleware(Guards, catalogues=jobs.catalogues)
    return app
