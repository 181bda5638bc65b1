from typing import Any, ClassVar

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import OrderedPayment, PaymentOrder, Tranche
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import vocabulary
from apps.portals.attachments import harmless
from apps.portals.financier import badges, stories
from apps.portals.financier.actions.ordered_payments import ConfirmOrderedPayment, ReturnOrderedPayment
from apps.portals.financier.actions.payment_orders import (
    ApprovePaymentOrder,
    ConfirmPaymentOrder,
    DiscardPaymentOrder,
    HandOutPaymentFile,
    OrderPayments,
)
from apps.portals.financier.filters import OrderStates, SellersOfTranche
from apps.portals.financier.pages import Button, address, asker, why_not
from apps.portals.financier.window import Window
from apps.portals.parts import Fact, Tile
from apps.portals.templatetags.cairn import day, instant_text, money


class PaymentOrderWindow(Window):
    """What the bank is asked to pay in one file."""

    title = gettext_lazy("Payment orders")
    about = gettext_lazy("One person picks payments, a second approves them, one takes the file to the bank.")
    nothing = gettext_lazy("Orders for your bank will stand here. Begin one when something waits to be paid.")
    list_display = ("made", "people", "carried_out", "state", "payments", "sum")
    end = ("payments", "sum")
    list_filter = (OrderStates,)
    list_select_related = ("created_by", "approved_by")
    search_fields = ("=ref", "^payments__creditor", "=payments__ref")
    search_help_text = gettext_lazy("Seller, or the reference of an order or a payment")
    pages = (OrderPayments, ApprovePaymentOrder, DiscardPaymentOrder, HandOutPaymentFile, ConfirmPaymentOrder)
    page_template = "admin/pages/payment_order.html"
    page_related = ("created_by", "approved_by", "claimed_by")

    def list_buttons(self, request: HttpRequest) -> list[Button]:
        return [
            Button(
                label=_("Order payments"),
                url=reverse("admin:order_payments"),
                refusal=why_not(asker(request), Action.MOVE_MONEY),
                icon="plus-lg",
                css="btn-primary",
            )
        ]

    @admin.display(description=gettext_lazy("Made"))
    def made(self, row: PaymentOrder) -> str:
        return day(row.created_at)

    @admin.display(description=gettext_lazy("Picked and approved by"))
    def people(self, row: PaymentOrder) -> str:
        return self.two(str(row.created_by), str(row.approved_by or "–"))

    @admin.display(description=gettext_lazy("To be carried out on"))
    def carried_out(self, row: PaymentOrder) -> str:
        return day(row.execute_on)

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: PaymentOrder) -> str:
        return badges.badge(vocabulary.word("payment_order", row.state))

    @admin.display(description=gettext_lazy("Payments"))
    def payments(self, row: PaymentOrder) -> str:
        return str(row.count)

    @admin.display(description=gettext_lazy("Total"))
    def sum(self, row: PaymentOrder) -> str:
        return money(row.total, row.currency)

    def name_of(self, row: PaymentOrder) -> str:
        return _("Payment order %(ref)s") % {"ref": row.ref}

    def page(self, request: HttpRequest, row: PaymentOrder) -> dict[str, Any]:
        payments = list(row.payments.select_related("tranche__milestone__invoice", "answered_by").order_by("pk"))
        may_answer = row.state == "handed_out" and not why_not(asker(request), Action.MOVE_MONEY)
        return {
            "status": self.state(row),
            "lead": _("From %(debtor)s, %(iban)s") % {"debtor": row.debtor, "iban": row.debtor_iban},
            "next": _next(row),
            "tiles": [
                Tile(label=_("Total"), amount=row.total, currency=row.currency),
                Tile(label=_("Payments"), value=str(row.count)),
                Tile(label=_("To be carried out on"), value=day(row.execute_on)),
            ],
            "payments": [
                (
                    one,
                    badges.badge(vocabulary.word("ordered_payment", one.state)),
                    address(Tranche, one.tranche.ref),
                    ConfirmOrderedPayment.url(one) if may_answer and one.state == "waiting" else "",
                    ReturnOrderedPayment.url(one) if may_answer and one.state == "waiting" else "",
                )
                for one in payments
            ],
            "facts": _facts(row),
            "file_url": reverse("admin:payment_file", args=[row.ref]) if _may_have(asker(request), row) else "",
            "buttons": self._buttons(request, row),
            "events": stories.of(asker(request), f"payment_order:{row.ref}"),
        }

    def _buttons(self, request: HttpRequest, row: PaymentOrder) -> list[Button]:
        steps: dict[str, list[tuple[type[Any], str]]] = {
            "draft": [(DiscardPaymentOrder, "btn-outline-danger"), (ApprovePaymentOrder, "btn-primary")],
            "approved": [(DiscardPaymentOrder, "btn-outline-danger"), (HandOutPaymentFile, "btn-primary")],
            "handed_out": [(ConfirmPaymentOrder, "btn-primary")],
        }
        return [
            Button(
                label=str(page.title), url=page.url(row), refusal=page(self).why_not(request, row), css=css
            )
            for page, css in steps.get(row.state, [])
        ]  # fmt: skip

    def more_urls(self) -> list[URLPattern]:
        return [path("<str:ref>/file/", self.door(payment_file), name="payment_file")]


def payment_file(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The file for the bank; 404 for everybody but the one person who took it."""
    row = get_object_or_404(PaymentOrder.objects.visible_to(asker(request)), ref=ref)
    if not _may_have(asker(request), row):
        raise Http404
    response = HttpResponse(row.message.encode(), content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="payments-{row.ref}.xml"'
    return harmless(response)


def _may_have(actor: Actor, row: PaymentOrder) -> bool:
    """Whoever claimed it may download it until the bank has answered."""
    return row.state == "handed_out" and row.claimed_by_id == actor.user_id


def _facts(row: PaymentOrder) -> list[Fact]:
    facts = [Fact(term=_("Picked by"), value=f"{row.created_by}, {instant_text(row.created_at)}")]
    if row.approved_at is not None:
        facts.append(Fact(term=_("Approved by"), value=f"{row.approved_by}, {instant_text(row.approved_at)}"))
    if row.claimed_at is not None:
        facts.append(Fact(term=_("File taken by"), value=f"{row.claimed_by}, {instant_text(row.claimed_at)}"))
    return facts


def _next(row: PaymentOrder) -> str:
    return {
        "draft": _("a second person approves it, then the file is made."),
        "approved": _("somebody takes the file, and gives it to the bank."),
        "handed_out": _("the bank carries it out. Confirm then what left, and say what did not."),
        "closed": _("nothing. Every payment is answered."),
        "discarded": _("nothing. It was given up before the bank had it."),
    }[row.state]


class OrderedPaymentWindow(Window):
    """The single payments of all orders."""

    title = gettext_lazy("Ordered payments")
    about = gettext_lazy("Each payment that stood in an order, and what the bank made of it.")
    nothing = gettext_lazy("Payments that you ordered will stand here.")
    list_display = ("to", "what", "value_on", "state", "amount")
    end = ("amount",)
    list_filter = (SellersOfTranche,)
    list_select_related: ClassVar[tuple[str, ...]] = ("order", "tranche__milestone__invoice")
    search_fields = ("=ref", "^creditor", "^tranche__milestone__invoice__number")
    search_help_text = gettext_lazy("Seller, invoice number or reference")
    pages = (ConfirmOrderedPayment, ReturnOrderedPayment)
    page_template = "admin/pages/facts.html"
    page_related = ("order", "tranche__milestone__invoice", "answered_by")

    @admin.display(description=gettext_lazy("To"))
    def to(self, row: OrderedPayment) -> str:
        return self.two(row.creditor, row.tranche.name)

    @admin.display(description=gettext_lazy("What"))
    def what(self, row: OrderedPayment) -> str:
        return str(row.get_what_display())

    @admin.display(description=gettext_lazy("Value date"))
    def value_on(self, row: OrderedPayment) -> str:
        return day(row.answered_on) if row.answered_on else "–"

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: OrderedPayment) -> str:
        return badges.badge(vocabulary.word("ordered_payment", row.state))

    @admin.display(description=gettext_lazy("Amount"))
    def amount(self, row: OrderedPayment) -> str:
        return money(row.amount, row.order.currency)

    def name_of(self, row: OrderedPayment) -> str:
        return _("Payment to %(seller)s") % {"seller": row.creditor}

    def page(self, request: HttpRequest, row: OrderedPayment) -> dict[str, Any]:
        return {
            "status": self.state(row),
            "tiles": [Tile(label=_("Amount"), amount=row.amount, currency=row.order.currency)],
            "facts": [
                Fact(term=_("To"), value=f"{row.creditor}, {row.creditor_iban}"),
                Fact(term=_("What"), value=str(row.get_what_display())),
                Fact(term=_("For"), value=row.tranche.name, url=address(Tranche, row.tranche.ref)),
                Fact(term=_("Order"), value=row.order.ref, url=address(PaymentOrder, row.order.ref)),
                Fact(term=_("End-to-end reference"), value=row.ref),
                Fact(term=_("Remittance information"), value=row.remittance),
                *([Fact(term=_("Not carried out"), value=row.return_reason)] if row.return_reason else []),
            ],
            "events": stories.of(asker(request), f"payment_order:{row.order.ref}"),
        }
