"""Termination: notice, values of work in progress on both sides, and two signatures that settle everything at once."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection

from apps.contracts.drafts import DraftLine, Due
from apps.contracts.models import Contract
from apps.contracts.retention import COMPLETION, RetentionRelease, RetentionTerms
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.invoicing import services as invoicing
from apps.invoicing.models import Instalment, Invoice
from apps.invoicing.rules import Share
from apps.milestones.models import Decision, Milestone, Settlement, SettlementSignature
from apps.milestones.services import CriterionVerdict
from apps.parties.actor import Actor
from apps.parties.models import Membership
from apps.revenue.models import Obligation, Recognition
from apps.workflows import crediting, instalments, proofs, retention, revenue, sign_off, terminating
from apps.workflows.models import EvidencePack
from apps.workflows.once import Answer
from apps.workflows.packs import making
from tests import change_orders, corrections, disputes, scenarios, terminations
from tests.contracts.test_raw_sql import raw
from tests.packed import says_of
from tests.races import together
from tests.scenarios import Parties, acting, key
from tests.terminations import noticed, proposed, signed
from tests.workflows.test_packs import _bytes, _files, _listed_anew, _zip

D = Decimal
SIGNED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOON = datetime(2026, 4, 10, 12, 0, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
END = date(2026, 6, 1)
DAY = timedelta(days=1)
RETENTION = RetentionTerms(rate=D(10), releases=(RetentionRelease(D(100), COMPLETION),))


def plan(parties: Parties, **changes: Any) -> Any:
    """4,000.00 on signature, 10,000.00, 10,000.00, 13,000.00 by milestones, six months of support at 500.00."""
    draft = scenarios.software_draft(parties)
    lines = (
        DraftLine("Deposit", basis="amount", amount=D("4000.00"), kind="deposit", due=Due()),
        replace(scenarios.line("Prototype", 25), basis="amount", percent=None, amount=D("10000.00")),
        replace(scenarios.line("Integration", 25), basis="amount", percent=None, amount=D("10000.00")),
        replace(scenarios.line("Final delivery", 1), basis="remainder", percent=None),
        DraftLine(
            "Support",
            basis="amount",
            amount=D("500.00"),
            kind="recurring",
            due=Due("date", date(2026, 4, 1), "", "month", 6),
        ),
    )
    return replace(draft, lines=lines, **changes)


def active(parties: Parties, **changes: Any) -> Contract:
    return scenarios.active_contract(parties, draft=plan(parties, **changes), at=SIGNED_AT)


def tend(contract: Contract, at: datetime) -> None:
    with clock.stopped(at):
        for one in instalments.due(at=at, contract_refs=[contract.ref]):
            instalments.tend(contract_ref=one.contract_ref, seller_id=one.seller_id)


def bills(contract: Contract) -> list[tuple[str, str]]:
    with walls.asking_for(contract.seller_id):
        rows = Invoice.objects.filter(contract=contract).select_related("milestone", "instalment").order_by("pk")
        return [(row.about, f"{row.net:.2f}") for row in rows]


def stands(contract: Contract) -> str:
    with walls.asking_for(contract.seller_id):
        return Contract.objects.get(pk=contract.pk).state


def lives(contract: Contract) -> list[tuple[str, str, str]]:
    with walls.asking_for(contract.seller_id):
        found = Milestone.objects.filter(contract=contract)
        return [(one.title, f"{one.amount:.2f}", one.state) for one in found]


def verified() -> None:
    out = io.StringIO()
    try:
        call_command("verify_ledger", stdout=out)
    except CommandError:
        pytest.fail(out.getvalue())


def test_a_deposit_of_the_price_stays_billed_and_is_given_back_as_the_note_agrees(scratch: str) -> None:
    parties = scenarios.organisations()
    sina, olga, clara = (scenarios.member(parties, role) for role in ("seller", "buyer", "billing"))
    contract = active(parties)
    tend(contract, datetime(2026, 4, 1, 9, tzinfo=UTC))
    noticed(contract, by=olga, effective_on=END, at=NOON)
    settlement = proposed(contract, {}, by=olga, at=NOON, note="Half of the deposit, 2,000.00 net, is given back.")
    assert "Half of the deposit" in settlement.canonical_text, "part of what both sides sign"
    tend(contract, datetime(2026, 5, 1, 9, tzinfo=UTC))
    signed(settlement, by=sina, at=JUNE)
    assert ("Deposit", "4000.00") in bills(contract)
    with acting(clara, at=JUNE):
        invoice = next(one for one in Invoice.objects.filter(contract=contract) if one.about == "Deposit")
        assert invoice.open_item.credited == 0, "the signatures give nothing back"
        share = Share(amount=D(2000))
        crediting.credit_invoice(
            actor=clara,
            key=key(),
            invoice_ref=invoice.ref,
            share=share,
            reason="As the settlement agrees.",
            seen=invoicing.preview_credit(invoice_ref=invoice.ref, share=share).sha256,
        )
        invoice.open_item.refresh_from_db()
        assert invoice.open_item.credited == D("2380.00")
    assert stands(contract) == "terminated"
    verified()


def test_a_whole_termination_from_notice_to_the_last_release(scratch: str, tmp_path: Path) -> None:
    parties = scenarios.organisations()
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    contract = active(parties, retention=RETENTION)
    tend(contract, datetime(2026, 4, 1, 9, tzinfo=UTC))
    scenarios.accepted_milestone(contract, position=2, at=NOON - DAY)
    with pytest.raises(Refused, match="today at the earliest"):
        noticed(contract, by=olga, effective_on=date(2026, 4, 9), at=NOON)
    with pytest.raises(Refused, match="cause is missing"):
        noticed(contract, by=olga, effective_on=END, at=NOON, ground="cause")
    notice = noticed(contract, by=olga, effective_on=END, at=NOON, reason="The project is stopped.")
    with pytest.raises(IllegalTransition, match="given already"):
        noticed(contract, by=sina, effective_on=END, at=NOON)
    tend(contract, datetime(2026, 5, 1, 9, tzinfo=UTC))

    claimed = proposed(contract, {3: "6000.00"}, by=sina, at=NOON + 10 * DAY, note="Two of three interfaces run.")
    answered = proposed(contract, {3: "4000.00"}, by=olga, at=NOON + 11 * DAY, note="One of three runs.")
    with pytest.raises(IllegalTransition, match="Answered with other figures"):
        signed(claimed, by=olga, at=JUNE)
    with pytest.raises(NotAllowed, match="own side"):
        signed(answered, by=olga, at=JUNE)
    with pytest.raises(Refused, match="takes effect on"):
        signed(answered, by=sina, at=datetime(2026, 5, 31, 12, tzinfo=UTC))
    with pytest.raises(Stale):
        signed(answered, by=sina, at=JUNE, seen=claimed.sha256)
    # What falls on the day of the end, or later, is not billed, however long the settlement takes.
    tend(contract, datetime(2026, 6, 1, 8, tzinfo=UTC))
    once = key()
    done = signed(answered, by=sina, at=JUNE, once=once)
    assert signed(answered, by=sina, at=JUNE, once=once) == done
    _a_third_party_verifies_it(contract, tmp_path)
    with clock.stopped(JUNE):
        retention.tend_contract(contract_ref=contract.ref)
        revenue.recognise_revenue(contract_ref=contract.ref, seller_id=contract.seller_id)

    assert stands(contract) == "terminated"
    assert lives(contract) == [
        ("Prototype", "10000.00", "accepted"),
        ("Integration", "4000.00", "accepted"),
        ("Final delivery", "13000.00", "cancelled"),
    ]
    assert bills(contract) == [
        ("Deposit", "4000.00"),
        ("Support, 1 of 6", "500.00"),
        ("Prototype", "10000.00"),
        ("Support, 2 of 6", "500.00"),
        ("Integration", "4000.00"),
        ("Release of retention", "1400.00"),
    ]
    with walls.asking_for(contract.seller_id):
        decision = Decision.objects.get(outcome="settled")
        assert (decision.name, decision.sha256) == (olga.name, answered.sha256)
        assert "We accept the work in progress at the values stated there, 4,000.00 EUR" in decision.statement
        assert [one.side for one in SettlementSignature.objects.filter(settlement=answered)] == ["buyer", "seller"]
        assert Instalment.objects.filter(contract=contract, cancelled_at__isnull=False).count() == 4
        # The deposit is borne by what was done; all that was billed is earned, the periods by their days.
        assert {one.title: one.allocated for one in Obligation.objects.all()} == {
            "Prototype": D("12666.67"),
            "Integration": D("5066.67"),
            "Final delivery": D(0),
            "Support": D("1266.66"),
        }
        earned = sum(one.amount for one in Recognition.objects.all())
        assert earned == D("12666.67") + D("5066.67")
        notice.refresh_from_db()
        assert notice.state == "settled"
    verified()
    _nothing_more_happens(contract, parties)


def _a_third_party_verifies_it(contract: Contract, folder: Path) -> None:
    """The pack holds the text that both sides signed, as the chain says; another text is found out."""
    actor = scenarios.owner_of(contract.seller_id)
    with acting(actor, at=JUNE):
        pack = proofs.request_pack(actor=actor, key=key(), contract_ref=contract.ref)["pack"]
        making.make(pack_ref=pack)
        files = _files(_bytes(EvidencePack.objects.get(ref=pack)))
    name = "milestones/0003/settlement.json"
    code, said = says_of(_zip(files, folder / "pack.zip"))
    assert code == 0, said
    assert "“Integration” was accepted at 4000" in said
    harmed = files | {name: files[name].replace(b"4000", b"5000")}
    code, said = says_of(_zip(_listed_anew(harmed), folder / "pack.zip"))
    assert code == 1, said
    assert f"CHANGED: {name} is not the text that the chain says both sides signed" in said


def _nothing_more_happens(contract: Contract, parties: Parties) -> None:
    """By services, and by SQL that goes round them."""
    sina = scenarios.seller_actor(parties)
    later = JUNE + DAY
    tend(contract, later + 60 * DAY)
    assert len(bills(contract)) == 6
    with pytest.raises(IllegalTransition):
        change_orders.propose(contract, change_orders.more_training(contract), by=sina, at=later)
    with pytest.raises(IllegalTransition):
        noticed(contract, by=sina, effective_on=later.date(), at=later)
    for sql, named in (
        ("UPDATE contracts_contract SET state = 'active', terminated_at = NULL", "illegal step"),
        ("UPDATE contracts_termination SET state = 'noticed', closed_at = NULL", "frozen|illegal step"),
        ("UPDATE milestones_milestone SET state = 'planned' WHERE state = 'cancelled'", "illegal step"),
        ("UPDATE invoicing_instalment SET cancelled_at = NULL WHERE cancelled_at IS NOT NULL", "frozen"),
        (
            "INSERT INTO milestones_submission (ref, contract_id, milestone_id, number, state, note, created_at,"
            " notified_by, review_zone, canonical_text, sha256) SELECT 'x', contract_id, id, 99, 'draft', '', now(),"
            " '', '', '', '' FROM milestones_milestone LIMIT 1",
            "nothing is sent after the end",
        ),
        (
            "INSERT INTO contracts_changeorder (ref, contract_id, number, title, reason, state, was_unpriced, author,"
            " recorded_at, closed_reason) SELECT 'x', id, 9, 'x', 'x', 'unpriced', true, 'seller', now(), ''"
            " FROM contracts_contract",
            "only an active contract is changed",
        ),
        (
            "INSERT INTO milestones_milestone (ref, contract_id, line_id, position, part, title, amount, currency,"
            " state, nullified) SELECT 'x', contract_id, line_id, position, 9, title, 1, currency, 'planned', 0"
            " FROM milestones_milestone LIMIT 1",
            "no milestone joins a contract that ended",
        ),
    ):
        with acting(sina), pytest.raises(IntegrityError, match=named), connection.cursor() as cursor:
            cursor.execute(sql)


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


@pytest.fixture
def contract(parties: Parties) -> Contract:
    return scenarios.active_contract(parties, at=SIGNED_AT)


def test_who_gave_notice_takes_it_back_before_it_takes_effect_and_proposals_end_with_it(
    parties: Parties, contract: Contract
) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    notice = noticed(contract, by=olga, effective_on=END, at=NOON, ground="cause", reason="Three months late.")
    claimed = proposed(contract, {1: "6000.00"}, by=sina, at=NOON)
    with acting(sina, at=NOON), pytest.raises(NotAllowed, match="that gave notice"):
        terminating.withdraw_notice(actor=sina, key=key(), termination_ref=notice.ref)
    with acting(olga, at=JUNE), pytest.raises(Refused, match="took effect"):
        terminating.withdraw_notice(actor=olga, key=key(), termination_ref=notice.ref)
    with acting(olga, at=NOON):
        once = key()
        done = terminating.withdraw_notice(actor=olga, key=once, termination_ref=notice.ref)
        assert terminating.withdraw_notice(actor=olga, key=once, termination_ref=notice.ref) == done
        claimed.refresh_from_db()
        assert claimed.state == "withdrawn"
    with pytest.raises(IllegalTransition, match="No notice of termination stands"):
        signed(claimed, by=olga, at=JUNE)
    scenarios.accepted_milestone(contract, position=1, at=JUNE)
    # And notice can be given anew.
    noticed(contract, by=sina, effective_on=END, at=JUNE)
    with acting(sina, at=JUNE), pytest.raises(Refused, match="terminated with effect"):
        scenarios.submitted_milestone(contract, position=2, at=JUNE)


def test_guests_and_people_without_the_role_or_limit_end_nothing(parties: Parties, contract: Contract) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    delivery, approver = scenarios.member(parties, "delivery"), scenarios.approver_actor(parties)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(scenarios.submitted_milestone(contract, at=NOON)))
    for nobody in (delivery, guest):
        with pytest.raises(NotAllowed):
            noticed(contract, by=nobody, effective_on=END, at=NOON)
    noticed(contract, by=olga, effective_on=END, at=NOON)
    with pytest.raises(Refused, match="under review"):
        proposed(contract, {}, by=sina, at=NOON)
    with acting(sina, at=NOON):
        submission = Milestone.objects.get(contract=contract, position=1).submissions.get(state="submitted")
        sign_off.withdraw_submission(actor=sina, key=key(), submission_ref=submission.ref)
    claimed = proposed(contract, {1: "12000.00", 2: "100.00"}, by=sina, at=NOON)
    with walls.asking_for(parties.buyer.pk):
        Membership.objects.filter(user_id=approver.user_id or 0, organisation=parties.buyer).update(
            approval_limit=D(20000)
        )
    with pytest.raises(NotAllowed, match="you sign off up to"):
        signed(claimed, by=approver, at=JUNE)
    with pytest.raises(Refused, match="cannot be worth"):
        proposed(contract, {1: "12000.01"}, by=olga, at=NOON)


def test_postgres_ends_nothing_that_both_sides_did_not_sign(parties: Parties, contract: Contract) -> None:
    sina = scenarios.seller_actor(parties)
    terminations.waiting(parties, contract, side="seller")
    for sql, named in (
        ("UPDATE contracts_contract SET state = 'terminated', terminated_at = now()", "terminated and not settled"),
        (
            "UPDATE contracts_termination SET state = 'settled', closed_at = clock_timestamp()",
            "and its contract disagree",
        ),
        ("UPDATE milestones_settlement SET state = 'signed', closed_at = clock_timestamp()", "differs from its values"),
        ("UPDATE milestones_settlement SET valued = 1", "frozen"),
        ("UPDATE milestones_milestone SET state = 'cancelled'", "both sides signed only"),
        (
            "UPDATE milestones_milestone SET state = 'accepted', accepted_at = now(), amount = 100 WHERE position = 1",
            "only as valued|moves with a part",
        ),
        (
            "INSERT INTO milestones_settlementsignature (settlement_id, side, organisation_id, user_id, name, email,"
            " signed_at, address, agent, authenticated_by, proved_by, statement, statement_version, sha256)"
            " SELECT settlement_id, 'buyer', c.buyer_id, user_id, name, g.email, now(), '', '', '', '', '', '',"
            " g.sha256 FROM milestones_settlementsignature g, contracts_contract c",
            "two people settle",
        ),
    ):
        with acting(sina), pytest.raises(IntegrityError, match=named):
            raw(sql)


def test_what_changed_since_a_settlement_was_proposed_makes_it_stale(parties: Parties, contract: Contract) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    noticed(contract, by=sina, effective_on=END, at=NOON)
    claimed = proposed(contract, {2: "100.00"}, by=sina, at=NOON)
    scenarios.accepted_milestone(contract, position=1, at=NOON + DAY)
    with pytest.raises(Stale, match="accepted or changed since"):
        signed(claimed, by=olga, at=JUNE)
    again = proposed(contract, {2: "100.00"}, by=sina, at=NOON + DAY)
    order = change_orders.propose(contract, change_orders.more_training(contract), by=sina, at=NOON + DAY)
    change_orders.sign(order, by=olga, at=NOON + DAY)
    with pytest.raises(Stale):
        signed(again, by=olga, at=JUNE)
    disputed = scenarios.submitted_milestone(contract, position=2, at=NOON + 2 * DAY)
    disputes.on_submission(disputes.told(parties, disputed, at=NOON + 2 * DAY), actor=olga, at=NOON + 3 * DAY)
    with acting(sina, at=NOON + 4 * DAY):
        sign_off.withdraw_submission(actor=sina, key=key(), submission_ref=disputed.ref)
    with pytest.raises(Refused, match="is in dispute"):
        proposed(contract, {}, by=sina, at=NOON + 4 * DAY)


def test_nothing_done_and_nothing_owed_ends_a_contract_without_an_invoice(parties: Parties, contract: Contract) -> None:
    """And a change order that waits ends with it."""
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    noticed(contract, by=sina, effective_on=NOON.date(), at=NOON)
    order = change_orders.propose(contract, change_orders.more_training(contract), by=sina, at=NOON)
    done = signed(proposed(contract, {}, by=olga, at=NOON), by=sina, at=NOON)
    assert done["invoices"] == ""
    assert stands(contract) == "terminated"
    assert {state for _title, _amount, state in lives(contract)} == {"cancelled"}
    with acting(sina):
        assert contract.change_orders.get(ref=order["change_order"]).state == "withdrawn"
    with pytest.raises(IllegalTransition):
        change_orders.sign(order, by=olga, at=NOON)
    revenue.recognise_revenue(contract_ref=contract.ref, seller_id=contract.seller_id)
    with walls.asking_for(contract.seller_id):
        assert {(one.allocated, one.recognised) for one in Obligation.objects.filter(contract=contract)} == {
            (D(0), D(0))
        }


def test_a_deposit_that_is_kept_is_earned_although_nothing_was_done(parties: Parties) -> None:
    contract = active(parties)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    noticed(contract, by=olga, effective_on=date(2026, 3, 20), at=SIGNED_AT)
    at = datetime(2026, 3, 20, 9, tzinfo=UTC)
    signed(proposed(contract, {}, by=sina, at=at), by=olga, at=at)
    revenue.recognise_revenue(contract_ref=contract.ref, seller_id=contract.seller_id)
    with walls.asking_for(contract.seller_id):
        earned = list(Recognition.objects.filter(contract=contract).values_list("amount", flat=True))
    assert sum(earned) == D("4000.00")
    assert bills(contract) == [("Deposit", "4000.00")]


def test_two_signatures_and_a_sign_off_at_once_end_a_contract_once(scratch: str) -> None:
    parties = scenarios.organisations()
    sina, olga, approver = (
        scenarios.seller_actor(parties),
        scenarios.buyer_actor(parties),
        scenarios.approver_actor(parties),
    )
    contract = scenarios.active_contract(parties, at=SIGNED_AT)
    submission = scenarios.submitted_milestone(contract, position=1, at=NOON - DAY)
    noticed(contract, by=sina, effective_on=NOON.date(), at=NOON)
    with acting(olga, at=NOON):
        sign_off.request_changes(
            actor=olga,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[
                CriterionVerdict(one.pk, is_passed=False, reason="Page 3 is missing.")
                for one in submission.milestone.line.criteria.all()
            ],
        )
    claimed = proposed(contract, {1: "5000.00"}, by=sina, at=NOON)

    def sign(who: Actor) -> Answer:
        return signed(claimed, by=who, at=NOON)

    def answer() -> Answer:
        return {"settlement": proposed(contract, {1: "4000.00"}, by=olga, at=NOON).ref}

    answers = together(lambda: sign(olga), lambda: sign(approver), answer)
    signed_by = [one for one in answers[:2] if not isinstance(one, Exception)]
    refused = [one for one in answers if isinstance(one, Exception)]
    assert all(isinstance(one, IllegalTransition) for one in refused), answers
    # Either the answer came first and nothing was signed, or exactly one of two people signed and no answer came.
    assert (len(signed_by), isinstance(answers[2], Exception)) in {(1, True), (0, False)}
    if not signed_by:
        with walls.asking_for(contract.seller_id):
            newest = Settlement.objects.get(state="proposed")
        signed(newest, by=sina, at=NOON)
    assert stands(contract) == "terminated"
    assert len(bills(contract)) == 1
    verified()
    milestone = scenarios.milestone_of(contract, position=1)
    with acting(sina, at=NOON), pytest.raises(IllegalTransition, match="is terminated"):
        crediting.ask_nullification(
            actor=sina, key=key(), milestone_ref=milestone.ref, share=corrections.REST, reason="A defect."
        )


def test_a_notice_that_the_contract_outlived_ends_no_work_that_is_done_again(scratch: str) -> None:
    """It used to stand for ever: nobody could withdraw it, and nothing could be submitted any more."""
    parties = scenarios.organisations()
    draft = scenarios.software_draft(parties)
    draft = replace(draft, lines=(replace(scenarios.line("All of it", 1), basis="remainder", percent=None),))
    contract = scenarios.active_contract(parties, draft=draft, at=SIGNED_AT)
    olga, sina = scenarios.buyer_actor(parties), scenarios.seller_actor(parties)
    noticed(contract, by=olga, effective_on=END, at=NOON)
    proposed(contract, {1: "5000.00"}, by=sina, at=NOON)
    milestone = scenarios.accepted_milestone(contract, at=NOON)
    assert stands(contract) == "completed"
    corrections.granted(parties, corrections.asked(parties, milestone.ref, at=JUNE + DAY), at=JUNE + DAY)
    assert stands(contract) == "active"
    with walls.asking_for(contract.seller_id):
        assert contract.terminations.get().state == "withdrawn"
        assert Settlement.objects.get().state == "withdrawn"
        rest = Milestone.objects.select_related("contract__seller", "contract__buyer", "line__version").get(part=2)
    assert scenarios.submitted_rest(rest, at=JUNE + 2 * DAY).state == "submitted"
    verified()
