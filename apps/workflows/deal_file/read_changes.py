"""What an event of a deal file says of a change order."""

from collections.abc import Callable
from typing import Any, Final

from apps.contracts.drafts import AS_THEY_ARE, ChangedTerms, ContractDraft, DraftLine
from apps.contracts.payment_documents import PaymentDocuments
from apps.contracts.rules import LONGEST_PERIOD_OF_NOTICE, MOST_SUSPENSIONS, NOTHING
from apps.contracts.rules.payment import PAYMENT_BASES
from apps.contracts.rules.review import SILENCES, UNITS
from apps.workflows.deal_file.deal import SaidChange
from apps.workflows.deal_file.read_changed_lines import NONE, read_changed_line
from apps.workflows.deal_file.read_charges import read_charges
from apps.workflows.deal_file.read_documents import read_payment_documents
from apps.workflows.deal_file.read_late_payment import read_late_payment
from apps.workflows.deal_file.read_retention import check_proposed_retention, read_terms
from apps.workflows.deal_file.read_steps import read_above, read_exemption
from apps.workflows.deal_file.reader import Place

NOBODY: Final = "nobody"
"""For whatever amount one person is enough again."""
ReadLine = Callable[[Place, str], DraftLine]


def read_change(
    place: Place, contract: ContractDraft, *, milestone: Callable[[Place], int], line: ReadLine
) -> SaidChange:
    """The keys ``title``, ``changes``, ``added``, ``terms`` and ``answer_until`` of an event."""
    changes, added, terms = place.maybe("changes"), place.maybe("added"), place.maybe("terms")
    until = place.maybe("answer_until")
    said = SaidChange(
        title=place.need("title").text(most=160),
        lines=tuple(read_changed_line(one, contract, milestone) for one in changes.each()) if changes else (),
        added=tuple(line(one, contract.currency) for one in added.each()) if added else (),
        terms=_terms(terms, contract) if terms is not None else AS_THEY_ARE,
        answer_until=until.day() if until is not None else None,
    )
    if any(one.basis not in ("amount", "total") for one in said.added):
        place.refuse("a change order speaks in money: give each line under `added` an `amount`")
    return said


def _terms(place: Place, contract: ContractDraft) -> ChangedTerms:
    """What of the contract's terms is different from then on."""
    payment, basis, review = (place.maybe(key) for key in ("payment_days", "payment_basis", "review_days"))
    silence, retention = place.maybe("silence"), place.maybe("retention")
    law, further, in_parts = place.maybe("governing_law"), place.maybe("terms"), place.maybe("partial_acceptance")
    terms = ChangedTerms(
        **_steps(place, contract.currency),
        **_review_and_signatory(place),
        payment_documents=_documents(place.maybe("payment_documents")),
        **_beside_the_price(place, contract.currency),
        partial_acceptance=in_parts.yes_or_no() if in_parts is not None else None,
        **_tax(place.maybe("tax")),
        governing_law=law.text(most=80) if law is not None else None,
        terms=further.text(most=20_000) if further is not None else None,
        payment_days=payment.whole(most=365) if payment is not None else None,
        payment_basis=basis.one_of(*PAYMENT_BASES) if basis is not None else "",
        review_days=review.whole(least=1, most=365) if review is not None else None,
        silence=silence.one_of(*SILENCES) if silence is not None else "",
        retention=read_terms(retention, contract.currency) if retention is not None else None,
    )
    if retention is not None:
        retention.by(lambda: check_proposed_retention(contract, terms.retention))
    if not terms:
        place.refuse("says nothing: give `payment_days`, `review_days`, `silence`, `tax` or another term")
    place.done()
    return terms


def _tax(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {}
    category, rate = place.need("category").one_of("S", "Z", "E", "AE", "K", "G", "O"), place.maybe("rate")
    percent = rate.percentage() if rate is not None else None
    return {"tax_category": category, "tax_rate": percent, **read_exemption(place)}


def _steps(place: Place, currency: str) -> dict[str, Any]:
    """The steps of acceptance and the period of notice, as far as they are said anew."""
    said = {key: place.maybe(key) for key in ("question_suspensions", "inspection", "notice_days")}
    above = place.maybe("second_acceptor_above")
    is_one = above is not None and above.text() == NOBODY
    questions, inspection, notice = said.values()
    return {
        "question_suspensions": questions.whole(most=MOST_SUSPENSIONS) if questions is not None else None,
        "needs_inspection": inspection.yes_or_no() if inspection is not None else None,
        "notice_days": notice.whole(most=LONGEST_PERIOD_OF_NOTICE) if notice is not None else None,
        "second_acceptor_above": read_above(above, currency) if above is not None and not is_one else None,
        "one_acceptor": is_one,
    }


def _review_and_signatory(place: Place) -> dict[str, Any]:
    """On which calendar the review counts and who signs off, as far as they are said anew."""
    said: dict[str, Any] = {}
    counted, signatory = place.maybe("review"), place.maybe("signatory")
    if counted is not None:
        days, country, region, zone = (counted.maybe(key) for key in ("days", "country", "region", "time_zone"))
        said["review_unit"] = days.one_of(*UNITS) if days is not None else ""
        said["review_country"] = country.text() if country is not None else ""
        said["review_subdivision"] = region.text() if region is not None else None
        said["review_time_zone"] = zone.text() if zone is not None else ""
        counted.done()
    if signatory is not None:
        said["signatory_name"] = signatory.need("name").text(most=120)
        said["signatory_email"] = signatory.need("email").email()
        signatory.done()
    return said


def _beside_the_price(place: Place, currency: str) -> dict[str, Any]:
    """Late payment and charges, `none` where nothing is agreed any more; and whether invoices may be assigned."""
    late, charges, assignable = (place.maybe(key) for key in ("late_payment", "charges", "assignable"))
    said: dict[str, Any] = {}
    if late is not None:
        said["late_payment"] = NOTHING["late_payment"] if _is_none(late) else read_late_payment(late, currency)
    if charges is not None:
        said["charges"] = NOTHING["charges"] if _is_none(charges) else read_charges(charges, currency)
    if assignable is not None:
        said["is_assignable"] = assignable.yes_or_no()
    return said


def _is_none(place: Place) -> bool:
    return place.is_text and place.one_of(NONE) == NONE


def _documents(place: Place | None) -> PaymentDocuments | None:
    """Documents before payment that are asked for from then on; `none` where it is none any more."""
    if place is not None and _is_none(place):
        return PaymentDocuments()
    return read_payment_documents(place)
