"""A change order of milestones beside deposits and recurring lines: what the calendar bills stays as it was."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from apps.contracts.drafts import ChangedLine, ChangeDraft, DraftLine, Due
from apps.contracts.models import Contract, PlanLine
from apps.core.errors import Refused
from apps.invoicing import checks
from apps.invoicing.models import Instalment, Invoice
from apps.milestones.services import Part
from apps.workflows import sign_off
from tests import change_orders, corrections, scenarios
from tests.change_orders import TRAINING, line
from tests.scenarios import Parties, acting, key

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def contract(parties: Parties) -> Contract:
    """A deposit, the milestone Go-live, and four months of support that start with it."""
    return scenarios.active_contract(parties, draft=scenarios.hybrid_draft(parties), at=NOON - 10 * DAY)


def changed(parties: Parties, contract: Contract, *lines: ChangedLine, added: tuple[DraftLine, ...] = ()) -> None:
    draft = ChangeDraft(title="Another scope", reason="The buyer wants more.", lines=lines, added=added)
    proposed = change_orders.propose(contract, draft, by=scenarios.seller_actor(parties), at=NOON)
    change_orders.sign(proposed, by=scenarios.buyer_actor(parties), at=NOON + DAY)


def calendar(contract: Contract) -> list[tuple[int, int, str, date | None]]:
    with acting(scenarios.owner_of(contract.seller_id)):
        found = Instalment.objects.filter(contract=contract).order_by("position", "number")
        return [(one.position, one.number, f"{one.amount:.2f}", one.bills_on) for one in found]


def differing(sentence: str) -> list[tuple[object, ...]]:
    (check,) = [one for one in checks.CHECKS if one.sentence.startswith(sentence)]
    with connection.cursor() as cursor:
        cursor.execute(check.sql)
        return list(cursor.fetchall())


def test_milestones_follow_and_the_calendar_stays(parties: Parties, contract: Contract) -> None:
    before = calendar(contract)
    changed(parties, contract, line(contract, 2, amount=Decimal("20000.00")), added=(TRAINING,))
    assert calendar(contract) == before
    with acting(scenarios.owner_of(contract.seller_id)):
        contract.refresh_from_db()
        rows = PlanLine.objects.filter(version=contract.active_version).order_by("position")
        assert [(one.position, one.kind, f"{one.amount:.2f}", one.per_period) for one in rows] == [
            (1, "deposit", "4000.00", None),
            (2, "milestone", "20000.00", None),
            (3, "recurring", "2000.00", Decimal(500)),
            (4, "milestone", "3000.00", None),
        ]
    # The milestone lives by its line in the new version, and support starts with it all the same.
    scenarios.accepted_milestone(contract, position=2, at=NOON + 2 * DAY)
    assert [row[3] for row in calendar(contract) if row[0] == 3] == [date(2026, month, 3) for month in (4, 5, 6, 7)]
    assert differing("The instalments of every signed line") == []
    assert differing("The parts of every milestone") == []


@pytest.mark.parametrize(
    ("position", "changes", "words"),
    [
        (2, {"title": "Launch"}, "starts with the milestone “Go-live”"),
        (2, None, "starts with the milestone “Go-live”"),
        (2, {"kind": "deposit", "due": Due(), "criteria": ()}, "stays of its kind"),
    ],
)
def test_what_a_change_may_not_touch_is_refused_in_words(
    parties: Parties, contract: Contract, position: int, changes: dict[str, object] | None, words: str
) -> None:
    wanted = ChangedLine(position, None) if changes is None else line(contract, position, **changes)
    with pytest.raises(Refused, match=words):
        changed(parties, contract, wanted, added=(TRAINING,))


def test_what_was_left_of_a_milestone_is_taken_out_and_its_line_starts(parties: Parties) -> None:
    draft = scenarios.hybrid_draft(parties, partial_acceptance=True)
    contract = scenarios.active_contract(parties, draft=draft, at=NOON - 10 * DAY)
    submission = scenarios.submitted_milestone(contract, position=2, at=NOON - DAY)
    with acting(scenarios.buyer_actor(parties), at=NOON - DAY):
        sign_off.accept_part(
            actor=scenarios.buyer_actor(parties),
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            part=Part(amount=Decimal("10000.00")),
            verdicts=[],
            comment="The first half.",
        )
    assert {row[3] for row in calendar(contract) if row[0] == 3} == {None}
    changed(parties, contract, line(contract, 2, amount=Decimal("10000.00")))
    assert next(row[3] for row in calendar(contract) if row[0] == 3) == date(2026, 4, 2)


def test_an_invoice_of_the_calendar_is_credited(parties: Parties, contract: Contract) -> None:
    with acting(scenarios.owner_of(contract.seller_id)):
        deposit = Invoice.objects.get(instalment__position=1)
    note = corrections.credited(parties, deposit.ref, "400.00", at=NOON)
    assert (f"{note.net:.2f}", note.invoice_id) == ("400.00", deposit.pk)
