"""The credit notes by which damages and back-charges stand, and those by which they are withdrawn.

Damages lower what is owed and not what was supplied, so such a note credits no line of its invoice: it has one line of
its own, at the tax treatment that the contract names. It takes what is open first, then what is retained, and what was
paid beyond both comes free, as of every credit note; and never more than there is.
"""

from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext, ngettext

from apps.contracts.exemptions import Exemption
from apps.contracts.rules.payment import NET
from apps.core import money
from apps.core.errors import Refused
from apps.core.printing import words
from apps.invoicing import rules, snapshot
from apps.invoicing.models import Charge, CreditNote, Invoice, InvoiceLine, NumberSeries, OpenItem
from apps.invoicing.models.charge import ChargeKind
from apps.invoicing.services import credit_series, crediting, facts
from apps.invoicing.services.creditable import left_to_credit, refuse_uncreditable, retained_of
from apps.invoicing.services.sales import is_sold
from apps.invoicing.services.standing import standing
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.parties.actor import Actor


def issue(ref: str, *, charge: Charge, actor: Actor, at: datetime) -> CreditNote:
    """The credit note of what the buyer claimed or charged back, to the invoice of its milestone.

    Where applications for payment bill it, to the newest of their invoices that bills a part of it: of that it takes
    what there is, whatever milestones that bills. Refused before the first of them is certified.
    """
    item = crediting.hold(_invoice_of(charge))
    refuse_uncreditable(item.invoice)
    retained = money.ZERO if item.reserved else retained_of(item.invoice)
    room = item.open if item.reserved else item.open + retained + item.paid
    net, tax = within(charge.asked, rate=charge.tax_rate, room=room, currency=charge.currency)
    if not net:
        raise Refused(
            "Nothing is left of {number} from which it could be taken: it is credited in full.",
            number=item.invoice.number,
        )
    taken = rules.taken(net + tax, open_=item.open, retained=retained)
    note, series = _numbered(
        ref, item=item, charge=charge, net=net, tax=tax, actor=actor, at=at, retained=taken.retained
    )
    crediting.lower(item, by=note.gross, taken=taken, at=note.issued_at)
    _write(note, item=item, charge=charge, series=series, reason="")
    crediting.retain_less(item.invoice, by=taken.retained)
    freed = crediting.book(note, at=note.issued_at)
    credit_series.record(note, item=item, freed=freed, actor=actor, charge=charge.ref)
    return note


def _invoice_of(charge: Charge) -> str:
    """The reference of the invoice of its milestone; of several the newest that is not credited whole."""
    milestone = charge.milestone
    if not milestone.line.version.is_by_application:
        return Invoice.objects.values_list("ref", flat=True).get(milestone=milestone)
    own = Invoice.objects.filter(milestone=milestone)
    billed = own | Invoice.objects.filter(pk__in=InvoiceLine.objects.filter(milestone=milestone).values("invoice"))
    newest = list(billed.select_related("open_item").order_by("-pk"))
    if not newest:
        raise Refused(
            "Nothing of “{milestone}” is billed yet, so there is nothing from which it could be taken. It can be"
            " charged once an application for payment with it is certified.",
            milestone=milestone.title,
        )
    return next((one for one in newest if one.open_item.credited < one.gross), newest[0]).ref


def undo(ref: str, *, charge: Charge, reason: str, actor: Actor, at: datetime) -> CreditNote:
    """The exact opposite of the note by which a charge stood: what it took is owed again, all of it open now.

    What a financier bought is not owed again by this: the seller has borne the charge already.
    """
    before = charge.credit_note
    if before is None:
        raise ValueError(f"charge {charge.ref} has no credit note")
    item = crediting.hold(before.invoice.ref)
    if is_sold(item.invoice):
        raise Refused(
            "{number} is sold, and the seller has borne this charge towards the financier. It cannot be withdrawn any"
            " more; pay the seller what you do not charge.",
            number=item.invoice.number,
        )
    net, tax = -before.net, -before.tax
    note, series = _numbered(ref, item=item, charge=charge, net=net, tax=tax, actor=actor, at=at, undoes=before)
    item.credited -= before.gross
    item.open += before.gross
    item.settled_at = None
    _write(note, item=item, charge=charge, series=series, reason=reason)
    _post_undone(note)
    credit_series.record(note, item=item, freed=money.ZERO, actor=actor, charge=charge.ref)
    return note


def credit_bonus(ref: str, *, charge: Charge, reason: str, actor: Actor, at: datetime) -> CreditNote:
    """A bonus ends with the acceptance that earned it: its invoice is credited, as far as it is not yet."""
    if charge.invoice is None:
        raise ValueError(f"charge {charge.ref} has no invoice")
    left = left_to_credit(invoice_ref=charge.invoice.ref)
    if not left:
        note = charge.invoice.credit_notes.order_by("pk").last()
        if note is None:
            raise ValueError(f"{charge.invoice.number} has nothing left and no credit note")
        return note
    return crediting.credit_agreed(ref, invoice_ref=charge.invoice.ref, amount=left, reason=reason, actor=actor, at=at)


def within(asked: Decimal, *, rate: Decimal, room: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """What of a net amount fits with its tax into what is left, and that tax: nothing is ever due below zero."""
    net = asked
    tax = money.half_up(net * rate / 100, currency)
    if net + tax > room:
        net = money.floor(room / (1 + rate / 100), currency)
        tax = money.half_up(net * rate / 100, currency)
        if net + tax > room:
            net -= money.unit(currency)
            tax = money.half_up(net * rate / 100, currency)
    return max(net, money.ZERO), max(tax, money.ZERO)


def reason_of(charge: Charge) -> str:
    """What the document says for what it is, in the language that is active."""
    if charge.kind == ChargeKind.BACK_CHARGE:
        return charge.reason
    said = charge.reckoned or {}
    days = int(said.get("days", 0))
    return ngettext(
        "{days} day late: planned for {agreed}, accepted on {accepted}.",
        "{days} days late: planned for {agreed}, accepted on {accepted}.",
        days,
    ).format(
        days=words.count(days),
        agreed=words.day(date.fromisoformat(said["agreed_on"])),
        accepted=words.day(date.fromisoformat(said["accepted_on"])),
    )


def _numbered(
    ref: str, *, item: OpenItem, charge: Charge, net: Decimal, tax: Decimal, actor: Actor, at: datetime, **said: Any
) -> tuple[CreditNote, NumberSeries]:
    totals = rules.Totals(net=net, tax=tax, gross=net + tax)
    issuer = credit_series.person(actor)
    return credit_series.numbered(ref, item=item, issuer=issuer, totals=totals, at=at, purpose=charge.kind, **said)


def _write(note: CreditNote, *, item: OpenItem, charge: Charge, series: NumberSeries, reason: str) -> None:
    with translation.override(snapshot.read(item.invoice.snapshot).language):
        note.reason = reason or reason_of(charge)
        text = _semantic(note, charge=charge)
    credit_series.write(note, item=item, series=series, text=text)


def _semantic(note: CreditNote, *, charge: Charge) -> snapshot.SemanticInvoice:
    """What the note says: one line of its own, at its own tax; the parties as the invoice names them."""
    said = standing(note.invoice)
    category, rate = charge.tax_category, charge.tax_rate
    why = (
        charge.milestone.line.agreed.exemption
        if charge.tax_category == charge.milestone.line.agreed.tax_category
        else Exemption()
    )
    is_outside = category == rules.OUTSIDE_SCOPE
    sign = 1 if note.net > 0 else -1
    names = {
        ChargeKind.DAMAGES.value: gettext("Damages for delay of “{milestone}”"),
        ChargeKind.BACK_CHARGE.value: gettext("Back-charge on “{milestone}”"),
    }
    taxed = rules.TaxSubtotal(taxable=note.net, tax=note.tax, category=category, rate=rate)
    lines = (
        snapshot.Line(
            identifier="1",
            name=names[note.purpose].format(milestone=charge.milestone.title),
            description=note.reason,
            quantity=Decimal(sign),
            unit_code=snapshot.ONE,
            net_price=abs(note.net),
            net=note.net,
            tax_category=category,
            tax_rate=rate,
            **asdict(why),
        ),
    )
    totals = snapshot.Totals(lines=note.net, net=note.net, tax=note.tax, gross=note.gross, due=note.gross)
    return replace(
        said,
        kind=snapshot.CREDIT_NOTE,
        number=note.number,
        issued_at=note.issued_at,
        issue_date=note.issued_on,
        due_date=note.issued_on,
        payment_days=0,
        payment_basis=NET,
        seller=replace(said.seller, vat_identifier="") if is_outside else said.seller,
        buyer=replace(said.buyer, vat_identifier="") if is_outside else said.buyer,
        payee=None,
        credit_transfer=None,
        payment_reference="",
        retained=None,
        reserved=None,
        deposits=(),
        corrects=None,
        lines=lines,
        taxes=facts.tax_rows([taxed], lines=lines, language=said.language),
        totals=totals,
        preceding=snapshot.Preceding(
            number=said.number,
            issue_date=said.issue_date,
            reason=note.reason,
            withdraws_acceptance=False,
            credited=(),
            charge="withdrawn" if note.undoes is not None else note.purpose,
            undoes=note.undoes.number if note.undoes is not None else "",
        ),
    )


def _post_undone(note: CreditNote) -> None:
    key = f"contract:{note.invoice.contract.ref}"
    ledger.post(
        organisation_id=note.seller_id,
        currency=note.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"credit:{note.ref}",
        description=f"{note.number} undoes a charge on {note.invoice.number}",
        booked_on=note.issued_on,
        legs=[
            ledger.debit(Seller.RECEIVABLES, amount=-note.gross, key=f"invoice:{note.invoice.ref}"),
            ledger.credit(Seller.CONTRACT_BALANCE, amount=-note.net, key=key),
            ledger.credit(Seller.OUTPUT_TAX, amount=-note.tax),
        ],
        at=note.issued_at,
    )
