"""Sends what was made up, follows links, and keeps what the judges say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from urllib.parse import unquote

from contract_tests.answer import Answer
from contract_tests.client import Client
from contract_tests.lab import Lab
from contract_tests.links import Link, Unknown, linked, links_of
from contract_tests.outcome import NotVerifiable, Violation
from contract_tests.sample import Sample, parameters_of
from contract_tests.sender import OutOfReach
from contract_tests.sweep.judges import JUDGES, Tried
from contract_tests.sweep.kept import Kept
from contract_tests.trail import Step
from latchkey.records import Operation

#: How many links are followed one after another.
_FAR = 5


@dataclass(slots=True)
class Sweep:
    """What a sweep saw: `failures` is the first violation of each kind with its request, `statuses` how often each status
    was answered.
    """

    failures: dict[str, tuple[Violation, list[Step]]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def idle(self) -> bool:
        """Whether nothing was answered, or most with 401 or 429, so that nothing behind them was tried."""
        total = self.statuses.total()
        return not total or self.statuses[401] + self.statuses[429] > total / 2


def sweep(lab: Lab, *, covering: int, random: int, seeded: int) -> Sweep:
    """Tries each operation with the contract's examples, `covering` cases at the bounds of its schemas and `random` ones,
    so many valid and so many invalid ones, then follows the links of its answers. Repeatable from the seed.

    Where the target's data may not be destroyed, only operations that read are tried.
    """
    contract = lab.contract.only(lab.provider.name)
    samples = Kept(contract, covering=covering, random=random, seeded=seeded)
    sweeper = _Sweeper(lab, samples)
    for operation in lab.operations():
        sweeper.sweep(operation)
    samples.keep()
    return sweeper.seen


class _Sweeper:
    def __init__(self, lab: Lab, samples: Kept) -> None:
        self.seen = Sweep()
        self._lab = lab
        self._samples = samples
        self._key = lab.unlimited_key()
        #: A mock serves all that the contract has, and under one address.
        self._mock = lab.target.control is not None
        self._renewable = True
        self._number = count(1)

    def sweep(self, operation: Operation) -> None:
        if not self._may(operation):
            return
        for made_up in self._samples.of(operation):
            with suppress(OutOfReach):
                sample = self._with_token(made_up)
                if sample is not made_up or self._mock or not operation.elsewhere:
                    self._try(sample)
        begin = self._samples.begin(operation)
        if begin and links_of(self._lab.contract, operation):
            self._follow(begin, self._try(begin), ())

    def _may(self, operation: Operation) -> bool:
        """Whether the target promises the operation, and permits it."""
        promised = self._mock or not operation.assumed
        return promised and (self._lab.target.permit.destroy or operation.method in {"GET", "HEAD"})

    def _try(self, sample: Sample) -> Answer:
        """Sends the sample, and lets the answer be judged."""
        sample = self._unique(sample)
        before = self._lab.client.sent
        answer = self._send(sample)
        if answer.status in {401, 403} and self._renewed(sample.operation):
            before = self._lab.client.sent
            answer = self._send(sample)
        self.seen.statuses[answer.status] += 1
        for kind, judge in JUDGES.items():
            try:
                judge(self._lab, Tried(sample, answer, self._key))
            except Violation as violation:
                self.seen.failures.setdefault(kind, (violation, self._lab.client.sent_since(before)))
        return answer

    def _send(self, sample: Sample) -> Answer:
        """With our credential and with none that was made up; what it presents goes along unless a header is mistaken."""
        lab, operation = self._lab, sample.operation
        ours = lab.credential(self._key) if operation.credentials else {}
        if operation.credentials and not sample.mistaken_header:
            ours |= lab.presented(self._key)
        taken = {name.lower() for name in ours} | {item.header.lower() for item in lab.provider.credentials}
        made_up = {name: value for name, value in sample.headers.items() if name.lower() not in taken}
        lab.move()
        return lab.call_as_is(operation, sample.method, sample.url, {**made_up, **ours}, sample.content)

    def _renewed(self, operation: Operation) -> bool:
        """Whether the key was at its end, for some operations change or end the one they are called with, and another is
        there now. Asked again only as long as another one helps.
        """
        if not operation.credentials or not self._renewable or self._alive():
            return False
        self._key = self._lab.unlimited_key()
        self._renewable = self._alive()
        return self._renewable

    def _alive(self) -> bool:
        example = self._lab.contract.operations[self._lab.provider.example]
        return self._lab.call(example, key=self._key).status not in {401, 403}

    def _unique(self, sample: Sample) -> Sample:
        """The sample with new values in those parameters of its path whose values can be used only once."""
        operation = sample.operation
        path, _, query = sample.url.partition("?")
        values = parameters_of(operation, unquote(path))
        if not operation.unique or values is None:
            return sample
        for name in operation.unique:
            values[name] += f"-{next(self._number)}"
        return replace(sample, url=self._lab.path(operation, values) + (f"?{query}" if query else ""))

    # Links and tokens.

    def _follow(self, sent: Sample, answer: Answer, trail: tuple[tuple[str, str], ...]) -> None:
        """Follows the links of a passing answer, in their order, and those of what they lead to."""
        if not answer.passed or len(trail) == _FAR:
            return
        for link in links_of(self._lab.contract, sent.operation, answer.status):
            step = (sent.operation.id, link.name)
            if step not in trail and self._may(link.target):
                sample = self._linked(link, sent, answer)
                if sample:
                    with suppress(OutOfReach):
                        self._follow(sample, self._try(sample), (*trail, step))

    def _linked(self, link: Link, sent: Sample, answer: Answer) -> Sample | None:
        try:
            sample = linked(link, sent, answer)
        except Unknown:
            return None
        if link.url:
            self._lab.hide(sample.url, "HANDED_OUT_URL")
        return sample

    def _with_token(self, sample: Sample) -> Sample:
        """A valid sample of an operation that redeems a token, with a token of its own where one can be had.

        Else all that is ever tried is a token that never was, or one that an earlier sample has used up.
        """
        if not sample.fits or sample.operation.token is None:
            return sample
        for issuer, link in self._issuers(sample.operation):
            begin = self._samples.begin(issuer)
            answer = self._try(begin) if begin else None
            if begin and answer and answer.passed and (fresh := self._linked(link, begin, answer)):
                return replace(sample, url=fresh.url)
        return sample

    def _issuers(self, operation: Operation) -> Iterator[tuple[Operation, Link]]:
        """Operations whose answers lead to this one by a URL."""
        for issuer in filter(self._may, self._lab.operations()):
            for link in links_of(self._lab.contract, issuer):
                if link.target.id == operation.id and link.url:
                    yield issuer, link


def show(client: Client, seen: Sweep, kind: str) -> None:
    """Raises what the sweep found of this kind, its steps put back for the report; NotVerifiable where it was refused
    most of the time.
    """
    client.take_sent()
    if kind in seen.failures:
        violation, steps = seen.failures[kind]
        client.put_back(steps)
        raise violation
    if seen.idle:
        counts = ", ".join(f"{status} {times} times" for status, times in sorted(seen.statuses.items())) or "no answer"
        raise NotVerifiable(f"the sweep was refused most of the time ({counts}); it needs a key with budget")
