"""Statements that are kept: the plan stays, the answer and the walls do not."""

from typing import TYPE_CHECKING

import pytest
from django.db import DataError, connection, transaction
from django.db.models import F

from apps.contracts.models import Contract
from apps.core.database import kept, together, walls
from apps.core.database.kept import Argument, Read
from apps.invoicing.models import NumberSeries
from tests import scenarios

if TYPE_CHECKING:
    from django.db.models import QuerySet

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@Read
def contract_with_seller() -> "QuerySet[Contract, Contract]":
    contracts = Contract.objects.filter(ref=Argument("ref")).select_related("seller")
    return contracts.annotate(seller_name=F("seller__legal_name")).order_by("pk")


def test_a_kept_plan_shows_every_asker_its_own_rows() -> None:
    mine, others = scenarios.organisations("MINE"), scenarios.organisations("OTHERS")
    contract = scenarios.active_contract(mine)
    asked = 0
    for _again in range(7):  # more often than Postgres would try a plan for the value at hand
        for asker, sees in ((mine.seller, True), (others.seller, False), (mine.buyer, True), (others.buyer, False)):
            with walls.asking_for(asker.pk):
                found = contract_with_seller.first(ref=contract.ref)
                asked += 1
            assert (found == contract) is sees
    with kept.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE %s",
            ['SELECT "contracts_contract"%AS "seller_name"%'],
        )
        assert cursor.fetchall() == [(asked, 0)]


def test_it_brings_what_the_queryset_brings() -> None:
    mine = scenarios.organisations()
    contract = scenarios.active_contract(mine)
    with walls.asking_for(mine.seller.pk):
        found = contract_with_seller.first(ref=contract.ref)
        plain = Contract.objects.select_related("seller").get(ref=contract.ref)
    assert found is not None
    assert {name: getattr(found, name) for name in plain.__dict__ if name != "_state"} == {
        name: value for name, value in plain.__dict__.items() if name != "_state"
    }
    assert (found.seller, vars(found)["seller_name"]) == (mine.seller, mine.seller.legal_name)
    assert (found.seller.created_at, found._state.adding) == (plain.seller.created_at, False)


def test_it_is_asked_again_after_a_rollback() -> None:
    mine = scenarios.organisations()
    contract = scenarios.active_contract(mine)
    with walls.asking_for(mine.seller.pk):
        with transaction.atomic():
            assert contract_with_seller.first(ref=contract.ref) == contract
            transaction.set_rollback(True)
        assert contract_with_seller.first(ref=contract.ref) == contract
        assert contract_with_seller.first(ref="unknown") is None


def test_what_is_too_long_is_refused_and_not_cut() -> None:
    mine = scenarios.organisations()
    with walls.asking_for(mine.seller.pk), pytest.raises(DataError, match="too long"), transaction.atomic():
        together.insert(NumberSeries(organisation=mine.seller, prefix="TOO-LONG", year=2026), children=[], after=[])
    assert connection.in_atomic_block
