"""Asking for an export: what the period holds, whether a format can say it, and the row that fixes what is written."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Max, Q, Sum, Value
from django.db.models.functions import Abs

from apps.audit import services as audit
from apps.core import made, money
from apps.core.errors import Refused
from apps.core.made import MadeState
from apps.ledger.exports import own_accounts
from apps.ledger.exports.formats import FORMATS
from apps.ledger.exports.numbering import number_through
from apps.ledger.exports.parts import Heading
from apps.ledger.models import Account, Book, EntryNumber, ExportFormat, JournalExport, Line
from apps.ledger.rules import Details, told
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which journal: of which book, of which days (both included), in which format."""

    book: Book
    format: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a period holds; ``largest`` is the largest amount of a line, ``accounts`` what its lines stand on."""

    entries: int
    lines: int
    debit: Decimal
    credit: Decimal
    largest: Decimal
    unnumbered: int
    accounts: tuple[Account, ...]
    last_posted_at: datetime | None


def contents_of(wanted: Wanted) -> Contents:
    """What would be exported now."""
    lines = lines_of(wanted.book, starts_on=wanted.starts_on, ends_on=wanted.ends_on)
    found = lines.aggregate(
        entries=Count("entry", distinct=True),
        lines=Count("pk"),
        debit=Sum("amount", filter=Q(amount__gt=0), default=money.ZERO),
        credit=Sum("amount", filter=Q(amount__lt=0), default=money.ZERO),
        largest=Max(Abs("amount"), default=money.ZERO),
        unnumbered=Count("entry", filter=Q(entry__numbered=None), distinct=True),
        last_posted_at=Max("entry__posted_at"),
        accounts=ArrayAgg("account_id", distinct=True, default=Value([])),
    )
    accounts = Account.objects.filter(book=wanted.book, pk__in=found["accounts"]).order_by("code")
    return Contents(**{**found, "credit": -found["credit"], "accounts": tuple(accounts)})


def lines_of(book: Book, *, starts_on: date, ends_on: date) -> Any:
    """The lines of the entries of a period."""
    return Line.objects.filter(entry__book=book, entry__booked_on__range=(starts_on, ends_on))


def check(wanted: Wanted, contents: Contents, *, organisation: Organisation) -> tuple[dict[str, str], Details]:
    """The accounts and details with which the journal can be written; refused, in words, where it cannot."""
    if wanted.format not in ExportFormat.values:
        raise Refused("Choose one of the formats.", field="format")
    if wanted.starts_on > wanted.ends_on:
        raise Refused("The period ends before it begins.", field="ends_on")
    if not contents.entries:
        raise Refused("Nothing is booked in this period. Choose another one.", field="ends_on")
    written = FORMATS[ExportFormat(wanted.format)]
    accounts, details = _in_chart_of(written.package, wanted, contents, organisation=organisation)
    heading = heading_of(
        wanted, contents, organisation=organisation, accounts=accounts, details=details, numbers="", at=None
    )
    written.check(heading, largest=contents.largest, digits=money.digits(wanted.book.currency))
    return accounts, details


def _in_chart_of(
    package: str, wanted: Wanted, contents: Contents, *, organisation: Organisation
) -> tuple[dict[str, str], Details]:
    if not package:
        return {}, Details()
    if wanted.book.currency != organisation.currency:
        raise Refused(
            "{format} keeps journals in your own currency, {own}, and Cairn knows no rate for {currency}. Export CSV or"
            " XLSX instead.",
            field="format",
            format=ExportFormat(wanted.format).label,
            own=organisation.currency,
            currency=wanted.book.currency,
        )
    if wanted.book.purpose != Book.Purpose.SELLER:
        raise Refused("Only a seller's book has accounts in other programs. Export CSV or XLSX instead.")
    accounts, details = own_accounts.in_use(organisation=organisation, package=package)
    missing = [str(account) for account in contents.accounts if account.code not in accounts]
    if missing:
        raise Refused(
            "Say first which of your accounts in {format} these are: {missing}. Nothing was exported.",
            field="format",
            lacks=f"{package}_accounts",
            format=ExportFormat(wanted.format).label,
            missing=", ".join(missing),
        )
    return accounts, details


def heading_of(
    wanted: Wanted,
    contents: Contents,
    *,
    organisation: Organisation,
    accounts: dict[str, str],
    details: Details,
    numbers: str,
    at: datetime | None,
) -> Heading:
    """What stands above the journal."""
    last = at or contents.last_posted_at
    if last is None:
        raise LookupError("a journal without entries has no heading")
    return Heading(
        organisation=organisation.legal_name,
        currency=wanted.book.currency,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        numbers=numbers,
        lines=contents.lines,
        last_posted_at=last,
        accounts=accounts,
        details=details,
    )


def of_seller(*, organisation_id: int, currency: str, kind: str, starts_on: date, ends_on: date) -> Wanted:
    """What a seller asks for; refused where there is no such book."""
    book = Book.objects.filter(organisation_id=organisation_id, currency=currency, purpose=Book.Purpose.SELLER).first()
    if book is None:
        raise Refused("Nothing is booked in {currency} yet.", field="currency", currency=currency)
    return Wanted(book=book, format=kind, starts_on=starts_on, ends_on=ends_on)


def again(*, export_ref: str, actor: Actor, at: datetime) -> JournalExport:
    """Ask for an export's bytes again, after it failed or was given up."""
    actor.require(Action.EXPORT_JOURNAL)
    mine = JournalExport.objects.visible_to(actor).select_for_update(of=("self",))
    export = mine.filter(ref=export_ref).first()
    if export is None:
        raise Refused("There is no such export among yours. Open it from the list.")
    made.again(export, at=at)
    return export


def ask(*, wanted: Wanted, actor: Actor, at: datetime) -> tuple[JournalExport, bool]:
    """The export for somebody who may have it, and whether it is new: what is there and says the same is the answer.

    Waits for postings that are under way, as closing a period does, so that none of them ends between two numbers.
    """
    actor.require(Action.EXPORT_JOURNAL)
    book = Book.objects.select_for_update().get(organisation_id=actor.organisation_id, pk=wanted.book.pk)
    return fix(wanted=replace(wanted, book=book), actor=actor, at=at)


def fix(*, wanted: Wanted, actor: Actor, at: datetime) -> tuple[JournalExport, bool]:
    """Number the entries of a locked book, write down what is exported, and who asked for it."""
    organisation = Organisation.objects.get(pk=wanted.book.organisation_id)
    contents = contents_of(wanted)
    accounts, details = check(wanted, contents, organisation=organisation)
    through = number_through(wanted.book, wanted.ends_on)
    row = JournalExport(
        organisation=organisation,
        book=wanted.book,
        format=wanted.format,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        accounts=accounts,
        details=details.kept(),
        numbered_through=through,
        numbers=told(_numbers(wanted)),
        entries=contents.entries,
        lines=contents.lines,
        debit=contents.debit,
        credit=contents.credit,
        requested_at=at,
    )
    before = _same_before(row, at=at)
    if before is None:
        row.save()
    found = before or row
    _record(found, organisation=organisation, actor=actor, at=at)
    return found, before is None


def _numbers(wanted: Wanted) -> Any:
    days = (wanted.starts_on, wanted.ends_on)
    numbered = EntryNumber.objects.filter(book=wanted.book, entry__booked_on__range=days)
    return numbered.order_by("number").values_list("number", flat=True).iterator(chunk_size=10_000)


def _same_before(row: JournalExport, *, at: datetime) -> JournalExport | None:
    """The last export that says the same and is there, or is still being made."""
    same = JournalExport.objects.filter(
        organisation=row.organisation,
        book=row.book,
        format=row.format,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        numbers=row.numbers,
    )
    last = same.select_related("book").order_by("-pk").first()
    if last is None or (last.accounts, last.details) != (row.accounts, row.details):
        return None
    is_there = last.state == MadeState.READY and not last.is_dropped(now=at)
    is_coming = last.state == MadeState.MAKING and not last.is_given_up(now=at)
    return last if is_there or is_coming else None


def _record(row: JournalExport, *, organisation: Organisation, actor: Actor, at: datetime) -> None:
    audit.record(
        chain=f"organisation:{organisation.ref}",
        parties={organisation.pk},
        verb="journal.exported",
        subject=f"export:{row.ref}",
        actor=actor,
        at=at,
        name=ExportFormat(row.format).label,
        book=row.book.purpose,
        currency=row.book.currency,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        entries=row.numbers,
        debit=row.debit,
        credit=row.credit,
    )
