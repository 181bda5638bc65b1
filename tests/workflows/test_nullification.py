"""An acceptance is withdrawn by both sides or not at all; what was withdrawn is credited, and billed again once."""

import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction

from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing.models import CreditNote, Invoice, OpenItem
from apps.invoicing.rules import Share
from apps.milestones.models import Milestone, Nullification
from apps.milestones.services import Part
from apps.parties.actor import Actor
from apps.workflows import crediting, sign_off
from tests import change_orders, corrections, scenarios
from tests.conftest import Once
from tests.scenarios import Parties, acting, key

D = Decimal
REST = Share()
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = AT + timedelta(days=30)


@dataclass(frozen=True)
class Deal:
    """A contract of which the first milestone is accepted, billed and not paid."""

    parties: Parties
    contract: Contract
    milestone: Milestone

    def actor(self, role: str) -> Actor:
        return scenarios.member(self.parties, role)

    def ask(self, role: str, share: Share = REST, *, reason: str = "The export loses rows.") -> str:
        return corrections.asked(self.parties, self.milestone.ref, by=role, share=share, reason=reason, at=LATER)

    def grant(self, role: str, nullification: str) -> CreditNote:
        return corrections.granted(self.parties, nullification, by=role, at=LATER)

    def parts(self) -> list[tuple[int, str, Decimal, Decimal]]:
        with walls.asking_for(self.contract.seller_id):
            rows = Milestone.objects.filter(contract=self.contract, position=1).order_by("part")
            return list(rows.values_list("part", "state", "amount", "nullified"))


@pytest.fixture
def deal(committed: Once) -> Deal:
    return committed(_accepted)


def _accepted() -> Deal:
    parties = scenarios.organisations()
    contract = scenarios.active_contract(parties, at=AT)
    return Deal(parties, contract, scenarios.accepted_milestone(contract, at=AT))


def verified() -> str:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    call_command("verify_audit", stdout=out)
    return out.getvalue()


def test_what_both_sides_withdraw_is_credited_and_billed_again(deal: Deal) -> None:
    nullification = deal.ask("approver")
    assert deal.parts() == [(1, "accepted", D(12000), D(0))]
    note = deal.grant("billing", nullification)
    assert (note.purpose, note.net, note.gross, note.reason) == (
        "nullification",
        D(12000),
        D(14280),
        "The export loses rows.",
    )
    assert deal.parts() == [(1, "nullified", D(12000), D(12000)), (2, "changes_requested", D(12000), D(0))]
    assert "nothing differs" in verified()
    rest = scenarios.milestone_of(deal.contract, part=2)
    submission = scenarios.submitted_rest(rest, at=LATER)
    approver = deal.actor("approver")
    with acting(approver, at=LATER):
        again = sign_off.accept_milestone(
            actor=approver, key=key(), submission_ref=submission.ref, seen=submission.sha256
        )
    with walls.asking_for(deal.contract.seller_id):
        assert submission.number == 1
        assert submission.files.exists(), "its first cycle starts with what was shown before"
        invoice = Invoice.objects.get(ref=again["invoice"])
        assert (invoice.number, invoice.net) == ("INV-2026-0002", D(12000))
        assert OpenItem.objects.get(invoice__milestone=deal.milestone).open == 0
    assert deal.parts()[1][1] == "accepted"
    assert "nothing differs" in verified()


@pytest.mark.django_db
def test_what_goes_on_is_planned_for_the_day_of_the_plan_in_force() -> None:
    """Half of it was accepted, and the other half moved to another day, before the acceptance was withdrawn."""
    parties = scenarios.organisations()
    contract = scenarios.active_contract(parties, at=AT)
    sent, bea = scenarios.submitted_milestone(contract, at=AT), scenarios.approver_actor(parties)
    with acting(bea, at=AT):
        sign_off.accept_part(
            actor=bea,
            key=key(),
            submission_ref=sent.ref,
            seen=sent.sha256,
            part=Part(percent=D(50)),
            verdicts=[],
            comment="The rest is missing.",
        )
    later = ChangeDraft("Later", "As telephoned.", lines=(change_orders.line(contract, 1, planned_on=LATER.date()),))
    order = change_orders.propose(contract, later, by=scenarios.seller_actor(parties), at=AT)
    change_orders.sign(order, by=scenarios.buyer_actor(parties), at=AT)
    half = scenarios.milestone_of(contract)
    corrections.granted(parties, corrections.asked(parties, half.ref, by="approver", at=AT), by="billing", at=AT)
    with walls.asking_for(contract.seller_id):
        found = Milestone.objects.filter(contract=contract, position=1).order_by("part")
        days = dict(found.values_list("part", "planned_on"))
    assert days == {1: date(2026, 4, 15), 2: LATER.date(), 3: LATER.date()}


def test_the_seller_may_ask_and_the_buyer_agree_to_a_part(deal: Deal) -> None:
    note = deal.grant("approver", deal.ask("seller", Share(percent=D(25))))
    assert (note.net, note.issued_by_name) == (D(3000), "Bea Berg")
    assert deal.parts() == [(1, "accepted", D(12000), D(3000)), (2, "changes_requested", D(3000), D(0))]
    # The rest of the acceptance can be withdrawn too, and then nothing of it is left.
    deal.grant("approver", deal.ask("billing"))
    assert deal.parts()[0] == (1, "nullified", D(12000), D(12000))
    assert deal.parts()[2] == (3, "changes_requested", D(9000), D(0))
    assert "nothing differs" in verified()
    # A part of one of these is accepted, and what is left of it finds its own number.
    submission = scenarios.submitted_rest(scenarios.milestone_of(deal.contract, part=2), at=LATER)
    approver = deal.actor("approver")
    with acting(approver, at=LATER):
        sign_off.accept_part(
            actor=approver,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            part=Part(amount=D(1000)),
            verdicts=[],
            comment="The rest is missing.",
        )
    assert deal.parts()[3] == (4, "changes_requested", D(2000), D(0))
    assert "nothing differs" in verified()


def test_neither_side_does_it_alone(deal: Deal) -> None:
    nullification = deal.ask("approver")
    for role in ("approver", "buyer"):
        with pytest.raises(NotAllowed, match="own side"):
            deal.grant(role, nullification)
    for role in ("delivery", "payables"):
        with pytest.raises(NotAllowed):
            deal.grant(role, nullification)
    with pytest.raises(Refused, match="asked already"):
        deal.ask("billing")
    billing = deal.actor("billing")
    with acting(billing, at=LATER):
        with pytest.raises(NotAllowed, match="Decline it"):
            crediting.withdraw_nullification(actor=billing, key=key(), nullification_ref=nullification)
        with pytest.raises(Refused, match="Say why"):
            crediting.decline_nullification(actor=billing, key=key(), nullification_ref=nullification, reason=" ")
        crediting.decline_nullification(
            actor=billing, key=key(), nullification_ref=nullification, reason="The rows were never in it."
        )
    with pytest.raises(IllegalTransition):
        deal.grant("billing", nullification)
    approver = deal.actor("approver")
    second = deal.ask("approver")
    with acting(approver, at=LATER):
        crediting.withdraw_nullification(actor=approver, key=key(), nullification_ref=second)
    assert deal.parts() == [(1, "accepted", D(12000), D(0))]
    with walls.asking_for(deal.contract.seller_id):
        assert not CreditNote.objects.exists()
        assert set(Nullification.objects.values_list("state", flat=True)) == {"declined", "withdrawn"}


def test_no_guest_and_nobody_below_the_limit(deal: Deal) -> None:
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(scenarios.submitted_milestone(deal.contract, position=2)))
    with acting(guest, at=LATER), pytest.raises(NotAllowed, match="personal link"):
        crediting.ask_nullification(
            actor=guest, key=key(), milestone_ref=deal.milestone.ref, share=Share(), reason="No."
        )
    with walls.asking_for(deal.contract.buyer_id):
        membership = deal.parties.people["approver"]
        membership.approval_limit = D(11999)
        membership.save(update_fields=["approval_limit"])
    approver = deal.actor("approver")
    with acting(approver, at=LATER), pytest.raises(NotAllowed, match="up to"):
        crediting.ask_nullification(
            actor=approver, key=key(), milestone_ref=deal.milestone.ref, share=Share(), reason="No."
        )


def test_a_completed_contract_is_active_again(deal: Deal) -> None:
    for position in (2, 3):
        scenarios.accepted_milestone(deal.contract, position=position, at=AT)
    deal.contract.refresh_from_db(using="owner")
    assert deal.contract.state == "completed"
    deal.grant("billing", deal.ask("approver"))
    deal.contract.refresh_from_db(using="owner")
    assert (deal.contract.state, deal.contract.completed_at) == ("active", None)
    submission = scenarios.submitted_rest(scenarios.milestone_of(deal.contract, part=2), at=LATER)
    approver = deal.actor("approver")
    with acting(approver, at=LATER):
        sign_off.accept_milestone(actor=approver, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    deal.contract.refresh_from_db(using="owner")
    assert deal.contract.state == "completed"


AS_REST = (
    "INSERT INTO milestones_milestone (ref, contract_id, line_id, position, part, title, amount, currency, state,"
    " nullified) SELECT 'rest', contract_id, line_id, position, 2, title, amount, currency, {state}, 0"
    " FROM milestones_milestone WHERE id = %(m)s"
)
GRANT = (
    "UPDATE milestones_milestone SET state = 'nullified', nullified = amount WHERE id = %(m)s; "
    + AS_REST.format(state="'changes_requested'")
    + "; UPDATE milestones_nullification SET state = 'granted', answered_at = now(), answerer_id = %(other)s,"
    " answerer_name = 'x', rest_id = (SELECT id FROM milestones_milestone WHERE ref = 'rest') WHERE id = %(n)s"
)


def committed(sql: str, names: dict[str, int]) -> None:
    """As the owner, who goes round the services and the walls."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for statement in sql.split("; "):
            cursor.execute(statement, names)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE milestones_nullification SET amount = 1 WHERE id = %(n)s", "frozen"),
        ("DELETE FROM milestones_nullification WHERE id = %(n)s", "never deleted"),
        (
            "UPDATE milestones_nullification SET state = 'granted', answered_at = now(), answerer_id = %(other)s,"
            " answerer_name = 'x' WHERE id = %(n)s",
            "what_is_nullified_goes_on",
        ),
        (GRANT.replace("%(other)s", "asker_id"), "nullified_by_two_people"),
        (AS_REST.format(state="'planned'"), "do not add up"),
        (
            GRANT + "; UPDATE milestones_milestone SET state = 'submitted' WHERE ref = 'rest'; UPDATE"
            " milestones_milestone SET state = 'accepted', accepted_at = now(), accepted_submission_id = %(s)s"
            " WHERE ref = 'rest'",
            "accepted_submission|without a decision",
        ),
        ("UPDATE milestones_milestone SET state = 'planned', accepted_at = NULL WHERE id = %(m)s", "illegal step"),
    ],
)
def test_the_database_refuses_what_the_code_forgot(deal: Deal, sql: str, why: str) -> None:
    nullification = deal.ask("approver")
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT id FROM milestones_nullification WHERE ref = %s", [nullification])
        names = {
            "n": cursor.fetchone()[0],
            "m": deal.milestone.pk,
            "s": deal.milestone.accepted_submission_id,
            "other": deal.parties.people["billing"].user_id,
        }
    with pytest.raises(IntegrityError, match=why):
        committed(sql, names)
