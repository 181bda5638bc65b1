from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import money as amounts
from apps.ledger.models import Account, Balance, Entry, Line
from apps.parties.actor import Actor
from apps.portals.financier import journal
from apps.portals.financier.filters import Accounts
from apps.portals.financier.journal import entry_key, side, tranche_url
from apps.portals.financier.pages import address, asker
from apps.portals.financier.queues import NOTHING
from apps.portals.financier.window import Window, WindowList
from apps.portals.parts import Fact, Tile
from apps.portals.templatetags.cairn import day, instant_text, money

LATEST = 50


class AccountList(WindowList):
    """Accounts stand in the order of the chart, all of them on one page."""

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[Any]:
        return ["book__currency", "code"]


class AccountWindow(Window):
    """The trial balance: what stands on every account, and that it adds up."""

    title = gettext_lazy("Accounts")
    about = gettext_lazy("Your book as a financier: what stands on each account, and that debits equal credits.")
    nothing = gettext_lazy("Your book is opened with your first facility.")
    list_display = ("account", "currency", "kind", "debit", "credit")
    end = ("debit", "credit")
    list_per_page = 200
    list_select_related = ("book",)
    page_template = "admin/pages/account.html"
    page_related = ("book",)
    change_list_template = "admin/pages/trial_balance.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[WindowList]:
        return AccountList

    def rows(self, actor: Actor) -> QuerySet[Any]:
        sums = Balance.objects.filter(account=OuterRef("pk")).order_by().values("account")
        total = Subquery(sums.annotate(sum=Sum("amount")).values("sum"))
        accounts = super().rows(actor).filter(book__purpose=journal.PURPOSE)
        found: QuerySet[Any] = accounts.annotate(stands=Coalesce(total, NOTHING))
        return found.order_by("book__currency", "code")

    def key_of(self, row: Account) -> str:
        return f"{row.book.currency}-{row.code}"

    def find(self, rows: QuerySet[Any], key: str) -> Any | None:
        currency, _dash, code = key.partition("-")
        return rows.filter(book__currency=currency, code=code).first()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        by_currency: dict[str, list[Decimal]] = {}
        for row in self.rows(asker(request)).select_related("book"):
            by_currency.setdefault(row.book.currency, []).append(row.stands)
        totals = [
            (
                currency,
                amounts.total(max(one, Decimal(0)) for one in found),
                -amounts.total(min(one, Decimal(0)) for one in found),
            )
            for currency, found in by_currency.items()
        ]
        return super().changelist_view(request, {"totals": totals, **(extra_context or {})})

    @admin.display(description=gettext_lazy("Account"))
    def account(self, row: Account) -> str:
        return str(row)

    @admin.display(description=gettext_lazy("Currency"))
    def currency(self, row: Account) -> str:
        return row.book.currency

    @admin.display(description=gettext_lazy("Kind"))
    def kind(self, row: Account) -> str:
        return row.get_kind_display()

    @admin.display(description=gettext_lazy("Debit"))
    def debit(self, row: Account) -> str:
        stands: Decimal = row.stands  # type: ignore[attr-defined]
        return money(stands, row.book.currency) if stands > 0 else ""

    @admin.display(description=gettext_lazy("Credit"))
    def credit(self, row: Account) -> str:
        stands: Decimal = row.stands  # type: ignore[attr-defined]
        return money(-stands, row.book.currency) if stands < 0 else ""

    def name_of(self, row: Account) -> str:
        return str(row)

    def page(self, request: HttpRequest, row: Account) -> dict[str, Any]:
        actor, stands = asker(request), row.stands  # type: ignore[attr-defined]
        balances = Balance.objects.visible_to(actor).filter(~Q(amount=0), account=row).order_by("-pk")[:LATEST]
        lines = Line.objects.visible_to(actor).filter(account=row).select_related("entry").order_by("-pk")[:LATEST]
        return {
            "lead": _("%(kind)s, in %(currency)s") % {"kind": row.get_kind_display(), "currency": row.book.currency},
            "tiles": [
                Tile(label=_("Debit") if stands >= 0 else _("Credit"), amount=abs(stands), currency=row.book.currency)
            ],
            "balances": [side(one.amount, label=one.key, url=tranche_url(one.key)) for one in balances],
            "lines": [
                side(
                    one.amount,
                    label=one.entry.description,
                    url=address(Entry, entry_key(one.entry, row.book.currency)),
                    on=one.entry.booked_on,
                )
                for one in lines
            ],
            "currency": row.book.currency,
        }


class EntryWindow(Window):
    """The journal: what was booked, why, and that it balances."""

    title = gettext_lazy("Journal")
    about = gettext_lazy("Every entry of your book as a financier. Entries are corrected by reversal, never changed.")
    nothing = gettext_lazy("Entries will stand here once an advance is paid out.")
    list_display = ("description", "booked", "cause", "total")
    end = ("total",)
    list_filter = (Accounts,)
    list_select_related = ("book",)
    search_fields = ("^description", "^cause")
    search_help_text = gettext_lazy("What the entry begins with")
    page_template = "admin/pages/entry.html"
    page_related = ("book", "reverses", "reversed_by")

    def rows(self, actor: Actor) -> QuerySet[Any]:
        debits = Line.objects.filter(entry=OuterRef("pk"), amount__gt=0).order_by().values("entry")
        total = Subquery(debits.annotate(sum=Sum("amount")).values("sum"))
        return journal.entries(actor).annotate(moved=Coalesce(total, NOTHING)).order_by("-pk")

    def key_of(self, row: Entry) -> str:
        return entry_key(row, row.book.currency)

    def find(self, rows: QuerySet[Any], key: str) -> Any | None:
        currency, _dash, cause = key.partition("-")
        return rows.filter(book__currency=currency, cause=cause).first()

    @admin.display(description=gettext_lazy("What for"))
    def description(self, row: Entry) -> str:
        return row.description

    @admin.display(description=gettext_lazy("Business date"))
    def booked(self, row: Entry) -> str:
        return day(row.booked_on)

    @admin.display(description=gettext_lazy("Cause"))
    def cause(self, row: Entry) -> str:
        return row.cause

    @admin.display(description=gettext_lazy("Moved"))
    def total(self, row: Entry) -> str:
        return money(row.moved, row.book.currency)  # type: ignore[attr-defined]

    def name_of(self, row: Entry) -> str:
        return row.description

    def page(self, request: HttpRequest, row: Entry) -> dict[str, Any]:
        (posting,) = journal.postings(journal.with_lines(journal.entries(asker(request)).filter(pk=row.pk)))
        currency, undone = row.book.currency, getattr(row, "reversed_by", None)
        keys = {leg.key for leg in posting.legs if leg.key}
        return {
            "posting": posting,
            "currency": currency,
            "facts": [
                Fact(term=_("Business date"), on=row.booked_on),
                Fact(term=_("Posted"), value=instant_text(row.posted_at)),
                Fact(term=_("Cause"), value=row.cause),
                *(Fact(term=_("Advance"), value=key, url=tranche_url(key)) for key in sorted(keys) if tranche_url(key)),
                *([_reversal(_("Reverses"), row.reverses, currency)] if row.reverses else []),
                *([_reversal(_("Reversed by"), undone, currency)] if undone else []),
            ],
        }


def _reversal(term: str, entry: Entry, currency: str) -> Fact:
    return Fact(term=term, value=entry.description, url=address(Entry, entry_key(entry, currency)))
