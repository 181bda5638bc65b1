"""What a deal file says, as frozen values: parties, contract, facility, and dated events in their order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apps.contracts.drafts import AS_THEY_ARE, ChangedTerms, ContractDraft, DraftLine, Measure
from apps.contracts.rules.dues import count_until


@dataclass(frozen=True)
class Person:
    """Somebody of a team, or the buyer's signatory who acts by personal link (``roles`` empty)."""

    nick: str
    side: str
    name: str
    email: str
    roles: tuple[str, ...] = ()
    approval_limit: Decimal | None = None


@dataclass(frozen=True)
class SaidLink:
    """A link that a submission names, to one criterion or to the whole. Without a title it is called by its host."""

    title: str
    url: str
    criterion: int | None


@dataclass(frozen=True)
class Bank:
    iban: str = ""
    bic: str = ""
    account_number: str = ""
    routing_number: str = ""
    bank_name: str = ""


@dataclass(frozen=True)
class Party:
    """An organisation of the deal; ``people`` maps the nicknames used in events.

    ``holidays`` are country and region of its calendar, empty where it names none.
    """

    side: str
    legal_name: str
    country: str
    street: str
    postcode: str
    city: str
    vat_number: str
    tax_number: str
    company_number: str
    lei: str
    email: str
    currency: str
    time_zone: str
    language: str
    bank: Bank | None
    people: Mapping[str, Person]
    electronic_scheme: str = ""
    electronic_address: str = ""
    contact_name: str = ""
    phone: str = ""
    buyer_reference: str = ""
    holidays: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class FacilityPlan:
    limit: Decimal
    advance_rate: Decimal
    annual_rate: Decimal
    fee_rate: Decimal
    late_rate: Decimal
    grace_days: int
    least_fee_days: int
    pre_limit_rate: Decimal
    pre_advance_rate: Decimal
    pre_annual_rate: Decimal
    pre_fee_rate: Decimal
    pre_longest_days: int


@dataclass(frozen=True)
class Attachment:
    """Evidence in the file itself: a small text or CSV, for one criterion (by number) or the whole submission."""

    name: str
    text: str
    criterion: int | None


@dataclass(frozen=True)
class PriceLine:
    """The terms of one milestone of an offer; what is None is as usual under the facility."""

    milestone: int
    expected_on: date | None = None
    advance_rate: Decimal | None = None
    annual_rate: Decimal | None = None
    fee_rate: Decimal | None = None


@dataclass(frozen=True)
class ChangedMilestone:
    """A line of the plan as a change order wants it. What is not said stays as it is.

    ``words`` are fields of the line (title, scope, criteria, planned day), ``own`` those of its own terms, ``due``
    those of when it is billed, each with what stands there from then on. Of a recurring line the ``amount`` is that of
    one period, and ``until`` the last day of its last one.
    """

    milestone: int
    is_out: bool = False
    amount: Decimal | None = None
    measure: Measure | None = None
    words: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)
    due: Mapping[str, Any] = field(default_factory=dict)
    until: date | None = None

    def of(self, line: DraftLine) -> DraftLine:
        """The line with its words, own terms and days as they are said; what it comes to is not touched."""
        due = replace(line.due, **self.due) if line.due is not None else None
        if due is not None and self.until is not None:
            due = replace(due, count=count_until(self.until, due=due))
        return replace(line, own=replace(line.own, **self.own), due=due, **self.words)


@dataclass(frozen=True)
class SaidChange:
    """What an event says of a change order; without lines it has no price."""

    title: str
    lines: tuple[ChangedMilestone, ...] = ()
    added: tuple[DraftLine, ...] = ()
    terms: ChangedTerms = AS_THEY_ARE
    answer_until: date | None = None


@dataclass(frozen=True)
class SaidDefect:
    """A defect under which something is accepted; ``criterion`` counts those of the milestone from 1."""

    title: str
    due_on: date
    amount: Decimal
    text: str
    criterion: int | None


@dataclass(frozen=True)
class SaidValue:
    """What the work in progress of a milestone is worth at termination, net of tax."""

    milestone: int
    amount: Decimal
    note: str = ""


@dataclass(frozen=True)
class Event:
    """One dated step. Only the fields that its verb uses are set; ``line`` says where it stands in the file.

    ``milestone`` is the first of ``milestones`` where an event may name several; ``period`` is one of a recurring
    line's, counted from 1; ``pick`` is the number of the plan that is signed, 0 for the base plan.
    """

    at: datetime
    verb: str
    by: Person
    line: int
    on: date
    milestone: int | None = None
    milestones: tuple[int, ...] = ()
    side: str = ""
    outcome: str = ""
    colleague: str = ""
    mailbox: str = ""
    name: str = ""
    amount: Decimal | None = None
    percent: Decimal | None = None
    quantity: Decimal | None = None
    text: str = ""
    checked: str = ""
    reference: str = ""
    notes: Mapping[int, str] = field(default_factory=dict)
    missing: Mapping[int, str] = field(default_factory=dict)
    files: tuple[Attachment, ...] = ()
    links: tuple[SaidLink, ...] = ()
    price: tuple[PriceLine, ...] = ()
    change: SaidChange | None = None
    ground: str = ""
    worth: tuple[SaidValue, ...] = ()
    part: int | None = None
    period: int | None = None
    defects: tuple[SaidDefect, ...] = ()
    reservation: int | None = None
    pick: int | None = None
    event: str = ""
    document: str = ""
    valid_until: date | None = None
    wanted_by: date | None = None
    kept_until: date | None = None
    application: int | None = None
    answer_days: int | None = None
    credited: tuple[tuple[int, Decimal], ...] = ()
    """Of lines of an invoice, by their numbers, how much is credited, net of tax."""
    right: Mapping[str, str] = field(default_factory=dict)
    """Words of an invoice as they shall be."""
    judged: Mapping[str, Any] | None = None
    """What the accountant judges, without its day and its reason."""


@dataclass(frozen=True)
class Deal:
    title: str
    parties: Mapping[str, Party]
    contract: ContractDraft
    facility: FacilityPlan | None
    events: tuple[Event, ...]
    begun_by: str = "seller"
