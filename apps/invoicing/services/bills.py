"""The seller's invoices as matching sees them, and a bank transaction as money that arrived."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import JSONField, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast, JSONObject

from apps.invoicing import rules
from apps.invoicing.models import BankTransaction, OpenItem, PayeeInstruction
from apps.parties.actor import Actor

MOST = 5_000
"""Open invoices that are looked at, those due first: more is a book that nobody matches by eye."""


def bills_for(*, actor: Actor, transactions: Sequence[BankTransaction]) -> rules.Bills:
    """What is owed to the seller, and of what is paid whatever these transactions name.

    Two queries, however many they are.
    """
    named = {number for one in transactions for text in texts_of(one) for number in rules.possible_numbers(text)}
    settled = _of_seller(actor).filter(open=0, invoice__number__in=named).order_by("pk")[:MOST]
    bills = rules.Bills.of(_bills(_of_seller(actor).open().order_by("due_on", "pk")[:MOST]))
    return bills.joined(rules.Bills.of(_bills(settled))) if named else bills


def bill_of(*, invoice_ref: str, actor: Actor) -> rules.Bill | None:
    """One invoice of the seller as it stands now, if there is such a one."""
    return next(iter(_bills(_of_seller(actor).filter(invoice__ref=invoice_ref))), None)


def money_in(transaction: BankTransaction, *, today: date) -> rules.MoneyIn:
    """What of a transaction is not applied yet, and what the bank says of it."""
    return rules.MoneyIn(
        amount=transaction.unapplied,
        currency=transaction.currency,
        received_on=received_on(transaction, today=today),
        account=str(transaction.account),
        texts=texts_of(transaction),
        payer=transaction.payer,
        is_return=transaction.is_return,
    )


def texts_of(transaction: BankTransaction) -> tuple[str, ...]:
    """Where a payer may have written what is paid."""
    return (transaction.creditor_reference, transaction.text, transaction.end_to_end)


def received_on(transaction: BankTransaction, *, today: date) -> date:
    """The day on which the money counts: its value date, or the day of booking while that is still to come."""
    value = transaction.valued_on
    return value if value is not None and value <= today else transaction.booked_on


def _of_seller(actor: Actor) -> Any:
    return OpenItem.objects.visible_to(actor).filter(seller_id=actor.organisation_id)


def _bills(items: "QuerySet[OpenItem, OpenItem]") -> Iterable[rules.Bill]:
    """Whom an invoice wants paid stands in what was issued, and in the instruction that came after it."""
    payee = (
        PayeeInstruction.objects.live()
        .filter(milestone_id=OuterRef("invoice__milestone_id"))
        .values(json=JSONObject(payee="payee_id", name="payee_name", iban="iban", number="account_number"))
    )
    rows = items.annotate(
        instruction=Subquery(payee[:1], output_field=JSONField()),
        said=KeyTransform("credit_transfer", Cast("invoice__snapshot", JSONField())),
    ).values(
        "invoice__ref",
        "invoice__number",
        "invoice__issued_on",
        "currency",
        "open",
        "paid",
        "disputed",
        "due_on",
        "seller_id",
        "buyer_id",
        "buyer__legal_name",
        "instruction",
        "said",
    )
    return [_bill(dict(row)) for row in rows]


def _bill(row: dict[str, Any]) -> rules.Bill:
    instruction: dict[str, Any] = row["instruction"] or {}
    said: dict[str, Any] = row["said"] or {}
    account = (instruction.get("iban") or instruction.get("number")) if instruction else ""
    is_assigned = bool(instruction) and instruction["payee"] != row["seller_id"]
    return rules.Bill(
        ref=row["invoice__ref"],
        number=row["invoice__number"],
        currency=row["currency"],
        open=row["open"],
        paid=row["paid"],
        disputed=min(row["disputed"], row["open"]),
        buyer=row["buyer_id"],
        buyer_name=row["buyer__legal_name"],
        issued_on=row["invoice__issued_on"],
        due_on=row["due_on"],
        account=account or said.get("iban") or said.get("account_number") or "",
        payee=instruction["name"] if is_assigned else "",
    )
