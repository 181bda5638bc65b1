"""What comes before an acceptance: questions, an inspection, a first acceptor, the milestones above. No Django."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from apps.contracts.rules import reader_of
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.money import Money
from apps.core.statements import Statement
from apps.milestones.rules.reservations import Defect
from apps.milestones.rules.sign_off import LONGEST_NOTE, CriterionVerdict, check_text

MOST_QUESTIONS: Final = 50
"""About one submission; whoever has more to ask requests changes."""
MOST_NAMED: Final = 5


def check_words(text: str, *, field: str, missing: str) -> str:
    """A question or an answer, trimmed; ``missing`` says what to do when there is none."""
    words = check_text(text, most=LONGEST_NOTE, field=field)
    if not words:
        raise Refused(missing, field=field)
    return words


@dataclass(frozen=True, slots=True)
class Found:
    """The newest inspection of a submission."""

    by: str
    email: str
    user_id: int
    is_passed: bool


@dataclass(frozen=True, slots=True)
class First:
    """What the first of two acceptors accepted: an amount, net of tax, and a quantity where it was said so; and the
    ``defects`` under whose reservation. A guest has no ``user_id``."""

    by: str
    email: str
    user_id: int | None
    amount: Decimal
    quantity: Decimal | None = None
    defects: Sequence[Defect] = ()


def check_looked_at(found: Found | None, *, user_id: int | None, email: str, organisation: str) -> None:
    """Refuse an acceptance that nobody else of the buyer has inspected."""
    if found is None:
        raise Refused(
            "The contract asks for an inspection first. Somebody of {organisation} with the role inspector looks at the"
            " submission; then it can be accepted.",
            organisation=organisation,
        )
    refuse_inspector(is_same=found.user_id == user_id or reader_of(found.email) == reader_of(email))


def refuse_inspector(*, is_same: bool) -> None:
    """Refuse that one person inspects and accepts, by whichever mailbox."""
    if is_same:
        raise NotAllowed("You inspected this submission yourself. Somebody else of your organisation accepts it.")


def check_inspected(found: Found | None, *, user_id: int | None, email: str, organisation: str) -> None:
    """The same, and refuse to accept the whole of what was found defective."""
    check_looked_at(found, user_id=user_id, email=email, organisation=organisation)
    if found is not None and not found.is_passed:
        raise Refused(
            "{name} inspected this submission and found a defect. Request changes, or have it inspected again.",
            name=found.by,
        )


def check_second(first: First, *, user_id: int | None, email: str, accepted: Money) -> None:
    """Refuse a second acceptance by the person who accepted first, by a second guest, or of another amount."""
    if (first.user_id is not None and first.user_id == user_id) or reader_of(first.email) == reader_of(email):
        raise NotAllowed(
            "You have accepted this already. Above the agreed amount two people accept: somebody else has to."
        )
    if first.user_id is None and user_id is None:
        # Of two links to one submission the one came from the other.
        raise NotAllowed("{name} accepted by personal link. The second person needs an account.", name=first.by)
    if first.amount != accepted.amount:
        raise Refused(
            "{name} accepted {amount} of this milestone. Accept the same amount, or request changes.",
            field="amount",
            name=first.by,
            amount=Money(first.amount, accepted.currency),
        )


def check_unreserved(first: First | None) -> None:
    """Refuse to accept without reservations what the first of two people accepted with some."""
    if first is not None and first.defects:
        raise Refused(
            "{name} accepted this with reservations. Accept it with reservations too: the list is filled in, and you"
            " may add to it.",
            name=first.by,
        )


def check_above(waits_for: Sequence[str]) -> None:
    """Refuse to accept a cumulative milestone before the ones above it, which are named.

    Source: the accomplishment of a cumulative event depends on that of another one (Federal Acquisition Regulation,
    32.1004(a)(1)).
    """
    if not waits_for:
        return
    named = ", ".join(f"“{title}”" for title in waits_for[:MOST_NAMED])
    raise IllegalTransition(
        "This milestone builds on the ones above it, and can be accepted only after them. Not accepted yet: {names}.",
        names=f"{named} …" if len(waits_for) > MOST_NAMED else named,
    )


def check_all_judged(verdicts: Sequence[CriterionVerdict], *, criteria: Mapping[int, str]) -> None:
    """Refuse an inspection that leaves a criterion out."""
    judged = {verdict.criterion_id for verdict in verdicts}
    for pk, text in criteria.items():
        if pk not in judged:
            raise Refused("Say whether “{criterion}” is met.", field="verdicts", criterion=text)


def check_reach(amount: Money, *, name: str, limit: Decimal | None, limit_currency: str) -> None:
    """Refuse to pass a milestone to somebody whose limit does not reach it; one in another currency says nothing."""
    if limit is None or (limit_currency == amount.currency and amount.amount <= limit):
        return
    raise Refused(
        "{name} signs off up to {limit}, and this milestone comes to {amount}. Choose somebody with a higher limit.",
        field="colleague",
        name=name,
        limit=Money(limit, limit_currency),
        amount=amount,
    )


def event_statement(*, organisation: str, event: str, payable: Money) -> Statement:
    """What somebody of the buyer agrees to who confirms an event, with which ``payable`` may be due, net of tax."""
    named = {"organisation": organisation, "event": event}
    if not payable:
        return Statement(
            "I am authorised to act for {organisation}. I confirm that this has happened: “{event}”. What waits for it"
            " may go on. This accepts no work.",
            "event-1",
            **named,
        )
    return Statement(
        "I am authorised to act for {organisation}. I confirm that this has happened: “{event}”. {payable} net of tax"
        " is payable for it as agreed. This payment accepts no work and no delivery.",
        "event-payable-1",
        **named,
        payable=payable,
    )


def first_statement(
    *, organisation: str, title: str, cycle: int, accepted: Money, measured: object = None, by_application: bool = False
) -> Statement:
    """What the first of two acceptors agrees to; ``measured`` is the quantity with its unit, where it was said so;
    ``by_application``: an application for payment bills it."""
    named: dict[str, Any] = {"organisation": organisation, "cycle": cycle, "title": title, "accepted": accepted}
    if by_application:
        return _first_applied(named, measured=measured)
    if measured:
        return Statement(
            "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here"
            " and accept {measured}, {accepted} net of tax of it as complete. As agreed, a second person accepts too:"
            " no invoice is issued before that.",
            "first-acceptance-2",
            **named,
            measured=measured,
        )
    return Statement(
        "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here and"
        " accept {accepted} net of tax of it as complete. As agreed, a second person accepts too: no invoice is issued"
        " before that.",
        "first-acceptance-1",
        **named,
    )


def _first_applied(named: dict[str, Any], *, measured: object) -> Statement:
    if measured:
        return Statement(
            "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here"
            " and accept {measured}, {accepted} net of tax of it as complete. As agreed, a second person accepts too:"
            " nothing of it stands in an application for payment before that.",
            "first-applied-2",
            **named,
            measured=measured,
        )
    return Statement(
        "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here and"
        " accept {accepted} net of tax of it as complete. As agreed, a second person accepts too: nothing of it stands"
        " in an application for payment before that.",
        "first-applied-1",
        **named,
    )
