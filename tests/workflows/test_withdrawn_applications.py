"""Acceptances withdrawn where applications for payment are billed: before they are certified, and after."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest
from django.db import IntegrityError, connection, transaction

from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import Contract
from apps.core import canonical
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import checks
from apps.invoicing.models import CreditNote, InvoiceLine, OpenItem
from apps.invoicing.rules import Share
from apps.invoicing.services.certifying import Figure
from apps.milestones.models import Milestone, Nullification
from apps.workflows import crediting, sign_off
from tests import applications, change_orders, corrections, scenarios
from tests.conftest import Once

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
D = Decimal


class Deal(NamedTuple):
    """Milestones 1 (12,000.00) and 3 (16,000.00) are accepted and stand in the application that collects."""

    parties: scenarios.Parties
    contract: Contract

    def ask(self, position: int, amount: str = "", *, days: int = 3) -> str:
        share = Share(amount=D(amount)) if amount else Share()
        with walls.asking_for(self.contract.seller_id):
            found = Milestone.objects.filter(contract=self.contract, position=position, state="accepted")
            ref = found.order_by("part")[0].ref
        return corrections.asked(self.parties, ref, share=share, at=NOON + days * DAY)

    def grant(self, nullification: str, *, days: int = 3) -> CreditNote | None:
        bilge = scenarios.member(self.parties, "billing")
        with scenarios.acting(bilge, at=NOON + days * DAY):
            answer = crediting.grant_nullification(actor=bilge, key=scenarios.key(), nullification_ref=nullification)
            return CreditNote.objects.filter(ref=answer["credit_note"]).first()

    def withdrawn(self, position: int, amount: str = "", *, days: int = 3) -> CreditNote | None:
        return self.grant(self.ask(position, amount, days=days), days=days)

    def certified(self, *, days: int, lower: dict[int, Figure] | None = None) -> None:
        submitted = applications.submitted(self.contract, at=NOON + days * DAY)
        bea = scenarios.approver_actor(self.parties)
        applications.certified(submitted, actor=bea, figures=lower, at=NOON + days * DAY)

    def accepted_again(self, position: int, *, days: int) -> None:
        at, bea = NOON + days * DAY, scenarios.approver_actor(self.parties)
        rest = scenarios.milestone_of(self.contract, position=position, part=2)
        sent = scenarios.submitted_rest(rest, at=at)
        with scenarios.acting(bea, at=at):
            sign_off.accept_milestone(actor=bea, key=scenarios.key(), submission_ref=sent.ref, seen=sent.sha256)

    def parts(self, position: int) -> list[tuple[str, Decimal, Decimal]]:
        with walls.asking_for(self.contract.seller_id):
            found = Milestone.objects.filter(contract=self.contract, position=position).order_by("part")
            return list(found.values_list("state", "amount", "nullified"))

    def claims(self) -> list[tuple[int, Decimal]]:
        found = applications.newest(self.contract, state="open").lines.all()
        return [(line.milestone.position, line.claimed) for line in found]

    def verified(self) -> None:
        with walls.asking_for(self.contract.seller_id, self.contract.buyer_id), connection.cursor() as cursor:
            for check in checks.CHECKS:
                cursor.execute(check.sql)
                assert cursor.fetchall() == [], check.sentence


@pytest.fixture
def deal(once: Once) -> Deal:
    def story() -> Deal:
        parties = scenarios.organisations()
        contract = applications.contract_by_application(parties, at=NOON)
        for position in (1, 3):
            scenarios.accepted_milestone(contract, position=position, at=NOON + DAY)
        return Deal(parties, contract)

    return once(story)


@pytest.mark.django_db
def test_what_is_not_certified_yet_is_asked_for_no_more(deal: Deal) -> None:
    assert deal.withdrawn(1, "2000.00") is None
    assert deal.withdrawn(3) is None
    assert deal.claims() == [(1, D(10000)), (3, D(0))]
    assert deal.parts(1) == [("accepted", D(12000), D(2000)), ("changes_requested", D(2000), D(0))]
    assert deal.parts(3) == [("nullified", D(16000), D(16000)), ("changes_requested", D(16000), D(0))]
    submitted = applications.submitted(deal.contract, at=NOON + 4 * DAY)
    said = canonical.read(submitted.text)
    assert [part["milestone"] for part in said["parts"]] == [scenarios.milestone_of(deal.contract).ref]
    assert D(said["summary"]["completed"]) == D(10000)
    applications.certified(submitted, actor=scenarios.approver_actor(deal.parties), at=NOON + 4 * DAY)
    assert scenarios.milestone_of(deal.contract, position=2).state == "planned"
    # Done again, it stands in the next one.
    deal.accepted_again(3, days=5)
    assert deal.claims() == [(3, D(16000))]
    deal.verified()


@pytest.mark.django_db
def test_what_is_certified_is_credited_on_its_own_line(deal: Deal) -> None:
    """12,000.00 and 16,000.00 are billed, 10 % of 20,000.00 and 5 % of 8,000.00 retained; 12,000.00 fall."""
    deal.certified(days=2)
    note = deal.withdrawn(1)
    assert note is not None
    assert (note.net, note.tax, note.gross, note.purpose) == (D(12000), D(2280), D(14280), "nullification")
    with walls.asking_for(deal.contract.seller_id):
        assert [(row.invoice_line.milestone.position, row.net) for row in note.lines.all()] == [(1, D(12000))]  # type: ignore[union-attr]
        item = OpenItem.objects.get(invoice=note.invoice)
        # What was retained of the line, 10 % of 12,000.00, falls with it.
        assert (item.gross, item.credited, item.retained, item.open) == (D(33320), D(14280), D(1200), D(17840))
    assert deal.parts(1) == [("nullified", D(12000), D(12000)), ("changes_requested", D(12000), D(0))]
    deal.accepted_again(1, days=5)
    again = applications.submitted(deal.contract, at=NOON + 6 * DAY)
    said = canonical.read(again.text)
    # 12,000.00 again: previous is what stands of the books, and all of it is what was billed first.
    columns = ("previous", "period", "completed", "retained")
    # 4,000.00 of it belong to the first half of the price, with 10 %, and 8,000.00 to the second.
    assert [tuple(D(row[name]) for name in columns) for row in said["sheet"]] == [
        (D(0), D(12000), D(12000), D(800)),
        (D(0), D(0), D(0), D(0)),
        (D(16000), D(0), D(16000), D(1200)),
    ]
    assert D(said["summary"]["due"]) == D(13480)
    applications.certified(again, actor=scenarios.approver_actor(deal.parties), at=NOON + 6 * DAY)
    deal.verified()


@pytest.mark.django_db
def test_first_what_is_not_billed_falls_then_the_newest_invoice(deal: Deal) -> None:
    later = "Not measured."
    deal.certified(days=2, lower={1: Figure(D("10000.00"), later)})
    deal.certified(days=3, lower={1: Figure(D("1500.00"), later)})
    assert deal.claims() == [(1, D(500))]
    with pytest.raises(Refused, match="At most"):
        deal.ask(1, "2000.01", days=4)
    both = deal.withdrawn(1, days=4)
    assert both is not None
    assert both.net == D(1500)
    assert deal.parts(1)[0] == ("accepted", D(12000), D(2000))
    deal.verified()
    rest = deal.withdrawn(1, days=5)
    assert rest is not None
    assert (rest.net, rest.invoice_id < both.invoice_id) == (D(10000), True)
    assert deal.parts(1)[0] == ("nullified", D(12000), D(12000))
    deal.verified()


@pytest.mark.django_db
def test_a_change_order_takes_back_what_stands_and_what_is_billed(deal: Deal) -> None:
    deal.certified(days=2, lower={1: Figure(D("10000.00"), "Later.")})
    less = ChangeDraft("Smaller", "Two screens less.", lines=(change_orders.line(deal.contract, 1, amount=D(9000)),))
    order = change_orders.propose(deal.contract, less, by=scenarios.seller_actor(deal.parties), at=NOON + 3 * DAY)
    change_orders.sign(order, by=scenarios.buyer_actor(deal.parties), at=NOON + 4 * DAY)
    assert deal.parts(1)[0] == ("accepted", D(12000), D(3000))
    assert deal.claims() == [(1, D(0))]
    with walls.asking_for(deal.contract.seller_id):
        note = CreditNote.objects.get(contract=deal.contract)
        assert (note.net, note.reason) == (D(1000), "Change order 1: Smaller")
    deal.verified()


@pytest.mark.django_db
def test_what_waits_for_the_buyer_is_decided_first(deal: Deal) -> None:
    asked = deal.ask(1, "2000.00")
    applications.submitted(deal.contract, at=NOON + 4 * DAY)
    for act in (lambda: deal.grant(asked, days=4), lambda: deal.ask(3, days=4)):
        with pytest.raises(Refused, match="Application for payment 1 asks for this milestone"):
            act()
    assert deal.parts(1) == [("accepted", D(12000), D(0))]


@pytest.mark.django_db
def test_postgres_refuses_what_the_code_forgot(deal: Deal) -> None:
    deal.certified(days=2, lower={1: Figure(D("10000.00"), "Later.")})
    deal.withdrawn(1, "3000.00", days=3)
    with walls.asking_for(deal.contract.seller_id):
        granted = Nullification.objects.get(contract=deal.contract)
        assert granted.unbilled == D(2000)
        other = InvoiceLine.objects.get(milestone__contract=deal.contract, milestone__position=3)
        known = {"n": granted.pk, "note": granted.credit_note.pk, "line": other.pk, "m": granted.milestone_id}
    for sql, why in (
        ("UPDATE milestones_nullification SET unbilled = 0 WHERE id = %(n)s", "frozen"),
        (
            "UPDATE invoicing_applicationline SET claimed = 1 WHERE milestone_id = %(m)s AND certified IS NULL",
            "neither billed whole nor",
        ),
        (
            "UPDATE invoicing_applicationline SET claimed = claimed - 1 WHERE milestone_id = %(m)s"
            " AND certified IS NOT NULL",
            "frozen",
        ),
        (
            "INSERT INTO invoicing_creditnoteline (credit_note_id, invoice_line_id, net)"
            " VALUES (%(note)s, %(line)s, 1)",
            "its own line",
        ),
    ):
        with walls.asking_for(deal.contract.seller_id), pytest.raises(IntegrityError, match=why):
            _written(sql, known)


def _written(sql: str, known: dict[str, int]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, known)
        connection.check_constraints()
