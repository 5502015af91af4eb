"""What every provider promises of every answer, shown by one sweep over all its operations."""

from __future__ import annotations

from contract_tests.lab import Lab, rule
from contract_tests.run import Run
from contract_tests.sweep.sweeper import show


@rule("*.sweep.no-server-error")
def test_no_server_error(lab: Lab, run: Run) -> None:
    """No generated request is answered with a 5xx status."""
    show(run.client, run.sweep(lab), "no-server-error")


@rule("*.sweep.error-envelope")
def test_error_envelope(lab: Lab, run: Run) -> None:
    """Every error has the shape of the provider's error body."""
    show(run.client, run.sweep(lab), "error-envelope")


@rule("*.sweep.answers-as-described")
def test_answers_as_described(lab: Lab, run: Run) -> None:
    """Every answer has a status, a media type, headers and a body that the contract describes."""
    show(run.client, run.sweep(lab), "answers-as-described")


@rule("*.sweep.no-key-echoed")
def test_no_key_echoed(lab: Lab, run: Run) -> None:
    """No error repeats the key that the request carried."""
    show(run.client, run.sweep(lab), "no-key-echoed")


@rule("*.sweep.mistakes-refused")
def test_mistakes_refused(lab: Lab, run: Run) -> None:
    """No request whose body breaks its schema passes."""
    show(run.client, run.sweep(lab), "mistakes-refused")
