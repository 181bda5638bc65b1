"""What a statement of account says, as canonical text, and as it reads on paper. Nothing is looked up here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from apps.core import canonical, money
from apps.core.printing import words
from apps.invoicing import rules
from apps.invoicing.letterhead import address_lines, imprint_of, sender_of
from apps.invoicing.rules import Band
from apps.invoicing.snapshot import Party, read_party

VERSION: Final = "account-statement-1"
EVENTS: Final[dict[str, Promise]] = {
    "invoice": _("Invoice"),
    "retention_release": _("Release of retention"),
    "late_charge": _("Interest and fees for late payment"),
    "defect_settled": _("Withheld amount is due"),
    "credit_note": _("Credit note"),
    "payment": _("Payment"),
    "collected": _("Paid to the financier"),
    "payment_reversed": _("Payment reversed"),
    "refund": _("Paid back"),
    "refund_returned": _("Refund that came back"),
}
BANDS: Final[dict[Band, Promise]] = {
    Band.NOT_DUE: _("Not due yet"),
    Band.TO_30: _("1 to 30 days late"),
    Band.TO_60: _("31 to 60 days late"),
    Band.TO_90: _("61 to 90 days late"),
    Band.OVER_90: _("More than 90 days late"),
}


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One event: ``amount`` raises what is owed or, negative, lowers it; ``about`` is what a payment settles."""

    on: date
    event: str
    name: str
    about: str
    due_on: date | None
    amount: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """What is open of an invoice, net of credits and payments, when the letter was written."""

    number: str
    issued_on: date
    due_on: date
    open: Decimal


@dataclass(frozen=True, slots=True)
class Letter:
    """All that the letter says. ``written_on`` is the day as of which invoices are open, and of what age."""

    version: str
    language: str
    written_at: datetime
    written_on: date
    currency: str
    since: date
    until: date
    seller: Party
    buyer: Party
    opening: Decimal
    rows: tuple[LetterRow, ...]
    closing: Decimal
    is_cut: bool
    invoices: tuple[OpenInvoice, ...]
    unapplied: Decimal


def write(letter: Letter) -> str:
    """The canonical text that is hashed and stored."""
    return canonical.text(letter)


def read(text: str) -> Letter:
    """The letter that a canonical text says."""
    said: dict[str, Any] = canonical.read(text)
    if said["version"] != VERSION:
        raise ValueError(f"a statement of the version {said['version']} cannot be read")
    return Letter(
        version=said["version"],
        language=said["language"],
        written_at=datetime.fromisoformat(said["written_at"]),
        written_on=date.fromisoformat(said["written_on"]),
        currency=said["currency"],
        since=date.fromisoformat(said["since"]),
        until=date.fromisoformat(said["until"]),
        seller=read_party(said["seller"]),
        buyer=read_party(said["buyer"]),
        opening=Decimal(said["opening"]),
        rows=tuple(
            LetterRow(
                date.fromisoformat(row["on"]),
                row["event"],
                row["name"],
                row["about"],
                date.fromisoformat(row["due_on"]) if row["due_on"] else None,
                Decimal(row["amount"]),
                Decimal(row["balance"]),
            )
            for row in said["rows"]
        ),
        closing=Decimal(said["closing"]),
        is_cut=said["is_cut"],
        invoices=tuple(
            OpenInvoice(
                one["number"],
                date.fromisoformat(one["issued_on"]),
                date.fromisoformat(one["due_on"]),
                Decimal(one["open"]),
            )
            for one in said["invoices"]
        ),
        unapplied=Decimal(said["unapplied"]),
    )


def by_age(invoices: Sequence[OpenInvoice], *, on: date) -> dict[Band, Decimal]:
    """What is open in each band of age; every band is there."""
    return {
        band: money.total(one.open for one in invoices if rules.band_of(one.due_on, on=on) == band) for band in Band
    }


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows, in the language that is active."""

    language: str
    title: str
    number: str
    seller: Party
    sender: str
    buyer: Party
    buyer_lines: list[str]
    facts: list[tuple[str, str]]
    closing: str
    until: str
    rows: list[dict[str, str]]
    opening: dict[str, str]
    is_cut: bool
    ages: list[tuple[str, str]]
    open: list[dict[str, str]]
    as_of: str
    notes: list[str]
    imprint: list[list[str]]
    issued_at: str


def page_of(letter: Letter) -> Page:
    """The page of a letter."""
    currency = letter.currency
    period = f"{words.day(letter.since)} – {words.day(letter.until)}"
    ages = by_age(letter.invoices, on=letter.written_on)
    return Page(
        language=get_language() or letter.language,
        title=gettext("Statement of account from {seller}, {date}").format(
            seller=letter.seller.name, date=words.day(letter.until)
        ),
        number=period,
        seller=letter.seller,
        sender=sender_of(letter.seller),
        buyer=letter.buyer,
        buyer_lines=[line for line in address_lines(letter.buyer.address) if line],
        facts=[
            (gettext("Date"), words.day(letter.written_on)),
            (gettext("Period"), period),
            (gettext("Currency"), currency),
        ],
        closing=words.money(letter.closing, currency),
        until=words.day(letter.until),
        rows=[
            {
                "day": words.day(row.on),
                "what": f"{EVENTS[row.event]} {row.name}".strip(),
                "about": row.about,
                "due": words.day(row.due_on) if row.due_on else "",
                "owed": words.number(row.amount, currency) if row.amount > 0 else "",
                "settled": words.number(-row.amount, currency) if row.amount < 0 else "",
                "balance": words.number(row.balance, currency),
            }
            for row in letter.rows
        ],
        opening={"day": words.day(letter.since), "balance": words.number(letter.opening, currency)},
        is_cut=letter.is_cut,
        ages=[(str(BANDS[band]), words.money(amount, currency)) for band, amount in ages.items()],
        open=[
            {
                "number": one.number,
                "issued": words.day(one.issued_on),
                "due": words.day(one.due_on),
                "age": str(BANDS[rules.band_of(one.due_on, on=letter.written_on)]),
                "open": words.number(one.open, currency),
            }
            for one in letter.invoices
        ],
        as_of=words.day(letter.written_on),
        notes=_notes(letter),
        imprint=imprint_of(letter.seller),
        issued_at=letter.written_at.isoformat(timespec="seconds"),
    )


def _notes(letter: Letter) -> list[str]:
    notes = [
        gettext(
            "This is no invoice. What is retained as agreed, or withheld for defects, is not in these amounts before it"
            " is released. Please tell us if your books say otherwise."
        )
    ]
    if letter.unapplied:
        notes.append(
            gettext("{amount} was paid and settles no invoice yet.").format(
                amount=words.money(letter.unapplied, letter.currency)
            )
        )
    if letter.closing < 0:
        notes.append(gettext("A negative balance is the buyer's: more was paid or credited than was owed."))
    return notes
