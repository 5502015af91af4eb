"""What follows from several promises together, shown by a model that takes random steps beside the target."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from contract_tests.lab import Lab, rule
from contract_tests.models.doors import DoorModel
from contract_tests.models.key_life import KeyModel
from contract_tests.models.limiter import AnyLimiter, OurLimiter
from contract_tests.models.limits import Limits
from contract_tests.models.machine import explore
from contract_tests.models.resources import ResourceModel
from contract_tests.models.token import TokenModel
from contract_tests.run import Run


@rule("*.model.limiter")
def test_limiter(lab: Lab, run: Run) -> None:
    """No order of calls, keys, addresses and pauses gets more than a quota, or less, whatever the kind of window."""
    limits: Limits = _promised(lab, "LIMITS").there(lab)
    explore(run, lab, AnyLimiter, limits, limits.affordable(run.profile.limiters))


@rule("*.model.limiter-exact")
def test_limiter_exact(lab: Lab, run: Run) -> None:
    """Every answer passes or is refused, and tells its headers, as a fixed window has it that opens with its first unit."""
    limits: Limits = _promised(lab, "EXACT_LIMITS").there(lab)
    explore(run, lab, OurLimiter, limits, limits.affordable(run.profile.limiters))


@rule("*.model.token")
def test_token(lab: Lab, run: Run) -> None:
    """No order of issuing, redeeming, waiting and tampering makes a token good that is not, or spoils one that is."""
    explore(run, lab, TokenModel, _promised(lab, "TOKENS"), run.profile.models)


@rule("*.model.key-life")
def test_key_life(lab: Lab, run: Run) -> None:
    """Whatever happens to one key, it opens what it may and only while it lives, and the others are as they were."""
    explore(run, lab, KeyModel, _promised(lab, "KEYS"), run.profile.models)


@rule("*.model.resources")
def test_resources(lab: Lab, run: Run) -> None:
    """Whatever is done with some resources, each is what it was made and changed to, where it belongs, until it is deleted."""
    explore(run, lab, ResourceModel, _promised(lab, "RESOURCES"), run.profile.models)


@rule("*.model.resources-exact")
def test_resources_exact(lab: Lab, run: Run) -> None:
    """The same of what no document says."""
    explore(run, lab, ResourceModel, _promised(lab, "EXACT_RESOURCES"), run.profile.models)


@rule("*.model.doors")
def test_doors(lab: Lab, run: Run) -> None:
    """Whatever keys and files come and go by whichever door, each lets in who may enter and shows what is there."""
    explore(run, lab, DoorModel, _promised(lab, "DOORS"), run.profile.models)


def _promised(lab: Lab, what: str) -> Any:
    """What the provider promises to a model, and how it is asked."""
    return getattr(import_module(f"contract_tests.proofs.{lab.provider.name}.models"), what)
