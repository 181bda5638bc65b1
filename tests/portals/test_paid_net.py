"""What is paid of a contract stands on its pages net of the tax of what was paid, and moves only with a payment."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.contracts.drafts import LineTerms
from apps.contracts.models import Contract
from apps.contracts.retention import BUYER, COMPLETION, NET, RetentionRelease, RetentionTerms
from apps.core import clock
from apps.invoicing.models import Invoice, OpenItem
from apps.invoicing.rules import Share
from apps.workflows import billing
from tests import corrections, scenarios
from tests.portals.test_retention import signed_in
from tests.scenarios import Parties, acting, key

D = Decimal
SIDES = ("seller", "buyer")


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


def mixed(parties: Parties) -> Contract:
    """12,000.00 at 19 %, 20,000.00 at 7 % and 8,000.00 exempt, a tenth of each retained."""
    terms = RetentionTerms(
        rate=D(10), base=NET, releases=(RetentionRelease(D(60), BUYER), RetentionRelease(D(40), COMPLETION, days=7))
    )
    draft = scenarios.software_draft(parties, retention=terms)
    owns = (
        LineTerms(),
        LineTerms(tax_category="S", tax_rate=D(7)),
        LineTerms(tax_category="E", tax_rate=D(0), exemption_code="VATEX-EU-132-1I"),
    )
    lines = tuple(replace(line, own=own) for line, own in zip(draft.lines, owns, strict=True))
    return scenarios.active_contract(parties, draft=replace(draft, lines=lines))


def pay(parties: Parties, invoice: Invoice, amount: Decimal | None = None) -> None:
    actor = scenarios.member(parties, "billing")
    with acting(actor):
        left = OpenItem.objects.get(invoice=invoice).open
        billing.record_payment(
            actor=actor,
            key=key(),
            invoice_ref=invoice.ref,
            amount=amount or left,
            received_on=clock.today("Europe/Berlin"),
            bank_reference=key()[:20],
        )


def shown(parties: Parties, contract: Contract) -> list[tuple[Decimal, Decimal]]:
    """Billed and paid, as the page of each side has them."""
    found = []
    for side in SIDES:
        page = signed_in(parties, side).get(reverse(f"{side}:contract", args=[contract.ref]))
        figures = page.context["figures"]
        found.append((figures.billed, figures.paid))
    return found


def both(billed: str, paid: str) -> list[tuple[Decimal, Decimal]]:
    return [(D(billed), D(paid))] * 2


def test_without_a_payment_nothing_is_paid_more_or_less(parties: Parties) -> None:
    contract = mixed(parties)
    work = corrections.invoice_of(scenarios.accepted_milestone(contract))
    pay(parties, work, D("5950.00"))
    assert shown(parties, contract) == both("12000.00", "5000.00")
    goods = corrections.invoice_of(scenarios.accepted_milestone(contract, position=2))
    assert shown(parties, contract) == both("24000.00", "5000.00"), "billed at another rate"
    corrections.credited(parties, goods.ref, "3000.00")
    assert shown(parties, contract) == both("21000.00", "5000.00"), "credited at another rate"
    corrections.credited(parties, work.ref, "1000.00")
    assert shown(parties, contract) == both("20000.00", "5000.00"), "credited of the same invoice"
    exempt = corrections.invoice_of(scenarios.accepted_milestone(contract, position=3))
    assert shown(parties, contract)[0][1] == D("5000.00"), "without any tax"
    buyer = signed_in(parties, "buyer")
    released = buyer.post(reverse("buyer:release_retention", args=[contract.ref]), {"key": key(), "position": "1"})
    assert released.status_code == 302
    assert shown(parties, contract)[0][1] == D("5000.00"), "released, and not paid"
    for invoice in (work, goods, exempt):
        pay(parties, invoice)
    ((billed, paid), as_the_buyer_reads) = shown(parties, contract)
    assert as_the_buyer_reads == (billed, paid)
    assert paid < billed, "what is retained is not paid"
    with acting(scenarios.seller_actor(parties)):
        statement = Invoice.objects.get(kind="retention_release")
    pay(parties, statement)
    ((_billed, with_released), _buyers) = shown(parties, contract)
    bears_tax = with_released - paid
    assert D(0) < bears_tax < statement.gross, "a release bears the tax of what it was retained of"


def test_once_everything_is_paid_it_is_exactly_what_is_billed(parties: Parties) -> None:
    contract = mixed(parties)
    invoices = [
        corrections.invoice_of(scenarios.accepted_milestone(contract, position=position)) for position in (1, 2, 3)
    ]
    corrections.credited(parties, invoices[0].ref, "1234.57")
    for position in ("1", "2"):
        sent = {"key": key(), "position": position}
        signed_in(parties, "buyer").post(reverse("buyer:release_retention", args=[contract.ref]), sent)
    with acting(scenarios.seller_actor(parties)):
        invoices += Invoice.objects.filter(kind="retention_release").order_by("id")
    assert len(invoices) == 5
    for invoice in invoices:
        assert shown(parties, contract)[0][1] < D("38765.43")
        pay(parties, invoice)
    assert shown(parties, contract) == both("38765.43", "38765.43")


@pytest.mark.parametrize(("share", "stands", "struck"), [("5000.00", "7,000.00", 0), ("", "12,000.00", 1)])
def test_the_plan_adds_up_to_the_price_after_an_acceptance_was_withdrawn(
    parties: Parties, share: str, stands: str, struck: int
) -> None:
    contract = scenarios.active_contract(parties)
    milestone = scenarios.accepted_milestone(contract)
    asked = corrections.asked(parties, milestone.ref, share=Share(amount=D(share)) if share else Share())
    corrections.granted(parties, asked)
    for side in SIDES:
        page = signed_in(parties, side).get(reverse(f"{side}:contract", args=[contract.ref])).content.decode()
        page = page.replace("\xa0", " ").replace("&nbsp;", " ")
        rows = page.split("<tbody>", 1)[1].split("<tfoot>", 1)[0].split("<tr>")[1:]
        first = next(row for row in rows if f"/{milestone.ref}/" in row)
        assert first.count("<s>") == struck, side
        assert stands in first, side
        assert ("5,000.00 EUR of it withdrawn" in first) is bool(share), side
