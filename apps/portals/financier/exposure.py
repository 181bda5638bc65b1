"""How much of a facility is used: paid out, promised, free; and how much of the book hangs on one buyer."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.core import money
from apps.financing.models import Facility, Tranche
from apps.financing.models.tranche import TrancheState
from apps.parties.actor import Actor
from apps.portals.financier.queues import NOTHING


@dataclass(frozen=True, slots=True)
class Exposure:
    """One facility before and after a further advance, in its currency."""

    limit: Decimal
    advanced: Decimal
    promised: Decimal
    """Accepted by the seller, and not paid out yet: kept free under the limit."""
    further: Decimal = Decimal(0)

    @property
    def before(self) -> Decimal:
        return self.advanced + self.promised

    @property
    def after(self) -> Decimal:
        return self.before + self.further

    @property
    def headroom(self) -> Decimal:
        """What is left of the limit before the further advance."""
        return max(money.ZERO, self.limit - self.before)

    @property
    def headroom_after(self) -> Decimal:
        """What would be left with it; negative when the limit does not hold it."""
        return self.limit - self.after

    @property
    def share_before(self) -> Decimal:
        return self.before / self.limit

    @property
    def share_after(self) -> Decimal:
        return self.after / self.limit


def with_promised(facilities: QuerySet[Any]) -> QuerySet[Any]:
    """Each with ``promised``: the advances that were accepted and not paid out."""
    waiting = Tranche.objects.filter(facility=OuterRef("pk"), state=TrancheState.ACCEPTED).order_by()
    sums = waiting.values("facility").annotate(sum=Sum("gross")).values("sum")
    found: QuerySet[Any] = facilities.annotate(promised=Coalesce(Subquery(sums), NOTHING))
    return found


def exposure_of(facility: Facility, *, further: Decimal = Decimal(0)) -> Exposure:
    """The use of a facility; read with :func:`with_promised` it costs no query."""
    promised = getattr(facility, "promised", None)
    if promised is None:
        promised = with_promised(Facility.objects.filter(pk=facility.pk)).values_list("promised", flat=True)[0]
    return Exposure(facility.limit, facility.advanced, promised, further)


def buyer_share(actor: Actor, *, buyer_id: int, currency: str, further: Decimal) -> tuple[Decimal, Decimal]:
    """The buyer's share of everything that is out in the currency, before and after a further advance, as fractions."""
    book = Tranche.objects.visible_to(actor).outstanding().filter(financier_id=actor.organisation_id, currency=currency)
    by_buyer = dict(book.order_by().values_list("buyer").annotate(sum=Sum("outstanding")))
    total, own = money.total(by_buyer.values()), by_buyer.get(buyer_id, money.ZERO)
    before = own / total if total else money.ZERO
    return before, (own + further) / (total + further) if total + further else money.ZERO
