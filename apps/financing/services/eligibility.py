"""What of a milestone can be advanced against, and how it is named in the texts of its sale."""

from datetime import datetime
from decimal import Decimal

from apps.core import money
from apps.core.errors import Refused
from apps.financing.models import FundingRequest, RequestItem
from apps.financing.models.offer import Stage
from apps.financing.rules.texts import Receivable
from apps.financing.services.record import day_of
from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice, OpenItem
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import MilestoneState
from apps.parties.models import Organisation


def items_of(request: FundingRequest) -> list[RequestItem]:
    """What a request asks for, in the order of the plan, each with its milestone and its invoice where there is one."""
    items = request.items.select_related(
        "milestone__contract__seller", "milestone__contract__buyer", "milestone__line", "milestone__invoice"
    )
    return list(items.order_by("milestone__position", "milestone__part"))


def invoice_of(milestone: Milestone) -> Invoice | None:
    """The invoice of an accepted milestone; None before."""
    return getattr(milestone, "invoice", None)


def stage_of(milestone: Milestone) -> Stage:
    """Whether the milestone's receivable exists already, or only its acceptance will make it."""
    return Stage.PRE if invoice_of(milestone) is None else Stage.POST


def eligible_amount(milestone: Milestone, *, face: Decimal, at: datetime) -> Decimal:
    """All of ``face``: of an invoice if nothing is paid and it is not past due, before acceptance if it is measurable.

    Refused otherwise.
    """
    invoice = invoice_of(milestone)
    if invoice is None:
        require_measurable(milestone)
        if milestone.state == MilestoneState.CANCELLED or invoicing.amount_to_bill(milestone) != face:
            raise Refused(
                "“{milestone}” was changed by a change order after it was asked for, so this is no longer what it comes"
                " to. Ask anew.",
                milestone=milestone.title,
            )
        return face
    if invoice.gross != face:
        raise Refused(
            "“{milestone}” was accepted in part after it was asked for, so its invoice is another amount. Ask anew.",
            milestone=milestone.title,
        )
    open_item = OpenItem.objects.get(invoice=invoice)
    if open_item.open != invoice.gross:
        raise Refused(
            "Of this invoice only {open} is still open. Only whole invoices are funded.",
            open=str(money.Money(open_item.open, invoice.currency)),
        )
    if open_item.awaits_documents:
        raise Refused(
            "This invoice is not due before the buyer has confirmed its documents, so nobody can tell when it is paid."
            " It can be funded then."
        )
    if open_item.due_on < day_of(milestone.contract.seller, at=at):
        raise Refused("This invoice was due on {date}. Invoices past due are not funded.", date=open_item.due_on)
    return face


def require_measurable(milestone: Milestone) -> None:
    """Refuse a milestone without criteria: nobody could tell whether it is complete, and so when it is paid."""
    if not milestone.line.criteria.exists():
        raise Refused(
            "“{milestone}” has no criteria, so nobody can tell when it is complete. It can be funded once it is"
            " accepted.",
            milestone=milestone.title,
        )


def sold(milestone: Milestone, *, face: Decimal, financier: Organisation) -> Receivable:
    """The receivable as the disclosure and the notice name it."""
    contract, invoice = milestone.contract, invoice_of(milestone)
    return Receivable(
        seller=contract.seller.legal_name,
        buyer=contract.buyer.legal_name,
        financier=financier.legal_name,
        contract=str(contract),
        milestone=milestone.title,
        invoice=invoice.number if invoice is not None else "",
        face=face,
        currency=milestone.currency,
        due_on=invoice.open_item.due_on if invoice is not None else None,
    )
