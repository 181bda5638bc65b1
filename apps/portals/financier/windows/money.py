from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import Collection, Disbursement, ReservePayout, Tranche
from apps.parties.actor import Actor
from apps.portals import formats
from apps.portals.financier import stories
from apps.portals.financier.filters import SellersOfTranche
from apps.portals.financier.pages import address, asker
from apps.portals.financier.window import Window
from apps.portals.parts import Fact, Tile
from apps.portals.templatetags.cairn import day, instant_text, money


class MoneyWindow(Window):
    """Money that moved for an advance: a fact of the bank, never edited."""

    list_filter = (SellersOfTranche,)
    list_select_related: ClassVar[tuple[str, ...]] = (
        "tranche__milestone__invoice",
        "tranche__seller",
        "tranche__buyer",
    )
    page_template = "admin/pages/money.html"

    def rows(self, actor: Actor) -> QuerySet[Any]:
        return super().rows(actor).filter(tranche__financier_id=actor.organisation_id)

    @admin.display(description=gettext_lazy("Bank reference"))
    def reference(self, row: Any) -> str:
        return str(row)

    @admin.display(description=gettext_lazy("Seller, invoice"))
    def seller(self, row: Any) -> str:
        return self.two(row.tranche.seller.legal_name, row.tranche.name)

    @admin.display(description=gettext_lazy("Value date"))
    def value_on(self, row: Any) -> str:
        return day(row.value_on)

    @admin.display(description=gettext_lazy("Sent by"))
    def sent_by(self, row: Any) -> str:
        return str(row.sent_by)

    @admin.display(description=gettext_lazy("Amount"))
    def amount(self, row: Any) -> str:
        return money(row.amount, row.tranche.currency)

    def page(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "lead": _("On %(number)s") % {"number": row.tranche.name},
            "tranche_url": address(Tranche, row.tranche.ref),
            "events": stories.of(asker(request), f"tranche:{row.tranche.ref}"),
            "tiles": [Tile(label=_("Amount"), amount=row.amount, currency=row.tranche.currency)],
            "facts": self.facts(row),
        }

    def facts(self, row: Any) -> list[Fact]:
        """What the bank and the person said."""
        raise NotImplementedError


class SentWindow(MoneyWindow):
    """Money that left the financier's account."""

    list_display = ("reference", "seller", "value_on", "sent_by", "amount")
    end = ("amount",)
    list_select_related: ClassVar[tuple[str, ...]] = (*MoneyWindow.list_select_related, "sent_by")
    search_fields = ("^bank_reference", "^tranche__milestone__invoice__number", "^tranche__seller__legal_name")
    search_help_text = gettext_lazy("Bank reference, invoice number or seller")
    page_related: ClassVar[tuple[str, ...]] = (*MoneyWindow.list_select_related, "sent_by")

    def name_of(self, row: Any) -> str:
        return str(row)

    def facts(self, row: Any) -> list[Fact]:
        return [
            Fact(term=_("To"), value=row.tranche.seller.legal_name),
            Fact(term=_("Bank reference"), value=str(row)),
            Fact(term=_("Value date"), on=row.value_on),
            Fact(term=_("Sent by"), value=str(row.sent_by)),
            Fact(term=_("Recorded"), value=instant_text(row.sent_at)),
        ]


class DisbursementWindow(SentWindow):
    """Advances that were paid out."""

    title = gettext_lazy("Paid out")
    about = gettext_lazy("Advances that treasury paid to sellers.")
    nothing = gettext_lazy("Advances that were paid out will stand here.")
    page_related = (*SentWindow.page_related, "priced_by")

    def facts(self, row: Disbursement) -> list[Fact]:
        return [*super().facts(row), Fact(term=_("Priced by"), value=str(row.priced_by))]


class PayoutWindow(SentWindow):
    """Reserves that were paid to sellers."""

    title = gettext_lazy("Reserves paid")
    about = gettext_lazy("What was released to sellers and paid to them after their buyers had paid.")
    nothing = gettext_lazy("Reserves that were paid to sellers will stand here.")

    def facts(self, row: ReservePayout) -> list[Fact]:
        settled = Fact(term=_("Of the reserve"), amount=row.reserve, currency=row.tranche.currency)
        return [*super().facts(row), settled]


class CollectionWindow(MoneyWindow):
    """Payments of buyers, as the waterfall shared them out."""

    title = gettext_lazy("Collected")
    about = gettext_lazy("What buyers paid you, and how it was shared out.")
    nothing = gettext_lazy("Payments of buyers on assigned invoices will stand here.")
    list_display = ("reference", "buyer", "collected", "to_advance", "to_seller", "amount")
    end = ("to_advance", "to_seller", "amount")
    list_select_related: ClassVar[tuple[str, ...]] = (*MoneyWindow.list_select_related, "payment")
    search_fields = ("^payment__bank_reference", "^tranche__milestone__invoice__number", "^tranche__buyer__legal_name")
    search_help_text = gettext_lazy("Bank reference, invoice number or buyer")
    page_related = list_select_related

    @admin.display(description=gettext_lazy("Bank reference"))
    def reference(self, row: Collection) -> str:
        return row.payment.bank_reference

    @admin.display(description=gettext_lazy("Buyer, invoice"))
    def buyer(self, row: Collection) -> str:
        return self.two(row.tranche.buyer.legal_name, row.tranche.name)

    @admin.display(description=gettext_lazy("Received"))
    def collected(self, row: Collection) -> str:
        return day(row.collected_on)

    @admin.display(description=gettext_lazy("To the advance"))
    def to_advance(self, row: Collection) -> str:
        return money(row.to_advance, row.tranche.currency)

    @admin.display(description=gettext_lazy("To the seller"))
    def to_seller(self, row: Collection) -> str:
        return money(row.to_seller + row.rebate, row.tranche.currency)

    def name_of(self, row: Collection) -> str:
        return row.payment.bank_reference

    def facts(self, row: Collection) -> list[Fact]:
        currency = row.tranche.currency
        shares = [
            (_("Late charge, out of the reserve"), row.late_charge),
            (_("Repaid the advance"), row.to_advance),
            (_("Released to the seller"), row.to_seller),
            (_("Discount given back to the seller"), row.rebate),
            (_("Surplus, back to the buyer"), row.to_buyer),
        ]
        return [
            Fact(term=_("From"), value=row.tranche.buyer.legal_name),
            Fact(term=_("Bank reference"), value=row.payment.bank_reference),
            Fact(term=_("Received on"), value=formats.day(row.collected_on)),
            *(Fact(term=term, amount=amount, currency=currency) for term, amount in shares),
        ]
