"""What is open in all is the sum of the items, whatever happens to them, at once or one after the other."""

import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction

from apps.contracts.models import Contract
from apps.core import clock
from apps.invoicing.models import Invoice, OpenItem, OpenSum
from apps.invoicing.models.open_sum import SWEPT_EVERY
from apps.milestones.models import Submission
from apps.workflows import billing, sign_off
from tests import corrections, scenarios
from tests.races import together
from tests.scenarios import Parties, acting, key, line, software_draft

D = Decimal
AT_ONCE = 6


def verified() -> None:
    call_command("verify_ledger", stdout=io.StringIO(), stderr=io.StringIO())


def swept_next() -> None:
    """The next row of a sum is one that sweeps."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('invoicing_opensum', 'id'), (SELECT min(n) - 1 FROM generate_series("
            " (SELECT last_value FROM invoicing_opensum_id_seq) + 2, (SELECT last_value FROM invoicing_opensum_id_seq)"
            " + %s) n WHERE hashint8(n) %% %s = 0))",
            [20 * SWEPT_EVERY, SWEPT_EVERY],
        )


def sums(parties: Parties) -> dict[date, Decimal]:
    """What is open for the seller, by due date."""
    with acting(scenarios.seller_actor(parties)) as sina:
        found: dict[date, Decimal] = {}
        for one in OpenSum.objects.of_seller(sina):
            found[one.due_on] = found.get(one.due_on, D(0)) + one.amount
        return {day: amount for day, amount in found.items() if amount}


def accepting(parties: Parties, submission: Submission) -> Callable[[], object]:
    bea = scenarios.approver_actor(parties)

    def accept() -> object:
        with acting(bea):
            return sign_off.accept_milestone(
                actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256
            )

    return accept


def paying(parties: Parties, invoice: Invoice, *, amount: Decimal) -> Callable[[], object]:
    bilge = scenarios.member(parties, "billing")

    def pay() -> object:
        with acting(bilge):
            return billing.record_payment(
                actor=bilge,
                key=key(),
                invoice_ref=invoice.ref,
                amount=amount,
                received_on=clock.today("Europe/Berlin"),
                bank_reference=f"B-{invoice.number}",
            )

    return pay


def crediting_it(parties: Parties, invoice: Invoice) -> Callable[[], object]:
    return lambda: corrections.credited(parties, invoice.ref)


@pytest.fixture
def parties(scratch: str) -> Parties:
    return scenarios.organisations()


def contracts_of(parties: Parties) -> list[Contract]:
    lines = (line("All of it", 100),)
    return [
        scenarios.active_contract(parties, draft=software_draft(parties, number=f"OS-{number}", lines=lines))
        for number in range(AT_ONCE)
    ]


def test_sums_are_the_items_whatever_happens_at_once(parties: Parties) -> None:
    waiting = [scenarios.submitted_milestone(contract) for contract in contracts_of(parties)]
    swept_next()
    outcomes = together(*(accepting(parties, one) for one in waiting))
    assert not [one for one in outcomes if isinstance(one, Exception)]
    verified()
    with acting(scenarios.seller_actor(parties)):
        invoices = list(Invoice.objects.order_by("pk"))
    gross = invoices[0].gross
    assert sums(parties) == {invoices[0].due_on: AT_ONCE * gross}

    part, whole = D("1000.00"), gross + 5  # five too many settle nothing
    swept_next()
    outcomes = together(
        *(paying(parties, invoice, amount=part) for invoice in invoices[:2]),
        *(paying(parties, invoice, amount=whole) for invoice in invoices[2:4]),
        *(crediting_it(parties, invoice) for invoice in invoices[4:]),
    )
    assert not [one for one in outcomes if isinstance(one, Exception)], outcomes
    verified()
    with acting(scenarios.seller_actor(parties)):
        left = sum(OpenItem.objects.values_list("open", flat=True))
    assert sums(parties) == {invoices[0].due_on: left}

    bilge, paid = scenarios.member(parties, "billing"), outcomes[2]
    assert isinstance(paid, dict)
    swept_next()
    with acting(bilge):
        billing.reverse_payment(actor=bilge, key=key(), payment_ref=paid["payment"], reason="Another buyer's.")
    verified()
    assert sums(parties) == {invoices[0].due_on: left + gross}
    with acting(scenarios.seller_actor(parties)) as sina:
        assert OpenSum.objects.of_seller(sina).count() == 1, "one row that sweeps leaves one for each day"
        found = OpenSum.objects.of_seller(sina).by_currency(overdue_on=clock.today("Europe/Berlin"))
        assert found == {"EUR": (left + gross, D(0))}
        assert not OpenSum.objects.of_buyer(sina).exists()
    with acting(scenarios.buyer_actor(parties)) as olga:
        assert OpenSum.objects.of_buyer(olga).by_currency(overdue_on=date(2100, 1, 1)) == {
            "EUR": (left + gross, left + gross)
        }


def test_nobody_but_an_item_changes_a_sum_and_one_that_differs_is_named(parties: Parties) -> None:
    scenarios.accepted_milestone(scenarios.active_contract(parties))
    for sql in (
        "INSERT INTO invoicing_opensum (organisation_id, side, currency, due_on, is_assigned, amount)"
        " SELECT organisation_id, side, currency, due_on, is_assigned, 1 FROM invoicing_opensum",
        "UPDATE invoicing_opensum SET amount = amount + 1",
        "DELETE FROM invoicing_opensum",
    ):
        for alias in ("default", "owner"):
            with (
                acting(scenarios.seller_actor(parties)),
                pytest.raises(DatabaseError),
                transaction.atomic(using=alias),
                connections[alias].cursor() as cursor,
            ):
                cursor.execute(sql)
    verified()
    with connections["owner"].cursor() as cursor, transaction.atomic(using="owner"):
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE invoicing_opensum SET amount = amount + 1 WHERE side = 'buyer'")
    said = io.StringIO()
    with pytest.raises(CommandError, match="1 differences"):
        call_command("verify_ledger", stdout=said, stderr=said)
    assert "What is open in all" in said.getvalue()


def test_another_actor_sees_no_sum(parties: Parties) -> None:
    scenarios.accepted_milestone(scenarios.active_contract(parties))
    with acting(scenarios.treasury(parties)), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM invoicing_opensum")
        assert cursor.fetchone() == (0,)
