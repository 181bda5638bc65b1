"""What the pages of a withdrawn acceptance say would come of it, if both sides agree."""

from decimal import Decimal

from django.utils.translation import gettext as _

from apps.core.errors import Refused
from apps.invoicing.services import withdrawing
from apps.invoicing.services.withdrawing import Withdrawable
from apps.milestones.models import Milestone
from apps.portals import formats
from apps.portals.correcting.side import Side
from apps.portals.forms import explain


def effects_of(milestone: Milestone, *, side: Side, amount: Decimal | None = None) -> list[str]:
    """One sentence each, of ``amount`` or of all that one request can take; where it has to wait, why."""
    try:
        found = withdrawing.withdrawable(milestone_ref=milestone.ref)
    except Refused as refused:
        return [explain(refused)]
    return [
        _("The acceptance is withdrawn for this part; what was signed off stays in the record.")
        if side.name == "buyer"
        else _("The acceptance is withdrawn for this part; you submit it again once the defect is mended."),
        *(_of_application(found, amount) if found.unbilled or found.number else _of_invoice(found)),
    ]


def _of_invoice(found: Withdrawable) -> list[str]:
    if found.invoice is None:
        return []
    whole = formats.money(found.invoice.gross, found.invoice.currency)
    return [
        _("Invoice %(number)s of %(whole)s is credited by a credit note, with its tax.")
        % {"number": found.invoice.number, "whole": whole},
        *_of_credit(),
        _("Accepted again, it is billed again by a new invoice."),
    ]


def _of_application(found: Withdrawable, amount: Decimal | None) -> list[str]:
    """Of work that applications for payment bill: first what stands in the next one, then what was certified."""
    whole = found.at_once if amount is None else amount
    unbilled, currency = found.of_standing(whole), found.milestone.currency
    effects = []
    if unbilled:
        effects.append(
            _("%(amount)s of it are not billed: the next application for payment asks for so much less.")
            % {"amount": formats.money(unbilled, currency)}
        )
    if found.invoice is not None and whole > unbilled:
        effects.append(
            _("%(amount)s of it, net of tax, are credited on invoice %(number)s, with their tax.")
            % {"amount": formats.money(whole - unbilled, currency), "number": found.invoice.number}
        )
        effects.extend(_of_credit())
    if found.earlier:
        effects.append(
            _("%(amount)s of it are billed by earlier invoices. Ask for those once this is agreed.")
            % {"amount": formats.money(found.earlier, currency)}
        )
    return [*effects, _("Accepted again, it stands in the next application for payment.")]


def _of_credit() -> list[str]:
    return [_("What was paid on it and is owed no more stays the buyer's, to be set off or paid back.")]
