"""/healthz, /readyz and /metrics: whether the server lives, can answer, and what it has done."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import PlainTextResponse

from lookalike.serving.metrics import prometheus
from web.jobs import Jobs


def not_ready(jobs: Jobs) -> list[str]:
    """Why photos can't be answered as they should, in a few words each."""
    pool = jobs.pool
    reasons = {
        f"{pool.hanging} work threads hang and were replaced": pool.hanging > 0,
        "photos can't be decoded": pool.decoders is not None and not pool.decoders.alive,
    }
    return [words for words, true in reasons.items() if true]


def health(jobs: Jobs) -> APIRouter:
    """healthz: the event loop turns. readyz: photos can be answered."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    async def readyz() -> PlainTextResponse:
        reasons = not_ready(jobs)
        text = f"not ready: {', '.join(reasons)}\n" if reasons else "ready\n"
        return PlainTextResponse(text, status_code=503 if reasons else 200)

    @router.get("/metrics")
    async def metrics() -> PlainTextResponse:
        gauges = {
            "queue_waiting": float(jobs.queue.waiting),
            "queue_at_work": float(jobs.queue.at_work),
            "upload_bytes_free": float(jobs.memory.free_bytes),
            "work_threads_hanging": float(jobs.pool.hanging),
            "work_threads_given_up": float(jobs.pool.given_up),
        }
        if jobs.pool.decoders is not None:
            counts = jobs.pool.decoders.counts
            gauges |= {"decoders_lost": float(counts.lost), "decoders_restarted": float(counts.restarts)}
        return PlainTextResponse(
            prometheus(jobs.stats, gauges=gauges), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    return router
