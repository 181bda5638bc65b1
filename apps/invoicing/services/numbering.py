"""The number of a document, drawn from its seller's series, and what is read along with it."""

from django.db.models import Exists, JSONField, QuerySet, Subquery
from django.db.models.functions import JSONObject

from apps.contracts.models import Contract
from apps.core.database.kept import Argument, Read
from apps.invoicing.models import ApplicationLine, Instalment, Invoice, NumberSeries, PayeeInstruction
from apps.invoicing.models.instalment import InstalmentQuerySet
from apps.invoicing.models.invoice import CREDITS
from apps.invoicing.services import facts
from apps.milestones.models import Milestone
from apps.parties.models import BankAccount

ACCOUNT_FIELDS = ("iban", "bic", "account_number", "routing_number", "bank_name")


@Read
def _series() -> "QuerySet[NumberSeries, NumberSeries]":
    return _held().annotate(has_instalments=Exists(_instalments()))


@Read
def _last_series() -> "QuerySet[NumberSeries, NumberSeries]":
    standing = ApplicationLine.objects.standing().filter(application__contract_id=Argument("contract_id"))
    return _held().annotate(
        has_instalments=Exists(_instalments()),
        has_unbilled=Exists(_instalments().unbilled()),
        has_standing=Exists(standing.order_by()),
    )


def _held() -> "QuerySet[NumberSeries, NumberSeries]":
    account = BankAccount.objects.filter(
        organisation_id=Argument("seller_id"), currency=Argument("currency"), is_default=True
    ).values(json=JSONObject(account_name="holder", **{name: name for name in ACCOUNT_FIELDS}))
    instruction = (
        PayeeInstruction.objects.live()
        .filter(milestone_id=Argument("milestone_id"))
        .values(json=JSONObject(account_name="payee_name", **{name: name for name in ACCOUNT_FIELDS}))
    )
    return (
        NumberSeries.objects.select_for_update()
        .filter(organisation_id=Argument("seller_id"), prefix=Argument("prefix"), year=Argument("year"))
        .annotate(
            bank=Subquery(account, output_field=JSONField()),
            payee=Subquery(instruction, output_field=JSONField()),
        )
    )


def _instalments() -> InstalmentQuerySet:
    return Instalment.objects.filter(contract_id=Argument("contract_id"), cancelled_at__isnull=True)


def lock_series(
    prefix: str, *, milestone: Milestone | None, contract: Contract, year: int, others: int = 1
) -> tuple[NumberSeries, facts.Account]:
    """Hold the number, and read in the same query what the invoice says of its payment, and whether the calendar bills
    anything of the contract (``has_instalments``).

    Where it is of a milestone, that may have another payee than the seller. Of the last one (no ``others`` open) it is
    known whether something else of the contract is still to be billed: :func:`is_unbilled`.
    """
    wanted = {
        "prefix": prefix,
        "seller_id": contract.seller_id,
        "currency": contract.currency,
        "milestone_id": milestone.pk if milestone is not None else None,
        "contract_id": contract.pk,
        "year": year,
    }
    read = _series if others else _last_series
    series = read.first(**wanted)
    if series is None:
        NumberSeries.objects.bulk_create(
            [NumberSeries(organisation_id=contract.seller_id, prefix=prefix, year=year)], ignore_conflicts=True
        )
        series = read.first(**wanted)
    if series is None:
        raise LookupError(f"the numbers of organisation {contract.seller_id} cannot be seen: nobody asks for them")
    asked = vars(series)
    payee: dict[str, str] | None = asked["payee"]
    return series, facts.Account(payee or asked["bank"], payee["account_name"] if payee else None)


def is_unbilled(series: NumberSeries) -> bool:
    """Whether instalments, or accepted parts in applications for payment, were still to be billed besides the last
    milestone when its number was locked."""
    return bool(vars(series)["has_unbilled"] or vars(series)["has_standing"])


def lock_credit_series(invoice: Invoice, *, year: int, prefix: str = CREDITS) -> NumberSeries:
    """Hold the number of the credit note to an invoice, or of what else corrects it, whose series is the seller's own
    of that year."""
    wanted = {"organisation_id": invoice.seller_id, "prefix": prefix, "year": year}
    series = NumberSeries.objects.select_for_update().filter(**wanted)
    found = series.first()
    if found is None:
        NumberSeries.objects.bulk_create([NumberSeries(**wanted)], ignore_conflicts=True)
        found = series.get()
    return found
