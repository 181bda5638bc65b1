"""Financing stories through the workflows: the sample book's first milestone, 120,000 funded on 2026-03-02.

Each step takes what the step before gave; ``funded_advance(parties)`` does all of them. The facility's terms are the
sample book's: 85 % advanced at 12 % with a fee of 0.5 %, late charges of 12 % after 5 days of grace.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any, Protocol

from django.core.management import call_command

from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.financing import services as financing
from apps.financing.models import (
    Assignment,
    BuyerVerification,
    Collection,
    Facility,
    FundingRequest,
    Offer,
    ReservePayout,
    Tranche,
)
from apps.financing.rules import LineTerms, OfferTerms
from apps.financing.services import FacilityTerms
from apps.invoicing.models import Invoice
from apps.ledger.models import Entry
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.workflows import funding, underwriting
from tests import scenarios
from tests.scenarios import Parties, acting, key, member

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
FUNDED_ON = date(2026, 3, 2)
EXPECTED_ON = date(2026, 4, 21)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def day(number: int) -> date:
    """The date so many days after the funding."""
    return FUNDED_ON + timedelta(days=number)


def parties(name: str = "") -> Parties:
    with clock.stopped(START):
        return scenarios.organisations(name)


def active_contract(deal: Parties, *, number: str = "NL-2026-014", **changes: Any) -> Contract:
    """400,000 EUR in 30/30/40, zero rated."""
    draft = scenarios.software_draft(
        deal, number=number, price=Decimal(400_000), tax_category="Z", tax_rate=Decimal(0), **changes
    )
    return scenarios.active_contract(deal, draft=draft, at=START)


def invoiced(deal: Parties, *, number: str = "NL-2026-014", **changes: Any) -> Invoice:
    """The invoice of the first milestone: 120,000, due 30 days after the start."""
    milestone = scenarios.accepted_milestone(active_contract(deal, number=number, **changes), at=START)
    with walls.asking_for(deal.seller.pk):
        return Invoice.objects.select_related("milestone").get(milestone=milestone)


def opened_facility(deal: Parties, *, financier: Actor | None = None, **changes: Any) -> Facility:
    terms: dict[str, Any] = {"currency": "EUR", "limit": Decimal(500_000), "fee_rate": Decimal("0.5")} | changes
    with acting(financier or member(deal, "financier"), at=START) as actor:
        answer = funding.open_facility(actor=actor, key=key(), seller_ref=deal.seller.ref, terms=FacilityTerms(**terms))
        return Facility.objects.get(ref=answer["facility"])


def requested(deal: Parties, invoice: Invoice, facility: Facility) -> FundingRequest:
    return requested_on(deal, facility, milestone_of(invoice))


def milestone_of(invoice: Invoice) -> Milestone:
    """Read with the invoice by :func:`invoiced`; else asked for as the seller."""
    if "milestone" in invoice._state.fields_cache:
        return scenarios.milestone_billed(invoice)
    with walls.asking_for(invoice.seller_id):
        return scenarios.milestone_billed(invoice)


def requested_on(deal: Parties, facility: Facility, *milestones: Milestone) -> FundingRequest:
    """Asked for as one request, in whatever order."""
    with acting(member(deal, "billing"), at=START) as actor:
        answer = funding.request_funding(
            actor=actor,
            key=key(),
            milestone_refs=[milestone.ref for milestone in milestones],
            facility_ref=facility.ref,
            note="For the next milestone.",
        )
        return FundingRequest.objects.select_related("facility").get(ref=answer["request"])


def verified(deal: Parties, *, buyer: Organisation | None = None, signatory: str = "") -> None:
    """The underwriter has verified the buyer and a signatory, once; the deal's own buyer unless another is named."""
    known = buyer or deal.buyer
    with acting(member(deal, "underwriter"), at=START) as actor:
        if not BuyerVerification.objects.live().filter(buyer=known).exists():
            underwriting.verify_buyer(
                actor=actor,
                key=key(),
                buyer_ref=known.ref,
                checked="Register extract HRB 70211, called back.",
                signatory=signatory,
            )


TERMS: dict[str, Any] = {
    "advance_rate": Decimal(85),
    "annual_rate": Decimal(12),
    "fee_rate": Decimal("0.5"),
    "expected_on": EXPECTED_ON,
}
"""The sample book's first milestone: bought after acceptance."""
SECOND: dict[str, Any] = {
    "advance_rate": Decimal(50),
    "annual_rate": Decimal(18),
    "fee_rate": Decimal(0),
    "expected_on": date(2026, 5, 31),
}
THIRD: dict[str, Any] = {
    "advance_rate": Decimal(40),
    "annual_rate": Decimal(20),
    "fee_rate": Decimal(0),
    "expected_on": date(2026, 8, 29),
}


def offer_terms(*, funding_on: date = FUNDED_ON, valid_days: int = 7, **changes: Any) -> OfferTerms:
    """Of a one-line offer: the sample book's first milestone but for the changes."""
    return OfferTerms(funding_on=funding_on, valid_days=valid_days, lines=(LineTerms(**(TERMS | changes)),))


def priced(deal: Parties, request: FundingRequest, *, terms: OfferTerms | None = None, **changes: Any) -> Offer:
    with acting(member(deal, "analyst"), at=START) as actor:
        answer = funding.price_offer(
            actor=actor, key=key(), request_ref=request.ref, terms=terms or offer_terms(**changes)
        )
        return Offer.objects.select_related("request").get(ref=answer["offer"])


def issued(deal: Parties, request: FundingRequest, *, terms: OfferTerms | None = None, **changes: Any) -> Offer:
    offer = priced(deal, request, terms=terms, **changes)
    with walls.asking_for(deal.seller.pk):
        contract = Contract.objects.select_related("buyer", "active_version").get(pk=request.contract_id)
    named = contract.active_version.signatory_email if contract.active_version is not None else ""
    verified(deal, buyer=contract.buyer, signatory=named)
    with acting(member(deal, "underwriter"), at=START) as actor:
        funding.approve_offer(actor=actor, key=key(), offer_ref=offer.ref)
        return Offer.objects.select_related("request").get(pk=offer.pk)


def accepted(deal: Parties, offer: Offer, *, at: datetime = START) -> Tranche:
    """The first of the offer's tranches; :func:`tranches` has all."""
    with acting(member(deal, "billing"), at=at) as actor:
        answer = funding.accept_offer(actor=actor, key=key(), offer_ref=offer.ref, seen=offer.disclosure_sha256)
        return Tranche.objects.select_related("milestone__invoice", "contract").get(ref=answer["tranche"])


def tranches(deal: Parties, *, contract_id: int) -> list[Tranche]:
    """The tranches of a contract in the order of the plan, as they stand now."""
    with walls.asking_for(deal.financier.pk):
        found = Tranche.objects.filter(contract_id=contract_id).select_related("milestone__invoice", "contract")
        return list(found.order_by("milestone__position", "pk"))


def acknowledged(deal: Parties, tranche: Tranche) -> Assignment:
    with acting(member(deal, "payables"), at=START) as actor:
        assignment = Assignment.objects.get(milestone_id=tranche.milestone_id, revoked_at=None)
        funding.acknowledge_assignment(
            actor=actor, key=key(), assignment_ref=assignment.ref, seen=assignment.notice_sha256
        )
        assignment.refresh_from_db()
    return assignment


def paid_out(deal: Parties, tranche: Tranche, *, on: date = FUNDED_ON, reference: str = "OUT-1") -> Tranche:
    with acting(member(deal, "treasury"), at=noon(on)) as actor:
        funding.fund_tranche(actor=actor, key=key(), tranche_ref=tranche.ref, value_on=on, bank_reference=reference)
        return Tranche.objects.select_related("milestone__invoice").get(pk=tranche.pk)


def whole_offer_paid_out(
    deal: Parties, offer: Offer, *, seen: str = "", on: date = FUNDED_ON, reference: str = "OUT-1"
) -> dict[str, str]:
    """Everything of an offer that waits, in one transfer; treasury saw what waits now unless it is said otherwise."""
    with acting(member(deal, "treasury"), at=noon(on)) as actor:
        shown = seen or financing.seen_of(financing.waiting_of(offer_ref=offer.ref))
        return funding.fund_offer(
            actor=actor, key=key(), offer_ref=offer.ref, seen=shown, value_on=on, bank_reference=reference
        )


def accepted_advance(
    deal: Parties, *, facility: Facility | None = None, number: str = "NL-2026-014", **terms: Any
) -> Tranche:
    """Accepted by the seller, the buyer notified but silent."""
    request = requested(deal, invoiced(deal, number=number), facility or opened_facility(deal))
    return accepted(deal, issued(deal, request, **terms))


def funded_advance(deal: Parties, **terms: Any) -> Tranche:
    """The sample book's first advance, paid out."""
    tranche = accepted_advance(deal, **terms)
    acknowledged(deal, tranche)
    return paid_out(deal, tranche)


def sample_book(deal: Parties, *, facility: Facility | None = None) -> Contract:
    """The whole sample book as one offer, paid out: the first milestone accepted and bought, two advanced on."""
    contract = active_contract(deal)
    scenarios.accepted_milestone(contract, at=START)
    request = requested_on(deal, facility or opened_facility(deal), *plan_of(contract))
    accepted(deal, issued(deal, request, terms=whole_book()))
    for tranche in tranches(deal, contract_id=contract.pk):
        acknowledged(deal, tranche)
        paid_out(deal, tranche, reference=f"OUT-{tranche.pk}")
    return contract


def whole_book(*terms: dict[str, Any]) -> OfferTerms:
    """The terms of the sample book as one offer, or of some of its milestones."""
    lines = tuple(LineTerms(**line) for line in terms or (TERMS, SECOND, THIRD))
    return OfferTerms(funding_on=FUNDED_ON, lines=lines)


def plan_of(contract: Contract) -> list[Milestone]:
    with walls.asking_for(contract.seller_id):
        return list(Milestone.objects.filter(contract=contract).order_by("position"))


def advance_before_acceptance(
    deal: Parties, *, facility: Facility | None = None, number: str = "NL-2026-014", position: int = 2, **terms: Any
) -> Tranche:
    """Accepted by the seller and acknowledged by the buyer, on a milestone that is not accepted yet."""
    contract = active_contract(deal, number=number)
    milestone = plan_of(contract)[position - 1]
    request = requested_on(deal, facility or opened_facility(deal), milestone)
    tranche = accepted(deal, issued(deal, request, **(SECOND | terms)))
    acknowledged(deal, tranche)
    return tranche


def collected(
    deal: Parties,
    tranche: Tranche,
    amount: int | str,
    *,
    on: date,
    reference: str = "IN-1",
    recorded: date | None = None,
) -> Collection:
    with acting(member(deal, "treasury"), at=noon(recorded or on)) as actor:
        answer = funding.collect_payment(
            actor=actor,
            key=key(),
            tranche_ref=tranche.ref,
            amount=Decimal(amount),
            received_on=on,
            bank_reference=reference,
        )
        tranche.refresh_from_db()
        return Collection.objects.select_related("tranche").get(ref=answer["collection"])


def reserve_paid(deal: Parties, tranche: Tranche, *, on: date, reference: str = "OUT-2") -> ReservePayout:
    with acting(member(deal, "treasury"), at=noon(on)) as actor:
        answer = funding.pay_reserve(
            actor=actor, key=key(), tranche_ref=tranche.ref, value_on=on, bank_reference=reference
        )
        return ReservePayout.objects.select_related("tranche").get(ref=answer["payout"])


def accrued(deal: Parties, *, through: date) -> int:
    with acting(member(deal, "treasury"), at=noon(through)) as actor:
        return int(funding.accrue_income(actor=actor, key=key(), through=through)["tranches"])


class Copy(Protocol):
    """A copy of a story whose advance is known by its id."""

    @property
    def parties(self) -> Parties: ...
    @property
    def tranche_id(self) -> int: ...


def tranche_of(copy: Copy) -> Tranche:
    """The advance as it stands now."""
    with walls.asking_for(copy.parties.financier.pk):
        return Tranche.objects.get(pk=copy.tranche_id)


def entries(organisation: Organisation, *, purpose: str = "financier") -> list[dict[str, Decimal]]:
    """The entries of a book in the order in which they were posted: account code and amount, positive in debit."""
    with walls.asking_for(organisation.pk):
        posted = Entry.objects.filter(organisation=organisation, book__purpose=purpose).order_by("id")
        return [dict(entry.lines.values_list("account__code", "amount")) for entry in posted]


def lines(**amounts: int | str) -> dict[str, Decimal]:
    """An entry as the table writes it: ``lines(d1010=120_000, c1100=120_000)``."""
    return {
        account[1:]: Decimal(amount) if account[0] == "d" else -Decimal(amount) for account, amount in amounts.items()
    }


def verify_books() -> None:
    """Every check of ``verify_ledger`` holds; for tests that commit."""
    call_command("verify_ledger", verbosity=0, stdout=StringIO())
