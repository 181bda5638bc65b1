"""Deposits and periods are billed without a sign-off: on their day, once, in order, whatever happens meanwhile."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.contracts.drafts import DraftLine, Due
from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, Refused
from apps.invoicing import services as invoicing
from apps.invoicing import snapshot
from apps.invoicing.models import Instalment, Invoice
from apps.ledger.models import Entry
from apps.milestones.services import CriterionVerdict, Part
from apps.parties.actor import Actor
from apps.workflows import instalments, sign_off, upkeep
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.races import together
from tests.scenarios import Parties, acting

D = Decimal
SIGNED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATE_EVENING = datetime(2026, 4, 30, 22, 30, tzinfo=UTC)
"""Half past midnight of the first of May in Berlin."""
DAY = timedelta(days=1)


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


def active(parties: Parties, **changes: Any) -> Contract:
    return scenarios.active_contract(parties, draft=scenarios.hybrid_draft(parties, **changes), at=SIGNED_AT)


def tend(at: datetime) -> int:
    """What the periodic job would do at this moment; the answer is how many invoices it made."""
    with clock.stopped(at):
        return sum(
            len(instalments.tend(contract_ref=one.contract_ref, seller_id=one.seller_id))
            for one in instalments.due(at=at)
        )


def invoices(contract: Contract) -> list[tuple[str, str, str, date]]:
    with walls.asking_for(contract.seller_id):
        rows = Invoice.objects.filter(contract=contract).select_related("milestone", "instalment").order_by("pk")
        return [(row.number, row.about, f"{row.net:.2f}", row.issued_on) for row in rows]


def days(contract: Contract) -> list[date | None]:
    with walls.asking_for(contract.seller_id):
        return list(Instalment.objects.filter(contract=contract, count__gt=1).values_list("bills_on", flat=True))


def go_live(contract: Contract, *, at: datetime) -> None:
    scenarios.accepted_milestone(contract, position=2, at=at)


def state(contract: Contract) -> str:
    with walls.asking_for(contract.seller_id):
        return Contract.objects.get(pk=contract.pk).state


def verified() -> str:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    return out.getvalue()


def test_the_signature_bills_the_deposit_that_it_makes_due(parties: Parties) -> None:
    contract = active(parties)
    assert invoices(contract) == [("INV-2026-0001", "Deposit", "4000.00", date(2026, 3, 2))]
    with walls.asking_for(contract.seller_id):
        invoice = Invoice.objects.get(contract=contract)
        said = snapshot.read(invoice.snapshot)
        assert (said.kind, said.acceptance) == ("deposit", None)
        assert said.instalment == snapshot.Instalment(date(2026, 3, 2), None, 1, 1)
        entry = Entry.objects.get(cause=f"invoice:{invoice.ref}")
        legs = {line.account.code: line.amount for line in entry.lines.select_related("account")}
        assert legs == {"1100": D(4760), "2000": D(-4000), "2100": D(-760)}, "never revenue"
        assert Instalment.objects.filter(contract=contract).unbilled().count() == 4
        assert ProcrastinateJob.objects.filter(args__invoice_ref=invoice.ref).count() == 1
    assert days(contract) == [None] * 4, "the support waits for its milestone"


def test_the_periods_start_with_the_milestone_and_are_billed_on_the_seller_s_calendar(parties: Parties) -> None:
    contract = active(parties)
    go_live(contract, at=LATE_EVENING)
    assert days(contract) == [date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)]
    assert tend(LATE_EVENING) == 1
    before_midnight = datetime(2026, 5, 31, 21, 59, tzinfo=UTC)
    assert tend(before_midnight) == 0
    assert tend(before_midnight + timedelta(minutes=1)) == 1, "midnight in Berlin, and still May in London"
    assert [row[1:] for row in invoices(contract)][2:] == [
        ("Support, 1 of 4", "500.00", date(2026, 5, 1)),
        ("Support, 2 of 4", "500.00", date(2026, 6, 1)),
    ]
    with walls.asking_for(contract.seller_id):
        newest = Invoice.objects.filter(contract=contract).latest("pk")
        said = snapshot.read(newest.snapshot)
        assert said.instalment == snapshot.Instalment(date(2026, 6, 1), date(2026, 6, 30), 2, 4)


def test_after_an_outage_everything_is_billed_in_order_and_the_last_completes_the_contract(parties: Parties) -> None:
    contract = active(parties)
    go_live(contract, at=SIGNED_AT + 10 * DAY)
    assert state(contract) == "active", "nothing is left to accept, but four periods to bill"
    long_after = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
    assert tend(long_after) == 4
    assert invoices(contract)[2:] == [
        (f"INV-2026-000{number + 2}", f"Support, {number} of 4", "500.00", date(2026, 12, 1)) for number in (1, 2, 3, 4)
    ]
    assert state(contract) == "completed"
    assert tend(long_after + DAY) == 0
    assert "nothing differs" in verified()


def test_a_milestone_that_is_accepted_last_completes_what_is_billed_already(parties: Parties) -> None:
    contract = active(parties, start=Due("signature", None, "", "month", 4))
    assert tend(SIGNED_AT + 300 * DAY) == 4
    assert state(contract) == "active"
    go_live(contract, at=SIGNED_AT + 301 * DAY)
    assert state(contract) == "completed"


def test_a_deposit_on_a_day_waits_for_it(parties: Parties) -> None:
    contract = active(parties, deposit=Due("date", date(2026, 3, 10)))
    assert invoices(contract) == []
    assert tend(datetime(2026, 3, 9, 22, 59, tzinfo=UTC)) == 0
    assert tend(datetime(2026, 3, 9, 23, 0, tzinfo=UTC)) == 1
    assert invoices(contract) == [("INV-2026-0001", "Deposit", "4000.00", date(2026, 3, 10))]


def test_accepted_in_parts_a_milestone_starts_a_line_with_its_last_part(parties: Parties) -> None:
    contract = active(parties)
    submission = scenarios.submitted_milestone(contract, position=2, at=SIGNED_AT + DAY)
    approver = scenarios.approver_actor(parties)
    with acting(approver, at=SIGNED_AT + 2 * DAY):
        verdicts = [
            CriterionVerdict(criterion_id=one.pk, is_passed=True, reason="")
            for one in submission.milestone.line.criteria.all()
        ]
        sign_off.accept_part(
            actor=approver,
            key="part",
            submission_ref=submission.ref,
            seen=submission.sha256,
            part=Part(percent=D(50)),
            verdicts=verdicts,
            comment="The second half is still to come.",
        )
    assert days(contract) == [None] * 4
    with walls.asking_for(contract.seller_id):
        waiting = Instalment.objects.filter(contract=contract, count=4)[0]
        with pytest.raises(IntegrityError, match="a start follows the acceptance"):
            changed(waiting, "bills_on = '2026-03-04'")
    rest = scenarios.milestone_of(contract, position=2, part=2)
    submitted = scenarios.submitted_rest(rest, at=SIGNED_AT + 3 * DAY)
    with acting(approver, at=SIGNED_AT + 4 * DAY):
        sign_off.accept_milestone(actor=approver, key="rest", submission_ref=submitted.ref, seen=submitted.sha256)
    assert days(contract)[0] == date(2026, 3, 6)


def test_the_periodic_job_queues_a_contract_once_and_the_worker_bills_it(parties: Parties) -> None:
    contract = active(parties, start=Due("date", date(2026, 3, 1), "", "month", 4))
    with clock.stopped(SIGNED_AT + 40 * DAY):
        upkeep.bill_everybodys_instalments(timestamp=0)
        upkeep.bill_everybodys_instalments(timestamp=0)
        jobs = ProcrastinateJob.objects.filter(task_name__endswith="bill_instalments")
        assert jobs.count() == 1, "what waits already is not queued again"
        upkeep.bill_instalments(**jobs.get().args)
        upkeep.bill_instalments(**jobs.get().args)
        with walls.asking_for(contract.seller_id):
            run_due_jobs()
            documents = Invoice.objects.filter(contract=contract).values_list("document__state", flat=True)
            assert list(documents) == ["ready"] * 3
    assert [row[1] for row in invoices(contract)] == ["Deposit", "Support, 1 of 4", "Support, 2 of 4"]
    out = io.StringIO()
    call_command("check_documents", stdout=out)
    assert "3 documents" in out.getvalue()


def test_two_workers_and_a_sign_off_at_once_bill_everything_once(parties: Parties) -> None:
    contract = active(parties, start=Due("signature", None, "", "month", 4))
    submission = scenarios.submitted_milestone(contract, position=2, at=SIGNED_AT + DAY)
    approver = scenarios.approver_actor(parties)
    at = SIGNED_AT + 200 * DAY

    def work() -> int:
        with clock.stopped(at):
            return len(instalments.tend(contract_ref=contract.ref, seller_id=contract.seller_id))

    def accept() -> int:
        with acting(approver, at=at):
            sign_off.accept_milestone(actor=approver, key="k", submission_ref=submission.ref, seen=submission.sha256)
            return 0

    actions: list[Callable[[], int]] = [work, work, accept, work]
    answers = together(*actions)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    rows = invoices(contract)
    assert [row[0] for row in rows] == [f"INV-2026-000{number}" for number in range(1, 7)]
    assert sorted(row[1] for row in rows) == [
        "Deposit",
        "Go-live",
        *(f"Support, {number} of 4" for number in (1, 2, 3, 4)),
    ]
    periods = [row[1] for row in rows if row[1].startswith("Support")]
    assert periods == sorted(periods)
    assert state(contract) == "completed"
    assert "nothing differs" in verified()


def test_billing_that_fails_at_any_statement_leaves_nothing_and_succeeds_when_repeated(parties: Parties) -> None:
    contract = active(parties, start=Due("signature", None, "", "month", 4))
    actor = Actor.system(organisation_id=contract.seller_id)
    with acting(actor, at=SIGNED_AT):
        (ref, *_later) = invoicing.to_bill(contract_ref=contract.ref, at=SIGNED_AT)
        before, at = invoices_count(), 1
        while True:
            cut = _Cut(at)
            try:
                with connection.execute_wrapper(cut):
                    instalments.bill_instalment(actor=actor, key="k", instalment_ref=ref)
                break
            except OperationalError:
                assert invoices_count() == before
                at += 1
        assert at > 10, "every statement had its turn"
        assert invoices_count() == before + 1
    assert [row[0] for row in invoices(contract)] == ["INV-2026-0001", "INV-2026-0002"]


class _Cut:
    """The connection is lost at the n-th statement."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, execute: Callable[..., object], *arguments: object) -> object:
        self.left -= 1
        if self.left == 0:
            raise OperationalError("cut")
        return execute(*arguments)


def invoices_count() -> int:
    return Invoice.objects.count()


def changed(instalment: Instalment, to: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE invoicing_instalment SET {to} WHERE id = %s", [instalment.pk])
        connection.check_constraints()


def added(like: Instalment, **changes: int) -> None:
    with transaction.atomic():
        extra = Instalment.objects.get(pk=like.pk)
        extra.pk, extra.ref = None, "another-ref-0001"
        for name, value in changes.items():
            setattr(extra, name, value)
        extra.save(force_insert=True)
        connection.check_constraints()


def test_nothing_is_billed_before_its_day_or_out_of_turn_also_by_raw_sql(parties: Parties) -> None:
    contract = active(parties, start=Due("date", date(2026, 3, 1), "", "month", 4))
    actor = Actor.system(organisation_id=contract.seller_id)
    with acting(actor, at=SIGNED_AT):
        first, second = Instalment.objects.filter(contract=contract, count=4)[:2]
        with pytest.raises(Refused, match="“Support, 2 of 4” is not due yet"):
            instalments.bill_instalment(actor=actor, key="k", instalment_ref=second.ref)
        for change in ("amount = 1", "bills_on = '2026-02-01'", "billed_at = now()", "number = 9", "count = 9"):
            with pytest.raises(IntegrityError):
                changed(first, change)
        for wrong in (
            {"line_id": first.line_id, "number": 5},
            {"line_id": contract.active_version.lines.get(title="Go-live").pk, "number": 1},  # type: ignore[union-attr]
        ):
            with pytest.raises(IntegrityError):
                added(first, **wrong)
    # The third is due, but the two before it were not billed.
    with acting(actor, at=SIGNED_AT + 80 * DAY):
        third = Instalment.objects.get(contract=contract, number=3)
        with pytest.raises(IntegrityError, match="invoice only for the next instalment due"):
            instalments.bill_instalment(actor=actor, key="k3", instalment_ref=third.ref)
        instalments.bill_instalment(actor=actor, key="k1", instalment_ref=first.ref)
        again = instalments.bill_instalment(actor=actor, key="another key", instalment_ref=first.ref)
        assert again["number"] == "INV-2026-0002"
    assert len(invoices(contract)) == 2


def test_what_a_completed_contract_has_left_is_not_billed(parties: Parties) -> None:
    contract = active(parties, start=Due("signature", None, "", "month", 4))
    actor = Actor.system(organisation_id=contract.seller_id)
    with acting(actor, at=SIGNED_AT):
        (ref, *_later) = invoicing.to_bill(contract_ref=contract.ref, at=SIGNED_AT)
        with transaction.atomic():
            Contract.objects.filter(pk=contract.pk).update(state="completed", completed_at=SIGNED_AT)
            held = Contract.objects.select_for_update().get(pk=contract.pk)
            with pytest.raises(IllegalTransition, match="nothing more of it is billed"):
                invoicing.issue_instalment(
                    "a-new-reference1", contract=held, instalment_ref=ref, actor=actor, at=SIGNED_AT
                )
            transaction.set_rollback(True)


def test_a_plan_of_deposits_alone_is_completed_by_the_signature(parties: Parties) -> None:
    lines = (DraftLine("Everything", basis="remainder", kind="deposit", due=Due()),)
    contract = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, lines=lines), at=SIGNED_AT)
    assert invoices(contract) == [("INV-2026-0001", "Everything", "40000.00", date(2026, 3, 2))]
    assert state(contract) == "completed"
    assert "nothing differs" in verified()
