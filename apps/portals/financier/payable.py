"""What treasury may pay now and has not ordered: advances that are ready, and reserves that were released."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.financing.models import OrderedPayment, Tranche
from apps.parties.actor import Actor
from apps.portals import formats
from apps.portals.financier import queues
from apps.portals.financier.disputed import in_dispute

MOST = 200
"""So many of each are offered at once, the oldest first."""


@dataclass(frozen=True, slots=True)
class Payable:
    """One payment that can be ordered; ``key`` stands for it in a form."""

    key: str
    amount: Decimal
    words: str


def currency_of(actor: Actor, *, asked: str) -> str:
    """The currency that was asked for, where something waits in it; else the first one."""
    known = sorted({*_currencies(queues.to_fund(actor)), *_currencies(queues.to_pay_reserve(actor))})
    return asked if asked in known else next(iter(known), "")


def _currencies(rows: QuerySet[Any]) -> list[str]:
    return list(rows.order_by().values_list("currency", flat=True).distinct())


def of(actor: Actor, *, currency: str) -> list[Payable]:
    """Everything that can be ordered in a currency."""
    ordered = OrderedPayment.objects.visible_to(actor).live().filter(state="waiting")
    advances = queues.to_fund(actor).exclude(pk__in=ordered.filter(what="advance").values("tranche"))
    reserves = (
        queues.to_pay_reserve(actor)
        .exclude(pk__in=ordered.filter(what="reserve").values("tranche"))
        .exclude(in_dispute())
    )
    found = [(row, "advance", row.net) for row in _rows(advances, currency)]
    found += [(row, "reserve", row.reserve_due) for row in _rows(reserves, currency)]
    kinds = {"advance": _("Advance"), "reserve": _("Reserve")}
    return [
        Payable(
            f"{what}:{row.ref}",
            amount,
            f"{kinds[what]} · {row.seller.legal_name} · {row.name} · {formats.money(amount, currency)}",
        )
        for row, what, amount in found
    ]


def _rows(rows: QuerySet[Any], currency: str) -> list[Any]:
    return list(rows.filter(currency=currency).select_related("seller", "milestone__invoice").order_by("pk")[:MOST])


def wanted(key: str) -> tuple[str, str]:
    """What a key of the form stands for."""
    what, _colon, ref = key.partition(":")
    return what, ref


def why_not_ordered(tranche: Tranche) -> str:
    """Why something is not paid by hand: the bank is asked for it already, or will be."""
    ordered = OrderedPayment.objects.live().filter(tranche=tranche, state="waiting")
    found = ordered.select_related("order").first()
    if found is None:
        return ""
    return _("This is in the payment order %(order)s. Confirm it there, or discard the order.") % {
        "order": found.order.ref
    }
