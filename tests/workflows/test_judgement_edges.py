"""Judgements beside what happens meanwhile: change orders, a termination, and amounts and days that nobody can mean."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.contracts.drafts import ChangedLine, ChangeDraft
from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing.rules import Share
from apps.ledger.charts import Seller
from apps.revenue.models import Judgement, JudgementKind, Measure, Modification, Obligation
from apps.revenue.rules import Component, Compounding, Outcome, Treatment
from apps.revenue.services import Decision
from apps.workflows import charging, crediting, revenue
from tests import change_orders, scenarios, terminations
from tests.scenarios import Parties
from tests.workflows import test_charges as charges
from tests.workflows.test_judgements import bears, costs, judge
from tests.workflows.test_revenue import AT, LATER, MARCH, balance, close, recognise, verified

D = Decimal


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


def change(parties: Parties, contract: Contract, line: ChangedLine, *, at: datetime = AT) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    draft = ChangeDraft(title="Less", reason="Agreed.", lines=(line,))
    change_orders.sign(change_orders.propose(contract, draft, by=sina, at=at), by=olga, at=at)
    recognise(contract, at=at)


def test_a_price_that_falls_below_the_materials_or_below_what_is_earned(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    judge(
        parties, contract, "measure", position=2, measure=Measure.COST_TO_COST,
        costs=costs("9000", "11000", uninstalled="8500", of="9000"),
    )  # fmt: skip
    change(parties, contract, change_orders.line(contract, 2, amount=D(8000)))
    assert bears(contract) == [(D(12000), D(0)), (D(8000), D(8000)), (D(16000), D(0))], "no more than the price"
    scenarios.accepted_milestone(contract, at=AT)
    judge(parties, contract, "standalone", position=1, amount=D(90000))
    assert bears(contract)[0] == (D("28421.05"), D("28421.05")), "36,000 by 90, 8 and 16"
    change(parties, contract, change_orders.line(contract, 3, amount=D(1000)))
    shares = [D("19090.91"), D("1696.97"), D("212.12")]
    assert bears(contract) == [(shares[0], shares[0]), (shares[1], shares[1]), (shares[2], D(0))], "21,000 caught up"
    with walls.asking_for(contract.seller_id):
        assert Modification.objects.last().reason == "nothing_left"  # type: ignore[union-attr]
    assert "nothing differs" in verified()


def test_what_a_change_order_took_out_is_judged_no_more(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    judge(
        parties, contract, "measure", position=2, measure=Measure.COST_TO_COST, costs=costs("2000", "8000")
    )  # a quarter of 12,000
    change(parties, contract, ChangedLine(2, None))
    assert bears(contract) == [(D(12000), D(0)), (D(0), D(0)), (D(16000), D(0))], "it was partly done: caught up"
    decisions: dict[str, dict[str, Any]] = {
        "measure": {"measure": Measure.COMPLETION},
        "standalone": {"amount": D(100)},
        "variable": {"about": "Bonus", "outcomes": [Outcome(amount=D(5), percent=D(100))]},
    }
    for kind, said in decisions.items():
        with pytest.raises(Refused, match="obligation of this contract"):
            judge(parties, contract, kind, position=2, **said)
    with walls.asking_for(contract.seller_id):
        ref = Modification.objects.get().version.ref
    judge(parties, contract, "treatment", treatment=Treatment.PROSPECTIVE, version_ref=ref, at=LATER)
    left = [(D("10714.29"), D(0)), (D(3000), D(3000)), (D("14285.71"), D(0))]
    assert bears(contract) == left, "what it earned stays, the rest is borne by what is left"
    assert "nothing differs" in verified()


def test_interest_of_a_contract_that_ends_with_nothing_billed_is_taken_back(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    component = Component(
        amount=D(16000), rate=D(5), compounding=Compounding.YEARLY, starts_on=AT.date(),
        ends_on=AT.date() + timedelta(days=730), is_deferred=True,
    )  # fmt: skip
    judge(parties, contract, "financing", about="Paid in 2028", component=component, position=3)
    close(parties, MARCH, at=LATER)
    assert balance(contract, Seller.CONTRACT_INTEREST_INCOME) == D("-40.80")
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    terminations.noticed(contract, by=olga, effective_on=(LATER + timedelta(days=60)).date(), at=LATER)
    at = LATER + timedelta(days=61)
    terminations.signed(terminations.proposed(contract, {}, by=sina, at=at), by=olga, at=at)
    recognise(contract, at=at)
    assert bears(contract) == [(D(0), D(0))] * 3
    assert balance(contract, Seller.CONTRACT_INTEREST_INCOME) == 0
    assert balance(contract, Seller.CONTRACT_BALANCE) == 0
    recognise(contract, at=at)
    assert "nothing differs" in verified()


def test_fractions_of_a_cent_and_days_before_the_contract_are_refused(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    cent = "EUR has 2 decimals"
    whole, part = [Outcome(amount=D(-5), percent=D(100))], [Outcome(amount=D("-5.005"), percent=D(100))]
    decisions: list[tuple[str, str, dict[str, Any]]] = [
        (cent, "variable", {"about": "Damages", "outcomes": part}),
        (cent, "variable", {"about": "Damages", "outcomes": whole, "at_most": D("0.001")}),
        (cent, "standalone", {"position": 1, "amount": D("0.001")}),
        (cent, "measure", {"position": 1, "measure": Measure.COST_TO_COST, "costs": costs("1.001", "8")}),
        ("last signature", "standalone", {"position": 1, "amount": D(5), "effective_on": date(1970, 1, 1)}),
    ]
    for told, kind, said in decisions:
        with pytest.raises(Refused, match=told):
            judge(parties, contract, kind, **said)
    with walls.asking_for(contract.seller_id):
        assert not Judgement.objects.exists()


def test_a_charge_takes_the_place_of_its_estimate_and_a_bonus_is_earned(scratch: str) -> None:
    """Estimated at 400 and -300, billed at 500 and -240: the price moves by what stands, and by that once."""
    story = charges.tell()
    outcomes = {"bonus": (story.early, 400), "damages": (story.late, -300)}
    for kind, (milestone, amount) in outcomes.items():
        decision = Decision(
            kind=JudgementKind.VARIABLE,
            reason="As it went so far.",
            effective_on=charges.AT.date(),
            position=milestone.position,
            about=kind,
            outcomes=[Outcome(amount=D(amount), percent=D(100))],
            settled_by=kind,
        )
        charges.by(story, "billing", revenue.judge_revenue, contract_ref=story.contract.ref, decision=decision)
    nobody = replace(decision, position=None)
    with pytest.raises(Refused, match="whose bonus or damages"):
        charges.by(story, "billing", revenue.judge_revenue, contract_ref=story.contract.ref, decision=nobody)
    assert _earned(story) == {1: D(11700), 2: D(12400), 3: D(0)}
    charges.by(story, "billing", charging.claim_bonus, days=1, milestone_ref=story.early.ref)
    charges.by(story, "approver", charging.claim_damages, days=1, milestone_ref=story.late.ref)
    assert _earned(story) == {1: D(11760), 2: D(12500), 3: D(0)}
    assert _earned(story) == {1: D(11760), 2: D(12500), 3: D(0)}, "recognised again, nothing happens"
    assert charges.book(story, Seller.CONTRACT_BALANCE) == -D(12000), "only what the other contract billed"
    asked = charges.by(
        story, "approver", crediting.ask_nullification, days=2, milestone_ref=story.early.ref, share=Share(),
        reason="It leaks.",
    )  # fmt: skip
    charges.by(story, "billing", crediting.grant_nullification, days=2, nullification_ref=asked["nullification"])
    assert _earned(story) == {1: D(11760), 2: D(0), 3: D(0)}
    assert "nothing differs" in verified()


def test_a_bonus_stays_with_its_milestone_and_an_estimate_that_was_shared_out_is_taken_back(scratch: str) -> None:
    """Estimated at 30,000 and shared out by a change order that caught up, billed at 500: no job is stuck by it."""
    story = charges.tell()
    parties, early, at = story.parties, story.early.position, charges.AT
    judge(
        parties, story.contract, "variable", position=early, about="Bonus", settled_by="bonus", at=at,
        outcomes=[Outcome(amount=D(30000), percent=D(100))],
    )  # fmt: skip
    change(parties, story.contract, change_orders.line(story.contract, 3, amount=D(1000)), at=at)
    with walls.asking_for(story.contract.seller_id):
        ref = Modification.objects.get().version.ref
    judge(parties, story.contract, "treatment", treatment=Treatment.CATCH_UP, version_ref=ref, at=at)
    assert [one for one, _done in bears(story.contract)] == [D(26400), D(26400), D(2200)]
    charges.by(story, "billing", charging.claim_bonus, days=1, milestone_ref=story.early.ref)
    stands = [(D(12000), D(12000)), (D(12500), D(12500)), (D(1000), D(0))]
    recognise(story.contract, at=at + timedelta(days=2))
    assert bears(story.contract) == stands
    judge(parties, story.contract, "standalone", position=3, amount=D(1000), at=at + timedelta(days=2))
    assert bears(story.contract) == stands, "a bonus is shared with nobody"
    assert "nothing differs" in verified()


def _earned(story: charges.Story) -> dict[int, Decimal]:
    with clock.stopped(charges.AT + timedelta(days=3)):
        revenue.recognise_revenue(contract_ref=story.contract.ref, seller_id=story.contract.seller_id)
    with walls.asking_for(story.contract.seller_id):
        return dict(Obligation.objects.filter(contract=story.contract).values_list("position", "recognised"))
