"""Whatever is agreed beside each other, a sign-off sends at most twenty statements, BEGIN and COMMIT included.

Every combination of what makes a sign-off ask or write more than the plain one does. Where an advance was paid out
nothing is withheld and no deposit given back: no financier could say what it buys.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count, product

import pytest
from django.db import connections, transaction
from pytest_django import DjangoDbBlocker

from apps.contracts.drafts import ContractDraft, DraftLine, Due, LineTerms, Recovery
from apps.contracts.models import Contract
from apps.contracts.models.contract import ContractState
from apps.contracts.payment_documents import PaymentDocuments
from apps.contracts.retention import RetentionTerms
from apps.core import clock
from apps.core.database import scratch as scratch_databases
from apps.core.database import walls
from apps.financing.models import Facility
from apps.invoicing.models import Instalment, Invoice
from apps.milestones.models import Submission
from apps.milestones.services import CriterionVerdict
from apps.parties import services as parties_services
from apps.parties.actor import Actor
from apps.parties.roles import Role
from apps.parties.services.members import join
from apps.workflows import before_acceptance
from tests import scenarios
from tests.financing import stories
from tests.scenarios import Parties, acting, key
from tests.workflows.test_statements import signed_off

MOST = 20
STEPS, RETENTION, DEPOSIT, DROPPED, STARTS, DOCUMENTS, ADVANCE = (
    "inspected, accepted by two, after those above",
    "retention",
    "a deposit is given back",
    "with the last one a deposit is dropped",
    "lines start",
    "documents before payment",
    "an advance",
)
AGREED = (STEPS, RETENTION, DEPOSIT, DROPPED, STARTS, DOCUMENTS)
TITLES = ("Prototype", "Integration", "Final delivery")
NUMBERS = count(2)
World = tuple[Parties, Actor, Facility]
"""The people of all combinations, their inspector, and who advances."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """A database in which everything commits; the first invoice opened the seller's series and book."""
    with django_db_blocker.unblock():
        try:
            with scratch_databases.scratch_database():
                parties = stories.parties()
                scenarios.accepted_milestone(scenarios.active_contract(parties), at=stories.START)
                yield parties, inspector(parties), stories.opened_facility(parties)
        finally:
            connections.close_all()


def combinations() -> list[frozenset[str]]:
    every = [
        frozenset(name for name, is_agreed in zip(AGREED, chosen, strict=True) if is_agreed)
        for chosen in product((False, True), repeat=len(AGREED))
    ]
    plain = [agreed for agreed in every if not agreed & {RETENTION, DEPOSIT, DROPPED}]
    return [agreed for agreed in every if DROPPED not in agreed or DEPOSIT in agreed] + [
        agreed | {ADVANCE} for agreed in plain
    ]


def drafted(parties: Parties, agreed: frozenset[str]) -> ContractDraft:
    own = LineTerms(is_cumulative=STEPS in agreed)
    lines = [
        replace(scenarios.line(title, 1), basis="amount", percent=None, amount=Decimal(12_000), own=own)
        for title in TITLES
    ]
    if DEPOSIT in agreed:
        lines.append(deposit("Deposit", Due(recovery=Recovery())))
    if DROPPED in agreed:
        lines.append(deposit("Deposit of later", Due("date", date(2099, 1, 1), recovery=Recovery())))
    if STARTS in agreed:
        lines += [
            DraftLine(
                f"Support after {title}",
                basis="amount",
                amount=Decimal(500),
                kind="recurring",
                due=Due("acceptance", None, title, "month", 4),
            )
            for title in TITLES[1:]
        ]
    price = Decimal(36_000) + (4_000 if STARTS in agreed else 0)
    terms = RetentionTerms(rate=Decimal(10)) if RETENTION in agreed else None
    papers = PaymentDocuments(each=("Waiver of lien",), once=("Bond",)) if DOCUMENTS in agreed else None
    return scenarios.software_draft(
        parties,
        number=f"NL-{next(NUMBERS)}",
        price=price,
        lines=tuple(lines),
        retention=terms,
        payment_documents=papers,
        needs_inspection=STEPS in agreed,
        second_acceptor_above=Decimal(100) if STEPS in agreed else None,
        **({"tax_category": "Z", "tax_rate": Decimal(0)} if ADVANCE in agreed else {}),
    )


def deposit(title: str, due: Due) -> DraftLine:
    return DraftLine(title, basis="amount", amount=Decimal(4_000), kind="deposit", due=due)


def inspector(parties: Parties) -> Actor:
    user = parties_services.enrol(email="ines@meridian.example", name="Ines")
    with walls.asking_for(parties.buyer.pk, user=user.pk), transaction.atomic():
        joined = join(user=user, organisation=parties.buyer, roles={Role.INSPECTOR}, at=clock.now())
    return scenarios.actor_of(joined)


def advanced(parties: Parties, contract: Contract, *, facility: Facility) -> None:
    """Money is paid out on every milestone but the first."""
    milestones = stories.plan_of(contract)[1:]
    request = stories.requested_on(parties, facility, *milestones)
    terms = stories.whole_book(*[stories.SECOND for _one in milestones])
    stories.accepted(parties, stories.issued(parties, request, terms=terms))
    for tranche in stories.tranches(parties, contract_id=contract.pk):
        stories.acknowledged(parties, tranche)
        stories.paid_out(parties, tranche, reference=f"OUT-{tranche.pk}")


def the_last_word(parties: Parties, submission: Submission, *, by: Actor | None) -> list[str]:
    """What is sent by the decision that issues the invoice, after the steps that come before it."""
    if by is not None:
        with acting(by):
            verdicts = [CriterionVerdict(one.pk, is_passed=True) for one in submission.milestone.line.criteria.all()]
            before_acceptance.inspect_milestone(
                actor=by, key=key(), submission_ref=submission.ref, seen=submission.sha256, verdicts=verdicts
            )
        signed_off(submission, actor=scenarios.approver_actor(parties))
    return signed_off(submission, actor=scenarios.buyer_actor(parties))


@pytest.mark.parametrize("agreed", combinations(), ids=lambda agreed: ", ".join(sorted(agreed)) or "nothing more")
def test_a_sign_off_is_at_most_twenty_statements_whatever_is_agreed(world: World, agreed: frozenset[str]) -> None:
    parties, ines, facility = world
    contract = scenarios.active_contract(parties, draft=drafted(parties, agreed), at=stories.START)
    sent = {}
    for position in (1, 2, 3):
        submission = scenarios.submitted_milestone(contract, position=position)
        sent[position] = the_last_word(parties, submission, by=ines if STEPS in agreed else None)
        if ADVANCE in agreed and position == 1:
            advanced(parties, contract, facility=facility)
    happened(contract, agreed)
    assert {position: len(statements) for position, statements in sent.items() if len(statements) > MOST} == {}


def happened(contract: Contract, agreed: frozenset[str]) -> None:
    """What was agreed was done, so the statements that it takes were counted."""
    with walls.asking_for(contract.seller_id):
        last = Invoice.objects.select_related("open_item").filter(contract=contract).latest("pk")
        assert (last.open_item.retained > 0) == (RETENTION in agreed)
        assert (last.recovered > 0) == (DEPOSIT in agreed)
        assert last.payment_documents.exists() == (DOCUMENTS in agreed)
        dropped = Instalment.objects.filter(contract=contract, cancelled_at__isnull=False)
        assert dropped.exists() == (DROPPED in agreed and STARTS not in agreed)
        started = Instalment.objects.filter(contract=contract, starts_with__isnull=False, bills_on__isnull=False)
        assert started.count() == (8 if STARTS in agreed else 0)
        contract.refresh_from_db()
        assert contract.state == (ContractState.ACTIVE if STARTS in agreed else ContractState.COMPLETED)
