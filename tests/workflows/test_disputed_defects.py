"""What was mended and nobody looks at: the buyer is reminded, then the seller disputes what is withheld for it."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing.models import CreditNote
from apps.milestones.models import Dispute, Reservation
from apps.milestones.services import Defect
from apps.parties.actor import Actor
from apps.workflows import disputing, mended, reserving, worker
from tests import disputes, scenarios
from tests.packed import assert_pack_holds
from tests.scenarios import Parties, acting, key
from tests.workflows.test_reservations import BY, DAY, NOON, accept, item_of, verified, waiting

D = Decimal
MENDED = NOON + 2 * DAY


@pytest.fixture
def parties(scratch: str) -> Parties:
    """12,000.00 net; 1,000, 90 and nothing withheld for three defects, all said to be mended at noon of 3 April."""
    deal = scenarios.organisations()
    defects = [Defect("Paint", BY, D(1000)), Defect("Door", BY, D(90)), Defect("Label", BY)]
    accept(waiting(deal), actor=scenarios.approver_actor(deal), defects=defects)
    with acting(scenarios.member(deal, "delivery"), at=MENDED) as dario:
        for one in Reservation.objects.order_by("number"):
            reserving.report_mended(actor=dario, key=key(), reservation_ref=one.ref, text=f"{one.title} is new.")
    return deal


def listed(parties: Parties) -> list[Reservation]:
    with walls.asking_for(parties.seller.pk):
        return list(Reservation.objects.order_by("number"))


def disputed(one: Reservation, *, actor: Actor, at: datetime, reason: str = "") -> Dispute:
    with acting(actor, at=at):
        done = mended.dispute_defect(actor=actor, key=key(), reservation_ref=one.ref, reason=reason)
        return Dispute.objects.get(ref=done["dispute"])


def test_each_side_is_told_once_and_the_outcome_settles_the_defect_to_the_cent(
    parties: Parties, tmp_path: Path
) -> None:
    paint, door, label = listed(parties)
    due = paint.answer_due_at
    assert due is not None
    assert due == label.answer_due_at

    def found(at: datetime) -> list[tuple[str, str]]:
        return [(one.reservation_ref, one.what) for one in mended.due_answers(at=at)]

    assert found(due - 3 * DAY) == []
    assert found(due - DAY) == found(due) == [(one.ref, "look") for one in (paint, door, label)]
    after = due + timedelta(hours=1)
    assert found(after) == [(paint.ref, "unanswered"), (door.ref, "unanswered")]
    assert found(due + 15 * DAY) == []
    worker.run_due_jobs()
    mail.outbox.clear()
    for at, what in ((due - DAY, "look"), (due - DAY, "look"), (after, "unanswered")):
        with clock.stopped(at):
            told = mended.tend(reservation_ref=paint.ref, seller_id=parties.seller.pk, what=what, due=due.isoformat())
            assert told == {"reservation": paint.ref}
            worker.run_due_jobs()
    assert [one.subject for one in mail.outbox] == ["Please look at “Paint”", "Nobody looked at “Paint” in time"]
    assert found(after) == [(door.ref, "unanswered")]
    before = item_of(parties)
    assert before.reserved == D("1297.10"), "nothing is released by silence"

    bilge, bea = scenarios.member(parties, "billing"), scenarios.approver_actor(parties)
    first = disputed(paint, actor=bilge, at=due + DAY, reason="Look at it.")
    second = disputed(door, actor=bilge, at=due + DAY)
    with walls.asking_for(parties.seller.pk):
        assert [one.text for one in second.positions.all()] == ["Door is new."]
    partly = disputes.proposed(first, "partly_upheld", actor=bea, at=due + 2 * DAY, amount="400")
    disputes.agreed(partly, actor=bilge, at=due + 2 * DAY)
    wholly = disputes.proposed(second, "rejected", actor=bea, at=due + 2 * DAY)
    disputes.agreed(wholly, actor=bilge, at=due + 2 * DAY)
    paint, door, _label = listed(parties)
    assert [(one.state, one.reduced_by) for one in (paint, door)] == [("reduced", D(400)), ("released", D(0))]
    item = item_of(parties)
    assert (item.reserved, item.open - before.open) == (D(0), D("1297.10") - D(476))
    with walls.asking_for(parties.seller.pk):
        assert CreditNote.objects.get().gross == D(476)
        number = paint.contract.number
    assert_pack_holds(number, tmp_path)
    assert "nothing differs" in verified()


def test_before_its_time_by_the_wrong_side_or_by_raw_sql_nothing_is_disputed(parties: Parties) -> None:
    paint, _door, label = listed(parties)
    bilge, bea, due = scenarios.member(parties, "billing"), scenarios.approver_actor(parties), paint.answer_due_at
    assert due is not None
    with pytest.raises(IllegalTransition, match="still has time"):
        disputed(paint, actor=bilge, at=due)
    with pytest.raises(NotAllowed):
        disputed(paint, actor=bea, at=due + DAY)
    with pytest.raises(Refused, match="Nothing is withheld"):
        disputed(label, actor=bilge, at=due + DAY)
    dispute = disputed(paint, actor=bilge, at=due + DAY)
    columns = ", ".join(str(one.column) for one in Dispute._meta.concrete_fields if one.name not in ("id", "ref"))
    early = columns.replace("raised_at", "raised_at - interval '20 days'", 1)
    with (
        walls.asking_for(parties.seller.pk),
        pytest.raises(IntegrityError, match="only what nobody looked at"),
        transaction.atomic(),
    ):
        connection.cursor().execute(
            f"INSERT INTO milestones_dispute (ref, {columns}) SELECT 'another', {early} FROM milestones_dispute"
        )
    with pytest.raises(IllegalTransition, match="in dispute"), acting(bea, at=due + 2 * DAY):
        reserving.release_reservation(actor=bea, key=key(), reservation_ref=paint.ref)
    with acting(bilge, at=due + 2 * DAY):
        disputing.withdraw_dispute(actor=bilge, key=key(), dispute_ref=dispute.ref)
    with acting(bea, at=due + 3 * DAY):
        reserving.release_reservation(actor=bea, key=key(), reservation_ref=paint.ref)
    assert item_of(parties).reserved == D("107.10")
