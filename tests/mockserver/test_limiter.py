"""Fixed windows, with and without debt."""

import pytest

from latchkey.records import Limit
from mockserver.limiter import Exhausted, Limiter


def limit(quota: int = 3, window: int = 60, *, debt: bool = False) -> Limit:
    return Limit(id="p.l", name="l", quota=quota, window=window, partition="key", refusal="r", debt=debt)


def test_quota_passes_and_the_next_is_refused():
    """Exactly `quota` units pass; the next raises and takes nothing."""
    limiter, three = Limiter(), limit(3)

    left = [limiter.take([(three, "a")], 0.0)[0].remaining for _ in range(3)]
    assert left == [2, 1, 0]
    with pytest.raises(Exhausted) as refused:
        limiter.take([(three, "a")], 59.9)
    assert refused.value.reading.retry_after(59.9) == 1
    assert refused.value.reading.reset == 60.0


def test_window_opens_with_its_first_unit_and_ends_after_its_length():
    """A window that opened at 50 still counts at 109 and is over at 110."""
    limiter, one = Limiter(), limit(1)
    limiter.take([(one, "a")], 50.0)

    with pytest.raises(Exhausted):
        limiter.take([(one, "a")], 109.9)
    assert limiter.take([(one, "a")], 110.0)[0].remaining == 0


def test_partitions_are_independent():
    """One partition's use leaves another's budget whole."""
    limiter, one = Limiter(), limit(1)
    limiter.take([(one, "a")], 0.0)

    assert limiter.read(one, "b", 0.0).remaining == 1


def test_all_or_nothing():
    """Where one of several limits refuses, none is charged."""
    limiter = Limiter()
    wide, tight = limit(10), Limit(id="p.t", name="t", quota=1, window=60, partition="key", refusal="r")
    limiter.take([(tight, "a")], 0.0)

    with pytest.raises(Exhausted) as refused:
        limiter.take([(wide, "a"), (tight, "a")], 1.0)
    assert refused.value.reading.limit is tight
    assert limiter.read(wide, "a", 1.0).remaining == 10


def test_debt_is_paid_off_a_quota_per_window():
    """Twenty units on a quota of five pass at once; then nothing until four windows are over."""
    limiter, five = Limiter(), limit(5, debt=True)
    reading = limiter.take([(five, "a")], 0.0, units=20)[0]

    assert (reading.remaining, reading.reset) == (0, 240.0)
    for moment in (1.0, 61.0, 239.9):
        with pytest.raises(Exhausted):
            limiter.take([(five, "a")], moment)
    assert limiter.take([(five, "a")], 240.0)[0].remaining == 4


def test_small_debt_leaves_the_rest_of_the_next_window():
    """Seven units on a quota of five leave three for the second window."""
    limiter, five = Limiter(), limit(5, debt=True)
    reading = limiter.take([(five, "a")], 0.0, units=7)[0]

    assert reading.reset == 60.0
    assert limiter.read(five, "a", 60.0).remaining == 3


def test_unlimited_units_count_but_pass():
    """With refuse=False units are counted and never refused."""
    limiter, one = Limiter(), limit(1)

    for _ in range(5):
        reading = limiter.take([(one, "a")], 0.0, refuse=False)[0]
    assert reading.remaining == 0


def test_windows_that_are_over_are_evicted():
    """The number of windows does not grow with time."""
    limiter, one = Limiter(), limit(1)

    for number in range(10_000):
        limiter.take([(one, str(number))], float(number))
    assert len(limiter) < 2_100
