"""A certificate of an event as it reads on paper: every figure and date of the snapshot as text, in the buyer's
language.

Nothing is looked up here, so the same snapshot always makes the same page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, gettext

from apps.core.printing import facts, words
from apps.core.printing.agreed import Agreed, agreed
from apps.core.printing.facts import Fact
from apps.milestones.certificates import circumstances


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows. ``payable`` is empty where nothing is due with the event."""

    language: str
    event: str
    lead: str
    ref: str
    seller: str
    confirmed_at: str
    when: str
    payable: str
    subject: Sequence[Fact]
    note: str
    statement: Agreed
    person: Sequence[Fact]
    circumstances: Sequence[Fact]
    hashes: Sequence[Fact]
    record: Sequence[Fact]


def page_of(said: dict[str, Any]) -> Page:
    """The page of a snapshot that was read, in the language that is active."""
    contract, event, by = said["contract"], said["event"], said["confirmation"]
    at = datetime.fromisoformat(by["confirmed_at"])
    payable = Decimal(event["payable"])
    signed = gettext("Signed contract, version {number}").format(number=contract["version"])
    return Page(
        language=get_language() or said["language"],
        event=event["event"],
        lead=gettext("{buyer} confirmed to {seller} that this has happened. No work is accepted by it.").format(
            buyer=contract["buyer"], seller=contract["seller"]
        ),
        ref=said["ref"],
        seller=contract["seller"],
        confirmed_at=at.isoformat(timespec="seconds"),
        when=words.day(at.astimezone(words.zone(said["time_zone"])).date()),
        payable=words.money(payable, event["currency"]) if payable else "",
        subject=_subject(said),
        note=event["note"],
        statement=agreed(by),
        person=_person(by, at=at, zone=said["time_zone"]),
        circumstances=circumstances.of_act(by),
        hashes=[
            (signed, contract["version_sha256"]),
            (gettext("Statement"), by["statement_sha256"]),
            *((gettext("Invoice {number}").format(number=one["number"]), one["sha256"]) for one in said["invoices"]),
        ],
        record=[
            (gettext("Audit chain"), said["audit"]["chain"]),
            (gettext("Entry of this confirmation"), facts.place(said["audit"]["entry"])),
            (gettext("Last entry when this certificate was begun"), facts.place(said["audit"]["head"])),
        ],
    )


def _subject(said: dict[str, Any]) -> list[Fact]:
    """Under which contract, what waited for it, and what was invoiced for it."""
    contract, event = said["contract"], said["event"]
    waited = [f"{words.count(one['position'])}. {one['title']}" for one in event["milestones"]]
    invoices = [
        gettext("{number}: {net} net, {gross} in all").format(
            number=one["number"],
            net=words.money(Decimal(one["net"]), event["currency"]),
            gross=words.money(Decimal(one["gross"]), event["currency"]),
        )
        for one in said["invoices"]
    ]
    rows = [
        (gettext("Contract"), f"{contract['number']} {contract['title']}"),
        (gettext("Seller"), contract["seller"]),
        (gettext("Buyer"), contract["buyer"]),
        (gettext("What waited for it"), "; ".join(waited)),
        (gettext("Invoice"), "; ".join(invoices)),
    ]
    return [(term, value) for term, value in rows if value]


def _person(by: dict[str, Any], *, at: datetime, zone: str) -> list[Fact]:
    """Who, for whom, when, from where, and how it was known who it is."""
    proof = ""
    if by["proved_at"]:
        proof = gettext("by {means}, {instant}").format(
            means=by["proved_by"], instant=words.instant(datetime.fromisoformat(by["proved_at"]))
        )
    rows = [
        (gettext("Confirmed by"), by["name"]),
        (gettext("Mailbox"), by["email"]),
        (gettext("For"), by["organisation"]),
        *facts.when_and_where(by, at=at, zone=zone),
        *facts.link(by.get("link")),
        (gettext("Confirmed once more"), proof),
    ]
    return [(term, value) for term, value in rows if value]
