"""Certifying an application for payment is held to what a sign-off is: the buyer's amount, the person's limit, once."""

from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

import pytest
from django.db import IntegrityError

from apps.audit.models import Entry
from apps.contracts.models import Contract
from apps.core.errors import IllegalTransition, NotAllowed, ProofNeeded
from apps.invoicing.models import Application, Invoice
from apps.invoicing.services.certifying import Figure
from apps.parties.actor import Actor
from apps.parties.roles import Role
from apps.workflows import applying, team
from tests import applications, scenarios
from tests.conftest import Once
from tests.scenarios import key

pytestmark = pytest.mark.django_db
D = Decimal
LOWER = {1: Figure(D(100), "Not shown.")}


class _Waiting(NamedTuple):
    parties: scenarios.Parties
    contract: Contract
    application: Application

    def ask_above(self, amount: str) -> None:
        with scenarios.acting(scenarios.buyer_actor(self.parties)) as actor:
            team.set_step_up(actor=actor, key=key(), above=D(amount))

    def limit(self, amount: str) -> None:
        """Up to how much the approver signs off."""
        with scenarios.acting(scenarios.buyer_actor(self.parties)) as owner:
            team.change_member(
                actor=owner,
                key=key(),
                membership_ref=self.parties.people["approver"].ref,
                roles={Role.APPROVER},
                approval_limit=D(amount),
            )

    def invoices(self) -> list[Decimal]:
        with scenarios.acting(scenarios.seller_actor(self.parties)):
            return list(Invoice.objects.filter(contract=self.contract).values_list("net", flat=True))


@pytest.fixture
def waiting(once: Once) -> _Waiting:
    """Milestone 1, of 12,000.00 EUR, stands in an application that waits for the buyer."""

    def story() -> _Waiting:
        parties = scenarios.organisations()
        contract = applications.contract_by_application(parties)
        scenarios.accepted_milestone(contract)
        return _Waiting(parties, contract, applications.submitted(contract))

    return once(story)


def without_proof(actor: Actor) -> Actor:
    return replace(actor, origin=replace(actor.origin, proof=None))


def test_above_the_buyers_amount_it_asks_once_more_who_it_is(
    waiting: _Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what is applied for: a lower figure is no way around it. And the database refuses it too."""
    waiting.ask_above("11999.99")
    bea = scenarios.approver_actor(waiting.parties)
    for figures in ({}, LOWER):
        with pytest.raises(ProofNeeded):
            applications.certified(waiting.application, actor=without_proof(bea), figures=figures)
    with monkeypatch.context() as patched:
        patched.setattr("apps.invoicing.services.certifying.needs_proof_to_certify", lambda *_args, **_named: False)
        with pytest.raises(IntegrityError, match="large certificate without proof"):
            applications.certified(waiting.application, actor=bea, figures=LOWER)
    assert (waiting.invoices(), applications.newest(waiting.contract).state) == ([], "submitted")
    applications.certified(waiting.application, actor=bea)
    made = applications.newest(waiting.contract)
    assert bea.origin.proof is not None
    assert (made.state, made.proved_by, made.proved_at) == ("certified", bea.origin.proof.by, bea.origin.proof.at)
    with scenarios.acting(bea):
        assert '"proved_by":"authenticator"' in Entry.objects.get(verb="application.certified").text.replace(" ", "")


def test_the_amount_itself_is_not_above_it(waiting: _Waiting) -> None:
    waiting.ask_above("12000")
    applications.certified(waiting.application, actor=without_proof(scenarios.approver_actor(waiting.parties)))
    made = applications.newest(waiting.contract)
    assert (made.state, made.proved_by, made.proved_at) == ("certified", "", None)


def test_nobody_certifies_above_the_own_limit(waiting: _Waiting) -> None:
    waiting.limit("11999.99")
    bea = scenarios.approver_actor(waiting.parties)
    for figures in ({}, LOWER):
        with pytest.raises(NotAllowed, match="you sign off up to"):
            applications.certified(waiting.application, actor=bea, figures=figures)
    assert (waiting.invoices(), applications.newest(waiting.contract).state) == ([], "submitted")
    waiting.limit("12000")
    applications.certified(waiting.application, actor=bea)
    assert waiting.invoices() == [D(12000)]


def test_what_is_decided_is_certified_no_more(waiting: _Waiting) -> None:
    """Returned, withdrawn or certified: nothing happens; the same request once more is answered again."""
    bea, sina = scenarios.approver_actor(waiting.parties), scenarios.seller_actor(waiting.parties)

    def refused(application: Application) -> None:
        with pytest.raises(IllegalTransition):
            applications.certified(application, actor=bea)

    first = waiting.application
    with scenarios.acting(bea):
        applying.return_application(
            actor=bea, key=key(), application_ref=first.ref, seen=first.sha256, reason="No waiver."
        )
    refused(first)
    second = applications.submitted(waiting.contract)
    with scenarios.acting(sina):
        applying.withdraw_application(actor=sina, key=key(), application_ref=second.ref)
    refused(second)
    assert waiting.invoices() == []
    third = applications.submitted(waiting.contract)
    answers = [applications.certified(third, actor=bea, key="once") for _again in range(2)]
    assert answers[0] == answers[1]
    refused(third)
    assert waiting.invoices() == [D(12000)]
