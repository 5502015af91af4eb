"""Proofs of the rules of FileForge: what becomes of a downgraded account, and CORS."""

from __future__ import annotations

from contract_tests.lab import Lab, rule
from contract_tests.outcome import NotVerifiable
from contract_tests.proofs.fileforge import steps

# document 001, What if my account is downgraded?


@rule("fileforge.tier.downgrade")
def test_tier_downgrade(lab: Lab) -> None:
    """No operation answers a key of a free account; each names what is missing."""
    for answer in steps.call_every(lab, key=lab.key("free_tier")):
        answer.expect(403)
        steps.has_message(answer, "API access requires Forge Pro")


@rule("fileforge.tier.reread")
def test_tier_reread(lab: Lab) -> None:
    """Downgrade and upgrade each show in the call that follows."""
    key = lab.key()
    lab.call("list_formats", key=key).given()
    for tier, status in (("free", 403), ("enterprise", 200), ("free", 403), ("pro", 200)):
        lab.admin.change_account(tier=tier)
        lab.call("list_formats", key=key).expect(status)


@rule("fileforge.tier.upgrade-restores")
def test_tier_upgrade_restores(lab: Lab) -> None:
    """A key that a downgrade has shut out works again after the upgrade, with its scopes."""
    key = lab.key()
    try:
        lab.admin.change_account(tier="free")
        lab.call("list_formats", key=key).given(401, 403)
        lab.admin.change_account(tier="pro")
    except NotVerifiable:
        key = lab.key("upgraded")
    lab.call("list_formats", key=key).expect(200)
    steps.presign(lab, key).passes()


@rule("fileforge.tier.upgrade-keeps-revoked")
def test_tier_upgrade_keeps_revoked(lab: Lab) -> None:
    """A key revoked while on free stays revoked after the upgrade."""
    key = lab.key()
    try:
        lab.admin.change_account(tier="free")
        lab.admin.revoke(key)
        lab.admin.change_account(tier="pro")
    except NotVerifiable:
        key = lab.key("revoked_on_free")
    lab.call("list_formats", key=key).expect(401)


@rule("fileforge.tier.code")
def test_tier_code(lab: Lab) -> None:
    """The refusal of a free account is forbidden, to a machine."""
    steps.refuses(lab.call("list_formats", key=lab.key("free_tier")), 403, code="forbidden")


@rule("fileforge.account.banned")
def test_account_banned(lab: Lab) -> None:
    """A paid tier does not help a banned account."""
    steps.refuses(lab.call("list_formats", key=lab.key("banned")), 403, code="forbidden")


# document 001, Treat keys like passwords

ORIGIN = {"Origin": "https://app.example"}


@rule("fileforge.cors.no-origin")
def test_cors_no_origin(lab: Lab) -> None:
    """A page of another origin is granted neither an answer nor a refusal."""
    key = lab.key()
    for answer in (
        lab.call("list_formats", key=key, headers=ORIGIN).expect(200),
        lab.call("get_conversion", key=key, headers=ORIGIN),
        lab.call("list_formats", headers=ORIGIN),
    ):
        answer.without_header("Access-Control-Allow-Origin")


@rule("fileforge.cors.preflight")
def test_cors_preflight(lab: Lab) -> None:
    """The question whether a page may send its key is not answered with a yes."""
    for operation, method in (("list_formats", "GET"), ("create_conversion", "POST")):
        asked = {**ORIGIN, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
        answer = lab.call(operation, method="OPTIONS", headers=asked)
        for name in ("Origin", "Methods", "Headers"):
            answer.without_header(f"Access-Control-Allow-{name}")
