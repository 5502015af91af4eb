"""Which accounts may hold a row with certain values: a search over all accounts costs the same however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

Value = tuple[str, ...]


class Index:
    """Accounts by what these members of a table's rows hold, in any case of letters.

    It only proposes: a row may have changed since, so whoever asks looks at the rows of the accounts.
    """

    def __init__(self, members: tuple[str, ...]) -> None:
        self._members = members
        self._accounts: defaultdict[Value, dict[str, None]] = defaultdict(dict)
        self._values: dict[str, set[Value]] = {}

    def note(self, account: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Takes in the rows of an account, in place of those it had before."""
        self.drop(account)
        values = self._values[account] = {
            _folded(row[member] for member in self._members)
            for row in rows
            if all(member in row for member in self._members)
        }
        for value in values:
            self._accounts[value][account] = None

    def drop(self, account: str) -> None:
        for value in self._values.pop(account, ()):
            accounts = self._accounts[value]
            del accounts[account]
            if not accounts:
                del self._accounts[value]

    def find(self, values: Iterable[Any]) -> list[str]:
        """The ids of accounts that may have such a row, in the order in which they were noted."""
        return list(self._accounts.get(_folded(values), ()))


def _folded(values: Iterable[Any]) -> Value:
    return tuple(str(value).casefold() for value in values)
