"""Short courses of money that is advanced, each to the faults that are seeded on its way."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from tests.engines.course.advanced import HOW_FAR, Advanced
from tests.engines.course.life import Course

ALL, HALF = Decimal(1), Decimal("0.5")
PAID_OUT, PROMISED = len(HOW_FAR), len(HOW_FAR) - 1
FIRST: Final[dict[str, Any]] = {"head_start": [], "ahead": [PAID_OUT]}
FIRST_TWO: Final[dict[str, Any]] = {"head_start": [], "ahead": [PAID_OUT, PAID_OUT]}
SECOND_PROMISED: Final[dict[str, Any]] = {"head_start": [], "ahead": [PAID_OUT, PROMISED]}


def _accepted_in_part(course: Course) -> None:
    """The third is too much before acceptance; half of the first is bought, credited beyond its reserve, and paid."""
    assert isinstance(course, Advanced)
    course.request_funding(pick=2)
    course.time_passes(days=7)
    course.submit(pick=0)
    course.accept_part(pick=0, share=HALF, how="percent")
    for share in (Decimal("0.1"), HALF):
        course.credit(pick=0, share=share, how="amount")
    course.collect(pick=0, share=ALL)
    course.pay_reserve(pick=0)


def _not_cured(course: Course) -> None:
    """Sent back, disputed for two weeks, and not submitted again in time: owed back by itself, and paid back."""
    assert isinstance(course, Advanced)
    course.submit(pick=0)
    course.send_back(pick=0)
    course.dispute_submission(pick=0, share=HALF, side="buyer")
    for _week in range(2):
        course.time_passes(days=7)
        course.advances_lapse()
    course.let_go(pick=0, side="buyer")
    for _week in range(2):
        course.time_passes(days=7)
        course.advances_lapse()
    course.repay(pick=0, share=ALL)


def _changed_and_ended(course: Course) -> None:
    """The second is disputed before it is paid, then accepted; the first is lowered, moved, and half of it valued."""
    assert isinstance(course, Advanced)
    course.submit(pick=1)
    course.dispute_submission(pick=0, share=HALF, side="seller")
    course.fund(pick=0)
    course.let_go(pick=0, side="seller")
    course.accept_part(pick=0, share=HALF, how="percent")
    course.fund(pick=0)
    course.accept(pick=0)
    course.propose_another_amount(side="seller", pick=0, factor=Decimal("0.6"))
    course.sign_change(side="buyer")
    course.postpone(pick=0, days=20)
    course.time_passes(days=7)
    course.give_notice(side="seller", days=0, sure=0)
    course.propose_settlement(side="seller", share=HALF, pick=0)
    course.sign_settlement(side="buyer")


def _given_up(course: Course) -> None:
    """Accepted and never paid: in default, written off by a second person, and paid in part after all."""
    assert isinstance(course, Advanced)
    course.decide(pick=0)
    for _days in range(5):
        course.time_passes(days=20)
    course.declare_default(pick=0)
    course.accrue()
    course.write_off(pick=0, by="financier")
    course.collect(pick=0, share=Decimal("0.25"))


WALKS: Final[dict[str, tuple[dict[str, Any], Callable[[Course], None]]]] = {
    "the limit of what is advanced before acceptance is not read": (FIRST_TWO, _accepted_in_part),
    "what a part does not cover is bought with it": (FIRST_TWO, _accepted_in_part),
    "the financier bears what is credited": (FIRST_TWO, _accepted_in_part),
    "fewer days are earned than the least": (FIRST_TWO, _accepted_in_part),
    "what is in dispute lapses": (FIRST, _not_cured),
    "the discount of days that never come is owed back": (FIRST, _not_cured),
    "what is in dispute is financed": (SECOND_PROMISED, _changed_and_ended),
    "what is promised on the whole is divided": (SECOND_PROMISED, _changed_and_ended),
    "what is taken out of the plan stays advanced": (SECOND_PROMISED, _changed_and_ended),
    "less is accepted than was advanced on": (SECOND_PROMISED, _changed_and_ended),
    "what was given up is recovered for the seller": (FIRST, _given_up),
}
