"""From the text of a deal file to a :class:`Deal`.

Reading checks everything that can be known before playing: names that are not in the file, milestones that the plan
does not have, events out of order, keys that nobody reads.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from apps.contracts.billing import BILLINGS, BY_MILESTONE
from apps.contracts.drafts import RECURRING, ContractDraft, DraftLine
from apps.contracts.rules import check_draft_with_options, review
from apps.contracts.rules.conditions import check_conditions
from apps.contracts.rules.dues import check_dues
from apps.contracts.rules.payment import NET, PAYMENT_BASES
from apps.core import money
from apps.workflows.deal_file.deal import Deal, FacilityPlan
from apps.workflows.deal_file.faults import DealFileRefused, Faults
from apps.workflows.deal_file.loading import load
from apps.workflows.deal_file.read_beginning import read_begun_by
from apps.workflows.deal_file.read_charges import read_charges
from apps.workflows.deal_file.read_documents import read_payment_documents
from apps.workflows.deal_file.read_dues import KINDS, read_due
from apps.workflows.deal_file.read_events import read_events
from apps.workflows.deal_file.read_late_payment import read_late_payment
from apps.workflows.deal_file.read_measure import read_measure, worth
from apps.workflows.deal_file.read_options import read_options
from apps.workflows.deal_file.read_parties import check_mailboxes, read_party
from apps.workflows.deal_file.read_retention import check_proposed_retention, read_terms
from apps.workflows.deal_file.read_steps import read_criterion, read_exemption, read_own, read_steps
from apps.workflows.deal_file.reader import Place

T = TypeVar("T")


def read(text: str, *, today: date) -> Deal:
    """A deal from the text of a file, or a :class:`DealFileRefused` with line, key and reason of all that is wrong."""
    return told_whole(text, _read, today=today)


def told_whole(text: str, reading: Callable[[Place], T], *, today: date) -> T:
    """What is read of a file. One that is wrong is read once more, past its first fault, so that all are told."""
    try:
        return reading(load(text, today=today))
    except DealFileRefused as refused:
        first, faults = refused, Faults()
    # Values stand in for those that are wrong; where nothing can be made of one, what is known by then is told.
    with suppress(DealFileRefused, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        root = load(text, today=today, faults=faults)
        root.attempt(reading)
    raise faults.all(first)


def _read(root: Place) -> Deal:
    title = root.need("deal").text(most=160)
    parties_place = root.need("parties")
    named = {side: parties_place.need(side) for side in ("seller", "buyer")}
    financier = parties_place.maybe("financier")
    if financier is not None:
        named["financier"] = financier
    read_parties = {side: place.attempt(partial(read_party, side)) for side, place in named.items()}
    parties = {side: party for side, party in read_parties.items() if party is not None}
    parties_place.done()
    check_mailboxes(parties_place, parties)
    agreed = root.need("contract")
    begun_by = read_begun_by(agreed.maybe("begun_by"), parties)
    usual = parties["seller"].currency if "seller" in parties else "EUR"
    contract = read_contract(agreed, usual=usual)
    facility_place = root.maybe("facility")
    facility = facility_place.attempt(_facility) if facility_place is not None else None
    if len(parties) < len(named) or (root.faults is not None and any(map(_hides_names, root.faults.keys))):
        root.refuse("events name people and lines of the plan, of which some could not be read")
    events = read_events(root.need("events"), parties, contract, read_line=read_line)
    root.done()
    for event in events:
        if event.verb == "open_facility" and facility is None:
            root.refuse(f"`facility` is missing, but the event on line {event.line} opens it")
    return Deal(title=title, parties=parties, contract=contract, facility=facility, events=events, begun_by=begun_by)


def _hides_names(key: str) -> bool:
    """Whether a fault leaves a line of the plan without the title by which events name it."""
    last = key.rpartition(".")[2]
    return key.startswith("contract.") and (last.isdigit() or last in (*KINDS, "plan", "plan_name", "name"))


def read_contract(place: Place, *, usual: str) -> ContractDraft:
    """What a file says of the contract; ``usual`` is the currency where it names none."""
    currency = place.maybe("currency")
    law = place.maybe("governing_law")
    terms = place.maybe("terms")
    retention = place.maybe("retention")
    assignable, in_parts = place.maybe("assignable"), place.maybe("partial_acceptance")
    code = currency.currency() if currency is not None else usual
    steps = read_steps(place, code)
    payment_days, payment_basis = place.maybe("payment_days"), place.maybe("payment_basis")
    review_days, billing = place.maybe("review_days"), place.maybe("bills_by")
    until = place.maybe("answer_until")
    signatory = place.need("signatory")
    counted = place.maybe("review")
    price = place.need("price")
    plan_name, options = read_options(place, code, read_line)
    draft = ContractDraft(
        number=place.need("number").text(most=40),
        title=place.need("title").text(most=160),
        buyer_ref="",
        currency=code,
        price=_payable(price, code),
        payment_days=payment_days.whole(most=365) if payment_days is not None else 30,
        payment_basis=payment_basis.one_of(*PAYMENT_BASES) if payment_basis is not None else NET,
        review_days=review_days.whole(least=1, most=365) if review_days is not None else 14,
        bills_by=billing.one_of(*BILLINGS) if billing is not None else BY_MILESTONE,
        **(_review(counted) if counted is not None else {}),
        **steps,
        partial_acceptance=in_parts.yes_or_no() if in_parts is not None else False,
        **_tax(place.maybe("tax")),
        retention=retention.attempt(lambda found: read_terms(found, code)) if retention is not None else None,
        payment_documents=read_payment_documents(place.maybe("payment_documents")),
        late_payment=read_late_payment(place.maybe("late_payment"), code),
        charges=read_charges(place.maybe("charges"), code),
        is_assignable=assignable.yes_or_no() if assignable is not None else True,
        governing_law=law.text(most=80) if law is not None else "",
        terms=terms.text(most=20_000) if terms is not None else "",
        answer_until=until.day() if until is not None else None,
        signatory_name=signatory.need("name").text(most=120),
        signatory_email=signatory.need("email").email(),
        lines=place.need("plan").all(lambda line: read_line(line, code)),
        plan_name=plan_name,
        options=options,
    )
    if retention is not None:
        retention.by(lambda: check_proposed_retention(draft))
    for lines in (draft.lines, *(option.lines for option in options)):
        place.by(partial(check_dues, lines))
        place.by(partial(check_conditions, lines))
    if options:
        place.by(partial(check_draft_with_options, draft))
    signatory.done()
    place.done()
    return draft


def _tax(place: Place | None) -> dict[str, Any]:
    """How the contract is taxed, and why it bears no tax."""
    if place is None:
        return {"tax_category": "S", "tax_rate": Decimal(0)}
    category = place.need("category").one_of("S", "Z", "E", "AE", "K", "G", "O")
    return {
        "tax_category": category,
        "tax_rate": _percentage(place.maybe("rate"), "0"),
        **read_exemption(place),
    }


def _review(place: Place) -> dict[str, Any]:
    """How the days of the review are counted, and what silence means; what is absent is as in a new contract."""
    read: Mapping[str, tuple[str, Callable[[Place], str]]] = {
        "days": ("review_unit", lambda found: found.one_of(*review.UNITS)),
        "silence": ("silence", lambda found: found.one_of(*review.SILENCES)),
        "country": ("review_country", Place.text),
        "region": ("review_subdivision", Place.text),
        "time_zone": ("review_time_zone", Place.text),
    }
    found = {field: (place.maybe(key), take) for key, (field, take) in read.items()}
    place.done()
    terms = {"review_unit": review.CALENDAR, "silence": review.ESCALATES}
    terms |= {field: take(written) for field, (written, take) in found.items() if written is not None}
    named = {field.removeprefix("review_"): value for field, value in terms.items()}
    place.by(lambda: review.check_review(**{"country": "", "subdivision": "", "time_zone": "", **named}))
    return terms


def _percentage(place: Place | None, default: str) -> Decimal:
    return place.percentage() if place is not None else Decimal(default)


def _payable(place: Place, currency: str) -> Decimal:
    return place.by(
        lambda: money.payable(place.number(least=Decimal("0.001"), most=money.LARGEST), currency), instead=Decimal(1)
    )


def read_line(place: Place, currency: str) -> DraftLine:
    """One line of the plan, amounts in ``currency``."""
    percent, amount, remainder = place.maybe("percent"), place.maybe("amount"), place.maybe("remainder")
    measure, total = read_measure(place), place.maybe("total")
    if sum(found is not None for found in (percent, amount, remainder, measure, total)) != 1:
        place.refuse(
            "needs exactly one of `percent`, `amount`, `remainder: yes`, `total` and `quantity` with its `unit_price`"
        )
    if remainder is not None and not remainder.yes_or_no():
        remainder.refuse("leave the key out instead of saying no")
    planned, scope, criteria = place.maybe("planned"), place.maybe("scope"), place.maybe("criteria")
    kind, title, due = read_due(place)
    if total is not None and kind != RECURRING:
        total.refuse("only a recurring line has it, for all its periods together: say `amount`")
    bases = {"percent": percent, "remainder": remainder, "total": total}
    basis = next((name for name, said in bases.items() if said is not None), "amount")
    in_money = amount if total is None else total
    line = DraftLine(
        title=title,
        scope=scope.text() if scope is not None else "",
        basis=basis,
        percent=percent.number(least=Decimal("0.000001"), most=Decimal(100)) if percent is not None else None,
        amount=_payable(in_money, currency) if in_money is not None else worth(measure, currency),
        planned_on=planned.day() if planned is not None else None,
        criteria=criteria.all(read_criterion) if criteria is not None else (),
        own=read_own(place, kind=kind),
        kind=kind,
        due=due,
        measure=measure,
    )
    place.done()
    return line


def _facility(place: Place) -> FacilityPlan:
    grace, least = place.maybe("grace_days"), place.maybe("least_fee_days")
    longest = place.maybe("pre_longest_days")
    facility = FacilityPlan(
        limit=place.need("limit").number(least=Decimal("0.001"), most=money.LARGEST),
        advance_rate=_percentage(place.maybe("advance_rate"), "85"),
        annual_rate=_percentage(place.maybe("annual_rate"), "12"),
        fee_rate=_percentage(place.maybe("fee_rate"), "0"),
        late_rate=_percentage(place.maybe("late_rate"), "12"),
        grace_days=grace.whole(most=365) if grace is not None else 5,
        least_fee_days=least.whole(most=365) if least is not None else 15,
        pre_limit_rate=_percentage(place.maybe("pre_limit_rate"), "30"),
        pre_advance_rate=_percentage(place.maybe("pre_advance_rate"), "50"),
        pre_annual_rate=_percentage(place.maybe("pre_annual_rate"), "18"),
        pre_fee_rate=_percentage(place.maybe("pre_fee_rate"), "0"),
        pre_longest_days=longest.whole(most=365) if longest is not None else 180,
    )
    place.done()
    return facility
