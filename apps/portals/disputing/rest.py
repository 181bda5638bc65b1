"""The rest of what is disputed, accepted in the same act: what that does and what is signed, before it is signed."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.contracts.models import Contract, ContractVersion
from apps.core.money import Money
from apps.core.spoken import Said
from apps.milestones import services as milestones
from apps.milestones.models import Submission
from apps.milestones.services import Part
from apps.portals.access import PortalRequest
from apps.portals.disputing.forms import DisputeForm
from apps.portals.invoice_to_come import InvoiceToCome, invoice_to_come

SIGN = "sign"
"""The button below the statement; without it the statement is shown first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What is accepted, net of tax, the invoice that it issues, and the statement; ``is_first`` of two people."""

    submission: Submission
    accepted: Decimal
    statement: Said
    to_come: InvoiceToCome
    is_first: bool

    @property
    def contract(self) -> Contract:
        return self.submission.contract

    @property
    def version(self) -> ContractVersion:
        return self.submission.milestone.line.version


def chosen(request: PortalRequest, submission: Submission, form: DisputeForm) -> Rest | None:
    """The rest that a valid form accepts; None where it accepts none, and where there is none, which it then says."""
    if not form.cleaned_data.get("rest") or form.disputed is None:
        return None
    milestone = submission.milestone
    accepted = Money(milestone.amount - form.disputed, milestone.currency)
    if accepted.amount <= 0:
        form.add_error("rest", _("There is no rest: all of it is in dispute."))
        return None
    is_first = milestones.what_is_ahead(submission, actor=request.actor).is_first
    return Rest(
        submission=submission,
        accepted=accepted.amount,
        statement=milestones.first_statement(submission, accepted=accepted)
        if is_first
        else milestones.part_statement(submission, part=Part(amount=accepted.amount)),
        to_come=invoice_to_come(accepted.amount, milestone=milestone, version=milestone.line.version),
        is_first=is_first,
    )
