"""Templates are filled and matched."""

import pytest

from latchkey.template import differences, fill


def test_a_lone_placeholder_keeps_its_values_type():
    """`{n}` alone becomes the number; inside text it becomes its digits."""
    assert fill({"a": "{n}", "b": ["n={n}"]}, {"n": 7}) == {"a": 7, "b": ["n=7"]}


def test_a_placeholder_without_a_value_stays():
    """What is not known yet can be filled later."""
    assert fill("{a} {b}", {"a": 1}) == "1 {b}"


@pytest.mark.parametrize(
    "actual",
    [{"message": "limit of 60 exceeded", "wait": 3}, {"message": "limit of 61 exceeded", "wait": None, "more": True}],
)
def test_placeholders_and_further_members_match(actual: dict):
    """A placeholder stands for anything, and members that the template does not name are allowed."""
    assert differences({"message": "limit of {quota} exceeded", "wait": "{seconds}"}, actual) == []


@pytest.mark.parametrize(
    ("actual", "told"),
    [
        ({"wait": 3}, "body.message: is missing"),
        ({"message": "no"}, "body.message: 'no' is not"),
        ("no", "body: 'no' is not an object"),
    ],
)
def test_differences_are_told(actual: object, told: str):
    """Each difference says where and what."""
    assert told in differences({"message": "limit of {quota} exceeded"}, actual)[0]
