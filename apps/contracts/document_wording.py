"""Documents before payment in plain words, for whoever signs that they are needed and whoever hands them in."""

from django.utils.translation import gettext

from apps.contracts.payment_documents import BEGIN, PaymentDocuments


def whole(terms: PaymentDocuments) -> str:
    """Which documents, how often, and what the days to pay do until they are confirmed."""
    parts = []
    if terms.each:
        parts.append(gettext("with every invoice: {documents}").format(documents=", ".join(terms.each)))
    if terms.once:
        parts.append(gettext("once, before the first payment: {documents}").format(documents=", ".join(terms.once)))
    return f"{'; '.join(parts)}. {days(terms)}"


def days(terms: PaymentDocuments | None) -> str:
    """When an invoice that waits for documents is due."""
    if terms is None or terms.days == BEGIN:
        return gettext("Until the buyer has confirmed them an invoice is not due; then the days to pay begin.")
    return gettext(
        "The days to pay run from the invoice's date, but it is not due before the buyer has confirmed them."
    )


def of_line(documents: tuple[str, ...]) -> str:
    """What one line asks for beside what the contract does."""
    return gettext("Documents before its invoice is due: {documents}").format(documents=", ".join(documents))
