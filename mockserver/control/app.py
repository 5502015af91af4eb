"""The control plane as an ASGI application, guarded against web pages and strangers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from connexion import AsyncApp, request
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from connexion.resolver import Resolver
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from latchkey.source import read_yaml
from mockserver.control import DOCUMENT, PREFIX
from mockserver.control.guard import Guard
from mockserver.world import World

if TYPE_CHECKING:
    from mockserver.dashboard.app import Dashboard

WORLD = "latchkey.world"
PROVIDERS = "latchkey.providers"
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="control plane"'}


def create_control(world: World, providers: ASGIApp, guard: Guard, pages: Dashboard) -> ASGIApp:
    """The control plane of this world, whose data plane is `providers`: its API and its pages behind one guard."""
    app = AsyncApp("mockserver.control")
    # Read here: the framework would read it without libyaml, which takes longer than all else at the first call.
    app.add_api(read_yaml(DOCUMENT), base_path=PREFIX, resolver=Resolver(_handler), strict_validation=True)
    app.add_error_handler(UnicodeDecodeError, _not_unicode)
    return Control(app, pages, world, providers, guard)


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


class Control:
    """Pages and API behind one guard."""

    def __init__(self, api: ASGIApp, pages: Dashboard, world: World, providers: ASGIApp, guard: Guard) -> None:
        self.api = api
        self.pages = pages
        self.world = world
        self.providers = providers
        self.guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        part = self._part(scope, headers)
        await part(scope, receive, send)
        if part is self.api and scope["method"] not in {"GET", "HEAD"}:
            self.world.events.tell("change", scope["path"])

    def _part(self, scope: Scope, headers: Mapping[str, str]) -> ASGIApp:
        problem = self.guard.stranger(headers)
        if problem:
            return _refusal(403, problem)
        page, admitted = self.pages.has(scope["path"]), self.guard.admits(scope["method"], headers)
        if page:
            return self.pages if admitted else self.pages.outside
        if not admitted:
            return _refusal(401, "send the control token: Authorization: Bearer <token>", **_CHALLENGE)
        scope[WORLD], scope[PROVIDERS] = self.world, self.providers
        return self.api


def _refusal(status: int, detail: str, **headers: str) -> JSONResponse:
    return JSONResponse({"status": status, "detail": detail}, status, headers=headers)
