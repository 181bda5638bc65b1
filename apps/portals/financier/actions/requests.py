from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import Refused
from apps.financing.models import FundingRequest, Offer
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.deciding import trial
from apps.portals.financier.forms import DeclineForm, PriceForm
from apps.portals.financier.pages import address, asker, why_not
from apps.portals.forms import add_refusal
from apps.portals.parts import Fact
from apps.workflows import funding
from apps.workflows.once import Answer


class PriceOffer(ActionPage[FundingRequest]):
    """Try terms, see their figures, price the offer. What is priced is what was seen."""

    name = "price_offer"
    route = "<str:ref>/price/"
    title = gettext_lazy("Price this request")
    needs = Action.PRICE_OFFER
    form_class = PriceForm

    def _answer(self, request: HttpRequest, row: FundingRequest) -> HttpResponseBase:
        if request.method != "POST":
            page: HttpResponseBase = self.window.change_view(request, row.ref)
            return page
        form = PriceForm(request.POST)
        tried = trial(request, row, form)
        has_seen = tried["quote"] is not None and request.POST.get("seen") == tried["quote"].seen
        if request.POST.get("do") == "price" and form.is_valid() and has_seen:
            try:
                answer = funding.price_offer(
                    actor=asker(request), key=form.cleaned_data["key"], request_ref=row.ref, terms=form.terms
                )
            except Refused as refused:
                add_refusal(form, refused)
            else:
                messages.success(request, _("The offer is priced. A second person has to approve it."))
                return redirect(address(Offer, answer["offer"]))
        elif request.POST.get("do") == "price" and form.is_valid():
            tried["problem"] = _("The terms have changed since these figures were shown. Check them, then price.")
        return self._tried(request, row, form, tried)

    def _tried(
        self, request: HttpRequest, row: FundingRequest, form: PriceForm, tried: dict[str, Any]
    ) -> HttpResponseBase:
        """The figures alone for a page that asks with htmx, else the whole page again."""
        if getattr(request, "htmx", False) and request.POST.get("do") == "preview":
            return TemplateResponse(request, "admin/parts/quote.html", {"row": row, **tried})
        context = {**self.window.frame(request, row), **self.window.page(request, row), **tried}
        return TemplateResponse(request, self.window.page_template, context, status=422 if form.errors else 200)


class DeclineRequest(ActionPage[FundingRequest]):
    """Say no, with a reason that the seller reads."""

    name = "decline_request"
    route = "<str:ref>/decline/"
    title = gettext_lazy("Decline this request")
    needs = Action.PRICE_OFFER
    form_class = DeclineForm
    css = "btn-danger"

    def why_not(self, request: HttpRequest, row: FundingRequest) -> str:
        if row.closed_at is not None:
            return _("This request is closed.")
        return why_not(asker(request), self.needs)

    def lead(self, request: HttpRequest, row: FundingRequest) -> str:
        return _("%(seller)s asked you to buy %(number)s.") % {
            "seller": row.seller.legal_name,
            "number": row.invoice.number,
        }

    def review(self, request: HttpRequest, row: FundingRequest, data: dict[str, Any]) -> Review:
        seller, offers = (
            row.seller.legal_name,
            [offer for offer in row.offers.all() if offer.state in ("draft", "issued")],
        )
        effects = [_("%(seller)s is told, reads your reason, and can ask somebody else.") % {"seller": seller}]
        if offers:
            effects.append(_("The offer that is open is revoked."))
        return Review(
            amount_label=_("You decline to buy"),
            amount=row.invoice.gross,
            currency=row.invoice.currency,
            party=_("%(number)s of %(seller)s") % {"number": row.invoice.number, "seller": seller},
            facts=[Fact(term=_("Your reason"), value=data["reason"])],
            effects=effects,
            button=_("Decline this request"),
        )

    def act(self, actor: Actor, row: FundingRequest, data: dict[str, Any]) -> Answer:
        return funding.decline_request(actor=actor, key=data["key"], request_ref=row.ref, reason=data["reason"])

    def done(self, row: FundingRequest, data: dict[str, Any]) -> str:
        return _("The request is declined. %(seller)s is told.") % {"seller": row.seller.legal_name}
