"""The ASGI application: the page, the API, and how long sessions live."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from visavis_gateway.api import Api, guarded
from visavis_gateway.config import Config
from visavis_gateway.origins import Origins
from visavis_gateway.sessions import Sessions

HERE = Path(__file__).parent
PAGE = HERE / "page"
PAGE_HEADERS = {"Cache-Control": "no-cache"}


async def page(request: Request) -> Response:
    """The page; its modules and styles are under /page/."""
    return FileResponse(PAGE / "index.html", headers=PAGE_HEADERS)


async def embed(request: Request) -> Response:
    """The element for other people's pages (docs/embed.md)."""
    return FileResponse(PAGE / "embed" / "index.js", media_type="text/javascript", headers=PAGE_HEADERS)


async def openapi(request: Request) -> Response:
    """The API's description."""
    return FileResponse(HERE / "openapi.json", headers=PAGE_HEADERS)


class PageFiles(StaticFiles):
    """Static files that are asked for again after an upgrade: modules of two versions must not mix."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(PAGE_HEADERS)
        return response


def build_app(config: Config, sessions: Sessions, channels: Mapping[str, Any]) -> Starlette:
    """The ASGI application; sessions live as long as it does."""
    api = Api(config, sessions, channels)
    one = "/api/sessions/{session_id}"
    routes = [
        Route("/", page),
        Route("/embed.js", embed),
        Route("/api/info", guarded(api.info)),
        Route("/api/personas/{name}/picture", guarded(api.picture)),
        Route("/api/health", guarded(api.health)),
        Route("/api/sessions", guarded(api.create), methods=["POST"]),
        Route(one, guarded(api.delete), methods=["DELETE"]),
        Route(one + "/say", guarded(api.say), methods=["POST"]),
        Route(one + "/interrupt", guarded(api.interrupt), methods=["POST"]),
        Route(one + "/persona", guarded(api.persona), methods=["POST"]),
        Route(one + "/manifest", guarded(api.manifest)),
        Route(one + "/events", guarded(api.events)),
        Route("/api/faces/{digest}", guarded(api.face)),
        Route("/api/openapi.json", openapi),
        Mount("/page", PageFiles(directory=PAGE)),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with sessions.running():
            yield

    borders = Middleware(Origins, allowed=config.allowed_origins)
    return Starlette(routes=routes, lifespan=lifespan, middleware=[borders])
