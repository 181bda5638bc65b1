"""The claim of interest and fees for late payment: what has run is asked for by a document of its own.

Compensation for being late is outside the scope of VAT (Court of Justice, C-222/81, BAZ Bausystem), so the document is
no tax invoice: it bears no tax, has a series of its own, and there is no XML of it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext, ngettext

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import canonical, money
from apps.core.errors import Refused, Stale
from apps.core.printing import words
from apps.invoicing import rules, snapshot
from apps.invoicing.models import Invoice, InvoiceKind, LateClaim, OpenItem
from apps.invoicing.services import facts
from apps.invoicing.services.demands import demand
from apps.invoicing.services.late_interest import Late, claimable
from apps.invoicing.services.numbering import lock_series
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action

PREFIX = "LPC"
"""The series of claims for late payment, by year: they are no tax invoices, so they use up no such number."""
Claimed = tuple[Late, str, str, Decimal]
"""What is claimed of one invoice: a line with its name, its computation and its amount."""


def late_of(contract: Contract, *, today: date) -> Mapping[int, Late]:
    """What could be claimed of a contract's invoices, paid by now or not; by invoice, the oldest first."""
    items = OpenItem.objects.filter(contract=contract).order_by("due_on", "pk")
    return claimable(items, today=today)


def seen_of(late: Mapping[int, Late]) -> str:
    """SHA-256 of what would be claimed, so that what is claimed is what was shown."""
    return canonical.sha256(
        canonical.text(
            [
                {"invoice": pk, "after": one.after, "interest": one.charge.interest, "fee": one.charge.fee}
                for pk, one in late.items()
            ]
        )
    )


def claim_late_payment(ref: str, *, contract: Contract, actor: Actor, seen: str, at: datetime) -> Invoice | None:
    """Ask for all interest and fees that have run on a contract until today, by one document.

    ``ref`` is the new reference that it gets, ``seen`` what :func:`seen_of` said of what was shown; where something
    else would be claimed by now it is :class:`Stale`. The system claims where the contract says that reminders do, and
    answers None where there is nothing to claim. The caller holds the contract.
    """
    is_system = actor.kind is ActorKind.SYSTEM
    version = contract.active_version
    if not is_system:
        contracts.require_seller(contract, actor=actor, action=Action.RECORD_PAYMENT)
    if version is None:
        raise Refused("This contract agrees on no interest and no fee for late payment.")
    zone = ZoneInfo(contract.seller.time_zone)
    today = at.astimezone(zone).date()
    late = late_of(contract, today=today)
    if is_system:
        late = {pk: one for pk, one in late.items() if one.terms.with_reminders}
    elif late and seen_of(late) != seen:
        raise Stale("Something was paid, credited or claimed after the page was shown. Look at the figures again.")
    if not late:
        if is_system:
            return None
        if version.late_payment is None:
            raise Refused("This contract agrees on no interest and no fee for late payment.")
        raise Refused("Nothing has run that was not claimed yet: no invoice of this contract is or was paid late.")
    series, account = lock_series(PREFIX, milestone=None, contract=contract, year=today.year)
    at = max(at, series.last_issued_at or at)
    issued_on = at.astimezone(zone).date()
    due_on = version.due_on(issued_on)
    number = rules.invoice_number(prefix=PREFIX, year=series.year, position=series.last + 1)
    with translation.override(facts.language_of(contract.buyer)):
        rows = [row for one in late.values() for row in _lines(one, currency=contract.currency)]
    amount = money.total(row[3] for row in rows)
    text = snapshot.write(
        _semantic(contract, rows, amount=amount, account=account, number=number, on=issued_on, due_on=due_on, at=at)
    )
    claim = demand(
        ref,
        contract=contract,
        kind=InvoiceKind.LATE_CHARGE,
        series=series,
        number=number,
        lines=[(name, net) for _one, name, _how, net in rows],
        text=text,
        at=at,
        issued_on=issued_on,
        due_on=due_on,
    )
    _claim_days(claim, late=late, until=today)
    _post(claim)
    contracts.record(
        contract,
        verb="late_payment.claimed",
        subject=f"invoice:{claim.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        number=number,
        invoices=[one.number for one in late.values()],
        until=today,
        interest=money.total(one.charge.interest for one in late.values()),
        fees=money.total(one.charge.fee for one in late.values()),
        currency=claim.currency,
        amount=amount,
        due_on=due_on,
        snapshot_sha256=claim.snapshot_sha256,
        chain_sha256=claim.chain_sha256,
    )
    return claim


def _lines(one: Late, *, currency: str) -> list[Claimed]:
    """Interest of an invoice with its days, and its fee; in the language that is active."""
    rows: list[Claimed] = []
    charge, terms = one.charge, one.terms
    if charge.interest:
        parts = [
            ngettext(
                "{days} day, {first} to {last}, on {amount}", "{days} days, {first} to {last}, on {amount}", part.days
            ).format(
                days=words.count(part.days),
                first=words.day(part.first),
                last=words.day(part.until),
                amount=words.money(part.principal, currency),
            )
            for part in charge.stretches
        ]
        rate = gettext("simple interest of {rate} a year, days of {days}").format(
            rate=words.percent(terms.annual_rate), days=terms.days_of_year
        )
        how = f"{rate} ({terms.basis})" if terms.basis else rate
        counts_from = one.invoice.interest_due_on
        if counts_from is None:
            name = gettext("Interest on invoice {number}, due {date}")
            said = name.format(number=one.number, date=words.day(one.due_on))
        else:
            # Silence let interest run: what was accepted later counts as accepted at the end of its review.
            name = gettext("Interest on invoice {number}, due for computing interest {date}")
            said = name.format(number=one.number, date=words.day(counts_from))
            agreed = gettext(
                "for computing interest the work counts as accepted when its review ended without an answer"
            )
            how = f"{how}; {agreed}"
        rows.append((one, said, f"{'; '.join(parts)}; {how}", charge.interest))
    if charge.fee:
        name = gettext("Fee for late payment of invoice {number}")
        rows.append((one, name.format(number=one.number), gettext("As agreed, once for each invoice"), charge.fee))
    return rows


def _semantic(
    contract: Contract,
    rows: Sequence[Claimed],
    *,
    amount: Decimal,
    account: facts.Account,
    number: str,
    on: date,
    due_on: date,
    at: datetime,
) -> snapshot.SemanticInvoice:
    seller, buyer, version = contract.seller, contract.buyer, contract.active_version
    if version is None:
        raise ValueError(f"contract {contract.ref} has no version in force")
    outside = rules.OUTSIDE_SCOPE
    return snapshot.SemanticInvoice(
        kind=InvoiceKind.LATE_CHARGE.value,
        number=number,
        issued_at=at,
        issue_date=on,
        time_zone=seller.time_zone,
        language=facts.language_of(buyer),
        currency=contract.currency,
        due_date=due_on,
        payment_days=version.payment_days,
        payment_basis=version.payment_basis,
        contract_number=contract.number,
        contract_title=contract.title,
        contract_version=version.number,
        contract_version_sha256=version.sha256,
        governing_law=version.governing_law,
        seller=facts.sender_of(seller, category=outside),
        buyer=facts.party_of(buyer, category=outside),
        payee=None,
        credit_transfer=snapshot.CreditTransfer(**account.fields) if account.fields else None,
        acceptance=None,
        lines=tuple(
            snapshot.Line(
                identifier=str(place),
                name=name,
                description=how,
                quantity=Decimal(1),
                unit_code=snapshot.ONE,
                net_price=net,
                net=net,
                tax_category=outside,
                tax_rate=money.ZERO,
            )
            for place, (_one, name, how, net) in enumerate(rows, start=1)
        ),
        taxes=facts.tax_rows([rules.TaxSubtotal(taxable=amount, tax=money.ZERO, category=outside, rate=money.ZERO)]),
        totals=snapshot.Totals(lines=amount, net=amount, tax=money.ZERO, gross=amount, due=amount),
        of_late_payment=True,
        buyer_reference=buyer.buyer_reference,
        order_number=contract.order_number,
        payment_reference=rules.payment_reference(number, iban=(account.fields or {}).get("iban", "")),
    )


def _claim_days(claim: Invoice, *, late: Mapping[int, Late], until: date) -> None:
    """Until which day this claims of each invoice. A claim that waited for its number over midnight bears the next."""
    LateClaim.objects.bulk_create(
        LateClaim(
            claim=claim,
            invoice=one.invoice,
            after=one.after,
            until=until,
            interest=one.charge.interest,
            fee=one.charge.fee,
        )
        for one in late.values()
    )


def _post(claim: Invoice) -> None:
    """Being late is no performance: it is other income, and moves no contract balance."""
    ledger.post(
        organisation_id=claim.seller_id,
        currency=claim.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"invoice:{claim.ref}",
        description=f"Interest and fees for late payment {claim.number}",
        booked_on=claim.issued_on,
        legs=[
            ledger.debit(Seller.RECEIVABLES, amount=claim.gross, key=f"invoice:{claim.ref}"),
            ledger.credit(Seller.OTHER_INCOME, amount=claim.gross, key=f"contract:{claim.contract.ref}"),
        ],
        at=claim.issued_at,
    )
