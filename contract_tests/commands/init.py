"""`contract-tests init`: writes what a person would otherwise copy from the documentation."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from contract_tests.target.draft import Draft
    from latchkey import Contract

_NEW = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_NEW, default="target.toml")
@click.option("--provider", "providers", multiple=True, metavar="NAME", help="A provider that answers there; repeat.")
@click.option(
    "--base-url", "urls", multiple=True, metavar="[PROVIDER=]URL", help="Where they answer, or where one does."
)
@click.option(
    "--key", "keys", multiple=True, metavar="[PROVIDER.]SITUATION=VARIABLE", help="Which variable holds a credential."
)
@click.option(
    "--permit", "permits", multiple=True, metavar="NAME[=VALUE]", help="What the suite may do, e.g. spend_window."
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of target files instead, for an editor.")
@click.option(
    "--provisioner", type=_NEW, metavar="FILE", help="Write a class that makes situations come about instead."
)
def init(
    file: Path,
    providers: tuple[str, ...],
    urls: tuple[str, ...],
    keys: tuple[str, ...],
    permits: tuple[str, ...],
    force: bool,
    schema: bool,
    provisioner: Path | None,
) -> None:
    """Write a target file, FILE, from these options, or by asking where there are none and this is a terminal."""
    if provisioner:
        text = (files("contract_tests") / "templates" / "provisioner.py").read_text("utf-8")
        _write(provisioner, text, force=force)
        click.echo(f'Fill it in, and write into the target file: provisioner = "{provisioner.stem}:Staging"')
        return
    from contract_tests.target.draft import described
    from contract_tests.target.schema import target_schema
    from latchkey import load

    contract = load()
    if schema:
        click.echo(json.dumps(target_schema(contract), indent=2, ensure_ascii=False))
        return
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; --force writes over it")
    draft = _asked(contract) if not urls and _at_terminal() else _told(contract, providers, urls, keys, permits)
    text, wrong = described(draft, contract)
    if wrong:
        raise click.UsageError("; ".join(wrong))
    _write(file, text, force=force)
    wanted = [f"export {name}=…" for name in draft.variables()]
    click.echo("\n".join(["Then:", *wanted, f"contract-tests doctor {file}"]))


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _write(file: Path, text: str, *, force: bool) -> None:
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; --force writes over it")
    try:
        file.write_text(text, "utf-8")
    except OSError as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(f"Wrote {file}.")


def _told(
    contract: Contract, providers: Sequence[str], urls: Sequence[str], keys: Sequence[str], permits: Sequence[str]
) -> Draft:
    """The draft that the options describe."""
    from contract_tests.target.draft import Draft

    named, general = _by_provider(urls, contract)
    chosen = list(contract.providers) if general and not providers else list(dict.fromkeys([*providers, *named]))
    bases = {name: named.get(name, general) for name in chosen}
    if not chosen or None in bases.values():
        raise click.UsageError("say where it answers: --base-url URL, or --base-url PROVIDER=URL for each")
    draft = Draft(bases={name: str(base) for name, base in bases.items()}, permit=dict(map(_permit, permits)))
    for text in keys:
        place, equals, variable = text.partition("=")
        if not equals or not variable.isidentifier():
            raise click.UsageError(f"--key {place}: say [PROVIDER.]SITUATION=VARIABLE, the name of a variable")
        provider, _, situation = place.rpartition(".")
        for name in [provider] if provider else chosen:
            draft.keys.setdefault(name, {})[situation] = variable
    return draft


def _by_provider(urls: Sequence[str], contract: Contract) -> tuple[dict[str, str], str | None]:
    """URLs that were given for one provider, and the one for all others."""
    named, general = {}, None
    for text in urls:
        name, _, url = text.partition("=")
        if name in contract.providers:
            named[name] = url
        else:
            general = text
    return named, general


def _permit(text: str) -> tuple[str, bool | float]:
    name, equals, value = text.partition("=")
    if not equals:
        return name, True
    try:
        number = float(value)
    except ValueError:
        if value not in {"true", "false"}:
            raise click.UsageError(f"--permit {name}: {value} is neither a number nor true or false") from None
        return name, value == "true"
    return name, int(number) if number.is_integer() else number


def _asked(contract: Contract) -> Draft:
    """The draft that answers to questions describe."""
    from contract_tests.target.draft import Draft

    draft = Draft()
    for provider in contract.providers.values():
        if not (
            url := click.prompt(
                f"Where does {provider.title} answer? (URL, or nothing)", default="", show_default=False
            )
        ):
            continue
        draft.bases[provider.name] = url
        for situation in provider.situations.values():
            question = f"  Variable that holds {situation.says} (or nothing)"
            proposal = f"{provider.name}_{situation.name}".upper() if situation.name == "full" else ""
            if variable := click.prompt(question, default=proposal, show_default=bool(proposal)):
                draft.keys.setdefault(provider.name, {})[situation.name] = variable
    draft.permit.update(_permitted())
    return draft


def _permitted() -> Mapping[str, bool | float]:
    permit: dict[str, bool | float] = {}
    if click.confirm("May it use up a key's whole window, to see limits?", default=False):
        permit |= {"spend_window": True, "wait_up_to": click.prompt("Seconds it may wait for a window", default=61)}
    if click.confirm("May it delete data that it did not make?", default=False):
        permit["destroy"] = True
    return permit
