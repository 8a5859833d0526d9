"""The page itself: one HTML file, its scripts, style and texts, all from this package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import FileResponse, JSONResponse

from lookalike.catalogues import LANGUAGES, Catalogues, spoken
from lookalike.paths import SAMPLES
from web.texts import TEXTS

STATIC: Final = Path(__file__).parent / "static"
KINDS: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
SAMPLE: Final = "grace_hopper.jpg"  # public domain


def page(catalogues: Catalogues) -> APIRouter:
    """Every file of the page by its name; nothing else of the disk can be asked for."""
    router = APIRouter(include_in_schema=False)

    @router.get("/texts.json")
    async def texts(language: Annotated[str, Query(max_length=20)] = "en") -> JSONResponse:
        code = spoken(language)
        translate = catalogues.translate(code)
        document = {
            "language": code,
            "languages": LANGUAGES,
            "version": _version(),
            "texts": {name: translate(text) for name, text in TEXTS.items()},
        }
        return JSONResponse(document, headers={"cache-control": "no-cache"})

    @router.get("/sample.jpg")
    async def sample() -> FileResponse:
        return FileResponse(SAMPLES / SAMPLE, media_type="image/jpeg", headers={"cache-control": "max-age=86400"})

    for file in sorted(STATIC.iterdir()):
        if file.suffix in KINDS:
            path = "/" if file.name == "index.html" else f"/static/{file.name}"
            router.add_api_route(path, _served(file), methods=["GET"])
    return router


def _served(file: Path):  # type: ignore[no-untyped-def]  # noqa: ANN202
    async def serve() -> FileResponse:
        return FileResponse(file, media_type=KINDS[file.suffix], headers={"cache-control": "no-cache"})

    return serve


def _version() -> str:
    try:
        return version("lookalike")
    except PackageNotFoundError:
        return ""
