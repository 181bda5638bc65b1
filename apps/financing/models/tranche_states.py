"""The states of an advance, and which may follow which."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.states import table


class TrancheState(models.TextChoices):
    ACCEPTED = "accepted", _("Accepted, not funded")
    FUNDED_PRE = "funded_pre", _("Funded before acceptance")
    FUNDED_POST = "funded_post", _("Funded")
    PART_COLLECTED = "part_collected", _("Partly collected")
    SETTLED = "settled", _("Settled")
    RECOURSE_DUE = "recourse_due", _("Repurchase due")
    REPURCHASED = "repurchased", _("Bought back")
    DEFAULTED = "defaulted", _("Defaulted")
    WRITTEN_OFF = "written_off", _("Written off")
    CANCELLED = "cancelled", _("Cancelled")
    RETURNED = "returned", _("Returned by the bank")


OUTSTANDING = (TrancheState.FUNDED_PRE, TrancheState.FUNDED_POST, TrancheState.PART_COLLECTED)
"""States in which an advance is out and earns; in default it is out, and earns nothing more."""
ENDED = (
    TrancheState.CANCELLED,
    TrancheState.SETTLED,
    TrancheState.REPURCHASED,
    TrancheState.RETURNED,
    TrancheState.WRITTEN_OFF,
)
"""States in which nothing is expected of either side any more, but for what is recovered or paid on."""
GIVEN_BACK = (TrancheState.CANCELLED, TrancheState.REPURCHASED, TrancheState.RETURNED)
"""States in which the receivable is the seller's again, and may be pledged anew."""


FORWARD = table(
    accepted=("funded_pre", "funded_post", "cancelled"),
    funded_pre=("funded_post", "recourse_due", "returned"),
    funded_post=("part_collected", "settled", "recourse_due", "defaulted", "returned"),
    part_collected=("settled", "recourse_due", "defaulted"),
    recourse_due=("repurchased",),
    repurchased=(),
    defaulted=("settled", "recourse_due", "written_off"),
    written_off=(),
    settled=(),
    cancelled=(),
    returned=(),
)
"""What may happen to an advance. Nothing is funded, bought or in default twice."""
WAY_BACK = table(part_collected=("funded_post",), settled=("funded_post", "part_collected", "defaulted"))
"""When a collection is reversed: what was collected is owed again."""
STEPS = {state: targets | WAY_BACK.get(state, frozenset()) for state, targets in FORWARD.items()}
