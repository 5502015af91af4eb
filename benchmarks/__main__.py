"""Measures everything that is said about speed, as ratios in one run: `python -m benchmarks`."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import chart, gate, growth, start, throughput
from benchmarks.figures import Figure

_OUT = click.Path(dir_okay=False, path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Repeats; medians are told.")
@click.option("--seconds", type=float, default=2.0, show_default=True, help="Of load in each round.")
@click.option("--only", type=click.Choice(["throughput", "start", "growth", "memory", "gate"]), multiple=True)
@click.option("--peers", is_flag=True, help="Other mock servers too: Prism, Mockoon, openapi-backend, stock connexion.")
@click.option("--json", "data", type=_OUT, help="Write all figures as JSON.")
@click.option("--chart", "picture", type=_OUT, help="Draw the throughput as an SVG.")
def main(
    rounds: int, seconds: float, only: tuple[str, ...], peers: bool, data: Path | None, picture: Path | None
) -> None:
    """Measure the mock and the suite against what they could cost at best. Wants an idle machine, better with two cores."""
    console = Console(highlight=False)
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    with console.status("") as status:
        parts: Mapping[str, Callable[[], tuple[list[Figure], Any]]] = {
            "throughput": lambda: _throughput(rounds, seconds, status.update),
            "start": lambda: _start(rounds),
            "growth": lambda: _growth(rounds, status.update),
            "memory": lambda: _memory(status.update),
            "gate": _gate,
        }
        if peers:
            parts = {**parts, "peers": lambda: _peers(rounds, seconds, status.update)}
        for name, part in parts.items():
            if not only or name in {*only, "peers"}:
                status.update(name)
                found, details[name] = part()
                figures += found
    console.print(_table(figures))
    machine = f"{platform.machine()}, Python {platform.python_version()}, {platform.system()}"
    console.print(f"{rounds} rounds of {seconds:g} s on {machine}.")
    if data:
        record = {"machine": machine, "figures": [asdict(figure) | {"met": figure.met} for figure in figures]}
        data.write_text(json.dumps({**record, "details": details}, indent=2) + "\n", "utf-8")
    if picture and "throughput" in details:
        picture.write_text(chart.bars(details["throughput"]), "utf-8")
    sys.exit(0 if all(figure.met for figure in figures) else 1)


def _throughput(rounds: int, seconds: float, tell: Callable[[str], None]) -> tuple[list[Figure], Any]:
    compared = throughput.measure(rounds, seconds, tell)
    figures = []
    for item in compared:
        spread = f"{min(item.ratios):.2f} to {max(item.ratios):.2f}; {item.rate:,.0f} of {item.floor:,.0f} a second"
        figures.append(Figure(f"{item.name}: rate ÷ bare Starlette's", item.ratio, 0.5, "at least", spread))
        told = f"{item.p99:.1f} and {item.floor_p99:.1f} ms"
        figures.append(Figure(f"{item.name}: p99 ÷ bare Starlette's", item.p99 / item.floor_p99, 3.0, "at most", told))
    return figures, [asdict(item) for item in compared]


def _peers(rounds: int, seconds: float, tell: Callable[[str], None]) -> tuple[list[Figure], Any]:
    found = throughput.rivals(rounds, seconds, tell)
    figures = [
        Figure(
            f"this mock's rate ÷ {item.name}'s",
            item.mock / item.rate,
            2,
            "at least",
            f"{item.mock:,.0f} and {item.rate:,.0f} a second",
        )
        for item in found
    ]
    return figures, [asdict(item) for item in found]


def _start(rounds: int) -> tuple[list[Figure], Any]:
    ours, floor = start.measure(rounds)
    told = f"{ours:.2f} and {floor:.2f} s"
    figures = [
        Figure("cold start ÷ bare Starlette's", ours / floor, 2.5, "at most", told),
        *(
            Figure(f"{name} --help, s of CPU", start.cpu_of_help(name, rounds), 0.15, "at most")
            for name in start.COMMANDS
        ),
    ]
    return figures, {"mock": ours, "bare": floor}


def _growth(rounds: int, tell: Callable[[str], None]) -> tuple[list[Figure], Any]:
    small, big = growth.measure(rounds, tell)
    told = f"{big:.1f} and {small:.1f} µs"
    what = f"a request's cost with {growth.MANY:,} keys, windows, tokens ÷ with {growth.FEW}"
    return [Figure(what, big / small, 1.1, "at most", told)], {"small": small, "big": big}


def _memory(tell: Callable[[str], None]) -> tuple[list[Figure], Any]:
    held = growth.memory(100_000, tell)
    return [Figure("memory after 100,000 requests, MB", held / 1e6, 90, "at most")], {"bytes": held}


def _gate() -> tuple[list[Figure], Any]:
    told = gate.measure()
    figures = []
    for name, run in (("the gate", told.first), ("the same again", told.again)):
        spent = f"{run.cpu:.1f} and {told.bare:.1f} s for {told.requests:,} requests"
        figures.append(Figure(f"{name} on a running mock, s", run.seconds, 20, "at most"))
        figures.append(Figure(f"{name}: the suite's CPU ÷ a bare client's", run.cpu / told.bare, 2.0, "at most", spent))
    return figures, asdict(told)


def _table(figures: list[Figure]) -> Table:
    table = Table("what", "measured", "goal", "", "more", box=None)
    for figure in figures:
        mark = "[green]✓[/]" if figure.met else "[red]✗[/]"
        table.add_row(figure.what, f"{figure.value:.2f}", f"{figure.bound} {figure.goal:g}", mark, figure.more)
    return table


if __name__ == "__main__":
    main()
