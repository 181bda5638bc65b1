"""Statements of account as letters: asked for by either side, or written every month by the seller's schedule."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import translation

from apps.contracts.models import Contract
from apps.core import canonical, made
from apps.core.errors import Refused
from apps.core.made import Kept
from apps.core.printing import press
from apps.invoicing import account_text
from apps.invoicing.account_text import LetterRow, OpenInvoice
from apps.invoicing.looks import logo_of
from apps.invoicing.models import AccountLetter, AccountLetterSchedule, Allocation, OpenItem
from apps.invoicing.services import letter_sending
from apps.invoicing.services.account_statement import (
    AccountStatement,
    Between,
    Event,
    account_statement,
    standing_of,
)
from apps.invoicing.services.facts import language_of, party_of, sender_of
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action

TEMPLATE: Final = "documents/account_statement.html"
FOLDER: Final = "account-statements"
STYLE: Final = "invoice"
LONGEST_DAYS: Final = 3 * 366


@dataclass(frozen=True, slots=True)
class MonthToWrite:
    """A month that is over where the seller is, and of which no statements were written."""

    seller_id: int
    since: date
    until: date


def months_to_write(*, at: datetime) -> Iterator[MonthToWrite]:
    """The earliest such month of every seller who wants statements; the next one follows once that is written."""
    for schedule in AccountLetterSchedule.objects.using("owner").filter(is_on=True).select_related("seller"):
        since = schedule.through + timedelta(days=1)
        until = _last_day(since)
        if until < at.astimezone(ZoneInfo(schedule.seller.time_zone)).date():
            yield MonthToWrite(schedule.seller_id, since, until)


def begin_schedule(*, actor: Actor, at: datetime) -> AccountLetterSchedule:
    """The seller's buyers get a statement of every month from this one on.

    What was not wanted in the meantime is not written afterwards.
    """
    schedule, before = _schedule(actor=actor, at=at)
    if not schedule.is_on:
        schedule.through = max(schedule.through, before)
    schedule.is_on = True
    return _signed(schedule, actor=actor, at=at)


def end_schedule(*, actor: Actor, at: datetime) -> AccountLetterSchedule:
    """The seller's buyers get no more statements but those that somebody asks for."""
    schedule, _before = _schedule(actor=actor, at=at)
    schedule.is_on = False
    return _signed(schedule, actor=actor, at=at)


def _schedule(*, actor: Actor, at: datetime) -> tuple[AccountLetterSchedule, date]:
    """The seller's schedule under its lock, new or as it stands, and the last day before the month that runs."""
    actor.require(Action.RECORD_PAYMENT)
    seller = Organisation.objects.get(pk=actor.organisation_id)
    before = at.astimezone(ZoneInfo(seller.time_zone)).date().replace(day=1) - timedelta(days=1)
    new = {"is_on": False, "through": before, "set_by_name": actor.name, "set_at": at}
    schedule, _is_new = AccountLetterSchedule.objects.select_for_update().get_or_create(seller=seller, defaults=new)
    return schedule, before


def _signed(schedule: AccountLetterSchedule, *, actor: Actor, at: datetime) -> AccountLetterSchedule:
    schedule.set_by_name, schedule.set_at = actor.name, at
    schedule.save()
    return schedule


def write_month(*, actor: Actor, since: date, until: date, at: datetime) -> list[AccountLetter]:
    """One letter for each account in which something happened in the month or is owed at its end.

    Nothing when the month was written already. Months are written one after the other.
    """
    schedule = AccountLetterSchedule.objects.select_for_update().filter(seller_id=actor.organisation_id).first()
    if schedule is None or not schedule.is_on or schedule.through != since - timedelta(days=1):
        return []
    schedule.through = until
    schedule.save(update_fields=["through"])
    letters = []
    for between in _accounts_of(actor):
        statement = account_statement(actor, between=between, since=since, until=until)
        if statement.rows or statement.closing:
            letters.append(_write(statement, actor=actor, asked_by="", at=at))
    return letters


def write_letter(
    *, actor: Actor, other_ref: str, currency: str, since: date, until: date, at: datetime
) -> AccountLetter:
    """Somebody of either side asks for the account as a letter; it goes to the buyer, and both can download it.

    Until the asker's own today at the most, as its page of the account shows.
    """
    between = _between(actor, other_ref=other_ref, currency=currency)
    is_seller = actor.organisation_id == between.seller.pk
    actor.require(Action.RECORD_PAYMENT if is_seller else Action.ASK_ABOUT_INVOICE)
    asker = between.seller if is_seller else between.buyer
    if since > until or until > at.astimezone(ZoneInfo(asker.time_zone)).date():
        raise Refused("These days are not a period that is over or runs today. Choose other days.", field="until")
    if (until - since).days > LONGEST_DAYS:
        raise Refused("A period covers three years at the most. Choose a later first day.", field="since")
    statement = account_statement(actor, between=between, since=since, until=until)
    return _write(statement, actor=actor, asked_by=actor.name, at=at)


def render_letter(*, letter_ref: str, when_ready: Callable[[AccountLetter], None]) -> AccountLetter:
    """Make and store the PDF; nothing happens if it is there."""
    rows = AccountLetter.objects.select_for_update(of=("self",))
    return made.make(lambda: rows.all().get(ref=letter_ref), work=_printed, then=when_ready)


def _printed(row: AccountLetter) -> Kept:
    letter = account_text.read(row.snapshot)
    with translation.override(letter.language):
        page = account_text.page_of(letter)
        html = render_to_string(TEMPLATE, {"page": page})
    content = press.pdf(html, style=STYLE, at=page.issued_at, logo=logo_of(letter.seller))
    return made.keep(row, content, folder=FOLDER)


def _write(statement: AccountStatement, *, actor: Actor, asked_by: str, at: datetime) -> AccountLetter:
    between = statement.between
    seller, buyer = between.seller, between.buyer
    today = at.astimezone(ZoneInfo(seller.time_zone)).date()
    settled = _settled(actor, statement)
    items = OpenItem.objects.visible_to(actor).open().select_related("invoice").order_by("due_on", "pk")
    open_items = items.filter(seller=seller, buyer=buyer, currency=between.currency)
    text = account_text.write(
        account_text.Letter(
            version=account_text.VERSION,
            language=language_of(buyer),
            written_at=at,
            written_on=today,
            currency=between.currency,
            since=statement.since,
            until=statement.until,
            seller=sender_of(seller, category="S"),
            buyer=party_of(buyer, category="S"),
            opening=statement.opening,
            rows=tuple(
                LetterRow(
                    row.on,
                    row.event.value,
                    row.name,
                    settled.get((row.on, row.name), "") if row.event == Event.PAYMENT else row.about,
                    row.due_on,
                    row.amount,
                    row.balance,
                )
                for row in statement.rows
            ),
            closing=statement.closing,
            is_cut=statement.is_cut,
            invoices=tuple(
                OpenInvoice(item.invoice.number, item.invoice.issued_on, item.due_on, item.open) for item in open_items
            ),
            unapplied=standing_of(actor, between=between, today=today).unapplied,
        )
    )
    letter = AccountLetter.objects.create(
        seller=seller,
        buyer=buyer,
        currency=between.currency,
        since=statement.since,
        until=statement.until,
        asked_by=asked_by,
        snapshot=text,
        snapshot_sha256=canonical.sha256(text),
        requested_at=at,
    )
    letter_sending.record(
        letter, verb="account_letter.written", actor=actor, at=at, snapshot_sha256=letter.snapshot_sha256
    )
    return letter


def _settled(actor: Actor, statement: AccountStatement) -> dict[tuple[date, str], str]:
    """Which invoices the payments of a day with this reference settle, as things stand now."""
    between = statement.between
    rows = Allocation.objects.visible_to(actor).filter(
        reverses__isnull=True,
        reversed_by__isnull=True,
        freed_by__isnull=True,
        payment__recipient=between.seller,
        payment__payer=between.buyer,
        payment__currency=between.currency,
        payment__received_on__range=(statement.since, statement.until),
    )
    numbers: dict[tuple[date, str], list[str]] = defaultdict(list)
    for day, reference, number in rows.order_by("pk").values_list(
        "payment__received_on", "payment__bank_reference", "invoice__number"
    ):
        numbers[day, reference].append(number)
    return {key: ", ".join(dict.fromkeys(found)) for key, found in numbers.items()}


def _accounts_of(actor: Actor) -> list[Between]:
    """The accounts of a seller: every buyer and currency of its contracts in force or ended."""
    contracts = Contract.objects.of_seller(actor).exclude(active_version=None).select_related("seller", "buyer")
    found = {(one.buyer_id, one.currency): Between(one.seller, one.buyer, one.currency) for one in contracts}
    return [found[key] for key in sorted(found)]


def _between(actor: Actor, *, other_ref: str, currency: str) -> Between:
    contracts = Contract.objects.visible_to(actor).exclude(active_version=None).filter(currency=currency)
    contracts = contracts.select_related("seller", "buyer").order_by("pk")
    mine = actor.organisation_id
    found = (
        contracts.filter(seller_id=mine, buyer__ref=other_ref).first()
        or contracts.filter(buyer_id=mine, seller__ref=other_ref).first()
    )
    if found is None:
        raise Refused("There is no account with this organisation. Open it from your list of accounts.")
    return Between(found.seller, found.buyer, currency)


def _last_day(of: date) -> date:
    """The last day of the month in which a day lies."""
    return (of.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
