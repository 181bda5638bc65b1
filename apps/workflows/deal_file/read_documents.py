"""What a deal file says of documents before payment."""

from apps.contracts.payment_documents import BEGIN, DAYS, PaymentDocuments
from apps.contracts.rules.payment_documents import LONGEST_NAME, check_names, check_payment_documents
from apps.workflows.deal_file.reader import Place


def read_payment_documents(place: Place | None) -> PaymentDocuments | None:
    """`each` and `once`, lists of names, and `days` (`begin` or `run`); nothing is asked for without the key."""
    if place is None:
        return None
    each, once, days = (place.maybe(key) for key in ("each", "once", "days"))
    terms = PaymentDocuments(
        each=read_names(each) if each is not None else (),
        once=read_names(once) if once is not None else (),
        days=days.one_of(*DAYS) if days is not None else BEGIN,
    )
    place.done()
    if not (terms.each or terms.once):
        place.refuse("names no document: give `each` or `once`")
    place.by(lambda: check_payment_documents(terms))
    return terms


def read_names(place: Place) -> tuple[str, ...]:
    """A list of names of documents."""
    names = [one.text(most=LONGEST_NAME) for one in place.each()]
    return place.by(lambda: check_names(names, field="documents"))
