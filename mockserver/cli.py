"""The command `mockserver`."""

from __future__ import annotations

import contextlib
import gc
import logging
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mockserver.app import Mock
    from mockserver.world import Auth


LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _bytes(text: str) -> int:
    """A size as it is written, 1000, 64KB or 128MiB, in bytes."""
    hit = re.fullmatch(r"(\d+) ?(?:([KMG]?)(i?)B)?", text)
    if not hit:
        raise click.BadParameter(f"{text!r} is no size; write e.g. 64KB or 128MiB")
    return int(int(hit[1]) * (1024 if hit[3] else 1000) ** " KMG".index(hit[2] or " "))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 picks a free one."
)
@click.option("--provider", "providers", multiple=True, metavar="NAME", help="Only this provider; repeat for more.")
@click.option(
    "--overlay",
    "overlays",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Edit the contract with this OpenAPI Overlay; repeat for more.",
)
@click.option("--seed", type=int, help="Repeat ids, keys and timestamps; the clock stands still until it is advanced.")
@click.option("--token", envvar="MOCKSERVER_TOKEN", help="Bearer token that the control plane asks for.")
@click.option(
    "--auth",
    default="strict",
    show_default=True,
    type=click.Choice(["strict", "presence", "off"]),
    help="Look keys up; or only ask for one; or not even that. For demos.",
)
@click.option("--explain", is_flag=True, help="Say in a header of every refusal which rule it keeps, and why.")
@click.option("--cors", metavar="ORIGIN", help="Let pages of this origin call the mock, e.g. http://localhost:5173.")
@click.option(
    "--max-body",
    default="128MiB",
    show_default=True,
    type=_bytes,
    metavar="SIZE",
    help="Refuse larger request bodies.",
)
@click.option(
    "--log-level",
    default="warning",
    show_default=True,
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="'info' prints a line per request.",
)
def main(
    host: str,
    port: int,
    providers: tuple[str, ...],
    overlays: tuple[Path, ...],
    seed: int | None,
    token: str | None,
    auth: Auth,
    explain: bool,
    cors: str | None,
    max_body: int,
    log_level: str,
) -> None:
    """Serve a mock of the file-delivery APIs: real keys, scopes, tiers, limits and tokens, in memory."""
    if host not in LOOPBACK and not token:
        raise click.UsageError(f"{host} is not loopback: give the control plane a --token, or bind 127.0.0.1")
    # Imported here, so that --help and a bad option answer at once.
    from mockserver.banner import banner
    from mockserver.server import Server

    logging.basicConfig(level=log_level.upper(), format="%(levelname)s %(name)s %(message)s")
    if cors and not re.fullmatch(r"https?://[^/\s]+", cors):
        raise click.UsageError(f"{cors!r} is no origin: write scheme and host, e.g. http://localhost:5173")
    app = _create(
        providers,
        overlays=overlays,
        seed=seed,
        token=token,
        auth=auth,
        explain=explain,
        cors=cors,
        max_body=max_body,
    )
    listener = _listen(host, port)
    base = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    click.echo(banner(app.world, base, cors))
    # What was loaded stays: the garbage collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    with contextlib.suppress(KeyboardInterrupt):
        Server(app).run(sockets=[listener])


def _create(providers: tuple[str, ...], **settings: Any) -> Mock:
    from latchkey import ContractError
    from mockserver.app import create_app

    try:
        return create_app(*providers, **settings)
    except ContractError as problem:
        raise click.ClickException(str(problem)) from None
    except KeyError as unknown:
        raise click.UsageError(f"no provider is called {unknown}; see spec/openapi.yaml") from None


def _listen(host: str, port: int) -> socket.socket:
    from mockserver.server import listen

    try:
        return listen(host, port)
    except OSError as problem:
        raise click.ClickException(f"cannot listen on {host}:{port}: {problem.strerror}; try --port 0") from None
