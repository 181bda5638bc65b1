"""Income of prepaid discounts and fees, recognised day by day."""

from datetime import date, datetime

from apps.financing.models import Tranche
from apps.financing.models.tranche import OUTSTANDING
from apps.financing.services import book


def accrue_all(*, financier_id: int, through: date, at: datetime) -> int:
    """Recognise what every outstanding advance earned up to a date; gives for how many something was posted.

    Each run posts the difference to what is recognised, so it can be repeated, and makes up for runs that were missed.
    An earlier date than a former run's takes nothing back.
    """
    outstanding = Tranche.objects.filter(state__in=OUTSTANDING, financier_id=financier_id, outstanding__gt=0)
    ids = outstanding.filter(funded_on__lt=through).order_by("pk").values_list("pk", flat=True)
    return sum(_accrue(tranche_id, through=through, at=at) for tranche_id in list(ids))


def _accrue(tranche_id: int, *, through: date, at: datetime) -> bool:
    tranche = Tranche.objects.select_for_update().get(pk=tranche_id)
    if tranche.funded_on is None or tranche.outstanding == 0:
        return False
    before = book.standing(tranche)
    after = book.unearned_after(tranche, before=before, day=(through - tranche.funded_on).days)
    if after.unearned_discount > before.unearned_discount or after.unearned_fee > before.unearned_fee:
        return False
    cause = f"accrual:{tranche.ref}:{through.isoformat()}"
    entry = book.post_accrual(tranche, before=before, after=after, cause=cause, booked_on=through, at=at)
    return entry is not None
