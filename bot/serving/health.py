"""/healthz, /readyz and /metrics on a port of their own; `python -m bot.serving.health` asks them, for a container."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from lookalike.serving.metrics import prometheus

if TYPE_CHECKING:
    from bot.app import Parts


@dataclass(slots=True, eq=False)
class Health:
    """What is known of the running bot."""

    parts: Parts
    ready: bool = False


def not_ready(health: Health) -> list[str]:
    """Why updates can't be answered as they should, in a few words each."""
    intake, finder = health.parts.intake, health.parts.jobs.finder
    hanging = finder.hanging
    reasons = {
        "starting or stopping": not (health.ready and intake.open),
        "too many updates are held": intake.full,
        f"{hanging} work threads hang and were replaced": hanging > 0,
        "photos can't be decoded": finder.decoders is not None and not finder.decoders.alive,
    }
    return [words for words, true in reasons.items() if true]


def health_app(health: Health) -> web.Application:
    """healthz: the event loop turns. readyz: updates are taken, there is room for more, and no photo's work hangs."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        reasons = not_ready(health)
        text = f"not ready: {', '.join(reasons)}\n" if reasons else "ready\n"
        return web.Response(text=text, status=503 if reasons else 200)

    async def metrics(_request: web.Request) -> web.Response:
        jobs, intake = health.parts.jobs, health.parts.intake
        gauges = {
            "queue_waiting": float(jobs.queue.waiting),
            "queue_at_work": float(jobs.queue.at_work),
            "queue_aside": float(jobs.queue.aside),
            "updates_in_flight": float(intake.in_flight),
            "chats_owed_a_word": float(len(intake.owed)),
            "ready": float(health.ready),
            "work_threads_hanging": float(jobs.finder.hanging),
            "work_threads_given_up": float(jobs.finder.given_up),
        }
        if jobs.finder.decoders is not None:
            counts = jobs.finder.decoders.counts
            gauges |= {"decoders_lost": float(counts.lost), "decoders_restarted": float(counts.restarts)}
        return web.Response(
            text=prometheus(jobs.stats, gauges=gauges),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    return app


def main() -> int:
    """0 when the bot of this machine's settings is well, or has no health port to be asked on."""
    from bot.settings import BotSettings

    settings = BotSettings()
    if not settings.health_port:
        sys.stdout.write("HEALTH_PORT is not set, so nothing was asked\n")
        return 0
    host = "127.0.0.1" if settings.health_host in {"0.0.0.0", "::"} else settings.health_host  # noqa: S104 - a comparison
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.health_port}/healthz", timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except (OSError, urllib.error.URLError):
        return 1


if __name__ == "__main__":
    sys.exit(main())
