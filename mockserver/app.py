"""The mock as one ASGI application. A request's way through it stands in `Mock`, from the outside in."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from copy import deepcopy
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connexion import ConnexionMiddleware

from latchkey import Contract, ContractError
from latchkey.source import FIXTURES, SPEC
from mockserver.control import PREFIX
from mockserver.control.guard import Guard
from mockserver.exchange import Exchange, Reply
from mockserver.fixtures import Fixtures
from mockserver.layers.answer import Answer
from mockserver.layers.body import MAX_BODY
from mockserver.layers.cors import Cors
from mockserver.layers.fault import Inject
from mockserver.layers.record import Record
from mockserver.layers.route import Route
from mockserver.layers.stamp import Stamp
from mockserver.sources import Sources
from mockserver.world import Auth, Evict, World

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from latchkey.rules import Rule

#: Where Swagger UI is.
PAGE = "/ui"
#: Where the contract is.
DOCUMENT = "/openapi.json"
#: What begins otherwise is for the providers.
_BESIDE = (PREFIX, PAGE, DOCUMENT)


class Mock:
    """The data plane, which speaks as the providers do, and beside it the control plane under /_mock."""

    def __init__(
        self,
        world: World,
        *,
        spec: Path = SPEC,
        token: str | None = None,
        explain: bool = False,
        cors: str | None = None,
        max_body: int = MAX_BODY,
        protocols: Mapping[str, int] | None = None,
    ) -> None:
        self.world = world
        self.spec = spec
        self.guard = Guard(token)
        self.explain = explain
        self.cors = cors
        self.max_body = max_body
        #: Protocol to the port on which files are to be served, 0 for a free one; see `mockserver.protocols.opening`.
        self.protocols = protocols or {}
        #: What else runs as long as the mock is served.
        self.beside: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.providers = self._layers(world.contract)

    def _layers(self, contract: Contract) -> ASGIApp:
        handlers = {operation: find_handler(operation) for operation in contract.operations}
        self.world.evictors = find_evictors(contract)
        self.answer = Answer(handlers, max_body=self.max_body)
        opened = [partial(Cors, origin=self.cors)] if self.cors else []
        layers: ASGIApp = ConnexionMiddleware(
            self.answer,
            middlewares=[
                partial(Record, world=self.world),  # journal: what came in, what went out, why
                *opened,  # opens answers to a page, where not ruled out
                partial(Stamp, explain=self.explain),  # headers that the provider promises on every answer
                partial(Route, contract=contract),  # path and method to operation
                Inject,  # a fault, where one was set; then Answer: checks, handler
            ],
        )
        return layers

    def reload(self, contract: Contract, fixtures: Mapping[str, Fixtures]) -> None:
        """Goes on with another contract and other rows; a request under way ends with those that it began with.

        Raises ImportError or AttributeError, and changes nothing, where an operation has no handler.
        """
        self.providers = self._layers(contract)
        self.world.reload(contract, fixtures)
        for made in ("control", "rules", "document", "page"):
            self.__dict__.pop(made, None)

    # Made when first asked for: reading their documents takes longer than all the rest of the start.

    @cached_property
    def control(self) -> ASGIApp:
        from mockserver.control.app import create_control
        from mockserver.dashboard.app import Dashboard

        pages = Dashboard(self.world, self.guard, self.rules)
        return create_control(self.world, self.providers, self.guard, pages)

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """The catalogue, for explanations; none of a contract that an overlay made differ from it."""
        from latchkey.rules import load_rules

        try:
            return load_rules(self.world.contract, self.spec)
        except ContractError:
            return {}

    @cached_property
    def document(self) -> ASGIApp:
        """The contract. Connexion would serve it with its references resolved, which a recursive schema does not survive."""
        from starlette.responses import JSONResponse

        return JSONResponse(served(self.world.contract))

    @cached_property
    def page(self) -> ASGIApp:
        """Swagger UI, beside the providers: its router would cost each of their requests more than all checks do."""
        from connexion.middleware.exceptions import ExceptionMiddleware
        from connexion.middleware.swagger_ui import SwaggerUIMiddleware
        from connexion.options import SwaggerUIOptions

        application = ConnexionMiddleware(self.providers, middlewares=[ExceptionMiddleware, SwaggerUIMiddleware])
        application.add_api(served(self.world.contract), swagger_ui_options=SwaggerUIOptions(serve_spec=False))
        page: ASGIApp = application
        return page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._part(scope["path"])(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        beside = [asyncio.create_task(work()) for work in self.beside]
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    def _part(self, path: str) -> ASGIApp:
        if not path.startswith(_BESIDE):
            return self.providers
        if _below(PREFIX, path):
            return self.control
        if path == DOCUMENT:
            return self.document
        return self.page if _below(PAGE, path) else self.providers


def _below(prefix: str, path: str) -> bool:
    return path.startswith(prefix) and path[len(prefix) :][:1] in {"", "/"}


def create_app(
    *providers: str,
    spec: Path = SPEC,
    overlays: Sequence[Path] = (),
    fixtures: Path = FIXTURES,
    seed: int | None = None,
    token: str | None = None,
    auth: Auth = "strict",
    explain: bool = False,
    cors: str | None = None,
    max_body: int = MAX_BODY,
    protocols: Mapping[str, int] | None = None,
) -> Mock:
    """A mock of these providers, or of all, of the contract as the overlays edit it.

    With a seed, ids, keys and timestamps repeat and the clock stands still until it is advanced. With a token, the
    control plane asks for it. `auth` says whether keys are looked up (strict), need only be there (presence), or not even
    that (off); `explain` adds to every refusal a header that says why; `cors` is an origin whose pages may call the
    mock; larger bodies than `max_body` bytes are refused; `protocols` names others than the API to serve files over, webdav,
    ftp or sftp, and their ports, 0 for a free one. Raises ContractError, and KeyError for an unknown provider.
    """
    sources = Sources(providers=providers, spec=spec, overlays=tuple(overlays), fixtures=fixtures)
    world = World(*sources.read(), seed=seed, auth=auth)
    return Mock(world, spec=spec, token=token, explain=explain, cors=cors, max_body=max_body, protocols=protocols)


def find_handler(operation: str) -> Callable[[Exchange], Reply]:
    """An operationId is the address of its handler: <provider>.<function> in `mockserver.providers`.

    Raises ImportError or AttributeError where it leads nowhere.
    """
    provider, _, function = operation.partition(".")
    handler: Callable[[Exchange], Reply] = getattr(
        importlib.import_module(f"mockserver.providers.{provider}"), function
    )
    return handler


def find_evictors(contract: Contract) -> dict[str, Evict]:
    """The function `evict` of each provider's module that has one."""
    modules = {name: importlib.import_module(f"mockserver.providers.{name}") for name in contract.providers}
    return {name: module.evict for name, module in modules.items() if hasattr(module, "evict")}


def served(contract: Contract) -> dict[str, Any]:
    """The bundle as this mock serves it: the real services' addresses are left out, so that Swagger UI calls here."""
    document = deepcopy(contract.bundle)
    for item in document["paths"].values():
        item.pop("servers", None)
    return document
