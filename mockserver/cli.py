"""The command `mockserver`."""

from __future__ import annotations

import contextlib
import gc
import logging
import re
import signal
import socket
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mockserver.app import Mock
    from mockserver.certificate import Certificate
    from mockserver.sources import Sources
    from mockserver.world import Auth


LOOPBACK = ("127.0.0.1", "localhost", "::1")

#: An option that opens a door, on a port of its own.
_DOOR: dict[str, Any] = {"type": click.IntRange(0, 65535), "is_flag": False, "flag_value": 0, "metavar": "[PORT]"}

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


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
@click.option(
    "--spec",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Read the contract from this folder, a copy of spec/, instead of the built-in one.",
)
@click.option(
    "--fixtures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Begin with the rows and keys of these files; built-in ones where there is no file.",
)
@click.option("--scenario", type=_FILE, metavar="FILE", help="Begin with the accounts, keys and faults of this file.")
@click.option("--watch", is_flag=True, help="Reload contract, overlays and fixtures when they change.")
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
@click.option("--webdav", **_DOOR, help="Serve files over WebDAV, too: keys sign in. A free port where none is given.")
@click.option("--ftp", **_DOOR, help="Serve files over FTP, too.")
@click.option("--sftp", **_DOOR, help="Serve files over SFTP, too.")
@click.option("--tls", is_flag=True, help="Serve HTTPS, with a certificate made on the spot.")
@click.option("--tls-cert", type=_FILE, metavar="FILE", help="Serve HTTPS with this certificate chain (PEM).")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="The certificate's private key (PEM).")
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
    spec: Path | None,
    fixtures: Path | None,
    scenario: Path | None,
    watch: bool,
    seed: int | None,
    token: str | None,
    auth: Auth,
    explain: bool,
    cors: str | None,
    webdav: int | None,
    ftp: int | None,
    sftp: int | None,
    tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    max_body: int,
    log_level: str,
) -> None:
    """Serve a mock of the file-delivery APIs: real keys, scopes, tiers, limits and tokens, in memory."""
    if host not in LOOPBACK and not token:
        raise click.UsageError(f"{host} is not loopback: give the control plane a --token, or bind 127.0.0.1")
    if cors and not re.fullmatch(r"https?://[^/\s]+", cors):
        raise click.UsageError(f"{cors!r} is no origin: write scheme and host, e.g. http://localhost:5173")
    if bool(tls_cert) != bool(tls_key):
        raise click.UsageError("--tls-cert and --tls-key go together")
    # Imported here, so that --help and a bad option answer at once.
    from latchkey.source import FIXTURES, SPEC
    from mockserver.sources import Sources

    logging.basicConfig(level=log_level.upper(), format="%(levelname)s %(name)s %(message)s")
    sources = Sources(providers=providers, spec=spec or SPEC, overlays=overlays, fixtures=fixtures or FIXTURES)
    doors = {"webdav": webdav, "ftp": ftp, "sftp": sftp}
    protocols = {name: port for name, port in doors.items() if port is not None}
    settings = {"seed": seed, "token": token, "auth": auth, "explain": explain, "cors": cors, "max_body": max_body}
    app = _create(sources, protocols=protocols, **settings)
    if scenario:
        _play(app, scenario)
    if watch:
        from mockserver.watch import watch as follow

        app.beside.append(partial(follow, app, sources, partial(click.echo, err=True)))
    with _certificate(tls, tls_cert, tls_key, host) as certificate:
        _serve(app, host, _listen(host, port), certificate)


def _serve(app: Mock, host: str, listener: socket.socket, certificate: Certificate | None) -> None:
    from mockserver.banner import banner
    from mockserver.server import Server, reached

    base = f"{'https' if certificate else 'http'}://{reached(host)}:{listener.getsockname()[1]}"
    ca = certificate.ca if certificate else None
    with _doors(app, host, certificate) as doors:
        click.echo(banner(app, base, ca, doors))
        # What was loaded stays: the garbage collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        # The server ends cleanly, then raises its signal again: what was made for it is to be removed in any case.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        with contextlib.suppress(KeyboardInterrupt):
            Server(app, **_files(certificate)).run(sockets=[listener])


@contextlib.contextmanager
def _doors(app: Mock, host: str, certificate: Certificate | None) -> Iterator[Sequence[str]]:
    """Opens what else files are to be served over; answers what the banner says of it."""
    if not app.protocols:
        yield ()
        return
    from mockserver.protocols.opening import Missing, opened
    from mockserver.protocols.welcome import welcome

    with contextlib.ExitStack() as stack:
        try:
            doors = stack.enter_context(opened(app, host, _files(certificate)))
        except Missing as problem:
            raise click.ClickException(str(problem)) from None
        except OSError as problem:
            raise click.ClickException(f"cannot listen on {host}: {problem.strerror}; give another port") from None
        ca = certificate.ca if certificate else None
        yield [line for item in doors for line in welcome(item, ca)]


def _files(certificate: Certificate | None) -> dict[str, Any]:
    """The certificate as uvicorn takes it."""
    return {"ssl_certfile": certificate.chain, "ssl_keyfile": certificate.key} if certificate else {}


def _create(sources: Sources, **settings: Any) -> Mock:
    from latchkey import ContractError
    from mockserver.app import create_app

    settings |= {"spec": sources.spec, "overlays": sources.overlays, "fixtures": sources.fixtures}
    try:
        return create_app(*sources.providers, **settings)
    except ContractError as problem:
        raise click.ClickException(str(problem)) from None
    except KeyError as unknown:
        raise click.UsageError(f"no provider is called {unknown}; see spec/openapi.yaml") from None


def _play(app: Mock, scenario: Path) -> None:
    """Plays the file, and shows the keys that it made: nothing else ever will."""
    from latchkey import ContractError
    from mockserver.scenario import play_file

    try:
        cast = play_file(app.world, scenario)
    except ContractError as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(f"Scenario {scenario.name}")
    for name, account in cast.accounts.items():
        click.echo(f"  {name}  account {account.id} of {account.provider}")
    for name, raw in cast.raw.items():
        click.echo(f"  {name}  {raw}")
    click.echo()


@contextlib.contextmanager
def _certificate(make: bool, chain: Path | None, key: Path | None, host: str) -> Iterator[Certificate | None]:
    """One's own certificate, or one that is made and lasts as long as the block, or none."""
    if not (make or chain):
        yield None
        return
    from mockserver.certificate import Certificate, check, made

    if chain and key:
        own = Certificate(chain, key, chain)
        try:
            check(own)
        except OSError as problem:
            raise click.ClickException(f"{chain} and {key} are no certificate and its key: {problem}") from None
        yield own
        return
    with tempfile.TemporaryDirectory(prefix="latchkey-") as folder:
        try:
            certificate = made(Path(folder), host)
        except ImportError:
            raise click.ClickException("--tls needs trustme: pip install 'latchkey[tls]', or give --tls-cert") from None
        yield certificate


def _listen(host: str, port: int) -> socket.socket:
    from mockserver.server import listen

    try:
        return listen(host, port)
    except OSError as problem:
        raise click.ClickException(f"cannot listen on {host}:{port}: {problem.strerror}; try --port 0") from None
