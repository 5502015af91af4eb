"""Exchanges as an HTTP Archive 1.2, which browsers and proxies open."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.curl import Redact
from contract_tests.report.exchange import as_record
from contract_tests.trail import Sent


def as_har(exchanges: Iterable[tuple[str, Sent]], redact: Redact) -> dict[str, Any]:
    """The archive of these exchanges, each with what it belongs to, secrets replaced."""
    creator = {"name": "contract-tests", "version": version("latchkey")}
    entries = [_entry(about, as_record(sent, redact)) for about, sent in exchanges]
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}


def _entry(about: str, record: dict[str, Any]) -> dict[str, Any]:
    response = record["response"] or {"status": 0, "reason": "", "version": "", "headers": [], "body": "", "bytes": 0}
    return {
        "startedDateTime": record["at"],
        "time": record["milliseconds"],
        "request": _request(record, response["version"] or "HTTP/1.1"),
        "response": {
            "status": response["status"],
            "statusText": response["reason"],
            "httpVersion": response["version"] or "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(response["headers"]),
            "content": {
                "size": response["bytes"],
                "mimeType": _header(response["headers"], "content-type"),
                "text": response["body"],
            },
            "redirectURL": _header(response["headers"], "location"),
            "headersSize": -1,
            "bodySize": response["bytes"],
        },
        "cache": {},
        "timings": {"send": 0, "wait": record["milliseconds"], "receive": 0},
        "comment": about,
    }


def _request(record: dict[str, Any], http: str) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": record["method"],
        "url": record["url"],
        "httpVersion": http,
        "cookies": [],
        "headers": _pairs(record["request_headers"]),
        "queryString": _pairs(parse_qsl(urlsplit(record["url"]).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(record["request_body"].encode()),
    }
    if record["request_body"]:
        media = _header(record["request_headers"], "content-type")
        request["postData"] = {"mimeType": media, "text": record["request_body"]}
    return request


def _pairs(items: Iterable[Any]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]


def _header(items: Iterable[list[str]], wanted: str) -> str:
    return next((value for name, value in items if name.lower() == wanted), "")
