"""Reads the contract: YAML files to one bundled OpenAPI document, the document to frozen records.

The bundle is complete: every answer that the policies imply (401, 403, 429, …) is written out with its examples, so that
any OpenAPI tool sees what the mock does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, get_args

from latchkey import overlay, records, vocabulary
from latchkey.schema import Schemas
from latchkey.source import SPEC, ContractError, read_yaml
from latchkey.template import fill

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True)
class Contract:
    """What the providers promise. `document` is the bundled OpenAPI document, without the implied answers."""

    document: Mapping[str, Any]
    providers: Mapping[str, records.Provider]
    operations: Mapping[str, records.Operation]

    @cached_property
    def schemas(self) -> Schemas:
        return Schemas(self.document["components"])

    @cached_property
    def answers(self) -> Mapping[str, Mapping[str, Any]]:
        """OpenAPI response objects by operationId and status, implied answers included."""
        return {
            id: {**implied_answers(self, operation), **operation.responses} for id, operation in self.operations.items()
        }

    @cached_property
    def bundle(self) -> dict[str, Any]:
        """One self-contained OpenAPI document, every implied answer written out."""
        document = deepcopy(dict(self.document))
        for path, method, operation in _operations(document):
            for status, answer in self.answers[operation["operationId"]].items():
                document["paths"][path][method]["responses"].setdefault(status, deepcopy(answer))
        return document

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema that a reference names; any other schema as it is."""
        return _dereference(schema, self.document)

    def of(self, provider: str) -> list[records.Operation]:
        """The operations of one provider, in the contract's order."""
        return [operation for operation in self.operations.values() if operation.provider == provider]

    def only(self, *names: str) -> Contract:
        """The same contract with these providers alone. Raises KeyError for a name it does not have."""
        providers = {name: self.providers[name] for name in names}
        operations = {id: operation for id, operation in self.operations.items() if operation.provider in providers}
        paths = {operation.path for operation in operations.values()}
        document = {
            **self.document,
            "tags": [tag for tag in self.document["tags"] if tag["name"] in providers],
            "paths": {path: item for path, item in self.document["paths"].items() if path in paths},
        }
        return Contract(document, providers, operations)


def load(root: Path = SPEC, overlays: Sequence[Path] = ()) -> Contract:
    """The contract in this folder, edited by these OpenAPI Overlays.

    Raises ContractError, which names the file, the line and what to do.
    """
    entry = root / "openapi.yaml"
    document = read_yaml(entry)
    sources = _resolve(entry, document)
    document = overlay.apply(document, overlays)
    # YAML aliases share one object; an edit of one place must not reach the others.
    document = json.loads(json.dumps(document))
    vocabulary.check(root, document, sources)
    providers = {name: _provider(name, raw) for name, raw in document["x-providers"].items()}
    operations = {
        raw["operationId"]: _operation(path, method, raw, document) for path, method, raw in _operations(document)
    }
    return Contract(document, providers, operations)


def _resolve(entry: Path, document: dict[str, Any]) -> dict[str, Path]:
    """Replaces the entry's references to provider files by what they name; answers provider name to its file."""
    files: dict[Path, Any] = {}
    sources: dict[str, Path] = {}
    components: dict[str, dict[str, Any]] = {}
    for section in ("x-providers", "paths"):
        if not isinstance(document, dict) or not isinstance(document.get(section), dict):
            raise ContractError(entry, (section,), "is missing; it lists references to the providers' files")
        for name, value in document[section].items():
            if not isinstance(value, dict) or "$ref" not in value:
                raise ContractError(entry, (section, name), "must be a reference: {$ref: 'providers/<name>.yaml#/…'}")
            relative, _, pointer = value["$ref"].partition("#")
            file = entry.parent / relative
            if file not in files:
                files[file] = read_yaml(file)
            document[section][name] = _at(file, files[file], pointer, (section, name), entry)
            if section == "x-providers":
                sources[name] = file
    for file, content in files.items():
        for path in content.get("paths", {}):
            if path not in document["paths"]:
                raise ContractError(file, ("paths", path), f"is not listed in {entry.name}; add it to its paths")
        for kind, named in content.get("components", {}).items():
            for name, value in named.items():
                if name in components.setdefault(kind, {}):
                    raise ContractError(file, ("components", kind, name), "another provider uses this name; rename it")
                components[kind][name] = value
    document["components"] = components
    return sources


def _at(file: Path, content: Any, pointer: str, place: tuple[str, str], entry: Path) -> Any:
    for step in pointer.strip("/").split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(content, dict) or step not in content:
            raise ContractError(entry, place, f"{file.name} has no {pointer}; correct the reference")
        content = content[step]
    return content


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _provider(name: str, raw: Mapping[str, Any]) -> records.Provider:
    def each(section: str, record: Any) -> dict[str, Any]:
        return {key: record(**value) for key, value in raw.get(section, {}).items()}

    identify = raw["identify"]
    validation = raw["validation"]
    return records.Provider(
        name=name,
        **{
            field: raw[field]
            for field in ("title", "server", "not_found", "method_not_allowed", "server_error", "example")
        },
        documents=tuple(raw["documents"]),
        prefixes=tuple(raw["prefixes"]),
        order=tuple(raw["order"]),
        **{field: raw.get(field, {}) for field in ("scopes", "roles", "tiers", "headers", "asks", "facts")},
        credentials=tuple(records.Credential(**credential) for credential in raw["credentials"]),
        keys=_key_format(raw["keys"]),
        session=records.Mint(**raw["session"]) if "session" in raw else None,
        identify=records.Identify(
            **{
                "empty": identify["missing"],
                "other_scheme": identify["malformed"],
                "expired": identify["revoked"],
                "session": identify["unknown"],
                **identify,
            }
        ),
        presented=each("presented", records.Presented),
        entitlements=tuple(
            records.Entitlement(
                kind=next(word for word in get_args(records.Check) if word in item),
                **{"allowed" if field == "in" else field: value for field, value in item.items()},
            )
            for item in raw.get("entitlements", ())
        ),
        insufficient_scope=raw.get("insufficient_scope"),
        permission_sets={
            key: records.PermissionSet(grants=tuple(value["grants"]), refusal=value.get("refusal"))
            for key, value in raw.get("permission_sets", {}).items()
        },
        limits={key: records.Limit(id=f"{name}.{key}", name=key, **value) for key, value in raw["limits"].items()},
        default_limits=tuple(raw["default"].get("limits", ())),
        rate_headers=records.RateHeaders(**raw.get("rate_headers", {})),
        tokens={
            key: records.Token(
                name=key,
                ttl=value["ttl"],
                uses=value.get("uses"),
                mint=records.Mint(alphabet=value["alphabet"], length=value["length"]),
            )
            for key, value in raw.get("tokens", {}).items()
        },
        protocols=_protocols(raw["protocols"]) if "protocols" in raw else None,
        cors=raw.get("cors", "unspecified"),
        validation=records.Validation(
            **{"malformed": validation["refusal"], "too_large": validation["refusal"], **validation}
        ),
        refusals={key: _refusal(key, value, raw["envelope"]) for key, value in raw["refusals"].items()},
        error_schema=raw["envelope"]["schema"],
        other_refusals=raw["envelope"].get("others"),
        situations={key: records.Situation(name=key, **value) for key, value in raw["situations"].items()},
    )


def _key_format(raw: Mapping[str, Any]) -> records.KeyFormat:
    return records.KeyFormat(
        pattern=raw["pattern"],
        mint=records.Mint(**raw["mint"]),
        stored=records.Stored(**raw["stored"]),
        expires=raw.get("expires", False),
        default_scopes=tuple(raw.get("default_scopes", ())),
        tiers=tuple(raw["tiers"]) if "tiers" in raw else None,
        attributes=raw.get("attributes", {}),
    )


def _protocols(raw: Mapping[str, Any]) -> records.Protocols:
    sets = raw.get("permission_sets")
    return records.Protocols(
        login=raw["login"],
        names=tuple(raw["names"]),
        told_by=raw["told_by"],
        permission_sets=None if sets is None else tuple(sets),
        rechecked=raw.get("rechecked", True),
        refusals=raw["refusals"],
        doors=raw["doors"],
    )


def _refusal(name: str, raw: Mapping[str, Any], envelope: Mapping[str, Any]) -> records.Refusal:
    values = {"status": raw["status"], **raw.get("with", {})}
    own_body = "body" in raw
    return records.Refusal(
        name=name,
        status=raw["status"],
        rule=raw.get("rule"),
        body=raw["body"] if own_body else fill(envelope["body"], values),
        headers=fill({**({} if own_body else envelope.get("headers", {})), **raw.get("headers", {})}, values),
    )


def _operation(path: str, method: str, raw: Mapping[str, Any], document: Mapping[str, Any]) -> records.Operation:
    provider = raw["operationId"].split(".")[0]
    policy = {**document["x-providers"][provider]["default"], **raw.get("x-policy", {})}
    item = document["paths"][path]
    parameters = [
        _dereference(parameter, document) for parameter in (*item.get("parameters", ()), *raw.get("parameters", ()))
    ]
    body = _dereference(raw.get("requestBody", {}), document)
    content = body.get("content", {})
    return records.Operation(
        id=raw["operationId"],
        provider=provider,
        method=method.upper(),
        path=path,
        summary=raw.get("summary", ""),
        parameters=tuple(
            records.Parameter(
                name=parameter["name"],
                location=parameter["in"],
                required=parameter.get("required", False),
                schema=parameter.get("schema", {}),
            )
            for parameter in parameters
        ),
        body=content.get("application/json", {}).get("schema"),
        body_required=body.get("required", False),
        responses={status: _dereference(answer, document) for status, answer in raw["responses"].items()},
        credentials=policy.get("credentials", "required") == "required",
        accepts=tuple(policy["accepts"]) if "accepts" in policy else None,
        entitled=policy.get("entitled", True),
        token=policy.get("token"),
        issues=policy.get("issues"),
        raw=policy.get("raw", False),
        assumed=policy.get("assumed", False),
        elsewhere=any(there["url"] != document["x-providers"][provider]["server"] for there in item.get("servers", ())),
        headers=policy.get("headers", {}),
        **{
            field: tuple(policy.get(field, ()))
            for field in ("scopes", "roles", "limits", "spends", "refusals", "unique")
        },
    )


def _dereference(value: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in value:
        _, kind, name = value["$ref"].removeprefix("#/").split("/")
        value = document["components"][kind][name]
    return value


def implied_refusals(provider: records.Provider, operation: records.Operation) -> list[str]:
    """The names of all refusals that this operation's policy and handler can end in, in the order of the checks."""
    identify, names = provider.identify, []
    if operation.credentials:
        names += [identify.missing, identify.empty, identify.other_scheme, identify.malformed]
        names += [identify.unknown, identify.revoked]
        names += [identify.expired] if provider.keys.expires else []
        names += [identify.session] if provider.session else []
        names += [check.refusal for check in provider.entitlements] if operation.entitled else []
        names += [provider.roles[role] for role in operation.roles]
    if operation.scopes:
        names += [provider.insufficient_scope] if provider.insufficient_scope else []
        names += [granted.refusal for granted in provider.permission_sets.values() if granted.refusal]
    names += [provider.limits[limit].refusal for limit in (*operation.limits, *operation.spends)]
    if operation.parameters or operation.body is not None:
        names += [provider.validation.refusal, provider.validation.malformed, *provider.validation.kinds.values()]
    names += [provider.validation.too_large, *operation.refusals, provider.server_error]
    return list(dict.fromkeys(names))


def implied_answers(contract: Contract, operation: records.Operation) -> dict[str, Any]:
    """OpenAPI response objects of an operation's refusals, by status."""
    provider = contract.providers[operation.provider]
    answers: dict[str, Any] = {}
    for name in implied_refusals(provider, operation):
        refusal = provider.refusals[name]
        media_type = refusal.headers.get("Content-Type", "application/json")
        answer = answers.setdefault(
            str(refusal.status), {"description": HTTPStatus(refusal.status).phrase, "headers": {}, "content": {}}
        )
        schema = {"type": "string"} if isinstance(refusal.body, str) else {"$ref": provider.error_schema}
        content = answer["content"].setdefault(media_type, {"schema": schema, "examples": {}})
        content["examples"][name] = {"value": refusal.body}
        for header in refusal.headers:
            if header != "Content-Type":
                answer["headers"][header] = {"schema": {"type": "string"}}
    if provider.other_refusals:
        # A server elsewhere has its own ways.
        content = {} if operation.elsewhere else {"application/json": {"schema": {"$ref": provider.error_schema}}}
        answers["4XX"] = {"description": f"Any other refusal: {provider.other_refusals}", "content": content}
    return answers
