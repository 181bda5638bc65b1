"""Short courses of a contract that come to one seeded fault each: the product as it is goes them to the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from decimal import Decimal
from typing import Any, Final

from django.db import DatabaseError, transaction

from tests.engines import mutants, mutants_ahead, walks_ahead
from tests.engines.course.advanced import Advanced
from tests.engines.course.applied import ByApplication
from tests.engines.course.life import Course
from tests.engines.course.review import Agreed

ALL: Final = Decimal(1)
HALF: Final = Decimal("0.5")
SUBMITTED, ACCEPTED = 0, 1
USUAL: Final = {"rate": 19}
TAXED_AND_LATE: Final = {"taxed": "goods", "late": "both", "head_start": []}
EARLY_AND_LATE: Final = {"delay": "objectable", "earns": True}
TWO_KEPT: Final = {"keeps": True, "head_start": [ACCEPTED, ACCEPTED]}
KEPT: Final = (
    *("paper", "at", "written", "in_force", "offers", "proposals", "issued"),
    *("facility", "advances", "charged", "repaid", "disputes"),
)
"""What a course knows beside the database."""


def unfound(*, every: int = 1, first: int = 0) -> list[str]:
    """The faults that no walk meets, of every walk or of every so many from one on. Raises what the paper contradicts
    in the product as it is."""
    walks: dict[Any, list[str]] = {}
    for fault, (given, walk) in WALKS.items():
        walks.setdefault((repr(given), walk), []).append(fault)
    return [fault for faults in list(walks.values())[first::every] for fault in set(faults) - met(*faults)]


def is_met(fault: str) -> bool:
    """Whether its walk finds a fault."""
    return fault in met(fault)


def met(*faults: str) -> set[str]:
    """Those that are found of faults with one walk: from one beginning with the product as it is, and with each. A
    guard of the database that refuses what the product let through counts as well."""
    given, walk = WALKS[faults[0]]
    course = OTHERS.get(walk, Course)()
    found: set[str] = set()
    try:
        if given:
            _begin(course, **given)
        known = {name: vars(course)[name] for name in KEPT if hasattr(course, name)}
        for fault in ("", *faults):
            # The paper is as it was at the beginning, as the database is.
            vars(course).update(deepcopy(known))
            if _is_contradicted(course, walk, fault):
                found.add(fault)
        return found
    finally:
        course.teardown()


def _is_contradicted(course: Course, walk: Callable[[Course], None], fault: str) -> bool:
    """Whether paper or database contradict; of the product as it is, without a fault, that is raised."""
    try:
        with _taken_back(), FAULTS[fault]() if fault else nullcontext():
            walk(course)
            course.paper_and_product_agree()
    except (AssertionError, DatabaseError):
        if fault:
            return True
        raise
    return False


@contextmanager
def _taken_back() -> Iterator[None]:
    """What happens inside the block did not happen."""
    block = transaction.atomic()
    # Or durable blocks could not begin inside it.
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


def _begin(course: Course, **given: Any) -> None:
    others = {} if isinstance(course, Advanced) else {"keeps": False, "by_calendar": False}
    course.begin(**{"rate": 19, "head_start": [SUBMITTED], **others, **given})


def _paid_and_credited(course: Course) -> None:
    course.pay(pick=0, share=ALL)
    course.credit(pick=0, share=Decimal("0.1"), how="amount")


def _paid_and_issued_anew(course: Course) -> None:
    """Twice, with a part that is kept back; what is paid beyond it stays free."""
    course.pay(pick=0, share=Decimal("1.5"))
    for _time in range(2):
        course.issue_anew(pick=len(course.paper.bills) - 1)


def _disputed(course: Course) -> None:
    course.dispute_submission(pick=0, share=HALF, side="buyer")
    course.accept(pick=0)


def _more_than_undisputed(course: Course) -> None:
    course.dispute_submission(pick=0, share=HALF, side="buyer")
    course.accept_part(pick=0, share=Decimal("0.1"), how="amount")
    course.accept_part(pick=0, share=ALL, how="rest")


def _asked(course: Course) -> None:
    course.ask(pick=0, by="approver")
    course.time_passes(days=7)
    course.silence_speaks()
    course.answer_question(pick=0)


def _found_defective(course: Course) -> None:
    course.inspect(pick=0, by="inspector", is_passed=False)
    course.time_passes(days=7)
    course.silence_speaks()


def _said_nothing_of_all(course: Course) -> None:
    for _milestone in range(2):
        course.submit(pick=0)
    course.time_passes(days=7)
    course.silence_speaks()


def _not_inspected(course: Course) -> None:
    course.accept(pick=0)
    course.inspect(pick=0, by="inspector", is_passed=True)
    course.accept(pick=0)


def _by_two(course: Course) -> None:
    course.accept(pick=0, by="buyer")
    course.accept(pick=0, by="buyer")
    course.accept(pick=0, by="approver")


def _last_first(course: Course) -> None:
    course.submit(pick=1)
    course.accept(pick=1)


def _without_permit(course: Course) -> None:
    course.submit(pick=1)
    course.confirm_event(by="buyer")
    course.submit(pick=1)


def _paid_back(course: Course) -> None:
    course.pay(pick=0, share=Decimal("1.5"))
    course.ask_refund(pick=0, share=ALL)
    course.pay_refund(pick=0)
    course.take_payment_back(pick=0)


def _other_days(course: Course) -> None:
    course.propose_other_sign_off(side="seller", agreed=Agreed(days=5))
    course.sign_change(side="buyer")
    course.submit(pick=0)


def _charged_twice(course: Course) -> None:
    for charge in range(2):
        course.charge_back(pick=0, share=ALL)
        course.answer_charge(pick=charge, agrees=True)


def _early_and_late(course: Course) -> None:
    course.accept_part(pick=0, share=HALF, how="percent")
    course.claim_bonus(pick=0)
    course.ask_to_withdraw(pick=0, share=HALF, side="buyer")
    course.grant_withdrawal(pick=0, side="seller")
    course.claim_bonus(pick=0)
    for days in (7, 1, 1):
        course.time_passes(days=days)
    course.submit(pick=2)
    course.accept(pick=0)
    course.claim_damages(pick=1, waives=False)
    for days in (20, 20):
        course.time_passes(days=days)
    course.submit(pick=0)
    course.accept(pick=0)
    course.claim_damages(pick=1, waives=False)
    course.answer_charge(pick=0, agrees=True)


def _taxed_and_late(course: Course) -> None:
    course.submit(pick=1)
    course.accept(pick=0)
    course.time_passes(days=20)
    course.pay(pick=0, share=HALF)
    course.credit(pick=0, share=Decimal("0.1"), how="amount")
    for _claim in range(2):
        course.time_passes(days=7)
        course.claim_late_payment(by="billing")


def _above_the_limit(course: Course) -> None:
    for milestone in (2, 1):
        course.submit(pick=milestone)
        course.accept(pick=0)
    course.pay(pick=0, share=ALL)
    course.credit(pick=0, share=Decimal("0.1"), how="amount")
    course.submit(pick=0)
    course.accept(pick=0)
    course.retention_is_due()


def _paid_ahead(course: Course) -> None:
    course.time_passes(days=1)
    course.calendar_bills()
    course.pay(pick=0, share=ALL)
    course.accept_part(pick=0, share=Decimal("0.3333"), how="percent")
    course.credit(pick=1, share=HALF, how="amount")
    course.ask_to_withdraw(pick=0, share=HALF, side="seller")
    course.grant_withdrawal(pick=0, side="buyer")
    for _milestone in range(2):
        course.propose_one_less(side="seller", pick=1)
        course.sign_change(side="buyer")
    course.propose_another_amount(side="seller", pick=0, factor=Decimal("0.9"))
    course.sign_change(side="buyer")


def _certified_and_withdrawn(course: Course) -> None:
    assert isinstance(course, ByApplication)
    course.submit_application(by="billing")
    course.ask_to_withdraw(pick=1, share=HALF, side="seller")
    course.certify(shares=[ALL, Decimal("0.6")], by="approver")
    course.pay(pick=0, share=HALF)
    course.credit(pick=0, share=Decimal("0.1"), how="amount")
    course.ask_to_withdraw(pick=1, share=ALL, side="seller")
    course.grant_withdrawal(pick=0, side="buyer")
    course.submit_application(by="billing")


def _mended_unseen(course: Course) -> None:
    course.accept_with_reservations(pick=0, shares=[Decimal("0.1"), Decimal("0.45")], by="approver")
    for defect in (0, 1):
        course.show_defect(pick=defect, side="seller", name="after.pdf")
        course.mend(pick=defect)
    course.dispute_defect(pick=0, side="seller")
    course.time_passes(days=7)
    for defect in (0, 1):
        course.dispute_defect(pick=defect, side="seller")
    course.release(pick=0)
    course.propose_outcome(pick=0, side="buyer", outcome="rejected")
    course.agree(pick=0, side="seller")
    course.propose_outcome(pick=0, side="seller", outcome="partly_upheld")
    course.agree(pick=0, side="buyer")


def _picked(course: Course) -> None:
    _begin(course, pick="in two")


OTHERS: Final[dict[Any, type[Course]]] = {
    _certified_and_withdrawn: ByApplication,
    **dict.fromkeys((walk for _given, walk in walks_ahead.WALKS.values()), Advanced),
}
"""Walks of the machines where applications for payment are billed, and where money is advanced."""
FAULTS: Final = {**mutants.OF_COURSES, **mutants_ahead.OF_ADVANCES}
WALKS: Final[dict[str, tuple[dict[str, Any], Callable[[Course], None]]]] = {
    "money freed before what is retained falls": ({"keeps": True, "head_start": [ACCEPTED]}, _paid_and_credited),
    "what was paid is left behind by what is issued anew": (
        {"keeps": True, "head_start": [ACCEPTED]},
        _paid_and_issued_anew,
    ),
    "what the buyer disputes is accepted": (USUAL, _disputed),
    "more is accepted in part than what nobody disputes": ({"agreed": Agreed(in_parts=False)}, _more_than_undisputed),
    "a question gives no time back": ({"agreed": Agreed(days=5, silence="accepted", questions=1)}, _asked),
    "silence accepts what an inspection found defective": (
        {"agreed": Agreed(days=5, silence="accepted")},
        _found_defective,
    ),
    "nobody has to inspect": ({"agreed": Agreed(is_inspected=True)}, _not_inspected),
    "one person accepts for two": ({"agreed": Agreed(two_above=Decimal(1))}, _by_two),
    "what builds on others is accepted before them": ({"last": "cumulative"}, _last_first),
    "what silence accepts with those above it is told to have passed": (
        {"agreed": Agreed(days=5, silence="accepted"), "last": "cumulative"},
        _said_nothing_of_all,
    ),
    "nobody waits for an event": ({"last": "event"}, _without_permit),
    "money is paid back twice": ({"head_start": [ACCEPTED]}, _paid_back),
    "an order changes no days of review": (USUAL, _other_days),
    "the plan that was picked is not the one in force": ({}, _picked),
    "a line is taxed as its contract": (TAXED_AND_LATE, _taxed_and_late),
    "days of being late are claimed twice": (TAXED_AND_LATE, _taxed_and_late),
    "days of grace are forgotten": (EARLY_AND_LATE, _early_and_late),
    "every part earns the whole bonus": (EARLY_AND_LATE, _early_and_late),
    "what is above the limit is payable at once": ({"is_limited": True, "head_start": []}, _above_the_limit),
    "a deposit is not given back": ({"ahead": "first"}, _paid_ahead),
    "more of a deposit is kept than can be given back": ({"ahead": "first"}, _paid_ahead),
    "what is not certified stands nowhere": (TWO_KEPT, _certified_and_withdrawn),
    "what was kept back of withdrawn work stays kept": (TWO_KEPT, _certified_and_withdrawn),
    "a defect is settled beside its dispute": ({"agreed": Agreed(days=5)}, _mended_unseen),
    "more is charged back than there is": ({"charges": "outside", "head_start": [ACCEPTED]}, _charged_twice),
    **walks_ahead.WALKS,
}
"""By the fault to which each comes: how it begins, or nothing where that is where the fault is, and how it goes on."""
