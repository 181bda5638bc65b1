"""What stands in a contract beside what is billed and has a say in its invoice: deposits, lines that start with it,
what was withheld, documents.

Few contracts agree on any of it. What one does is read at once and not piece by piece, because others of the same
seller wait for the number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet, Value

from apps.contracts.models import Contract
from apps.core.database import at_once
from apps.core.database.kept import Argument, Read
from apps.invoicing.models import Instalment, InvoiceKind, NumberSeries
from apps.invoicing.services import causes, recovery
from apps.invoicing.services.deposit_standing import Standing, standing_of
from apps.invoicing.services.final import Whole, whole_of
from apps.invoicing.services.numbering import is_unbilled
from apps.invoicing.services.wanted_documents import confirmed_once, once_wanted
from apps.invoicing.services.withholding import before_of, is_withheld
from apps.milestones.models import Milestone
from apps.parties.actor import Actor


@dataclass(slots=True)
class Beside:
    """What was read beside an invoice; None where it has no say.

    ``calendar`` are the deposits that are given back, and the instalments that start with the milestone. Of the last
    milestone ``whole`` is what a final invoice states, and ``of_the_price`` what is billed after it besides deposits.
    """

    calendar: Sequence[Instalment] = ()
    withheld: at_once.Sql | None = None
    documents: "QuerySet[Any, str] | None" = None
    deposits: Standing | None = None
    whole: Whole | None = None
    of_the_price: "QuerySet[Any, Any] | None" = None
    is_more: bool = False
    """Of the last milestone: whether something of the contract is still to be billed after it."""

    @property
    def starting(self) -> list[Instalment]:
        """The instalments that have no day yet and start with the milestone."""
        return [one for one in self.calendar if vars(one)["is_starting"]]

    @property
    def not_invoiced(self) -> list[Instalment]:
        """The deposits that are not invoiced yet."""
        return [one for one in self.calendar if one.line.recovery and one.billed_at is None]


def read(cause: causes.Cause, *, contract: Contract, series: NumberSeries, others: int, on: date) -> Beside:
    """What has a say in the invoice of a cause dated ``on`` whose number is held; nothing is asked where nothing was
    agreed, else one statement, and one more where deposits are given back."""
    found = Beside()
    milestones = [one.milestone for one in cause.billed]
    asked: list[QuerySet[Any, Any] | at_once.Sql] = []
    if is_withheld(cause.version, milestones=milestones):
        found.withheld = before_of(contract, version=cause.version, milestones=milestones)
        asked.append(found.withheld)
    if once_wanted(version=cause.version, milestones=milestones):
        found.documents = confirmed_once(contract, on=on)
        asked.append(found.documents)
    if vars(series)["has_instalments"]:
        found.calendar = _calendar_read(cause.milestone, contract=contract, beside=asked)
    elif len(asked) > 1:
        at_once.read(*asked)  # one alone is asked by whoever wants it, in a statement that is kept
    has_advances = any(one.line.recovery for one in found.calendar)
    # A bonus is beside the price, of which deposits are advances; a deposit gives nothing back of another.
    if has_advances and cause.invoice_kind not in (InvoiceKind.BONUS, InvoiceKind.ADVANCE):
        _read_deposits(found, cause, contract=contract, others=others)
    if not others:
        found.is_more = is_unbilled(series)
    return found


def drop_deposits(found: Beside, *, contract: Contract, actor: Actor, at: datetime) -> None:
    """With the last invoice of the price the deposits are cancelled that were not invoiced: nothing could give them
    back. What of the contract is still to be billed then is none of them."""
    recovery.drop_deposits(contract=contract, actor=actor, at=at, gone=found.not_invoiced)
    found.is_more = bool(found.of_the_price)


def _read_deposits(found: Beside, cause: causes.Cause, *, contract: Contract, others: int) -> None:
    found.deposits = standing_of(contract, without=cause.instalment)
    asked = list(found.deposits.asked)
    if not others:
        found.whole = whole_of(contract, cause=cause)
        unbilled = Instalment.objects.filter(contract=contract).unbilled().of_the_price()
        found.of_the_price = unbilled.order_by().values("pk")[:1]
        asked += [*found.whole.asked, found.of_the_price]
    at_once.read(*asked)


def _calendar_read(
    milestone: Milestone | None, *, contract: Contract, beside: "Sequence[QuerySet[Any, Any] | at_once.Sql]"
) -> Sequence[Instalment]:
    position, pk = (milestone.position, milestone.pk) if milestone is not None else (None, None)
    if not beside:
        return _kept_calendar.all(contract_id=contract.pk, position=position, milestone_id=pk)
    calendar = _calendar(contract.pk, position=Value(position, IntegerField()), milestone_id=Value(pk, IntegerField()))
    at_once.read(calendar, *beside)
    return list(calendar)


@Read
def _kept_calendar() -> "QuerySet[Instalment, Instalment]":
    return _calendar(Argument("contract_id"), position=Argument("position"), milestone_id=Argument("milestone_id"))


def _calendar(
    contract_id: Argument | int, *, position: Argument | Value, milestone_id: Argument | Value
) -> "QuerySet[Instalment, Instalment]":
    unfinished = Milestone.objects.unfinished().filter(
        contract_id=OuterRef("contract_id"), position=OuterRef("starts_with__position")
    )
    others = unfinished.exclude(pk=milestone_id).order_by()
    waiting = Q(starts_with__position=position, bills_on__isnull=True, billed_at__isnull=True)
    rows = Instalment.objects.filter(contract_id=contract_id, cancelled_at__isnull=True)
    return (
        rows.annotate(is_starting=waiting & ~Exists(others))
        .filter(~Q(line__recovery="") | Q(is_starting=True))
        .select_related("line")
        .order_by("pk")
    )
