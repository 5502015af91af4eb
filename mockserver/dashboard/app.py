"""The pages as an ASGI application: rendered here, refreshed by a little JavaScript, nothing from another host."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from latchkey.rules import Rule
from mockserver.clock import iso
from mockserver.control.guard import COOKIE, Guard
from mockserver.dashboard import words
from mockserver.dashboard.budgets import budgets
from mockserver.dashboard.faults import faults
from mockserver.dashboard.keys import keys
from mockserver.dashboard.traffic import traffic
from mockserver.world import World

HOME = "/_mock/"
BASE = "/_mock/dashboard"
#: Bytes of a form to sign in.
_LONGEST = 4096
#: Everything comes from here, nothing runs that stands in the page itself, and no other page may frame it.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
#: Address to the page's name in the navigation, its template, and what it shows.
PAGES = {
    HOME: ("Traffic", "traffic.html", traffic),
    f"{BASE}/keys": ("API keys", "keys.html", keys),
    f"{BASE}/budgets": ("Budgets", "budgets.html", budgets),
    f"{BASE}/faults": ("Faults", "faults.html", faults),
}


class Dashboard:
    """Its pages for who was admitted, and `outside`, where one signs in."""

    def __init__(self, world: World, guard: Guard, rules: Mapping[str, Rule]) -> None:
        here = Path(__file__).parent
        self.world, self.guard, self.rules = world, guard, rules
        self.templates = Environment(
            loader=FileSystemLoader(here / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self.templates.filters |= words.FILTERS
        static = Mount(f"{BASE}/static", StaticFiles(directory=here / "static"))
        session = Route(f"{BASE}/session", self._session, methods=["POST"])
        away = Route(f"{BASE}/session/end", self._leave, methods=["POST"])
        home = Route("/_mock", lambda request: RedirectResponse(HOME, 308))
        pages = [Route(path, self._page) for path in PAGES]
        self._inside = Router([home, *pages, static, session, away, Route("/{rest:path}", self._nowhere)])
        self.outside = Router([static, session, Route("/{rest:path}", self._sign_in)])

    def has(self, path: str) -> bool:
        return path in {"/_mock", HOME} or path.startswith(f"{BASE}/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._inside(scope, receive, send)

    async def _page(self, request: Request) -> Response:
        path = request.url.path
        title, template, context = PAGES[path]
        return self._rendered(template, title=title, path=path, **context(self.world, self.rules, request.query_params))

    async def _nowhere(self, request: Request) -> Response:
        return self._rendered("nowhere.html", 404, title="No such page", path="")

    async def _sign_in(self, request: Request) -> Response:
        return self._rendered("sign_in.html", 401, title="Sign in", wrong=False)

    async def _session(self, request: Request) -> Response:
        if not self.guard.opens(await _token(request)):
            return self._rendered("sign_in.html", 401, title="Sign in", wrong=True)
        answer = RedirectResponse(HOME, 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, self.guard.session, path="/_mock", httponly=True, samesite="strict", secure=secure)
        return answer

    async def _leave(self, request: Request) -> Response:
        answer = RedirectResponse(HOME, 303)
        answer.delete_cookie(COOKIE, path="/_mock", httponly=True, samesite="strict")
        return answer

    def _rendered(self, template: str, status: int = 200, **context: Any) -> Response:
        world = self.world
        frame = {
            "navigation": [(path, page[0]) for path, page in PAGES.items()],
            "base": BASE,
            "now": world.clock.now(),
            "frozen": world.clock.frozen,
            "date": iso(world.clock.now()),
            "auth": world.auth,
            "signed_in": self.guard.token is not None,
            "providers": world.contract.providers,
        }
        page = self.templates.get_template(template).render(**frame, **context)
        return HTMLResponse(page, status, headers=_HEADERS)


async def _token(request: Request) -> str:
    """The form's token; none of a form that is longer than any."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            return ""
    return parse_qs(body.decode("latin-1")).get("token", [""])[0]
