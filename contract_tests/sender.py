"""How requests go out where each is dear: at the target's pace, again where one got lost, not at all where its answer is known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from contract_tests.client import Client, Fault, Unreachable
from contract_tests.evidence import SAFE
from contract_tests.outcome import NotVerifiable
from contract_tests.pace import Charge, pause
from contract_tests.patience import PAUSES, checked
from contract_tests.race import Call
from contract_tests.thrift import Thrift
from latchkey import Contract
from latchkey.records import Limit, Operation, Provider


class OutOfReach(NotVerifiable):
    """The target handed out a URL elsewhere that leads nowhere; the target itself is still there."""


class Sender:
    """Sends what one lab asks. `named` are URLs that belong to the target beside its API's. Without thrift, requests go out as
    they come; then `wait` lets seconds pass on the target.
    """

    def __init__(
        self,
        contract: Contract,
        provider: Provider,
        base_url: str,
        named: Sequence[str],
        client: Client,
        thrift: Thrift | None,
        wait: Callable[[float], None],
    ) -> None:
        #: The proof provokes a limit: a 429 is an answer to be judged.
        self.spending = False
        #: Every call has to be sent, though an equal one may have been answered before.
        self.fresh = False
        #: The headers that say which client address a request comes from.
        self.places: Sequence[str] = ()
        self._provider = provider
        self._contract = contract
        self._base_url = base_url
        self._named = (base_url, *named)
        self._client = client
        self._thrift = thrift
        self._wait = wait
        self._asked: set[Any] = set()
        self._changed = False

    def call(self, call: Call, units: int = 1, *, sure: bool = True) -> httpx.Response:
        """The response to a call of the contract, which asks for so many units of work."""
        operation = call.operation
        charges = self._charges(call.request, operation.limits, operation.spends, units, sure=sure)
        if self._thrift is None or operation.issues or not operation.credentials:
            return self._send(call.request, charges)
        return self._ask(self._thrift, call.request, charges)

    def send(self, request: httpx.Request, operation: Operation | None = None) -> httpx.Response:
        """The response, asked for anew; without an operation nobody knows whether a refusal is counted."""
        if operation is None:
            return self._send(request, self._charges(request, self._provider.default_limits, sure=False))
        return self._send(request, self._charges(request, operation.limits, operation.spends))

    def reserve(self, calls: Sequence[Call]) -> None:
        """Sees to it that the budget and the limits have room for all these at once, and takes it."""
        if self._thrift is None:
            return
        self._thrift.budget.spend(len(calls))
        charges = [item for call in calls for item in self._charges(call.request, call.operation.limits)]
        units = Counter((item.limit, item.partition) for item in charges)
        whole = [Charge(limit=limit, partition=who, units=count) for (limit, who), count in units.items()]
        if not self.spending:
            self._thrift.pacer.pause(whole)
        self._thrift.pacer.take(whole)

    def _ask(self, thrift: Thrift, request: httpx.Request, charges: Sequence[Charge]) -> httpx.Response:
        """The response, or that to an equal request of an earlier proof. What one proof asks twice is sent twice."""
        evidence = thrift.evidence
        asked = evidence.same(request)
        look = request.method in SAFE
        fresh = self.fresh or self.spending or asked in self._asked or (look and self._changed)
        known = None if fresh else evidence.answer(request)
        self._asked.add(asked)
        if known is None:
            known = self._send(request, charges)
            evidence.keep(request, known)
            # Where it was refused, too: the proof may want to see that nothing happened.
            self._changed |= not look and known.status_code != 401
        else:
            self._client.cite(request, known)
        return known

    def _send(self, request: httpx.Request, charges: Sequence[Charge]) -> httpx.Response:
        """The response. A 429 that the proof did not provoke is our own traffic's: it waits, and asks once more."""
        response = self._paced(request, charges)
        if response.status_code == 429 and not self.spending:
            if self._thrift:
                self._thrift.unasked += 1
            self._rest(max(pause(response.headers, limit.window) for limit in self._provider.limits.values()))
            response = self._paced(request, charges)
        return response

    def _paced(self, request: httpx.Request, charges: Sequence[Charge]) -> httpx.Response:
        """The response. Raises OutOfReach where nothing answers at a URL elsewhere, or a proxy in its place."""
        try:
            return self._insisting(request, charges)
        except Fault as problem:
            if str(request.url).startswith(self._named):
                raise
            what = "at which nothing answers" if isinstance(problem, Unreachable) else "that leads no further"
            raise OutOfReach(f"the target handed out a URL {what}: {problem}") from None

    def _insisting(self, request: httpx.Request, charges: Sequence[Charge]) -> httpx.Response:
        """The response, asked for when the target's limits let it pass, and again where it got lost on the way."""
        if self._thrift is None:
            return self._client.send(request)
        for seconds in PAUSES:
            try:
                return self._once(self._thrift, request, charges)
            except Fault as fault:
                if fault.sent and not (request.method in SAFE and not self._redeems(request)):
                    raise
            self._thrift.pacer.rest(seconds)
        return self._once(self._thrift, request, charges)

    def _once(self, thrift: Thrift, request: httpx.Request, charges: Sequence[Charge]) -> httpx.Response:
        """The response of one attempt. Proofs that provoke a limit do not wait."""
        thrift.budget.spend()
        if not self.spending:
            thrift.pacer.pause(charges)
        thrift.pacer.take(charges)
        response = self._client.send(request)
        thrift.pacer.learn(charges, response)
        return checked(response)

    def _redeems(self, request: httpx.Request) -> bool:
        """Whether the request uses up a token, so that sending it again does something else."""
        tokens = self._provider.tokens
        paths = [
            item.path
            for item in self._contract.of(self._provider.name)
            if item.token and tokens[item.token].uses is not None
        ]
        return any(re.search(re.sub(r"\{\w+\}", "[^/]+", path) + "$", request.url.path) for path in paths)

    def _rest(self, seconds: float) -> None:
        self._thrift.pacer.rest(seconds) if self._thrift else self._wait(seconds)

    def _charges(
        self,
        request: httpx.Request,
        limits: Sequence[str],
        spends: Sequence[str] = (),
        units: int = 1,
        *,
        sure: bool = True,
    ) -> list[Charge]:
        """What a request takes of limits: one unit of each, and units of work of those that count work; nothing where nobody
        asks.
        """
        if self._thrift is None or not str(request.url).startswith(self._base_url):
            return []
        credentials = (request.headers.get(item.header, "") for item in self._provider.credentials)
        raw = next((value.rpartition(" ")[2] for value in credentials if value), "")
        place = " ".join(request.headers.get(name, "") for name in self.places)
        known: Callable[[str], Limit] = self._provider.limits.__getitem__
        taken = [(known(name), 1, False) for name in limits] + [(known(name), units, True) for name in spends]
        return [
            Charge(limit=limit, partition=raw if limit.partition == "key" else place, units=count, work=work, sure=sure)
            for limit, count, work in taken
            if raw or limit.partition == "address"
        ]
