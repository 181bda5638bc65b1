"""Deposits that later invoices give back: invoiced, recovered, credited, ended, and every total stays right."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction

from apps.contracts.drafts import (
    FIRST,
    RATE,
    ChangedLine,
    ChangeDraft,
    ContractDraft,
    DraftLine,
    DraftOption,
    Due,
    Recovery,
)
from apps.contracts.models import Contract, GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.core.printing.words import NBSP
from apps.invoicing import services as invoicing
from apps.invoicing import snapshot
from apps.invoicing.models import CreditNote, Instalment, Invoice, OpenItem
from apps.invoicing.rules import Share
from apps.ledger.charts import Seller
from apps.ledger.models import Balance
from apps.milestones.services import Defect
from apps.portals import plan_sums
from apps.revenue.services import contracts_to_tend
from apps.workflows import crediting, instalments, reserving, revenue, sign_off
from tests import change_orders, corrections, disputes, options, scenarios
from tests.scenarios import Parties, acting, key
from tests.terminations import noticed, proposed, signed

D = Decimal
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def draft(parties: Parties, recovery: Recovery, *, due: Due | None = None, **changes: Any) -> ContractDraft:
    """Three milestones of 12,000.00, 12,000.00 and 16,000.00, and an advance of 8,000.00 on them."""
    advance = DraftLine(
        "Advance",
        basis="percent",
        percent=D(20),
        kind="deposit",
        due=replace(due or Due(), recovery=recovery),
    )
    plain = scenarios.software_draft(parties)
    return scenarios.software_draft(parties, lines=(advance, *plain.lines), **changes)


def active(parties: Parties, recovery: Recovery, **changes: Any) -> Contract:
    return scenarios.active_contract(parties, draft=draft(parties, recovery, **changes), at=AT)


def accepted(contract: Contract, position: int, *, day: int) -> None:
    scenarios.accepted_milestone(contract, position=position, at=AT + day * DAY)


def bills(contract: Contract) -> list[tuple[str, str, str, str]]:
    with walls.asking_for(contract.seller_id):
        rows = Invoice.objects.filter(contract=contract).select_related("milestone", "instalment").order_by("pk")
        return [(row.about, f"{row.net:.2f}", f"{row.tax:.2f}", f"{row.recovered:.2f}") for row in rows]


def left(contract: Contract) -> str:
    with walls.asking_for(contract.seller_id):
        return " ".join(f"{one.left:.2f}" for one in invoicing.deposits(contract))


def owed(contract: Contract) -> Decimal:
    """What the buyer owes or paid of the contract, net of tax."""
    with walls.asking_for(contract.seller_id):
        invoices = sum((one.net for one in Invoice.objects.filter(contract=contract)), D(0))
        return invoices - sum((one.net for one in CreditNote.objects.filter(contract=contract)), D(0))


def sheet_holds(contract: Contract) -> None:
    """The schedule of values ties out, and asks for what the invoices ask for, with what is left of the deposits."""
    with walls.asking_for(contract.seller_id):
        sheet = invoicing.progress(Contract.objects.get(pk=contract.pk), since=AT.date(), until=AT.date() + 30 * DAY)
        asked = sum((one.gross for one in Invoice.objects.filter(contract=contract)), D(0))
        asked -= sum((one.gross for one in CreditNote.objects.filter(contract=contract)), D(0))
    assert sheet.differences == ()
    assert f"{sheet.now.deposits:.2f}" == left(contract)
    assert sheet.earned == sheet.due == asked


def credit(parties: Parties, contract: Contract, about: str, share: Share = Share(), *, day: int) -> None:  # noqa: B008
    clara = scenarios.member(parties, "billing")
    with acting(clara, at=AT + day * DAY):
        invoice = next(
            one
            for one in Invoice.objects.filter(contract=contract).select_related("milestone", "instalment")
            if one.about == about and one.open_item.credited < one.gross + one.recovered
        )
        crediting.credit_invoice(
            actor=clara,
            key=key(),
            invoice_ref=invoice.ref,
            share=share,
            reason="Agreed.",
            seen=invoicing.preview_credit(invoice_ref=invoice.ref, share=share).sha256,
        )


def withdrawn(parties: Parties, contract: Contract, *, day: int, share: Share = Share()) -> CreditNote:  # noqa: B008
    """Both sides withdraw the acceptance of the first milestone, or a part of it."""
    milestone, at = scenarios.milestone_of(contract, position=2), AT + day * DAY
    nullification = corrections.asked(parties, milestone.ref, share=share, at=at)
    return corrections.granted(parties, nullification, at=at)


def verified() -> None:
    out = io.StringIO()
    try:
        call_command("verify_ledger", stdout=out)
    except CommandError:
        pytest.fail(out.getvalue())


def last_of(contract: Contract) -> tuple[str, list[str]]:
    """The kind of the last invoice, and its lines as its document shows them."""
    with walls.asking_for(contract.seller_id):
        found = Invoice.objects.filter(contract=contract).order_by("-pk").first()
    assert found is not None
    said = snapshot.read(found.snapshot)
    return said.kind, [f"{line.name} {line.net:.2f}".replace(NBSP, " ") for line in said.lines]


def booked(contract: Contract, account: str) -> Decimal:
    with walls.asking_for(contract.seller_id):
        found = Balance.objects.filter(account__code=account, key=f"contract:{contract.ref}")
        return sum((one.amount for one in found), D(0))


def test_a_deposit_is_invoiced_recovered_and_survives_every_correction(scratch: str) -> None:
    parties = scenarios.organisations()
    contract = active(parties, Recovery(RATE, D(25)))
    assert bills(contract) == [("Advance", "8000.00", "1520.00", "0.00")]
    assert (booked(contract, Seller.DEPOSITS_RECEIVED), booked(contract, Seller.CONTRACT_BALANCE)) == (D(-8000), D(0))
    accepted(contract, 2, day=1)
    # 25 % of 12,000.00, although nobody has paid the deposit yet: its own invoice asks for it.
    assert bills(contract)[1] == ("Prototype", "9000.00", "1710.00", "3000.00")
    assert left(contract) == "5000.00"
    assert booked(contract, Seller.DEPOSITS_RECEIVED) == D(-5000)

    # Both sides withdraw a third of the acceptance: a third of the recovery returns to the deposit, and is due again.
    milestone = scenarios.milestone_of(contract, position=2)
    asked = corrections.asked(
        parties, milestone.ref, by="approver", share=Share(amount=D(4000)), reason="Rows are lost.", at=AT + 2 * DAY
    )
    note = corrections.granted(parties, asked, by="billing", at=AT + 2 * DAY)
    assert (note.net, note.given_back, note.tax) == (D(3000), D(1000), D(570))
    assert left(contract) == "6000.00"
    sheet_holds(contract)
    verified()

    # The price of what is left is lowered: the invoice falls first, and nothing of the deposit moves.
    credit(parties, contract, "Prototype", Share(amount=D(1000)), day=3)
    assert left(contract) == "6000.00"
    # The deposit is credited in part, and so much less is deducted from now on.
    credit(parties, contract, "Advance", Share(amount=D(2000)), day=4)
    assert left(contract) == "4000.00"
    with acting(scenarios.member(parties, "billing")), pytest.raises(Refused, match=r"4,000\.00"):
        invoicing.preview_credit(
            invoice_ref=Invoice.objects.get(contract=contract, kind="advance").ref, share=Share(amount=D(4001))
        )
    sheet_holds(contract)
    verified()

    accepted(contract, 3, day=5)
    assert bills(contract)[2] == ("Integration", "9000.00", "1710.00", "3000.00")
    rest = scenarios.milestone_of(contract, position=2, part=2)
    submission = scenarios.submitted_rest(rest, at=AT + 6 * DAY)
    accept_rest(parties, submission, at=AT + 6 * DAY)
    assert bills(contract)[3] == ("Prototype (2)", "3000.00", "570.00", "1000.00")
    accepted(contract, 4, day=7)
    assert bills(contract)[4][3] == "0.00"
    assert left(contract) == "0.00"
    assert owed(contract) == D(39000), "the price, less what was lowered"
    sheet_holds(contract)

    # Everything is credited: of what was recovered all returns, and is credited to the buyer at once.
    for about in ("Prototype", "Integration", "Prototype (2)", "Final delivery and sign-off"):
        credit(parties, contract, about, day=8)
    assert owed(contract) == 0
    with walls.asking_for(contract.seller_id):
        assert not OpenItem.objects.filter(contract=contract, open__gt=0).exists()
    assert booked(contract, Seller.DEPOSITS_RECEIVED) == 0
    sheet_holds(contract)
    # What was credited of the deposit is no revenue, and closing a month does not look for it.
    recognised(contract, at=AT + 8 * DAY)
    with walls.asking_for(contract.seller_id):
        assert not contracts_to_tend(organisation_id=contract.seller_id, through=AT.date()).exists()
    verified()


def accept_rest(parties: Parties, submission: Any, *, at: datetime) -> None:
    approver = scenarios.member(parties, "approver")
    with acting(approver, at=at):
        sign_off.accept_milestone(actor=approver, key=key(), submission_ref=submission.ref, seen=submission.sha256)


def test_recovered_first_an_invoice_comes_to_nothing_and_a_late_deposit_is_dropped(scratch: str) -> None:
    parties = scenarios.organisations()
    contract = active(parties, Recovery(FIRST), due=Due(start="date", on=date(2026, 3, 20)))
    accepted(contract, 2, day=1)
    assert bills(contract) == [("Prototype", "12000.00", "2280.00", "0.00")], "the deposit is not due yet"
    tend(contract, datetime(2026, 3, 20, 9, tzinfo=UTC))
    assert bills(contract)[1] == ("Advance", "8000.00", "1520.00", "0.00")
    accepted(contract, 3, day=20)
    assert bills(contract)[2] == ("Integration", "4000.00", "760.00", "8000.00")
    with walls.asking_for(contract.seller_id):
        first = Invoice.objects.get(contract=contract, number="INV-2026-0001")
    corrections.corrected(parties, first, at=AT + timedelta(days=20))
    accepted(contract, 4, day=21)
    assert owed(contract) == D(40000)
    assert last_of(contract) == (
        "final",
        [
            "Prototype 12000.00",
            "Integration 12000.00",
            "Final delivery and sign-off 16000.00",
            "Invoice COR-2026-0001 of 22 March 2026 deducted -12000.00",
            "Invoice INV-2026-0002 of 20 March 2026 deducted -8000.00",
            "Invoice INV-2026-0003 of 22 March 2026 deducted -4000.00",
        ],
    )

    other = active(parties, Recovery(FIRST), number="N-2", due=Due(start="date", on=date(2026, 5, 20)))
    for position in (2, 3, 4):
        accepted(other, position, day=position)
    with walls.asking_for(other.seller_id):
        assert Instalment.objects.get(contract=other).cancelled_at is not None
        assert Contract.objects.get(pk=other.pk).state == "completed"
        assert plan_sums.of_contracts([other.pk])[other.pk]["next_on"] is None, "a deposit that is dropped is not next"

    whole = draft(parties, Recovery(FIRST), number="N-3")
    whole = replace(whole, lines=(replace(whole.lines[0], percent=D(100)), *whole.lines[1:]))
    paid = scenarios.active_contract(parties, draft=whole, at=AT)
    accepted(paid, 2, day=1)
    assert bills(paid)[1] == ("Prototype", "0.00", "0.00", "12000.00")
    credit(parties, paid, "Prototype", day=2)
    with walls.asking_for(paid.seller_id):
        note = CreditNote.objects.filter(contract=paid).first()
        assert note is not None
        assert (note.net, note.given_back) == (D(0), D(12000))
    assert left(paid) == "28000.00", "what nothing is to come for goes back to the buyer"
    verified()


def tend(contract: Contract, at: datetime) -> None:
    with clock.stopped(at):
        for one in instalments.due(at=at, contract_refs=[contract.ref]):
            instalments.tend(contract_ref=one.contract_ref, seller_id=one.seller_id)


def test_the_database_gives_no_deposit_back_beyond_itself(scratch: str) -> None:
    contract = active(scenarios.organisations(), Recovery(RATE, D(25)))
    accepted(contract, 2, day=1)
    more = (
        "INSERT INTO invoicing_invoiceline (invoice_id, position, description, quantity, unit_price, net, tax_category,"
        " tax_rate, advance_id) SELECT l.invoice_id, 9, 'More', -1, 9000, -9000, l.tax_category, l.tax_rate,"
        " l.advance_id FROM invoicing_invoiceline l WHERE l.advance_id IS NOT NULL"
    )
    with pytest.raises(DatabaseError, match="given back than was invoiced"):
        _run(more)


def _run(sql: str) -> None:
    """Without the guard by which no line joins an invoice that is complete: what another one says is asked here."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname ~ 'no_line_joins_an_invoice'")
        cursor.execute(f"ALTER TABLE invoicing_invoiceline DISABLE TRIGGER {cursor.fetchone()[0]}")
        cursor.execute(f"{sql}; SET CONSTRAINTS ALL IMMEDIATE")


def test_what_nothing_can_give_back_any_more_goes_back_to_the_buyer(scratch: str) -> None:
    parties = scenarios.organisations()
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    contract = active(parties, Recovery(RATE, D(25)))
    accepted(contract, 2, day=1)
    with acting(sina):
        smaller = change_orders.line(contract, 4, basis="amount", percent=None, amount=D(2000))
        less = ChangeDraft("Less", "Less is needed.", lines=(ChangedLine(3, None), smaller))
    answer = change_orders.propose(contract, less, by=sina, at=AT + 2 * DAY)
    change_orders.sign(answer, by=scenarios.guest_actor(scenarios.link_to_sign(contract)), at=AT + 3 * DAY)
    assert left(contract) == "2000.00", "3,000.00 of 5,000.00 are credited: 2,000.00 are still to be billed"
    with walls.asking_for(contract.seller_id):
        note = CreditNote.objects.get()
        # A guest has no place here in whose name it could be issued; who acted stands in the record.
        assert (note.issued_by_id, note.issued_by_name) == (sina.user_id, sina.name)
    notice = noticed(contract, by=olga, effective_on=(AT + 5 * DAY).date(), at=AT + 4 * DAY)
    with acting(olga):
        assert notice.state == "noticed"
    signed(proposed(contract, {4: "500.00"}, by=sina, at=AT + 5 * DAY), by=olga, at=AT + 6 * DAY)
    assert bills(contract)[2] == ("Final delivery and sign-off", "0.00", "0.00", "500.00")
    assert left(contract) == "0.00"
    assert owed(contract) == D(12500)
    recognised(contract, at=AT + 6 * DAY)
    verified()

    # A correction beyond the invoice, after the end: what it gives back is credited of the deposit at once.
    credit(parties, contract, "Prototype", Share(amount=D(10000)), day=7)
    assert (left(contract), owed(contract)) == ("0.00", D(2500))
    recognised(contract, at=AT + 7 * DAY)
    verified()


def recognised(contract: Contract, *, at: datetime) -> None:
    with clock.stopped(at):
        revenue.recognise_revenue(contract_ref=contract.ref, seller_id=contract.seller_id)


def test_an_acceptance_is_withdrawn_by_its_work_not_by_what_its_invoice_comes_to(scratch: str) -> None:
    parties = scenarios.organisations()
    contract = active(parties, Recovery(RATE, D(25)))
    accepted(contract, 2, day=1)
    with walls.asking_for(contract.seller_id):
        deposit = Invoice.objects.get(contract=contract, kind="advance")
        assert invoicing.left_to_credit(invoice_ref=deposit.ref) == D(5000), "3,000.00 are credited with what gave them"
    note = withdrawn(parties, contract, day=2)
    assert (note.net, note.given_back) == (D(9000), D(3000))
    assert note.nullification is not None
    assert note.nullification.amount == D(12000), "all of what was accepted"
    assert left(contract) == "8000.00"

    # The deposit came to the whole price, so the invoice comes to nothing: its work is withdrawn all the same.
    whole = draft(parties, Recovery(FIRST), number="N-2")
    whole = replace(whole, lines=(replace(whole.lines[0], percent=D(100)), *whole.lines[1:]))
    paid = scenarios.active_contract(parties, draft=whole, at=AT)
    accepted(paid, 2, day=1)
    part = withdrawn(parties, paid, day=2, share=Share(percent=D(25)))
    assert (part.net, part.given_back) == (D(0), D(3000))
    rest = withdrawn(parties, paid, day=3)
    assert (rest.net, rest.given_back) == (D(0), D(9000))
    assert left(paid) == "40000.00"
    assert scenarios.milestone_of(paid, position=2).state == "nullified"
    verified()


def test_a_withdrawal_is_measured_by_what_its_credit_note_will_come_to(db: None) -> None:
    """3,570.00 are open, and 4,000.00 of the work is as much: a quarter of it returns to the deposit."""
    parties = scenarios.organisations()
    contract = active(parties, Recovery(RATE, D(25)))
    submission = scenarios.submitted_milestone(contract, position=2, at=AT)
    approver = scenarios.member(parties, "approver")
    with acting(approver, at=AT + DAY):
        reserving.accept_with_reservations(
            actor=approver,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            defects=[Defect("The export loses rows", date(2026, 4, 20), D(6000))],
        )
    with pytest.raises(Refused, match="Until those are settled only what is"):
        credit(parties, contract, "Prototype", Share(amount=D(4000)), day=2)
    note = withdrawn(parties, contract, day=2, share=Share(amount=D(4000)))
    assert (note.net, note.given_back, note.gross) == (D(3000), D(1000), D(3570))


def test_what_is_upheld_of_an_invoice_is_never_more_than_its_deposit_left_of_it(db: None) -> None:
    """12,000.00 less 3,000.00 of the deposit; 6,000.00 are credited while 9,000.00 are in dispute."""
    parties = scenarios.organisations()
    contract = active(parties, Recovery(RATE, D(25)))
    accepted(contract, 2, day=1)
    buyer, seller = scenarios.approver_actor(parties), scenarios.member(parties, "billing")
    with walls.asking_for(contract.seller_id):
        invoice = Invoice.objects.get(contract=contract, recovered__gt=0)
    dispute = disputes.on_invoice(invoice.ref, actor=buyer, at=AT + 2 * DAY, share=disputes.ALL)
    assert (dispute.amount, dispute.whole) == (D(9000), D(9000))
    first = disputes.proposed(dispute, "partly_upheld", actor=seller, at=AT + 3 * DAY, amount="5000")
    credit(parties, contract, "Prototype", Share(amount=D(6000)), day=4)
    with pytest.raises(Refused, match=r"only 3,000\.00 EUR net of tax are left"):
        disputes.agreed(first, actor=buyer, at=AT + 5 * DAY)
    with pytest.raises(Refused, match=r"only 3,000\.00 EUR net of tax are left"):
        disputes.proposed(dispute, "partly_upheld", actor=buyer, at=AT + 5 * DAY, amount="3000.01")
    less = disputes.proposed(dispute, "partly_upheld", actor=buyer, at=AT + 5 * DAY, amount="3000")
    answer = disputes.agreed(less, actor=seller, at=AT + 6 * DAY)
    with walls.asking_for(contract.seller_id):
        note = CreditNote.objects.get(ref=answer["credit_note"])
        assert (note.net, note.given_back) == (D(3000), D(0))
        assert OpenItem.objects.get(invoice=invoice).open == 0


def test_a_guest_settles_a_plan_that_was_picked_and_the_rest_of_its_deposit_is_credited(db: None) -> None:
    """The seller's signature is on the version that offered the plan: in that name the credit note is issued."""
    parties = scenarios.organisations()
    with_advance = draft(parties, Recovery(RATE, D(25)))
    offered = replace(
        scenarios.software_draft(parties),
        plan_name="By milestones",
        options=(DraftOption(name="With an advance", lines=with_advance.lines),),
        buyer_ref=scenarios.named_buyer(parties).ref,
        signatory_email="hanna@hafen.example",
    )
    with clock.stopped(AT):
        contract = scenarios.proposed_contract(parties, draft=offered)
        options.sign(contract, by=scenarios.guest_actor(scenarios.link_to_sign(contract)), pick=1)
    seller = scenarios.seller_actor(parties)
    notice = noticed(contract, by=seller, effective_on=(AT + DAY).date(), at=AT + DAY)
    settlement = proposed(contract, {2: "4000"}, by=seller, at=AT + DAY)
    with walls.asking_for(contract.buyer_id):
        link = GuestGrant.objects.get(purpose="settle", subject_ref=notice.ref)
    signed(settlement, by=scenarios.guest_actor(link), at=AT + DAY)
    assert left(contract) == "0.00"
    with walls.asking_for(contract.seller_id):
        assert CreditNote.objects.get(contract=contract).issued_by_name == seller.name
