"""The systematic operator: perturbs or removes every leaf of a provider's policies in turn.

Where a leaf stands and what it may be comes from the policy vocabulary, so a new policy is perturbed without a word here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from contract_tests.mutants.catalogue import Mutant
from latchkey import Contract
from latchkey.source import SPEC, read_yaml
from latchkey.vocabulary import policy_uses, provider_uses

Place = tuple[str | int, ...]

#: Statuses that nobody would take for each other.
_OTHER_STATUS = {400: 422, 401: 403, 402: 403, 403: 401, 404: 410, 405: 404, 409: 400, 413: 400, 422: 400, 429: 503}
_GONE = object()
#: What policies hold besides promises: words for people, what the journal names, and how the mock sets a scene.
_NO_PROMISE = {"title", "server", "documents", "situations", "example", "told_by", "rule"}
#: What an operation's policy only tells the reader of the document, for its handler knows by itself.
_DESCRIBED = {"refusals", "issues", "assumed"}


def perturbations(contract: Contract, provider: str) -> Iterator[Mutant]:
    """Every single change of this provider's policies, as overlays. Their ids tell the place and what is done there."""
    vocabulary = read_yaml(SPEC / "vocabulary.yaml")["$defs"]
    raw = contract.document["x-providers"][provider]
    walk = _Walk(vocabulary, raw, {use.place: use.table for use in provider_uses(raw)})
    for place, change, value in walk.changes(raw, vocabulary["provider"]):
        mutant = _mutant(provider, "x-provider", ("x-providers", provider), raw, place, change, value)
        yield replace(mutant, protocols=_shown_at(raw, place))
    for path, method, operation in _operations(contract, provider):
        policy = operation.get("x-policy", {})
        root: Place = ("paths", path, method, "x-policy")
        name = f"{operation['operationId'].partition('.')[2]}.x-policy"
        walk = _Walk(vocabulary, raw, {use.place: use.table for use in policy_uses(policy)})
        telling = {field: value for field, value in policy.items() if field not in _DESCRIBED}
        for place, change, value in walk.changes(telling, vocabulary["policy"]):
            yield _mutant(provider, name, root, policy, place, change, value)
        for place, change, value in _unsaid({**raw["default"], **policy}, policy, raw):
            yield _mutant(provider, name, root, policy, place, change, value)


def _shown_at(provider: Mapping[str, Any], place: Place) -> tuple[str, ...]:
    """The protocols that it takes to notice a change there."""
    protocols = provider.get("protocols", {})
    told = place[0] == "refusals" and place[1] in protocols.get("refusals", {}).values()
    return tuple(protocols["doors"]) if told or place[0] == "protocols" else ()


def _operations(contract: Contract, provider: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    ids = {operation.id for operation in contract.of(provider)}
    for path, item in contract.document["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and operation.get("operationId") in ids:
                yield path, method, operation


def _unsaid(
    policy: Mapping[str, Any], said: Mapping[str, Any], provider: Mapping[str, Any]
) -> Iterator[tuple[Place, str, Any]]:
    """Changes of what an operation leaves to the defaults, and demands that it does not make."""
    if policy.get("credentials", "required") == "none":
        return
    if "credentials" not in said:
        yield ("credentials",), "none", "none"
    if policy.get("limits") and "limits" not in said:
        yield ("limits",), "none", []
    if provider.get("entitlements") and "entitled" not in said:
        yield ("entitled",), "false", False
    for field in ("scopes", "roles"):
        more = [name for name in provider.get(field, {}) if name not in policy.get(field, ())]
        if more:
            yield (field,), "more", [*policy.get(field, ()), more[-1]]


class _Walk:
    """Through a policy, its schema beside it. `uses` says of a place which of the provider's tables holds its name."""

    def __init__(self, vocabulary: Mapping[str, Any], provider: Mapping[str, Any], uses: Mapping[Place, str]) -> None:
        self._vocabulary = vocabulary
        self._provider = provider
        self._uses = uses

    def changes(self, value: Any, schema: Mapping[str, Any], place: Place = ()) -> Iterator[tuple[Place, str, Any]]:
        """Place, name and new value of each change below a place; _GONE where the change is to remove it."""
        while "$ref" in schema:
            schema = self._vocabulary[schema["$ref"].rsplit("/", 1)[-1]]
        if isinstance(value, dict):
            for name, member in value.items():
                if name in _NO_PROMISE and "properties" in schema:
                    continue
                known = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
                known = known if isinstance(known, dict) else {}
                if name not in schema.get("required", ()) and (known or _is_shown(member, place)):
                    yield (*place, name), "removed", _GONE
                yield from self.changes(member, known, (*place, name))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if len(value) > schema.get("minItems", 0):
                    yield (*place, index), "dropped", _GONE
                # Of different words out of a few, another one would be there twice.
                if not (schema.get("uniqueItems") and "enum" in schema["items"]):
                    yield from self.changes(item, schema.get("items", {}), (*place, index))
            for index in range(len(value) - 1):
                swapped = [*value[:index], value[index + 1], value[index], *value[index + 2 :]]
                yield (*place, index), "after-next", swapped
        else:
            for change, new in self._scalar(value, schema, place):
                yield place, change, new

    def _scalar(self, value: Any, schema: Mapping[str, Any], place: Place) -> Iterator[tuple[str, Any]]:
        if isinstance(value, bool):
            yield "flipped", not value
        elif isinstance(value, int):
            if place[-1] == "status":
                yield "other", _OTHER_STATUS.get(value, 418)
            else:
                yield "plus-one", value + 1
                yield "minus-one", value - 1
                yield "doubled", 2 * value
        elif isinstance(value, str):
            yield from self._text(value, schema, place)

    def _text(self, value: str, schema: Mapping[str, Any], place: Place) -> Iterator[tuple[str, str]]:
        if place in self._uses:
            other = self._other_name(self._uses[place], value)
            if other:
                yield "swapped", other
        elif "enum" in schema:
            others = [word for word in schema["enum"] if word != value]
            yield "other", others[0]
        elif schema.get("format") == "regex":
            yield "anything", ".*"
            yield "changed", f"{value}!"
        elif place[-1] == "alphabet":
            yield "other", value.upper() if value.upper() != value else value.lower()
        else:
            yield "changed", f"{value}!"

    def _other_name(self, table: str, name: str) -> str | None:
        """Another name of the table: of a refusal, one with another status."""
        known = self._provider[table]
        if isinstance(known, list):
            return next((item["name"] for item in known if item["name"] != name), None)
        if table == "refusals":
            status = known[name]["status"]
            return next((other for other, refusal in known.items() if refusal["status"] != status), None)
        return next((other for other in known if other != name), None)


def _is_shown(member: Any, place: Place) -> bool:
    """Whether something that the vocabulary does not describe is missed when it is gone, rather than changed: a fact or a
    placeholder's value without which nothing works says no more than another one.
    """
    return isinstance(member, dict | list) or "body" in place


def _mutant(provider: str, name: str, root: Place, owner: Any, place: Place, change: str, value: Any) -> Mutant:
    where = ".".join(map(str, (provider, name, *place)))
    says = f"{'.'.join(map(str, place))}: {change}"
    if value is not _GONE and not isinstance(value, list | dict):
        says = f"{'.'.join(map(str, place))} is {value!r}"
    return Mutant(
        id=f"{where}~{change}",
        provider=provider,
        says=says,
        rule=None,
        actions=tuple(_actions(root, owner, place, change, value)),
    )


def _actions(root: Place, owner: Any, place: Place, change: str, value: Any) -> Iterator[dict[str, Any]]:
    """The overlay actions of a change. An overlay only ever adds to a list, so one that changes is written anew."""
    depth = _first_list(owner, place)
    if depth is not None:
        value = _edited(owner, place, depth, change, value)
        place = place[:depth]
    *above, last = (*root, *place)
    found = _at(owner, place)
    if value is _GONE or (found is not _GONE and isinstance(value, list | dict)):
        yield {"target": _path((*above, last)), "remove": True}
    if value is not _GONE:
        update: Any = {str(last): value}
        # An operation without policies of its own has no place to edit.
        if place == () or (owner == {} and root[-1] == "x-policy"):
            *above, policy = root
            update = {str(policy): {str(last): value}} if place else value
        yield {"target": _path(above), "update": update}


def _first_list(owner: Any, place: Place) -> int | None:
    """How deep the outermost list on the way lies; None where there is none."""
    for depth, step in enumerate(place):
        if isinstance(owner, list):
            return depth
        if not isinstance(owner, dict) or step not in owner:
            return None
        owner = owner[step]
    return None


def _edited(owner: Any, place: Place, depth: int, change: str, value: Any) -> Any:
    """A copy of the list at this depth in which the change is made."""
    whole = deepcopy(_at(owner, place[:depth]))
    *above, last = place[depth:]
    target = _at(whole, tuple(above))
    if change == "after-next":
        target[:] = value
    elif value is _GONE:
        del target[last]
    else:
        target[last] = value
    return whole


def _at(value: Any, place: Sequence[str | int]) -> Any:
    for step in place:
        if isinstance(value, dict) and step not in value:
            return _GONE
        value = value[step]
    return value


def _path(place: Sequence[str | int]) -> str:
    """The place in JSONPath."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in place)
