"""What a proof works with: one provider of the target, seen through the contract."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, Unpack, cast
from urllib.parse import unquote

import httpx
import pytest

from contract_tests.answer import Answer
from contract_tests.client import Client
from contract_tests.crowd import AROUND, Exchange
from contract_tests.doors import Door, missing
from contract_tests.evidence import Evidence, Once
from contract_tests.keyring import Keyring
from contract_tests.noted import NotedAdmin
from contract_tests.outcome import NotVerifiable
from contract_tests.patience import checked
from contract_tests.provision import Key, Provisioner, turns_clock
from contract_tests.race import Attempt, Call, Race
from contract_tests.sample import parameters_of
from contract_tests.sender import Sender
from contract_tests.target import Target, as_there, part
from contract_tests.thrift import Thrift
from contract_tests.tidy import tidy
from contract_tests.words import Words, asked, credential, filled, presented
from latchkey import Contract
from latchkey.records import Limit, Operation

#: Marks a proof with the rule it shows: `@rule("provider.theme.what")`.
rule = pytest.mark.rule
#: Mark a proof that finds a quota used up, or waits for it to come back. Where requests are dear, they share one such wait:
#: they run one after another, first those that find it used up.
spends, reopens = pytest.mark.spends, pytest.mark.reopens

Made = TypeVar("Made")
Case = TypeVar("Case")


class Lab:
    """Calls operations by name, with keys in situations, and moves time. Closed after the proof."""

    def __init__(
        self,
        contract: Contract,
        provider: str,
        target: Target,
        client: Client,
        provisioner: Provisioner,
        *,
        neighbour: bool = False,
        thrift: Thrift | None = None,
    ) -> None:
        self.contract = contract
        self.provider = contract.providers[provider]
        self.target = target
        self.client = client
        self._provisioner = provisioner
        self._endpoint = target.endpoints[provider]
        self._headers = dict(self._endpoint.headers)
        for header, value in self._headers.items():
            # A short one is a word (staging), and would be replaced wherever it stands.
            if len(value) >= 12:
                client.hide(value, f"{provider}_{header}".upper().replace("-", "_"))
        self._neighbours: list[Lab] = []
        self._thrift = thrift
        there = as_there(self.provider, self._endpoint)
        base_url, doors = self._endpoint.base_url, list(self._endpoint.doors.values())
        self._sender = Sender(contract, there, base_url, doors, client, thrift, self.advance)
        #: How much of what the proof could show it showed, where that is not all: requests are dear.
        self.shown: list[str] = []
        self._evidence = thrift.evidence if thrift else Evidence()
        self._counts: Counter[str] = Counter()
        self._owner = "neighbour_" if neighbour else ""
        self.admin = NotedAdmin(provisioner.open(self.provider, neighbour=neighbour), client)
        self._keys = Keyring(self.provider, self._endpoint, self.admin, client, thrift, self.named, neighbour=neighbour)
        self._leavings = thrift.leavings if thrift and not self.admin.takes_all else None
        self._by_address = any(limit.partition == "address" for limit in self.provider.limits.values())
        self.move()

    # Keys and accounts.

    def key(self, situation: str = "full", **fields: Any) -> Key:
        """A credential in this situation, the same for repeated calls with 'full' alone; `fields` ask for a new one."""
        return self._keys.key(situation, **fields)

    def new_key(self, **fields: Any) -> Key:
        """A further full key of the same account, made for this proof."""
        return self._keys.new(**fields)

    def second_key(self) -> Key:
        """Another full key of the account: one that the target names, else a new one."""
        return self._keys.second()

    def unlimited_key(self) -> Key:
        """A full key whose limits never refuse where the target can give one, else the full key."""
        return self._keys.unlimited()

    def aged(self, key: Key | str, seconds: float) -> Key | str:
        """The key when so much time has passed; where nobody may wait so long, the target's key that is as old."""
        try:
            self.advance(seconds)
        except NotVerifiable:
            return self.key("old")
        return key

    def rotate(self, key: Key) -> Key:
        """The key that takes this one's place."""
        return self._keys.rotated(key)

    def forged(self) -> str:
        """A well-formed key that was never issued."""
        return self._keys.forged()

    def beside(self, key: Key) -> Mapping[str, Any]:
        """What the contract says that goes with a key of this situation (its user's password, say). Raises NotVerifiable where
        neither the target file nor an administrator knows it.
        """
        return self._keys.beside(key)

    def stay(self) -> None:
        """From now on the full key is the first of several, whatever its limits leave."""
        self._keys.stay()

    def neighbour(self) -> Lab:
        """The same provider as another account sees it."""
        other = Lab(
            self.contract,
            self.provider.name,
            self.target,
            self.client,
            self._provisioner,
            neighbour=True,
            thrift=self._thrift,
        )
        other._sender.spending = self._sender.spending
        self._neighbours.append(other)
        return other

    def elsewhere(self) -> Lab:
        """The lab of another account that there is already, else a new one."""
        return self._neighbours[0] if self._neighbours else self.neighbour()

    def name(self, what: str) -> str:
        """A name that nothing has yet. On a mock, which is fresh, it repeats with the run's seed."""
        return self.named(f"{what}-{self.client.random.getrandbits(48):012x}")

    def named(self, what: str) -> str:
        """The name that something of the suite's has on this target: it begins with the target's prefix."""
        return what if what.startswith(self.target.prefix) else self.target.prefix + what

    def once(self, name: str, make: Callable[[], Made], *, lasts: float = math.inf) -> Made:
        """What `make` made when it was first asked for: by this proof or, where requests are dear, by any of the provider. What
        has a `close` is closed when nobody can ask for it any more. A finding tells what was sent for it, by whatever proof.

        What a proof of long ago made is made again after so many seconds as it `lasts` on the target.
        """
        known, found = self._evidence.once, self._owner + name
        if found not in known or (self.shared and self.now() > known[found].since + lasts):
            before = self.client.sent
            made = make()
            known[found] = Once(made=made, steps=self.client.sent_since(before), since=self.now() if self.shared else 0)
        elif self.shared:
            self.client.recall(known[found].steps)
        return cast(Made, known[found].made)

    def another(self, name: str, make: Callable[[], Made]) -> Made:
        """The same, but each time another one within a proof: the second is what was made when it was first asked for twice."""
        self._counts[name] += 1
        return self.once(f"{name} {self._counts[name]}", make)

    def lost(self, *names: str) -> None:
        """Says that what has these names for `once` is no more, or not what it was: whoever asks next has it made anew."""
        for name in names:
            self._evidence.once.pop(self._owner + name, None)

    def has(self, name: str) -> bool:
        """Whether an earlier proof made what has this name for `once`."""
        return self._thrift is not None and self._owner + name in self._evidence.once

    def run_up(self, quota: int) -> tuple[int, float]:
        """How many of a quota were used up by this run in half a window, the last call included, and since when; 0 where
        nobody knows.
        """
        return self._thrift.pacer.run_up(quota) if self._thrift else (0, 0.0)

    @property
    def thrifty(self) -> bool:
        """Every request is dear here: what shows enough has to do."""
        return self._thrift is not None

    @property
    def shared(self) -> bool:
        """What `once` makes is there for all proofs of the provider, not for this one alone."""
        return self.thrifty and not self.target.provisioner

    def afresh(self) -> None:
        """Says that every call of the proof has to be sent, though an equal one may have been answered before."""
        self._sender.fresh = True

    def hide(self, secret: str, name: str) -> str:
        """From now on this secret (a token, a signed URL) is printed as $NAME."""
        self.client.hide(secret, name)
        return secret

    # Time and place.

    def now(self) -> float:
        return self._provisioner.now()

    def advance(self, seconds: float) -> None:
        """Lets time pass on the target, by its clock or by waiting. Raises NotVerifiable where neither is permitted."""
        self._provisioner.advance(seconds)
        self.client.passed += seconds
        self.afresh()
        if self._thrift:
            self._thrift.waited += seconds
            self._thrift.evidence.forget()
        self.client.note("advance", f"{seconds:g} s pass", seconds=seconds)

    def window(self, seconds: float) -> float:
        """How long that part of a limit's window lasts here which is promised to last so many seconds: as long, or shorter
        where the target's file says that its windows are, which the report then tells.
        """
        if self._endpoint.window is None:
            return seconds
        self.shown.append(f"windows of {self._endpoint.window} s")
        return seconds * part(self.provider, self._endpoint)

    @property
    def turns_clock(self) -> bool:
        """Time passes at once here, and as much of it as a proof likes."""
        return turns_clock(self._provisioner) or self.target.permit.wait_up_to == math.inf

    def may_wait(self, seconds: float) -> None:
        """Says that the proof lets so much time pass at once. Raises NotVerifiable where that cannot be."""
        if not self.turns_clock and seconds > self.target.permit.wait_up_to:
            self._provisioner.advance(seconds)

    def untouched(self, limit: str, key: Key) -> bool:
        """Whether it is known that nothing was taken of this key's limit for a window."""
        return (
            self._thrift is not None and self._thrift.pacer.left(self.limit(limit), key.raw) == self.limit(limit).quota
        )

    def move(self) -> None:
        """From now on requests come from a client address not used before, where that matters and the target can
        be told one; else nothing changes.
        """
        if self._by_address:
            with suppress(NotVerifiable):
                self._headers |= self.from_elsewhere()

    def from_elsewhere(self) -> Mapping[str, str]:
        """Headers of another client address. Raises NotVerifiable where the target cannot be told one."""
        headers = self._provisioner.address()
        self._sender.places = tuple(headers)
        return headers

    # Calls.

    @property
    def base_url(self) -> str:
        return self._endpoint.base_url

    def operation(self, name: str) -> Operation:
        return self.contract.operations[f"{self.provider.name}.{name}"]

    def operations(self) -> list[Operation]:
        return self.contract.of(self.provider.name)

    def secured(self) -> list[Operation]:
        """The operations that need a credential. Where requests are dear, one of each method."""
        secured = [operation for operation in self.operations() if operation.credentials]
        first: dict[str, Operation] = {}
        # Whether what has a limit of its own draws on the usual one as well is not always told.
        for item in sorted(secured, key=lambda item: len(item.limits)):
            first.setdefault(item.method, item)
        kept = [item for item in secured if not self.thrifty or item in first.values()]
        return list(self._few(kept, secured, "operations"))

    def some(self, cases: Sequence[Case], most: int = 2, what: str = "cases") -> Sequence[Case]:
        """All of these cases of one rule; where requests are dear, the first few."""
        return self._few(cases[:most] if self.thrifty else cases, cases, what)

    def _few(self, kept: Sequence[Case], cases: Sequence[Case], what: str) -> Sequence[Case]:
        if len(kept) < len(cases):
            self.shown.append(f"{len(kept)} of {len(cases)} {what}")
        return kept

    def limit(self, name: str) -> Limit:
        return self.provider.limits[name]

    def call(self, operation: str | Operation, **words: Unpack[Words]) -> Answer:
        """Calls an operation of the contract."""
        call = self.prepare(operation, **words)
        with self._watched(call):
            response = self._sender.call(call, words.get("units", 1), sure="method" not in words)
        return self._answer(response, call)

    def prepare(self, operation: str | Operation, **words: Unpack[Words]) -> Call:
        """What `call` would send, to be sent later by `at_once` or `during`."""
        record = self.operation(operation) if isinstance(operation, str) else operation
        key = words.get("key")
        headers = {
            **asked(self.provider, record.method, record),
            **self._headers,
            **credential(self.provider, key, words.get("by")),
            **presented(self.provider, key, words.get("presents")),
            **(words.get("headers") or {}),
        }
        request = self.client.prepare(
            words.get("method") or record.method,
            self._endpoint.base_url + filled(record, words.get("path") or {}),
            headers=headers,
            query=words.get("query"),
            json=words.get("json"),
            content=words.get("content"),
        )
        return Call(request, record)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Any request: `url` is a path of this provider or a whole URL that it handed out."""
        sent = {**self._headers, **(headers or {})}
        if any(item.header in sent for item in self.provider.credentials):
            sent = {**asked(self.provider, method), **sent}
        request = self.client.prepare(method, self._whole(url), headers=sent, content=content, query=query)
        return self._answer(self._sender.send(request))

    def _whole(self, url: str) -> str:
        return url if url.startswith(("http://", "https://")) else self._endpoint.base_url + url

    def has_door(self, protocol: str) -> bool:
        """Whether the target says where this protocol reaches the same files."""
        return protocol in self._endpoint.doors

    def door(self, protocol: str) -> Door:
        """Where this protocol reaches the same files. Raises NotVerifiable where the target does not say."""
        if not self.has_door(protocol):
            raise NotVerifiable(missing(protocol, self.provider.name, on_mock=self.target.control is not None))
        spend = self._thrift.budget.spend if self._thrift else lambda: None
        return Door(protocol, self._endpoint.doors[protocol], self.client, self.request, spend)

    def call_as_is(
        self, operation: Operation, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        """Calls an operation with a request made elsewhere. `url` is a path, or whole where the target handed it out."""
        sent = {**asked(self.provider, operation.method, operation), **headers, **self._headers}
        request = self.client.prepare(method, self._whole(url), headers=sent, content=content)
        call = Call(request, operation)
        with self._watched(call):
            response = self._sender.send(request, operation)
        return self._answer(response, call)

    def send_as_is(self, request: httpx.Request) -> httpx.Response:
        """The response to a request made elsewhere, which neither waits nor is asked again; what it makes is noted."""
        path = unquote(str(request.url).removeprefix(self.base_url).partition("?")[0])
        likely = (item for item in self.operations() if item.method == request.method)
        operation = next((item for item in likely if parameters_of(item, path) is not None), None)
        if operation is None:
            return self.client.send(request)
        call = Call(request, operation)
        with self._watched(call):
            response = self.client.send(request)
        self._answer(response, call)
        return response

    def at_once(self, calls: Sequence[Call]) -> list[Attempt]:
        """All these calls at the same time, each on a connection of its own. A 429 is an answer like any other."""
        self._sender.reserve(calls)
        with self._watched(*calls):
            exchanges = self.client.send_at_once([call.request for call in calls])
        return [self._attempt(exchange, call) for exchange, call in zip(exchanges, calls, strict=True)]

    def during(self, call: Call, action: Callable[[], object]) -> Race:
        """This call again and again, by many at the same time, while the action takes place."""
        self._sender.reserve([call] * AROUND)
        with self._watched(call):
            happening = self.client.send_during(call.request, action)
        attempts = [self._attempt(exchange, call) for exchange in happening.exchanges]
        return Race(attempts, happening.began, happening.done)

    def _attempt(self, exchange: Exchange, call: Call) -> Attempt:
        response = exchange.response
        # What a proxy gives in a target's place says nothing about it; a mock has no proxy.
        answer = None if response is None else self._answer(checked(response) if self.thrifty else response, call)
        return Attempt(answer, exchange.left, exchange.came)

    def _answer(self, response: httpx.Response, call: Call | None = None) -> Answer:
        operation = call.operation if call else None
        answer = Answer(response, self.contract, operation, self.provider.name)
        if call:
            self.client.answered[call.operation.id, response.status_code] += 1
            if self._leavings:
                self._leavings.answered(call.request, call.operation, self._whose(call.request), response)
        self.client.redaction.hide_handed_out(operation, answer.content)
        return answer

    @contextmanager
    def _watched(self, *calls: Call) -> Iterator[None]:
        """What is sent in here may make something."""
        if not self._leavings:
            yield
            return
        for call in calls:
            self._leavings.sends(call.request, call.operation, self._whose(call.request))
        try:
            yield
        except NotVerifiable:
            for call in calls:
                self._leavings.unsent(call.request)
            raise

    def _whose(self, request: httpx.Request) -> str:
        """The situation of the key in a request; of a key that a proof made, that of the key with which it can be removed."""
        values = (request.headers.get(item.header, "") for item in self.provider.credentials)
        raws = [value.rpartition(" ")[2] for value in values]
        return self._keys.situation(raws)

    def credential(self, key: Key | str | None, by: str | None = None) -> dict[str, str]:
        """The header that carries this key; none without a key."""
        return credential(self.provider, key, by)

    def presented(self, key: Key | str | None) -> dict[str, str]:
        """The headers of what goes with this key (its domain, say)."""
        return presented(self.provider, key)

    def path(self, operation: Operation, values: Mapping[str, Any]) -> str:
        """The operation's path, filled."""
        return filled(operation, values)

    # Limits.

    def exhaust(self, limit: str, operation: str, *, key: Key | None = None, **call: Any) -> list[Answer]:
        """Calls the operation until this limit's quota is used: exactly `quota` answers, none of them judged."""
        self.may_spend()
        return [self.call(operation, key=key, **call) for _ in range(self.limit(limit).quota)]

    def may_spend(self, requests: int = 1) -> None:
        """Says that the proof provokes a limit, so that a 429 is an answer to be judged, by so many requests.

        Raises NotVerifiable where that is not permitted, or not so many.
        """
        if not self.target.permit.spend_window:
            raise NotVerifiable("it uses up a whole window; to permit it, write under [permit]: spend_window = true")
        if self._thrift:
            self._thrift.budget.check(requests)
        for lab in (*self._neighbours, self):
            lab._sender.spending = True

    def can_spare(self, requests: int) -> bool:
        """Whether so many leave enough for the proofs to come that take few each."""
        return self._thrift is None or self._thrift.budget.left - self._thrift.reserved >= requests

    def destroys(self) -> None:
        """Says that the proof deletes what it did not make. Raises NotVerifiable where that is not permitted."""
        if not self.target.permit.destroy:
            raise NotVerifiable("it deletes existing data; to permit it, write under [permit]: destroy = true")

    def tidy(self) -> None:
        """Removes what was made with this lab's keys, or those of a lab before it, with the requests set aside for that."""
        if self._thrift and self._leavings:
            self._thrift.budget.closing, self._sender.spending = True, False
            self._thrift.removals += tidy(self, self._leavings, self._thrift.pacer.rest)
            self._thrift.budget.closing = False

    def close(self) -> None:
        if self.target.provisioner:
            self.tidy()  # now or never: the next proof has other keys
        if not self.shared:
            self._evidence.close()
        for lab in (*self._neighbours, self):
            lab.admin.close()
