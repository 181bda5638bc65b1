"""A certificate as it reads on paper: every figure and date of the snapshot as text, in the buyer's language.

Nothing is looked up here, so the same snapshot always makes the same page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, gettext

from apps.contracts import criteria_wording, measure_wording
from apps.core.printing import facts, words
from apps.core.printing.agreed import Agreed, agreed
from apps.core.printing.facts import Fact
from apps.core.printing.words import NBSP
from apps.milestones.certificates import circumstances, lapse_page


@dataclass(frozen=True, slots=True)
class FileRow:
    name: str
    size: str
    sha256: str


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion: the seller's claim, what shows it, the buyer's verdict."""

    text: str
    claim: str
    note: str
    verdict: str
    files: Sequence[FileRow]
    links: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class ReservedRow:
    """One defect under which it was accepted: until when it is to be mended, and what is withheld for it."""

    title: str
    text: str
    terms: str


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows."""

    language: str
    title: str
    lead: str
    ref: str
    seller: str
    accepted_at: str
    amount: str
    when: str
    subject: Sequence[Fact]
    criteria: Sequence[CriterionRow]
    reservations: Sequence[ReservedRow]
    note: str
    files: Sequence[FileRow]
    links: Sequence[Fact]
    statement: Agreed
    comment: str
    person: Sequence[Fact]
    circumstances: Sequence[Fact]
    hashes: Sequence[Fact]
    record: Sequence[Fact]
    is_by_lapse: bool


def page_of(said: dict[str, Any]) -> Page:
    """The page of a snapshot that was read, in the language that is active."""
    contract, milestone, decision = said["contract"], said["milestone"], said["decision"]
    signed = gettext("Signed contract, version {number}").format(number=contract["version"])
    decided_at = datetime.fromisoformat(decision["decided_at"])
    return Page(
        language=get_language() or said["language"],
        title=milestone["title"],
        lead=_lead(said),
        ref=said["ref"],
        seller=contract["seller"],
        accepted_at=decided_at.isoformat(timespec="seconds"),
        amount=words.money(Decimal(milestone["amount"]), milestone["currency"]),
        when=words.day(decided_at.astimezone(words.zone(said["time_zone"])).date()),
        subject=_subject(said),
        criteria=[_criterion(one) for one in said["criteria"]],
        reservations=[_reserved(one, said["milestone"]["currency"]) for one in said.get("reservations", [])],
        note=said["submission"]["note"],
        files=[_file(one) for one in said["files"]],
        links=_links(said),
        statement=agreed(decision),
        comment=decision["comment"],
        person=lapse_page.rows(said) if "lapse" in said else [*_before(said), *_person(said, decided_at)],
        circumstances=[] if "lapse" in said else circumstances.rows(said),
        is_by_lapse="lapse" in said,
        hashes=[
            (gettext("Text that was shown and accepted"), decision["sha256"]),
            (gettext("Statement"), decision["statement_sha256"]),
            (signed, contract["version_sha256"]),
            *circumstances.tokens(said),
            *_invoice_hash(said),
        ],
        record=_record(said["audit"]),
    )


def _invoice_hash(said: dict[str, Any]) -> list[Fact]:
    if "invoice" not in said:
        return []
    return [(gettext("Invoice {number}").format(number=said["invoice"]["number"]), said["invoice"]["sha256"])]


def _billed(said: dict[str, Any]) -> Fact:
    """The invoice that it issued, or the application for payment in which it stands until that is certified."""
    if "invoice" in said:
        return gettext("Invoice"), said["invoice"]["number"]
    if not said["application"]["number"]:
        return gettext("Stands in"), gettext("No application for payment yet: all of it is withheld for defects")
    return gettext("Stands in"), gettext("Application for payment {number}").format(
        number=said["application"]["number"]
    )


def _lead(said: dict[str, Any]) -> str:
    """In one sentence what was accepted, of whom and by whom."""
    contract, milestone = said["contract"], said["milestone"]
    if "lapse" in said:
        return lapse_page.lead(said)
    if said.get("reservations"):
        return gettext(
            "{buyer} accepted this milestone of {seller} with reservations: its rights from the defects that are listed"
            " below are reserved."
        ).format(buyer=contract["buyer"], seller=contract["seller"])
    is_part = Decimal(milestone.get("agreed", milestone["amount"])) != Decimal(milestone["amount"])
    sentence = (
        gettext("{buyer} accepted a part of this milestone of {seller}; {whole} were agreed for the whole.")
        if is_part
        else gettext("{buyer} accepted this milestone of {seller} as complete.")
    )
    return sentence.format(
        buyer=contract["buyer"],
        seller=contract["seller"],
        whole=words.money(Decimal(milestone.get("agreed", 0)), milestone["currency"]),
    )


def _subject(said: dict[str, Any]) -> list[Fact]:
    contract, milestone, submission = said["contract"], said["milestone"], said["submission"]
    sent = datetime.fromisoformat(submission["submitted_at"])
    return [
        (gettext("Contract"), f"{contract['number']} {contract['title']}"),
        (gettext("Seller"), contract["seller"]),
        (gettext("Buyer"), contract["buyer"]),
        (gettext("Milestone"), f"{milestone['position']}. {milestone['title']}"),
        (
            gettext("Submission"),
            gettext("cycle {number}, sent {instant}").format(
                number=submission["cycle"], instant=words.instant(sent, zone=said["time_zone"])
            ),
        ),
        _billed(said),
    ]


def _criterion(one: dict[str, Any]) -> CriterionRow:
    return CriterionRow(
        text=f"{one['text']} ({criteria_wording.nature(one['nature'])})" if one.get("nature") else one["text"],
        claim=gettext("Seller: met") if one["is_met"] else gettext("Seller: not met"),
        note=one["note"],
        verdict=_verdict(one),
        files=[_file(file) for file in one["files"]],
        links=_links(one),
    )


def _verdict(one: dict[str, Any]) -> str:
    if "is_passed" not in one:
        return gettext("Buyer: no answer")
    return gettext("Buyer: passed") if one["is_passed"] else gettext("Buyer: not passed. {reason}").format(**one)


def _links(said: dict[str, Any]) -> list[Fact]:
    """Title and address of each link; both are text, because a page elsewhere may have become another one."""
    return [(one["title"], one["url"]) for one in said.get("links", [])]


def _reserved(one: dict[str, Any], currency: str) -> ReservedRow:
    terms = [gettext("to be mended by {date}").format(date=words.day(date.fromisoformat(one["due_on"])))]
    if Decimal(one["amount"]):
        withheld = words.money(Decimal(one["amount"]), currency)
        terms.append(gettext("{amount} withheld, net of tax").format(amount=withheld))
    if one["criterion"]:
        terms.append(one["criterion"])
    return ReservedRow(f"{words.count(one['number'])}. {one['title']}", one["text"], " · ".join(terms))


def _file(one: dict[str, Any]) -> FileRow:
    size = words.count(one["size"])
    return FileRow(one["name"], gettext("{count} bytes").format(count=size).replace(" ", NBSP), one["sha256"])


def _person(said: dict[str, Any], decided_at: datetime) -> list[Fact]:
    """Who, for whom, when, from where, and how it was known who it is."""
    decision = said["decision"]
    rows = [
        (gettext("Accepted by"), decision["name"]),
        (gettext("Mailbox"), decision["email"]),
        (gettext("For"), decision["organisation"]),
        (gettext("Authority"), _authority(decision)),
        *facts.when_and_where(decision, at=decided_at, zone=said["time_zone"]),
        (gettext("For computing interest accepted on"), _for_interest(decision, zone=said["time_zone"])),
        (gettext("Confirmed once more"), _proof(decision)),
        *facts.link(decision["link"]),
    ]
    return [(term, value) for term, value in rows if value]


def _for_interest(decision: dict[str, Any], *, zone: str) -> str:
    """The deadline that went by, where the contract counts interest from then; nothing of an acceptance in time."""
    at = decision.get("accepted_for_interest_at")
    return words.instant(datetime.fromisoformat(at), zone=zone) if at else ""


def _before(said: dict[str, Any]) -> list[Fact]:
    """What came before it: when the review clock stood still, who inspected, who accepted first."""
    zone, currency = said["time_zone"], said["milestone"]["currency"]

    def at(moment: str | None) -> str:
        return words.instant(datetime.fromisoformat(moment), zone=zone) if moment else "–"

    rows: list[Fact] = [
        (
            gettext("The review clock stood still"),
            gettext("from {asked} to {answered}; the deadline moved from {before} to {after}").format(
                asked=at(one["asked_at"]),
                answered=at(one["answered_at"]),
                before=at(one["due_before"]),
                after=at(one["due_after"]),
            ),
        )
        for one in said.get("suspensions", [])
    ]
    inspection, first = said.get("inspection"), said.get("first_acceptance")
    if inspection:
        found = gettext("every criterion met") if inspection["is_passed"] else gettext("a defect found")
        rows.append((gettext("Inspected by"), f"{_who(inspection)}, {at(inspection['inspected_at'])}: {found}"))
    if first:
        amount = words.money(Decimal(first["amount"]), currency)
        if first.get("quantity"):
            amount = f"{measure_wording.quantity(Decimal(first['quantity']), first['unit'])}, {amount}"
        rows.append((gettext("Accepted first by"), f"{_who(first)}, {at(first['accepted_at'])}: {amount}"))
        if first.get("reserved"):
            rows.append((gettext("Defects listed at the first acceptance"), "; ".join(first["reserved"])))
        proof = _proof(first)
        if proof:
            rows.append((gettext("First acceptance confirmed once more"), proof))
        stated = agreed(first)
        rows.append((gettext("Statement of the first acceptance"), stated.text))
        if stated.translation:
            rows.append((gettext("Translation of this statement"), stated.translation))
    return rows


def _who(person: dict[str, Any]) -> str:
    return f"{person['name']}, {person['email']}"


def _authority(decision: dict[str, Any]) -> str:
    if decision["is_named_in_the_contract"]:
        return gettext("named in the signed contract as the person who signs off")
    if decision["link"] and "passed_on_by" in decision["link"]:
        return gettext("asked by the person whom the signed contract names, who passed it on")
    return gettext("authorised by the buyer's organisation")


def _proof(decision: dict[str, Any]) -> str:
    """By what it was shown for this decision who decides, and when; nothing where it was not asked for."""
    if not decision["proved_at"]:
        return ""
    return gettext("by {means}, {instant}").format(
        means=decision["proved_by"], instant=words.instant(datetime.fromisoformat(decision["proved_at"]))
    )


def _record(audit: dict[str, Any]) -> list[Fact]:
    return [
        (gettext("Audit chain"), audit["chain"]),
        (gettext("Entry of this acceptance"), facts.place(audit["entry"])),
        (gettext("Last entry when this certificate was begun"), facts.place(audit["head"])),
    ]
