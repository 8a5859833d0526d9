"""The page itself: one HTML file, its scripts, style and texts, all from this package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, JSONResponse

from lookalike.catalogues import LANGUAGES, Catalogues, spoken
from lookalike.paths import SAMPLES
from web.guards import WASM_POLICY
from web.texts import TEXTS

STATIC: Final = Path(__file__).parent / "static"
LOCAL: Final = STATIC / "local"
WORKER: Final = LOCAL / "worker.js"
KINDS: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".html": "text/html",
    ".txt": "text/plain",
}
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

    for file in served_files():
        path = "/" if file.name == "index.html" else f"/static/{file.relative_to(STATIC).as_posix()}"
        router.add_api_route(path, _served(file), methods=["GET"])
    return router


def served_files() -> list[Path]:
    """The page's own files, those that a browser answers with by itself among them."""
    return [file for folder in (STATIC, LOCAL) for file in sorted(folder.iterdir()) if file.suffix in KINDS]


def _served(file: Path):  # type: ignore[no-untyped-def]  # noqa: ANN202
    async def serve(request: Request) -> FileResponse:
        computes = file == WORKER or (file.name == "index.html" and "local" in request.query_params)
        headers = {"cache-control": "no-cache"} | (WASM_POLICY if computes else {})
        return FileResponse(file, media_type=KINDS[file.suffix], headers=headers)

    return serve


def _version() -> str:
    try:
        return version("lookalike")
    except PackageNotFoundError:
        return ""
