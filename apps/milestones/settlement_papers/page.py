"""A settlement as it reads on paper: every figure and date as text, in the buyer's language.

Nothing is looked up here, so the same texts always make the same page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import get_language, gettext

from apps.core import canonical
from apps.core.printing import facts, words
from apps.core.printing.agreed import Agreed, agreed
from apps.core.printing.facts import Fact

MOST_PRINTED: Final = 1_000
"""Lines that are printed, of each list: all of them stand in the text inside the file."""


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One milestone that was open: what was not billed of it, what is owed, what is cancelled, and what shows it."""

    place: str
    title: str
    note: str
    unbilled: str
    valued: str
    cancelled: str


@dataclass(frozen=True, slots=True)
class IssuedRow:
    """An invoice or a credit note that the settlement issued."""

    name: str
    about: str
    net: str
    gross: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SignatureBlock:
    """The signature of one side."""

    side: str
    statement: Agreed
    person: Sequence[Fact]
    hashes: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows. ``at`` is the instant of the last signature on it."""

    language: str
    title: str
    number: str
    settlement: str
    seller: str
    buyer: str
    at: str
    when: str
    owed: str
    sha256: str
    notice: Sequence[Fact]
    reason: str
    values: Sequence[ValueRow]
    unprinted: str
    cancelled: str
    unbilled: str
    applied_for: Sequence[Fact]
    billed_no_more: Sequence[Fact]
    issued: Sequence[IssuedRow]
    note: str
    signatures: Sequence[SignatureBlock]
    record: Sequence[Fact]


def page_of(text: str, told: dict[str, Any]) -> Page:
    """The page of a settlement's canonical text and of what its paper says besides, in the language that is active."""
    said = canonical.read(text)
    contract, currency, rows = said["contract"], said["currency"], said["milestones"]
    last = datetime.fromisoformat(told["signatures"][-1]["signed_at"])

    def money(amount: str | Decimal) -> str:
        return words.money(Decimal(amount), currency)

    return Page(
        language=get_language() or told["language"],
        title=contract["title"],
        number=contract["number"],
        settlement=words.count(said["number"]),
        seller=told["seller"],
        buyer=told["buyer"],
        at=last.isoformat(timespec="seconds"),
        when=words.day(last.astimezone(words.zone(told["time_zone"])).date()),
        owed=money(said["accepted_and_invoiced"]),
        sha256=told["settlement"]["sha256"],
        notice=_notice(said["notice"], told),
        reason=said["notice"]["reason"],
        values=[
            ValueRow(
                place=words.count(one["position"]),
                title=one["title"],
                note=one["note"],
                unbilled=money(one["unbilled"]),
                valued=money(one["accepted_and_invoiced"]),
                cancelled=money(one["cancelled"]),
            )
            for one in rows[:MOST_PRINTED]
        ],
        unprinted=_unprinted(len(rows)),
        cancelled=money(said["cancelled"]),
        unbilled=money(sum((Decimal(one["unbilled"]) for one in rows), Decimal(0))),
        applied_for=[(one["title"], money(one["amount"])) for one in said.get("applied_for", {}).get("milestones", [])],
        billed_no_more=[(one["title"], _not_billed(one, money(one["amount"]))) for one in said["billed_no_more"]],
        issued=[_issued(one, currency) for one in told["issued"][:MOST_PRINTED]],
        note=said["note"],
        signatures=[_signature(one, zone=told["time_zone"]) for one in told["signatures"]],
        record=[
            (gettext("Audit chain"), told["audit"]["chain"]),
            (gettext("Entry of the last signature"), facts.place(told["audit"]["entry"])),
            (gettext("Last entry when this document was begun"), facts.place(told["audit"]["head"])),
            (gettext("Signed contract, in force until then"), contract["sha256"]),
        ],
    )


def _notice(notice: dict[str, Any], told: dict[str, Any]) -> list[Fact]:
    grounds = {"convenience": gettext("For convenience"), "cause": gettext("For cause")}
    return [
        (gettext("Notice given by"), told[notice["side"]]),
        (gettext("Terminated"), grounds[notice["ground"]]),
        (gettext("Takes effect"), words.day(date.fromisoformat(notice["effective_on"]))),
    ]


def _not_billed(one: dict[str, Any], amount: str) -> str:
    if one["count"] == 1:
        return amount
    return gettext("{count} times, {amount} in all").format(count=words.count(one["count"]), amount=amount)


def _unprinted(count: int) -> str:
    if count <= MOST_PRINTED:
        return ""
    return gettext(
        "Milestones {first} to {last} of this list are not printed, because there are so many. They stand in the text"
        " inside this file, settlement.json, which is what is signed."
    ).format(first=words.count(MOST_PRINTED + 1), last=words.count(count))


def _issued(one: dict[str, Any], currency: str) -> IssuedRow:
    name, about = gettext("Invoice {number}"), one["about"]
    if one["kind"] == "credit_note":
        name, about = gettext("Credit note {number}"), gettext("corrects invoice {number}").format(number=about)
    return IssuedRow(
        name=name.format(number=one["number"]),
        about=about,
        net=words.money(Decimal(one["net"]), currency),
        gross=words.money(Decimal(one["gross"]), currency),
        sha256=one["sha256"],
    )


def _signature(one: dict[str, Any], *, zone: str) -> SignatureBlock:
    names = {"seller": gettext("For the seller"), "buyer": gettext("For the buyer")}
    proof = ""
    if one["proved_at"]:
        at = words.instant(datetime.fromisoformat(one["proved_at"]))
        proof = gettext("by {means}, {instant}").format(means=one["proved_by"], instant=at)
    person = [
        (gettext("Signed by"), one["name"]),
        (gettext("Mailbox"), one["email"]),
        (gettext("For"), one["organisation"]),
        *facts.when_and_where(one, at=datetime.fromisoformat(one["signed_at"]), zone=zone),
        (gettext("Confirmed once more"), proof),
    ]
    return SignatureBlock(
        side=f"{names[one['side']]}: {one['organisation']}",
        statement=agreed(one),
        person=[(term, value) for term, value in person if value],
        hashes=[
            (gettext("SHA-256 of the text"), one["sha256"]),
            (gettext("SHA-256 of the statement"), one["statement_sha256"]),
        ],
    )
