"""Revenue follows completion: once, dated by what happened, taken back with it; months are closed and stay so."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing.rules import Share
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.milestones.models import Milestone
from apps.revenue import services as revenue_services
from apps.revenue.models import AccountingPeriod, Modification, Obligation, Recognition
from apps.revenue.services import applying, recognising
from apps.revenue.services.books import Books
from apps.revenue.services.events import Event
from apps.workflows import revenue, sign_off
from tests import applications, change_orders, corrections, races, scenarios, terminations
from tests.scenarios import Parties, acting, key

D = Decimal
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = AT + timedelta(days=30)
MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 30)
Rows = list[tuple[str, int, str, str, date]]


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


def recognise(contract: Contract, *, at: datetime = AT) -> int:
    """The answer is how many recognitions were made."""
    before = len(rows(contract))
    with clock.stopped(at):
        revenue.recognise_revenue(contract_ref=contract.ref, seller_id=contract.seller_id)
    return len(rows(contract)) - before


def rows(contract: Contract) -> Rows:
    """Why, of which position, cumulative, amount, booked on."""
    with walls.asking_for(contract.seller_id):
        found = Recognition.objects.filter(contract=contract).select_related("obligation").order_by("pk")
        return [
            (one.why, one.obligation.position, f"{one.cumulative:.2f}", f"{one.amount:.2f}", one.booked_on)
            for one in found
        ]


def balance(contract: Contract, account: Seller) -> D:
    with walls.asking_for(contract.seller_id):
        return ledger.balance(
            organisation_id=contract.seller_id,
            currency="EUR",
            purpose=ledger.Purpose.SELLER,
            account=account,
            key=f"contract:{contract.ref}",
        )


def close(parties: Parties, through: date, *, at: datetime, role: str = "billing") -> AccountingPeriod:
    """Ask for it and let the job run."""
    actor = scenarios.member(parties, role)
    with acting(actor, at=at):
        answer = revenue.close_period(actor=actor, key=key(), through=through)
    with clock.stopped(at):
        revenue.work_off(period_ref=answer["period"], seller_id=parties.seller.pk)
    return period(parties, answer["period"])


def period(parties: Parties, ref: str) -> AccountingPeriod:
    with walls.asking_for(parties.seller.pk):
        return AccountingPeriod.objects.get(ref=ref)


def verified() -> str:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    call_command("verify_audit", stdout=out)
    return out.getvalue()


def test_an_acceptance_earns_once_and_a_withdrawn_one_gives_back(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    assert recognise(contract) == 0
    milestone = scenarios.accepted_milestone(contract, at=AT)
    assert (recognise(contract), recognise(contract)) == (1, 0)
    day = AT.date()
    assert rows(contract) == [("acceptance", 1, "12000.00", "12000.00", day)]
    assert (balance(contract, Seller.REVENUE), balance(contract, Seller.CONTRACT_BALANCE)) == (D(-12000), D(0))
    waiting = ProcrastinateJob.objects.filter(task_name="apps.workflows.revenue_jobs.recognise_revenue")
    assert [job.args["contract_ref"] for job in waiting] == [contract.ref] * 2, "signed, accepted"

    corrections.credited(parties, corrections.invoice_of(milestone).ref, "1000.00", at=LATER)
    later = LATER + timedelta(hours=1)
    nullified = corrections.asked(parties, milestone.ref, share=Share(amount=D(11000)), at=later)
    corrections.granted(parties, nullified, at=later)
    assert recognise(contract, at=later) == 2
    assert rows(contract)[1:] == [
        ("credit", 1, "11000.00", "-1000.00", LATER.date()),
        ("nullification", 1, "0.00", "-11000.00", LATER.date()),
    ]
    assert (balance(contract, Seller.REVENUE), balance(contract, Seller.CONTRACT_BALANCE)) == (D(0), D(0))
    assert "nothing differs" in verified()


def test_a_signed_change_is_treated_by_what_it_changes_and_the_reason_is_kept(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    scenarios.accepted_milestone(contract, at=AT)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    answer = change_orders.propose(contract, change_orders.more_training(contract), by=sina, at=AT)
    change_orders.sign(answer, by=olga, at=LATER)
    scenarios.accepted_milestone(contract, position=2, at=LATER)
    # Nothing was recognised yet: the story is told in its order all the same.
    assert recognise(contract, at=LATER) == 2
    assert rows(contract) == [
        ("acceptance", 1, "12000.00", "12000.00", AT.date()),
        ("acceptance", 2, "14000.00", "14000.00", LATER.date()),
    ]
    with walls.asking_for(contract.seller_id):
        change = Modification.objects.get(contract=contract)
        said = (change.treatment, change.reason, change.price_before, change.price_after, change.signed_on)
        assert said == ("prospective", "not_begun", D(40000), D(43500), LATER.date())
        obligations = Obligation.objects.filter(contract=contract).values_list("title", "allocated", "recognised")
        assert list(obligations) == [
            ("Prototype", D(12000), D(12000)),
            ("Integration", D(14000), D(14000)),
            ("Final delivery and sign-off", D(14500), D(0)),
            ("Training", D(3000), D(0)),
        ]
    assert recognise(contract, at=LATER) == 0
    assert "nothing differs" in verified()


def test_a_signed_change_of_dates_alone_leaves_revenue_as_it_was(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    scenarios.accepted_milestone(contract, at=AT)
    later = ChangeDraft(
        title="Later",
        reason="The buyer asked for it.",
        lines=(change_orders.line(contract, 2, planned_on=date(2026, 7, 31)),),
    )
    answer = change_orders.propose(contract, later, by=scenarios.seller_actor(parties), at=AT)
    change_orders.sign(answer, by=scenarios.buyer_actor(parties), at=LATER)
    scenarios.accepted_milestone(contract, position=2, at=LATER)
    assert recognise(contract, at=LATER) == 2
    with walls.asking_for(contract.seller_id):
        change = Modification.objects.get(contract=contract)
        assert (change.reason, change.price_before, change.price_after) == ("no_amount", D(40000), D(40000))
        obligations = Obligation.objects.filter(contract=contract)
        assert [one.allocated for one in obligations] == [D(12000), D(12000), D(16000)]
    assert "nothing differs" in verified()


def test_what_was_credited_and_then_withdrawn_can_be_changed_and_is_earned_anew(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    milestone = scenarios.accepted_milestone(contract, at=AT)
    corrections.credited(parties, corrections.invoice_of(milestone).ref, "1000.00", at=AT)
    corrections.granted(parties, corrections.asked(parties, milestone.ref, at=AT), at=AT)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    smaller = ChangeDraft(
        title="Half a prototype",
        reason="One warehouse is closed.",
        lines=(change_orders.line(contract, 1, amount=D(5000)),),
    )
    change_orders.sign(change_orders.propose(contract, smaller, by=sina, at=LATER), by=olga, at=LATER)
    recognise(contract, at=LATER)
    # Of the 5,000.00 the first 1,000.00 are accepted, billed and credited; so they are in what is recognised.
    with walls.asking_for(contract.seller_id):
        rest = Milestone.objects.select_related("contract", "line").get(contract=contract, position=1, part=2)
    assert rest.amount == 4000
    submission = scenarios.submitted_rest(rest, at=LATER)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with acting(guest, at=LATER):
        sign_off.accept_milestone(actor=guest, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    recognise(contract, at=LATER)
    assert rows(contract)[-1] == ("acceptance", 1, "4000.00", "4000.00", LATER.date())
    with walls.asking_for(contract.seller_id):
        found = Obligation.objects.get(contract=contract, position=1)
    assert (found.agreed, found.done, found.credited) == (D(5000), D(5000), D(1000))
    assert "nothing differs" in verified()


def test_a_month_is_closed_and_what_comes_late_lands_in_the_open_one(parties: Parties) -> None:
    """The deposit of 4,000 is borne by what is promised, 34,000 and 2,000: 37,777.78 and 2,222.22."""
    contract = scenarios.active_contract(parties, draft=scenarios.hybrid_draft(parties), at=AT)
    scenarios.accepted_milestone(contract, position=2, at=AT)
    closed = close(parties, MARCH, at=LATER)
    assert (closed.state, closed.contracts, closed.done) == ("closed", 1, 1)
    # 22 of the 31 days of the first of four months: 2,222.22 / 4 * 22 / 31. The acceptance was missed and is caught up.
    assert rows(contract) == [
        ("acceptance", 2, "37777.78", "37777.78", AT.date()),
        ("period", 3, "394.26", "394.26", MARCH),
    ]
    assert balance(contract, Seller.CONTRACT_BALANCE) == D("172.04"), "38,172.04 recognised, 38,000.00 billed"
    with pytest.raises(Refused, match="closed"):
        close(parties, MARCH, at=LATER)
    with pytest.raises(Refused, match="2026-04-30 first"):
        close(parties, date(2026, 5, 31), at=datetime(2026, 6, 2, tzinfo=UTC))

    other = scenarios.active_contract(
        parties, draft=scenarios.software_draft(parties, number="NL-2"), at=datetime(2026, 3, 5, 12, tzinfo=UTC)
    )
    scenarios.accepted_milestone(other, at=datetime(2026, 3, 20, 12, tzinfo=UTC))
    recognise(other, at=LATER)
    assert rows(other) == [("acceptance", 1, "12000.00", "12000.00", date(2026, 4, 1))]
    refused_by_postgres(other)

    end = datetime(2026, 8, 3, 12, tzinfo=UTC)
    for through in (APRIL, date(2026, 5, 31), date(2026, 6, 30), date(2026, 7, 31)):
        close(parties, through, at=end)
    earned = [row for row in rows(contract) if row[1] == 3]
    assert (earned[-1][2], earned[-1][4], len(earned)) == ("2222.22", date(2026, 7, 31), 5)
    assert "nothing differs" in verified()


def refused_by_postgres(contract: Contract) -> None:
    """Whoever goes round the services."""
    with walls.asking_for(contract.seller_id):
        row = Recognition.objects.get(contract=contract)
        changes: list[Callable[[], Any]] = [
            lambda: Recognition.objects.filter(pk=row.pk).update(amount=1),
            lambda: Obligation.objects.filter(pk=row.obligation_id).update(recognised=1),
            lambda: Obligation.objects.filter(pk=row.obligation_id).update(contract_id=row.contract_id + 1),
            lambda: AccountingPeriod.objects.filter(through=MARCH).update(state="closing"),
            lambda: AccountingPeriod.objects.filter(through=MARCH).delete(),
            lambda: again(row, cause="x:1", booked_on=MARCH, occurred_on=MARCH, amount=0),
            lambda: again(row, cause="x:1", amount=5, cumulative=row.cumulative + 5),
            lambda: again(row, amount=0),
        ]
        for change in changes:
            with pytest.raises(Exception) as refused, transaction.atomic():  # noqa: PT011, PT012
                change()
                transaction.get_connection().check_constraints()
            assert isinstance(refused.value, IntegrityError) or "permission denied" in str(refused.value)


def again(row: Recognition, **changes: object) -> None:
    """The same row once more, with something different."""
    fields = {name: getattr(row, name) for name in ("why", "cause", "occurred_on", "booked_on", "currency")}
    fields |= {"organisation_id": row.organisation_id, "contract_id": row.contract_id, "cumulative": row.cumulative}
    fields |= {"obligation_id": row.obligation_id, "amount": 0, "recognised_at": row.recognised_at, **changes}
    Recognition.objects.create(**fields)


def test_a_credit_of_several_lines_is_asked_for_until_it_is_recognised_and_no_longer(parties: Parties) -> None:
    """An application bills several milestones: a credit note of it lowers the price of each, also after the end."""
    contract = applications.contract_by_application(parties, at=AT)
    for position in (1, 2):
        scenarios.accepted_milestone(contract, position=position, at=AT)
    bea, sina = scenarios.approver_actor(parties), scenarios.seller_actor(parties)
    answer = applications.certified(applications.submitted(contract, at=AT), actor=bea, at=AT)
    recognise(contract)
    assert to_tend(parties) == []
    corrections.credited(parties, answer["invoice"], "1000.00", at=AT)
    assert to_tend(parties) == [contract.ref]
    assert close(parties, MARCH, at=LATER).contracts == 1
    lowered = [("credit", 1, "11500.00", "-500.00", AT.date()), ("credit", 2, "11500.00", "-500.00", AT.date())]
    assert (rows(contract)[2:], to_tend(parties)) == (lowered, [])

    terminations.noticed(contract, by=sina, effective_on=LATER.date(), at=LATER)
    terminations.signed(terminations.proposed(contract, {}, by=sina, at=LATER), by=bea, at=LATER)
    recognise(contract, at=LATER)
    corrections.credited(parties, answer["invoice"], "600.00", at=LATER + timedelta(days=1))
    assert to_tend(parties) == [contract.ref]
    recognise(contract, at=LATER + timedelta(days=1))
    assert to_tend(parties) == []
    assert "nothing differs" in verified()


def to_tend(parties: Parties) -> list[str]:
    """Of which contracts something is not recognised."""
    with walls.asking_for(parties.seller.pk):
        found = revenue_services.contracts_to_tend(organisation_id=parties.seller.pk, through=MARCH)
        return list(found.values_list("ref", flat=True))


def test_closing_goes_on_where_it_stopped(parties: Parties) -> None:
    contracts = [
        scenarios.active_contract(parties, draft=scenarios.software_draft(parties, number=f"NL-{number}"), at=AT)
        for number in range(3)
    ]
    for contract in contracts:
        scenarios.accepted_milestone(contract, at=AT)
    follow = applying.apply

    def stops(books: Books, *, event: Event) -> None:
        if books.contract.number == "NL-1":
            raise RuntimeError("the machine is gone")
        follow(books, event=event)

    # All three are brought up together; where that fails each is by itself, as far as the one that cannot be.
    with patch.object(recognising, "apply", stops), pytest.raises(RuntimeError):
        close(parties, MARCH, at=LATER)
    with walls.asking_for(parties.seller.pk):
        failed = AccountingPeriod.objects.get()
    assert (failed.state, failed.contracts) == ("failed", 3)
    assert failed.failure == (
        "The revenue of contract NL-1 could not be recognised (RuntimeError('the machine is gone'))."
    )
    assert [len(rows(contract)) for contract in contracts] == [1, 0, 0]
    # The job is tried again by itself; a person who asks again finds it closed.
    with clock.stopped(LATER):
        revenue.work_off(period_ref=failed.ref, seller_id=parties.seller.pk)
    closed = period(parties, failed.ref)
    assert (closed.pk, closed.state, closed.done, closed.failure) == (failed.pk, "closed", 3, "")
    assert [len(rows(contract)) for contract in contracts] == [1, 1, 1]
    with clock.stopped(LATER):
        revenue.work_off(period_ref=closed.ref, seller_id=parties.seller.pk)
    with pytest.raises(NotAllowed, match="close accounting periods"):
        close(parties, APRIL, at=datetime(2026, 5, 2, tzinfo=UTC), role="delivery")


def test_two_who_close_the_first_month_at_once_close_one(parties: Parties) -> None:
    bilge = scenarios.member(parties, "billing")

    def asks() -> str:
        with acting(bilge, at=LATER):
            return revenue.close_period(actor=bilge, key=key(), through=MARCH)["period"]

    with walls.asking_for(parties.seller.pk):
        first, second = races.together(asks, asks)
        assert first == second == AccountingPeriod.objects.get().ref


def test_nobody_but_the_seller_sees_its_revenue(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    scenarios.accepted_milestone(contract, at=AT)
    recognise(contract)
    for other in (parties.buyer, parties.financier):
        with walls.asking_for(other.pk):
            assert not Recognition.objects.exists()
            assert not Obligation.objects.exists()
        with pytest.raises(Refused, match="no such contract"):
            revenue.recognise_revenue(contract_ref=contract.ref, seller_id=other.pk)
