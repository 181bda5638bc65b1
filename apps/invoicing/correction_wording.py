"""Which invoice a credit note or a corrected invoice corrects, and why: the sentence that paper and XML share."""

from collections.abc import Iterator

from django.utils.translation import gettext

from apps.core.printing.words import day, money
from apps.invoicing.snapshot import Corrects, Preceding, Replaces, SemanticInvoice


def correction(invoice: SemanticInvoice) -> str:
    """BT-22: which invoice a credit note or a corrected invoice corrects, and why; nothing on an invoice."""
    if invoice.corrects is not None:
        return _corrected(invoice.corrects, currency=invoice.currency)
    if invoice.replaces is not None:
        return _replaced(invoice.replaces)
    return _preceding(invoice.preceding, invoice) if invoice.preceding is not None else ""


def _replaced(replaces: Replaces) -> str:
    return gettext(
        "This stands in place of invoice {number} of {date}, which credit note {note} cancels. What was paid on that"
        " one counts for this one. Reason: {reason}"
    ).format(number=replaces.number, date=day(replaces.issue_date), note=replaces.credit_note, reason=replaces.reason)


def _preceding(preceding: Preceding, invoice: SemanticInvoice) -> str:
    if invoice.of_late_payment:
        return gettext("Claim for late payment {number} of {date}, waived by this amount. Reason: {reason}").format(
            number=preceding.number,
            date=day(preceding.issue_date),
            reason=preceding.reason,
        )
    if preceding.kept_back_again:
        return _kept_back_again(preceding)
    charge = preceding.charge
    if charge:
        said = {
            "damages": gettext("Damages for delay, taken from what is owed on invoice {number} of {date}. {reason}"),
            "back_charge": gettext("Back-charge, taken from what is owed on invoice {number} of {date}. {reason}"),
        }
        undone = gettext(
            "{undoes} is withdrawn: what it took from invoice {number} of {date} is owed again. Reason: {reason}"
        )
        return said.get(charge, undone).format(
            number=preceding.number,
            date=day(preceding.issue_date),
            reason=preceding.reason,
            undoes=preceding.undoes,
        )
    if preceding.issued_anew:
        return gettext("Invoice {number} of {date} is cancelled, and is issued anew. Reason: {reason}").format(
            number=preceding.number, date=day(preceding.issue_date), reason=preceding.reason
        )
    words = (
        gettext("Acceptance withdrawn, to invoice {number} of {date}. Reason: {reason}")
        if preceding.withdraws_acceptance
        else gettext("Correction of the price, to invoice {number} of {date}. Reason: {reason}")
    )
    return words.format(number=preceding.number, date=day(preceding.issue_date), reason=preceding.reason)


def _kept_back_again(preceding: Preceding) -> str:
    words = (
        gettext(
            "Both sides agreed that so much of statement {number} of {date} was released in error. It is retained again"
            " until {until}. Reason: {reason}"
        )
        if preceding.kept_until is not None
        else gettext(
            "Both sides agreed that so much of statement {number} of {date} was released in error. It is retained again"
            " until the buyer releases it. Reason: {reason}"
        )
    )
    return words.format(
        number=preceding.number,
        date=day(preceding.issue_date),
        until=day(preceding.kept_until) if preceding.kept_until is not None else "",
        reason=preceding.reason,
    )


def _corrected(corrects: Corrects, *, currency: str) -> str:
    said = gettext(
        "This stands in place of invoice {number} of {date}. Nothing more is owed by it: no sum of money is changed."
        " Reason: {reason}"
    ).format(number=corrects.number, date=day(corrects.issue_date), reason=corrects.reason)
    changed = (
        gettext("“{before}” is now “{after}”.").format(before=before or "–", after=after or "–")
        for before, after in corrects.changes
    )
    return " ".join((said, *changed, *_paid_otherwise(corrects, currency=currency)))


def _paid_otherwise(corrects: Corrects, *, currency: str) -> Iterator[str]:
    """What is not paid any more as it stands on the document, which repeats what the invoice asked for."""
    if corrects.open is not None and not corrects.open:
        yield gettext("Nothing of it was still to be paid when this was issued.")
    elif corrects.open is not None:
        yield gettext("When this was issued, {amount} of it was still to be paid.").format(
            amount=money(corrects.open, currency)
        )
    if corrects.payee:
        yield gettext("{payee} is paid, as you were told since, and not into the account that stands here.").format(
            payee=corrects.payee
        )
