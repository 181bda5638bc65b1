"""Several questions in one statement: each has the rows that it has alone."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F, JSONField, QuerySet, Sum, Value
from django.db.models.functions import JSONObject
from django.test.utils import CaptureQueriesContext

from apps.contracts.models import Contract, ContractVersion
from apps.core.database import at_once
from apps.invoicing.models import Invoice, InvoiceLine, OpenItem
from apps.milestones.models import Milestone
from tests import scenarios
from tests.scenarios import acting

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def questions() -> "list[QuerySet[Any, Any]]":
    named = JSONObject(number="number", of=F("seller__legal_name"))
    return [
        Invoice.objects.select_related("milestone__line", "instalment", "buyer").order_by("-pk"),
        ContractVersion.objects.annotate(lines_in_all=Count("lines")).order_by("pk"),
        Contract.objects.annotate(said=JSONObject(ref="ref"), list=Value([1, {"a": "b"}], JSONField())).order_by("pk"),
        Milestone.objects.values("title", "amount", "planned_on").order_by("position"),
        Milestone.objects.values_list("accepted_at", "state", "quantity").order_by("pk"),
        Milestone.objects.order_by().values_list("contract__number", flat=True).distinct(),
        InvoiceLine.objects.none(),
        Milestone.objects.filter(pk=0),
        Contract.objects.order_by("pk").values_list(named, flat=True),
        OpenItem.objects.order_by()
        .values_list("pk", "open")
        .union(Invoice.objects.order_by().values_list("pk", "gross"), all=True),
        Invoice.objects.order_by().values("seller").annotate(sum=Sum("gross")),
    ]


def plain(found: list[Any]) -> list[Any]:
    return [
        {name: value for name, value in vars(one).items() if name != "_state"} if hasattr(one, "_state") else one
        for one in found
    ]


def test_what_is_asked_together_is_what_is_found_alone_and_of_the_same_types() -> None:
    parties = scenarios.organisations()
    contract = scenarios.active_contract(parties)
    for position in (1, 2):
        scenarios.accepted_milestone(contract, position=position)
    with acting(scenarios.seller_actor(parties)):
        alone = [list(one) for one in questions()]
        together = questions()
        with CaptureQueriesContext(connection) as sent:
            at_once.read(*together)
            found = [list(one) for one in together]
            names = [(one.milestone.line.title, one.buyer.legal_name, one.instalment) for one in together[0]]
        assert len(sent) == 1
        assert repr([plain(one) for one in found]) == repr([plain(one) for one in alone])
        assert [bool(one) for one in alone] == [True] * 6 + [False] * 2 + [True] * 3
        assert [title for title, _name, _none in names] == ["Integration", "Prototype"]


def test_rows_that_are_there_are_not_asked_for_again() -> None:
    parties = scenarios.organisations()
    scenarios.active_contract(parties)
    with acting(scenarios.seller_actor(parties)):
        first = Contract.objects.all()
        rows = list(first)
        with CaptureQueriesContext(connection) as sent:
            at_once.read(first)
            at_once.read(Contract.objects.none())
        assert (len(sent), list(first)) == (0, rows)


def test_a_question_in_sql_is_asked_beside_the_others() -> None:
    parties = scenarios.organisations()
    scenarios.active_contract(parties)
    with acting(scenarios.seller_actor(parties)):
        contracts = Contract.objects.all()
        asked = at_once.Sql("SELECT price, ARRAY[price] FROM contracts_contractversion WHERE price > %s", [Decimal(1)])
        at_once.read(contracts, asked)
        assert len(contracts) == 1
        assert asked.rows == [(Decimal("40000.00"), [Decimal("40000.00")])]


def test_each_asker_sees_its_own_rows() -> None:
    mine, others = scenarios.organisations("MINE"), scenarios.organisations("OTHERS")
    scenarios.active_contract(mine)
    for parties, sees in ((mine, True), (others, False)):
        with acting(scenarios.seller_actor(parties)):
            contracts = Contract.objects.all()
            at_once.read(contracts, Milestone.objects.all())
            assert bool(contracts) is sees
