"""States that follow from dates and sums: asked when shown, kept nowhere. Words for them stand in ``vocabulary``."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from apps.contracts.models import Contract, ContractVersion
from apps.invoicing.models import Invoice, OpenItem
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import ENDED


def invoice_state(item: OpenItem, *, today: date) -> str:
    """``paid``, ``credited``, ``withheld``, ``awaits_documents``, ``overdue``, ``part_paid`` or ``open``.

    ``awaits_documents``: it is not due before the buyer has confirmed them.
    ``withheld``: nothing more is payable until defects are settled.

    Overdue counts most. ``credited`` is what was credited in full; what was credited in part is settled by what pays
    the rest.
    """
    if item.open == 0 and item.reserved:
        return "withheld"
    if item.open == 0:
        return "credited" if item.credited and not item.paid else "paid"
    if item.awaits_documents:
        return "awaits_documents"
    if item.due_on < today:
        return "overdue"
    return "part_paid" if item.paid else "open"


def after_credit(invoice: Invoice) -> str:
    """What happens next with an invoice that is credited in full; it reads ``replaced_by`` of one that is cancelled."""
    if invoice.replaced_milestone_id is None:
        return _("nothing. The invoice is credited in full.")
    return _("nothing. %(number)s stands in its place.") % {"number": invoice.replaced_by.number}


def milestone_state(milestone: Milestone, *, goes_on: bool) -> str:
    """The milestone's state; ``partly_accepted`` is one that was accepted in part while the rest of its line
    ``goes_on``."""
    return "partly_accepted" if milestone.state == "accepted" and goes_on else str(milestone.state)


def milestone_states(milestones: Sequence[Milestone]) -> dict[int, str]:
    """The same of all milestones of a contract, by their keys."""
    left = {one.position for one in milestones if one.state not in ENDED}
    return {one.pk: milestone_state(one, goes_on=one.position in left) for one in milestones}


def goes_on_as(milestone: Milestone) -> Milestone | None:
    """The part of the same line that is still to be accepted, of a milestone that is accepted and whose line is read.
    Only what is less than its line has a rest to ask for."""
    if milestone.state != "accepted" or milestone.amount - milestone.nullified == milestone.line.amount:
        return None
    parts = Milestone.objects.filter(contract_id=milestone.contract_id, position=milestone.position)
    return parts.unfinished().order_by("part").first()


def with_lapse(rows: QuerySet[Contract, Contract]) -> QuerySet[Contract, Contract]:
    """Contracts with ``lapsed_at``: when their last proposal ran out without an answer, if it did."""
    proposed = ContractVersion.objects.filter(contract=OuterRef("pk"), proposed_at__isnull=False)
    return rows.annotate(lapsed_at=Subquery(proposed.order_by("-number").values("expired_at")[:1]))


def later_proposals() -> QuerySet[ContractVersion, ContractVersion]:
    """The proposals of the same contract that came after a version: of what was answered by another there are some."""
    return ContractVersion.objects.filter(
        contract=OuterRef("contract"), number__gt=OuterRef("number"), proposed_at__isnull=False
    )


def proposed_by(side: str) -> Q:
    """Contracts on which a proposal of this side waits for the other one's signature."""
    newest = ContractVersion.objects.filter(
        contract=OuterRef("pk"), author=side, proposed_at__isnull=False, changes_asked_at__isnull=True
    ).exclude(Exists(later_proposals()))
    return Q(Exists(newest), state="proposed")


def contract_state(contract: Contract) -> str:
    """The contract's state; a draft that follows a proposal was asked for, or nobody signed the proposal in time.

    Which of them tells ``lapsed_at``, as :func:`with_lapse` gives it.
    """
    if contract.state == "draft" and contract.was_proposed:
        return "expired" if getattr(contract, "lapsed_at", None) else "changes_requested"
    return str(contract.state)


def version_state(version: ContractVersion, *, contract: Contract, newest: int = 0) -> str:
    """What became of a version: ``draft``, ``proposed``, ``signed`` by both, ``changes_requested``, ``expired``,
    ``superseded`` by another, ``withdrawn``, or, of a change order, ``declined``.

    ``newest`` is the number of the version that was proposed last.
    """
    if version.proposed_at is None:
        return "draft"
    active = contract.active_version
    if active is not None and version.pk in (active.pk, active.option_of_id):
        return "signed"
    if version.changes_asked_at is not None:
        return "changes_requested" if version.change_order_id is None else "declined"
    if version.expired_at is not None:
        return "expired"
    if version.number < newest:
        return "superseded"
    return "withdrawn" if contract.state == "withdrawn" else "proposed"
