"""The dated events of a deal file."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from apps.contracts.drafts import MILESTONE, ContractDraft
from apps.core import money
from apps.milestones.rules import MOST_ANSWER_DAYS
from apps.workflows.deal_file.deal import Event, Party, Person, PriceLine, SaidChange
from apps.workflows.deal_file.read_changes import ReadLine, read_change
from apps.workflows.deal_file.read_corrections import read_words
from apps.workflows.deal_file.read_evidence import read_attachment, read_link
from apps.workflows.deal_file.read_judgements import read_judgement
from apps.workflows.deal_file.read_options import picked, read_pick
from apps.workflows.deal_file.read_reservations import read_defects
from apps.workflows.deal_file.read_terminations import BY_MEMBERS, GROUNDS, NO_REASON, read_worth
from apps.workflows.deal_file.reader import Place
from apps.workflows.deal_file.verb_table import VERBS, Verb

MEMBERS_ONLY: Final = frozenset(
    {
        "confirm_document",
        "return_document",
        "order",
        "withdraw_order",
        "record_buyers_change",
        "propose_buyers_change",
        "withdraw_buyers_change",
        "withdraw_nullification",
        *BY_MEMBERS,
    }
)
"""What the buyer does in its portal only: a link takes no document and gives no notice."""


MOST_PARTS: Final = 50
"""Parts of the retention that come back, at most."""
PROPOSED: Final = ("propose_change", "propose_buyers_change")
"""What proposes a change order, with its lines and terms."""
UNDONE: Final = ("decline_change", "withdraw_change", "decline_buyers_change", "withdraw_buyers_change")
"""What takes back the milestones that a change order proposed to add."""
LATER: Final = ("slip", "extend")
"""What moves an expected payment: its date is the event's."""
OVER: Final = ("close_month",)
"""What is about days that are over: the day of the event is not, so without a date the one before it counts."""
SIGNED: Final = ("sign", "sign_answer")
"""What puts a plan in force: from then on its lines are those that events name."""


def read_events(
    place: Place, parties: Mapping[str, Party], contract: ContractDraft, *, read_line: ReadLine
) -> tuple[Event, ...]:
    """The events in their order; from its proposal on, what a change order adds is a milestone that they may name, and
    from its signature on, what it changes is called as it says."""
    zone = parties["seller"].time_zone
    events: list[Event] = []
    before: ContractDraft | None = None
    change = SaidChange("")
    for item in place.each():
        event = item.attempt(partial(_event, zone=zone, parties=parties, contract=contract, read_line=read_line))
        if event is None or item.is_wrong:
            if _moves_the_plan(item):
                item.refuse("later events name what this one adds to the plan or picks")
            continue
        if events and event.at < events[-1].at:
            item.refuse("is earlier than the event before it; events stand in the order of time")
        events.append(event)
        if event.change is not None and event.verb in PROPOSED:
            before, change = contract, event.change
            contract = replace(contract, lines=(*contract.lines, *change.added))
        elif event.verb in UNDONE and before is not None:
            contract, before = before, None
        elif event.verb in ("sign_change", "sign_buyers_change"):
            contract = item.by(partial(_signed, contract, change), instead=contract) if before is not None else contract
            before = None
        elif event.verb in SIGNED:
            contract = picked(contract, event.pick)
    if not events:
        place.refuse("is empty")
    return tuple(events)


def _moves_the_plan(item: Place) -> bool:
    """Whether an event that is wrong may be one after which events name other lines."""
    done = item.maybe("do")
    verb = done.text() if done is not None and done.is_text else ""
    return verb not in VERBS or verb in (*PROPOSED, *UNDONE, *SIGNED, "sign_change", "sign_buyers_change")


def _event(
    place: Place, *, zone: str, parties: Mapping[str, Party], contract: ContractDraft, read_line: ReadLine
) -> Event:
    verb_place = place.need("do")
    verb = verb_place.one_of(*VERBS)
    rule = VERBS[verb]
    at = place.need("on").instant(zone)
    several = place.maybe(rule.several) if rule.several else None
    price: tuple[PriceLine, ...] = ()
    milestones: tuple[int, ...] = ()
    if several is not None and rule.several == "lines":
        price = tuple(_price_line(line, contract) for line in several.each())
        milestones = tuple(line.milestone for line in price)
    elif several is not None:
        milestones = tuple(_milestone(named, contract) for named in several.each())
    elif (rule.on_milestone and not (rule.or_part and place.maybe("part"))) or (
        rule.may_name_milestone and place.maybe("milestone") is not None
    ):
        milestones = (_milestone(place.need("milestone"), contract, any_line=rule.any_line),)
    if rule.on_milestone and not rule.or_part and len(set(milestones)) != max(len(milestones), 1):
        place.refuse("needs at least one milestone, and each once")
    milestone = milestones[0] if milestones else None
    criteria = len(contract.lines[milestone - 1].criteria) if milestone is not None else 0

    def take(key: str, read: Callable[[Place], object]) -> object:
        found = place.maybe(key) if key in rule.keys else None
        return read(found) if found is not None else None

    values = {
        "milestone": milestone,
        "milestones": milestones,
        "side": take("side", lambda p: p.one_of("buyer", "seller")) or "",
        "outcome": take("outcome", lambda p: p.one_of("upheld", "partly_upheld", "rejected")) or "",
        "colleague": take("colleague", lambda p: p.one_of(*parties["buyer"].people)) or "",
        "mailbox": take("email", Place.email) or "",
        "name": take("name", lambda p: p.text(most=120)) or "",
        "amount": take("amount", lambda p: p.number(least=Decimal("0.001"), most=money.LARGEST)),
        "percent": take("percent", Place.percentage),
        "quantity": take("quantity", lambda p: p.number(least=Decimal("0.000001"))),
        "on": take("value_on", Place.day)
        or take("received_on", Place.day)
        or take("funding_on", Place.day)
        or take("through", Place.day)
        or take("effective_on", Place.day)
        or (take("expected_on", Place.day) if verb in LATER else None)
        or at.astimezone(ZoneInfo(zone)).date() - timedelta(days=verb in OVER),
        "checked": take("checked", lambda p: p.text(most=400)) or "",
        "text": take("reason", Place.text) or take("comment", Place.text) or take("note", Place.text) or "",
        "reference": take("reference", lambda p: p.text(most=60)) or "",
        "notes": take("notes", lambda p: _by_number(p, criteria)) or {},
        "missing": take("missing", lambda p: _by_number(p, criteria)) or {},
        "files": take("files", lambda p: tuple(read_attachment(f, criteria) for f in p.each())) or (),
        "links": take("links", lambda p: tuple(read_link(one, criteria) for one in p.each())) or (),
        "price": price,
        "change": _change(place, contract, line=read_line) if "title" in rule.keys else None,
        "ground": take("ground", lambda p: p.one_of(*GROUNDS)) or GROUNDS[0],
        "worth": take("worth", lambda p: read_worth(p, milestone=lambda named: _milestone(named, contract)))
        or take("certified", lambda p: read_worth(p, milestone=lambda named: _milestone(named, contract)))
        or (),
        "application": take("application", lambda p: p.whole(least=1)),
        "answer_days": take("answer_days", lambda p: p.whole(least=1, most=MOST_ANSWER_DAYS)),
        "credited": take("lines", lambda p: tuple(_credited(one) for one in p.each())) or (),
        "right": take("right", read_words) or {},
        "part": _part(place, contract) if "part" in rule.keys and (place.maybe("part") or not rule.or_part) else None,
        "pick": read_pick(place, contract) if verb in SIGNED else None,
        "period": take("period", lambda p: p.whole(least=1)),
        "defects": take("defects", lambda p: read_defects(p, criteria=criteria)) or (),
        "reservation": take("reservation", lambda p: p.whole(least=1)),
        "document": place.need("document").text(most=120) if "document" in rule.keys else "",
        "judged": read_judgement(place, verb, line=lambda p: _milestone(p, contract, any_line=True)),
        "valid_until": take("valid_until", Place.day),
        "wanted_by": take("wanted_by", Place.day),
        "kept_until": take("kept_until", Place.day),
        "event": place.need("event").one_of(*_events(contract)) if "event" in rule.keys else "",
    }
    if verb == "price_offer" and not price:
        values["price"] = (_terms(place, milestones[0]),)
    if verb == "pass_to":
        # A member chooses from the team; the signatory, by link, names a mailbox.
        place.need("colleague" if place.maybe("by") is not None else "email")
    for key in ("reason", "missing", "checked", "side", "outcome", "defects", "right"):
        if key in rule.keys and verb not in ("accept_part", "inspect", *NO_REASON):
            place.need(key)
    if verb in MEMBERS_ONLY:
        place.need("by")
    event = Event(at=at, verb=verb, by=_actor(place, rule, parties, contract), line=place.line, **values)  # type: ignore[arg-type]
    place.done()
    return event


def _change(place: Place, contract: ContractDraft, *, line: ReadLine) -> SaidChange:
    return read_change(place, contract, milestone=lambda p: _milestone(p, contract, any_line=True), line=line)


def _signed(contract: ContractDraft, change: SaidChange) -> ContractDraft:
    """The contract as later events name it: by the titles, criteria, events, retention, signatory that are signed."""
    said = {one.milestone: one for one in change.lines}
    lines = [said[number].of(line) if number in said else line for number, line in enumerate(contract.lines, start=1)]
    name, email = change.terms.signatory_name, change.terms.signatory_email
    return replace(
        contract,
        lines=tuple(lines),
        signatory_name=name or contract.signatory_name,
        signatory_email=email or contract.signatory_email,
        retention=change.terms.retention or contract.retention,
    )


def _events(contract: ContractDraft) -> list[str]:
    """What the buyer may confirm, by the plan."""
    conditions = [line.own.condition for line in contract.lines if line.own.condition is not None]
    due = [line.due.event for line in contract.lines if line.due is not None and line.due.event]
    return [*due, *(event for condition in conditions for event in condition.events)]


def _price_line(place: Place, contract: ContractDraft) -> PriceLine:
    line = _terms(place, _milestone(place.need("milestone"), contract))
    place.done()
    return line


def _terms(place: Place, milestone: int) -> PriceLine:
    """The terms of one milestone, beside its name or in the event itself."""

    def rate(key: str) -> Decimal | None:
        found = place.maybe(key)
        return found.percentage() if found is not None else None

    expected_on = place.maybe("expected_on")
    return PriceLine(
        milestone=milestone,
        expected_on=expected_on.day() if expected_on is not None else None,
        advance_rate=rate("advance_rate"),
        annual_rate=rate("annual_rate"),
        fee_rate=rate("fee_rate"),
    )


def _actor(place: Place, rule: Verb, parties: Mapping[str, Party], contract: ContractDraft) -> Person:
    """Who acts: the nickname in ``by``; for a buyer without ``by``, the signatory by personal link."""
    if rule.side not in parties:
        place.refuse(f"needs a {rule.side} under `parties`")
    by = place.maybe("by")
    people = parties[rule.side].people
    if by is None:
        if rule.side != "buyer":
            place.refuse(f"`by` is missing: one of {', '.join(people)}")
        return Person("signatory", "buyer", contract.signatory_name, contract.signatory_email)
    nick = by.text()
    if nick not in people:
        by.refuse(f"`{nick}` is not in the team of the {rule.side}: {', '.join(people) or 'nobody is'}")
    return people[nick]


def _milestone(place: Place, contract: ContractDraft, *, any_line: bool = False) -> int:
    """The number of a plan line, by its number or its title."""
    written = place.text()
    for number, line in enumerate(contract.lines, start=1):
        if written in (str(number), line.title):
            if line.kind != MILESTONE and not any_line:
                place.refuse(f"`{line.title}` is no milestone: it is billed by itself when it is due")
            return number
    titles = ", ".join(line.title for line in contract.lines)
    place.refuse(f"`{written}` is not in the plan: {titles}")


def _credited(place: Place) -> tuple[int, Decimal]:
    """A line of an invoice by its number, and how much of it is credited, net of tax."""
    number = place.need("line").whole(least=1)
    amount = place.need("amount").number(least=Decimal("0.001"), most=money.LARGEST)
    place.done()
    return number, amount


def _part(place: Place, contract: ContractDraft) -> int | None:
    """A part of the schedule by which retention is released, by its number; those that came back count on."""
    parts = len(contract.retention.schedule) if contract.retention is not None else 0
    if not parts:
        place.refuse("the contract has no `retention`")
    found = place.maybe("part")
    if found is not None and place.maybe("milestone") is not None:
        found.refuse("is about retention, and `milestone` about an invoice of a line; give one of them")
    return found.whole(least=1, most=parts + MOST_PARTS) if found is not None else None


def _by_number(place: Place, criteria: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for key, value in place.items():
        if not (key.isascii() and key.isdigit() and 1 <= int(key) <= criteria):
            value.refuse(f"criteria of this milestone have the numbers 1 to {criteria}")
        found[int(key)] = value.text(most=2000)
    return found
