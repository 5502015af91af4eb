"""What the suite is given on staging: licences and products made for one proof, by the administrator's calls."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from itertools import count
from typing import Any

import httpx

from contract_tests.provision import Key, NotVerifiable, Provider


class Staging:
    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.Client(base_url=f"{url}/admin", headers={"Authorization": f"Bearer {token}"})
        self.numbers = count(1000)

    def open(self, provider: Provider, *, neighbour: bool = False) -> Administrator:
        return Administrator(self)

    def advance(self, seconds: float) -> None:
        self.ask("POST", "clock", {"advance": seconds})

    def now(self) -> float:
        return float(self.ask("POST", "clock")["now"])

    def address(self) -> Mapping[str, str]:
        return {"X-Forwarded-For": f"2001:db8::{next(self.numbers):x}"}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.http.request(method, path, json=body).raise_for_status().json()

    def close(self) -> None:
        self.http.close()


class Administrator:
    """Each proof has products and licences of its own, which are gone afterwards."""

    def __init__(self, staging: Staging) -> None:
        self.staging = staging
        self.licences: dict[int, dict[str, Any]] = {}
        self.products: dict[int, dict[str, Any]] = {}
        self.wares: dict[str, int] = {}

    def key(self, situation: str = "full", **fields: Any) -> Key:
        if situation == "revoked" or fields.keys() - {"name", "attributes"}:
            raise NotVerifiable(f"no licence here is {situation} with {', '.join(fields) or 'nothing else'}")
        licence = {
            "license_id": next(self.staging.numbers),
            "user_id": 31,
            "product_id": self.ware(situation if situation in {"download_disabled", "no_file"} else "whole"),
            "domain": None if situation == "no_domain" else "forum.example",
            "is_active": situation != "inactive",
            "created_at": "2025-11-01T08:00:00.000000Z",
            "last_rotated": None,
        }
        return self.keyed(situation, {**licence, **named(fields.get("attributes", {}))})

    def keyed(self, situation: str, licence: Mapping[str, Any]) -> Key:
        """The licence under a new key."""
        row = {**licence, "license_key": f"TIDE-{secrets.token_hex(8).upper()}"}
        self.put_licence(row)
        presents = {"domain": row["domain"] or "forum.example", "product_id": row["product_id"]}
        return Key(raw=row["license_key"], situation=situation, presents=presents, id=row["license_id"])

    def put_licence(self, row: dict[str, Any]) -> None:
        self.licences[row["license_id"]] = row
        self.staging.ask("PUT", f"licences/{row['license_key']}", row)

    def revoke(self, key: Key) -> None:
        self.staging.ask("DELETE", f"licences/{key.raw}")

    def rotate(self, key: Key) -> Key:
        self.revoke(key)
        return self.keyed(key.situation, self.licences[key.id or 0])

    def change_key(self, key: Key, **fields: Any) -> None:
        self.put_licence({**self.licences[key.id or 0], **named(fields["attributes"])})

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [{"id": row["id"], "product_file": row["file"]} for row in self.products.values()]

    def change_row(self, table: str, id: Any, **members: Any) -> None:
        self.put_product({**self.products[int(id)], "file": members["product_file"]})

    def ware(self, kind: str) -> int:
        """The product of this kind."""
        if kind not in self.wares:
            number, file = next(self.staging.numbers), None if kind == "no_file" else "ware.txt"
            row = {"id": number, "name": f"Ware {number}", "by_api": kind != "download_disabled", "file": file}
            self.put_product({**row, "content": "What was bought.\n"})
            self.wares[kind] = number
        return self.wares[kind]

    def put_product(self, row: dict[str, Any]) -> None:
        self.products[row["id"]] = row
        self.staging.ask("PUT", f"products/{row['id']}", row)

    def close(self) -> None:
        for row in self.licences.values():
            self.staging.ask("DELETE", f"licences/{row['license_key']}")
        for number in self.products:
            self.staging.ask("DELETE", f"products/{number}")


def named(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What the contract calls a licence's attributes, by our names."""
    return {"is_active" if name == "active" else name: value for name, value in attributes.items()}
