from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import BankMovement, Collection, Disbursement, ReservePayout, Tranche
from apps.financing.models.movement import Movement
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.financier import stories
from apps.portals.financier.actions.movements import (
    IdentifyReceipt,
    RecordUnidentified,
    SendBackReceipt,
    SweepCollections,
)
from apps.portals.financier.actions.treasury import ReverseCollection
from apps.portals.financier.filters import SellersOfTranche
from apps.portals.financier.pages import Button, address, asker, why_not
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
    pages = (ReverseCollection,)
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

    def page(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        action = ReverseCollection(self)
        button = Button(
            label=_("Reverse"),
            url=action.url(row),
            refusal=action.why_not(request, row),
            icon="arrow-counterclockwise",
        )
        return {**super().page(request, row), "buttons": [button]}

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


class MovementWindow(Window):
    """Money that moved beside advances, collections and reserves."""

    title = gettext_lazy("Other money")
    about = gettext_lazy("Returned, passed on, swept, or received and not identified yet.")
    nothing = gettext_lazy("Transfers that came back, sweeps and receipts that nobody can identify will stand here.")
    list_display = ("reference", "kind", "subject", "value_on", "amount")
    end = ("amount",)
    list_select_related = ("tranche__milestone__invoice", "closed_by")
    search_fields = ("^bank_reference",)
    search_help_text = gettext_lazy("Bank reference")
    pages = (SweepCollections, RecordUnidentified, IdentifyReceipt, SendBackReceipt)
    page_template = "admin/pages/movement.html"
    page_related = ("tranche__milestone__invoice", "recorded_by", "closed_by", "closes")

    def rows(self, actor: Actor) -> QuerySet[Any]:
        return super().rows(actor).filter(financier_id=actor.organisation_id)

    def list_buttons(self, request: HttpRequest) -> list[Button]:
        refusal = why_not(asker(request), Action.MOVE_MONEY)
        return [
            Button(label=_("Sweep"), url=reverse("admin:sweep_collections"), refusal=refusal, icon="arrow-left-right"),
            Button(
                label=_("Unidentified receipt"),
                url=reverse("admin:record_unidentified"),
                refusal=refusal,
                icon="question-circle",
                css="btn-primary",
            ),
        ]

    @admin.display(description=gettext_lazy("Bank reference"))
    def reference(self, row: BankMovement) -> str:
        return row.bank_reference

    @admin.display(description=gettext_lazy("What happened"))
    def kind(self, row: BankMovement) -> str:
        closed = getattr(row, "closed_by", None)
        return self.two(row.get_kind_display(), closed.get_kind_display() if closed else "")

    @admin.display(description=gettext_lazy("On"))
    def subject(self, row: BankMovement) -> str:
        return row.tranche.name if row.tranche else row.note

    @admin.display(description=gettext_lazy("Value date"))
    def value_on(self, row: BankMovement) -> str:
        return day(row.value_on)

    @admin.display(description=gettext_lazy("Amount"))
    def amount(self, row: BankMovement) -> str:
        return money(row.amount, row.currency)

    def page(self, request: HttpRequest, row: BankMovement) -> dict[str, Any]:
        closed = getattr(row, "closed_by", None)
        buttons: list[Button] = []
        if row.kind == Movement.UNIDENTIFIED and closed is None:
            send_back, identify = SendBackReceipt(self), IdentifyReceipt(self)
            buttons = [
                Button(
                    label=_("Send it back"),
                    url=send_back.url(row),
                    refusal=send_back.why_not(request, row),
                    icon="arrow-return-left",
                ),
                Button(
                    label=_("Identify it"),
                    url=identify.url(row),
                    refusal=identify.why_not(request, row),
                    icon="search",
                    css="btn-primary",
                ),
            ]
        facts = [
            Fact(term=_("What happened"), value=str(row.get_kind_display())),
            Fact(term=_("Bank reference"), value=row.bank_reference),
            Fact(term=_("Value date"), on=row.value_on),
            Fact(term=_("Recorded by"), value=str(row.recorded_by)),
            Fact(term=_("Recorded"), value=instant_text(row.recorded_at)),
        ]
        if row.note:
            facts.append(Fact(term=_("Note"), value=row.note))
        if row.tranche is not None:
            facts.append(Fact(term=_("Advance"), value=row.tranche.name, url=address(Tranche, row.tranche.ref)))
        other = closed or row.closes
        if other is not None:
            facts.append(
                Fact(term=_("Belongs to"), value=str(other.get_kind_display()), url=address(BankMovement, other.ref))
            )
        subject = f"tranche:{row.tranche.ref}" if row.tranche is not None else f"movement:{row.ref}"
        return {
            "tiles": [Tile(label=_("Amount"), amount=row.amount, currency=row.currency)],
            "facts": facts,
            "buttons": buttons,
            "events": stories.of(asker(request), subject),
        }
