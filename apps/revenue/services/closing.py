"""Closing a month: asked for by a person, worked off contract by contract by a job, shut when nothing is left."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Least

from apps.audit import services as audit
from apps.contracts.models import Contract
from apps.core import states
from apps.core.errors import Refused
from apps.invoicing.models import CreditNote, CreditNoteLine, Instalment, Invoice, InvoiceKind
from apps.invoicing.models.credit_note import CHARGES
from apps.ledger.models import Book
from apps.milestones.models import Milestone, Nullification, Reservation
from apps.milestones.models.nullification import NullificationState
from apps.parties import services as parties
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.revenue import rules
from apps.revenue.models import (
    AccountingPeriod,
    Judgement,
    JudgementKind,
    Measure,
    Modification,
    Obligation,
    PeriodState,
    Recognition,
    Why,
)
from apps.revenue.services.price_facts import BY_LINE, LOWERS_A_LINE, LOWERS_NO_PRICE

AT_ONCE: Final = 500
"""Contracts whose references are read at a time."""


def contracts_to_tend(*, organisation_id: int, through: date) -> "QuerySet[Contract, Contract]":
    """The seller's contracts of which something is not recognised: days up to this one, or whatever was missed."""
    mine = Contract.objects.filter(seller_id=organisation_id, active_version__isnull=False)
    return mine.filter(_days_to_count(through) | _missed(organisation_id)).order_by("pk")


def _days_to_count(through: date) -> Q:
    """Whether days up to this one were not counted: of a period, of what is earned evenly, of interest."""
    begun = Instalment.objects.filter(
        contract=OuterRef("contract"),
        position=OuterRef("position"),
        bills_on__lte=through,
        ends_on__isnull=False,
        cancelled_at__isnull=True,
    )
    by_days = Obligation.objects.filter(contract=OuterRef("pk"), measure=Measure.OVER_TIME)
    evenly = Obligation.objects.filter(
        Q(through__isnull=True) | Q(through__lt=Least(F("ends_on"), Value(through))),
        contract=OuterRef("pk"),
        measure=Measure.STRAIGHT_LINE,
        starts_on__lte=through,
    )
    financed = Judgement.objects.filter(contract=OuterRef("pk"), kind=JudgementKind.FINANCING)
    first_time = Q(through__isnull=True) & Q(Exists(begun))
    again = Q(through__lt=through) & Q(Exists(begun.filter(ends_on__gt=OuterRef("through"))))
    return Q(Exists(by_days.filter(first_time | again))) | Q(Exists(evenly)) | Q(Exists(financed))


def _missed(organisation_id: int) -> Q:
    """What happened without its job having run: a worker was away, or an error lasted."""
    rows = Recognition.objects.filter(organisation_id=organisation_id)

    def unrecognised(prefix: str, *, ref: str) -> Q:
        cause = Concat(Value(f"{prefix}:"), OuterRef(ref), output_field=CharField())
        return ~Q(Exists(rows.filter(contract=OuterRef("contract"), cause=cause)))

    mine = Obligation.objects.filter(contract=OuterRef("pk"))
    accepted = Milestone.objects.filter(contract=OuterRef("pk"), accepted_submission__isnull=False)
    granted = Nullification.objects.filter(contract=OuterRef("pk"), state=NullificationState.GRANTED)
    corrected = CreditNote.objects.of_supplies().filter(
        contract=OuterRef("pk"), purpose__in=[CreditNote.Purpose.CORRECTION, *CHARGES]
    )
    corrected = corrected.exclude(LOWERS_NO_PRICE).exclude(BY_LINE)
    by_line = CreditNoteLine.objects.filter(LOWERS_A_LINE, credit_note__contract=OuterRef("pk"))
    position = Cast(OuterRef("invoice_line__milestone__position"), CharField())
    line = Concat(Value("credit:"), OuterRef("credit_note__ref"), Value(":"), position, output_field=CharField())
    of_line = rows.filter(contract=OuterRef("credit_note__contract"), cause=line)
    bonus = Invoice.objects.filter(contract=OuterRef("pk"), kind=InvoiceKind.BONUS)
    lower = Reservation.objects.lower_prices().never_billed().filter(contract=OuterRef("pk"))
    ended = Recognition.objects.filter(contract=OuterRef("pk"), why=Why.TERMINATION)
    promising = Obligation.objects.filter(organisation_id=organisation_id).values("contract_id")
    judged = Judgement.objects.filter(contract=OuterRef("pk"))
    treated = Modification.objects.filter(version=OuterRef("active_version"))
    return (
        ~Q(Exists(mine))
        | Q(Exists(accepted.filter(unrecognised("acceptance", ref="accepted_submission__ref"))))
        | Q(Exists(granted.filter(unrecognised("nullification", ref="ref"))))
        | Q(Exists(bonus.filter(unrecognised("bonus", ref="ref"))))
        | Q(Exists(corrected.filter(unrecognised("credit", ref="ref"))))
        | Q(Exists(lower.filter(unrecognised("defect", ref="ref"))))
        | Q(Exists(by_line.exclude(Exists(of_line)).order_by()))
        | (Q(terminated_at__isnull=True) & Q(Exists(judged.filter(unrecognised("judgement", ref="ref")))))
        | (Q(active_version__changes__isnull=False) & ~Q(Exists(treated)))
        | (Q(terminated_at__isnull=False, pk__in=promising) & ~Q(Exists(ended)))
    )


def ask_to_close(*, actor: Actor, through: date, today: date, at: datetime) -> AccountingPeriod:
    """A person asks to close a month; refused unless it is over and the one before it is closed."""
    actor.require(Action.CLOSE_PERIOD)
    # Held, so that two who ask for the first month at once ask one after the other: there is no period to hold yet.
    organisation = parties.lock(organisation_id=actor.organisation_id)
    last = AccountingPeriod.objects.select_for_update().filter(organisation=organisation).order_by("-through").first()
    if last is not None and last.state != PeriodState.CLOSED:
        if last.through != through:
            raise Refused("Another month is being closed. Wait until it is, or try it again.", field="through")
        return _again(last, at=at)
    before = last.through if last is not None else None
    rules.check_closing(through, closed_through=before, today=today)
    period = AccountingPeriod(
        organisation=organisation,
        through=through,
        contracts=contracts_to_tend(organisation_id=organisation.pk, through=through).count(),
        asked_by_id=actor.user_id,
        asked_by_name=actor.name,
        asked_at=at,
    )
    period.save()
    _record(period, verb="period.asked", actor=actor, at=at)
    return period


def take_up(*, period_ref: str, actor: Actor, at: datetime) -> AccountingPeriod:
    """The month on which a job works; one that failed is being closed again."""
    period = AccountingPeriod.objects.select_for_update().get(ref=period_ref, organisation_id=actor.organisation_id)
    return _again(period, at=at)


def _again(period: AccountingPeriod, *, at: datetime) -> AccountingPeriod:
    """What failed is tried again and goes on where it stood."""
    if period.state == PeriodState.FAILED:
        states.move(period, PeriodState.CLOSING, AccountingPeriod.TRANSITIONS)
        period.failure, period.asked_at = "", at
        period.save(update_fields=["state", "failure", "asked_at"])
    return period


def refs_to_tend(period: AccountingPeriod) -> Iterator[str]:
    """The contracts that closing a month still has to look at, each once."""
    after = 0
    while True:
        waiting = contracts_to_tend(organisation_id=period.organisation_id, through=period.through)
        found = list(waiting.filter(pk__gt=after).values_list("pk", "ref")[:AT_ONCE])
        if not found:
            return
        yield from (ref for _pk, ref in found)
        after = found[-1][0]


def note_progress(period: AccountingPeriod, *, done: int) -> None:
    """Say how many contracts are done, for whoever looks on; a repeated run may find more than were counted."""
    AccountingPeriod.objects.filter(pk=period.pk, state=PeriodState.CLOSING).update(
        done=Least(Value(done), F("contracts"))
    )


def shut(*, period_ref: str, actor: Actor, at: datetime) -> AccountingPeriod:
    """Nothing is recognised in this month any more. Postings that are under way are waited for."""
    period = AccountingPeriod.objects.select_for_update().get(ref=period_ref, organisation_id=actor.organisation_id)
    if period.state == PeriodState.CLOSED:
        return period
    # Every recognition holds its book FOR SHARE until it is committed.
    list(Book.objects.select_for_update().filter(organisation_id=period.organisation_id).order_by("pk"))
    states.move(period, PeriodState.CLOSED, AccountingPeriod.TRANSITIONS)
    period.done, period.closed_at, period.failure = period.contracts, at, ""
    period.save(update_fields=["state", "done", "closed_at", "failure"])
    _record(period, verb="period.closed", actor=actor, at=at)
    return period


def note_failure(*, period_ref: str, contract_ref: str, failure: str) -> None:
    """Say why a month could not be closed, and at which contract, where it was at one; it can be tried again."""
    period = AccountingPeriod.objects.select_for_update().get(ref=period_ref)
    number = Contract.objects.filter(ref=contract_ref).values_list("number", flat=True).first()
    where = f"The revenue of contract {number} could not be recognised" if number else "It could not be closed"
    if period.state == PeriodState.CLOSING:
        states.move(period, PeriodState.FAILED, AccountingPeriod.TRANSITIONS)
        period.failure = f"{where} ({failure})."[:400]
        period.save(update_fields=["state", "failure"])


def _record(period: AccountingPeriod, *, verb: str, actor: Actor, at: datetime) -> None:
    audit.record(
        chain=f"organisation:{period.organisation.ref}",
        parties={period.organisation_id},
        verb=verb,
        subject=f"period:{period.ref}",
        actor=actor,
        at=at,
        through=period.through,
        contracts=period.contracts,
    )
