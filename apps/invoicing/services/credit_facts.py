"""What is known when a credit note is issued, as the semantic document that is stored, chained and shown."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from django.utils import translation
from django.utils.translation import gettext

from apps.contracts.rules.payment import NET
from apps.invoicing import rules, snapshot
from apps.invoicing.models import CreditNote, InvoiceLine
from apps.invoicing.services.facts import tax_rows
from apps.invoicing.services.returning import as_invoice
from apps.invoicing.services.standing import standing


def semantic_credit(
    note: CreditNote,
    *,
    lines: Sequence[InvoiceLine],
    credit: rules.Credit,
    totals: rules.Totals,
    kept_until: date | None = None,
) -> snapshot.SemanticInvoice:
    """What the invoice said, with the credited amounts in place of its own; the parties stay those that it names.

    Of a statement of retention so much is kept back again, ``kept_until`` or until the buyer releases it.
    """
    is_release = note.invoice.is_release
    said = as_invoice(note.invoice, lines=lines) if is_release else standing(note.invoice)
    written = [_as_booked(line, said=said, place=place) for place, line in enumerate(lines)]
    if sum(line.net > 0 for line in lines) > 1 and not is_release:
        with translation.override(said.language):
            written = [_named(line, number=said.number) for line in written]
    credited = tuple(
        replace(
            line,
            quantity=Decimal(1 if net > 0 else -1),
            unit_code=snapshot.ONE,
            net_price=abs(net),
            base_quantity=Decimal(1),
            net=net,
        )
        for line, net in zip(written, credit.lines, strict=True)
        if net
    )
    return replace(
        said,
        kind=snapshot.CREDIT_NOTE,
        number=note.number,
        issued_at=note.issued_at,
        issue_date=note.issued_on,
        due_date=note.issued_on,
        payment_days=0,
        payment_basis=NET,
        payee=None,
        credit_transfer=None,
        payment_reference="",
        retained=None,
        reserved=None,
        deposits=(),
        corrects=None,
        lines=credited,
        taxes=tax_rows(credit.breakdown, lines=credited, language=said.language),
        totals=snapshot.Totals(lines=totals.net, net=totals.net, tax=totals.tax, gross=totals.gross, due=totals.gross),
        preceding=snapshot.Preceding(
            number=said.number,
            issue_date=said.issue_date,
            reason=note.reason,
            withdraws_acceptance=note.purpose == CreditNote.Purpose.NULLIFICATION,
            credited=tax_rows(credit.before),
            issued_anew=note.purpose == CreditNote.Purpose.REPLACEMENT,
            kept_back_again=is_release,
            kept_until=kept_until,
        ),
    )


def _named(line: snapshot.Line, *, number: str) -> snapshot.Line:
    """One of several lines, with which of the invoice's it is (EN 16931 has no reference to a line of another)."""
    which = gettext("Line {line} of {number}").format(line=line.identifier, number=number)
    return replace(line, description=f"{which}. {line.description}" if line.description else which)


def _as_booked(line: InvoiceLine, *, said: snapshot.SemanticInvoice, place: int) -> snapshot.Line:
    """A line as the invoice shows it; a final invoice shows the whole contract, and what it billed is credited."""
    if said.kind != snapshot.FINAL:
        return said.lines[place]
    return replace(said.lines[0], identifier=str(place + 1), name=line.description, description="")
