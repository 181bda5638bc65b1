"""Money that settles nothing goes back: asked, approved by a second person, paid out once, never more than is there."""

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction

from apps.audit.models import Entry
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing.models import Payment, Refund
from apps.invoicing.services.account_statement import Between, Event, account_statement, standing_of
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.parties.actor import Actor
from apps.workflows import billing, crediting, refund_jobs, refunding
from tests import scenarios
from tests.invoicing.conftest import Billed

D = Decimal
AT = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 4, 3, 9, 0, tzinfo=UTC)


def overpaid(billed: Billed) -> str:
    """5,720.00 EUR more than the invoice."""
    bilge = scenarios.member(billed.parties, "billing")
    with scenarios.acting(bilge, at=AT):
        return billing.record_payment(
            actor=bilge,
            key="pay",
            invoice_ref=billed.invoice.ref,
            amount=D(20000),
            received_on=date(2026, 4, 1),
            bank_reference="IN-1",
        )["payment"]


def asked(actor: Actor, payment: str, amount: str | None = None, *, key: str = "") -> str:
    with scenarios.acting(actor, at=LATER):
        return refunding.ask_refund(
            actor=actor,
            key=key or scenarios.key(),
            payment_ref=payment,
            amount=D(amount) if amount else None,
            reason="Paid twice.",
        )["refund"]


def paid(actor: Actor, refund: str, *, key: str = "", reference: str = "OUT-1", on: date = date(2026, 4, 2)) -> None:
    with scenarios.acting(actor, at=LATER):
        refunding.pay_refund(
            actor=actor, key=key or scenarios.key(), refund_ref=refund, paid_on=on, bank_reference=reference
        )


def unapplied(billed: Billed) -> Decimal:
    """As the book has it."""
    with walls.asking_for(billed.contract.seller_id):
        return -ledger.balance(
            organisation_id=billed.contract.seller_id,
            currency="EUR",
            purpose=ledger.Purpose.SELLER,
            account=Seller.UNAPPLIED_RECEIPTS,
        )


def verified() -> None:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    assert "nothing differs" in out.getvalue()


def refused(match: str, act: Callable[[], object], kind: type[Refused] = Refused) -> None:
    with pytest.raises(kind, match=match):
        act()


def test_a_surplus_goes_back_once_and_both_sides_read_it(billed: Billed) -> None:
    bilge, payment = scenarios.member(billed.parties, "billing"), overpaid(billed)
    refused("at most", lambda: asked(bilge, payment, "5720.01"))
    refused("above zero", lambda: asked(bilge, payment, "0"))
    refund = asked(bilge, payment, "5000.00", key="ask")
    assert asked(bilge, payment, "5000.00", key="ask") == refund
    refused("under way", lambda: asked(bilge, payment, "1.00"))
    refused("before it arrived", lambda: paid(bilge, refund, on=date(2026, 3, 31)))
    refused("after today", lambda: paid(bilge, refund, on=date(2026, 4, 4)))
    assert unapplied(billed) == D(5720)
    paid(bilge, refund, key="out")
    paid(bilge, refund, key="out")
    refused("already", lambda: paid(bilge, refund, reference="OUT-2"), IllegalTransition)
    assert unapplied(billed) == D(720)
    rest = asked(bilge, payment)
    refused("already recorded", lambda: paid(bilge, rest))
    with walls.asking_for(billed.contract.seller_id):
        assert Refund.objects.get(ref=rest).amount == D(720)
    # The buyer learns of what was paid back, and not of what is only planned.
    parties = billed.parties
    between = Between(parties.seller, parties.buyer, "EUR")
    for actor in (bilge, scenarios.buyer_actor(parties)):
        with scenarios.acting(actor, at=LATER):
            days = {"since": date(2026, 4, 2), "until": date(2026, 4, 3)}
            made = account_statement(actor, between=between, **days)
            assert [(row.event, row.amount) for row in made.rows] == [(Event.REFUND, D(5000))]
            assert (made.opening, made.closing) == (D(-5720), D(-720))
            assert made.closing == standing_of(actor, between=between, today=date(2026, 4, 3)).balance
            assert Refund.objects.visible_to(actor).count() == (2 if actor == bilge else 1)
    with walls.asking_for(parties.buyer.pk):
        told = dict(Entry.objects.filter(verb__startswith="refund.").order_by("pk").values_list("verb", "text"))
    assert "Paid twice" not in told["refund.asked"]
    assert "5000" in told["refund.paid"]
    refund_jobs.send_refund.func(refund_ref=refund, organisation_id=parties.buyer.pk)
    assert "5,000.00" in mail.outbox[-1].body
    verified()


def test_above_a_limit_a_second_person_approves(billed: Billed) -> None:
    payment, bilge = overpaid(billed), scenarios.member(billed.parties, "billing")
    limited = replace(bilge, approval_limit=D(1000))
    refund = asked(limited, payment)
    refused("to be paid|cannot become|Waits", lambda: paid(bilge, refund), IllegalTransition)

    def approved(by: Actor) -> None:
        with scenarios.acting(by, at=LATER):
            refunding.approve_refund(actor=by, key=scenarios.key(), refund_ref=refund)

    owner = scenarios.seller_actor(billed.parties)
    refused("Somebody else", lambda: approved(bilge), NotAllowed)
    refused("above your limit", lambda: approved(replace(owner, approval_limit=D(5719))), NotAllowed)
    refused("role", lambda: approved(scenarios.member(billed.parties, "delivery")), NotAllowed)
    refused("no such", lambda: approved(scenarios.buyer_actor(billed.parties)))
    approved(owner)
    paid(limited, refund)
    assert unapplied(billed) == 0
    small = asked(limited, overpaid_again(billed), "1000.00")
    with walls.asking_for(billed.contract.seller_id):
        assert Refund.objects.get(ref=small).state == "approved"
    verified()


def overpaid_again(billed: Billed) -> str:
    other = scenarios.accepted_milestone(billed.contract, position=2, at=AT)
    bilge = scenarios.member(billed.parties, "billing")
    with scenarios.acting(bilge, at=AT):
        return billing.record_payment(
            actor=bilge,
            key=scenarios.key(),
            invoice_ref=other.invoice.ref,
            amount=D(20000),
            received_on=date(2026, 4, 1),
            bank_reference="IN-2",
        )["payment"]


def test_what_is_asked_back_settles_nothing_else_and_what_came_back_does(billed: Billed) -> None:
    payment, bilge = overpaid(billed), scenarios.member(billed.parties, "billing")
    other = scenarios.accepted_milestone(billed.contract, position=2, at=AT)
    with walls.asking_for(billed.contract.seller_id):
        target = other.invoice.ref

    def settled(amount: str) -> None:
        with scenarios.acting(bilge, at=LATER):
            crediting.allocate_payment(
                actor=bilge, key=scenarios.key(), payment_ref=payment, invoice_ref=target, amount=D(amount)
            )

    def reversed_() -> None:
        with scenarios.acting(bilge, at=LATER):
            billing.reverse_payment(actor=bilge, key=scenarios.key(), payment_ref=payment, reason="Wrong.")

    refund = asked(bilge, payment, "5000.00")
    refused("left of the payment", lambda: settled("720.01"))
    refused("paid back", reversed_)
    paid(bilge, refund)
    refused("paid back", reversed_)
    with scenarios.acting(bilge, at=LATER):
        refunding.return_refund(actor=bilge, key="back", refund_ref=refund, reason="The account is closed.")
    assert unapplied(billed) == D(5720)
    verified()
    settled("5720.00")
    refused("left", lambda: asked(bilge, payment))
    verified()
    reversed_()
    verified()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invoicing_refund SET amount = 5721 WHERE state = 'approved'",
        "UPDATE invoicing_refund SET state = 'returned' WHERE state = 'approved'",
        "UPDATE invoicing_refund SET needs_second = TRUE WHERE state = 'approved'",
        "DELETE FROM invoicing_refund",
        "INSERT INTO invoicing_refund (ref, payment_id, seller_id, buyer_id, amount, currency, reason, needs_second,"
        " state, asked_by_id, asked_by_name, asked_at, approved_by_id, approved_by_name, approved_at, bank_reference,"
        " paid_by_name, ended_by_name, ended_reason) SELECT 'x', payment_id, seller_id, buyer_id, 1, currency, reason,"
        " FALSE, 'approved', asked_by_id, 'Eve', asked_at, asked_by_id, 'Eve', asked_at, '', '', '', ''"
        " FROM invoicing_refund",
    ],
)
def test_the_database_refuses_what_the_code_forgot(kept: Billed, statement: str) -> None:
    with pytest.raises(IntegrityError):
        written(statement)


def test_no_more_goes_back_than_settles_nothing_whoever_writes_it(kept: Billed) -> None:
    with walls.asking_for(kept.contract.seller_id):
        refund = Refund.objects.get()
        more = Refund.objects.filter(pk=refund.pk).values().get() | {"id": None, "ref": "y", "state": "asked"}
    more |= {"amount": D("5720.01"), "needs_second": True, "approved_by_id": None, "approved_by_name": ""}
    more["approved_at"] = None
    with pytest.raises(IntegrityError, match="settled or paid back"):
        written("DROP INDEX one_refund_under_way_per_payment", more)


def written(statement: str, row: dict[str, Any] | None = None) -> None:
    """Go round the services, as the owner of the tables: everything that waits for COMMIT is checked, and undone."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        if row is not None:
            Refund.objects.using("owner").create(**row)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture(scope="module")
def kept(untouched: Billed) -> Billed:
    """A refund that is approved; nothing more may happen to it."""
    with suppress(Refused):
        asked(scenarios.member(untouched.parties, "billing"), overpaid(untouched))
    assert Payment.objects.using("owner").count() == 1
    return untouched
