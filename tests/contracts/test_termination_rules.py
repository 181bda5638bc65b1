"""What a notice of termination must say."""

from datetime import date
from typing import Any

import pytest

from apps.contracts import rules
from apps.core.errors import Refused

TODAY = date(2026, 4, 10)


@pytest.mark.parametrize(
    ("ground", "reason", "effective_on", "said"),
    [
        ("whim", "", TODAY, "convenience or for cause"),
        ("cause", " \n", TODAY, "cause is missing"),
        ("convenience", "", date(2026, 4, 9), "today at the earliest"),
        ("convenience", "", date(2036, 4, 12), "Check the year"),
        ("convenience", "x" * 4001, TODAY, "longer than"),
    ],
)
def test_a_notice_that_says_too_little_is_refused(ground: str, reason: str, effective_on: date, said: str) -> None:
    with pytest.raises(Refused, match=said):
        rules.check_notice(ground=ground, reason=reason, effective_on=effective_on, today=TODAY)


def test_for_convenience_no_reason_is_needed() -> None:
    assert rules.check_notice(ground="convenience", reason=" ", effective_on=TODAY, today=TODAY) == ""
    assert rules.check_notice(ground="cause", reason=" Late. ", effective_on=TODAY, today=TODAY) == "Late."


def test_the_period_of_notice_is_kept_for_convenience_and_not_for_cause() -> None:
    early, last = date(2026, 5, 9), date(2026, 5, 10)
    asked: dict[str, Any] = {"reason": "Late.", "today": TODAY, "notice_days": 30}
    with pytest.raises(Refused, match="30 days of notice were agreed"):
        rules.check_notice(ground="convenience", effective_on=early, **asked)
    assert rules.check_notice(ground="convenience", effective_on=last, **asked) == "Late."
    assert rules.check_notice(ground="cause", effective_on=TODAY, **asked) == "Late."
