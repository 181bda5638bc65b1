"""The accountant's judgements: each with its reason, followed at once, cumulatively, and never edited."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.contracts.drafts import ChangeDraft, DraftCriterion, DraftLine, Due
from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.ledger.charts import Seller
from apps.revenue import rules, services
from apps.revenue.models import Interest, Judgement, JudgementKind, Measure, Modification, Obligation, Recognition
from apps.revenue.rules import Component, Compounding, Costs, Method, Outcome, Treatment
from apps.revenue.services import recognising
from apps.workflows import revenue
from tests import change_orders, scenarios
from tests.scenarios import Parties, acting, key
from tests.workflows.test_revenue import AT, LATER, MARCH, balance, close, recognise, verified

D = Decimal
CRITERION = DraftCriterion("Ten users passed the exam.", needs_evidence=True)


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


def judge(
    parties: Parties, contract: Contract, kind: str, *, at: datetime = AT, role: str = "billing", **said: Any
) -> str:
    actor = scenarios.member(parties, role)
    said = {"reason": "As the auditor agreed.", "effective_on": at.date(), **said}
    with acting(actor, at=at):
        return revenue.judge_revenue(
            actor=actor,
            key=key(),
            contract_ref=contract.ref,
            decision=services.Decision(kind=JudgementKind(kind), **said),
        )["judgement"]


def costs(incurred: str, expected: str, *, uninstalled: str = "0", of: str = "0") -> Costs:
    return Costs(incurred=D(incurred), expected=D(expected), uninstalled=D(uninstalled), uninstalled_expected=D(of))


def bears(contract: Contract) -> list[tuple[Decimal, Decimal]]:
    """Allocated and recognised, by obligation."""
    with walls.asking_for(contract.seller_id):
        found = Obligation.objects.filter(contract=contract).order_by("position")
        return list(found.values_list("allocated", "recognised"))


def moved(contract: Contract, ref: str) -> Decimal:
    with walls.asking_for(contract.seller_id):
        return sum((one.amount for one in Recognition.objects.filter(cause=f"judgement:{ref}")), D(0))


def expected(contract: Contract, *, today: date) -> dict[date, Decimal]:
    with walls.asking_for(contract.seller_id):
        return services.Expected(organisation_id=contract.seller_id, currency="EUR", today=today).by_month()


def test_measures_and_costs_are_followed_at_once_and_a_milestone_still_bills(parties: Parties) -> None:
    """Milestones of 12,000, 12,000 and 16,000; the second by costs, the third evenly over 28 days."""
    contract = scenarios.active_contract(parties, at=AT)
    first = judge(
        parties, contract, "measure", position=2, measure=Measure.COST_TO_COST,
        costs=costs("2000", "8000", uninstalled="1000", of="3000"),
    )  # fmt: skip
    # 1,000 of 5,000 without materials: a fifth of 12,000 less 3,000, and materials of 1,000 at their cost.
    assert moved(contract, first) == D(2800)
    second = judge(
        parties, contract, "costs", position=2, costs=costs("5500", "9000", uninstalled="3000", of="3000"), at=LATER
    )
    assert moved(contract, second) == D(3750) + D(3000) - D(2800), "2,500 of 6,000, and all materials"
    even = judge(
        parties, contract, "measure", position=3, measure=Measure.STRAIGHT_LINE,
        starts_on=date(2026, 4, 1), ends_on=date(2026, 4, 28), at=LATER,
    )  # fmt: skip
    assert moved(contract, even) == D("5142.86"), "9 of 28 days of 16,000"
    # By its planned day 12,000; by costs 5,250 in 22, 31 and 30 days from today; by days 10,857.14 in April.
    assert expected(contract, today=LATER.date()) == {
        date(2026, 4, 1): D(12000) + D("1391.57") + D("10857.14"),
        date(2026, 5, 1): D("1960.84"),
        date(2026, 6, 1): D("1897.59"),
    }
    assert expected(contract, today=date(2026, 7, 1)) == {services.NO_DATE: D(17250), date(2026, 4, 1): D("10857.14")}
    scenarios.accepted_milestone(contract, at=LATER)
    scenarios.accepted_milestone(contract, position=2, at=LATER)
    recognise(contract, at=LATER)
    # What is accepted bills; the first is earned by it, the second by its costs alone.
    assert bears(contract) == [(D(12000), D(12000)), (D(12000), D(6750)), (D(16000), D("5142.86"))]
    assert balance(contract, Seller.CONTRACT_BALANCE) == D("23892.86") - D(24000)
    # Measured by what was accepted after all: at once the whole.
    judge(parties, contract, "measure", position=2, measure=Measure.COMPLETION, at=LATER)
    assert bears(contract)[1] == (D(12000), D(12000))
    with pytest.raises(Refused, match="Raise the estimate"):
        judge(parties, contract, "measure", position=2, measure=Measure.COST_TO_COST, costs=costs("9", "8"), at=LATER)
    close(parties, MARCH, at=LATER)
    close(parties, date(2026, 4, 30), at=datetime(2026, 5, 2, tzinfo=UTC))
    assert bears(contract)[2] == (D(16000), D(16000))
    assert "nothing differs" in verified()


def upfront(parties: Parties) -> Contract:
    """30,000 at signature and 10,000 in June: two deposits, and nothing that anybody signs off."""
    deposits = tuple(
        DraftLine(title, basis="amount", amount=D(amount), kind="deposit", due=due)
        for title, amount, due in (("First", 30000, Due()), ("Second", 10000, Due("date", date(2026, 6, 1))))
    )
    draft = scenarios.software_draft(parties, lines=deposits, partial_acceptance=False)
    return scenarios.active_contract(parties, draft=draft, at=AT)


def test_what_is_paid_upfront_is_earned_as_a_person_judges(parties: Parties) -> None:
    contract = upfront(parties)
    recognise(contract)
    assert (bears(contract), balance(contract, Seller.CONTRACT_BALANCE)) == ([(D(40000), D(0))], D(-30000))
    with pytest.raises(Refused, match="Nothing is signed off"):
        judge(parties, contract, "measure", measure=Measure.POINT_IN_TIME)
    judge(
        parties, contract, "measure", measure=Measure.STRAIGHT_LINE,
        starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 20),
    )  # fmt: skip
    assert bears(contract) == [(D(40000), D(20000))], "10 of 20 days"
    judge(
        parties, contract, "measure", measure=Measure.STRAIGHT_LINE,
        starts_on=date(2026, 3, 1), ends_on=date(2027, 3, 1),
    )  # fmt: skip
    left = D("38907.10")  # of 366 days 356
    found = expected(contract, today=AT.date())
    assert (sum(found.values()), found[date(2026, 3, 1)], found[date(2027, 3, 1)]) == (left, D("2295.08"), D("109.29"))
    with walls.asking_for(contract.seller_id):
        years = services.Expected(organisation_id=contract.seller_id, currency="EUR", today=AT.date()).by_year()
    assert years == {contract.pk: {2026: D("32349.72"), 2027: D("6557.38")}}, "296 days and 60"
    judge(parties, contract, "measure", measure=Measure.COMPLETION)
    assert bears(contract) == [(D(40000), D(0))], "taken back"
    judge(parties, contract, "measure", measure=Measure.DELIVERED)
    assert bears(contract) == [(D(40000), D(40000))]
    assert balance(contract, Seller.CONTRACT_BALANCE) == D(10000), "of it 30,000 are billed"
    # Work that is added is a promise of its own; what a deposit adds is of the whole, which is delivered.
    added = DraftLine("Training", basis="amount", amount=D(3000), planned_on=date(2026, 10, 15), criteria=(CRITERION,))
    order = change_orders.propose(
        contract,
        ChangeDraft(title="More", reason="Asked for.", added=(added,)),
        by=scenarios.seller_actor(parties),
        at=AT,
    )
    change_orders.sign(order, by=scenarios.approver_actor(parties), at=AT)
    recognise(contract)
    assert bears(contract) == [(D(40000), D(40000)), (D(3000), D(0))]
    assert "nothing differs" in verified()


def test_a_plan_of_deposits_alone_that_was_changed_before_it_had_an_obligation(
    parties: Parties, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = upfront(parties)
    with monkeypatch.context() as before:
        before.setattr(recognising, "open_obligations", lambda *_args, **_kwargs: [])
        draft = ChangeDraft("More", "Asked for.", lines=(change_orders.line(contract, 2, amount=D(12000)),))
        order = change_orders.propose(contract, draft, by=scenarios.seller_actor(parties), at=AT)
        change_orders.sign(order, by=scenarios.approver_actor(parties), at=AT)
        recognise(contract)
        assert bears(contract) == []
    recognise(contract)
    assert bears(contract) == [(D(42000), D(0))]
    assert "nothing differs" in verified()


def test_what_was_shown_to_be_met_may_be_earned_before_it_is_accepted(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    judge(parties, contract, "measure", position=2, measure=Measure.DELIVERED)
    assert bears(contract)[1] == (D(12000), D(12000))
    scenarios.accepted_milestone(contract, at=AT)
    scenarios.accepted_milestone(contract, position=2, at=AT)
    assert recognise(contract) == 2
    assert bears(contract)[1] == (D(12000), D(12000)), "once"
    assert "nothing differs" in verified()


def test_prices_are_shared_by_stand_alone_prices_and_variable_amounts_are_constrained(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    scenarios.accepted_milestone(contract, at=AT)
    judge(parties, contract, "standalone", position=1, amount=D(22000))
    # 40,000 by 22,000, 12,000 and 16,000: what is accepted bears more, and is earned at once.
    assert bears(contract) == [(D(17600), D(17600)), (D(9600), D(0)), (D(12800), D(0))]
    outcomes = [Outcome(amount=D(5000), percent=D(60)), Outcome(amount=D(0), percent=D(40))]
    ref = judge(parties, contract, "variable", about="Early finish", method=Method.EXPECTED_VALUE, outcomes=outcomes,
                at_most=D(1000))  # fmt: skip
    assert moved(contract, ref) == D(440), "1,000 of 3,000 stand firm; the first bears 22 of 50"
    judge(parties, contract, "variable", about="Early finish", outcomes=outcomes, position=2)
    assert bears(contract) == [(D(17600), D(17600)), (D(14600), D(0)), (D(12800), D(0))], "5,000, and the second alone"
    damages = [Outcome(amount=D(-2000), percent=D(100))]
    judge(parties, contract, "variable", about="Damages", outcomes=damages, at=LATER)
    judge(parties, contract, "variable", about="Damages", outcomes=[Outcome(amount=D(0), percent=D(100))], at=LATER)
    judge(
        parties, contract, "variable", about="Early finish", outcomes=[Outcome(amount=D(0), percent=D(100))], at=LATER
    )
    assert bears(contract) == [(D(17600), D(17600)), (D(9600), D(0)), (D(12800), D(0))], "undone, to the cent"
    with pytest.raises(Refused, match="more off the price"):
        judge(parties, contract, "variable", about="Damages", outcomes=[Outcome(amount=D(-90000), percent=D(100))])
    with pytest.raises(Refused, match="100%"):
        judge(parties, contract, "variable", about="Damages", outcomes=outcomes[:1])
    assert "nothing differs" in verified()


def test_interest_of_a_financing_component_follows_the_days_and_is_no_revenue(parties: Parties) -> None:
    """The last milestone is paid two years after: 16,000 at 5 % are 14,512.47 in cash, and 1,487.53 interest."""
    contract = scenarios.active_contract(parties, at=AT)
    component = Component(
        amount=D(16000), rate=D(5), compounding=Compounding.YEARLY, starts_on=AT.date(),
        ends_on=AT.date() + timedelta(days=730), is_deferred=True,
    )  # fmt: skip
    judge(parties, contract, "financing", about="Paid in 2028", component=component, position=3)
    assert [allocated for allocated, _ in bears(contract)] == [D(12000), D(12000), D("14512.47")]
    for position in (1, 2, 3):
        scenarios.accepted_milestone(contract, position=position, at=AT)
    recognise(contract)
    assert balance(contract, Seller.CONTRACT_BALANCE) == D("-1487.53")
    close(parties, MARCH, at=LATER)
    # 21 of 365 days at 5 % a year, compounded yearly.
    assert balance(contract, Seller.CONTRACT_INTEREST_INCOME) == D("-40.80")
    with walls.asking_for(contract.seller_id):
        figures = services.of_contracts([contract])[contract.pk]
        assert figures.position.liability == D("1446.73")
        tied = services.tie_out(organisation_id=contract.seller_id, currency="EUR", since=AT.date())
        assert (tied.lines > 3, tied.differ) == (True, 0)
        row = Interest.objects.get()
        for change in (lambda: Interest.objects.update(amount=1), lambda: Interest.objects.filter(pk=row.pk).delete()):
            with pytest.raises(Exception, match=r"append-only|permission denied"), transaction.atomic():
                change()
    # The buyer pays at once after all: there is no component, and what was accrued goes back in the open month.
    none = Component(amount=D(0), rate=D(5), compounding=Compounding.NONE, starts_on=AT.date(), ends_on=AT.date(), is_deferred=True)  # fmt: skip  # noqa: E501
    judge(parties, contract, "financing", about="Paid in 2028", component=none, position=3, at=LATER)
    close(parties, date(2026, 4, 30), at=datetime(2026, 5, 2, tzinfo=UTC))
    assert balance(contract, Seller.CONTRACT_INTEREST_INCOME) == 0
    assert balance(contract, Seller.CONTRACT_BALANCE) == 0
    assert "nothing differs" in verified()


def test_a_change_order_is_treated_as_it_is_judged(parties: Parties) -> None:
    """By the rule the change is prospective; judged a catch-up, what was accepted bears its part of the new price."""
    contract = scenarios.active_contract(parties, at=AT)
    scenarios.accepted_milestone(contract, at=AT)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    judge(parties, contract, "standalone", position=1, amount=D(14000))
    before = bears(contract)
    change = ChangeDraft(title="Cheaper", reason="Agreed.", lines=(change_orders.line(contract, 3, amount=D(11000)),))
    change_orders.sign(change_orders.propose(contract, change, by=sina, at=AT), by=olga, at=AT)
    recognise(contract, at=AT)
    after = bears(contract)
    assert (after[0], sum(one for one, _ in after)) == (before[0], D(35000)), "what was earned stays"
    with walls.asking_for(contract.seller_id):
        version = Modification.objects.get().version
    said: dict[str, Any] = {"version_ref": version.ref, "at": LATER}
    ref = judge(parties, contract, "treatment", treatment=Treatment.CATCH_UP, **said)
    expected = rules.allocated(D(35000), standalone=[D(14000), D(12000), D(11000)], currency="EUR")
    assert [allocated for allocated, _ in bears(contract)] == expected
    assert moved(contract, ref) == expected[0] - before[0][1]
    judge(parties, contract, "treatment", treatment=Treatment.PROSPECTIVE, **said)
    assert bears(contract) == after, "and back, to the cent"
    with pytest.raises(Refused, match="can be a separate contract"):
        judge(parties, contract, "treatment", treatment=Treatment.SEPARATE, **said)
    assert "nothing differs" in verified()


def test_who_judges_what_and_what_is_kept(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    outcomes = [Outcome(amount=D(500), percent=D(100))]
    variable: dict[str, Any] = {"about": "Bonus", "outcomes": outcomes}
    with pytest.raises(NotAllowed, match="judge revenue"):
        judge(parties, contract, "variable", role="delivery", **variable)
    for wrong, told in (
        ({"reason": " "}, "Say why"),
        ({"effective_on": AT.date() + timedelta(days=1)}, "today or an earlier"),
        ({"position": 9}, "Choose an obligation"),
        ({"about": ""}, "Give it a name"),
    ):
        with pytest.raises(Refused, match=told):
            judge(parties, contract, "variable", **{**variable, **wrong})
    with walls.asking_for(contract.seller_id):
        assert not Judgement.objects.exists(), "refused, and nothing happened"
    judge(parties, contract, "variable", **variable)
    with walls.asking_for(contract.seller_id):
        kept = Judgement.objects.get()
        assert (kept.counts, kept.reason, kept.judged_by_name) == (D(500), "As the auditor agreed.", "Bilge Aydin")
        changes: list[Callable[[], Any]] = [
            lambda: Judgement.objects.update(counts=1),
            lambda: Judgement.objects.all().delete(),
            lambda: Judgement.objects.filter(pk=kept.pk).update(reason=""),
        ]
        for change in changes:
            with pytest.raises(Exception) as refused, transaction.atomic():  # noqa: PT011
                change()
            assert isinstance(refused.value, IntegrityError) or "permission denied" in str(refused.value)
    with walls.asking_for(parties.buyer.pk):
        assert not Judgement.objects.exists()
