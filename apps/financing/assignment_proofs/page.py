"""The proof of an assignment as it reads on paper, in the buyer's language.

Nothing is looked up here, so the same snapshot always makes the same page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, gettext

from apps.core.printing import facts, words
from apps.core.printing.facts import Fact


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows."""

    language: str
    ref: str
    seller: str
    lead: str
    begun_at: str
    amount: str
    when: str
    subject: Sequence[Fact]
    signature: Sequence[Fact]
    notice: str
    hashes: Sequence[Fact]
    record: Sequence[Fact]


def page_of(said: dict[str, Any]) -> Page:
    """The page of a snapshot that was read, in the language that is active."""
    contract, sold, signed = said["contract"], said["assignment"], said["signature"]
    at, zone = datetime.fromisoformat(signed["signed_at"]), said["time_zone"]
    return Page(
        language=get_language() or said["language"],
        ref=said["ref"],
        seller=contract["seller"],
        lead=gettext("{seller} has assigned to {financier} what {buyer} owes for this milestone.").format(
            seller=contract["seller"], financier=sold["financier"], buyer=contract["buyer"]
        ),
        begun_at=datetime.fromisoformat(said["begun_at"]).isoformat(timespec="seconds"),
        amount=words.money(Decimal(sold["face"]), sold["currency"]),
        when=words.day(at.astimezone(words.zone(zone)).date()),
        subject=[
            (gettext("Contract"), f"{contract['number']} {contract['title']}"),
            (gettext("Milestone"), sold["milestone"]),
            (gettext("Assigned by"), contract["seller"]),
            (gettext("Assigned to"), sold["financier"]),
            (gettext("Owed by"), contract["buyer"]),
            (gettext("Notice sent"), words.instant(datetime.fromisoformat(sold["notified_at"]), zone=zone)),
        ],
        signature=[
            (gettext("Signed by"), signed["name"]),
            (gettext("For"), signed["organisation"]),
            (gettext("When"), words.instant(at)),
            (gettext("Local time"), words.instant(at, zone=zone)),
        ],
        notice=sold["notice"],
        hashes=[
            (gettext("Notice of assignment"), sold["notice_sha256"]),
            (gettext("What the seller signed"), signed["disclosure_sha256"]),
        ],
        record=[
            (gettext("Audit chain"), said["audit"]["chain"]),
            (gettext("Entry of the seller's signature"), facts.place(signed["entry"])),
            (gettext("Entry of the assignment"), facts.place(said["audit"]["entry"])),
            (gettext("Last entry when this proof was begun"), facts.place(said["audit"]["head"])),
        ],
    )
