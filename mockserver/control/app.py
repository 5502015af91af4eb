"""The control plane as an ASGI application, guarded against web pages and strangers."""

from __future__ import annotations

import hmac
import json
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from connexion import AsyncApp, request
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from connexion.resolver import Resolver
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mockserver.world import World

PREFIX = "/_mock"
WORLD = "latchkey.world"
PROVIDERS = "latchkey.providers"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def create_control(world: World, providers: ASGIApp, *, token: str | None = None) -> ASGIApp:
    """The control plane of this world and of the data plane that serves it. With a token, every request must carry it
    as a Bearer token.
    """
    app = AsyncApp("mockserver.control", specification_dir=Path(__file__).parent)
    app.add_api("openapi.yaml", base_path=PREFIX, resolver=Resolver(_handler), strict_validation=True)
    app.add_error_handler(UnicodeDecodeError, _not_unicode)
    return Guard(app, world, providers, token)


async def _not_unicode(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    body = {"status": 400, "title": "Bad Request", "detail": "the body is not UTF-8"}
    return ConnexionResponse(status_code=400, body=json.dumps(body), content_type="application/problem+json")


def current_world() -> World:
    """The world of the request that is being handled."""
    world: World = request.scope[WORLD]
    return world


def data_plane() -> ASGIApp:
    """The application that speaks as the providers do."""
    plane: ASGIApp = request.scope[PROVIDERS]
    return plane


def _handler(operation: str) -> Any:
    module, _, function = operation.partition(".")
    return getattr(import_module(f"mockserver.control.{module}"), function)


def _split(url: str) -> SplitResult:
    """The parts of a URL; none where it is not one."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


class Guard:
    """Keeps out what a browser sends for another site (Host, Origin) and, where a token is set, whoever lacks it.

    Without a token only loopback names are served, so that a page cannot reach the control plane by a name that it
    made resolve to this machine.
    """

    def __init__(self, app: ASGIApp, world: World, providers: ASGIApp, token: str | None) -> None:
        self.app = app
        self.world = world
        self.providers = providers
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        problem = self._problem(headers)
        if problem is None:
            scope[WORLD], scope[PROVIDERS] = self.world, self.providers
            await self.app(scope, receive, send)
            if scope["method"] not in {"GET", "HEAD"}:
                self.world.events.tell("change", scope["path"])
            return
        status, detail = problem
        challenge = {"WWW-Authenticate": 'Bearer realm="control plane"'} if status == 401 else None
        await JSONResponse({"status": status, "detail": detail}, status, headers=challenge)(scope, receive, send)

    def _problem(self, headers: dict[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        origin = headers.get("origin")
        if self.token is None and _split(f"//{host}").hostname not in _LOOPBACK:
            return (
                403,
                f"the control plane answers to loopback names only, not to {host!r}; start with --token to open it",
            )
        if origin is not None and _split(origin).netloc != host:
            return 403, f"a page of {origin} may not use the control plane"
        if self.token is not None and not hmac.compare_digest(headers.get("authorization", ""), f"Bearer {self.token}"):
            return 401, "send the control token: Authorization: Bearer <token>"
        return None
