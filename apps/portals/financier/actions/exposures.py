from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import money
from apps.financing.models import ExposureLimit
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.forms import LimitForm
from apps.portals.parts import Fact
from apps.workflows import underwriting
from apps.workflows.once import Answer


class SetExposureLimit(ActionPage[ExposureLimit]):
    """Limit what may be out on a buyer or a seller over all facilities, or lift the limit."""

    name = "set_exposure_limit"
    route = "<str:ref>/limit/"
    title = gettext_lazy("Set the limit")
    needs = Action.MANAGE_FACILITY
    form_class = LimitForm

    def initial(self, request: HttpRequest, row: ExposureLimit) -> dict[str, Any]:
        return {"limit": row.limit}

    def lead(self, request: HttpRequest, row: ExposureLimit) -> str:
        return _("%(used)s is out on %(name)s and %(reserved)s promised, over all your facilities in %(currency)s.") % {
            "used": formats.money(row.used, row.currency),
            "name": row.organisation.legal_name,
            "reserved": formats.money(row.reserved, row.currency),
            "currency": row.currency,
        }

    def review(self, request: HttpRequest, row: ExposureLimit, data: dict[str, Any]) -> Review:
        limit: Decimal | None = data["limit"]
        label = _("You lift the limit for what may be out") if limit is None else _("You limit what may be out to")
        below = limit is not None and row.used + row.reserved > limit
        return Review(
            amount_label=label,
            amount=money.ZERO if limit is None else limit,
            currency=row.currency,
            party=_("on %(name)s") % {"name": row.organisation.legal_name},
            facts=[
                Fact(term=_("Counted as"), value=row.get_side_display()),
                Fact(term=_("Out"), amount=row.used, currency=row.currency),
                Fact(term=_("Promised"), amount=row.reserved, currency=row.currency),
            ],
            effects=[
                _("What is out stays out. Nothing more is priced, accepted or paid out beyond the limit."),
                *([_("That is less than what is out and promised now.")] if below else []),
            ],
            button=_("Lift the limit") if limit is None else _("Set this limit"),
        )

    def act(self, actor: Actor, row: ExposureLimit, data: dict[str, Any]) -> Answer:
        return underwriting.set_exposure_limit(actor=actor, exposure_ref=row.ref, **data)

    def done(self, row: ExposureLimit, data: dict[str, Any]) -> str:
        return _("The limit for %(name)s is changed.") % {"name": row.organisation.legal_name}
