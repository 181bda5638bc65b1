"""Certifying an application for payment is held to what a sign-off is: the person's limit, and once."""

from decimal import Decimal
from typing import NamedTuple

import pytest

from apps.contracts.models import Contract
from apps.core.errors import IllegalTransition, NotAllowed
from apps.invoicing.models import Application, Invoice
from apps.invoicing.services.certifying import Figure
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
