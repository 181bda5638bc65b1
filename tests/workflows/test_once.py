"""One action, one transaction, once: what a repeated click, a retry and a tampered form find."""

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import KeyReused, Refused
from apps.parties.actor import Actor
from apps.workflows import contracting
from apps.workflows.models import IdempotencyKey
from apps.workflows.once import Answer, once
from tests import scenarios
from tests.races import together
from tests.scenarios import Parties, acting, key


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


def draft(parties: Parties, *, one_time: str, number: str = "NL-1") -> Answer:
    with acting(scenarios.seller_actor(parties)) as sina:
        return contracting.draft_contract(
            actor=sina, key=one_time, draft=scenarios.software_draft(parties, number=number)
        )


def contracts_of(parties: Parties) -> list[str]:
    with acting(scenarios.seller_actor(parties)):
        return list(Contract.objects.order_by("id").values_list("number", flat=True))


def test_the_same_key_twice_acts_once_and_gives_the_first_answer(parties: Parties) -> None:
    one_time = key()
    assert draft(parties, one_time=one_time) == draft(parties, one_time=one_time)
    assert contracts_of(parties) == ["NL-1"]


def test_the_same_key_with_other_parameters_is_refused(parties: Parties) -> None:
    one_time = key()
    draft(parties, one_time=one_time)
    with pytest.raises(KeyReused):
        draft(parties, one_time=one_time, number="NL-2")
    assert contracts_of(parties) == ["NL-1"]


def test_the_same_key_of_another_organisation_or_action_is_another_key(parties: Parties) -> None:
    one_time = key()
    answer = draft(parties, one_time=one_time)
    strangers = scenarios.organisations("Foreign")
    assert draft(strangers, one_time=one_time) != answer
    with acting(scenarios.seller_actor(parties)) as sina:
        contracting.withdraw_contract(actor=sina, key=one_time, contract_ref=answer["contract"])
        assert Contract.objects.get(ref=answer["contract"]).state == "withdrawn"


def test_a_refused_action_leaves_its_key_free(parties: Parties) -> None:
    one_time = key()
    with pytest.raises(Refused):
        draft(parties, one_time=one_time, number="")
    assert draft(parties, one_time=one_time)["contract"]


def test_the_key_row_knows_parameters_only_by_their_hash(parties: Parties) -> None:
    answer = draft(parties, one_time="k")
    with acting(scenarios.seller_actor(parties)):
        row = IdempotencyKey.objects.get(key="k")
    assert (row.action, row.answer) == ("draft_contract", answer)
    assert len(row.parameters_sha256) == 64


def test_what_a_workflow_widened_is_narrow_again_after_it(scratch: str) -> None:
    @once
    def look(*, actor: Actor, key: str) -> Answer:
        walls.widen(parties.buyer.pk)
        return {"orgs": orgs()}

    def orgs() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.orgs', true)")
            return str(cursor.fetchone()[0])

    parties = scenarios.organisations()
    with acting(scenarios.seller_actor(parties)) as sina:
        assert look(actor=sina, key=key())["orgs"] == f"{parties.seller.pk},{parties.buyer.pk}"
        assert orgs() == str(parties.seller.pk)
    assert orgs() == ""


def test_a_workflow_inside_a_transaction_is_a_mistake(scratch: str) -> None:
    parties = scenarios.organisations()
    with acting(scenarios.seller_actor(parties)), pytest.raises(RuntimeError), transaction.atomic():
        draft(parties, one_time=key())


def test_eight_clicks_at_once_make_one_contract_and_get_one_answer(scratch: str) -> None:
    parties = scenarios.organisations()
    one_time = key()
    answers = together(*[lambda: draft(parties, one_time=one_time)] * 8)
    assert contracts_of(parties) == ["NL-1"]
    assert answers == [answers[0]] * 8
    assert isinstance(answers[0], dict)


def test_eight_contracts_at_once_with_one_number_are_one(scratch: str) -> None:
    parties = scenarios.organisations()
    answers = together(*[lambda: draft(parties, one_time=key())] * 8)
    assert contracts_of(parties) == ["NL-1"]
    assert sum(isinstance(answer, Refused) for answer in answers) == 7


def test_legal_time_is_the_databases_and_only_tests_stop_it(parties: Parties) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with clock.stopped(noon):
        assert clock.now() == noon
    assert clock.now().tzinfo is UTC
