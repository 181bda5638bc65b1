"""Receivables by age: bands, as of a day, beside the control account, and as files."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.invoicing import rules
from apps.invoicing.models import Invoice
from apps.invoicing.rules import Band
from apps.parties.models import Organisation
from apps.workflows import billing
from tests import scenarios
from tests.portals.seller.test_queries import asked
from tests.scenarios import Parties, acting, key

D = Decimal
DUE = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("late", "band"),
    [
        (-5, Band.NOT_DUE),
        (0, Band.NOT_DUE),
        (1, Band.TO_30),
        (30, Band.TO_30),
        (31, Band.TO_60),
        (60, Band.TO_60),
        (61, Band.TO_90),
        (90, Band.TO_90),
        (91, Band.OVER_90),
    ],
)
def test_every_day_has_its_band(late: int, band: Band) -> None:
    assert rules.band_of(DUE, on=DUE + timedelta(days=late)) == band


def test_receivables_by_age(parties: Parties, seller: Client) -> None:
    page = reverse("seller:receivables_ageing")
    assert seller.get(page).context["tables"] == []
    now = clock.now()
    contract = scenarios.active_contract(parties)
    scenarios.accepted_milestone(contract, position=1, at=now - timedelta(days=75))
    before = asked(seller, page)
    recent = scenarios.accepted_milestone(contract, position=2)
    assert asked(seller, page) == before
    bilge, today = scenarios.member(parties, "billing"), clock.today("Europe/Berlin")
    with acting(bilge):
        first, second = Invoice.objects.select_related("milestone").order_by("pk")
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=second.ref,
            amount=second.gross + 100,
            received_on=today,
            bank_reference="STMT-1",
        )
    late = (today - first.due_on).days
    assert 30 < late <= 60
    assert recent.contract_id == contract.pk

    shown = seller.get(page).context["tables"][0]
    assert [figure.amount for figure in shown.sums.bands] == [0, 0, first.gross, 0, 0]
    assert (shown.sums.unapplied, shown.control, shown.agrees) == (D(100), first.gross, True)
    yesterday = seller.get(page, {"on": (first.due_on + timedelta(days=1)).isoformat()}).context["tables"][0]
    assert [figure.amount for figure in yesterday.sums.bands] == [0, first.gross, 0, 0, 0]
    assert (yesterday.sums.unapplied, yesterday.agrees) == (0, True)

    behind = seller.get(page + shown.rows[0].bands[2].url)
    assert [one.invoice.pk for one in behind.context["chosen"]] == [first.pk]
    assert reverse("seller:invoice", args=[first.ref]) in behind.content.decode()
    wrong = {"on": "2199-01-01"}
    assert "still to come" in seller.get(page, wrong).content.decode()
    assert seller.get(reverse("seller:ageing_csv"), wrong).headers["Location"] == f"{page}?on=2199-01-01"

    with acting(scenarios.owner_of(parties.buyer.pk)):
        Organisation.objects.filter(pk=parties.buyer.pk).update(legal_name='=HYPERLINK("x")')
    rows = _csv(seller.get(reverse("seller:ageing_csv")))
    assert [D(row["Owed"]) for row in rows if row["Owed"]] == [first.gross]
    assert {row["Buyer"] for row in rows} == {'\'=HYPERLINK("x")'}
    sheet: Any = openpyxl.load_workbook(io.BytesIO(seller.get(reverse("seller:ageing_xlsx")).content)).active
    assert sheet["G2"].value == float(first.gross)
    assert sheet["A2"].data_type == "s"


def _csv(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
