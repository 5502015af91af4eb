"""What the mock prints when it starts: where it is, and keys and requests to begin with."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from latchkey.records import Operation, Provider
from mockserver.app import PAGE, Mock
from mockserver.control import PREFIX
from mockserver.fixtures import KeyFixture

#: What is done with keys, by --auth.
_LOOKED_UP = {
    "strict": "Keys are looked up (--auth strict).",
    "presence": "Keys are not looked up (--auth presence): whoever sends one is taken for the full key's account.",
    "off": "Keys are not looked up (--auth off): whoever calls is taken for the full key's account.",
}


def banner(mock: Mock, base: str, ca: Path | None = None, doors: Sequence[str] = ()) -> str:
    """For each provider its base URL, its ready-made keys by situation, and a curl line that works when pasted.

    `ca` is a file that clients have to trust, for HTTPS; `doors` are lines about what else files are served over.
    """
    world = mock.world
    clock = "stands still (seeded)" if world.clock.frozen else "runs"
    lines = [f"latchkey mock on {base}. {_LOOKED_UP[world.auth]} The clock {clock}. Ctrl-C ends it."]
    if ca:
        lines.append(f"Clients trust its certificate by {ca}")
    if mock.cors:
        lines += _cors(mock, base, mock.cors)
    lines.append("")
    for provider in world.contract.providers.values():
        lines += [f"{provider.title}  {base}  instead of {provider.server}"]
        keys = world.ready_keys(provider.name)
        width = max(len(key.situation) for key in keys)
        for key in keys:
            lines.append(f"  {key.situation:<{width}}  {key.key}  {provider.situations[key.situation].says}")
        full = next(key for key in keys if key.situation == "full")
        lines += [f"  {first_request(world.contract.operations[provider.example], provider, full, base, ca)}", ""]
    lines += [*doors, *([""] if doors else [])]
    if not mock.explain:
        token = '-H "Authorization: Bearer $MOCKSERVER_TOKEN" ' if mock.guard.token else ""
        lines.append(
            f"Why was a call refused?  {_curl(ca)}{token}'{base}{PREFIX}/journal?limit=1'  or start with --explain"
        )
    lines.append(f"Dashboard {base}{PREFIX}/ shows keys, traffic with its reasons, budgets and the clock.")
    lines.append(f"Control plane {base}{PREFIX}/ui/   Swagger UI {base}{PAGE}/   Contract {base}/openapi.json")
    return "\n".join(lines)


def _cors(mock: Mock, base: str, origin: str) -> Iterator[str]:
    """What a browser may do, and, for a provider whose rule is that CORS is off, how a dev server gets round it."""
    yield f"Pages of {origin} may call this mock."
    for provider in mock.world.contract.providers.values():
        if provider.cors == "off":
            paths = [prefix.rstrip("/") for prefix in provider.prefixes]
            # A dev server does not know the certificate.
            target = f"target: '{base}'" + (", secure: false" if base.startswith("https") else "")
            vite = ", ".join(f"'{path}': {{ {target} }}" for path in paths)
            yield f"Not {provider.title}, whose rule is that CORS is off; let the dev server pass its calls on:"
            yield f"  Vite     server: {{ proxy: {{ {vite} }} }}"
            yield f"  webpack  devServer: {{ proxy: [{{ context: {paths}, {target} }}] }}"


def first_request(operation: Operation, provider: Provider, key: KeyFixture, base: str, ca: Path | None = None) -> str:
    """A curl line for the provider's example operation."""
    credential = next(item for item in provider.credentials if item.kind == "key")
    scheme = f"{credential.scheme} " if credential.scheme else ""
    headers = [f"{credential.header}: {scheme}{key.key}", *_presented(provider, key)]
    method = "" if operation.method == "GET" else f"-X {operation.method} "
    written = " ".join(f"-H {shlex.quote(header)}" for header in headers)
    return f"{_curl(ca)}{method}{written} {base}{operation.path}"


def _curl(ca: Path | None) -> str:
    return f"curl --cacert {shlex.quote(str(ca))} " if ca else "curl "


def _presented(provider: Provider, key: KeyFixture) -> Iterator[str]:
    attributes = {**provider.keys.attributes, **key.attributes}
    for check in provider.entitlements:
        if check.equals and check.attribute:
            header = provider.presented[check.equals].header
            yield f"{header}: {attributes[check.attribute.partition('.')[2]]}"
