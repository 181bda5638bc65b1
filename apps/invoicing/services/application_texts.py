"""What an application for payment says, as one canonical text: the sheet of the whole plan, and its summary.

Amounts of a period are stored, line by line; cumulative ones are computed here, from what the books say was billed
before. Sheet and summary are reckoned apart, from the lines and from the books, and must agree to the cent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from apps.contracts.models import Contract, ContractVersion
from apps.core import canonical, money
from apps.core.printing import words
from apps.invoicing import rules
from apps.invoicing.models import Application, ApplicationLine, Charge
from apps.invoicing.models.charge import ChargeState
from apps.invoicing.services.progress import standing_sheet
from apps.invoicing.services.recovery import GivenBack, given_back_by
from apps.invoicing.services.withholding import Withholding, withheld, works
from apps.milestones.models import Milestone, Reservation

FORMAT = "application-1"


@dataclass(frozen=True, slots=True)
class LinesBill:
    """What the invoice of some lines comes to: in all, and of each line what is retained and what is given back."""

    claimed: Decimal
    amount: Decimal
    recovered: Decimal
    totals: rules.Totals
    retained: Decimal
    shares: Sequence[tuple[Decimal, Decimal]]

    @property
    def due(self) -> Decimal:
        """What is payable of it by its due date, tax included."""
        return self.totals.gross - self.retained


def bill_of_lines(lines: Sequence[ApplicationLine], *, contract: Contract, version: ContractVersion) -> LinesBill:
    """What the invoice of these lines would say now: of what is certified of each, or applied for before that."""
    amounts = [amount_of(line) for line in lines]
    whole = money.total(amounts)
    given = given_back_by(amount=whole, contract=contract, milestone=None, standing=whole) if whole else []
    recovered = money.total(one.amount for one in given)
    breakdown = rules.tax_breakdown(
        [
            *(
                rules.TaxedAmount(amount, line.milestone.line.agreed.tax_category, line.milestone.line.agreed.tax_rate)
                for line, amount in zip(lines, amounts, strict=True)
                if amount
            ),
            *(_deducted(one) for one in given),
        ],
        currency=contract.currency,
    )
    totals = rules.totals(breakdown)
    billed: list[tuple[Milestone, Decimal]] = [
        (line.milestone, amount) for line, amount in zip(lines, amounts, strict=True) if amount
    ]
    work = works(billed, recovered=recovered, currency=contract.currency)
    kept = withheld(contract=contract, version=version, totals=totals, billed=work)
    shares = iter(zip(kept.of_lines or [money.ZERO for _one in work], (one.recovered for one in work), strict=True))
    return LinesBill(
        claimed=money.total(line.claimed for line in lines),
        amount=whole,
        recovered=recovered,
        totals=totals,
        retained=_held(kept),
        shares=[next(shares) if amount else (money.ZERO, money.ZERO) for amount in amounts],
    )


def amount_of(line: ApplicationLine) -> Decimal:
    """What is certified of a line, or what it asks for before that."""
    return line.claimed if line.certified is None else line.certified


def application_text(
    application: Application,
    *,
    lines: Sequence[ApplicationLine],
    contract: Contract,
    version: ContractVersion,
    period: tuple[date, date],
    bill: LinesBill | None = None,
    settlement: int | None = None,
) -> str:
    """The canonical text of an application over these lines: as it is submitted, or, with certified lines, certified.

    The sheet has every line of the plan, the summary what all of it makes payable; both tie out, or nothing is written.
    ``settlement`` is the number of that of the contract's end, by which it was certified.
    """
    bill = bill if bill is not None else bill_of_lines(lines, contract=contract, version=version)
    sheet = sheet_of(lines, contract=contract, bill=bill)
    if not sheet.ties_out or sheet.due != bill.due:
        raise ValueError(f"sheet and summary of application {application.ref} do not tie out")
    is_certified = application.decided_at is not None
    return canonical.text(
        {
            "format": FORMAT,
            "stage": "certified" if is_certified else "submitted",
            "ref": application.ref,
            "number": application.number,
            "contract": {"number": contract.number, "title": contract.title, "version": version.number},
            "contract_sha256": version.sha256,
            "seller": contract.seller.legal_name,
            "buyer": contract.buyer.legal_name,
            "language": words.language(contract.buyer.language),
            "time_zone": contract.seller.time_zone,
            "currency": contract.currency,
            "period": {"first": period[0], "last": period[1]},
            **(_decision(application) if is_certified else {}),
            **({"certified_by_settlement": settlement} if settlement is not None else {}),
            "sheet": [_row(one) | _withheld(one, sheet) for one in sheet.lines],
            "totals": _row(sheet.sums)
            | _withheld(sheet.sums, sheet)
            | {"previous": sheet.previous, "period": sheet.period, "stored": sheet.stored},
            "parts": [_part(line) for line in lines],
            "summary": _summary(sheet),
            **_charges(contract),
            "invoice": {
                "net": bill.totals.net,
                "recovered": bill.recovered,
                "tax": bill.totals.tax,
                "gross": bill.totals.gross,
                "retained": bill.retained,
                "due": bill.due,
            },
            "ties_out": True,
        }
    )


def sheet_of(lines: Sequence[ApplicationLine], *, contract: Contract, bill: LinesBill) -> rules.Sheet:
    """The schedule of values with these lines on top of all that the books say was billed before."""
    worth: dict[int, Decimal] = {}
    held: dict[int, Decimal] = {}
    for line, (retained, _recovered) in zip(lines, bill.shares, strict=True):
        place = line.milestone.position
        worth[place] = worth.get(place, money.ZERO) + amount_of(line)
        held[place] = held.get(place, money.ZERO) + retained
    return standing_sheet(
        contract,
        worth=worth,
        held=held,
        tax=bill.totals.tax,
        recovered=bill.recovered,
        retained=bill.retained,
        withheld=withheld_for_defects(contract),
    )


def withheld_for_defects(contract: Contract) -> dict[int, Decimal]:
    """What of each line of the plan is accepted, and cannot be applied for before its defects are settled, net of tax,
    by the position of the line."""
    found: dict[int, Decimal] = {}
    held = Reservation.objects.held_back().filter(contract=contract).order_by()
    for position, amount in held.values_list("milestone__position", "amount"):
        found[position] = found.get(position, money.ZERO) + amount
    return found


def _deducted(one: GivenBack) -> rules.TaxedAmount:
    line = one.advance.lines.order_by("position")[0]
    return rules.TaxedAmount(-one.amount, line.tax_category, line.tax_rate)


def _held(kept: Withholding) -> Decimal:
    return kept.said.withheld if kept.said is not None else money.ZERO


def _decision(application: Application) -> dict[str, Any]:
    return {
        "submitted_sha256": application.sha256,
        "submitted_by": application.submitted_by_name,
        "submitted_at": application.submitted_at,
        "certified_by": application.decided_by_name,
        "certified_at": application.decided_at,
        **({"certified_by_link_to": application.grant.email} if application.grant is not None else {}),
        "comment": application.comment,
    }


def _row(line: rules.SheetLine) -> dict[str, Any]:
    return {
        "position": line.position,
        "title": line.title,
        "is_materials": line.is_materials,
        "scheduled": line.scheduled,
        "previous": line.previous,
        "period": line.period,
        "stored": line.stored,
        "completed": line.completed,
        "percent": line.percent,
        "balance": line.balance,
        "retained": line.retained,
    }


def _withheld(line: rules.SheetLine, sheet: rules.Sheet) -> dict[str, Decimal]:
    """What is withheld of a line for defects; nothing where nothing is withheld of any, as in texts of before."""
    return {"withheld": line.withheld} if sheet.sums.withheld else {}


def _part(line: ApplicationLine) -> dict[str, Any]:
    said: dict[str, Any] = {
        "milestone": line.milestone.ref,
        "position": line.milestone.position,
        "title": line.milestone.title,
        "claimed": line.claimed,
    }
    if line.certified is not None:
        said |= {"certified": line.certified, "retained": line.retained, "reason": line.reason}
    return said


def _charges(contract: Contract) -> dict[str, Any]:
    """What stands beside the price by documents of its own, so far: the buyer's below zero; nothing where nothing does.

    Neither sheet nor summary counts it: it lowers, or raises, what is owed on the document that it names.
    """
    found = Charge.objects.filter(contract=contract, state=ChargeState.STANDING)
    rows = [_charge(one) for one in found.select_related("milestone", "credit_note__invoice", "invoice").order_by("pk")]
    return {"charges": rows} if rows else {}


def _charge(charge: Charge) -> dict[str, Any]:
    document = charge.invoice or charge.credit_note
    if document is None:
        raise ValueError(f"charge {charge.ref} stands without a document")
    sign = 1 if charge.invoice is not None else -1
    return {
        "kind": str(charge.kind),
        "milestone": charge.milestone.title,
        "document": document.number,
        "to": charge.credit_note.invoice.number if charge.credit_note is not None else "",
        **{name: sign * getattr(document, name) for name in ("net", "tax", "gross")},
    }


def _summary(sheet: rules.Sheet) -> dict[str, Decimal]:
    """In the order in which it is reckoned (the summary of an application and certificate for payment)."""
    materials = money.total(line.retained for line in sheet.lines if line.is_materials)
    return {
        "original": sheet.original,
        "changes": sheet.changes,
        **({"lowered": sheet.lowered} if sheet.lowered else {}),
        "price": sheet.price,
        "completed": sheet.now.billed,
        "deposits": sheet.now.deposits,
        "tax": sheet.now.tax,
        "retained_on_work": sheet.now.retained - materials,
        "retained_on_stored": materials,
        "withheld": sheet.now.withheld,
        "earned": sheet.earned,
        "previous": sheet.before.payable,
        "due": sheet.due,
        "balance": sheet.balance,
        **({"accepted_and_withheld": sheet.sums.withheld} if sheet.sums.withheld else {}),
    }
