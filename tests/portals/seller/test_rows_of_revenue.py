"""The file of what is still to be earned: however long, each batch of it reads its own obligations and no others."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.portals.seller import report_parts
from tests.portals.seller.conftest import SignIn
from tests.portals.seller.test_revenue import NOW, PAGE, earned
from tests.scenarios import Parties

AT_ONCE = 2
FILE = f"{PAGE}rows.csv?of=expected"


def asked(client: Any) -> tuple[list[str], list[str]]:
    """The lines of the file, and the statements that were asked for it."""
    with CaptureQueriesContext(connection) as caught:
        lines = client.get(FILE).content.decode("utf-8-sig").strip().splitlines()[1:]
    return lines, [one["sql"] for one in caught]


def test_each_batch_of_the_file_reads_only_its_own(
    parties: Parties, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_parts, "AT_ONCE", AT_ONCE)
    seller = signed_in("seller")
    found = []
    with clock.stopped(NOW):
        for number in range(4):
            earned(parties, number=f"NL-{number}")
            if number in (0, 3):
                lines, statements = asked(seller)
                batches = len(lines) // AT_ONCE + 1
                dear = [one for one in statements if "WITH asked" in one]
                assert all("ANY (a.these)" in one for one in dear), "nothing reads what is left of all"
                assert len(dear) == batches
                found.append((len(lines), len(statements) - 2 * batches))
    assert found[1][0] == 4 * found[0][0] == 4
    assert found[1][1] == found[0][1], "besides, the file asks the same of many as of few"
