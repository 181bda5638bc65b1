"""Short courses of a contract that come to one seeded fault each: the product as it is goes them to the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from decimal import Decimal
from typing import Any, Final

from django.db import DatabaseError, transaction

from tests.engines import mutants
from tests.engines.course.life import Course
from tests.engines.course.review import Agreed

ALL: Final = Decimal(1)
HALF: Final = Decimal("0.5")
SUBMITTED, ACCEPTED = 0, 1
USUAL: Final = {"rate": 19}
KEPT: Final = ("paper", "at", "written", "in_force", "offers", "proposals", "issued")
"""What a course knows beside the database."""


def unfound() -> list[str]:
    """The faults that no walk meets. Raises what the paper contradicts in the product as it is."""
    return [fault for fault in WALKS if not is_met(fault)]


def is_met(fault: str) -> bool:
    """From one beginning twice: with the product as it is, and with the fault. A guard of the database that refuses
    what the product let through counts as well."""
    given, walk = WALKS[fault]
    course = Course()
    try:
        if given:
            _begin(course, **given)
        known = deepcopy({name: vars(course)[name] for name in KEPT if hasattr(course, name)})
        with _taken_back():
            walk(course)
            course.paper_and_product_agree()
        vars(course).update(known)
        try:
            with mutants.OF_COURSES[fault]():
                walk(course)
                course.paper_and_product_agree()
        except (AssertionError, DatabaseError):
            return True
        return False
    finally:
        course.teardown()


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
    course.begin(**{"rate": 19, "keeps": False, "by_calendar": False, "head_start": [SUBMITTED], **given})


def _paid_and_credited(course: Course) -> None:
    course.pay(pick=0, share=ALL)
    course.credit(pick=0, share=Decimal("0.1"), how="amount")


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


def _picked(course: Course) -> None:
    _begin(course, pick="in two")


WALKS: Final[dict[str, tuple[dict[str, Any], Callable[[Course], None]]]] = {
    "money freed before what is retained falls": ({"keeps": True, "head_start": [ACCEPTED]}, _paid_and_credited),
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
    "nobody waits for an event": ({"last": "event"}, _without_permit),
    "money is paid back twice": ({"head_start": [ACCEPTED]}, _paid_back),
    "an order changes no days of review": (USUAL, _other_days),
    "the plan that was picked is not the one in force": ({}, _picked),
    "more is charged back than there is": ({"charges": "outside", "head_start": [ACCEPTED]}, _charged_twice),
}
"""By the fault to which each comes: how it begins, or nothing where that is where the fault is, and how it goes on."""
