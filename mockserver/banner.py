"""What the mock prints when it starts: where it is, and keys and requests to begin with."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from latchkey.records import Operation, Provider
from mockserver.control.app import PREFIX
from mockserver.fixtures import KeyFixture
from mockserver.world import World


def banner(world: World, base: str, cors: str | None = None) -> str:
    """For each provider its base URL, its ready-made keys by situation, and a curl line that works when pasted."""
    clock = "the clock stands still (seeded)" if world.clock.frozen else "the clock runs"
    lines = [f"latchkey mock on {base}, {clock}. Ctrl-C ends it."]
    if world.auth != "strict":
        lines.append(
            f"Keys are not looked up (--auth {world.auth}): whoever calls is taken for the full key's account."
        )
    if cors:
        lines += _cors(world, base, cors)
    lines.append("")
    for provider in world.contract.providers.values():
        lines += [f"{provider.title}  {base}  instead of {provider.server}"]
        keys = world.ready_keys(provider.name)
        width = max(len(key.situation) for key in keys)
        for key in keys:
            lines.append(f"  {key.situation:<{width}}  {key.key}  {provider.situations[key.situation].says}")
        full = next(key for key in keys if key.situation == "full")
        lines += [f"  {first_request(world.contract.operations[provider.example], provider, full, base)}", ""]
    lines += [f"Control plane {base}{PREFIX}/ui/   Swagger UI {base}/ui/   Contract {base}/openapi.json"]
    return "\n".join(lines)


def _cors(world: World, base: str, origin: str) -> Iterator[str]:
    """What a browser may do, and, for a provider whose rule is that CORS is off, how a dev server gets round it."""
    yield f"Pages of {origin} may call this mock."
    for provider in world.contract.providers.values():
        if provider.cors == "off":
            prefix = provider.prefixes[0].rstrip("/")
            yield f"Not {provider.title}, whose rule is that CORS is off; let the dev server pass its calls on:"
            yield f"  Vite     server: {{ proxy: {{ '{prefix}': '{base}' }} }}"
            yield f"  webpack  devServer: {{ proxy: [{{ context: ['{prefix}'], target: '{base}' }}] }}"


def first_request(operation: Operation, provider: Provider, key: KeyFixture, base: str) -> str:
    """A curl line for the provider's example operation."""
    credential = next(item for item in provider.credentials if item.kind == "key")
    scheme = f"{credential.scheme} " if credential.scheme else ""
    headers = [f"{credential.header}: {scheme}{key.key}", *_presented(provider, key)]
    method = "" if operation.method == "GET" else f"-X {operation.method} "
    return f"curl {method}" + " ".join(f"-H {shlex.quote(header)}" for header in headers) + f" {base}{operation.path}"


def _presented(provider: Provider, key: KeyFixture) -> Iterator[str]:
    attributes = {**provider.keys.attributes, **key.attributes}
    for check in provider.entitlements:
        if check.equals and check.attribute:
            header = provider.presented[check.equals].header
            yield f"{header}: {attributes[check.attribute.partition('.')[2]]}"
