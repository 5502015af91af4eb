"""Removes what the suite made on a target, by the operations that the contract names for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract_tests.client import Fault
from contract_tests.leavings import Leavings, Left
from contract_tests.outcome import NotVerifiable
from contract_tests.patience import PAUSES
from contract_tests.target import NEIGHBOUR

if TYPE_CHECKING:
    from contract_tests.lab import Lab

#: What its owner is answered when it is not there.
GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What became of something: removed, gone before, or still there, and why."""

    left: Left
    why: str | None = None


def tidy(lab: Lab, leavings: Leavings, rest: Callable[[float], None]) -> Iterator[Removal]:
    """Removes all that is left, each told as it is done. A request that got lost is sent again after a `rest`; what a target
    that does not answer has is not asked for one by one.
    """
    silent: str | None = None
    for left in leavings.tally.left():
        if left not in leavings.tally.left():
            continue  # it went with another
        if left.url is None:
            yield Removal(left=left, why="its answer was not seen, so its id is not known")
            continue
        try:
            why = silent or _again(lambda left=left: _removed(lab, left), rest)  # type: ignore[misc]
        except Fault as fault:
            why = silent = f"nothing answers: {fault}"
        if why is None:
            leavings.forget(left)
        yield Removal(left=left, why=why)


def _again(remove: Callable[[], str | None], rest: Callable[[float], None]) -> str | None:
    """What `remove` answers. It may be called again: what is gone stays so. Raises Fault where it got lost each time."""
    for seconds in PAUSES:
        try:
            return remove()
        except Fault as fault:
            if not fault.sent:
                raise  # where no connection is had it was tried again already
            rest(seconds)
    return remove()


def _removed(lab: Lab, left: Left) -> str | None:
    """Removes it with the first key that may; None, or why that failed. Raises Fault."""
    why = "there is no key to remove it with"
    for holder, situation in _holders(lab, left):
        try:
            key = holder.key(situation)
            operation = holder.contract.operations[left.undo]
            headers = {**holder.credential(key), **holder.presented(key)}
            answer = holder.call_as_is(operation, operation.method, left.url or "", headers, None)
        except NotVerifiable as reason:
            why = str(reason)
            continue
        if answer.passed or answer.status in GONE:
            return None
        why = f"{answer.request} answered {answer}"
    return why


def _holders(lab: Lab, left: Left) -> list[tuple[Lab, str]]:
    """Situations whose keys may remove it, the likeliest first, each with the lab that has such a key."""
    if left.whose == NEIGHBOUR:
        return [(lab.elsewhere(), "full")]
    if lab.provider.situations[left.whose].account:
        return [(lab, left.whose)]  # an account of its own: for others there is nothing to remove
    return [(lab, situation) for situation in dict.fromkeys(("full", left.whose))]
