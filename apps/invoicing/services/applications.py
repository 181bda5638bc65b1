"""Applications for payment: what is accepted is collected in one, which is submitted, and withdrawn or returned.

The contract is held by the caller, so one of its applications collects at most, and one waits at most.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Max, Min, Q, QuerySet

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.core import canonical, states
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.core.money import Money
from apps.invoicing.models import Application, ApplicationLine
from apps.invoicing.models.application import ApplicationState
from apps.invoicing.services.application_texts import application_text
from apps.invoicing.services.collected import local_day, stand
from apps.milestones import rules as sign_off
from apps.parties.actor import Actor
from apps.parties.roles import Action

LONGEST_REASON: Final = 400
"""Characters of the reason for a lower figure."""
LONGEST_COMMENT: Final = 4_000


BY_APPLICATION: Final = {
    "finance": (
        "This contract bills applications for payment, each over several milestones, at what the buyer certifies of"
        " them. Only invoices of one milestone are funded."
    ),
}
"""What cannot be done with a milestone of such a contract, and what can."""


def contract_of_application(*, application_ref: str) -> "QuerySet[Any, int]":
    """The id of the contract of an application: a query, for ``contracts.lock`` to ask while it locks."""
    return Application.objects.filter(ref=application_ref).order_by().values_list("contract_id", flat=True)[:1]


def preview_application(application: Application, *, contract: Contract, today: date) -> tuple[str, str]:
    """The text of an application as it would be submitted on this day, and its SHA-256; refused while it is empty."""
    lines = lines_of(application)
    if not lines:
        raise Refused("Nothing was accepted since the last application, so there is nothing to apply for yet.")
    version = in_force(contract)
    first = first_day(contract=contract, today=today)
    text = application_text(
        application, lines=lines, contract=contract, version=version, period=(first, max(today, first))
    )
    return text, canonical.sha256(text)


def submit_application(
    *, contract: Contract, application_ref: str, actor: Actor, seen: str, at: datetime
) -> Application:
    """The seller asks for what was accepted by now: frozen from here on, with its text and the hash of that.

    ``seen`` is the SHA-256 of :func:`preview_application`; another text is :class:`Stale`.
    """
    contracts.require_seller(contract, actor=actor, action=Action.RECORD_PAYMENT)
    application = locked(contract, application_ref=application_ref)
    _move(application, ApplicationState.SUBMITTED)
    if contract.applications.waiting().exists():
        raise Refused("An application of this contract still waits for the buyer. It is decided first, or withdrawn.")
    today = local_day(contract, at=at)
    text, sha256 = preview_application(application, contract=contract, today=today)
    if seen != sha256:
        raise Stale("Something was accepted or billed after the page was shown. Look at the figures again.")
    _freeze(application, contract=contract, today=today, text=text, by=(actor.user_id, actor.name), at=at)
    _record(
        application, contract=contract, verb="application.submitted", actor=actor, at=at, claimed=application.claimed
    )
    return application


def submit_with_end(
    *, contract: Contract, application_ref: str, by: tuple[int | None, str], settlement: str, actor: Actor, at: datetime
) -> Application:
    """What stands when a contract ends is submitted by the seller's signature under the settlement of its end, at the
    figures that both sides signed. ``by`` is who signed for the seller, ``actor`` whoever signed last."""
    application = locked(contract, application_ref=application_ref)
    _move(application, ApplicationState.SUBMITTED)
    today = local_day(contract, at=at)
    text, _sha256 = preview_application(application, contract=contract, today=today)
    _freeze(application, contract=contract, today=today, text=text, by=by, at=at)
    _record(
        application,
        contract=contract,
        verb="application.submitted",
        actor=actor,
        at=at,
        claimed=application.claimed,
        submitted_by=by[1],
        settlement=settlement,
    )
    return application


def withdraw_application(*, contract: Contract, application_ref: str, actor: Actor, at: datetime) -> Application:
    """The seller takes an application back before it is decided; what stood in it stands in the next one."""
    contracts.require_seller(contract, actor=actor, action=Action.RECORD_PAYMENT)
    application = locked(contract, application_ref=application_ref)
    return _give_back(application, ApplicationState.WITHDRAWN, contract=contract, actor=actor, comment="", at=at)


def return_application(
    *, contract: Contract, application_ref: str, actor: Actor, seen: str, reason: str, at: datetime
) -> Application:
    """The buyer's authorised person certifies nothing of it and says why; what stood in it stands in the next one."""
    application = locked(contract, application_ref=application_ref)
    require_certifier(application, contract=contract, actor=actor, at=at)
    comment = sign_off.check_text(reason, most=LONGEST_COMMENT, field="comment")
    if not comment:
        raise Refused("Say why you return the application, so that the seller can mend it.", field="comment")
    compare(application, seen=seen)
    return _give_back(application, ApplicationState.RETURNED, contract=contract, actor=actor, comment=comment, at=at)


def require_certifier(application: Application, *, contract: Contract, actor: Actor, at: datetime) -> None:
    """The person may sign off for the buyer, up to all that the application asks for.

    A member in the role for it; or, while the buyer has no owner here, its signatory by a live link to this
    application.
    """
    limit = contracts.buyer_authority(
        contract,
        actor=actor,
        action=Action.DECIDE_MILESTONE,
        version=in_force(contract),
        purpose=GuestGrant.Purpose.CERTIFY,
        subject_ref=application.ref,
        at=at,
    )
    check_limit(application, contract=contract, limit=limit)


def check_limit(application: Application, *, contract: Contract, limit: Decimal | None) -> None:
    """Refuse to decide an application that asks for more than the person signs off, whatever would be certified of it:
    as a part of a milestone is accepted under the limit of the whole."""
    if limit is None:
        return
    claimed = application.claimed
    if contract.buyer.currency != contract.currency or claimed > limit:
        raise NotAllowed(
            "This application asks for {amount}; you sign off up to {limit}. Ask somebody with a higher limit.",
            amount=Money(claimed, contract.currency),
            limit=Money(limit, contract.buyer.currency),
        )


def needs_proof_to_certify(application: Application, *, contract: Contract) -> bool:
    """Whether the buyer wants whoever certifies what such an application asks for to show once more who it is."""
    amount = Money(application.claimed, application.currency)
    return sign_off.needs_proof(amount, above=contract.buyer.step_up_above, above_currency=contract.buyer.currency)


def compare(application: Application, *, seen: str) -> None:
    """Refuse a decision on another text than the one that was submitted."""
    if seen != application.sha256:
        raise Stale("This is not the application that you were shown. Read it again; nothing was decided.")


def in_force(contract: Contract) -> ContractVersion:
    """The terms by which a contract bills; refused where nothing more of it is billed."""
    version = contract.active_version
    if version is None or contract.state != "active":
        raise IllegalTransition(
            "This contract is {state}, so nothing more of it is billed.", state=str(contract.get_state_display())
        )
    version.contract = contract
    return version


def lines_of(application: Application) -> list[ApplicationLine]:
    """Its lines in the order of the plan, with what is agreed of each; none whose acceptance was withdrawn."""
    return list(
        application.lines.exclude(claimed=0)
        .select_related("milestone__line__version")
        .order_by("milestone__position", "milestone__part", "pk")
    )


def first_day(*, contract: Contract, today: date) -> date:
    """The day after the newest period that was certified; before there is one, that of the first acceptance."""
    known = contract.applications.aggregate(
        last=Max("last_on", filter=Q(state=ApplicationState.CERTIFIED)), opened=Min("opened_at")
    )
    first = known["last"] + timedelta(days=1) if known["last"] else local_day(contract, at=known["opened"])
    return min(first, today)


def locked(contract: Contract, *, application_ref: str) -> Application:
    """An application of a contract that the caller holds."""
    found = contract.applications.filter(ref=application_ref).select_for_update().first()
    if found is None:
        raise Refused("There is no such application for payment in this contract.")
    found.contract = contract
    return found


def decided_by(application: Application, *, actor: Actor, at: datetime) -> None:
    """Who decided it and when: a person who is signed in, or the guest of a link."""
    application.decided_at, application.decided_by_name = at, actor.name
    application.decided_by_id, application.grant_id = actor.user_id, actor.grant_id if not actor.user_id else None


def _freeze(
    application: Application, *, contract: Contract, today: date, text: str, by: tuple[int | None, str], at: datetime
) -> None:
    first = first_day(contract=contract, today=today)
    application.first_on, application.last_on = first, max(today, first)
    application.submitted_at = at
    application.submitted_by_id, application.submitted_by_name = by
    application.text, application.sha256 = text, canonical.sha256(text)
    application.save()


def _move(application: Application, to: ApplicationState) -> None:
    states.move(application, to, Application.TRANSITIONS)


def _give_back(
    application: Application, to: ApplicationState, *, contract: Contract, actor: Actor, comment: str, at: datetime
) -> Application:
    _move(application, to)
    decided_by(application, actor=actor, at=at)
    application.comment = comment
    application.save()
    stand([(one.milestone, one.claimed) for one in lines_of(application)], contract=contract, at=at)
    _record(application, contract=contract, verb=f"application.{to.value}", actor=actor, at=at, comment=comment)
    return application


def _record(
    application: Application, *, contract: Contract, verb: str, actor: Actor, at: datetime, **facts: Any
) -> None:
    contracts.record(
        contract,
        verb=verb,
        subject=f"application:{application.ref}",
        actor=actor,
        at=at,
        number=application.number,
        sha256=application.sha256,
        currency=application.currency,
        **facts,
    )
