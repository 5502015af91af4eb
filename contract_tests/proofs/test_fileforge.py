"""Proofs of FileForge's rules, in the catalogue's order."""

from __future__ import annotations

from contract_tests.lab import Lab, rule


@rule("fileforge.auth.bearer-wins")
def test_bearer_wins(lab: Lab) -> None:
    """With both headers the Bearer key decides, whichever of the two is good."""
    good, bad = lab.key(), lab.forged()
    lab.call("list_formats", key=bad, headers=lab.credential(good, "fileforge_key")).expect(401)
    lab.call("list_formats", key=good, headers=lab.credential(bad, "fileforge_key")).passes()
