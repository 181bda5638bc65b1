"""By what something became payable, as a snapshot says it."""

from zoneinfo import ZoneInfo

from apps.contracts.models import Contract
from apps.invoicing import snapshot
from apps.invoicing.models import Application, Instalment
from apps.milestones.models import Decision


def of_acceptance(decision: Decision, *, zone: str) -> snapshot.Acceptance:
    """The buyer's sign-off; its day is that of ``zone``, where the seller is."""
    submission = decision.submission
    milestone = submission.milestone
    return snapshot.Acceptance(
        accepted_at=decision.decided_at,
        accepted_on=decision.decided_at.astimezone(ZoneInfo(zone)).date(),
        accepted_by=decision.name,
        organisation=decision.organisation_name,
        submission_ref=submission.ref,
        submission_sha256=decision.sha256,
        by_lapse=bool(decision.rule),
        part_of=milestone.line.amount if milestone.amount != milestone.line.amount else None,
    )


def of_instalment(instalment: Instalment) -> snapshot.Instalment:
    """A deposit or a period that has its day."""
    if instalment.bills_on is None:
        raise ValueError(f"instalment {instalment.ref} has no day yet and is not billed")
    return snapshot.Instalment(
        first=instalment.bills_on,
        last=instalment.ends_on,
        number=instalment.number,
        count=instalment.count,
        event=instalment.event,
        confirmed_by=instalment.contract.confirmed_events.get(event=instalment.event).name if instalment.event else "",
    )


def of_application(application: Application, *, contract: Contract) -> snapshot.Application:
    """An application for payment that was certified."""
    first, last, at = application.first_on, application.last_on, application.decided_at
    if first is None or last is None or at is None:
        raise ValueError(f"application {application.ref} is not certified")
    return snapshot.Application(
        number=application.number,
        first=first,
        last=last,
        certified_on=at.astimezone(ZoneInfo(contract.seller.time_zone)).date(),
        certified_by=application.decided_by_name,
        organisation=contract.buyer.legal_name,
        ref=application.ref,
        sha256=application.certified_sha256,
    )
