"""Acceptance with reservations: what the buyer may list and withhold, and to what its person agrees."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from apps.core import canonical, money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.core.statements import Statement
from apps.milestones.rules.sign_off import LONGEST_REASON, CriterionVerdict, check_text

MOST_RESERVATIONS: Final = 50
LONGEST_TITLE: Final = 160


@dataclass(frozen=True, slots=True)
class Defect:
    """One item of a punch list. ``amount`` is what is withheld for it, net of tax; zero withholds nothing."""

    title: str
    due_on: date
    amount: Decimal = money.ZERO
    text: str = ""
    criterion_id: int | None = None


def checked_defects(
    defects: Sequence[Defect], *, whole: Money, criteria: Mapping[int, str], today: date
) -> list[Defect]:
    """The list, texts trimmed, if a milestone that comes to ``whole`` (net of tax) can be accepted under it.

    What is withheld together is at most the whole. How much is fair is not said here: the customary measure is twice
    what mending costs (German Civil Code, section 641(3)), and nobody but the sides knows that.
    """
    if not defects:
        raise Refused("Name at least one defect, or accept without reservations.", field="defects")
    if len(defects) > MOST_RESERVATIONS:
        raise Refused("List at most {most} defects.", field="defects", most=MOST_RESERVATIONS)
    checked = [
        _checked(one, number=number, whole=whole, criteria=criteria, today=today)
        for number, one in enumerate(defects, start=1)
    ]
    withheld = money.total(one.amount for one in checked)
    if withheld > whole.amount:
        raise Refused(
            "You withhold {withheld}, and the milestone comes to {whole}. Withhold at most all of it, or request"
            " changes instead.",
            field="defects",
            withheld=Money(withheld, whole.currency),
            whole=whole,
        )
    return checked


def _checked(defect: Defect, *, number: int, whole: Money, criteria: Mapping[int, str], today: date) -> Defect:
    """One item of the list; a refusal says which, by its number in the list."""
    with _of_defect(number, field="title"):
        title = " ".join(check_text(defect.title, most=LONGEST_TITLE, field="title").split())
        if not title:
            raise Refused("Say what it is.")
    if defect.criterion_id is not None and defect.criterion_id not in criteria:
        raise Refused("These are not the criteria of this milestone. Reload the page.", field="defects")
    with _of_defect(number, field="due_on"):
        if defect.due_on < today:
            raise Refused(
                "“{title}” should have been mended by {date}, which is past. Give a day to come.",
                title=title,
                date=defect.due_on,
            )
    amount = defect.amount
    with _of_defect(number, field="amount"):
        if amount != 0:
            amount = money.payable(amount, whole.currency)
    with _of_defect(number, field="text"):
        text = check_text(defect.text, most=LONGEST_REASON, field="text")
    return replace(defect, title=title, amount=amount, text=text)


@contextmanager
def _of_defect(number: int, *, field: str) -> Iterator[None]:
    """Say of a refusal to which defect it belongs, and to which of its values."""
    try:
        yield
    except Refused as refused:
        raise Refused("Defect {number}: {why}", field=field, number=number, why=refused) from None


def verdicts_under(defects: Sequence[Defect], *, criteria: Mapping[int, str]) -> list[CriterionVerdict]:
    """A verdict on every criterion: not met where a defect names it, for the reason that it gives; met elsewhere."""
    named: dict[int, str] = {}
    for one in defects:
        if one.criterion_id is not None:
            named[one.criterion_id] = "; ".join(filter(None, (named.get(one.criterion_id), one.title)))
    return [CriterionVerdict(pk, is_passed=pk not in named, reason=named.get(pk, "")) for pk in criteria]


def defects_text(defects: Sequence[Defect], *, criteria: Mapping[int, str]) -> str:
    """The canonical text of the list, of which the record keeps the hash."""
    return canonical.text(
        [
            {
                "title": one.title,
                "text": one.text,
                "criterion": criteria[one.criterion_id] if one.criterion_id is not None else None,
                "due_on": one.due_on,
                "amount": one.amount,
            }
            for one in defects
        ]
    )


def defects_kept(defects: Sequence[Defect], *, criteria: Mapping[int, str]) -> list[dict[str, Any]]:
    """The list as it is kept with the first of two acceptances: what the record hashes, and the criteria by id."""
    written = canonical.read(defects_text(defects, criteria=criteria))
    return [{**one, "criterion_id": defect.criterion_id} for one, defect in zip(written, defects, strict=True)]


def defects_of(kept: Sequence[Mapping[str, Any]]) -> list[Defect]:
    """The list that was kept so."""
    return [
        Defect(
            title=one["title"],
            due_on=date.fromisoformat(one["due_on"]),
            amount=Decimal(one["amount"]),
            text=one["text"],
            criterion_id=one["criterion_id"],
        )
        for one in kept
    ]


def check_none_dropped(defects: Sequence[Defect], *, first: Sequence[Defect], by: str, today: date) -> None:
    """Refuse a second acceptance that leaves out or changes what the first of the two reserved: it may add to it.

    A day until which something was to be mended may be put off where it has passed meanwhile.
    """
    listed = list(defects)
    for one in first:
        same = next((other for other in listed if _is_same(other, one, today=today)), None)
        if same is None:
            raise Refused(
                "{name}, who accepted first, listed “{title}”. Leave it as it is listed there; you may add other"
                " defects, or request changes instead.",
                field="defects",
                name=by,
                title=one.title,
            )
        listed.remove(same)


def _is_same(defect: Defect, first: Defect, *, today: date) -> bool:
    return defect == first or (first.due_on < today and replace(defect, due_on=first.due_on) == first)


def first_reserving_statement(
    *,
    organisation: str,
    title: str,
    cycle: int,
    amount: Money,
    count: int,
    withheld: Money,
    by_application: bool = False,
) -> Statement:
    """What the first of two people agrees to who accept a milestone with reservations; ``by_application``: an
    application for payment bills it, and what is withheld is not applied for."""
    named: dict[str, Any] = {"organisation": organisation, "cycle": cycle, "title": title, "amount": amount}
    if by_application:
        return Statement(
            "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here"
            " and accept {amount} net of tax of it with reservations: I reserve all rights from the defects that I"
            " list, {count} in number, for which {withheld} net of tax are to be withheld and cannot be applied for"
            " until they are mended and released. As agreed, a second person accepts too, and may add to the list:"
            " nothing of it stands in an application for payment before that.",
            "first-res-applied-1",
            **named,
            count=count,
            withheld=withheld,
        )
    return Statement(
        "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here and"
        " accept {amount} net of tax of it with reservations: I reserve all rights from the defects that I list,"
        " {count} in number, for which {withheld} net of tax are to be withheld until they are mended and released. As"
        " agreed, a second person accepts too, and may add to the list: no invoice is issued before that.",
        "first-reserving-1",
        **named,
        count=count,
        withheld=withheld,
    )


def reserving_statement(
    *,
    organisation: str,
    title: str,
    cycle: int,
    amount: Money,
    count: int,
    withheld: Money,
    by_application: bool = False,
    is_retained: bool = False,
) -> Statement:
    """What the buyer's person agrees to when signing a milestone off with reservations; ``by_application``: an
    application for payment bills it; ``is_retained``: the contract keeps a part of its invoice back beside that."""
    named: dict[str, Any] = {"organisation": organisation, "cycle": cycle, "title": title, "amount": amount}
    if by_application:
        rest = Money(amount.amount - withheld.amount, amount.currency)
        return _reserving_applied(named, count=count, withheld=withheld, rest=rest)
    if is_retained:
        return _reserving_retained(named, count=count, withheld=withheld)
    if withheld:
        return Statement(
            "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here"
            " and accept the milestone with reservations: I reserve all rights from the defects that I list, {count}"
            " in number, and accept it apart from that as complete. An invoice for {amount} net of tax is issued on my"
            " acceptance. Of it {withheld} net of tax are withheld and not due until the defects are mended and"
            " released; {rest} are due as agreed.",
            "reservations-2",
            **named,
            count=count,
            withheld=withheld,
            rest=Money(amount.amount - withheld.amount, amount.currency),
        )
    return Statement(
        "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here and"
        " accept the milestone with reservations: I reserve all rights from the defects that I list, {count} in number,"
        " and accept it apart from that as complete. An invoice for {amount} net of tax is issued on my acceptance."
        " Nothing of it is withheld.",
        "reservations-2",
        **named,
        count=count,
    )


def _reserving_retained(named: dict[str, Any], *, count: int, withheld: Money) -> Statement:
    """How much the retention comes to is not said here: it may be reckoned from what is billed until the signature."""
    if withheld:
        return Statement(
            "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here"
            " and accept the milestone with reservations: I reserve all rights from the defects that I list, {count}"
            " in number, and accept it apart from that as complete. An invoice for {amount} net of tax is issued on my"
            " acceptance. Of it {withheld} net of tax are withheld and not due until the defects are mended and"
            " released; what is left is due as agreed, less the retention that the contract keeps back of the invoice.",
            "reserving-retained-1",
            **named,
            count=count,
            withheld=withheld,
        )
    return Statement(
        "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here and"
        " accept the milestone with reservations: I reserve all rights from the defects that I list, {count} in number,"
        " and accept it apart from that as complete. An invoice for {amount} net of tax is issued on my acceptance."
        " Nothing of it is withheld but the retention that the contract keeps back of the invoice.",
        "reserving-retained-1",
        **named,
        count=count,
    )


def _reserving_applied(named: dict[str, Any], *, count: int, withheld: Money, rest: Money) -> Statement:
    if withheld:
        return Statement(
            "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here"
            " and accept the milestone with reservations: I reserve all rights from the defects that I list, {count}"
            " in number, and accept it apart from that as complete. Of {amount} net of tax, {withheld} are withheld and"
            " cannot be applied for until the defects are mended and released; {rest} stand in the next application"
            " for payment from now on.",
            "reserving-applied-1",
            **named,
            count=count,
            withheld=withheld,
            rest=rest,
        )
    return Statement(
        "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here and"
        " accept the milestone with reservations: I reserve all rights from the defects that I list, {count} in number,"
        " and accept it apart from that as complete. {amount} net of tax stand in the next application for payment from"
        " now on. Nothing of it is withheld.",
        "reserving-applied-1",
        **named,
        count=count,
    )


def reduction(amount: Decimal, *, withheld: Money) -> Decimal:
    """By how much the price would fall: above nothing, at most what is withheld for this defect."""
    wanted = money.payable(amount, withheld.currency, field="amount")
    if wanted > withheld.amount:
        raise Refused(
            "{withheld} net of tax are withheld for this defect. Offer at most that; a larger difference is settled by"
            " a credit note of the seller.",
            field="amount",
            withheld=withheld,
        )
    return wanted
