"""The throughput as a picture: one pair of bars for each request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_ROW, _BAR, _LEFT, _WIDTH = 58, 16, 230, 420


def bars(compared: Sequence[Mapping[str, Any]]) -> str:
    """An SVG that is readable on light and dark pages."""
    most = max(item["floor"] for item in compared)
    rows = "".join(_row(number, item, most) for number, item in enumerate(compared))
    height = _ROW * len(compared) + 8
    style = "text{font:13px system-ui,sans-serif;fill:#777}.mock{fill:#2f7d6d}.bare{fill:#9aa5a3}"
    size = f'width="{_LEFT + _WIDTH + 110}" height="{height}" viewBox="0 0 {_LEFT + _WIDTH + 110} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>{rows}</svg>\n'


def _row(number: int, item: Mapping[str, Any], most: float) -> str:
    top = number * _ROW + 8
    ratio = item["rate"] / item["floor"]
    name = f'<text x="{_LEFT - 10}" y="{top + 20}" text-anchor="end">{escape(str(item["name"]))}</text>'
    ours = _bar("mock", top, item["rate"], most, f"{item['rate']:,.0f}/s, {ratio:.2f}")
    return name + ours + _bar("bare", top + _BAR + 3, item["floor"], most, f"{item['floor']:,.0f}/s bare Starlette")


def _bar(kind: str, top: int, value: float, most: float, label: str) -> str:
    width = round(_WIDTH * value / most)
    rect = f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{width}" height="{_BAR}" rx="2"/>'
    inside = width > _WIDTH * 0.8
    place = f'x="{_LEFT + width + (-8 if inside else 6)}" text-anchor="{"end" if inside else "start"}"'
    style = ' style="fill:#fff"' if inside else ""
    return f'{rect}<text {place} y="{top + 12}"{style}>{escape(label)}</text>'
