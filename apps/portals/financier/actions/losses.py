"""A buyer that does not pay: default, allowance and write-off; amounts first, then one workflow each."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing import services as financing
from apps.financing.models import Tranche
from apps.parties.actor import Actor
from apps.portals import formats
from apps.portals.financier.action import Review
from apps.portals.financier.actions.recourse import RecoursePage
from apps.portals.financier.forms_recourse import AllowForm, DefaultForm, WriteOffForm
from apps.portals.financier.pages import asker, today_of, why_not
from apps.portals.parts import Fact
from apps.workflows import recourse
from apps.workflows.once import Answer


class DeclareDefault(RecoursePage):
    """The buyer is not expected to pay what was bought."""

    name = "declare_default"
    route = "<str:ref>/default/"
    title = gettext_lazy("Declare a default")
    form_class = DefaultForm
    css = "btn-danger"

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if row.state not in ("funded_post", "part_collected"):
            return _("Only a bought invoice that is not paid can be in default.")
        if row.free_until is None or today_of(request) <= row.free_until:
            return _("The buyer still has time, with the days of grace.")
        return why_not(asker(request), self.needs)

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        return Review(
            amount_label=_("Advance in default"),
            amount=row.outstanding,
            currency=row.currency,
            party=_("%(buyer)s, on %(name)s") % {"buyer": row.buyer.legal_name, "name": row.name},
            facts=[Fact(term=_("Your reason"), value=data["reason"])],
            effects=[
                _("Nothing more is earned on this advance. What comes in is shared out as before."),
                _("%(seller)s is told by mail and reads your reason.") % {"seller": row.seller.legal_name},
                _("A second person can write it off."),
            ],
            button=_("Declare the default"),
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return recourse.declare_default(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("The advance is in default.")


class AllowForLoss(RecoursePage):
    """What is allowed for a loss on an advance."""

    name = "allow_for_loss"
    route = "<str:ref>/allow/"
    title = gettext_lazy("Allow for a loss")
    form_class = AllowForm

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if not row.outstanding:
            return _("Nothing of this advance is out, so there is no loss to allow for.")
        return why_not(asker(request), self.needs)

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        before = financing.standing_on(row, on=today_of(request)).allowance
        return Review(
            amount_label=_("Allowed for from now on"),
            amount=data["amount"],
            currency=row.currency,
            party=self.party(row),
            facts=[
                Fact(term=_("Allowed for so far"), amount=before, currency=row.currency),
                Fact(term=_("Advance outstanding"), amount=row.outstanding, currency=row.currency),
                Fact(term=_("Your reason"), value=data["reason"]),
            ],
            effects=[_("The difference is booked as credit loss today. Nobody else is told.")],
            button=_("Set the allowance"),
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return recourse.allow_for_loss(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("%(amount)s is allowed for.") % {"amount": formats.money(data["amount"], row.currency)}


class WriteOffAdvance(RecoursePage):
    """A second person gives up an advance in default."""

    name = "write_off_advance"
    route = "<str:ref>/write-off/"
    title = gettext_lazy("Write the advance off")
    form_class = WriteOffForm
    css = "btn-danger"

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if row.state != "defaulted":
            return _("Only an advance in default is written off. Declare the default first.")
        refusal = why_not(asker(request), self.needs)
        if not refusal and row.defaulted_by_id == asker(request).user_id:
            return _("You declared this default, so a second person has to write it off.")
        return refusal

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        standing = financing.standing_on(row, on=today_of(request))
        return Review(
            amount_label=_("You write off"),
            amount=standing.outstanding,
            currency=row.currency,
            party=_("%(buyer)s, on %(name)s") % {"buyer": row.buyer.legal_name, "name": row.name},
            facts=[
                Fact(term=_("Allowed for so far"), amount=standing.allowance, currency=row.currency),
                Fact(term=_("Reserve that goes with it"), amount=standing.reserve, currency=row.currency),
                Fact(term=_("Your reason"), value=data["reason"]),
            ],
            effects=[
                _("The receivable leaves your book, with the reserve. The buyer owes it still."),
                _("What comes in after all is booked as recovered."),
                _("%(seller)s is told by mail and reads your reason.") % {"seller": row.seller.legal_name},
            ],
            button=_("Write %(amount)s off") % {"amount": formats.money(standing.outstanding, row.currency)},
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return recourse.write_off_advance(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("The advance is written off.")
