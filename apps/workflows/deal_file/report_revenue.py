"""What the report of a deal says of its revenue: by obligation, by what moved it, and what stands on the contract."""

from decimal import Decimal

from apps.contracts.models import Contract
from apps.core import money
from apps.invoicing.models import NO_SUPPLY, CreditNote, Invoice, Retention, Withholding
from apps.revenue import rules
from apps.revenue.models import Interest, Judgement, Modification, Obligation, Recognition
from apps.workflows.deal_file.report_parts import Report, amount_of, written


def report_of(contract: Contract) -> Report | None:
    """Revenue as it stands, read with the owner's eyes; None before the contract is active."""
    obligations = list(Obligation.objects.using("owner").filter(contract=contract).order_by("position"))
    if not obligations:
        return None
    currency = contract.currency
    rows = Recognition.objects.using("owner").filter(contract=contract).select_related("obligation").order_by("id")
    changes = Modification.objects.using("owner").filter(contract=contract).select_related("version").order_by("id")
    judged = Judgement.objects.using("owner").filter(contract=contract).select_related("obligation").order_by("id")
    interest = list(Interest.objects.using("owner").filter(contract=contract).order_by("id"))
    accrued = money.total(one.amount if one.is_income else -one.amount for one in interest)
    position = _position(contract, recognised=money.total(one.recognised for one in obligations) + accrued)
    return {
        "obligations": [
            {
                "title": one.title,
                "measure": one.measure,
                "allocated": amount_of(one.allocated, currency),
                "recognised": amount_of(one.recognised, currency),
                "remaining": amount_of(one.remaining, currency),
            }
            for one in obligations
        ],
        "recognitions": [
            {
                "on": written(one.booked_on),
                "happened_on": written(one.occurred_on),
                "why": one.why,
                "obligation": one.obligation.title,
                "amount": amount_of(one.amount, currency),
                "cumulative": amount_of(one.cumulative, currency),
            }
            for one in rows
        ],
        "changes": [
            {"version": one.version.number, "treatment": one.treatment, "reason": one.reason} for one in changes
        ],
        "judgements": [
            {
                "on": written(one.effective_on),
                "kind": one.kind,
                "about": one.about or (one.obligation.title if one.obligation is not None else ""),
                "counts": amount_of(one.counts, currency),
                "reason": one.reason,
            }
            for one in judged
        ],
        "interest": [
            {
                "on": written(one.booked_on),
                "kind": "income" if one.is_income else "expense",
                "amount": amount_of(one.amount, currency),
                "cumulative": amount_of(one.cumulative, currency),
            }
            for one in interest
        ],
        "contract_asset": amount_of(position.asset, currency),
        "contract_liability": amount_of(position.liability, currency),
    }


def _position(contract: Contract, *, recognised: Decimal) -> rules.Position:
    billed = Invoice.objects.using("owner").filter(contract=contract).exclude(kind__in=NO_SUPPLY)
    credited = CreditNote.objects.using("owner").of_supplies().filter(contract=contract)
    withheld = Withholding.objects.using("owner").filter(contract=contract).standing()
    kept = Retention.objects.using("owner").filter(contract=contract)
    return rules.net_position(
        recognised=recognised,
        billed=money.total(one.net for one in billed) - money.total(one.net for one in credited),
        retained=money.total(one.held - one.released for one in kept) + money.total(one.gross for one in withheld),
    )


def plain_of(found: Report | None) -> list[str]:
    """The same as a person reads it; nothing before the contract is active."""
    if found is None:
        return []
    return [
        "",
        f"Revenue: contract asset {found['contract_asset']}, contract liability {found['contract_liability']}",
        *(
            f"  {one['title']:<34}{one['measure']:<15} {one['recognised']:>14} of {one['allocated']:>14}"
            for one in found["obligations"]
        ),
        *(
            f"    {one['on']}  {one['why']:<14}{one['amount']:>14}  {one['obligation']}"
            for one in found["recognitions"]
        ),
        *(
            f"    {one['on']}  judged: {one['kind']}, {one['about']}; counts {one['counts']}. {one['reason']}"
            for one in found["judgements"]
        ),
        *(f"    {one['on']}  interest {one['kind']:<8}{one['amount']:>11}" for one in found["interest"]),
    ]
