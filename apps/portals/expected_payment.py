"""When a buyer is likely to pay, step by step and in words: the same to the seller who plays and to whoever prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.financing.rules.expectation import LEAST, Part, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One step to the expected payment: what it is, how many days it takes, and the day that is reached by it."""

    words: str
    why: str
    days: int
    on: date


def explained(parts: Sequence[Part], *, own: bool) -> tuple[Explained, ...]:
    """The steps in their order. ``own`` where the seller itself reads of its slips."""
    slip = _("Your usual slip") if own else _("The seller's usual slip")
    four_of_five = (
        _("Four of five of your milestones slip no more.")
        if own
        else _("Four of five of the seller's milestones slip no more.")
    )
    said = {
        Step.COMPLETION: (_("Completed"), _("As the contract plans it, or today where it plans no day.")),
        Step.SLIP: (slip, four_of_five),
        Step.REVIEW: (_("Review"), _("The buyer may take the whole review period.")),
        Step.INVOICE: (_("Invoice"), _("Issued with the acceptance, at once.")),
        Step.TERMS: (_("Payment terms"), _("The days to pay that are agreed.")),
        Step.DUE: (_("Due"), _("The day on which the invoice is due.")),
        Step.LATENESS: (_("How late this buyer pays"), _("Half of its invoices were paid no later.")),
    }
    return tuple(
        Explained(words=said[part.step][0], why=_why(part, said[part.step][1]), days=part.days, on=part.on)
        for part in parts
    )


def _why(part: Part, says: str) -> str:
    if part.step not in (Step.SLIP, Step.LATENESS):
        return says
    if part.known < LEAST:
        return _("Too little is known to say: nothing is added.")
    found = ngettext("From %(count)s case.", "From %(count)s cases.", part.known) % {"count": part.known}
    return f"{says} {found}"
