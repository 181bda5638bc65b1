"""An advance that is owed back, as both sides see it: amounts first, then the act, then letters and pages."""

import re
from collections.abc import Iterator

import pytest
from django.core import mail
from django.urls import reverse

from apps.core import clock
from apps.workflows.worker import run_due_jobs
from tests.financing import stories
from tests.financing.stories import day, noon
from tests.portals.financier.conftest import SignIn, text_of
from tests.portals.financier.test_before_acceptance import acted
from tests.scenarios import Parties


@pytest.fixture
def on_the_day_after_grace() -> Iterator[None]:
    with clock.stopped(noon(day(96))):
        yield


@pytest.mark.usefixtures("on_the_day_after_grace")
def test_it_is_demanded_paid_back_and_told_to_both_sides(deal: Parties, sign_in: SignIn) -> None:
    contract = stories.sample_book(deal)
    _first, tranche, _third = stories.tranches(deal, contract_id=contract.pk)
    run_due_jobs()
    mail.outbox.clear()
    window = reverse("admin:financing_tranche_change", args=[tranche.ref])
    underwriter, treasury, seller = sign_in("underwriter"), sign_in("treasury"), sign_in("billing")

    page = text_of(underwriter.get(window))
    assert "Move the date" in page
    assert "Demand it back" in page
    moving = {"expected_on": str(day(126)), "borne_by": "seller", "reason": "The interface is late."}
    url = reverse("admin:postpone_advance", args=[tranche.ref])
    reviewed = underwriter.post(url, {"key": "k", "do": "review", **moving})
    # 60,000 at 18 % for 36 days more.
    assert "1,080.00" in text_of(reviewed)
    demanding = reverse("admin:demand_advance", args=[tranche.ref])
    reviewed = underwriter.post(demanding, {"key": "k", "do": "review", "reason": "Not accepted."})
    assert "60,000.00" in text_of(reviewed)
    done = acted(underwriter, demanding, reason="Not accepted in time.")
    assert done["Location"] == window
    page = text_of(treasury.get(window))
    assert "Repurchase due" in page
    assert "Not accepted in time." in page
    shown = text_of(seller.get(reverse("seller:tranche", args=[tranche.ref])))
    assert "The milestone was not accepted. The advance is to be paid back by you." in shown
    assert re.search(r"you pay 60,000\.00.EUR back to", shown)

    run_due_jobs()
    assert sorted(str(message.subject) for message in mail.outbox) == [
        "The advance on Integration is to be paid back",
        "The advance on Integration is to be paid back",
    ]
    assert all("60,000.00" in message.body for message in mail.outbox)
    mail.outbox.clear()

    paying = reverse("admin:record_repayment", args=[tranche.ref])
    acted(treasury, paying, amount="60000.00", received_on=str(day(96)), bank_reference="BACK-1")
    page = text_of(treasury.get(window))
    assert "Bought back" in page
    assert "BACK-1" in page
    run_due_jobs()
    subjects = " | ".join(sorted(str(message.subject) for message in mail.outbox))
    assert "You have bought Integration back" in subjects
    assert len(mail.outbox) == 2  # and the buyer hears that it pays the seller again
    shown = text_of(seller.get(reverse("seller:tranche", args=[tranche.ref])))
    assert "You paid back" in shown
    assert "This advance is closed" in shown


@pytest.mark.usefixtures("on_the_day_after_grace")
def test_a_default_is_declared_allowed_for_and_written_off(deal: Parties, sign_in: SignIn) -> None:
    contract = stories.sample_book(deal)
    tranche = stories.tranches(deal, contract_id=contract.pk)[0]
    one, other = sign_in("underwriter"), sign_in("financier")
    window = reverse("admin:financing_tranche_change", args=[tranche.ref])
    acted(one, reverse("admin:declare_default", args=[tranche.ref]), reason="The buyer is insolvent.")
    acted(one, reverse("admin:allow_for_loss", args=[tranche.ref]), amount="5000", reason="Late for weeks.")
    writing = reverse("admin:write_off_advance", args=[tranche.ref])
    assert "You declared this default" in text_of(one.get(writing))
    acted(other, writing, reason="No quota is expected.")
    assert "Written off" in text_of(other.get(window))
    shown = text_of(sign_in("billing").get(reverse("seller:tranche", args=[tranche.ref])))
    assert "You owe nothing back, and the reserve is lost." in shown
    assert "Late for weeks." not in shown
    collecting = reverse("admin:collect_payment", args=[tranche.ref])
    received = {"key": "k", "amount": "30000", "received_on": str(day(96)), "bank_reference": "IN-9"}
    assert "Recovered of what was written off" in text_of(other.post(collecting, {"do": "review", **received}))
