"""What the report of a deal says of its revenue: by obligation, by what moved it, and what stands on the contract."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from itertools import groupby
from typing import Final

from apps.contracts.models import Contract
from apps.core import money
from apps.invoicing.models import NO_SUPPLY, CreditNote, Invoice, Retention, Withholding
from apps.ledger.charts import Seller
from apps.ledger.models import Book, Entry
from apps.revenue import rules
from apps.revenue.models import Interest, Judgement, Modification, Obligation, Recognition
from apps.workflows.deal_file.report_parts import Report, amount_of, named, written

IN_THE_BALANCE: Final = (Seller.CONTRACT_BALANCE, Seller.DEPOSITS_RECEIVED, Seller.RETENTION_HELD)
"""Accounts that are shown net for a contract: an asset or a liability."""


def report_of(contract: Contract, *, names: Mapping[str, str]) -> Report | None:
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
    by_period: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        by_period[row.obligation_id][f"{row.booked_on:%Y-%m}"] += row.amount
    position = _position(contract, recognised=money.total(one.recognised for one in obligations) + accrued)
    return {
        "obligations": [
            {
                "title": one.title,
                "measure": one.measure,
                "allocated": amount_of(one.allocated, currency),
                "recognised": amount_of(one.recognised, currency),
                "remaining": amount_of(one.remaining, currency),
                "periods": {month: amount_of(amount, currency) for month, amount in sorted(by_period[one.pk].items())},
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
        "balances": _balances(contract, names),
        "contract_asset": amount_of(position.asset, currency),
        "contract_liability": amount_of(position.liability, currency),
    }


def _balances(contract: Contract, names: Mapping[str, str]) -> list[Report]:
    """What was posted for the contract, moment by moment, and what stood then: after any event it can be read off."""
    key, currency = f"contract:{contract.ref}", contract.currency
    entries = Entry.objects.using("owner").filter(
        book__organisation_id=contract.seller_id, book__purpose=Book.Purpose.SELLER, lines__key=key
    )
    rows: list[Report] = []
    revenue = net = money.ZERO
    told = entries.distinct().order_by("id").prefetch_related("lines__account")
    for at, together in groupby(told, key=lambda entry: entry.posted_at):
        posted = list(together)
        lines = [line for entry in posted for line in entry.lines.all() if line.key == key]
        revenue -= money.total(line.amount for line in lines if line.account.code == Seller.REVENUE)
        net += money.total(line.amount for line in lines if line.account.code in IN_THE_BALANCE)
        position = rules.net_position(recognised=net, billed=money.ZERO)
        rows.append(
            {
                "at": written(at),
                "entries": [named(entry.description, names) for entry in posted],
                "revenue": amount_of(revenue, currency),
                "contract_asset": amount_of(position.asset, currency),
                "contract_liability": amount_of(position.liability, currency),
            }
        )
    return rows


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
            f"    {one['title']}: {', '.join(f'{month} {amount}' for month, amount in one['periods'].items())}"
            for one in found["obligations"]
            if one["periods"]
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
        "Contract balance after each posting",
        *(
            f"  {one['at']}  revenue {one['revenue']:>14}  asset {one['contract_asset']:>14}"
            f"  liability {one['contract_liability']:>14}  {'; '.join(one['entries'])}"
            for one in found["balances"]
        ),
    ]
