"""Retention from the signature to the last release: withheld, shown, not due, released once, paid, and proven."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import DjangoDbBlocker

from apps.contracts.drafts import ChangedLine, ChangeDraft, ChangedTerms, LineTerms
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import (
    BUYER,
    COMPLETION,
    MILESTONE,
    SELLER,
    RetentionRelease,
    RetentionStep,
    RetentionTerms,
)
from apps.core import clock
from apps.core.database import scratch as scratch_databases
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing import documents, inspection, release_statement, rules, snapshot, wording
from apps.invoicing import services as invoicing
from apps.invoicing.einvoice.paper import Paper
from apps.invoicing.inspection import Stored
from apps.invoicing.models import Document, Invoice, OpenItem, Retention
from apps.invoicing.models import RetentionRelease as Release
from apps.invoicing.rules import ReleaseBand
from apps.invoicing.services.retention_ahead import WithheldAhead
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.milestones.services import CriterionVerdict, Part
from apps.parties.actor import Actor
from apps.workflows import billing, change_effects, jobs, retention, sign_off
from tests import change_orders, corrections, scenarios
from tests.scenarios import Parties, acting, key, member

D = Decimal
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HALVES = RetentionTerms(
    rate=D(10),
    steps=(RetentionStep(D(50), D(5)),),
    releases=(
        RetentionRelease(D(50)),
        RetentionRelease(D(30), COMPLETION, days=30),
        RetentionRelease(D(20), BUYER),
    ),
)


@pytest.fixture
def parties(scratch: str) -> Parties:
    with clock.stopped(AT):
        return scenarios.organisations()


def signed(parties: Parties, terms: RetentionTerms = HALVES, **changes: Any) -> Contract:
    draft = replace(scenarios.software_draft(parties), retention=terms, **changes)
    return scenarios.active_contract(parties, draft=draft, at=AT)


def completed(parties: Parties, terms: RetentionTerms = HALVES) -> Contract:
    """A contract of 12,000 + 12,000 + 16,000 whose milestones are all accepted."""
    contract = signed(parties, terms)
    for position in (1, 2, 3):
        scenarios.accepted_milestone(contract, position=position, at=AT)
    return contract


def booked(parties: Parties, account: Seller) -> Decimal:
    with walls.asking_for(parties.seller.pk):
        return ledger.balance(
            organisation_id=parties.seller.pk, currency="EUR", purpose=ledger.Purpose.SELLER, account=account
        )


def verified() -> str:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    return out.getvalue()


def released(contract: Contract, position: int, *, by: Actor, at: datetime) -> Any:
    with acting(by, at=at):
        return retention.release_retention(actor=by, key=key(), contract_ref=contract.ref, position=position)


def state(parties: Parties, contract: Contract) -> invoicing.RetentionState:
    with walls.asking_for(parties.seller.pk):
        found = invoicing.retention_state(Contract.objects.get(pk=contract.pk))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def untouched_release(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Contract]:
    """One contract for all attempts, because each of them is refused: something released, something still kept."""
    halves = (RetentionRelease(D(50), BUYER), RetentionRelease(D(50)))
    with django_db_blocker.unblock(), scratch_databases.scratch_database():
        with clock.stopped(AT):
            parties = scenarios.organisations()
        contract = signed(parties, RetentionTerms(rate=D(10), releases=halves))
        scenarios.accepted_milestone(contract, position=1, at=AT)
        released(contract, 1, by=member(parties, "buyer"), at=AT)
        scenarios.accepted_milestone(contract, position=2, at=AT)
        yield contract
        connections.close_all()


def test_what_is_withheld_is_neither_owed_now_nor_a_receivable(parties: Parties) -> None:
    """10 % of 12,000; of the next 12,000 the first 8,000 at 10 %, then 5 %; the tax is due whole."""
    completed(parties)
    with walls.asking_for(parties.seller.pk):
        rows = list(OpenItem.objects.order_by("pk").values_list("gross", "retained", "open"))
        first = Invoice.objects.order_by("pk")[0]
    assert rows == [
        (D("14280.00"), D("1200.00"), D("13080.00")),
        (D("14280.00"), D("1000.00"), D("13280.00")),
        (D("19040.00"), D("800.00"), D("18240.00")),
    ]
    assert (first.net, first.tax, first.gross) == (D("12000.00"), D("2280.00"), D("14280.00")), "taxed whole"
    assert booked(parties, Seller.RECEIVABLES) == D("44600.00")
    assert booked(parties, Seller.RETENTION_HELD) == D("3000.00")
    assert booked(parties, Seller.CONTRACT_BALANCE) == D("-40000.00")
    assert booked(parties, Seller.OUTPUT_TAX) == D("-7600.00")
    verified()


STEPPED = RetentionTerms(rate=D(10), steps=(RetentionStep(D(80), D(5)),), cap_percent=D(4))
"""Ten percent until 80 percent of the price are billed, five from then on, and 1,600.00 of 40,000.00 at most."""
DAY = timedelta(days=1)


@pytest.mark.parametrize(("order", "withheld"), [((2, 3), 1200), ((3, 2), 1600)])
def test_a_retention_that_is_agreed_later_holds_for_what_is_billed_from_then_on(
    parties: Parties, order: tuple[int, int], withheld: int
) -> None:
    """Nothing is withheld of the first milestone, billed before, nor of the second, which was under review; it may be
    accepted last, and release what was withheld."""
    contract = scenarios.active_contract(parties, at=AT)
    scenarios.accepted_milestone(contract, at=AT)
    second = scenarios.submitted_milestone(contract, position=2, at=AT)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    draft = ChangeDraft("Retention", "The bank of the buyer asks for it.", terms=ChangedTerms(retention=STEPPED))
    # 24,000.00 are billed or under review; of 16,000.00 that come 8,000.00 are below the step, and 8,000.00 above it.
    told = WithheldAhead(now=D(0), then=D(1200))
    with acting(sina, at=AT + DAY):
        contract.refresh_from_db()
        assert change_effects.preview_change(contract, draft=draft, actor=sina, side="seller").withheld == told
    answer = change_orders.propose(contract, draft, by=sina, at=AT + DAY)
    with acting(olga, at=AT + DAY):
        version = ContractVersion.objects.get(ref=answer["version"])
        assert change_effects.withheld_by(version, effect=change_effects.effect_of(version)) == told
    change_orders.sign(answer, by=olga, at=AT + DAY)
    for position in order:
        if position == 3:
            scenarios.accepted_milestone(contract, position=3, at=AT + 2 * DAY)
            continue
        guest = scenarios.guest_actor(scenarios.link_to_sign_off(second))
        with acting(guest, at=AT + 2 * DAY):
            sign_off.accept_milestone(actor=guest, key=key(), submission_ref=second.ref, seen=second.sha256)
    with clock.stopped(AT + 3 * DAY):
        retention.tend_contract(contract_ref=contract.ref)
    with acting(sina):
        invoices = Invoice.objects.filter(contract=contract).exclude(milestone=None)
        kept = dict(invoices.values_list("milestone__position", "open_item__retained"))
        assert kept == {1: 0, 2: 0, 3: withheld}
        state = invoicing.retention_state(Contract.objects.get(pk=contract.pk))
    assert state is not None
    assert (state.withheld, state.released, state.due) == (D(withheld),) * 3
    verified()


def test_it_is_released_by_completion_by_its_day_after_an_outage_and_by_the_buyer_each_once(parties: Parties) -> None:
    contract = completed(parties)
    with clock.stopped(AT):
        retention.tend_contract(contract_ref=contract.ref)
        retention.tend_contract(contract_ref=contract.ref)
    found = state(parties, contract)
    assert (found.held, found.released, found.due) == (D("1500.00"), D("1500.00"), D("1500.00"))
    assert [one.on for one in found.parts] == [date(2026, 3, 2), date(2026, 4, 1), None]

    assert retention.due(at=datetime(2026, 3, 31, 20, tzinfo=UTC)) == []
    (late,) = retention.due(at=datetime(2026, 5, 7, 9, tzinfo=UTC))
    with clock.stopped(datetime(2026, 5, 7, 9, tzinfo=UTC)):
        retention.tend(contract_ref=late.contract_ref, seller_id=late.seller_id, position=late.position)
    released(contract, 3, by=member(parties, "buyer"), at=datetime(2026, 6, 1, 9, tzinfo=UTC))

    with walls.asking_for(parties.seller.pk):
        statements = list(Invoice.objects.filter(kind="retention_release").order_by("pk"))
        shares = list(Retention.objects.order_by("pk").values_list("held", "released"))
    assert [(one.number, one.gross, one.tax, one.due_on) for one in statements] == [
        ("RET-2026-0001", D("1500.00"), D(0), date(2026, 4, 1)),
        ("RET-2026-0002", D("900.00"), D(0), date(2026, 6, 6)),
        ("RET-2026-0003", D("600.00"), D(0), date(2026, 7, 1)),
    ]
    assert all(held == gone for held, gone in shares)
    assert booked(parties, Seller.RETENTION_HELD) == 0
    assert booked(parties, Seller.RECEIVABLES) == D("47600.00"), "all invoices, with their tax"
    assert retention.due(at=datetime(2030, 1, 1, tzinfo=UTC)) == []
    with pytest.raises(IllegalTransition, match="released already"):
        released(contract, 3, by=member(parties, "buyer"), at=datetime(2026, 6, 2, 9, tzinfo=UTC))
    verified()


def test_the_mail_says_how_much_is_due_and_when_under_two_names(parties: Parties) -> None:
    pytest.importorskip("weasyprint")
    contract = completed(parties)
    with clock.stopped(AT):
        retention.tend_contract(contract_ref=contract.ref)
        with walls.asking_for(parties.seller.pk):
            statement = Invoice.objects.get(kind="retention_release")
        jobs.render_invoice.func(invoice_ref=statement.ref, organisation_id=statement.seller_id)
    with walls.asking_for(parties.seller.pk):
        delivery = statement.deliveries.get()
    mail.outbox.clear()
    jobs.send_invoice.func(delivery_ref=delivery.ref, organisation_id=statement.buyer_id)
    (message,) = mail.outbox
    labels = [line.partition(": ")[0] for line in str(message.body).splitlines() if ": " in line]
    assert "Amount due: 1,500.00 EUR\n" in message.body
    assert "Due: 1 Apr 2026\n" in message.body
    assert f"Release statement: {statement.number}\n" in message.body
    assert "The release statement is attached" in message.body
    assert len(labels) == len(set(labels))


KINDS = RetentionTerms(
    rate=D(10),
    materials_rate=D(2),
    name="Performance",
    releases=(
        RetentionRelease(D(50), MILESTONE, milestone="Prototype"),
        RetentionRelease(D(50)),
        RetentionRelease(D(20), MILESTONE, milestone="Integration", only=True),
    ),
    further=(RetentionTerms(rate=D(3), name="Defects", releases=(RetentionRelease(D(100), COMPLETION, days=365),)),),
)


def test_each_kind_has_its_own_ledger_release_and_age(parties: Parties) -> None:
    """Of 12,000 at the rate of materials, in two parts, 12,000 at 10 % and 16,000 at none; 3 % of all for defects."""
    draft = scenarios.software_draft(parties, retention=KINDS)
    own = [LineTerms(is_materials=True), LineTerms(), LineTerms(retention_rate=D(0))]
    lines = tuple(replace(line, own=one) for line, one in zip(draft.lines, own, strict=True))
    contract = scenarios.active_contract(parties, draft=replace(draft, lines=lines), at=AT)
    submission = scenarios.submitted_milestone(contract, at=AT)
    bea = member(parties, "buyer")
    with acting(bea, at=AT):
        verdicts = [CriterionVerdict(one.pk, is_passed=True) for one in submission.milestone.line.criteria.all()]
        sign_off.accept_part(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            part=Part(percent=D(50)),
            verdicts=verdicts,
            comment="Half of it.",
        )
    assert retention.due(at=AT) == [], "the rest of it is still to be accepted"
    rest = scenarios.submitted_rest(scenarios.milestone_of(contract, part=2), at=AT)
    with acting(bea, at=AT):
        sign_off.accept_milestone(actor=bea, key=key(), submission_ref=rest.ref, seen=rest.sha256)
    with clock.stopped(AT):
        retention.tend_contract(contract_ref=contract.ref)
    scenarios.accepted_milestone(contract, position=2, at=AT)
    with clock.stopped(AT):
        retention.tend_contract(contract_ref=contract.ref)
    with walls.asking_for(parties.seller.pk):
        held = list(Retention.objects.order_by("invoice", "kind").values_list("kind", "held"))
        ages = invoicing.retention_by_age(seller_id=parties.seller.pk, today=AT.date())
    assert held == [(1, D(120)), (2, D(180)), (1, D(120)), (2, D(180)), (1, D(1200)), (2, D(360))]
    found = state(parties, contract)
    assert [(kind.name, kind.held, kind.released) for kind in found.kinds] == [
        ("Performance", D(1080), D(360)),
        ("Defects", D(720), D(0)),
    ], "half of 240 with the first milestone, then a fifth of the section's 1,200"
    assert {(one.kind, band): amount for one in ages for band, amount in one.bands.items()} == {
        ("Performance", ReleaseBand.NO_DAY): D(1080),
        ("Defects", ReleaseBand.NO_DAY): D(720),
    }

    scenarios.accepted_milestone(contract, position=3, at=AT)
    with clock.stopped(AT):
        retention.tend_contract(contract_ref=contract.ref)
    with walls.asking_for(parties.seller.pk):
        (age,) = invoicing.retention_by_age(seller_id=parties.seller.pk, today=AT.date())
        statements = list(Release.objects.order_by("pk").values_list("kind", "position", "event", "amount"))
        invoice = Invoice.objects.get(milestone__position=2)
        sheet = invoicing.progress(Contract.objects.get(pk=contract.pk), since=AT.date(), until=AT.date())
        later = AT.date() + timedelta(days=1)
        nothing = invoicing.progress(Contract.objects.get(pk=contract.pk), since=later, until=later)
        first = invoicing.progress(Contract.objects.get(pk=contract.pk), since=date.min, until=date.min)
    assert (first.ties_out, first.due) == (True, D(0)), "the first day that there is"
    assert [(one.period, one.stored, one.retained) for one in sheet.lines] == [
        (D(0), D(12000), D(360)),
        (D(12000), D(0), D(360)),
        (D(16000), D(0), D(480)),
    ]
    assert (sheet.ties_out, sheet.due) == (True, D(47600) - D(1200)), "the total with tax, less what is retained"
    assert (nothing.ties_out, nothing.due, nothing.earned) == (True, D(0), sheet.due)
    assert (age.kind, age.bands) == ("Defects", {ReleaseBand.TO_365: D(1200)})
    assert statements == [(1, 1, "milestone", D(120)), (1, 3, "milestone", D(240)), (1, 2, "completion", D(1080))]
    said = wording.retention(snapshot.read(invoice.snapshot)).replace("\N{NO-BREAK SPACE}", " ")
    assert "1,200.00 EUR is retained as agreed (Performance)" in said
    assert "360.00 EUR is retained as agreed (Defects)" in said
    verified()


def test_a_statement_is_matched_paid_and_reversed_like_an_invoice(parties: Parties) -> None:
    contract = completed(parties)
    with clock.stopped(AT):
        retention.tend_contract(contract_ref=contract.ref)
    bilge = member(parties, "billing")
    with acting(bilge, at=AT):
        statement = Invoice.objects.get(kind="retention_release")
        bills = invoicing.bills_for(actor=bilge, transactions=[])
        arrived = rules.MoneyIn(
            amount=D("1500.00"),
            currency="EUR",
            received_on=date(2026, 4, 1),
            account="DE89370400440532013000",
            texts=("Retention RET-2026-0001 thank you",),
        )
        certain = rules.exact_bill(arrived, bills)
        assert certain is not None, "one number, all that is open on it, its account"
        assert certain.ref == statement.ref
    with acting(bilge, at=datetime(2026, 4, 1, 9, tzinfo=UTC)):
        paid = billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=statement.ref,
            amount=D("1500.00"),
            received_on=date(2026, 4, 1),
            bank_reference="RET-1",
        )
    assert state(parties, contract).due == 0
    verified()
    with acting(bilge, at=datetime(2026, 4, 2, 9, tzinfo=UTC)):
        billing.reverse_payment(actor=bilge, key=key(), payment_ref=paid["payment"], reason="Of another contract.")
    assert state(parties, contract).due == D("1500.00")
    verified()


def test_nothing_is_withheld_once_everything_was_released(parties: Parties) -> None:
    contract = signed(parties, RetentionTerms(rate=D(10)))
    scenarios.accepted_milestone(contract, position=1, at=AT)
    released(contract, 1, by=member(parties, "buyer"), at=AT)
    scenarios.accepted_milestone(contract, position=2, at=AT)
    with walls.asking_for(parties.seller.pk):
        assert OpenItem.objects.filter(retained__gt=0).count() == 1
    assert state(parties, contract).held == 0
    verified()


def test_what_was_credited_and_billed_again_brings_no_step_nearer(parties: Parties) -> None:
    """12,000 of 40,000, twice but for its credit note, is less than the half from which 5 % are withheld."""
    contract = signed(parties, RetentionTerms(rate=D(0), steps=(RetentionStep(D(50), D(5)),), releases=HALVES.releases))
    milestone = scenarios.accepted_milestone(contract, position=1, at=AT)
    corrections.granted(parties, corrections.asked(parties, milestone.ref, at=AT), at=AT)
    again = scenarios.submitted_rest(scenarios.milestone_of(contract, part=2), at=AT)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(again))
    with acting(guest, at=AT):
        sign_off.accept_milestone(actor=guest, key=key(), submission_ref=again.ref, seen=again.sha256)
    assert state(parties, contract).held == 0


def test_who_may_not_release_is_told_who_may(parties: Parties) -> None:
    parts = (RetentionRelease(D(40), BUYER), RetentionRelease(D(30), SELLER), RetentionRelease(D(30), days=30))
    contract = signed(parties, RetentionTerms(rate=D(10), releases=parts))
    submission = scenarios.submitted_milestone(contract, at=AT)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    scenarios.accepted_milestone(contract, position=2, at=AT)
    seller = member(parties, "billing")
    for position, actor, words in (
        (1, seller, "The buyer says when"),
        (3, seller, "released by itself"),
        (1, guest, "personal link"),
        (1, member(parties, "delivery"), "does not allow|not allowed|may not|cannot"),
        (4, seller, "no such part"),
    ):
        with pytest.raises((NotAllowed, Refused), match=words):
            released(contract, position, by=actor, at=AT)
    limited = replace(member(parties, "approver"))
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE parties_membership SET approval_limit = 100 WHERE user_id = %s", [limited.user_id])
    with pytest.raises(NotAllowed, match="you release up to"):
        released(contract, 1, by=limited, at=AT)
    answer = released(contract, 2, by=seller, at=AT)
    with walls.asking_for(parties.seller.pk):
        made = Release.objects.get(ref=answer["release"])
    assert (made.event, made.amount) == (SELLER, D("360.00"))
    verified()


def test_a_change_order_that_completes_the_contract_starts_the_release_too(parties: Parties) -> None:
    contract = signed(parties)
    scenarios.accepted_milestone(contract, position=1, at=AT)
    less = ChangeDraft(title="Less", reason="By phone.", lines=(ChangedLine(2, None), ChangedLine(3, None)))
    proposed = change_orders.propose(contract, less, by=scenarios.seller_actor(parties), at=AT)
    assert not ProcrastinateJob.objects.filter(task_name__endswith="release_retentions").exists()
    change_orders.sign(proposed, by=scenarios.buyer_actor(parties), at=AT)
    assert ProcrastinateJob.objects.get(task_name__endswith="release_retentions").args["contract_ref"] == contract.ref


def test_a_milestone_with_retention_is_not_financed_and_the_seller_is_told_why(parties: Parties) -> None:
    contract = signed(parties)
    milestone = scenarios.accepted_milestone(contract, position=1, at=AT)
    planned = scenarios.milestone_of(contract, position=2)
    with walls.asking_for(parties.seller.pk, parties.buyer.pk), transaction.atomic():
        with pytest.raises(Refused, match=r"keeps back 1,200\.00 EUR"):
            invoicing.claims(contract=contract, milestone_refs=[milestone.ref])
        with pytest.raises(Refused, match="milestones with retention is not offered"):
            invoicing.claims(contract=contract, milestone_refs=[planned.ref])


def test_the_documents_say_what_is_due_now_and_what_later(parties: Parties) -> None:
    pytest.importorskip("weasyprint")
    contract = completed(parties)
    with clock.stopped(AT):
        retention.tend_contract(contract_ref=contract.ref)
    with walls.asking_for(parties.seller.pk):
        invoices = [Invoice.objects.order_by("pk")[0], Invoice.objects.get(kind="retention_release")]
    texts = []
    for invoice in invoices:
        made = documents.made_of(invoice.snapshot)
        kept = Stored(invoice.snapshot, made.pdf, "", 0, made.xml, "", 0, made.obstacle)
        wrong = [one for one in inspection.findings(kept) if "is not what was stored" not in one]
        assert wrong == []
        texts.append(Paper(made.pdf).text)
    assert "1,200.00EURisretainedasagreed" in texts[0]
    assert "Duenow13,080.00EUR" in texts[0]
    assert "1,500.00EUR" in texts[1]
    said = release_statement.read(invoices[1].snapshot)
    assert [one.amount for one in said.shares] == [D("600.00"), D("500.00"), D("400.00")]
    assert said.left == D("1500.00")
    harmed = release_statement.write(replace(said, shares=said.shares[1:]))
    made = documents.made_of(invoices[1].snapshot)
    kept = Stored(harmed, made.pdf, "", 0, b"", "", 0, made.obstacle)
    assert any("do not add up" in one for one in inspection.findings(kept))
    with walls.asking_for(parties.seller.pk):
        assert Document.objects.filter(invoice=invoices[1]).exists()


@pytest.mark.parametrize(
    ("statement", "because"),
    [
        ("UPDATE invoicing_retention SET released = held + 1", "released_is_at_most_what_was_withheld"),
        ("UPDATE invoicing_retention SET released = 0", "never grows"),
        ("UPDATE invoicing_retention SET released = released + 1 WHERE held > released", "differs"),
        ("UPDATE invoicing_retention SET held = held + 1", "nothing more is withheld later"),
        ("UPDATE invoicing_retention SET held = held - 1", "differs"),
        ("UPDATE invoicing_retention SET carried = 1", "frozen"),
        ("UPDATE contracts_planline SET retention_rate = 60", "frozen|own_retention_is_a_rate"),
        (
            "INSERT INTO invoicing_retention (invoice_id, kind, contract_id, seller_id, buyer_id, currency, held,"
            " released) SELECT invoice_id, 2, contract_id, seller_id, buyer_id, currency, 5, 0"
            " FROM invoicing_retention",
            "differs from its open item",
        ),
        (
            "INSERT INTO invoicing_retentionrelease (ref, contract_id, position, kind, event, invoice_id, currency,"
            " amount, released_on, released_at, released_by_name) SELECT 'x', contract_id, 2, 2, 'completion',"
            " invoice_id, currency, amount, released_on, released_at, '' FROM invoicing_retentionrelease",
            "only what was agreed is released",
        ),
        ("DELETE FROM invoicing_retention", "never deleted|frozen"),
        ("UPDATE invoicing_openitem SET retained = 0, open = open + retained WHERE retained > 0", "falls only by"),
        ("UPDATE invoicing_retentionrelease SET amount = amount + 1", "append-only"),
        ("DELETE FROM invoicing_retentionshare", "append-only"),
        (
            "INSERT INTO invoicing_retentionshare (release_id, retention_id, amount)"
            " SELECT l.id, r.id, 1 FROM invoicing_retentionrelease l, invoicing_retention r"
            " WHERE NOT EXISTS (SELECT 1 FROM invoicing_retentionshare s WHERE s.retention_id = r.id) LIMIT 1",
            "differ",
        ),
        (
            "INSERT INTO invoicing_retentionrelease (ref, contract_id, position, event, invoice_id, currency, amount,"
            " released_on, released_at, released_by_name) SELECT 'x', contract_id, 9, 'completion', invoice_id,"
            " currency, amount, released_on, released_at, '' FROM invoicing_retentionrelease",
            "only what was agreed is released|unique",
        ),
        ("UPDATE contracts_contractversion SET retention = NULL", "frozen"),
    ],
)
def test_the_database_refuses_what_goes_round_the_services(
    untouched_release: Contract, statement: str, because: str
) -> None:
    with (
        pytest.raises(IntegrityError, match=because),
        transaction.atomic(using="owner"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(f"{statement}; SET CONSTRAINTS ALL IMMEDIATE")
