"""How much is out on a buyer and on a seller over all facilities of a financier, against the limit that it set."""

from datetime import datetime
from decimal import Decimal

from apps.audit import services as audit
from apps.core import money
from apps.core.errors import Refused
from apps.financing.models import ExposureLimit
from apps.financing.models.exposure import Side
from apps.financing.services.record import person
from apps.parties.actor import Actor
from apps.parties.roles import Action


def lock_exposures(*, financier_id: int, seller_id: int, buyer_id: int, currency: str) -> list[ExposureLimit]:
    """Hold the counters of a buyer and a seller, after the facility and before any advance, in the order of their ids.

    They are counted from the first advance on, whether or not a limit is set.
    """
    wanted = {(seller_id, Side.SELLER), (buyer_id, Side.BUYER)}
    rows = ExposureLimit.objects.filter(
        financier_id=financier_id, organisation_id__in=[seller_id, buyer_id], currency=currency
    )
    missing = wanted - {(row.organisation_id, Side(row.side)) for row in rows}
    if missing:
        ExposureLimit.objects.bulk_create(
            [
                ExposureLimit(financier_id=financier_id, organisation_id=organisation, side=side, currency=currency)
                for organisation, side in sorted(missing)
            ],
            ignore_conflicts=True,
        )
    held = rows.select_for_update().order_by("pk")
    return [row for row in held if (row.organisation_id, Side(row.side)) in wanted]


def count(exposures: list[ExposureLimit], *, used: Decimal = money.ZERO, reserved: Decimal = money.ZERO) -> None:
    """Add to what is out and to what is promised; negative amounts take away. The caller holds them."""
    for exposure in exposures:
        exposure.used += used
        exposure.reserved += reserved
        exposure.save(update_fields=["used", "reserved"])


def require_room(exposures: list[ExposureLimit], *, advance: Decimal, actor: Actor) -> None:
    """Refuse to promise a further advance that a limit does not hold; only the financier's own people read figures."""
    for exposure in exposures:
        if exposure.limit is not None and exposure.used + exposure.reserved + advance > exposure.limit:
            left = max(money.ZERO, exposure.limit - exposure.used - exposure.reserved)
            _refuse(exposure, advance=advance, left=left, actor=actor)


def require_room_to_pay_out(exposures: list[ExposureLimit], *, advance: Decimal, actor: Actor) -> None:
    """Refuse to pay out what was promised before a limit was lowered, where it does not hold it any more."""
    for exposure in exposures:
        if exposure.limit is not None and exposure.used + advance > exposure.limit:
            _refuse(exposure, advance=advance, left=max(money.ZERO, exposure.limit - exposure.used), actor=actor)


def set_exposure_limit(*, exposure_ref: str, actor: Actor, limit: Decimal | None, at: datetime) -> ExposureLimit:
    """Set, raise, lower or lift (None) a limit. Below what is out it only keeps more from being advanced."""
    exposure = ExposureLimit.objects.select_for_update().filter(ref=exposure_ref).first()
    if exposure is None:
        raise Refused("There is no such limit, or it is not yours.")
    actor.require(Action.MANAGE_FACILITY, organisation_id=exposure.financier_id)
    if limit is not None and not _is_amount(limit, exposure.currency):
        raise Refused("Enter an amount from zero on, in the minor unit of the currency.", field="limit")
    exposure.limit, exposure.set_by_id, exposure.set_at = limit, person(actor), at
    exposure.save(update_fields=["limit", "set_by", "set_at"])
    audit.record(
        chain=f"organisation:{exposure.financier.ref}",
        parties=(exposure.financier_id,),
        verb="exposure.limited",
        subject=f"exposure:{exposure.ref}",
        actor=actor,
        at=at,
        organisation=exposure.organisation.ref,
        side=exposure.side,
        currency=exposure.currency,
        limit=limit,
    )
    return exposure


def _is_amount(limit: Decimal, currency: str) -> bool:
    return limit.is_finite() and 0 <= limit <= money.LARGEST and money.is_exact(limit, currency)


def _refuse(exposure: ExposureLimit, *, advance: Decimal, left: Decimal, actor: Actor) -> None:
    if actor.organisation_id != exposure.financier_id:
        raise Refused("The financier's limits do not hold this advance any more. Ask for a smaller one.")
    raise Refused(
        "This advance is {advance}, and your limit for {name} has {left} left of {limit}.",
        advance=str(money.Money(advance, exposure.currency)),
        name=exposure.organisation.legal_name,
        left=str(money.Money(left, exposure.currency)),
        limit=str(money.Money(exposure.limit or money.ZERO, exposure.currency)),
    )
