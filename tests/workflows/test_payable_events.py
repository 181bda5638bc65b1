"""Payable is not accepted: an advance that is due by an event of the buyer's, and is given back by later invoices."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from apps.contracts.drafts import EVENT, FIXED, ContractDraft, DraftLine, Due, Recovery
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.rules import read_version_text
from apps.core import canonical
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing import snapshot, wording
from apps.invoicing.models import Instalment, Invoice
from apps.milestones.models import ConfirmedEvent, Milestone
from apps.parties.actor import Actor
from apps.parties.models import Membership
from apps.portals.waiting import panel_of
from apps.workflows import confirming
from tests import scenarios
from tests.scenarios import Parties, acting, key

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CAST = "The castings are poured"
D = Decimal


def draft_of(parties: Parties) -> ContractDraft:
    """40,000.00 in 30/30/40, and 9,000.00 that are payable by the event, given back by 5,000.00 of each invoice."""
    draft = scenarios.software_draft(parties, retention=None)
    due = Due(start=EVENT, event=CAST, recovery=Recovery(FIXED, amount=D("5000.00")))
    advance = DraftLine("Payment for castings", basis="amount", amount=D("9000.00"), kind="deposit", due=due)
    return replace(draft, lines=(advance, *draft.lines))


def confirm(contract: Contract, *, by: Actor, at: datetime) -> None:
    with acting(by, at=at):
        confirming.confirm_event(actor=by, key=key(), contract_ref=contract.ref, event=CAST, note="Seen.")


def test_a_payment_is_due_by_the_event_accepts_nothing_and_comes_back_by_an_amount(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, draft=draft_of(parties), at=NOON)
    bea = scenarios.approver_actor(parties)
    with walls.asking_for(contract.seller_id):
        version = ContractVersion.objects.get(contract=contract)
        said = canonical.read(version.canonical_text)["plan"][0]["due"]
        assert (said["start"], said["event"], said["recovery"]["amount"]) == ("event", CAST, "5000")
        line = read_version_text(version.canonical_text).lines[0]
        assert line.due == Due(start=EVENT, event=CAST, recovery=Recovery(FIXED, amount=D("5000.00")))
        waiting = Instalment.objects.get(contract=contract)
        assert (waiting.bills_on, waiting.event) == (None, CAST)
        with pytest.raises(DatabaseError, match="follows the word of the buyer"), transaction.atomic():
            Instalment.objects.filter(pk=waiting.pk).update(bills_on=NOON.date())

    confirm(contract, by=bea, at=NOON)
    with walls.asking_for(contract.seller_id):
        event = ConfirmedEvent.objects.get()
        assert (event.payable, event.statement_version) == (D("9000.00"), "event-payable-1")
        assert "9,000.00" in event.statement
        assert "accepts no work and no delivery" in event.statement
        invoice = Invoice.objects.get(contract=contract)
        assert (invoice.kind, invoice.net, invoice.tax) == ("advance", D("9000.00"), D("1710.00"))
        words = wording.cause(snapshot.read(invoice.snapshot)).replace("\N{NO-BREAK SPACE}", " ")
        assert words.startswith(f"Payable, not accepted: “{CAST}”, confirmed by {bea.name} on 1 April 2026.")
        # Nothing is accepted by it.
        assert set(Milestone.objects.filter(contract=contract).values_list("state", flat=True)) == {"planned"}

    for position in (2, 3, 4):
        scenarios.accepted_milestone(contract, position=position, at=NOON + position * DAY)
    with walls.asking_for(contract.seller_id):
        over = Contract.objects.get(pk=contract.pk)
        panel = panel_of(over)
        assert over.state == "completed"
        assert panel is not None
        assert ([one.event.note for one in panel.confirmed], panel.events, panel.rows) == (["Seen."], [], [])
    with walls.asking_for(contract.seller_id):
        billed = Invoice.objects.filter(contract=contract, kind="milestone").order_by("pk")
        assert list(billed.values_list("net", "recovered")) == [
            (D("7000.00"), D("5000.00")),
            (D("8000.00"), D("4000.00")),
            (D("16000.00"), D("0.00")),
        ]
        assert sum(Invoice.objects.filter(contract=contract).values_list("net", flat=True)) == D("40000.00")


def test_no_more_is_payable_than_later_invoices_can_give_back(parties: Parties) -> None:
    """Two payments by one event, and so little left to bill that one of them fits: what is said is what is billed."""
    draft = draft_of(parties)
    again = replace(draft.lines[0], title="More castings")
    draft = replace(draft, lines=(draft.lines[0], again, *draft.lines[1:]))
    contract = scenarios.active_contract(parties, draft=draft, at=NOON)
    for position in (3, 4):
        scenarios.accepted_milestone(contract, position=position, at=NOON)

    confirm(contract, by=scenarios.approver_actor(parties), at=NOON + DAY)

    with walls.asking_for(contract.seller_id):
        event = ConfirmedEvent.objects.get()
        assert event.payable == D("9000.00")
        assert "9,000.00" in event.statement
        advances = Invoice.objects.filter(contract=contract, kind="advance")
        assert list(advances.values_list("net", flat=True)) == [D("9000.00")]
        assert Instalment.objects.get(contract=contract, title="More castings").cancelled_at is not None
    scenarios.accepted_milestone(contract, position=5, at=NOON + 2 * DAY)
    with walls.asking_for(contract.seller_id):
        assert sum(Invoice.objects.filter(contract=contract).values_list("net", flat=True)) == D("40000.00")


def test_who_may_not_sign_off_so_much_makes_nothing_payable(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, draft=draft_of(parties), at=NOON)
    with walls.asking_for(parties.buyer.pk):
        membership = Membership.objects.get(pk=parties.people["approver"].pk)
        membership.approval_limit = D(8_999)
        membership.save(update_fields=["approval_limit"])
    with pytest.raises(NotAllowed, match=r"9,000\.00"):
        confirm(contract, by=scenarios.approver_actor(parties), at=NOON)
    with walls.asking_for(contract.seller_id):
        assert not ConfirmedEvent.objects.exists()
        assert not Invoice.objects.filter(contract=contract).exists()


def test_two_payments_by_one_event_are_no_more_together_than_what_can_give_them_back(parties: Parties) -> None:
    draft = scenarios.software_draft(parties, retention=None)
    due = Due(start=EVENT, event=CAST, recovery=Recovery(FIXED, amount=D("1.00")))
    both = [DraftLine(f"Payment {n}", basis="amount", amount=D("15000.00"), kind="deposit", due=due) for n in "12"]
    contract = scenarios.active_contract(parties, draft=replace(draft, lines=(*both, *draft.lines)), at=NOON)
    for position in (3, 4):
        scenarios.accepted_milestone(contract, position=position, at=NOON)
    confirm(contract, by=scenarios.approver_actor(parties), at=NOON + DAY)
    with walls.asking_for(contract.seller_id):
        # 16,000.00 are still to be billed: they give back the first payment, and not the second.
        assert [one.net for one in Invoice.objects.filter(contract=contract, kind="advance")] == [D("15000.00")]
        assert Instalment.objects.get(contract=contract, title="Payment 2").cancelled_at is not None
    scenarios.accepted_milestone(contract, position=5, at=NOON + 2 * DAY)
    with walls.asking_for(contract.seller_id):
        assert sum(Invoice.objects.filter(contract=contract).values_list("net", flat=True)) == D("40000.00")


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (Due(start=EVENT, event="", recovery=Recovery(FIXED, amount=D(5))), "by which event"),
        (Due(start=EVENT, event=CAST), "only such a deposit with an event"),
        (Due(start=EVENT, event=CAST, recovery=Recovery(FIXED)), "by which amount"),
        (Due(start=EVENT, event=CAST, recovery=Recovery(FIXED, amount=D(0))), "by which amount"),
    ],
)
def test_what_is_not_said_whole_is_refused(parties: Parties, due: Due, words: str) -> None:
    draft = draft_of(parties)
    lines = (replace(draft.lines[0], due=due), *draft.lines[1:])
    with pytest.raises(Refused, match=words):
        scenarios.proposed_contract(parties, draft=replace(draft, lines=lines), at=NOON)
