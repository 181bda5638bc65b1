"""What happens to an advance beside the buyer's payments, by the workflows, as pages and upstream rooms call them."""

from datetime import date
from decimal import Decimal

from django.db import connection

from apps.contracts.models import Contract
from apps.core.database import walls
from apps.financing.models import Tranche
from apps.financing.rules.events import Bears
from apps.milestones.models import Submission
from apps.milestones.services import CriterionVerdict
from apps.parties.actor import Actor
from apps.workflows import recourse, sign_off
from apps.workflows.management.commands.verify_ledger import checks
from tests import scenarios
from tests.financing import stories
from tests.scenarios import Parties, acting, key, member


def sent_back(deal: Parties, contract: Contract, *, position: int, on: date) -> Submission:
    """Submitted, and the buyer asked for changes."""
    submission = scenarios.submitted_milestone(contract, position=position, at=stories.noon(on))
    approver = member(deal, "approver")
    with acting(approver, at=stories.noon(on)):
        (criterion, *_more) = submission.milestone.line.criteria.all()
        sign_off.request_changes(
            actor=approver,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[CriterionVerdict(criterion.pk, is_passed=False, reason="The export is missing.")],
        )
    return submission


def postponed(deal: Parties, tranche: Tranche, *, to: date, borne_by: Bears, on: date) -> None:
    with acting(member(deal, "underwriter"), at=stories.noon(on)) as actor:
        recourse.postpone_advance(
            actor=actor,
            key=key(),
            tranche_ref=tranche.ref,
            expected_on=to,
            borne_by=borne_by,
            reason="The interface is late.",
        )


def demanded(deal: Parties, tranche: Tranche, *, on: date) -> None:
    with acting(member(deal, "underwriter"), at=stories.noon(on)) as actor:
        recourse.demand_advance(actor=actor, key=key(), tranche_ref=tranche.ref, reason="Not cured in time.")


def repaid(
    deal: Parties, tranche: Tranche, *, on: date, amount: Decimal | None = None, reference: str = "BACK-1"
) -> None:
    with acting(member(deal, "treasury"), at=stories.noon(on)) as actor:
        recourse.record_repayment(
            actor=actor,
            key=key(),
            tranche_ref=tranche.ref,
            amount=amount,
            received_on=on,
            bank_reference=reference,
        )


def defaulted(deal: Parties, tranche: Tranche, *, on: date) -> None:
    with acting(member(deal, "underwriter"), at=stories.noon(on)) as actor:
        recourse.declare_default(actor=actor, key=key(), tranche_ref=tranche.ref, reason="The buyer is insolvent.")


def allowed(deal: Parties, tranche: Tranche, amount: int, *, on: date) -> None:
    with acting(member(deal, "underwriter"), at=stories.noon(on)) as actor:
        recourse.allow_for_loss(
            actor=actor, key=key(), tranche_ref=tranche.ref, amount=Decimal(amount), reason="Late for weeks."
        )


def written_off(tranche: Tranche, *, by: Actor, on: date) -> None:
    with acting(by, at=stories.noon(on)):
        recourse.write_off_advance(actor=by, key=key(), tranche_ref=tranche.ref, reason="No quota is expected.")


def verified(deal: Parties) -> None:
    """Every check of the books holds, also inside a transaction: asked as all three sides together."""
    with walls.asking_for(deal.financier.pk, deal.seller.pk, deal.buyer.pk), connection.cursor() as cursor:
        for check in checks():
            cursor.execute(check.sql)
            assert cursor.fetchall() == [], check.sentence


def second_underwriter(deal: Parties) -> Actor:
    """Another person of the financier who may approve: the one whose organisation it is."""
    return scenarios.owner_of(deal.financier.pk)
