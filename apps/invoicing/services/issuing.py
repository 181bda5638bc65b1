"""From an accepted milestone to an issued invoice: numbered, snapshotted, chained, posted."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from apps.audit import services as audit
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.contracts.payment_documents import Wanted
from apps.core import canonical
from apps.core.database import in_flight, together
from apps.core.errors import Refused
from apps.invoicing import rules, snapshot
from apps.invoicing.models import CreditNote, Instalment, Invoice, NumberSeries
from apps.invoicing.services import beside as standing
from apps.invoicing.services import causes, facts
from apps.invoicing.services.final import as_final
from apps.invoicing.services.invoice_rows import deductions_of, held, post, rows_of
from apps.invoicing.services.numbering import lock_series
from apps.invoicing.services.recovery import Deduction, deducted
from apps.invoicing.services.reserved import reserved_of, withholdings
from apps.invoicing.services.sales import Sale
from apps.invoicing.services.starting import start
from apps.invoicing.services.wanted_documents import wanted_of
from apps.invoicing.services.withholding import billed_of, withheld
from apps.milestones.models import Decision, Milestone, Reservation
from apps.milestones.models.milestone import MilestoneState
from apps.parties.actor import Actor
from apps.parties.models import BankAccount, Organisation

PREFIX = "INV"
"""The series of all invoices that a seller issues, by year."""


def check_billable(*, contract: Contract, version: ContractVersion) -> None:
    """Refuse, in words for the seller, terms that could not be billed: called before a version is proposed.

    The buyer who signs a milestone off cannot mend the seller's tax number, so it must not be found missing then.
    """
    treatments = {(version.tax_category, version.tax_rate, version.exemption_code), *_own_treatments(version)}
    _check_tax(sorted({(category, rate) for category, rate, _code in treatments}), contract=contract)
    for code in sorted({code for _category, _rate, code in treatments}):
        rules.check_reason(code, seller=_tax_identity(contract.seller))
    account = BankAccount.objects.filter(organisation_id=contract.seller_id, currency=version.currency, is_default=True)
    if not account.exists():
        raise Refused(
            "{name} has no bank account in {currency} that invoices could name. Add one to the organisation's data.",
            lacks="bank_account",
            name=contract.seller.legal_name,
            currency=version.currency,
        )


def issue(
    ref: str,
    *,
    milestone: Milestone,
    contract: Contract,
    reservations: Sequence[Reservation] = (),
    others: int = 1,
    sale: Sale | None = None,
    actor: Actor,
    at: datetime,
) -> tuple[Invoice, bool]:
    """Bill an accepted milestone: one invoice, once, with the next number of the seller's series and year.

    ``ref`` is the new reference that it gets. The number's row, the balances and the audit head are locked last and
    briefly. Amounts are in the contract's currency; the invoice's date is today where the seller is, and never before
    that of the number before it. Lines of the plan that start with this milestone have their start from now on.
    What was withheld for the ``reservations`` of the acceptance is invoiced too and not due. By a ``sale`` the
    receivable leaves the seller's book on the day on which it comes in. Refused when tax data are missing.

    With the invoice it is told whether something else of the contract is still to be billed: other milestones (how many
    ``others`` are open), instalments, or what stands in an application for payment. What is left of deposits ends with
    the last one.
    """
    submission = milestone.accepted_submission
    if milestone.state != MilestoneState.ACCEPTED or submission is None:
        raise Refused("Only an accepted milestone is billed. Reload the page to see what happened.")
    cause = causes.of_milestone(milestone, acceptance=submission.decision)
    invoice, beside = issue_for(
        ref, cause=cause, contract=contract, reservations=reservations, others=others, sale=sale, actor=actor, at=at
    )
    if beside.starting:
        start(beside.starting, on=_local_day(submission.decision, seller=contract.seller))
    return invoice, others > 0 or beside.is_more


def issue_for(
    ref: str,
    *,
    cause: causes.Cause,
    contract: Contract,
    reservations: Sequence[Reservation] = (),
    others: int = 1,
    sale: Sale | None = None,
    cancelled: CreditNote | None = None,
    actor: Actor,
    at: datetime,
) -> tuple[Invoice, standing.Beside]:
    """Issue the invoice of a cause that was checked, in place of what is ``cancelled``; and what was read beside it."""
    version, milestone, instalment = cause.version, cause.milestone, cause.instalment
    seller, buyer, zone = contract.seller, contract.buyer, ZoneInfo(contract.seller.time_zone)
    check_taxed(cause.billed, contract=contract)
    year = at.astimezone(zone).year
    series, account = lock_series(PREFIX, milestone=milestone, contract=contract, year=year, others=others)
    # Another contract's invoice may have drawn its number while this one waited: a higher number is never earlier.
    at = max(at, series.last_issued_at or at)
    issued_on = at.astimezone(zone).date()
    beside = standing.read(cause, contract=contract, series=series, others=others, on=issued_on)
    in_place_of = cancelled.invoice if cancelled is not None else None
    deduction = deducted(cause, contract=contract, standing=beside.deposits, cancelled=in_place_of)
    breakdown = breakdown_of(cause, deduction=deduction, currency=contract.currency)
    totals = rules.totals(breakdown)
    work = billed_of(cause, deduction=deduction, currency=contract.currency)
    kept = withheld(contract=contract, version=version, totals=totals, billed=work, asked=beside.withheld)
    retained = kept.said
    reserved = reserved_of(reservations, totals=totals, rate=cause.taxed.rate, retained=retained)
    due_on = cause.agreed.due_on(issued_on)
    interest_due_on = _interest_due_on(cause, due_on=due_on, zone=zone) if in_place_of is None else None
    # Where nothing is ever to be paid nothing is asked for; what is withheld for defects is paid once they are settled.
    is_payable = totals.gross > held(retained)
    wanted = _wanted(cause, contract=contract, beside=beside, on=issued_on) if is_payable else []
    number = rules.invoice_number(prefix=PREFIX, year=series.year, position=series.last + 1)
    said = facts.semantic(
        cause,
        contract=contract,
        breakdown=breakdown,
        totals=totals,
        account=account,
        retained=retained,
        reserved=reserved,
        deducted=deduction.lines,
        advances=[one.advance for one in deduction.parts],
        number=number,
        issued_on=issued_on,
        due_on=due_on,
        documents=wanted,
        replaces=_replaced(cancelled) if cancelled is not None else None,
        at=at,
    )
    if deduction.is_last:
        said = as_final(said, cause=cause, contract=contract, whole=beside.whole)
    text = snapshot.write(said)
    text_sha256 = canonical.sha256(text)
    series.last += 1
    series.head = canonical.sha256(series.head + number + text_sha256)
    series.last_issued_at = at

    invoice = Invoice(
        ref=ref,
        seller=seller,
        buyer=buyer,
        contract=contract,
        kind=cause.invoice_kind,
        milestone=milestone,
        instalment=instalment,
        application=cause.application,
        replaces=in_place_of,
        number=number,
        series_prefix=PREFIX,
        series_year=series.year,
        series_position=series.last,
        currency=contract.currency,
        net=totals.net,
        tax=totals.tax,
        gross=totals.gross,
        recovered=deduction.amount,
        issued_at=at,
        issued_on=issued_on,
        due_on=due_on,
        interest_due_on=None if wanted else interest_due_on,
        snapshot=text,
        snapshot_sha256=text_sha256,
        chain_sha256=series.head,
    )
    rows = [
        *rows_of(invoice, cause=cause, kept=kept, reserved=reserved, documents=wanted, at=at),
        *deductions_of(invoice, deduction=deduction),
        *withholdings(invoice, reservations=reservations, reserved=reserved),
    ]
    with in_flight.nobody_waits():
        together.insert(invoice, children=rows, after=_changed(series, sale=sale, instalment=instalment, at=at))
        post(invoice, held_back=held(retained) + held(reserved), sale=sale, at=at)
    _record(invoice, retained=held(retained), reserved=held(reserved), actor=actor, at=at)
    if deduction.is_last:
        standing.drop_deposits(beside, contract=contract, actor=actor, at=at)
    return invoice, beside


def _wanted(cause: causes.Cause, *, contract: Contract, beside: standing.Beside, on: date) -> list[Wanted]:
    billed = [one.milestone for one in cause.billed]
    return wanted_of(contract=contract, version=cause.version, milestones=billed, on=on, confirmed=beside.documents)


def _replaced(note: CreditNote) -> snapshot.Replaces:
    """What an invoice says of the one in place of which it is issued."""
    said = snapshot.read(note.snapshot).preceding
    if said is None:
        raise ValueError(f"{note.number} says of no invoice that it is cancelled")
    return snapshot.Replaces(said.number, said.issue_date, note.number, note.reason)


def _changed(
    series: NumberSeries, *, sale: Sale | None, instalment: Instalment | None, at: datetime
) -> list[together.Change]:
    """What changes with an invoice: its number is drawn, something is sold, an instalment is billed."""
    changed: list[together.Change] = [(series, ["last", "head", "last_issued_at"]), *(sale.changed if sale else ())]
    if instalment is not None:
        instalment.billed_at = at
        changed.append((instalment, ["billed_at"]))
    return changed


def _interest_due_on(cause: causes.Cause, *, due_on: date, zone: ZoneInfo) -> date | None:
    """When it counts as due for computing interest: as if it had been issued on the day on which the work counts as
    accepted for that, in the seller's time zone. None where that is no earlier, or where nothing counts so.

    Federal Acquisition Regulation, 52.232-25(a)(5)(i): acceptance is deemed to occur on that day for the sole purpose
    of computing an interest penalty; the due date counts from acceptance, (a)(1). What waits for documents before
    payment is not due before them in either case. Nobody was late with an invoice that was wrong: one that is issued
    anew counts from its own due date.
    """
    decision = cause.acceptance
    if decision is None or decision.accepted_for_interest_at is None:
        return None
    counts = cause.agreed.due_on(decision.accepted_for_interest_at.astimezone(zone).date())
    return counts if counts < due_on else None


def breakdown_of(cause: causes.Cause, *, deduction: Deduction, currency: str) -> list[rules.TaxSubtotal]:
    """The tax on what it bills, line by line at its own treatment, less what it gives back."""
    billed = (one.taxed for one in cause.billed)
    less = (rules.TaxedAmount(line.net, line.tax_category, line.tax_rate) for line in deduction.lines)
    return rules.tax_breakdown([*billed, *less], currency=currency)


def _record(invoice: Invoice, *, retained: Decimal, reserved: Decimal, actor: Actor, at: datetime) -> None:
    told: dict[str, Any] = {"recovered": invoice.recovered} if invoice.recovered else {}
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties=[invoice.seller_id, invoice.buyer_id],
        verb="invoice.issued",
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        number=invoice.number,
        **invoice.cause_told,
        currency=invoice.currency,
        net=invoice.net,
        tax=invoice.tax,
        gross=invoice.gross,
        **told,
        retained=retained,
        reserved=reserved,
        due_on=invoice.due_on,
        snapshot_sha256=invoice.snapshot_sha256,
        chain_sha256=invoice.chain_sha256,
    )


def _local_day(decision: Decision, *, seller: Organisation) -> date:
    return decision.decided_at.astimezone(ZoneInfo(seller.time_zone)).date()


def _own_treatments(version: ContractVersion) -> set[tuple[str, Decimal, str]]:
    """How lines of a version, and of the plans that may be picked instead, are taxed that are taxed otherwise, each
    with the code by which it says why it bears no tax."""
    lines = PlanLine.objects.filter(Q(version=version) | Q(version__option_of=version)).exclude(tax_category="")
    found = lines.order_by().values_list("tax_category", "tax_rate", "exemption_code").distinct()
    return {(category, rate, code) for category, rate, code in found if rate is not None}


def check_taxed(billed: Iterable[causes.Cause], *, contract: Contract) -> None:
    """Refuse to bill what cannot be taxed as it is agreed."""
    _check_tax({(one.taxed.category, one.taxed.rate) for one in billed}, contract=contract)


def _check_tax(treatments: Iterable[tuple[str, Decimal]], *, contract: Contract) -> None:
    seller, buyer = _tax_identity(contract.seller), _tax_identity(contract.buyer)
    for category, rate in treatments:
        rules.check_tax(category=category, rate=rate, seller=seller, buyer=buyer)


def _tax_identity(organisation: Organisation) -> rules.TaxIdentity:
    return rules.TaxIdentity(
        name=organisation.legal_name,
        street=organisation.street,
        city=organisation.city,
        country=organisation.country,
        vat_number=organisation.vat_number,
        tax_number=organisation.tax_number,
    )
