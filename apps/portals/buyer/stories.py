"""Who did what and when, read from the rows themselves: versions, cycles, decisions, invoices, payments."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.contracts.models import Contract, ContractVersion
from apps.invoicing.models import Allocation, Invoice
from apps.milestones.models import Decision, Milestone, Submission
from apps.milestones.models.milestone import ENDED
from apps.parties.actor import Actor
from apps.portals import formats, history
from apps.portals.buyer.criteria import decision_of
from apps.portals.parts import Event, Step


def contract_story(actor: Actor, contract: Contract, *, versions: Sequence[ContractVersion]) -> list[Event]:
    """Newest first: proposals, signatures, decisions, invoices, confirmed events, and what the other side tried."""
    events = [event for version in versions for event in _of_version(contract, version)]
    cycles = (
        Submission.objects.visible_to(actor)
        .filter(contract=contract, submitted_at__isnull=False)
        .select_related("milestone", "decision", "submitted_by")
    )
    events += [event for cycle in cycles for event in _of_cycle(cycle, seller=contract.seller.legal_name)]
    events += [_of_invoice(i) for i in Invoice.objects.visible_to(actor).filter(contract=contract)]
    events += history.of_the_contract_itself(actor, contract)
    return newest_first(events)


def milestone_story(milestone: Milestone, cycles: Sequence[Submission]) -> list[Event]:
    """Newest first: cycles, decisions, the invoice."""
    seller = milestone.contract.seller.legal_name
    events = [event for cycle in cycles for event in _of_cycle(cycle, seller=seller, is_one_milestone=True)]
    invoice: Invoice | None = getattr(milestone, "invoice", None)
    if invoice is not None:
        events.append(_of_invoice(invoice))
    return newest_first(events)


def invoice_story(actor: Actor, invoice: Invoice) -> list[Event]:
    """Newest first: the invoice and the payments that were recorded for it."""
    allocations = Allocation.objects.visible_to(actor).filter(invoice=invoice)
    made = list(allocations.made().select_related("payment__recipient"))
    paid = [
        Event(
            what=_("%(amount)s received") % {"amount": formats.money(allocation.amount, invoice.currency)},
            at=allocation.allocated_at,
            who=allocation.payment.recipient.legal_name,
            icon="cash-coin",
            tone="positive",
        )
        for allocation in made
    ]
    reversals = [made_of.payment.reversal for made_of in made if hasattr(made_of.payment, "reversal")]
    taken_back = [
        Event(
            what=_("A payment that was recorded by mistake is reversed"),
            at=reversal.reversed_at,
            who=invoice.seller.legal_name,
            note=reversal.reason,
            icon="arrow-counterclockwise",
            tone="attention",
        )
        for reversal in reversals
    ]
    return newest_first([_of_invoice(invoice), *paid, *taken_back])


def newest_first(events: Sequence[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.at, reverse=True)


def milestone_steps(milestone: Milestone, cycles: Sequence[Submission], *, invoice: Invoice | None) -> list[Step]:
    """Planned, submitted, signed off, paid: how far the milestone is; ``invoice`` bills it.

    What is left of one that was accepted in part has no cycle of its own yet, and was submitted with it.
    """
    is_accepted, is_sent = milestone.state in ENDED, milestone.state == "submitted"
    is_back = milestone.state == "changes_requested"
    was_sent = "done" if cycles or is_back else ""
    is_paid = invoice is not None and invoice.open_item.open == 0 and invoice.open_item.reserved == 0
    sent_on = _day(cycles[-1].submitted_at) if cycles and is_sent | is_accepted else None
    accepted_on = _day(milestone.accepted_at)
    if is_back:
        review = Step(name=_("Changes requested"), state="stopped")
    else:
        state = "done" if is_accepted else "current" if is_sent else "ahead"
        review = Step(name=_("Signed off"), state=state, on=accepted_on)
    return [
        Step(name=_("Planned"), state=was_sent or "current", on=milestone.planned_on),
        Step(name=_("Submitted"), state=was_sent or "ahead", on=sent_on),
        review,
        Step(name=_("Invoiced"), state="done" if invoice else "ahead", on=invoice.issued_on if invoice else None),
        Step(
            name=_("Paid"),
            state="done" if is_paid else "current" if invoice else "ahead",
            on=_day(invoice.open_item.settled_at) if is_paid and invoice else None,
        ),
    ]


def _day(instant: datetime | None) -> date | None:
    """In the reader's zone, as what happened is told below."""
    return timezone.localdate(instant) if instant else None


def _of_version(contract: Contract, version: ContractVersion) -> Iterator[Event]:
    names = {"version": version.number}
    for signature in version.signatures.all():
        is_sellers = signature.side == "seller"
        if signature.side == version.author:
            by_seller = _("Version %(version)s proposed and signed by the seller")
            what, icon = by_seller if is_sellers else _("Version %(version)s proposed and signed by the buyer"), "send"
        else:
            by_buyer = _("Version %(version)s signed by the buyer: the contract is in force")
            what = _("Version %(version)s signed by the seller: the contract is in force") if is_sellers else by_buyer
            icon = "pen"
        yield Event(what=what % names, at=signature.signed_at, who=signature.name, icon=icon, tone="info")
    if version.changes_asked_at is not None:
        is_order = version.change_order_id is not None
        asked, refused = _("Changes to version %(version)s asked for"), _("Version %(version)s declined or taken back")
        yield Event(
            what=(refused if is_order else asked) % names,
            at=version.changes_asked_at,
            who="" if is_order else (contract.buyer if version.author == "seller" else contract.seller).legal_name,
            note=version.changes_asked,
            icon="arrow-return-left",
            tone="attention",
        )
    if version.expired_at is not None:
        what = _("Version %(version)s not signed by its last day") % names
        yield Event(what=what, at=version.expired_at, icon="clock-history", tone="attention")


def _of_cycle(cycle: Submission, *, seller: str, is_one_milestone: bool = False) -> Iterator[Event]:
    prefix = _("Cycle %(number)s") % {"number": cycle.number} if is_one_milestone else cycle.milestone.title
    if cycle.submitted_at is not None:
        who = str(cycle.submitted_by) if cycle.submitted_by else seller
        yield Event(what=_("%(what)s submitted") % {"what": prefix}, at=cycle.submitted_at, who=who, icon="send")
    if cycle.withdrawn_at is not None:
        what = _("%(what)s taken back by the seller") % {"what": prefix}
        yield Event(what=what, at=cycle.withdrawn_at, who=seller, icon="slash-circle")
    decision = decision_of(cycle)
    if decision is not None:
        is_accepted = decision.is_acceptance
        if decision.rule:
            accepted = _("%(what)s accepted by lapse of the review period")
            what = accepted if is_accepted else _("%(what)s not accepted by lapse of the review period")
        else:
            signed = _("%(what)s signed off")
            if decision.outcome == Decision.Outcome.PARTLY_ACCEPTED:
                signed = _("%(what)s signed off in part")
            what = signed if is_accepted else _("%(what)s: changes requested")
        yield Event(
            what=what % {"what": prefix},
            at=decision.decided_at,
            who=decision.name,
            note=decision.comment,
            icon="check-lg" if is_accepted else "arrow-return-left",
            tone="positive" if is_accepted else "attention",
        )


def _of_invoice(invoice: Invoice) -> Event:
    names = {"number": invoice.number, "amount": formats.money(invoice.gross, invoice.currency)}
    billed, asked = _("Invoice %(number)s issued, %(amount)s"), _("Retention released: %(number)s, %(amount)s")
    late = _("Interest and fees for late payment claimed: %(number)s, %(amount)s")
    said = asked if invoice.is_release else late if invoice.is_late_charge else billed
    return Event(what=said % names, at=invoice.issued_at, icon="receipt")
