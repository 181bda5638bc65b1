"""A version as it reads on paper: every figure and date as text, in the buyer's language.

Nothing is looked up here, so the same texts always make the same page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import get_language, gettext

from apps.contracts import criteria_wording, measure_wording, rules, wording
from apps.contracts.documents.changed import change_of
from apps.contracts.documents.plans import due_of, name_of, other_plans, price_of
from apps.contracts.documents.terms import terms_of
from apps.contracts.rules import PaperLine
from apps.core import canonical
from apps.core.printing import facts, words
from apps.core.printing.agreed import Agreed, agreed
from apps.core.printing.facts import Fact

MOST_PRINTED: Final = 220_000
"""Characters of a plan that are printed, markup counted: with the longest terms well below what the press takes."""
MARKUP: Final = 700
"""Characters around one line of the plan; around one criterion a seventh of it."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One line: its place, name, planned date, portion of the price, amount, and what makes it complete or due."""

    position: str
    title: str
    scope: str
    planned: str
    portion: str
    amount: str
    criteria: Sequence[str]
    own: Sequence[str]
    billed: str


@dataclass(frozen=True, slots=True)
class SignatureBlock:
    """The signature of one side; without ``name`` it is missing."""

    side: str
    organisation: str
    name: str
    statement: Agreed | None
    person: Sequence[Fact]
    hashes: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows. ``at`` is the instant of the last signature on it."""

    language: str
    title: str
    kind: str
    is_signed: bool
    standing: str
    number: str
    version: str
    ref: str
    at: str
    when: str
    price: str
    sha256: str
    seller: Sequence[str]
    buyer: Sequence[str]
    change: Sequence[Fact]
    plan_name: str
    plans: Sequence[Fact]
    terms: Sequence[Fact]
    further: str
    rows: Sequence[PlanRow]
    unprinted: str
    signatures: Sequence[SignatureBlock]
    record: Sequence[Fact]


def page_of(text: str, told: dict[str, Any]) -> Page:
    """The page of a version's canonical text and of what its signature page says, in the language that is active."""
    said, picked = canonical.read(text), told.get("option")
    paper = rules.read_version_text(text, option=picked or 0)
    plan = said["options"][picked - 1]["plan"] if picked else said["plan"]
    contract, currency = said["contract"], said["contract"]["currency"]
    signatures = told["signatures"]
    last = datetime.fromisoformat(signatures[-1]["signed_at"])
    is_signed = told["kind"] == "signed"
    printed = lines_on_paper(paper.lines)
    return Page(
        language=get_language() or told["language"],
        title=contract["title"],
        kind=_kind(said, is_signed=is_signed),
        is_signed=is_signed,
        standing=_standing(said, told),
        number=contract["number"],
        version=words.count(contract["version"]),
        ref=told["ref"],
        at=last.isoformat(timespec="seconds"),
        when=words.day(last.astimezone(words.zone(told["time_zone"])).date()),
        price=words.money(price_of(paper), currency),
        sha256=told["version"]["sha256"],
        seller=_party(said["seller"]),
        buyer=_party(said["buyer"]),
        change=change_of(said, currency),
        plan_name=name_of(said, picked or 0),
        plans=other_plans(text, said, picked=picked, currency=currency),
        terms=terms_of(paper, seller=said["seller"]["legal_name"], buyer=said["buyer"]["legal_name"]),
        further=said["terms"]["further"],
        rows=[
            _row(one["position"], line, currency)
            for one, line in zip(plan[:printed], paper.lines[:printed], strict=True)
        ],
        unprinted=_unprinted(paper.lines, printed),
        signatures=_signatures(said, told),
        record=[
            (gettext("Audit chain"), told["audit"]["chain"]),
            (gettext("Entry of the last signature"), facts.place(told["audit"]["entry"])),
            (gettext("Last entry when this document was begun"), facts.place(told["audit"]["head"])),
        ],
    )


def _kind(said: dict[str, Any], *, is_signed: bool) -> str:
    change = said.get("change_order")
    if change is None:
        return gettext("Contract") if is_signed else gettext("Proposal of a contract")
    word = gettext("Contract, as change order {number} makes it")
    if not is_signed:
        word = gettext("Proposal of change order {number} of a contract")
    return word.format(number=words.count(change["number"]))


def _standing(said: dict[str, Any], told: dict[str, Any]) -> str:
    """Whether this binds anybody, in one sentence."""
    names = {"seller": said["seller"]["legal_name"], "buyer": said["buyer"]["legal_name"]}
    if told["kind"] == "signed":
        return gettext("{seller} and {buyer} both signed this version. It is in force.").format(**names)
    proposer, other = ("seller", "buyer") if told["signatures"][0]["side"] == "seller" else ("buyer", "seller")
    return gettext(
        "This is a proposal. {proposer} has signed it; it is not in force unless {other} signs the same version."
    ).format(proposer=names[proposer], other=names[other])


def _party(party: dict[str, str]) -> list[str]:
    place = f"{party['postcode']} {party['city']}".strip()
    vat, company = party["vat_number"], party["company_number"]
    lines = [
        party["legal_name"],
        party["street"],
        place,
        words.territory(party["country"]),
        gettext("VAT number {number}").format(number=vat) if vat else "",
        gettext("Company number {number}").format(number=company) if company else "",
    ]
    return [line for line in lines if line]


def lines_on_paper(lines: Sequence[PaperLine]) -> int:
    """How many lines of the plan fit on paper."""
    left = MOST_PRINTED
    for place, line in enumerate(lines):
        left -= MARKUP + len(line.title) + len(line.scope) + sum(MARKUP // 7 + len(one.text) for one in line.criteria)
        if left < 0:
            return place
    return len(lines)


def _unprinted(lines: Sequence[PaperLine], printed: int) -> str:
    if printed == len(lines):
        return ""
    return gettext(
        "Lines {first} to {last} of the plan are not printed, because there are so many. They stand in the text inside"
        " this file, contract.json, which is what is signed."
    ).format(first=words.count(printed + 1), last=words.count(len(lines)))


def _row(place: int, line: PaperLine, currency: str) -> PlanRow:
    portion = ""
    if line.percent is not None:
        portion = words.percent(line.percent)
    elif line.basis == "remainder":
        portion = gettext("the remainder")
    elif line.basis == "total":
        portion = gettext("in all")
    elif line.measure is not None:
        portion = measure_wording.agreed(line.measure, currency)
    return PlanRow(
        position=words.count(place),
        title=line.title,
        scope=line.scope,
        planned=words.day(line.planned_on) if line.planned_on else "",
        billed=due_of(line, currency),
        portion=portion,
        amount=words.money(line.amount or Decimal(0), currency),
        own=wording.own_terms(line.own),
        criteria=[
            f"{one.text} ({said})" if (said := criteria_wording.marks(one)) else one.text for one in line.criteria
        ],
    )


def _signatures(said: dict[str, Any], told: dict[str, Any]) -> list[SignatureBlock]:
    by_side = {one["side"]: one for one in told["signatures"]}
    names = {"seller": gettext("For the seller"), "buyer": gettext("For the buyer")}
    first = told["signatures"][0]["side"]
    sides = [first, "buyer" if first == "seller" else "seller"]
    return [
        _signature(names[side], said[side]["legal_name"], by_side.get(side), zone=told["time_zone"]) for side in sides
    ]


def _signature(side: str, organisation: str, one: dict[str, Any] | None, *, zone: str) -> SignatureBlock:
    if one is None:
        return SignatureBlock(side, organisation, "", None, [], [])
    person = [
        (gettext("Signed by"), one["name"]),
        (gettext("Mailbox"), one["email"]),
        (gettext("For"), one["organisation"]),
        *facts.when_and_where(one, at=datetime.fromisoformat(one["signed_at"]), zone=zone),
        *facts.link(one["link"]),
    ]
    hashes = [
        (gettext("SHA-256 of the text"), one["sha256"]),
        (gettext("SHA-256 of the statement"), one["statement_sha256"]),
    ]
    return SignatureBlock(
        side=side,
        organisation=organisation,
        name=one["name"],
        statement=agreed(one),
        person=[(term, value) for term, value in person if value],
        hashes=hashes,
    )
