"""Which documents may be asked for before payment, how that is written down, and which an invoice waits for.

Such papers are conditions of a payment and of no acceptance: the claim arises with the invoice, and is due with them.
Usual are a conditional waiver of lien with every progress payment (California Civil Code, sections 8132 and 8134),
bonds and certificates of insurance before the first (Federal Acquisition Regulation, 28.102 and 28.306), a certificate
of the tax office where the buyer would have to withhold tax otherwise (section 48b EStG).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from apps.contracts.drafts import LineTerms
from apps.contracts.payment_documents import BEGIN, DAYS, PaymentDocuments, Wanted
from apps.contracts.rules.payment import due_on
from apps.core.days import known
from apps.core.errors import Refused

MOST_DOCUMENTS: Final = 10
LONGEST_NAME: Final = 120


def check_names(names: Iterable[str], *, field: str) -> tuple[str, ...]:
    """The names of documents with their spaces in order; refused where one is too long or there twice."""
    found = tuple(filter(None, (" ".join(name.split()) for name in names)))
    if len(found) > MOST_DOCUMENTS:
        raise Refused("Ask for at most {most} documents.", field=field, most=MOST_DOCUMENTS)
    for name in found:
        if len(name) > LONGEST_NAME:
            raise Refused("Name a document in at most {most} characters.", field=field, most=LONGEST_NAME)
    _refuse_twice(found, field=field)
    return found


def check_payment_documents(terms: PaymentDocuments | None) -> PaymentDocuments | None:
    """The terms with their names in order; None where no document is asked for."""
    if terms is None:
        return None
    if terms.days not in DAYS:
        raise Refused(
            "Say whether the days to pay begin with the documents or with the invoice.", field="documents_days"
        )
    each = check_names(terms.each, field="documents_each")
    once = check_names(terms.once, field="documents_once")
    _refuse_twice((*each, *once), field="documents_once")
    return PaymentDocuments(each, once, terms.days) if each or once else None


def _refuse_twice(names: Sequence[str], *, field: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise Refused("“{document}” is there twice.", field=field, document=name)
        seen.add(name.casefold())


def wanted(terms: PaymentDocuments | None, own: LineTerms | None) -> tuple[Wanted, ...]:
    """What the invoice of a line waits for, by the contract and by what the line has of its own; each name once."""
    agreed = terms or PaymentDocuments()
    found = [Wanted(name) for name in agreed.each] + [Wanted(name, is_once=True) for name in agreed.once]
    known = {one.title.casefold() for one in found}
    further = own.documents if own is not None else ()
    return (*found, *(Wanted(name) for name in further if name.casefold() not in known))


def check_valid_until(until: date | None, *, today: date) -> None:
    """Refuse the last day of a document that is over, or that nobody can mean; None: it does not end."""
    if until is None:
        return
    if until < today:
        raise Refused(
            "This document was valid until {day}. Hand in one that is still valid.", field="valid_until", day=until
        )
    known(until, field="valid_until")


def due_with_documents(
    days: str, *, issued_on: date, confirmed_on: date, payment_days: int, payment_basis: str
) -> date:
    """When an invoice is due whose last document was confirmed on a day."""
    if days == BEGIN:
        return due_on(max(issued_on, confirmed_on), payment_days=payment_days, payment_basis=payment_basis)
    return max(due_on(issued_on, payment_days=payment_days, payment_basis=payment_basis), confirmed_on)


def plain_payment_documents(terms: PaymentDocuments | None) -> dict[str, Any] | None:
    """The same for a canonical text and for a column."""
    if terms is None:
        return None
    return {"each": list(terms.each), "once": list(terms.once), "days": terms.days}


def read_payment_documents(said: Mapping[str, Any] | None) -> PaymentDocuments | None:
    """What :func:`plain_payment_documents` wrote."""
    return None if said is None else PaymentDocuments(tuple(said["each"]), tuple(said["once"]), said["days"])
