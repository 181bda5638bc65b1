"""An application for payment as it reads on paper, from its frozen text and nothing but that: the same bytes each time.

So it is made when somebody asks for it, and nothing has to be stored besides the text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import get_language, gettext

from apps.core import canonical
from apps.core.printing import press, words
from apps.core.printing.facts import Fact
from apps.core.printing.parts import DATA, Inside
from apps.invoicing.models.charge import ChargeKind

TEMPLATE: Final = "documents/application.html"
STYLE: Final = "record"
TEXT_FILE: Final = "application.json"
COLUMNS: Final = ("scheduled", "previous", "period", "stored", "completed", "percent", "balance", "retained")
"""The figures of a line of the sheet, in their order."""
WITHHELD: Final = "withheld"
"""What of a line is accepted and cannot be applied for before its defects are settled: a last column where there is
any."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the summary; ``is_sum``: it is what those above it come to."""

    name: str
    amount: Decimal
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the sheet, every figure as text."""

    place: str
    title: str
    figures: Sequence[str]


@dataclass(frozen=True, slots=True)
class Part:
    """What was applied for and certified of one milestone, and why not more."""

    title: str
    claimed: str
    certified: str
    reason: str


@dataclass(frozen=True, slots=True)
class Charged:
    """What stands beside the price by its own document; ``amount`` has its tax, and is below zero for the buyer's."""

    name: str
    document: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows. ``at`` is the instant that the file names."""

    language: str
    title: str
    number: str
    contract: str
    seller: str
    buyer: str
    period: str
    is_certified: bool
    has_withheld: bool
    due: str
    currency: str
    rows: Sequence[Row]
    totals: Sequence[str]
    parts: Sequence[Part]
    summary: Sequence[tuple[str, str, bool]]
    charges: Sequence[tuple[str, str, str]]
    decision: Sequence[Fact]
    comment: str
    sha256: str
    at: str


def pdf_of(text: str, *, at: datetime) -> bytes:
    """The PDF of an application's text, with that text inside; ``at`` is when it was submitted, or certified."""
    said = canonical.read(text)
    with translation.override(said["language"]):
        page = page_of(text, at=at)
        html = render_to_string(TEMPLATE, {"page": page})
        inside = Inside(TEXT_FILE, "application/json", gettext("The text that is frozen"), DATA, text.encode())
    return press.pdf(html, style=STYLE, at=page.at, inside=[inside])


def page_of(text: str, *, at: datetime) -> Page:
    """The page of a text in the language that is active."""
    said = canonical.read(text)
    currency, contract = said["currency"], said["contract"]

    def number(amount: str | Decimal) -> str:
        return words.number(Decimal(amount), currency)

    return Page(
        language=get_language() or said["language"],
        title=contract["title"],
        number=words.count(said["number"]),
        contract=contract["number"],
        seller=said["seller"],
        buyer=said["buyer"],
        period=gettext("{first} to {last}").format(
            **{name: words.day(date.fromisoformat(day)) for name, day in said["period"].items()}
        ),
        is_certified=said["stage"] == "certified",
        has_withheld=WITHHELD in said["totals"],
        due=words.money(Decimal(said["summary"]["due"]), currency),
        currency=currency,
        rows=[Row(words.count(one["position"]), one["title"], _figures(one, currency)) for one in said["sheet"]],
        totals=_figures(said["totals"], currency),
        parts=[
            Part(
                one["title"],
                number(one["claimed"]),
                number(one["certified"]) if "certified" in one else "",
                one.get("reason", ""),
            )
            for one in said["parts"]
        ],
        summary=[(one.name, number(one.amount), one.is_sum) for one in summary_of(said["summary"])],
        charges=[(one.name, one.document, number(one.amount)) for one in charges_of(said)],
        decision=_decision(said),
        comment=said.get("comment", ""),
        sha256=canonical.sha256(text),
        at=at.isoformat(timespec="seconds"),
    )


def summary_of(said: Mapping[str, Any]) -> list[Figure]:
    """The summary in the order in which it is reckoned, in the language that is active."""
    one = {name: Decimal(amount) for name, amount in said.items()}
    rows = [
        Figure(gettext("Original contract sum"), one["original"]),
        Figure(gettext("Net change by change orders"), one["changes"]),
    ]
    if "lowered" in one:
        rows.append(Figure(gettext("Lower prices agreed for defects"), -one["lowered"]))
    rows += [
        Figure(gettext("Contract sum to date"), one["price"], is_sum=True),
        Figure(gettext("Completed and stored to date"), one["completed"]),
    ]
    if one["deposits"]:
        rows.append(Figure(gettext("Deposits to be given back"), one["deposits"]))
    rows += [
        Figure(gettext("Tax on it"), one["tax"]),
        Figure(gettext("Less retained on completed work"), -one["retained_on_work"]),
        Figure(gettext("Less retained on stored materials"), -one["retained_on_stored"]),
    ]
    if one["withheld"]:
        rows.append(Figure(gettext("Less withheld for defects"), -one["withheld"]))
    rows += [
        Figure(gettext("Earned less retention"), one["earned"], is_sum=True),
        Figure(gettext("Less previous certificates for payment"), -one["previous"]),
        Figure(gettext("Current payment due"), one["due"], is_sum=True),
        Figure(gettext("Balance to finish, with retention, net of tax"), one["balance"], is_sum=True),
    ]
    if withheld := one.get("accepted_and_withheld"):
        rows.append(Figure(gettext("Of it accepted, and withheld until defects are mended"), withheld))
    return rows


def charges_of(said: Mapping[str, Any]) -> list[Charged]:
    """What stands beside the price by documents of its own, in the language that is active."""
    names = {
        ChargeKind.DAMAGES.value: gettext("Damages for delay of “{milestone}”"),
        ChargeKind.BACK_CHARGE.value: gettext("Back-charge on “{milestone}”"),
        ChargeKind.BONUS.value: gettext("Bonus: “{milestone}” before its planned day"),
    }
    return [
        Charged(
            names[one["kind"]].format(milestone=one["milestone"]),
            gettext("{document}, taken from {invoice}").format(document=one["document"], invoice=one["to"])
            if one["to"]
            else one["document"],
            Decimal(one["gross"]),
        )
        for one in said.get("charges", [])
    ]


def columns_of(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The figures of a line in a text: one more where something is withheld for defects."""
    return (*COLUMNS, WITHHELD) if WITHHELD in said["totals"] else COLUMNS


def _figures(row: Mapping[str, Any], currency: str) -> list[str]:
    return [
        f"{words.number(Decimal(row[name]), currency)}" if name != "percent" else words.percent(Decimal(row[name]))
        for name in (*COLUMNS, WITHHELD)
        if name in row
    ]


def _settlement(said: Mapping[str, Any]) -> int:
    """The number of the settlement of the contract's end by which it was certified; 0 where it was certified alone."""
    return int(said.get("certified_by_settlement", 0))


def _decision(said: Mapping[str, Any]) -> list[Fact]:
    if said["stage"] != "certified":
        return []
    zone = said["time_zone"]
    return [
        (gettext("Submitted by"), said["submitted_by"]),
        (gettext("Submitted"), words.instant(datetime.fromisoformat(said["submitted_at"]), zone=zone)),
        (gettext("Certified by"), said["certified_by"]),
        (gettext("Certified"), words.instant(datetime.fromisoformat(said["certified_at"]), zone=zone)),
        *([(gettext("By personal link to"), link)] if (link := said.get("certified_by_link_to")) else []),
        *([(gettext("By settlement of the end"), words.count(number))] if (number := _settlement(said)) else []),
        (gettext("SHA-256 of what was submitted"), said["submitted_sha256"]),
    ]
