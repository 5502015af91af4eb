"""What headers tell of a limit: judged for any kind of window, and for the mock's own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from contract_tests.answer import Answer
from contract_tests.models.windows import Bucket, FixedWindow, Moment
from contract_tests.outcome import check


def _whole(answer: Answer, name: str) -> int:
    """The header's value, a whole number."""
    return int(answer.header(name, r"\d{1,15}"))


def _quota(answer: Answer, name: str, bucket: Bucket, at: Moment) -> int:
    told = _whole(answer, name)
    check(told == bucket.quota, f"{answer.request} to tell the quota {bucket.quota} in {name}", f"{name}: {told}")
    return told


def _remaining(answer: Answer, name: str, bucket: Bucket, at: Moment) -> int:
    most = 0 if answer.status == 429 else bucket.quota
    told = _whole(answer, name)
    check(told <= most, f"{answer.request} to tell at most {most} remaining units in {name}", f"{name}: {told}")
    return told


def _reset(answer: Answer, name: str, bucket: Bucket, at: Moment) -> int:
    told = _whole(answer, name)
    check(told >= math.floor(at.start), f"{answer.request} to tell a coming moment in {name}", f"{name}: {told}")
    return told


def _retry_after(answer: Answer, name: str, bucket: Bucket, at: Moment) -> int:
    return _whole(answer, name)


#: What a header tells to how it is judged whatever the kind of window.
TELLS: Mapping[str, Callable[[Answer, str, Bucket, Moment], int]] = {
    "quota": _quota,
    "remaining": _remaining,
    "reset": _reset,
    "retry_after": _retry_after,
}


def tells_exactly(answer: Answer, name: str, word: str, window: FixedWindow, at: Moment) -> None:
    reset = window.reset(at)
    exact: Mapping[str, tuple[int, int]] = {
        "quota": (window.bucket.quota, window.bucket.quota),
        "remaining": (window.left, window.left),
        "reset": (int(reset.start), int(reset.end)),
        "retry_after": (max(1, math.ceil(reset.start - at.end)), max(1, math.ceil(reset.end - at.start))),
    }
    told, (least, most) = _whole(answer, name), exact[word]
    wanted = str(least) if least == most else f"{least} to {most}"
    check(least <= told <= most, f"{answer.request} to tell {wanted} in {name}", f"{name}: {told}")


def some_rate_header(answer: Answer) -> None:
    """Some header speaks of a rate limit, whatever its name."""
    found = any(re.search("rate-?limit", name, re.IGNORECASE) for name in answer.headers)
    check(found, f"{answer.request} to tell its rate limit in a header", f"headers {', '.join(answer.headers)}")
