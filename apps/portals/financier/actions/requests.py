from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import Refused
from apps.financing import services as financing
from apps.financing.models import BuyerVerification, FundingRequest, Offer
from apps.financing.models.request import DeclineCode
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.deciding import begin, items_of, price_form, trial
from apps.portals.financier.forms import ConfirmForm, DeclineForm, PriceForm, VerifyForm
from apps.portals.financier.pages import Button, address, asker, why_not
from apps.portals.forms import add_refusal
from apps.portals.parts import Fact
from apps.workflows import funding, underwriting
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
        items = items_of(row)
        form = price_form(items, data=request.POST)
        beginning = begin(request, row, items, history=financing.history_of(row.contract))
        tried = trial(request, row, items, beginning=beginning, form=form)
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
        return _("%(seller)s asked you for money on %(about)s.") % {"seller": row.seller.legal_name, "about": row.about}

    def review(self, request: HttpRequest, row: FundingRequest, data: dict[str, Any]) -> Review:
        seller, offers = (
            row.seller.legal_name,
            [offer for offer in row.offers.all() if offer.state in ("draft", "issued")],
        )
        effects = [_("%(seller)s is told, reads your reason, and can ask somebody else.") % {"seller": seller}]
        if offers:
            effects.append(_("The offer that is open is revoked."))
        return Review(
            amount_label=_("You decline to fund"),
            amount=row.face,
            currency=row.currency,
            party=_("%(about)s of %(seller)s") % {"about": row.about, "seller": seller},
            facts=[
                Fact(term=_("Why"), value=str(DeclineCode(data["code"]).label)),
                Fact(term=_("Your reason"), value=data["reason"]),
            ],
            effects=effects,
            button=_("Decline this request"),
        )

    def act(self, actor: Actor, row: FundingRequest, data: dict[str, Any]) -> Answer:
        return funding.decline_request(actor=actor, key=data["key"], request_ref=row.ref, **_said(data))

    def done(self, row: FundingRequest, data: dict[str, Any]) -> str:
        return _("The request is declined. %(seller)s is told.") % {"seller": row.seller.legal_name}


def _said(data: dict[str, Any]) -> dict[str, str]:
    return {"code": data["code"], "reason": data["reason"]}


class Finding(ActionPage[FundingRequest]):
    """What an underwriter found out of a buyer, and by what."""

    needs = Action.VERIFY_BUYER

    def aside(self, request: HttpRequest, row: FundingRequest) -> list[Fact]:
        return identity_facts(row)

    def button(self, request: HttpRequest, row: FundingRequest) -> Button:
        """The way here, or the reason why not."""
        return Button(
            label=str(self.title),
            url=self.url(row),
            refusal=self.why_not(request, row),
            icon="shield-check",
            css="btn-secondary",
        )


class VerifyBuyer(Finding):
    """Write down that the buyer was verified, and by what: before that nothing is paid out on it."""

    name = "verify_buyer"
    route = "<str:ref>/verify-buyer/"
    title = gettext_lazy("Verify the buyer")
    form_class = VerifyForm

    def why_not(self, request: HttpRequest, row: FundingRequest) -> str:
        if verification_of(request, row) is not None:
            return _("This buyer is already verified.")
        return why_not(asker(request), self.needs)

    def lead(self, request: HttpRequest, row: FundingRequest) -> str:
        return _("Nothing owed by %(buyer)s is paid out on before it is verified.") % {
            "buyer": row.contract.buyer.legal_name
        }

    def review(self, request: HttpRequest, row: FundingRequest, data: dict[str, Any]) -> Review:
        buyer = row.contract.buyer.legal_name
        return Review(
            amount_label=_("You verify the buyer of"),
            amount=row.face,
            currency=row.currency,
            party=_("%(buyer)s, for %(about)s") % {"buyer": buyer, "about": row.about},
            facts=[
                *identity_facts(row),
                Fact(term=_("What you checked"), value=data["checked"]),
                Fact(term=_("Note"), value=data["note"]),
            ],
            effects=[
                _from_now_on(row),
                _("Changed data of the buyer end that until it is verified anew."),
                _("Your name and what you checked stay on record; neither seller nor buyer reads them."),
            ],
            button=_("I have verified this buyer"),
        )

    def act(self, actor: Actor, row: FundingRequest, data: dict[str, Any]) -> Answer:
        return underwriting.verify_buyer(
            actor=actor, buyer_ref=row.contract.buyer.ref, signatory=signatory_of(row), **data
        )

    def done(self, row: FundingRequest, data: dict[str, Any]) -> str:
        return _("%(buyer)s is verified.") % {"buyer": row.contract.buyer.legal_name}


class ConfirmSignatory(Finding):
    """Write down that the mailbox which this contract names does sign for the buyer that was verified before."""

    name = "confirm_signatory"
    route = "<str:ref>/confirm-signatory/"
    title = gettext_lazy("Confirm the signatory")
    form_class = ConfirmForm

    def why_not(self, request: HttpRequest, row: FundingRequest) -> str:
        verification = verification_of(request, row)
        if verification is None:
            return _("The buyer is not verified. Do that first: it confirms the signatory of this contract too.")
        if not financing.unconfirmed_signatory(verification, contract=row.contract):
            return _("Nothing is left to confirm: who signs off in this contract is known.")
        return why_not(asker(request), self.needs)

    def lead(self, request: HttpRequest, row: FundingRequest) -> str:
        words = _("The seller wrote %(mailbox)s into the contract. Find out from %(buyer)s itself that it signs there.")
        return words % {"mailbox": signatory_of(row), "buyer": row.contract.buyer.legal_name}

    def review(self, request: HttpRequest, row: FundingRequest, data: dict[str, Any]) -> Review:
        names = {"mailbox": signatory_of(row), "buyer": row.contract.buyer.legal_name, "about": row.about}
        return Review(
            amount_label=_("You confirm who signs off"),
            amount=row.face,
            currency=row.currency,
            party=_("%(mailbox)s for %(buyer)s, for %(about)s") % names,
            facts=[*identity_facts(row), Fact(term=_("What you checked"), value=data["checked"])],
            effects=[
                _("Advances on contracts in which %(mailbox)s signs off for %(buyer)s can be paid out.") % names,
                _("Your name and what you checked stay on record; neither seller nor buyer reads them."),
            ],
            button=_("I have confirmed this signatory"),
        )

    def act(self, actor: Actor, row: FundingRequest, data: dict[str, Any]) -> Answer:
        known = financing.verification_of(financier_id=row.financier_id, buyer_id=row.contract.buyer_id)
        return underwriting.confirm_signatory(
            actor=actor, verification_ref=known.ref if known else "", signatory=signatory_of(row), **data
        )

    def done(self, row: FundingRequest, data: dict[str, Any]) -> str:
        return _("%(mailbox)s is confirmed.") % {"mailbox": signatory_of(row)}


def _from_now_on(row: FundingRequest) -> str:
    """How far a verification reaches: while nobody of the buyer is there, to the signatory that was seen."""
    names = {"buyer": row.contract.buyer.legal_name, "mailbox": signatory_of(row)}
    if row.contract.buyer.is_claimed:
        words = _("From now on advances on what %(buyer)s owes can be paid out, on this contract and others.")
    else:
        words = _(
            "From now on advances on what %(buyer)s owes can be paid out where %(mailbox)s signs off. Nobody of the"
            " buyer has taken its organisation over, so other signatories are confirmed on their own."
        )
    return words % names


def signatory_of(row: FundingRequest) -> str:
    """The mailbox that signs off for the buyer in the contract of a request."""
    version = row.contract.active_version
    return version.signatory_email if version is not None else ""


def verification_of(request: HttpRequest, row: FundingRequest) -> BuyerVerification | None:
    """The financier's own verification of the buyer, if one stands."""
    live = BuyerVerification.objects.visible_to(asker(request)).live()
    return live.filter(buyer_id=row.contract.buyer_id).first()


def identity_facts(row: FundingRequest) -> list[Fact]:
    """What the buyer's organisation says of itself, and who signs off for it in this contract."""
    buyer, version = row.contract.buyer, row.contract.active_version
    where = ", ".join(part for part in (buyer.street, f"{buyer.postcode} {buyer.city}".strip(), buyer.country) if part)
    signatory = f"{version.signatory_name}, {version.signatory_email}" if version is not None else ""
    return [
        Fact(term=_("Buyer"), value=buyer.legal_name),
        Fact(term=_("Address"), value=where),
        Fact(term=_("VAT number"), value=buyer.vat_number),
        Fact(term=_("Company number"), value=buyer.company_number),
        Fact(term=_("LEI"), value=buyer.lei),
        Fact(term=_("Mailbox"), value=buyer.email),
        Fact(term=_("Taken over by its own people"), value=_("yes") if buyer.is_claimed else _("no")),
        Fact(term=_("Signs off in this contract"), value=signatory),
    ]
