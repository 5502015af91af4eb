"""What a provider promises of its limits, and by which calls they are used up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.windows import Bucket
from contract_tests.profile import Effort
from contract_tests.provision import Key

#: What a header tells of a budget: its quota, what remains of it, when it is whole again, seconds until calls pass.
Told = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A way to spend. `takes` are groups of buckets: of each a unit is taken, of a whole group or of none of it; of the
    bucket `sized`, `size` units. `perhaps` are buckets of which nobody says whether it takes. With `one_key` nobody says
    whether each key has units of its own, so that one alone calls so. It answers 429 or `answers`.
    """

    send: Callable[[Lab, Key, Mapping[str, str], int], Answer]
    takes: tuple[tuple[str, ...], ...]
    perhaps: tuple[str, ...] = ()
    one_key: bool = False
    sizes: tuple[int, ...] = (1,)
    sized: str | None = None
    answers: tuple[int, ...] = (200,)
    refused: Told = field(default_factory=dict)

    def units(self, bucket: str, size: int) -> int:
        return size if bucket == self.sized else 1


@dataclass(frozen=True, slots=True)
class Way:
    """A call that asks for so much work."""

    call: Call
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a provider promises of its limits.

    `passing` are headers of every answer that passes and takes of one bucket. `tells` judges whatever else such an answer
    tells. With `retry_after`, a unit is promised again after the seconds in the Retry-After of a refusal.
    """

    buckets: tuple[Bucket, ...]
    calls: tuple[Call, ...]
    passing: Told = field(default_factory=dict)
    tells: Callable[[Answer], None] | None = None
    retry_after: bool = False

    def there(self, lab: Lab) -> Limits:
        """The same on this lab's target, where windows may be shorter than promised."""
        buckets = [replace(bucket, window=max(1, round(lab.window(bucket.window)))) for bucket in self.buckets]
        return replace(self, buckets=tuple(buckets))

    @property
    def ways(self) -> list[Way]:
        return [Way(call, size) for call in self.calls for size in call.sizes]

    def named(self, name: str) -> Bucket:
        return next(bucket for bucket in self.buckets if bucket.name == name)

    def quota(self, call: Call) -> int:
        """The smallest quota that the call takes from, one where it takes from none."""
        return min((self.named(name).quota for group in call.takes for name in group), default=1)

    def pauses(self, call: Call) -> list[int]:
        """Within a window's length and around it; longer ones where a debt can last longer."""
        taken = [self.named(name) for group in call.takes for name in group] or self.buckets
        quiet, pauses = self.quiet(call), {1}
        for bucket in taken:
            around = {bucket.window, bucket.window + 1}
            within = {1, bucket.window // 2, bucket.window - 1}
            pauses |= around | ({quiet // 2, quiet} if bucket.debt else within)
        return sorted(pauses)

    def quiet(self, call: Call) -> int:
        """Seconds after which all that the call takes from is whole again, whatever was taken."""
        buckets = [self.named(name) for group in (*call.takes, call.perhaps) for name in group]
        return 1 + max((bucket.window * self._owed(bucket) for bucket in buckets), default=0)

    def _owed(self, bucket: Bucket) -> int:
        """How many windows a bucket is behind at most."""
        costs = [call.units(bucket.name, size) for call in self.calls for size in call.sizes]
        return math.ceil((bucket.quota - 1 + max(costs)) / bucket.quota) if bucket.debt else 1

    def affordable(self, effort: Effort) -> Effort:
        """As many examples where a call's quota is sixty on average, more or fewer where it is smaller or larger."""
        quotas = [self.quota(way.call) for way in self.ways if way.call.takes]
        scale = sum(quotas) / len(quotas) / 60
        return Effort(examples=math.ceil(effort.examples / scale), steps=effort.steps)
