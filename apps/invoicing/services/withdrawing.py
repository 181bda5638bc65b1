"""What of an accepted milestone both sides can withdraw: what is not billed yet, and what an invoice bills of it.

Where each acceptance has its own invoice, that is it. Where applications for payment are billed, a part may stand in
the one that collects, which then asks for so much less, and others may be billed by several invoices: a request takes
what stands first, then what the newest invoice bills.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from apps.core import money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.invoicing import rules
from apps.invoicing.models import ApplicationLine, Invoice, InvoiceLine, OpenItem
from apps.invoicing.models.application import ApplicationState
from apps.invoicing.models.credit_note import CreditNote
from apps.invoicing.services.creditable import (
    amount_to_credit,
    charged_on,
    left_to_credit,
    preview_of,
    refuse_uncreditable,
    require_room,
)
from apps.milestones.models import Milestone, Nullification, Reservation
from apps.milestones.models.milestone import MilestoneState

NULLIFICATION = CreditNote.Purpose.NULLIFICATION


@dataclass(frozen=True, slots=True)
class Withdrawable:
    """What can be withdrawn of an acceptance, net of tax.

    ``unbilled`` stands in the application that collects, ``billed`` is what is left to credit of ``invoice``, and
    ``earlier`` that of invoices before it. What is ``withheld`` for defects and stands in none is not withdrawn.
    ``number`` is the line of the invoice that bills the milestone; 0 where all of the invoice does.
    """

    milestone: Milestone
    unbilled: Decimal = money.ZERO
    invoice: Invoice | None = None
    number: int = 0
    billed: Decimal = money.ZERO
    earlier: Decimal = money.ZERO
    withheld: Decimal = money.ZERO

    @property
    def at_once(self) -> Decimal:
        """What one request can take."""
        return self.unbilled + self.billed

    @property
    def left(self) -> Decimal:
        """What is left of the acceptance."""
        return self.at_once + self.earlier

    def of_standing(self, amount: Decimal) -> Decimal:
        """What of an amount is not billed; the rest is credited."""
        return min(amount, self.unbilled)

    def share(self, amount: Decimal) -> rules.Share:
        """So much of its invoice, as a credit note takes it."""
        return rules.Share(lines=(rules.OfLine(self.number, amount),)) if self.number else rules.Share(amount=amount)


def withdrawable(*, milestone_ref: str) -> Withdrawable:
    """What can be withdrawn of a milestone now; refused, in words, where nothing can."""
    milestone = Milestone.objects.select_related("contract").get(ref=milestone_ref)
    invoice = Invoice.objects.select_related("seller").filter(milestone=milestone).first()
    if invoice is not None:
        refuse_uncreditable(invoice)
        return Withdrawable(milestone, invoice=invoice, billed=left_to_credit(invoice_ref=invoice.ref))
    found = _applied_for(milestone)
    if found.invoice is not None:
        refuse_uncreditable(found.invoice)
    if milestone.state not in (MilestoneState.ACCEPTED, MilestoneState.NULLIFIED):
        raise Refused("This milestone has no invoice: it was not accepted yet.")
    if not found.left and found.withheld:
        raise Refused("All that is left of this acceptance is withheld for defects. Settle those first.")
    if not found.left:
        raise Refused("Nothing is left of this acceptance: all of it was withdrawn or credited.")
    return found


def withdrawable_of(*, nullification_ref: str) -> Withdrawable:
    """The same of the milestone of a request."""
    ref = Nullification.objects.values_list("milestone__ref", flat=True).get(ref=nullification_ref)
    return withdrawable(milestone_ref=ref)


def amount_to_withdraw(found: Withdrawable, *, share: rules.Share) -> Decimal:
    """What of an acceptance is withdrawn with this share, net of tax; refused where it cannot be."""
    if found.invoice is not None and not found.number:
        return amount_to_credit(invoice_ref=found.invoice.ref, share=share)
    if share.amount is not None and share.percent is not None:
        raise Refused("Give an amount or a percentage, not both.", field="amount")
    currency, field = found.milestone.currency, "amount" if share.percent is None else "percent"
    amount = share.amount
    if share.percent is not None:
        if not share.percent.is_finite() or not 0 < share.percent <= 100:
            raise Refused("Enter a percentage above 0 and at most 100.", field=field)
        amount = money.half_up(found.milestone.amount * share.percent / 100, currency)
    amount = money.payable(found.at_once if amount is None else amount, currency, field=field)
    charged = money.ZERO
    if found.invoice is not None:
        charged = charged_on(found.invoice.open_item, milestone=found.milestone)
    require_withdrawable(found, amount=amount, field=field, owed_again=charged)
    return amount


def require_withdrawable(
    found: Withdrawable, *, amount: Decimal, field: str = "amount", owed_again: Decimal = money.ZERO
) -> None:
    """Refuse more than one request can take, and a credit for which the invoice has no room.

    ``owed_again`` is what was charged on this milestone and ends with its acceptance, before the credit, with tax.
    """
    currency = found.milestone.currency
    if amount > found.at_once:
        if found.earlier and found.invoice is not None:
            raise Refused(
                "At most {most} net of tax are withdrawn at once: what is not billed yet, and what {number} bills. Ask"
                " for that first, then for what earlier invoices bill.",
                field=field,
                most=Money(found.at_once, currency),
                number=found.invoice.number,
            )
        raise Refused(
            "Only {left} net of tax are left of this acceptance. Enter that much or less.",
            field=field,
            left=Money(found.at_once, currency),
        )
    credited = amount - found.of_standing(amount)
    if found.invoice is None or not credited:
        return
    item = OpenItem.objects.select_related("invoice").get(invoice=found.invoice)
    gross = preview_of(item, share=found.share(credited), purpose=NULLIFICATION).gross
    require_room(item, gross=gross - owed_again)


def withdraw_standing(found: Withdrawable, *, nullification: Nullification) -> None:
    """The application that collects asks for so much less of the milestone. The contract is held by the caller."""
    if not nullification.unbilled:
        return
    line = ApplicationLine.objects.standing().select_for_update(of=("self",)).get(milestone=found.milestone)
    line.claimed -= nullification.unbilled
    line.save(update_fields=["claimed"])


def _applied_for(milestone: Milestone) -> Withdrawable:
    """The same where applications for payment bill it; refused while one waits for the buyer's certificate."""
    standing = ApplicationLine.objects.standing().filter(milestone=milestone).select_related("application").first()
    if standing is not None and standing.application.state == ApplicationState.SUBMITTED:
        raise Refused(
            "Application for payment {number} asks for this milestone and waits for the buyer. Have it decided, or"
            " withdrawn, first; the buyer can certify less of it.",
            number=standing.application.number,
        )
    held = Reservation.objects.held_back().filter(milestone=milestone).values_list("amount", flat=True)
    withheld = money.total(held)
    billed = [(line, left) for line in _lines_of(milestone) if (left := line.net - vars(line)["credited"])]
    if not billed:
        claimed = standing.claimed if standing is not None else money.ZERO
        return Withdrawable(milestone, unbilled=claimed, withheld=withheld)
    newest, left = billed[0]
    return Withdrawable(
        milestone,
        unbilled=standing.claimed if standing is not None else money.ZERO,
        invoice=newest.invoice,
        number=newest.invoice.lines.filter(position__lte=newest.position).count(),
        billed=left,
        earlier=money.total(left for _line, left in billed[1:]),
        withheld=withheld,
    )


def _lines_of(milestone: Milestone) -> list[InvoiceLine]:
    """The invoice lines that bill it, the newest first, with what of each is credited."""
    lines = InvoiceLine.objects.filter(milestone=milestone).annotate(credited=Sum("credits__net", default=money.ZERO))
    return list(lines.select_related("invoice__seller", "invoice__open_item").order_by("-invoice_id"))
