"""How many questions a list asks: the same few for three rows as for thirty, and none that counts what is not shown.

Every page begins with the door: the walls are closed, session, person and memberships are read, and the walls opened
for the organisation, which tells the time as well. What the page itself asks comes after it; of every contract one
milestone is open still, with its date.
"""

import re
from itertools import count

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.invoicing.models import Invoice
from apps.portals.paging import MOST_COUNTED, shown_size, sizes
from tests import scenarios
from tests.scenarios import Parties, acting, line, software_draft

DOOR = 6
MOST = 6
OWN = {
    "/seller/invoices/": 5,
    "/seller/contracts/": 4,
    "/buyer/invoices/": 5,
    "/buyer/contracts/": 5,
    "/seller/funding/": 4,
    "/seller/receivables/": 4,
}
"""Where nothing is financed, credited or retained; ``test_matrix.py`` looks at every list where there is all of it."""
OF_THE_PAGE = re.compile(r'"contract_id" IN \(\d')
"""What is counted of the rows shown, by their keys."""
GROWING = re.compile(r"\bCOUNT\(|\bOFFSET [1-9]", re.IGNORECASE)


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


@pytest.fixture
def client_of(parties: Parties) -> dict[str, Client]:
    clients = {side: Client() for side in ("seller", "buyer")}
    for side, client in clients.items():
        client.force_login(parties.people[side].user)
    return clients


NUMBERS = count(1)


def grow(parties: Parties, *, contracts: int) -> None:
    for _ in range(contracts):
        lines = (line("Most of it", 90), line("The rest", 10))
        contract = scenarios.active_contract(
            parties, draft=software_draft(parties, number=f"NL-{next(NUMBERS)}", lines=lines)
        )
        scenarios.accepted_milestone(contract)


def asked(client: Client, address: str) -> list[str]:
    client.get(address)  # what is asked once per process
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in queries]


def test_a_list_asks_six_questions_for_three_rows_and_for_thirty(
    parties: Parties, client_of: dict[str, Client]
) -> None:
    found = []
    for more in (3, 27):
        grow(parties, contracts=more)
        found.append({address: asked(client_of[address.split("/")[1]], address) for address in OWN})
    few, many = found
    assert {address: len(statements) - DOOR for address, statements in many.items()} == OWN
    assert {address: len(statements) for address, statements in few.items()} == {
        address: len(statements) for address, statements in many.items()
    }
    assert max(OWN.values()) <= MOST
    growing = [
        sql for statements in many.values() for sql in statements if GROWING.search(sql) and not OF_THE_PAGE.search(sql)
    ]
    assert growing == []


def test_a_list_is_counted_up_to_a_hundred(parties: Parties) -> None:
    grow(parties, contracts=2)
    with acting(scenarios.seller_actor(parties)) as sina:
        assert sizes(sina, {"all": Invoice.objects.of_seller(sina)}) == {"all": 2}
    assert [shown_size(number) for number in (0, 100, 101)] == ["0", "100", "100+"]
    assert MOST_COUNTED == 100
