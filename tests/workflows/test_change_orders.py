"""Change orders: an active contract is changed by both signatures, and what is accepted, billed or pledged stays."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.contracts.drafts import ChangedLine, ChangeDraft, DraftCriterion
from apps.contracts.models import ChangeOrder, Contract, ContractVersion, Signature
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.invoicing.models import Invoice
from apps.milestones.models import Milestone, Submission
from apps.milestones.services import Part
from apps.parties.models import Membership
from apps.workflows import changing, sign_off
from apps.workflows.once import Answer
from tests import change_orders, scenarios
from tests.change_orders import TRAINING, line, more_training
from tests.scenarios import Parties, acting, key

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
"""12,000.00 EUR prototype, 12,000.00 integration, 16,000.00 final delivery."""


@pytest.fixture
def contract(parties: Parties) -> Contract:
    return scenarios.active_contract(parties, at=NOON - 10 * DAY)


def propose(contract: Contract, draft: ChangeDraft, *, at: datetime = NOON, **more: Any) -> Answer:
    return change_orders.propose(contract, draft, at=at, **more)


def sign(answer: Answer, *, at: datetime = NOON + DAY, **more: Any) -> Answer:
    return change_orders.sign(answer, at=at, **more)


def plan(contract: Contract) -> list[tuple[int, int, str, Decimal, str]]:
    with acting(scenarios.owner_of(contract.seller_id)):
        found = Milestone.objects.filter(contract=contract)
        return [(one.position, one.part, one.title, one.amount, one.state) for one in found]


def price(contract: Contract) -> Decimal:
    with acting(scenarios.owner_of(contract.seller_id)):
        contract.refresh_from_db()
        assert contract.active_version is not None
        return contract.active_version.price


def test_both_sign_and_the_milestones_follow(parties: Parties, contract: Contract) -> None:
    scenarios.accepted_milestone(contract, at=NOON)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)

    proposed = propose(contract, more_training(contract), by=sina)
    assert price(contract) == Decimal("40000.00")
    sign(proposed, by=olga)

    assert plan(contract) == [
        (1, 1, "Prototype", Decimal("12000.00"), "accepted"),
        (2, 1, "Integration", Decimal("14000.00"), "planned"),
        (3, 1, "Final delivery and sign-off", Decimal("14500.00"), "planned"),
        (4, 1, "Training", Decimal("3000.00"), "planned"),
    ]
    assert price(contract) == Decimal("43500.00")
    with acting(olga):
        version = ContractVersion.objects.get(ref=proposed["version"])
        assert (version.number, version.change_order and version.change_order.state) == (2, "signed")
        assert Signature.objects.filter(version=version, sha256=version.sha256).count() == 2
        moved = Milestone.objects.get(contract=contract, position=2)
        assert (moved.planned_on, moved.line.version_id) == (date(2026, 7, 31), version.pk)
        assert Milestone.objects.get(contract=contract, position=1).line.version.number == 1


def test_the_changed_milestone_is_submitted_and_billed_at_its_new_amount(parties: Parties, contract: Contract) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    sign(propose(contract, more_training(contract), by=sina), by=olga)

    scenarios.accepted_milestone(contract, position=2, at=NOON + 2 * DAY)
    scenarios.accepted_milestone(contract, position=4, at=NOON + 3 * DAY)

    with acting(sina):
        nets = Invoice.objects.order_by("pk").values_list("net", flat=True)
        assert list(nets) == [Decimal("14000.00"), Decimal("3000.00")]


def test_what_is_taken_out_is_cancelled_and_the_contract_may_end_with_it(parties: Parties, contract: Contract) -> None:
    for position in (1, 2):
        scenarios.accepted_milestone(contract, position=position, at=NOON)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    drop = ChangeDraft("No final phase", "It is not needed any more.", lines=(ChangedLine(3, None),))

    sign(propose(contract, drop, by=sina, at=NOON + DAY), by=olga, at=NOON + 2 * DAY)

    assert plan(contract)[2] == (3, 1, "Final delivery and sign-off", Decimal("16000.00"), "cancelled")
    assert price(contract) == Decimal("24000.00")
    assert contract.state == "completed"


def test_what_is_left_of_a_milestone_changes_and_what_is_accepted_of_it_stays(
    parties: Parties, contract: Contract
) -> None:
    submission = scenarios.submitted_milestone(contract, at=NOON)
    bea = scenarios.approver_actor(parties)
    with acting(bea, at=NOON):
        sign_off.accept_part(
            actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256,
            part=Part(amount=Decimal("4000.00")), verdicts=[], comment="The first half.",
        )  # fmt: skip
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)

    less = ChangeDraft("Less", "Smaller prototype.", lines=(line(contract, 1, amount=Decimal("5000.00")),))
    sign(propose(contract, less, by=sina), by=olga)
    assert [one[3:] for one in plan(contract)[:2]] == [
        (Decimal("4000.00"), "accepted"),
        (Decimal("1000.00"), "changes_requested"),
    ]

    enough = ChangeDraft("End it", "It is enough.", lines=(line(contract, 1, amount=Decimal("4000.00")),))
    sign(propose(contract, enough, by=olga, side="buyer", at=NOON + 2 * DAY), by=sina, at=NOON + 3 * DAY)
    assert [one[3:] for one in plan(contract)[:2]] == [
        (Decimal("4000.00"), "accepted"),
        (Decimal("1000.00"), "cancelled"),
    ]
    assert price(contract) == Decimal("32000.00")


def test_what_is_under_review_or_accepted_is_not_changed(parties: Parties, contract: Contract) -> None:
    scenarios.submitted_milestone(contract, at=NOON)
    scenarios.accepted_milestone(contract, position=2, at=NOON)
    sina = scenarios.seller_actor(parties)
    for position, words in ((1, "under review"), (2, "accepted as a whole")):
        draft = ChangeDraft("More", "More.", lines=(line(contract, position, amount=Decimal("12500.00")),))
        with pytest.raises(Refused, match=words):
            propose(contract, draft, by=sina)
    with pytest.raises(Refused, match="credit note"):
        propose(contract, ChangeDraft("Out", "Out.", lines=(ChangedLine(2, None),)), by=sina)
    with acting(sina):
        assert not ChangeOrder.objects.exists()


def test_a_submission_between_proposal_and_signature_refuses_the_signature(
    parties: Parties, contract: Contract
) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    proposed = propose(contract, more_training(contract), by=sina)
    scenarios.submitted_milestone(contract, position=2, at=NOON)

    with pytest.raises(Refused, match="under review"):
        sign(proposed, by=olga)

    assert price(contract) == Decimal("40000.00")
    with acting(olga):
        assert ChangeOrder.objects.get().state == "proposed"
        assert Signature.objects.filter(version__ref=proposed["version"]).count() == 1


def test_what_is_under_review_says_the_plan_in_force_once_it_is_open_again(
    parties: Parties, contract: Contract
) -> None:
    submission = scenarios.submitted_milestone(contract, position=1, at=NOON)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    sign(propose(contract, more_training(contract), by=sina), by=olga)
    with acting(sina, at=NOON + 2 * DAY):
        assert Milestone.objects.get(contract=contract, position=1).line.version.number == 1
        sign_off.withdraw_submission(actor=sina, key=key(), submission_ref=submission.ref)

    again = scenarios.submitted_milestone(contract, position=1, at=NOON + 3 * DAY)

    with acting(sina):
        assert Milestone.objects.get(contract=contract, position=1).line.version.number == 2
        texts = [note.note for note in Submission.objects.get(ref=again.ref).notes.all()]
        assert texts == ["Shown in the workshop.", "Shown in the workshop."]


def test_what_the_seller_has_prepared_goes_on_under_the_new_words(parties: Parties, contract: Contract) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    scenarios.prepared_milestone(contract, actor=sina, position=2, at=NOON)
    stands = line(contract, 2).line
    assert stands is not None
    words = (stands.criteria[0], DraftCriterion("The second warehouse is connected."))
    draft = ChangeDraft("Other words", "Second warehouse.", lines=(line(contract, 2, criteria=words),))

    sign(propose(contract, draft, by=sina), by=olga)

    with acting(sina):
        draft_of = Submission.objects.get(milestone__contract=contract, milestone__position=2)
        notes = {note.criterion.text: note.is_met for note in draft_of.notes.select_related("criterion")}
        assert notes == {words[0].text: True, "The second warehouse is connected.": False}
        assert [file.criterion.text for file in draft_of.files.select_related("criterion") if file.criterion] == [
            words[0].text
        ]


def test_decline_and_withdraw_give_their_reason_and_change_nothing(parties: Parties, contract: Contract) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    first = propose(contract, more_training(contract), by=sina)
    with pytest.raises(Refused, match="still waits"):
        propose(contract, more_training(contract), by=olga, side="buyer")
    with acting(sina, at=NOON), pytest.raises(NotAllowed):
        changing.decline_change(actor=sina, key=key(), order_ref=first["change_order"], reason="No.")
    with acting(olga, at=NOON), pytest.raises(NotAllowed):
        changing.withdraw_change(actor=olga, key=key(), order_ref=first["change_order"], reason="No.")
    with acting(olga, at=NOON), pytest.raises(Refused, match="missing"):
        changing.decline_change(actor=olga, key=key(), order_ref=first["change_order"], reason=" ")
    with acting(olga, at=NOON):
        changing.decline_change(actor=olga, key=key(), order_ref=first["change_order"], reason="Too dear.")
    with pytest.raises(IllegalTransition):
        sign(first, by=olga)

    cheaper = replace(more_training(contract), title="", reason="", added=(), order_ref=first["change_order"])
    second = propose(contract, cheaper, by=sina, at=NOON + DAY)
    assert second["change_order"] == first["change_order"]
    with acting(sina, at=NOON + DAY):
        changing.withdraw_change(actor=sina, key=key(), order_ref=second["change_order"], reason="Not now.")
        order = ChangeOrder.objects.get()
        assert (order.state, order.closed_reason) == ("withdrawn", "Not now.")
    assert price(contract) == Decimal("40000.00")


def test_a_change_without_a_price_is_kept_until_it_is_priced(parties: Parties, contract: Contract) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    with acting(olga, at=NOON):
        noted = ChangeDraft(title="Cold store", reason="The cold store is to be connected too.")
        recorded = changing.record_change(actor=olga, key=key(), contract_ref=contract.ref, draft=noted)
    priced = ChangeDraft(order_ref=recorded["change_order"], added=(TRAINING,))
    first = propose(contract, priced, by=sina)
    with acting(sina, at=NOON):
        changing.withdraw_change(actor=sina, key=key(), order_ref=first["change_order"], reason="Wrong price.")
        assert ChangeOrder.objects.get().state == "unpriced"

    sign(propose(contract, priced, by=sina), by=olga)

    with acting(sina):
        order = ChangeOrder.objects.get()
        assert (order.number, order.state, order.title, order.was_unpriced) == (1, "signed", "Cold store", True)
    assert price(contract) == Decimal("43000.00")


def test_another_text_is_not_signed_and_a_second_click_signs_once(parties: Parties, contract: Contract) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    once = key()
    proposed = propose(contract, more_training(contract), by=sina, once=once)
    with acting(olga, at=NOON), pytest.raises(Stale):
        changing.sign_change(actor=olga, key=key(), order_ref=proposed["change_order"], seen="0" * 64)
    twice = key()
    assert sign(proposed, by=olga, once=twice) == sign(proposed, by=olga, once=twice)
    with acting(olga):
        assert Signature.objects.filter(version__ref=proposed["version"]).count() == 2


def test_a_limit_below_the_new_price_does_not_sign(parties: Parties, contract: Contract) -> None:
    sina, bea = scenarios.seller_actor(parties), scenarios.approver_actor(parties)
    proposed = propose(contract, more_training(contract), by=sina)
    mine = Membership.objects.filter(pk=parties.people["approver"].pk)
    with acting(bea):
        mine.update(approval_limit=Decimal("43499.99"))
    with pytest.raises(NotAllowed, match="up to"):
        sign(proposed, by=bea)
    with acting(bea):
        mine.update(approval_limit=Decimal("43500.00"))
    sign(proposed, by=bea)
    assert price(contract) == Decimal("43500.00")


REFUSED_SQL = [
    "UPDATE contracts_contract SET active_version_id = {version} WHERE id = {contract}",
    "UPDATE milestones_milestone SET state = 'cancelled' WHERE contract_id = {contract} AND position = 3",
    "UPDATE milestones_milestone SET amount = amount - 1 WHERE contract_id = {contract} AND position = 3",
    "UPDATE milestones_milestone SET planned_on = '2030-01-01' WHERE contract_id = {contract} AND position = 3",
    "UPDATE contracts_changeorder SET state = 'signed', closed_at = now() WHERE contract_id = {contract}",
    "UPDATE contracts_changeorder SET title = 'Other' WHERE contract_id = {contract}",
]


@pytest.mark.parametrize("sql", REFUSED_SQL)
def test_raw_sql_does_not_change_a_contract(parties: Parties, contract: Contract, sql: str) -> None:
    sina = scenarios.seller_actor(parties)
    proposed = propose(contract, more_training(contract), by=sina)
    with acting(sina):
        version = ContractVersion.objects.get(ref=proposed["version"])
        with pytest.raises(DatabaseError), transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(sql.format(version=version.pk, contract=contract.pk))


def test_a_long_plan_takes_no_more_statements_to_change(parties: Parties) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    counted = []
    for length in (3, 60):
        lines = tuple(replace(scenarios.line(f"M{n}", 1), basis="amount", amount=Decimal(100)) for n in range(length))
        long = scenarios.software_draft(parties, number=f"NL-{length}", price=Decimal(100 * length), lines=lines)
        of_length = scenarios.active_contract(parties, draft=long, at=NOON - 10 * DAY)
        changed = ChangeDraft("Dearer", "Dearer.", lines=(line(of_length, 2, amount=Decimal(150)),))
        proposed = propose(of_length, changed, by=sina)
        with CaptureQueriesContext(connection) as signing:
            sign(proposed, by=olga)
        counted.append(len(signing))
        with acting(sina):
            moved = Milestone.objects.filter(contract=of_length, line__version__number=2)
            assert moved.count() == length
    assert counted[0] == counted[1]
