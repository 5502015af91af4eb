"""WebDAV: WsgiDAV's understanding of the protocol on top of the provider's tree.

It runs in the mock's event loop: all it works with is in memory, so no request of it waits for anything.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send
from wsgidav.dav_error import HTTP_BAD_REQUEST, HTTP_FORBIDDEN, DAVError, PRECONDITION_CODE_PropfindFiniteDepth
from wsgidav.request_resolver import RequestResolver
from wsgidav.wsgidav_app import WsgiDAVApp

from mockserver.exchange import Exchange, Reply
from mockserver.layers.answer import send_reply
from mockserver.layers.body import TooLarge, read_body
from mockserver.layers.record import Answer, folded, publish
from mockserver.layers.stamp import explained
from mockserver.protocols.door import Door, Shut
from mockserver.protocols.sign_in import sign_in
from mockserver.protocols.webdav_files import VISIT, Files, Visit
from mockserver.refusals import Refused, render
from mockserver.server import Server

#: Connections at one time; more are told to come back later.
SESSIONS = 100
#: Bytes of a body that is no file, which is XML.
MAX_XML = 1024 * 1024

_METHODS = "OPTIONS, HEAD, GET, PUT, DELETE, PROPFIND, PROPPATCH, MKCOL, COPY, MOVE"

log = logging.getLogger("mockserver")


class WebDav:
    """The door as an ASGI application, and what serves it. `settings` are uvicorn's, e.g. a certificate."""

    remark = ""

    def __init__(self, door: Door, **settings: Any) -> None:
        self.door = door
        self.settings = settings
        # It tells of each refusal; the journal does so, too, and says why.
        logging.getLogger("wsgidav").setLevel(logging.CRITICAL)
        self.application = WsgiDAVApp(
            {
                "provider_mapping": {"/": Files()},
                "middleware_stack": [RequestResolver],
                "lock_storage": None,
                "logging": {"enable": False},
            }
        )

    async def serve(self, listener: socket.socket) -> None:
        """Until it is cancelled."""
        server = _Beside(self, lifespan="off", limit_concurrency=SESSIONS, **self.settings)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = folded(scope["headers"])
        credentials = headers.pop("authorization", "")
        try:
            exchange = self.door.open(str((scope.get("client") or ("unknown",))[0]), scope["method"], scope["path"])
        except Shut as shut:
            await PlainTextResponse(str(shut), 404)(scope, receive, send)
            return
        exchange.query, exchange.headers = scope.get("query_string", b"").decode("latin-1"), headers
        answer = Answer()
        try:
            most = self.door.max_body if scope["method"] == "PUT" else min(MAX_XML, self.door.max_body)
            exchange.body = await read_body(receive, headers, most)
            reply = self.decide(exchange, credentials)
        except TooLarge:
            reply = self.refuse(exchange, self.door.too_large())
        except ClientDisconnect:
            publish(exchange, answer)
            return

        async def note(message: Message) -> None:
            if self.door.explain and message["type"] == "http.response.start":
                message["headers"] += explained(exchange)
            answer.note(message)
            await send(message)

        try:
            await send_reply(reply, exchange, note)
        finally:
            publish(exchange, answer)

    def decide(self, exchange: Exchange, credentials: str) -> Reply:
        """Who asks, and whatever WsgiDAV makes of it. Nothing in here waits."""
        try:
            exchange.stages.append("identify")
            sign_in(exchange, self.door.policy, *self._credentials(credentials))
            exchange.stages.append("handler")
            return self._answer(exchange)
        except Refused as refused:
            return self.refuse(exchange, refused)
        except Exception as error:  # a mistake in here, or in WsgiDAV, is told like any refusal
            log.error("%s %s failed", exchange.method, exchange.path, exc_info=error)
            assert exchange.provider
            return self.refuse(exchange, Refused(exchange.provider.server_error, f"it failed: {type(error).__name__}"))

    def refuse(self, exchange: Exchange, refused: Refused) -> Reply:
        """The provider's refusal, as this protocol tells it."""
        assert exchange.provider
        exchange.refused = refused
        values = {"reason": refused.reason, **exchange.values(), **refused.values}
        _, body, headers = render(exchange.provider.refusals[refused.name], values)
        return Reply(self.door.code(refused), body, headers)

    def _credentials(self, header: str) -> tuple[str | None, str]:
        """User name and password (RFC 7617), None where there are none. Raises Refused where they cannot be read."""
        scheme, _, value = header.strip().partition(" ")
        if scheme.lower() != "basic":
            return None, ""
        try:
            raw = base64.b64decode(value.strip(), validate=True)
        except ValueError:
            raise Refused(self.door.policy.refusals["login"], "what follows Basic is not base64") from None
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        login, _, password = text.partition(":")
        return login, password

    def _answer(self, exchange: Exchange) -> Reply:
        visit = Visit(self.door, exchange)
        begun: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], problem: Any = None) -> Callable[[bytes], None]:
            begun[:] = [int(status.partition(" ")[0]), headers]
            return visit.written.append

        environ = _environ(exchange, visit)
        try:
            _check(environ)
            visit.written += self.application(environ, start_response)
        except DAVError as error:
            return self._told(exchange, visit, error)
        status, headers = begun
        if status >= 400:
            return self._told(exchange, visit, DAVError(status))
        kept = {name: value for name, value in headers if name.lower() not in {"content-length", "date"}}
        body = b"".join(visit.written) if status in {200, 206, 207} else None
        return Reply(201 if visit.created else status, body, kept)

    def _told(self, exchange: Exchange, visit: Visit, error: DAVError) -> Reply:
        """By the provider where it was the provider that refused, else by WsgiDAV."""
        status = int(error.value)
        if visit.refused and self.door.code(visit.refused) == status:
            return self.refuse(exchange, visit.refused)
        if status < 400:
            return Reply(status)
        reason = error.context_info or (visit.refused.reason if visit.refused else "WebDAV does not allow it")
        exchange.refused = Refused(self.door.protocol, str(reason))
        media_type, page = error.get_response_page()
        if "xml" not in media_type:
            media_type, page = "text/plain; charset=utf-8", str(reason).encode()
        allow = {"Allow": _METHODS} if status == 405 else {}
        return Reply(status, page, {"Content-Type": media_type, **allow})


class _Beside(Server):
    """Serves in a loop that somebody else runs, who is also told of signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _check(environ: Mapping[str, Any]) -> None:
    """Refuses to list a whole tree at once (RFC 4918, 9.1), and a Destination that is no URL."""
    try:
        urlsplit(unquote(environ.get("HTTP_DESTINATION", "")))
    except ValueError as problem:
        raise DAVError(HTTP_BAD_REQUEST, str(problem)) from None
    if environ["REQUEST_METHOD"] == "PROPFIND" and environ.get("HTTP_DEPTH", "infinity").lower() == "infinity":
        raise DAVError(
            HTTP_FORBIDDEN,
            "only Depth: 0 and Depth: 1 are answered",
            err_condition=PRECONDITION_CODE_PropfindFiniteDepth,
        )


def _environ(exchange: Exchange, visit: Visit) -> dict[str, Any]:
    """The request as WSGI has it (PEP 3333)."""
    scheme, _, host = visit.door.origin.rstrip("/").partition("://")
    name, _, port = host.rpartition(":")
    method = exchange.method.rpartition(" ")[2]
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in exchange.headers.items()}
    return {
        **environ,
        "HTTP_HOST": exchange.headers.get("host", host),
        # The answer to HEAD is that to GET, whose body is then not sent.
        "REQUEST_METHOD": "GET" if method == "HEAD" else method,
        "SCRIPT_NAME": "",
        "PATH_INFO": exchange.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": exchange.query,
        "CONTENT_TYPE": exchange.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(exchange.body)),
        "SERVER_NAME": name,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(exchange.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgidav.auth.user_name": "",
        VISIT: visit,
    }
