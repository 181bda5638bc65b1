"""The sentences of an invoice that paper and XML share, in the language that is active: written once, so never two."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext

from apps.contracts import exemption_wording, retention_wording
from apps.contracts.exemptions import OF_CATEGORY
from apps.contracts.payment_documents import RUN
from apps.contracts.retention import RetentionRelease
from apps.contracts.rules.payment import NET
from apps.contracts.wording import payment
from apps.core.money import ZERO
from apps.core.printing.words import day, money, percent
from apps.invoicing import rules
from apps.invoicing.application_wording import certified
from apps.invoicing.snapshot import Acceptance, CreditTransfer, Line, Preceding, SemanticInvoice, TaxRow


def title(invoice: SemanticInvoice) -> str:
    """What sort of document it is, which, and from whom."""
    said = gettext("Invoice {number} from {seller}")
    if invoice.preceding is not None:
        said = gettext("Credit note {number} from {seller}")
    elif invoice.corrects is not None:
        said = gettext("Corrected invoice {number} from {seller}")
    elif invoice.of_late_payment:
        said = gettext("Late payment {number} from {seller}")
    return said.format(number=invoice.number, seller=invoice.seller.name)


def payment_terms(invoice: SemanticInvoice) -> str:
    """BT-20: until when the whole is payable, or what of it now and later; of a credit note, what becomes of it."""
    return " ".join(words for words, _part in parts_of_terms(invoice))


def parts_of_terms(invoice: SemanticInvoice) -> list[tuple[str, Decimal]]:
    """The same part by part, each with how much of the total it is about: first what is due by the date."""
    parts = [(_terms(invoice), invoice.due_now)]
    if invoice.retained is not None:
        parts.append((retention(invoice), invoice.retained.withheld))
    if invoice.reserved is not None:
        parts.append((reservations(invoice), invoice.reserved.withheld))
    return parts


def _terms(invoice: SemanticInvoice) -> str:
    if invoice.preceding is not None:
        return _credited(invoice.preceding)
    if invoice.retained is not None or invoice.reserved is not None:
        return _due_now(invoice)
    if not invoice.totals.due:
        return gettext("Nothing is to be paid on this invoice: the deposit that is deducted covers all of it.")
    return documents(invoice) or _in_time(invoice)


def _in_time(invoice: SemanticInvoice) -> str:
    if invoice.payment_basis != NET:
        return gettext("Payable {terms}: by {date}, without deduction.").format(
            terms=payment(invoice.payment_days, invoice.payment_basis), date=day(invoice.due_date)
        )
    if not invoice.payment_days:
        return gettext("Payable on receipt, without deduction.")
    return gettext("Payable within {days} days of the invoice date, by {date}, without deduction.").format(
        days=invoice.payment_days, date=day(invoice.due_date)
    )


def _credited(preceding: Preceding) -> str:
    if preceding.charge == "withdrawn":
        return gettext("What is open again on invoice {number} is payable as that invoice says.").format(
            number=preceding.number
        )
    if preceding.issued_anew:
        return gettext(
            "Nothing is to be paid on this credit note, nor on invoice {number}. What was paid on that one counts for"
            " the one in its place, and what is beyond it stays yours."
        ).format(number=preceding.number)
    if preceding.kept_back_again:
        return gettext(
            "Nothing is to be paid on this credit note: it lowers what statement {number} asks for. What was paid"
            " beyond that stays yours, to be set off or paid back."
        ).format(number=preceding.number)
    return gettext(
        "Nothing is to be paid on this credit note: it lowers what is owed on invoice {number}. What was paid"
        " beyond that stays yours, to be set off or paid back."
    ).format(number=preceding.number)


def retention(invoice: SemanticInvoice) -> str:
    """BT-22: which part of the total the buyer keeps back, and by what it becomes payable; empty where there is none.

    A document-level allowance (BG-20) would lower the taxable amount and a paid amount (BT-113) claim a payment; it is
    neither. So the amount due (BT-115) stays the total, and only terms and note tell.
    """
    retained = invoice.retained
    if retained is None:
        return ""
    if retained.kinds:
        return " ".join(
            gettext("{amount} is retained as agreed ({kind}) and becomes payable later: {when}.").format(
                amount=money(kind.withheld, invoice.currency), kind=kind.name, when=_when(kind.releases)
            )
            for kind in retained.kinds
        )
    when = _when(retained.releases)
    return gettext("{amount} is retained as agreed and becomes payable later: {when}.").format(
        amount=money(retained.withheld, invoice.currency), when=when
    )


def _when(releases: Sequence[RetentionRelease]) -> str:
    return ", ".join(
        gettext("{share} of it {event}").format(share=percent(release.share), event=retention_wording.event(release))
        for release in releases
    )


def reservations(invoice: SemanticInvoice) -> str:
    """BT-22: what the buyer withholds for which defects, and when it becomes payable; empty where there is none.

    As with retention it is neither an allowance nor a payment: the price is owed, only not yet.
    """
    reserved = invoice.reserved
    if reserved is None:
        return ""
    items = "; ".join(
        gettext("{amount} for “{defect}”, to be mended by {date}").format(
            amount=money(item.amount, invoice.currency), defect=item.title, date=day(item.due_on)
        )
        for item in reserved.items
    )
    return gettext(
        "Accepted with reservations: {amount} is withheld and becomes payable as each defect is mended and released:"
        " {items}."
    ).format(amount=money(reserved.withheld, invoice.currency), items=items)


def documents(invoice: SemanticInvoice) -> str:
    """BT-20: which documents come before payment, and when it is due once they are there; empty where none does."""
    if not invoice.documents:
        return ""
    terms = payment(invoice.payment_days, invoice.payment_basis)
    named = ", ".join(invoice.documents)
    if invoice.documents_days == RUN:
        return gettext(
            "Payable {terms}, without deduction, but not before the buyer has confirmed these documents: {documents}."
        ).format(terms=terms, documents=named)
    return gettext(
        "Not due before the buyer has confirmed these documents: {documents}. Then payable as if it were dated on the"
        " day of the last confirmation: {terms}, without deduction."
    ).format(terms=terms, documents=named)


def _due_now(invoice: SemanticInvoice) -> str:
    amount = money(invoice.due_now, invoice.currency)
    if invoice.documents:
        share = gettext("That is {amount} of the total.")
        return " ".join((documents(invoice), share.format(amount=amount)))
    if invoice.payment_basis != NET:
        return gettext("Of the total, {amount} is payable {terms}: by {date}, without deduction.").format(
            amount=amount, terms=payment(invoice.payment_days, invoice.payment_basis), date=day(invoice.due_date)
        )
    if not invoice.payment_days:
        return gettext("Of the total, {amount} is payable on receipt, without deduction.").format(amount=amount)
    return gettext(
        "Of the total, {amount} is payable within {days} days of the invoice date, by {date}, without deduction."
    ).format(amount=amount, days=invoice.payment_days, date=day(invoice.due_date))


def period(invoice: SemanticInvoice) -> str:
    """BG-14: from which day to which something is billed; nothing of a milestone and of a deposit."""
    if invoice.period is None:
        return ""
    first, last = invoice.period
    return gettext("{first} to {last}").format(first=day(first), last=day(last))


def payment_means(transfer: CreditTransfer) -> str:
    """BT-82: of an account, what EN 16931 has no term of its own for."""
    routing = " ".join((gettext("Routing number"), transfer.routing_number)) if transfer.routing_number else ""
    return ", ".join(filter(None, (transfer.bank_name, routing)))


def tax_reason(said: Line | TaxRow) -> str:
    """Why there is no tax, or no more than that: the reason of an exemption (BT-120), as it is agreed."""
    category = said.tax_category if isinstance(said, Line) else said.category
    sentence = tax_sentence(category)
    code = said.exemption_code if said.exemption_code != OF_CATEGORY.get(category) else ""
    reason = exemption_wording.reason(code, said.exemption_reason).rstrip(".")
    if not reason:
        return sentence
    if category == rules.EXEMPT:
        return gettext("This supply is exempt from tax: {reason}.").format(reason=reason)
    return f"{sentence} {reason[:1].upper()}{reason[1:]}."


def tax_sentence(category: str) -> str:
    """What tax law wants to read of a treatment (Article 226 of Directive 2006/112/EC)."""
    sentences = {
        rules.ZERO_RATED: gettext("Zero-rated supply."),
        rules.EXEMPT: gettext("This supply is exempt from tax."),
        rules.REVERSE_CHARGE: gettext("Reverse charge: the recipient of the supply is liable for the VAT."),
        rules.INTRA_COMMUNITY: gettext(
            "Intra-Community supply: exempt from VAT by article 138 of Directive 2006/112/EC."
        ),
        rules.EXPORT: gettext("Export: this supply is exempt from VAT."),
        rules.OUTSIDE_SCOPE: gettext("This supply is outside the scope of VAT."),
    }
    return sentences.get(category, "")


def late_payment() -> str:
    """Why a claim of interest and fees for late payment bears no tax."""
    return gettext(
        "Interest and fees compensate for late payment, as the contract agrees. They are outside the scope of VAT: this"
        " is no tax invoice, and no tax is charged here."
    )


def kept_back_again() -> str:
    """Why a credit note to a statement of retention bears no tax."""
    return gettext(
        "Its statement was no tax invoice, and the price does not change: all tax stands on the invoices of which the"
        " retention was kept back. No tax is credited here."
    )


def damages() -> str:
    """Why damages and what is charged back bear no tax, where the contract treats them so."""
    return gettext("This is compensation and no supply, as the contract says: it is outside the scope of VAT.")


def of_tax(invoice: SemanticInvoice) -> list[str]:
    """What is to be said of its tax: one sentence for each treatment, or why there is none."""
    if invoice.of_late_payment:
        return [late_payment()]
    if invoice.preceding is not None and invoice.preceding.kept_back_again:
        return [kept_back_again()]
    outside = any(row.category == rules.OUTSIDE_SCOPE for row in invoice.taxes)
    if invoice.preceding is not None and invoice.preceding.charge and outside:
        return [damages()]
    return list(dict.fromkeys(tax_reason(row) for row in invoice.taxes))


def cause(invoice: SemanticInvoice) -> str:
    """BT-22: by what it became payable, a sign-off or what was agreed beforehand."""
    instalment = invoice.instalment
    if invoice.acceptance is not None:
        return _acceptance(invoice.acceptance, invoice)
    if invoice.application is not None:
        return certified(invoice.application)
    if instalment is None:
        return ""
    if instalment.event:
        return gettext(
            "Payable, not accepted: “{event}”, confirmed by {name} on {date}. This payment accepts no work; later"
            " invoices give it back as agreed"
        ).format(event=instalment.event, name=instalment.confirmed_by, date=day(instalment.first))
    if instalment.last is None:
        return gettext("Deposit, due from {date} on, as agreed").format(date=day(instalment.first))
    return gettext("Period {number} of {count}, {first} to {last}, as agreed").format(
        number=instalment.number, count=instalment.count, first=day(instalment.first), last=day(instalment.last)
    )


def _acceptance(acceptance: Acceptance, invoice: SemanticInvoice) -> str:
    if acceptance.by_lapse:
        return gettext("Accepted by lapse of the review period on {date}, as agreed").format(
            date=day(acceptance.accepted_on)
        )
    words = (
        gettext("Accepted on {date} by {name} for {organisation}")
        if acceptance.part_of is None
        else gettext("Part of {whole}, accepted on {date} by {name} for {organisation}")
    )
    return words.format(
        date=day(acceptance.accepted_on),
        name=acceptance.accepted_by,
        organisation=acceptance.organisation,
        whole=money(acceptance.part_of or ZERO, invoice.currency),
    )


def assignment(invoice: SemanticInvoice) -> str:
    """BT-22: whom alone the buyer pays, when the claim was assigned before the issue; nothing on a corrected invoice
    by whose time somebody else is paid."""
    if invoice.payee is None or (invoice.corrects is not None and invoice.corrects.payee):
        return ""
    return gettext(
        "This claim is assigned to %(payee)s. Pay %(payee)s only, to the account below: a payment to anybody else"
        " does not settle this invoice."
    ) % {"payee": invoice.payee.name}
