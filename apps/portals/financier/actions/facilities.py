from typing import Any

from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing import services as financing
from apps.financing.models import Facility
from apps.financing.services import FacilityTerms
from apps.parties.actor import Actor
from apps.parties.models import BankAccount, Organisation
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.forms import ChangeFacilityForm, FacilityForm, RevokeForm, UsualTermsForm
from apps.portals.financier.pages import address, asker, crumbs, rate
from apps.portals.forms import ActionForm
from apps.portals.parts import Fact
from apps.workflows import funding
from apps.workflows.once import Answer

TERMS = tuple(name for name in UsualTermsForm.base_fields if name != "key")
"""The fields of the limit and the usual terms."""


class OpenFacility(ActionPage[Any]):
    """A limit for a seller, who is named by its reference, which only its own page shows and nobody guesses.

    Financier and seller need not have met here, and organisations are not searched: a name or a VAT number would tell
    who is a customer, and counterparties write down others under numbers that nobody has checked.
    """

    name = "open_facility"
    route = "open/"
    title = gettext_lazy("Open a facility")
    needs = Action.MANAGE_FACILITY
    form_class = FacilityForm

    def row(self, request: HttpRequest, *, ref: str = "") -> None:
        """There is none yet."""

    def frame(self, request: HttpRequest, row: None) -> dict[str, Any]:
        back = address(Facility)
        return {
            **self.window.admin_site.each_context(request),
            "title": self.title,
            "crumbs": crumbs((_("Facilities"), back), (str(self.title), "")),
            "back_url": back,
        }

    def form(self, request: HttpRequest, row: None, data: Any) -> ActionForm:
        accounts = BankAccount.objects.visible_to(asker(request)).filter(is_default=True).order_by("currency")
        return FacilityForm(data, currencies=list(accounts.values_list("currency", flat=True)))

    def lead(self, request: HttpRequest, row: None) -> str:
        return _("From then on the seller can ask you for money on milestones, accepted or not.")

    def review(self, request: HttpRequest, row: None, data: dict[str, Any]) -> Review:
        seller = seller_by_reference(request, data["seller_ref"])
        where = ", ".join(part for part in (seller.street, f"{seller.postcode} {seller.city}".strip()) if part)
        return Review(
            amount_label=_("You open a facility of"),
            amount=data["limit"],
            currency=data["currency"],
            party=_("for %(seller)s") % {"seller": seller.legal_name},
            facts=[
                Fact(term=_("Seller"), value=seller.legal_name),
                Fact(term=_("Address"), value=where),
                Fact(term=_("VAT number"), value=seller.vat_number),
                Fact(term=_("Advance rate"), value=rate(data["advance_rate"])),
                Fact(term=_("Discount rate a year"), value=rate(data["annual_rate"])),
                Fact(term=_("Fee"), value=rate(data["fee_rate"])),
                Fact(term=_("Before acceptance, of the limit"), value=rate(data["pre_limit_rate"])),
                Fact(term=_("Before acceptance, advance rate"), value=rate(data["pre_advance_rate"])),
                Fact(term=_("Before acceptance, discount rate a year"), value=rate(data["pre_annual_rate"])),
                Fact(term=_("Before acceptance, fee"), value=rate(data["pre_fee_rate"])),
                Fact(term=_("Before acceptance, longest days"), value=str(data["pre_longest_days"])),
                Fact(term=_("Late charge a year"), value=rate(data["late_rate"])),
                Fact(term=_("Days of grace"), value=str(data["grace_days"])),
                Fact(term=_("Least days charged"), value=str(data["least_fee_days"])),
                Fact(term=_("Most of your book on one buyer"), value=rate(data["concentration_rate"])),
            ],
            effects=[
                _("%(seller)s can ask you for funding up to the limit.") % {"seller": seller.legal_name},
                _("The rates are where each offer begins; every offer is priced and approved on its own."),
            ],
            button=_("Open this facility"),
        )

    def act(self, actor: Actor, row: None, data: dict[str, Any]) -> Answer:
        terms = {name: value for name, value in data.items() if name not in ("key", "seller_ref")}
        return funding.open_facility(
            actor=actor, key=data["key"], seller_ref=data["seller_ref"], terms=FacilityTerms(**terms)
        )

    def done(self, row: None, data: dict[str, Any]) -> str:
        return _("The facility is open.")

    def afterwards(self, row: None, answer: Answer) -> str:
        return address(Facility, answer["facility"])


class ChangeFacility(ActionPage[Facility]):
    """Other terms for what is offered from now on."""

    name = "change_facility"
    route = "<str:ref>/terms/"
    title = gettext_lazy("Change limit and terms")
    needs = Action.MANAGE_FACILITY
    form_class = ChangeFacilityForm

    def why_not(self, request: HttpRequest, row: Facility) -> str:
        return super().why_not(request, row) or closed_says(row)

    def initial(self, request: HttpRequest, row: Facility) -> dict[str, Any]:
        return {name: getattr(row, name) for name in TERMS}

    def lead(self, request: HttpRequest, row: Facility) -> str:
        return _("What was offered or paid out keeps the terms that it has.")

    def review(self, request: HttpRequest, row: Facility, data: dict[str, Any]) -> Review:
        terms = _terms(row, data)
        changed = financing.changes_of(row, terms=terms)
        if not changed:
            raise Refused("Nothing would change. Enter what is to be different.")
        effects = [_("The rates are where each offer begins; every offer is priced and approved on its own.")]
        if terms.limit < row.advanced:
            effects.append(_("That is less than what is out now: nothing more is advanced until enough is repaid."))
        return Review(
            amount_label=_("The limit from now on"),
            amount=terms.limit,
            currency=row.currency,
            party=_("for %(seller)s") % {"seller": row.seller.legal_name},
            facts=[
                Fact(
                    term=capfirst(str(UsualTermsForm.base_fields[name].label)),
                    value=_("%(was)s, from now on %(now)s")
                    % {"was": _shown(row, name, was), "now": _shown(row, name, now)},
                )
                for name, (was, now) in changed.items()
            ],
            effects=effects,
            button=_("Change it"),
        )

    def act(self, actor: Actor, row: Facility, data: dict[str, Any]) -> Answer:
        return funding.change_facility(
            actor=actor, key=data["key"], facility_ref=row.ref, terms=_terms(row, data), reason=data["reason"]
        )

    def done(self, row: Facility, data: dict[str, Any]) -> str:
        return _("The facility is changed.")


class CloseFacility(ActionPage[Facility]):
    """Nothing more is advanced under a facility."""

    name = "close_facility"
    route = "<str:ref>/close/"
    title = gettext_lazy("Close the facility")
    needs = Action.MANAGE_FACILITY
    form_class = RevokeForm
    css = "btn-secondary"

    def why_not(self, request: HttpRequest, row: Facility) -> str:
        return super().why_not(request, row) or closed_says(row)

    def lead(self, request: HttpRequest, row: Facility) -> str:
        return _("%(seller)s cannot ask for anything more under it. You can open another one.") % {
            "seller": row.seller.legal_name
        }

    def review(self, request: HttpRequest, row: Facility, data: dict[str, Any]) -> Review:
        return Review(
            amount_label=_("You close a facility of"),
            amount=row.limit,
            currency=row.currency,
            party=_("for %(seller)s") % {"seller": row.seller.legal_name},
            facts=[Fact(term=_("Out"), amount=row.advanced, currency=row.currency)],
            effects=[
                _("What is out stays out until it is repaid, on the terms that it has."),
                _("It cannot be opened again."),
            ],
            button=_("Close it"),
        )

    def act(self, actor: Actor, row: Facility, data: dict[str, Any]) -> Answer:
        return funding.close_facility(actor=actor, key=data["key"], facility_ref=row.ref, reason=data["reason"])

    def done(self, row: Facility, data: dict[str, Any]) -> str:
        return _("The facility is closed.")


def closed_says(row: Facility) -> str:
    """What stands in the place of the buttons of a facility that is closed, or nothing."""
    return _("This facility is closed. Open another one where you want to advance more.") if row.closed_at else ""


def _terms(row: Facility, data: dict[str, Any]) -> FacilityTerms:
    return FacilityTerms(currency=row.currency, **{name: data[name] for name in TERMS})


def _shown(row: Facility, name: str, value: Any) -> str:
    if name == "limit":
        return formats.money(value, row.currency)
    return rate(value) if name.endswith("_rate") else str(value)


def seller_by_reference(request: HttpRequest, ref: str) -> Organisation:
    """The organisation of a reference, which only its own people can have given away."""
    actor, user_id = asker(request), (request.user.pk if request.user.is_authenticated else None)
    walls.enter(actor.organisation_id, user=user_id, token=ref)
    try:
        found = Organisation.objects.filter(ref=ref).first()
    finally:
        walls.enter(actor.organisation_id, user=user_id)
    if found is None:
        raise Refused("No organisation has this reference. Ask the seller for it.", field="seller_ref")
    return found
