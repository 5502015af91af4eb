"""Astral texts: every sweep sends some, whatever its seed, and they get as far as the rest of their request does."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from contract_tests.sample import Sample
from contract_tests.sweep.astral import TEXT, astral_text, with_astral_texts
from contract_tests.sweep.samples import Samples
from contract_tests.sweep.sweeper import sweep
from latchkey import Contract, load
from mockserver import create_app
from tests.contract_tests.test_sweep import Recording, running

#: Of operations the parameters of the query and the members of the body that take any text.
FREE = {
    "fileflare.store_asset": ((), ("filename",)),
    "fileflare.attach_to_order": ((), ("asset_ids",)),
    "fileflare.list_products": (("name", "sku", "tag", "vendor"), ()),
    "fileforge.presign_upload": ((), ("filename", "mime")),
    "fileforge.create_bulk_conversion": ((), ("items",)),
    "fileforge.upload": (("X-Amz-Signature",), ()),
    "filescom.list_users": (("filter[username]", "filter_prefix[username]"), ()),
    "filescom.create_api_key": ((), ("description", "name", "path")),
    "dezerx.verify": ((), ("domain",)),
}


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load()


def told(sample: Sample) -> tuple[dict[str, str], Any]:
    """The parameters of the query, and the body."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(sample.url).query).items()}
    with suppress(ValueError):
        return query, json.loads(sample.content or b"")
    return query, None


def astral(values: Any) -> tuple[str, ...]:
    """The names of what holds TEXT."""
    items = values.items() if isinstance(values, dict) else ()
    return tuple(sorted(name for name, value in items if TEXT in json.dumps(value, ensure_ascii=False)))


@pytest.mark.parametrize("seed", [0, 1])
def test_one_sample_holds_an_astral_character_in_each_free_text(contract: Contract, seed: int):
    """Whatever the seed draws; it fits the schema. Where no text is free there is none."""
    samples = Samples(contract, covering=3, random=1, seeded=seed)
    for operation in contract.operations.values():
        sent = [told(item) for item in samples.of(operation)]
        found = [(astral(query), astral(body)) for query, body in sent if astral(query) or astral(body)]
        assert len(found) <= 1, operation.id
        assert operation.id not in FREE or found == [FREE[operation.id]], operation.id
        for _, body in sent:
            assert not astral(body) or contract.schemas.validator(operation.body or {}).is_valid(body), operation.id


def test_it_takes_the_place_of_a_random_one(contract: Contract):
    """Of as many as are drawn otherwise: the only one, or one of four."""
    operation = contract.operations["filescom.create_api_key"]
    few, more = (
        [sample for sample in Samples(contract, covering=1, random=most, seeded=0).of(operation) if sample.fits]
        for most in (1, 4)
    )

    # The example, one that covers it, and this one, which comes last.
    assert len(few) == 3 < len(more) <= 6
    assert astral(told(few[-1])[1]) == astral(told(more[-1])[1]) == FREE[operation.id][1]


def test_it_gets_through(contract: Contract):
    """Nothing else is sent that it might be refused for, and a token that was made up stays."""
    app = Recording(create_app(seed=1))
    with running(app, contract) as run:
        for provider in contract.providers:
            lab = run.lab(provider)
            sweep(lab, covering=1, random=1, seeded=0)
            lab.close()
    found = [
        item for item in app.seen if item.operation and (b"\\ud83d\\udd11" in item.body or "%F0%9F%94%91" in item.query)
    ]
    passed = {item.operation.id for item in found if item.operation and item.status < 400}

    assert FREE.keys() <= {item.operation.id for item in found if item.operation}
    assert FREE.keys() - passed == {
        # What is named so is not there.
        "fileflare.attach_to_order", "fileforge.create_bulk_conversion", "fileforge.upload",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({}, TEXT),
        ({"maxLength": 2}, TEXT[:2]),
        ({"maxLength": 255}, TEXT),
        ({"minLength": 8}, TEXT + TEXT[:2]),
        ({"minLength": 8, "maxLength": 8}, TEXT + TEXT[:2]),
        ({"enum": ["a"]}, None),
        ({"pattern": "a"}, None),
        ({"format": "uuid"}, None),
    ],
)
def test_a_text_keeps_its_bounds(schema: dict[str, Any], text: str | None):
    """It is cut off, or goes on, where the schema says so; what is not any text is none."""
    assert astral_text({"type": "string", **schema}) == text


def test_values_of_other_types_stay(contract: Contract):
    """Members that are no text are what they were; those that are left out are added if they are texts."""
    schema = {
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "label": {"type": "string"},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "marks": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        },
    }
    value = {"count": 1, "kind": "a", "marks": [{"name": "x"}, {}], "unknown": "y"}

    assert with_astral_texts(contract, schema, value) == {
        "count": 1, "kind": "a", "marks": [{"name": TEXT}, {"name": TEXT}], "unknown": "y", "label": TEXT,
    }  # fmt: skip
