"""Money that arrives: allocated to the cent, posted once, and only by whoever is paid."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from apps.audit.models import Entry as AuditEntry
from apps.contracts import services as contracts
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Allocation, OpenItem, PayeeInstruction, Payment
from apps.invoicing.services import Claim, Sale, SaleSettlement
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.ledger.models import Entry
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import BankAccount
from tests import scenarios
from tests.invoicing.conftest import Billed

AT = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
D = Decimal


def _receive(billed: Billed, *, actor: Actor | None = None, **changes: Any) -> Payment:
    actor = actor or scenarios.member(billed.parties, "billing")
    arguments: dict[str, Any] = {
        "invoice_ref": billed.invoice.ref,
        "recipient_id": actor.organisation_id,
        "amount": D("14280.00"),
        "received_on": date(2026, 4, 1),
        "bank_reference": "STMT-77/3",
        "at": AT,
    }
    with scenarios.acting(actor), transaction.atomic():
        walls.widen(billed.contract.seller_id, billed.contract.buyer_id)
        return invoicing.receive(actor=actor, **(arguments | changes))


def _balance(billed: Billed, account: str, key: str | None = None) -> Decimal:
    with walls.asking_for(billed.contract.seller_id):
        return ledger.balance(
            organisation_id=billed.contract.seller_id,
            currency="EUR",
            purpose=ledger.Purpose.SELLER,
            account=account,
            key=key,
        )


def _item(billed: Billed) -> OpenItem:
    with walls.asking_for(billed.contract.seller_id):
        return OpenItem.objects.get(invoice=billed.invoice)


def _assigned(billed: Billed) -> BankAccount:
    """The buyer is told to pay the financier, who is a party to the contract from then on."""
    with walls.asking_for(billed.parties.financier.pk):
        account = BankAccount.objects.get(organisation=billed.parties.financier)
    with walls.asking_for(billed.contract.seller_id, billed.parties.financier.pk), transaction.atomic():
        contracts.admit_financier(
            contract=billed.contract,
            financier_id=billed.parties.financier.pk,
            actor=scenarios.seller_actor(billed.parties),
            at=AT,
        )
        invoicing.direct_payment(
            milestone=scenarios.milestone_billed(billed.invoice),
            payee_id=billed.parties.financier.pk,
            account=account,
            at=AT,
        )
    return account


def _sold(billed: Billed) -> Entry:
    with walls.asking_for(billed.contract.seller_id, billed.parties.financier.pk), transaction.atomic():
        return invoicing.book_sale(
            invoice_id=billed.invoice.pk,
            sale=Sale(net=D("11900.00"), reserve=D("2142.00"), cost=D("238.00")),
            booked_on=date(2026, 3, 10),
            at=AT,
        )


def test_full_payment_settles_the_invoice_and_moves_the_receivable_to_the_bank(billed: Billed) -> None:
    payment = _receive(billed)
    item = _item(billed)
    assert (item.paid, item.open) == (D("14280.00"), D(0))
    assert item.settled_at == AT
    assert payment.amount == D("14280.00")
    assert _balance(billed, Seller.BANK) == D("14280.00")
    assert _balance(billed, Seller.RECEIVABLES, f"invoice:{billed.invoice.ref}") == 0
    assert _balance(billed, Seller.UNAPPLIED_RECEIPTS) == 0
    assert _balance(billed, Seller.CONTRACT_BALANCE) == D("-12000.00")


def test_payment_in_parts_leaves_the_rest_open(billed: Billed) -> None:
    _receive(billed, amount=D("10000.00"))
    assert (_item(billed).open, _item(billed).settled_at) == (D("4280.00"), None)
    _receive(billed, amount=D("4280.00"), bank_reference="STMT-78/1")
    assert _item(billed).settled_at == AT
    assert _balance(billed, Seller.RECEIVABLES) == 0


def test_over_payment_stays_unapplied_on_the_payment(billed: Billed) -> None:
    payment = _receive(billed, amount=D("14300.00"))
    with walls.asking_for(billed.contract.seller_id):
        assert Allocation.objects.get().amount == D("14280.00")
    assert _item(billed).open == 0
    assert _balance(billed, Seller.BANK) == D("14300.00")
    assert _balance(billed, Seller.UNAPPLIED_RECEIPTS, f"payment:{payment.ref}") == D("-20.00")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"amount": D(0)}, "amount", "above zero"),
        ({"amount": D("-5")}, "amount", "above zero"),
        ({"amount": D("NaN")}, "amount", "above zero"),
        ({"amount": D("0.001")}, "amount", "2 decimals"),
        ({"amount": D(10) ** 15}, "amount", "too large"),
        ({"received_on": date(2026, 4, 2)}, "received_on", "after today"),
        ({"received_on": date(2026, 3, 2)}, "received_on", "before the invoice of 2026-03-03"),
        ({"bank_reference": " \n "}, "bank_reference", "Enter the bank's reference"),
        ({"bank_reference": "x" * 61}, "bank_reference", "longer than 60"),
        ({"invoice_ref": "unknown"}, None, "no such invoice"),
    ],
)
def test_bad_input_is_refused_at_its_field_and_nothing_is_recorded(
    untouched: Billed, changes: dict[str, Any], field: str | None, words: str
) -> None:
    with pytest.raises(Refused, match=words) as refusal:
        _receive(untouched, **changes)
    assert refusal.value.field == field
    with walls.asking_for(untouched.contract.seller_id):
        assert not Payment.objects.exists()
    assert _item(untouched).open == D("14280.00")


def test_the_same_bank_line_is_recorded_once(billed: Billed) -> None:
    _receive(billed, amount=D("10000.00"))
    with pytest.raises(Refused, match="STMT-77/3 is already recorded") as refusal:
        _receive(billed, amount=D("4280.00"), bank_reference="  STMT-77/3 ")
    assert refusal.value.field == "bank_reference"
    assert _item(billed).open == D("4280.00")


def test_a_paid_invoice_takes_no_more(billed: Billed) -> None:
    _receive(billed)
    with pytest.raises(Refused, match="INV-2026-0001 is already paid in full"):
        _receive(billed, bank_reference="STMT-78/1")


def test_only_people_who_may_record_payments_do(billed: Billed) -> None:
    with pytest.raises(NotAllowed, match="record payments"):
        _receive(billed, actor=scenarios.member(billed.parties, "delivery"))


def test_neither_the_buyer_nor_a_financier_records_what_the_seller_is_paid(billed: Billed) -> None:
    for role in ("payables", "treasury"):
        with pytest.raises(Refused, match="paid to the seller, Nordlicht Software GmbH"):
            _receive(billed, actor=scenarios.member(billed.parties, role))


def test_the_seller_does_not_record_what_the_financier_is_paid(billed: Billed) -> None:
    _assigned(billed)
    with pytest.raises(Refused, match="the buyer pays Kontor Capital GmbH, who records its payments"):
        _receive(billed)


def test_what_reaches_another_payee_before_the_sale_is_owed_on_to_the_seller(billed: Billed) -> None:
    _assigned(billed)
    _receive(billed, actor=scenarios.treasury(billed.parties), amount=D("14300.00"))
    assert _item(billed).open == 0
    assert _balance(billed, Seller.RECEIVABLES) == 0
    assert _balance(billed, Seller.DUE_FROM_FINANCIER) == D("14280.00")
    assert _balance(billed, Seller.BANK) == 0
    assert _balance(billed, Seller.UNAPPLIED_RECEIPTS) == 0


def test_a_sold_receivable_leaves_the_book_and_is_settled_by_the_financiers_receipt(billed: Billed) -> None:
    _assigned(billed)
    entry = _sold(billed)
    key = f"invoice:{billed.invoice.ref}"
    with walls.asking_for(billed.contract.seller_id):
        assert sorted(entry.lines.values_list("account__code", "key", "amount")) == [
            ("1000", "", D("11900.00")),
            ("1100", key, D("-14280.00")),
            ("1200", key, D("2142.00")),
            ("5000", key, D("238.00")),
        ]
    _receive(billed, actor=scenarios.treasury(billed.parties), amount=D("14300.00"))
    assert _item(billed).open == 0
    assert _balance(billed, Seller.RECEIVABLES) == 0
    assert _balance(billed, Seller.BANK) == D("11900.00")
    assert _balance(billed, Seller.UNAPPLIED_RECEIPTS) == 0


@pytest.mark.parametrize(
    ("received", "adjustment", "cost"),
    [("2142.00", "0.00", "238.00"), ("2200.00", "58.00", "180.00"), ("2100.00", "-42.00", "280.00")],
)
def test_the_reserve_comes_back_with_what_was_given_back_or_kept(
    billed: Billed, received: str, adjustment: str, cost: str
) -> None:
    _assigned(billed)
    _sold(billed)
    with walls.asking_for(billed.contract.seller_id, billed.parties.financier.pk), transaction.atomic():
        invoicing.book_reserve_received(
            invoice_id=billed.invoice.pk,
            reference="a payout",
            settlement=SaleSettlement(received=D(received), reserve=D("2142.00"), adjustment=D(adjustment)),
            booked_on=date(2026, 4, 5),
            at=AT,
        )
    assert _balance(billed, Seller.DUE_FROM_FINANCIER) == 0
    assert _balance(billed, Seller.COST_OF_RECEIVABLES_SOLD) == D(cost)
    assert _balance(billed, Seller.BANK) == D("11900.00") + D(received)


def test_a_sale_that_does_not_add_up_is_a_bug(billed: Billed) -> None:
    with pytest.raises(ValueError, match="does not add up"), walls.asking_for(billed.contract.seller_id):
        invoicing.book_sale(
            invoice_id=billed.invoice.pk,
            sale=Sale(net=D(1), reserve=D(1), cost=D(1)),
            booked_on=date(2026, 3, 10),
            at=AT,
        )


def test_an_invoice_has_one_payee_at_a_time(billed: Billed) -> None:
    account = _assigned(billed)
    with walls.asking_for(billed.contract.seller_id, billed.parties.financier.pk):
        with pytest.raises(Refused, match="already to be paid to Kontor Capital GmbH"):
            invoicing.direct_payment(
                milestone=scenarios.milestone_billed(billed.invoice),
                payee_id=billed.parties.financier.pk,
                account=account,
                at=AT,
            )
        assert PayeeInstruction.objects.get().iban == "DE75512108001245126199"


def _claims(billed: Billed) -> list[Claim]:
    with scenarios.acting(scenarios.seller_actor(billed.parties)), transaction.atomic():
        return invoicing.claims(
            contract=billed.contract, milestone_refs=[scenarios.milestone_billed(billed.invoice).ref]
        )


def test_a_whole_open_assignable_invoice_is_a_claim(billed: Billed) -> None:
    (claim,) = _claims(billed)
    assert (claim.invoice, claim.face, claim.name) == (billed.invoice, billed.invoice.gross, billed.invoice.number)


def test_a_milestone_before_acceptance_is_a_claim_on_what_its_invoice_will_come_to(billed: Billed) -> None:
    with scenarios.acting(scenarios.seller_actor(billed.parties)), transaction.atomic():
        plan = list(Milestone.objects.filter(contract=billed.contract).order_by("position"))
        found = invoicing.claims(
            contract=billed.contract, milestone_refs=[milestone.ref for milestone in reversed(plan)]
        )
        assert [claim.milestone for claim in found] == plan
        assert [claim.invoice is None for claim in found] == [False, True, True]
        assert all(claim.face == invoicing.amount_to_bill(claim.milestone) for claim in found)
        with pytest.raises(Refused, match="no such milestone"):
            invoicing.claims(contract=billed.contract, milestone_refs=["unknown"])
        with pytest.raises(Refused, match="Choose at least one"):
            invoicing.claims(contract=billed.contract, milestone_refs=[])


def test_what_is_paid_is_not_claimed(billed: Billed) -> None:
    _receive(billed, amount=D("1.00"))
    with pytest.raises(Refused, match="Only a whole invoice is funded"):
        _claims(billed)
    _receive(billed, amount=D("14279.00"), bank_reference="STMT-78/1")
    with pytest.raises(Refused, match="nothing left to fund"):
        _claims(billed)


def test_what_is_assigned_is_not_claimed_again(billed: Billed) -> None:
    _assigned(billed)
    with pytest.raises(Refused, match="already assigned"):
        _claims(billed)


def test_a_receipt_is_recorded_on_the_contracts_audit_chain(billed: Billed) -> None:
    payment = _receive(billed)
    with walls.asking_for(billed.contract.buyer_id):
        entry = AuditEntry.objects.order_by("-position")[0]
    assert (entry.verb, entry.subject) == ("payment.received", f"invoice:{billed.invoice.ref}")
    assert payment.ref in entry.text
