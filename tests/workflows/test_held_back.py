"""Acceptance with reservations under applications for payment: what is withheld is applied for once it is released."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from apps.contracts.models import Contract
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing.application_page import page_of
from apps.invoicing.models import Application, CreditNote, Invoice
from apps.invoicing.rules import Share
from apps.invoicing.services import held_back, withdrawing
from apps.invoicing.services.certifying import Figure
from apps.milestones.models import Dispute, FirstAcceptance, Milestone, Reservation
from apps.milestones.services import Defect
from apps.revenue.models import Recognition
from apps.revenue.services import facts
from apps.workflows import crediting, mended, reserving, sign_off, worker
from apps.workflows.once import Answer
from tests import applications, disputes, scenarios, terminations
from tests.packed import assert_pack_holds
from tests.scenarios import Parties, acting, key
from tests.workflows.test_reservations import verified

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BY = date(2026, 4, 20)
D = Decimal


@pytest.fixture
def parties(scratch: str) -> Parties:
    return scenarios.organisations()


def reserved(contract: Contract, parties: Parties, *, position: int, day: int, defects: Sequence[Defect]) -> Answer:
    sent = scenarios.submitted_milestone(contract, position=position, at=NOON + day * DAY)
    bea = scenarios.approver_actor(parties)
    with acting(bea, at=NOON + day * DAY):
        return reserving.accept_with_reservations(
            actor=bea, key=key(), submission_ref=sent.ref, seen=sent.sha256, defects=defects
        )


def claims(contract: Contract, **which: Any) -> list[tuple[int, Decimal]]:
    found = applications.newest(contract, **which).lines.all()
    return [(line.milestone.position, line.claimed) for line in found]


def listed(contract: Contract) -> list[Reservation]:
    with walls.asking_for(contract.seller_id):
        return list(Reservation.objects.filter(contract=contract).order_by("number"))


def row(application: Application, position: int) -> dict[str, Decimal]:
    said = canonical.read(application.certified_text or application.text)["sheet"][position - 1]
    names = ("completed", "balance", "retained", "withheld")
    return {name: D(said[name]) for name in names if name in said}


def test_what_is_withheld_is_applied_for_defect_by_defect_and_once(parties: Parties, tmp_path: Path) -> None:
    contract = applications.contract_by_application(parties, at=NOON)
    bea, bilge = scenarios.approver_actor(parties), scenarios.member(parties, "billing")
    defects = [Defect("Door", BY, D(1000)), Defect("Paint", BY, D(600)), Defect("Label", BY)]
    answer = reserved(contract, parties, position=1, day=1, defects=defects)
    assert (claims(contract), "number" in answer) == ([(1, D(10400))], False)
    door, paint, _label = listed(contract)
    first = applications.submitted(contract, at=NOON + 2 * DAY)
    assert row(first, 1) == {"completed": D(10400), "balance": D(1600), "retained": D(1040), "withheld": D(1600)}
    page = page_of(first.text, at=NOON)
    assert (page.has_withheld, len(page.totals), page.summary[-1][1]) == (True, 9, "1,600.00")
    # While it waits, one defect is released: that stands in the next one. Nothing of it is due or billed yet.
    with acting(bea, at=NOON + 3 * DAY):
        done = reserving.release_reservation(actor=bea, key="r", reservation_ref=door.ref)
        assert reserving.release_reservation(actor=bea, key="r", reservation_ref=door.ref) == done
    assert (claims(contract, number=1), claims(contract)) == ([(1, D(10400))], [(1, D(1000))])
    applications.certified(first, actor=bea, figures={1: Figure(D(10000), "Not measured.")}, at=NOON + 3 * DAY)
    # What was not certified comes to what stands there already.
    assert claims(contract, state="open") == [(1, D(1400))]
    with acting(bilge, at=NOON + 4 * DAY):
        offer = reserving.offer_reduction(actor=bilge, key=key(), reservation_ref=paint.ref, amount=D(250))["offer"]
    with acting(bea, at=NOON + 4 * DAY):
        agreed = reserving.agree_reduction(actor=bea, key=key(), offer_ref=offer)
    assert set(agreed) == {"reservation", "application"}
    assert claims(contract, state="open") == [(1, D(1750))]
    second = applications.submitted(contract, at=NOON + 5 * DAY)
    assert row(second, 1) == {"completed": D(11750), "balance": D(0), "retained": D(1175)}
    applications.certified(second, actor=bea, at=NOON + 5 * DAY)
    with walls.asking_for(contract.seller_id):
        assert [(one.net, one.tax) for one in Invoice.objects.order_by("pk")] == [
            (D(10000), D(1900)),
            (D(1750), D("332.50")),
        ]
        assert not CreditNote.objects.exists()
        read = {contract.pk: Contract.objects.select_related("seller").get(pk=contract.pk)}
        events = facts.events_of(read, versions=facts.versions_in_force(read))[contract.pk]
        assert [(str(one.why), one.amount) for one in events] == [("acceptance", D(12000)), ("credit", D(250))]
    worker.run_due_jobs()
    assert "It stands in the next application for payment." in " ".join(str(one.body) for one in mail.outbox)
    assert_pack_holds(contract.number, tmp_path)
    assert "nothing differs" in verified()
    # The end of the contract takes what is cancelled off the price, and the lower price of the defect not once more.
    at, sina, buyer = NOON + 6 * DAY, scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    terminations.noticed(contract, by=buyer, effective_on=at.date(), at=at, reason="Over.")
    terminations.signed(terminations.proposed(contract, {}, by=sina, at=at), by=buyer, at=at)
    with clock.stopped(at):
        worker.run_due_jobs()
    with walls.asking_for(contract.seller_id):
        assert Recognition.objects.aggregate(sum=Sum("amount"))["sum"] == D(11750), "what is billed, and stays so"
    assert "nothing differs" in verified()


def test_all_of_it_withheld_stands_nowhere_and_a_dispute_settles_it_without_a_credit_note(parties: Parties) -> None:
    contract = applications.contract_by_application(parties, at=NOON)
    bea, bilge = scenarios.approver_actor(parties), scenarios.member(parties, "billing")
    for position in (1, 2):
        scenarios.accepted_milestone(contract, position=position, at=NOON + DAY)
    applications.certified(applications.submitted(contract, at=NOON + DAY), actor=bea, at=NOON + DAY)
    crack = Defect("A crack", BY, D(16000))
    assert reserved(contract, parties, position=3, day=2, defects=[crack])["application"] == ""
    worker.run_due_jobs()
    assert "All of it is withheld for defects" in " ".join(str(one.body) for one in mail.outbox)
    with walls.asking_for(contract.seller_id):
        held = Contract.objects.get(pk=contract.pk)
        assert held.state == "active", "what is withheld is still to be billed"
        with pytest.raises(Refused, match="are withheld for defects and not billed"):
            held_back.standing_at_end(held)
        with pytest.raises(Refused, match="withheld for defects"):
            withdrawing.withdrawable(milestone_ref=Milestone.objects.get(position=3).ref)
    (found,) = listed(contract)
    with acting(scenarios.member(parties, "delivery"), at=NOON + 3 * DAY) as dario:
        reserving.report_mended(actor=dario, key=key(), reservation_ref=found.ref, text="Filled.")
    due = listed(contract)[0].answer_due_at
    assert due is not None
    with acting(bilge, at=due + DAY):
        ref = mended.dispute_defect(actor=bilge, key=key(), reservation_ref=found.ref)["dispute"]
    with walls.asking_for(contract.seller_id):
        dispute = Dispute.objects.get(ref=ref)
    upheld = disputes.proposed(dispute, "upheld", actor=bea, at=due + 2 * DAY)
    disputes.agreed(upheld, actor=bilge, at=due + 2 * DAY)
    with walls.asking_for(contract.seller_id):
        assert not CreditNote.objects.exists()
        assert Contract.objects.get(pk=contract.pk).state == "completed"
    assert "nothing differs" in verified()


def test_nobody_applies_for_what_is_withheld(parties: Parties) -> None:
    contract = applications.contract_by_application(parties, at=NOON)
    reserved(contract, parties, position=1, day=1, defects=[Defect("Door", BY, D(1000))])
    with walls.asking_for(contract.seller_id):
        ref = Milestone.objects.get(position=1).ref
    share = Share(amount=D(11000))
    with acting(scenarios.member(parties, "billing"), at=NOON + 2 * DAY) as bilge:
        asked = crediting.ask_nullification(actor=bilge, key=key(), milestone_ref=ref, share=share, reason="Bug.")
    with acting(scenarios.approver_actor(parties), at=NOON + 2 * DAY) as bea:
        crediting.grant_nullification(actor=bea, key=key(), nullification_ref=asked["nullification"])
    with walls.asking_for(contract.seller_id):
        withdrawn = Milestone.objects.get(ref=ref)
        assert (withdrawn.state, withdrawn.nullified) == ("accepted", D(11000)), "the rest is withheld, and accepted"
    for statement in (
        "UPDATE invoicing_applicationline SET claimed = claimed + 1000",
        "UPDATE invoicing_applicationline SET claimed = claimed - 0.01",
        "UPDATE milestones_reservation SET state = 'released', settled_at = listed_at",
    ):
        with (
            walls.asking_for(contract.seller_id, contract.buyer_id),
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_the_first_of_two_agrees_that_nothing_is_applied_for_before_the_second(parties: Parties) -> None:
    contract = applications.contract_by_application(parties, at=NOON, second_acceptor_above=D(100))
    door, bea = Defect("Door 4 does not close", BY, D(500)), scenarios.approver_actor(parties)
    reserved(contract, parties, position=1, day=0, defects=[door])
    sent = scenarios.submitted_milestone(contract, position=2, at=NOON)
    with acting(bea, at=NOON):
        sign_off.accept_milestone(actor=bea, key=key(), submission_ref=sent.ref, seen=sent.sha256)
    with walls.asking_for(contract.seller_id):
        with_defects, whole = FirstAcceptance.objects.order_by("pk")
    assert (with_defects.statement_version, whole.statement_version) == ("first-res-applied-1", "first-applied-1")
    assert "500.00 EUR net of tax are to be withheld and cannot be applied for until" in with_defects.statement
    for first in (with_defects, whole):
        assert "nothing of it stands in an application for payment before that" in first.statement
        assert "invoice" not in first.statement
