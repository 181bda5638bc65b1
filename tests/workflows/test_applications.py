"""Applications for payment: collected, submitted, certified, whole or at a lower figure, and by that alone billed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest
from django.db import IntegrityError, connection, transaction

from apps.contracts.drafts import PROPORTION, ContractDraft, DraftLine, Due, LineTerms, Recovery
from apps.contracts.models import Contract
from apps.contracts.retention import RetentionRelease, RetentionTerms, payable_until_final
from apps.contracts.rules import check_proposal
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, ProofNeeded, Refused, Stale
from apps.invoicing import checks, snapshot
from apps.invoicing import services as invoicing
from apps.invoicing.einvoice import cii
from apps.invoicing.models import Application, ApplicationLine, CreditNote, Instalment, Invoice, OpenItem
from apps.invoicing.rules import Share
from apps.invoicing.services.certifying import Figure
from apps.milestones.models import SettlementPaper
from apps.milestones.models.submission import Proof
from apps.milestones.services import SILENCE, CriterionVerdict, Part
from apps.parties.actor import Actor
from apps.parties.actor import Proof as ShownProof
from apps.parties.models import Organisation
from apps.workflows import applying, crediting, notices, printing, reviews, sign_off, team, terminating
from tests import applications, scenarios, terminations
from tests.conftest import Once

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
D = Decimal


@pytest.mark.django_db
def test_periods_are_certified_lower_and_whole_and_add_up_to_the_contract() -> None:
    parties = scenarios.organisations()
    contract = applications.contract_by_application(parties, at=NOON)
    bea = scenarios.approver_actor(parties)
    scenarios.accepted_milestone(contract, position=1, at=NOON + DAY)
    assert _invoices(contract) == []

    first = applications.submitted(contract, at=NOON + 30 * DAY)
    lower = {1: Figure(D("10000.00"), "The load test is not documented.")}
    answer = applications.certified(first, actor=bea, figures=lower, at=NOON + 31 * DAY)
    assert answer["number"] == "INV-2026-0001"
    # 10 % of 10,000.00 are retained; 19 % tax on all of it.
    assert _invoices(contract) == [("10000.00", "11900.00", "1000.00", "10900.00")]

    scenarios.accepted_milestone(contract, position=3, at=NOON + 40 * DAY)
    second = applications.submitted(contract, at=NOON + 60 * DAY)
    assert first.last_on is not None
    assert second.period == (first.last_on + DAY, (NOON + 60 * DAY).date())
    assert [(line.milestone.position, line.claimed) for line in second.lines.all()] == [(1, D(2000)), (3, D(16000))]
    applications.certified(second, actor=bea, at=NOON + 61 * DAY)
    # 20,000.00 at 10 % and 8,000.00 at 5 % are 2,400.00, less 1,000.00 before.
    assert _invoices(contract)[1] == ("18000.00", "21420.00", "1400.00", "20020.00")
    second = applications.newest(contract, number=2)
    assert [line.retained for line in second.lines.all()] == [D(200), D(1200)]

    scenarios.accepted_milestone(contract, position=2, at=NOON + 70 * DAY)
    third = applications.submitted(contract, at=NOON + 90 * DAY)
    said = canonical.read(third.text)
    assert {name: D(said["summary"][name]) for name in ("price", "completed", "previous", "due", "balance")} == {
        "price": D(40000),
        "completed": D(40000),
        "previous": D("30920.00"),
        "due": D("13680.00"),
        "balance": D("3000.00"),
    }
    assert [(D(row["previous"]), D(row["period"]), D(row["completed"])) for row in said["sheet"]] == [
        (D(12000), D(0), D(12000)),
        (D(0), D(12000), D(12000)),
        (D(16000), D(0), D(16000)),
    ]
    applications.certified(third, actor=bea, at=NOON + 91 * DAY)
    assert _invoices(contract)[2] == ("12000.00", "14280.00", "600.00", "13680.00")
    with walls.asking_for(contract.seller_id):
        assert Contract.objects.get(pk=contract.pk).state == "completed"
        assert not Application.objects.filter(contract=contract, state="open").exists()
    _verified(contract)


@pytest.mark.django_db
def test_a_deposit_and_stored_materials_are_reckoned_line_by_line() -> None:
    """8,000.00 ahead, given back in proportion; 10 % of work and nothing of stored materials are retained."""
    parties = scenarios.organisations()
    lines = scenarios.software_draft(parties).lines
    stored = replace(lines[1], own=LineTerms(is_materials=True))
    ahead = DraftLine("Ahead", basis="percent", percent=D(20), kind="deposit", due=Due(recovery=Recovery(PROPORTION)))
    contract = applications.contract_by_application(
        parties,
        at=NOON,
        lines=(ahead, lines[0], stored, lines[2]),
        retention=RetentionTerms(D(10), materials_rate=D(0)),
    )
    scenarios.accepted_milestone(contract, position=2, at=NOON + DAY)
    scenarios.accepted_milestone(contract, position=3, at=NOON + DAY)
    first = applications.submitted(contract, at=NOON + 2 * DAY)
    applications.certified(first, actor=scenarios.approver_actor(parties), at=NOON + 3 * DAY)
    # 24,000.00 of 40,000.00 give back 4,800.00 of 8,000.00: 2,400.00 each; 10 % of 9,600.00 of work are retained.
    assert _invoices(contract)[1] == ("19200.00", "22848.00", "960.00", "21888.00")
    first = applications.newest(contract, number=1)
    assert [(line.recovered, line.retained) for line in first.lines.all()] == [(D(2400), D(960)), (D(2400), D(0))]
    with walls.asking_for(contract.seller_id):
        invoice = Invoice.objects.get(application=first)
        said = snapshot.read(invoice.snapshot)
        assert [line.net for line in said.lines] == [D(12000), D(12000), D(-4800)]
        assert said.application is not None
        assert (said.period, said.application.certified_by) == (first.period, "Bea Berg")
        assert invoice.about == "Application for payment 1"
        assert cii.write(said)
    _verified(contract)
    # Of the end: 4,000.00 of the last milestone are accepted and stand, 1,000.00 of its rest are valued. The part gives
    # back its share, as the plan is whole; what is valued all that is left, as far as it goes; the rest is credited.
    bea, olga, at = scenarios.approver_actor(parties), scenarios.buyer_actor(parties), NOON + 4 * DAY
    sent = scenarios.submitted_milestone(contract, position=4, at=at)
    with scenarios.acting(bea, at=at):
        sign_off.accept_part(
            actor=bea,
            key="p",
            submission_ref=sent.ref,
            seen=sent.sha256,
            part=Part(amount=D(4000)),
            verdicts=[
                CriterionVerdict(one.pk, is_passed=True, reason="") for one in sent.milestone.line.criteria.all()
            ],
            comment="The rest is to come.",
        )
    sina = scenarios.seller_actor(parties)
    terminations.noticed(contract, by=olga, effective_on=at.date(), at=at, reason="Over.")
    settlement = terminations.proposed(contract, {4: "1000.00"}, by=sina, at=at)
    with scenarios.acting(olga, at=at):
        assert terminating.effect_of(settlement, side="buyer").returned == D(1400)
    terminations.signed(settlement, by=olga, at=at)
    with walls.asking_for(contract.seller_id):
        billed = Invoice.objects.order_by("pk").values_list("net", "recovered")
        assert list(billed)[2:] == [(D(3200), D(800)), (D(0), D(1000))]
        assert [one.net for one in CreditNote.objects.all()] == [D(1400)]
    _verified(contract)


class _Waiting(NamedTuple):
    parties: scenarios.Parties
    contract: Contract
    application: Application


@pytest.fixture
def waiting(once: Once) -> _Waiting:
    """Milestones 1 and 2 stand in an application that waits for the buyer."""

    def story() -> _Waiting:
        parties = scenarios.organisations()
        contract = applications.contract_by_application(parties, at=NOON)
        for position in (1, 2):
            scenarios.accepted_milestone(contract, position=position, at=NOON + DAY)
        return _Waiting(parties, contract, applications.submitted(contract, at=NOON + 2 * DAY))

    return once(story)


@pytest.mark.django_db
def test_what_is_returned_or_withdrawn_stands_in_the_next_one(waiting: _Waiting) -> None:
    parties, contract, application = waiting
    bea, sina = scenarios.approver_actor(parties), scenarios.seller_actor(parties)
    with scenarios.acting(bea, at=NOON + 3 * DAY):
        applying.return_application(
            actor=bea, key="r", application_ref=application.ref, seen=application.sha256, reason="No waiver."
        )
    with pytest.raises(IllegalTransition):
        applications.certified(application, actor=bea, at=NOON + 3 * DAY)
    again = applications.submitted(contract, at=NOON + 4 * DAY)
    assert (again.number, again.claimed, again.first_on) == (2, D(24000), application.first_on)
    with scenarios.acting(sina, at=NOON + 4 * DAY):
        applying.withdraw_application(actor=sina, key="w", application_ref=again.ref)
    third = applications.submitted(contract, at=NOON + 5 * DAY)
    assert _invoices(contract) == []
    answers = [applications.certified(third, actor=bea, at=NOON + 5 * DAY, key=name) for name in ("once", "once")]
    assert answers[0] == answers[1]
    assert [row[0] for row in _invoices(contract)] == ["24000.00"]
    _verified(contract)


@pytest.mark.django_db
def test_nothing_but_what_was_shown_and_may_be_certified_is(waiting: _Waiting) -> None:
    parties, contract, application = waiting
    bea, sina = scenarios.approver_actor(parties), scenarios.seller_actor(parties)
    wrong: list[tuple[type[Exception], dict[int, Figure]]] = [
        (Refused, {1: Figure(D(11000))}),
        (Refused, {1: Figure(D("12000.01"), "More.")}),
        (Refused, {1: Figure(D("0.001"), "Less than a cent.")}),
        (Refused, {1: Figure(D(0), "Not shown."), 2: Figure(D(0), "Not shown.")}),
    ]
    for kind, figures in wrong:
        with pytest.raises(kind):
            applications.certified(application, actor=bea, figures=figures, at=NOON + 3 * DAY)
    for actor in (sina, scenarios.member(parties, "payables")):
        with pytest.raises(NotAllowed):
            applications.certified(application, actor=actor, at=NOON + 3 * DAY)
    with scenarios.acting(bea), pytest.raises(Stale):
        applying.certify_application(actor=bea, key="s", application_ref=application.ref, seen="0" * 64, figures={})
    assert _invoices(contract) == []
    assert applications.newest(contract).state == "submitted"


@pytest.mark.django_db
def test_what_cannot_be_done_with_a_milestone_that_is_billed_so_is_said(waiting: _Waiting) -> None:
    parties, contract, _application = waiting
    sina = scenarios.seller_actor(parties)
    milestone = scenarios.milestone_of(contract)
    with scenarios.acting(sina, at=NOON + 3 * DAY), pytest.raises(Refused, match="waits for the buyer"):
        crediting.ask_nullification(actor=sina, key="n", milestone_ref=milestone.ref, share=Share(), reason="A defect.")
    sent = scenarios.submitted_milestone(contract, position=3, at=NOON + 3 * DAY)
    with walls.asking_for(contract.seller_id), pytest.raises(Refused, match="Only invoices of one milestone"):
        invoicing.claims(contract=Contract.objects.get(pk=contract.pk), milestone_refs=[sent.milestone.ref])


@pytest.mark.django_db
def test_the_settlement_of_the_end_bills_what_stands(waiting: _Waiting) -> None:
    parties, contract, application = waiting
    at, sina, bea = NOON + 3 * DAY, scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    terminations.noticed(contract, by=bea, effective_on=at.date(), at=at, reason="Over.")
    with pytest.raises(Refused, match="waits for the buyer"):
        terminations.proposed(contract, {3: "1.00"}, by=sina, at=at)
    lower = {1: Figure(D(10000), "Not measured.")}
    applications.certified(application, actor=scenarios.approver_actor(parties), figures=lower, at=at)
    # Of what the buyer signed without the proof that it asks for by now nothing is certified.
    unproved, buyer = terminations.proposed(contract, {3: "4000.00"}, by=bea, at=at), contract.buyer_id
    with walls.asking_for(buyer):
        Organisation.objects.filter(pk=buyer).update(step_up_above=D(100))
    with pytest.raises(Stale, match="Ask for a new one"):
        terminations.signed(unproved, by=sina, at=at)
    with walls.asking_for(buyer):
        Organisation.objects.filter(pk=buyer).update(step_up_above=None)
    settlement = terminations.proposed(contract, {3: "4000.00"}, by=sina, at=at)
    said = canonical.read(settlement.canonical_text)["applied_for"]
    assert [(one["title"], D(one["amount"])) for one in said["milestones"]] == [("Prototype", D(2000))]
    with scenarios.acting(bea, at=at):
        shown = terminating.effect_of(settlement, side="buyer")
        assert (shown.billed, shown.billed_after, shown.draft.at_stake) == (D(22000), D(28000), D(18000))
        assert "certify the accepted work of 2,000.00 EUR net of tax" in shown.draft.statement.text
    answer = terminations.signed(settlement, by=bea, at=at, once="s")
    assert terminations.signed(settlement, by=bea, at=at, once="s") == answer
    with walls.asking_for(contract.seller_id):
        assert [(one.kind, one.net) for one in Invoice.objects.order_by("pk")] == [
            ("application", D(22000)),
            ("application", D(2000)),
            ("milestone", D(4000)),
        ]
        last = Application.objects.get(state="certified", number=2)
        assert (last.submitted_by_name, last.decided_by_name) == (sina.name, bea.name)
        assert canonical.read(last.certified_text)["certified_by_settlement"] == 2
        assert Contract.objects.get(pk=contract.pk).state == "terminated"
        printing.make_settlement_paper(settlement_ref=settlement.ref)
        issued = canonical.read(SettlementPaper.objects.get(settlement=settlement).snapshot)["issued"]
        assert [one["about"] for one in issued] == ["Application for payment 2", "Final delivery and sign-off"]


@pytest.mark.django_db
def test_a_credit_note_lowers_the_invoice_of_an_application(waiting: _Waiting) -> None:
    parties, contract, application = waiting
    applications.certified(application, actor=scenarios.approver_actor(parties), at=NOON + 3 * DAY)
    sina = scenarios.seller_actor(parties)
    with scenarios.acting(sina, at=NOON + 4 * DAY):
        invoice = Invoice.objects.get(application=application)
        seen = invoicing.preview_credit(invoice_ref=invoice.ref, share=Share(amount=D(3000))).sha256
        crediting.credit_invoice(
            actor=sina, key="c", invoice_ref=invoice.ref, share=Share(amount=D(3000)), reason="Agreed.", seen=seen
        )
    scenarios.accepted_milestone(contract, position=3, at=NOON + 5 * DAY)
    last = applications.submitted(contract, at=NOON + 6 * DAY)
    said = canonical.read(last.text)["summary"]
    # 24,000.00 less 3,000.00, and 16,000.00: what is credited was asked for no more.
    assert D(said["completed"]) == D(37000)
    applications.certified(last, actor=scenarios.approver_actor(parties), at=NOON + 7 * DAY)
    _verified(contract)


@pytest.mark.django_db
def test_what_is_accepted_after_it_was_applied_for_does_not_end_the_limit() -> None:
    """No more than 20,000.00 of 40,000.00 before the last milestone: that one stands in the next application."""
    parties = scenarios.organisations()
    terms = payable_until_final(D(50))
    contract = applications.contract_by_application(parties, at=NOON, retention=terms, partial_acceptance=False)
    for position in (1, 2):
        scenarios.accepted_milestone(contract, position=position, at=NOON + DAY)
    first = applications.submitted(contract, at=NOON + 2 * DAY)
    scenarios.accepted_milestone(contract, position=3, at=NOON + 3 * DAY)
    bea = scenarios.approver_actor(parties)
    applications.certified(first, actor=bea, at=NOON + 4 * DAY)
    applied, certified = (
        D(canonical.read(text)["summary"]["due"])
        for text in (first.text, applications.newest(contract, number=1).certified_text)
    )
    assert applied == certified == D("24560.00")
    applications.certified(applications.submitted(contract, at=NOON + 5 * DAY), actor=bea, at=NOON + 6 * DAY)
    assert _invoices(contract) == [
        ("24000.00", "28560.00", "4000.00", "24560.00"),
        ("16000.00", "19040.00", "0.00", "19040.00"),
    ]
    _verified(contract)


@pytest.mark.django_db
def test_what_starts_with_an_acceptance_by_silence_starts_on_the_day_of_the_deadline() -> None:
    parties = scenarios.organisations()
    support = DraftLine(
        "Support", basis="percent", percent=D(10), kind="recurring", due=Due("acceptance", None, "Go-live", "month", 4)
    )
    contract = applications.contract_by_application(
        parties, at=NOON, silence="accepted", lines=(scenarios.line("Go-live", 90), support)
    )
    submission = scenarios.submitted_milestone(contract, at=NOON)
    due, buyer = datetime(2026, 4, 15, 21, 59, 59, tzinfo=UTC), Actor.system(organisation_id=contract.buyer_id)
    with clock.stopped(NOON), walls.asking_for(contract.buyer_id):
        notices.note_delivery(actor=buyer, submission_ref=submission.ref, proof=Proof.MAIL, at=NOON)
    with clock.stopped(due + timedelta(minutes=5)):
        reviews.tend(submission_ref=submission.ref, seller_id=contract.seller_id, what=SILENCE)
    with walls.asking_for(contract.seller_id):
        first = Instalment.objects.filter(contract=contract).order_by("number")[0]
    # 23:59:59 of 15 April where the seller is; the clock was looked at after midnight.
    assert first.bills_on == date(2026, 4, 15)


@pytest.mark.django_db
def test_above_the_buyers_amount_who_certifies_shows_once_more_who_it_is(waiting: _Waiting) -> None:
    parties, contract, application = waiting
    bea = scenarios.approver_actor(parties)
    with scenarios.acting(scenarios.buyer_actor(parties)) as owner:
        team.set_step_up(actor=owner, key=scenarios.key(), above=D("23999.99"))
    without = replace(bea, origin=replace(bea.origin, proof=None))
    with pytest.raises(ProofNeeded):
        applications.certified(application, actor=without, at=NOON + 3 * DAY)
    assert _invoices(contract) == []
    proven = replace(bea, origin=replace(bea.origin, proof=ShownProof("passkey", NOON + 3 * DAY)))
    applications.certified(application, actor=proven, at=NOON + 3 * DAY)
    assert [row[0] for row in _invoices(contract)] == ["24000.00"]


@pytest.mark.django_db
def test_postgres_refuses_what_the_code_forgot(waiting: _Waiting) -> None:
    _parties, contract, application = waiting
    for sql in (
        "UPDATE invoicing_applicationline SET claimed = 1 WHERE application_id = %s",
        "UPDATE invoicing_application SET text = 'other' WHERE id = %s",
        "UPDATE invoicing_application SET state = 'certified', decided_at = now(), certified_sha256 = 'x'"
        " WHERE id = %s",
        "UPDATE invoicing_application SET state = 'returned', decided_at = now() WHERE id = %s",
        "UPDATE invoicing_applicationline SET certified = claimed WHERE application_id = %s",
    ):
        with walls.asking_for(contract.seller_id), pytest.raises(IntegrityError):
            _written(sql, application)


def test_a_section_has_no_retention_of_its_own() -> None:
    draft = ContractDraft(
        number="1",
        title="One",
        buyer_ref="b",
        currency="EUR",
        price=D(100),
        signatory_name="Bea",
        signatory_email="bea@meridian.example",
        tax_rate=D(19),
        lines=(scenarios.line("Shell", 100),),
        bills_by="application",
        retention=RetentionTerms(
            D(5),
            releases=(RetentionRelease(D(100)), RetentionRelease(D(50), "milestone", milestone="Shell", only=True)),
        ),
    )
    with pytest.raises(Refused, match="each application as a whole"):
        check_proposal(draft)
    assert check_proposal(replace(draft, bills_by="milestone")) == [D(100)]


def _written(sql: str, application: Application) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [application.pk])
        connection.check_constraints()


def _invoices(contract: Contract) -> list[tuple[str, ...]]:
    with walls.asking_for(contract.seller_id):
        items = OpenItem.objects.filter(contract=contract).select_related("invoice").order_by("invoice_id")
        return [
            (f"{one.invoice.net:.2f}", f"{one.gross:.2f}", f"{one.retained:.2f}", f"{one.open:.2f}") for one in items
        ]


def _verified(contract: Contract) -> None:
    """What ``verify_ledger`` asks of invoices holds of what this transaction made."""
    with walls.asking_for(contract.seller_id, contract.buyer_id), connection.cursor() as cursor:
        for check in checks.CHECKS:
            cursor.execute(check.sql)
            assert cursor.fetchall() == [], check.sentence
        assert ApplicationLine.objects.exists()
