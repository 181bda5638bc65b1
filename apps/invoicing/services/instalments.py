"""What falls due by the calendar: which contracts have something to bill, what is next, and its invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Min, QuerySet

from apps.contracts.models import Contract
from apps.contracts.models.contract import ContractState
from apps.core import money
from apps.core.errors import IllegalTransition, Refused
from apps.invoicing.models import Instalment, Invoice
from apps.invoicing.services import causes
from apps.invoicing.services.issuing import issue_for
from apps.invoicing.services.recovery import drop_deposits, fits
from apps.parties.actor import Actor

LOOKED_AFTER: Final = timedelta(minutes=10)
"""How often somebody looks for what fell due."""
EASTERNMOST: Final = timedelta(days=1)
"""No place is further ahead of UTC."""


@dataclass(frozen=True, slots=True)
class DueContract:
    """A contract with something to bill, and whose it is to bill."""

    contract_ref: str
    seller_id: int


def contracts_to_bill(*, at: datetime, contract_refs: Sequence[str] | None = None) -> list[DueContract]:
    """Every contract of which an instalment is due and not billed, of whichever seller: read with the owner's eyes.

    ``contract_refs`` limits it to some contracts.
    """
    return [
        DueContract(ref, seller_id)
        for ref, seller_id, zone, first in _first_days(contract_refs, until=(at + EASTERNMOST).date())
        if first <= at.astimezone(ZoneInfo(zone)).date()
    ]


def next_billing(*, after: datetime, until: datetime, contract_refs: Sequence[str]) -> datetime | None:
    """The next moment at which one of these contracts is billed: when the day begins where the seller is.

    What is due already is found when somebody looks the next time.
    """
    days = _first_days(contract_refs, until=(until + EASTERNMOST).date())
    begins = [datetime.combine(first, time(), ZoneInfo(zone)).astimezone(UTC) for _ref, _seller, zone, first in days]
    moments = [max(begin, after + LOOKED_AFTER) for begin in begins]
    return min((moment for moment in moments if moment <= until), default=None)


def _first_days(contract_refs: Sequence[str] | None, *, until: date) -> "QuerySet[Any, tuple[str, int, str, date]]":
    unbilled = Instalment.objects.using("owner").billable().order_by()
    due = unbilled.filter(bills_on__lte=until, contract__state=ContractState.ACTIVE)
    if contract_refs is not None:
        due = due.filter(contract__ref__in=contract_refs)
    found = due.values_list("contract__ref", "contract__seller_id", "contract__seller__time_zone")
    return found.annotate(first=Min("bills_on")).order_by("first", "contract__ref")


def to_bill(*, contract_ref: str, at: datetime) -> list[str]:
    """The instalments of a contract that are due and not billed, in the order in which they are to be billed."""
    unbilled = Instalment.objects.filter(contract__ref=contract_ref).billable().select_related("contract__seller")
    due = unbilled.filter(bills_on__lte=(at + EASTERNMOST).date()).in_turn()
    return [one.ref for one in due if one.bills_on and one.bills_on <= _today(one.contract, at=at)]


def contract_of_instalment(*, instalment_ref: str) -> "QuerySet[Any, int]":
    """The id of the contract to which an instalment belongs: a query, for ``contracts.lock`` to ask while it locks."""
    return Instalment.objects.filter(ref=instalment_ref).order_by().values_list("contract_id", flat=True)[:1]


def billed(*, contract: Contract, instalment_ref: str) -> Invoice | None:
    """The invoice of an instalment, if it has one already."""
    return Invoice.objects.filter(contract=contract, instalment__ref=instalment_ref).first()


def drop_unrecoverable(
    *, contract: Contract, instalment_ref: str, actor: Actor, at: datetime, beside: Decimal = money.ZERO
) -> bool:
    """Cancel a deposit that is due when too little is left to bill to give it back; whether it was so.

    ``beside`` is what of other deposits is invoiced in the same moment, net of tax.
    """
    found = Instalment.objects.select_related("line").filter(ref=instalment_ref, contract=contract)
    instalment = found.unbilled().exclude(line__recovery="").first()
    if instalment is None or fits(instalment, contract=contract, beside=beside):
        return False
    drop_deposits(contract=contract, actor=actor, at=at, gone=[instalment])
    return True


def issue_instalment(ref: str, *, contract: Contract, instalment_ref: str, actor: Actor, at: datetime) -> Invoice:
    """Bill one instalment of a contract that the caller holds: once, from its day on, after those before it.

    ``ref`` is the new reference of the invoice, whose date is today where the seller is. Refused when tax data are
    missing.
    """
    instalments = Instalment.objects.select_related("line").select_for_update(of=("self",))
    instalment = instalments.filter(ref=instalment_ref, contract=contract).first()
    if instalment is None:
        raise Refused("There is no such instalment in this contract.")
    if contract.state != ContractState.ACTIVE:
        raise IllegalTransition("This contract is {state}, so nothing more of it is billed.", state=contract.state)
    if instalment.bills_on is None or instalment.bills_on > _today(contract, at=at):
        raise Refused("“{title}” is not due yet.", title=str(instalment))
    if not Instalment.objects.filter(pk=instalment.pk).billable().exists():
        raise Refused("“{title}” falls due when the contract has ended, so it is not billed.", title=str(instalment))
    cause = causes.of_instalment(instalment, contract=contract)
    invoice, _beside = issue_for(ref, cause=cause, contract=contract, actor=actor, at=at)
    return invoice


def _today(contract: Contract, *, at: datetime) -> date:
    return at.astimezone(ZoneInfo(contract.seller.time_zone)).date()
