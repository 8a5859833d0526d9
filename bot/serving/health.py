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


def health_app(health: Health) -> web.Application:
    """healthz: the event loop turns. readyz: updates are being taken and there is room for more."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        ready = health.ready and health.parts.intake.open and not health.parts.intake.full
        return web.Response(text="ready\n" if ready else "not ready\n", status=200 if ready else 503)

    async def metrics(_request: web.Request) -> web.Response:
        desk, intake = health.parts.desk, health.parts.intake
        gauges = {
            "queue_waiting": float(desk.queue.waiting),
            "queue_at_work": float(desk.queue.at_work),
            "updates_in_flight": float(intake.in_flight),
            "ready": float(health.ready),
        }
        return web.Response(
            text=prometheus(desk.stats, gauges=gauges),
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
        return 0
    host = "127.0.0.1" if settings.health_host in {"0.0.0.0", "::"} else settings.health_host  # noqa: S104 - a comparison
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.health_port}/healthz", timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except (OSError, urllib.error.URLError):
        return 1


if __name__ == "__main__":
    sys.exit(main())
