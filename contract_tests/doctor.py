"""A first look at a target: whether it answers, how, and what each credential that was given is worth. One request each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from contract_tests.answer import Answer
from contract_tests.client import Fault
from contract_tests.lab import Lab
from contract_tests.outcome import NotVerifiable, Violation
from contract_tests.provision import Key
from contract_tests.run import Run
from contract_tests.target import NEIGHBOUR, Endpoint
from latchkey.records import Entitlement, Operation, Provider, Situation
from latchkey.rules import Level

#: Seconds by which the target's clock may differ from ours before dates are judged wrongly.
SKEW = 5.0
_DOUBT = "does not look like a key of {}: is it cut off, or another provider's?"

Sign = Literal["good", "bad", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What was found about something, in a sentence; `bad` is what should be put right before a run."""

    provider: str
    about: str
    sign: Sign
    says: str


def examine(run: Run) -> Iterator[Remark]:
    """Every remark about every provider of the target, as it is made."""
    for provider in run.contract.providers.values():
        endpoint = run.target.endpoints[provider.name]
        yield from _reached(run, provider, endpoint)
        operation, published = cheapest(run, provider), _form_published(run, provider)
        for situation, keys in endpoint.keys.items():
            for number, given in enumerate(keys, 1):
                key = Key(raw=given.key, situation=situation, presents=given.presents)
                about = situation if len(keys) == 1 else f"{situation} {number}"
                yield _tried(run.lab(provider.name), provider, operation, key, about, published=published)
        for protocol in endpoint.doors:
            yield _signed_in(run.lab(provider.name), provider, endpoint, protocol)
        yield from _missing(provider, endpoint)


def cheapest(run: Run, provider: Provider) -> Operation:
    """A call that changes nothing and that every good key may make."""
    secured = [item for item in run.contract.of(provider.name) if item.credentials and item.method == "GET"]
    plain = [item for item in secured if not (item.scopes or item.roles or item.token or item.issues)]
    return min(plain or secured, key=lambda item: ("{" in item.path, any(part.required for part in item.parameters)))


def _reached(run: Run, provider: Provider, endpoint: Endpoint) -> Iterator[Remark]:
    """Whether the base URL answers, over what, and what its clock says."""

    def remark(sign: Sign, says: str) -> Remark:
        return Remark(provider=provider.name, about=endpoint.base_url, sign=sign, says=says)

    try:
        response = run.client.send(run.client.prepare("GET", endpoint.base_url + "/", headers=endpoint.headers))
    except Fault as fault:
        yield remark("bad", f"nothing answers: {fault}")
        return
    secure = response.url.scheme == "https"
    yield remark("good", f"answers over {'TLS' if secure else 'plain HTTP'}, {response.http_version}")
    skew = _skew(response.headers.get("date"))
    if skew is None:
        yield remark("unknown", "sends no Date, so its clock is not known")
    elif abs(skew) > SKEW:
        yield remark(
            "bad", f"its clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}: expiries will seem wrong"
        )
    else:
        yield remark("good", f"its clock agrees with ours to {SKEW:g} s")


def _skew(date: str | None) -> float | None:
    """Seconds by which the target is ahead; None where the date cannot be read."""
    try:
        return (parsedate_to_datetime(date or "") - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None


def _form_published(run: Run, provider: Provider) -> bool:
    """Whether anybody but us says what a key looks like: one that looks otherwise is then not even sent."""
    rule = run.rules.get(f"{provider.name}.key.format")
    return rule is not None and rule.level >= Level.published


def _looks_like_one(provider: Provider, raw: str) -> bool:
    """Whether it has a key's form, or prefix and length of a new one, whatever its alphabet, which may be anybody's choice."""
    mint = provider.keys.mint
    alike = raw.startswith(mint.prefix) and re.fullmatch(rf"[0-9A-Za-z]{{{mint.length}}}", raw[len(mint.prefix) :])
    return bool(alike or re.fullmatch(provider.keys.pattern, raw))


def _tried(lab: Lab, provider: Provider, operation: Operation, key: Key, about: str, *, published: bool) -> Remark:
    def remark(sign: Sign, says: str) -> Remark:
        return Remark(provider=provider.name, about=about, sign=sign, says=lab.client.redact(says))

    lab.hide(key.raw, f"{provider.name}_{key.situation}_key".upper())
    doubt = "" if _looks_like_one(provider, key.raw) else _DOUBT.format(provider.title)
    if doubt and published:
        return remark("bad", doubt)
    try:
        answer = lab.call(operation, key=key)
    except (Fault, NotVerifiable) as problem:
        return remark("unknown", f"could not be tried: {problem}")
    told = f"{answer.request} answered {answer.status}"
    sign, says = _judged(provider, key.situation, answer, told + _budget(provider, answer))
    return remark(sign, f"{says}; it {doubt}" if doubt and sign != "good" else says)


def _signed_in(lab: Lab, provider: Provider, endpoint: Endpoint, protocol: str) -> Remark:
    """Whether the first full key opens this door, by its id."""

    def remark(sign: Sign, says: str) -> Remark:
        return Remark(provider=provider.name, about=protocol, sign=sign, says=lab.client.redact(says))

    url, policy = endpoint.doors[protocol], provider.protocols
    if "full" not in endpoint.keys or policy is None:
        return remark("unknown", f"{url} was not tried: there is no full key")
    key = Key(raw=endpoint.keys["full"][0].key, situation="full")
    try:
        answer = lab.call(policy.told_by.partition(".")[2], key=key).given()
        login = policy.login.format(key=answer.member("id"))
        with lab.door(protocol).sign_in(login, key.raw) as session:
            told = f"{url} answered {session.signed_in}"
            return remark("good" if session.signed_in.passed else "bad", f"{login} with the full key: {told}")
    except (NotVerifiable, Violation) as problem:
        return remark("unknown", f"{url} could not be tried: {problem}")
    except Fault as fault:
        return remark("bad", f"nothing answers: {fault}")


def _judged(provider: Provider, situation: str, answer: Answer, told: str) -> tuple[Sign, str]:
    wanted = provider.situations.get(situation)
    refusal = refusal_of(provider, wanted) if wanted else None
    status = provider.refusals[refusal].status if refusal else None
    if answer.status == 429:
        return "unknown", f"{told}: its limit is used up; try again later"
    if status is None:
        if answer.passed:
            return "good", f"works: {told}"
        if answer.status == 403 and situation not in {"full", NEIGHBOUR}:
            return "good", f"is known, and may not make this call: {told}"
        return "bad", f"does not work: {told}"
    if answer.status == status:
        return "good", f"is refused, as it should be: {told}"
    if answer.passed:
        return "bad", f"works, though {wanted.says if wanted else situation} should be refused with {status}: {told}"
    return "unknown", f"is refused with another status than {status}: {told}"


def refusal_of(provider: Provider, situation: Situation) -> str | None:
    """The refusal of the contract's table that a key in this situation gets everywhere; None where it is let in."""
    if situation.revoked:
        return provider.identify.revoked
    if situation.key.get("expires_in", 1) < 0:
        return provider.identify.expired
    return next((item.refusal for item in provider.entitlements if _fails(provider, item, situation)), None)


def _fails(provider: Provider, item: Entitlement, situation: Situation) -> bool:
    path = item.holds or item.lacks or item.attribute or ""
    owner, _, name = path.partition(".")
    key: Mapping[str, Any] = {**provider.keys.attributes, **situation.key.get("attributes", {})}
    known = situation.account if owner == "account" else key
    if name not in known:
        return False
    fails = {"holds": not known[name], "lacks": bool(known[name]), "in": known[name] not in item.allowed}
    return fails.get(item.kind, False)


def _budget(provider: Provider, answer: Answer) -> str:
    """What the answer tells of the key's budget."""
    told = [f"{name}: {answer.headers[name]}" for name in provider.rate_headers.every if name in answer.headers]
    return f" ({', '.join(told)})" if told else ""


def _missing(provider: Provider, endpoint: Endpoint) -> Iterator[Remark]:
    """Which situations have no key: their rules will not be verifiable."""
    names = [name for name in (*provider.situations, NEIGHBOUR) if name not in endpoint.keys]
    if names:
        says = f"no key for {', '.join(names)}; contract-tests plan tells the rules that this leaves out"
        sign: Sign = "bad" if "full" in names else "unknown"
        yield Remark(provider=provider.name, about="situations", sign=sign, says=says)
