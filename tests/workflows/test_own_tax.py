"""Goods at 7 %, work at 19 % and an exempt part in one contract: each invoice at its line's tax, to the cent."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from apps.contracts.charges import BonusTerms, ChargeTerms, DamageTerms, Rate
from apps.contracts.drafts import ChangeDraft, DraftLine, Due, LineTerms, Recovery
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import checks, documents, snapshot
from apps.invoicing import services as invoicing
from apps.invoicing.models import Charge, CreditNote, Instalment, Invoice, InvoiceLine
from apps.invoicing.rules import OfLine, Share
from apps.ledger.charts import Seller
from apps.ledger.models import Line
from apps.milestones.models import Milestone
from apps.portals.invoice_to_come import invoice_to_come
from apps.workflows import charging, crediting, instalments
from tests import applications, change_orders, scenarios
from tests.scenarios import Parties, acting, key

AT = datetime(2026, 4, 11, 9, tzinfo=UTC)
D = Decimal
REDUCED = LineTerms(tax_category="S", tax_rate=D(7))
EXEMPT = LineTerms(tax_category="E", tax_rate=D(0), exemption_code="VATEX-EU-132-1I")
OUTSIDE = LineTerms(tax_category="O", tax_rate=D(0))
PRICED = ChargeTerms(DamageTerms(Rate(D("0.5")), tax="price", may_object=False), BonusTerms(Rate(D(1))))


@dataclass(frozen=True)
class Story:
    parties: Parties
    contract: Contract


@pytest.fixture(scope="module")
def story(once: Callable[[Callable[[], Any]], Any]) -> Story:
    """11,999.99 of work at 19 %, goods at 7 %, an exempt part; two months of support at 7 %; price 40,000.00."""

    def told() -> Story:
        parties = scenarios.organisations()
        work, goods, exempt = scenarios.software_draft(parties).lines
        support = DraftLine(
            "Support",
            basis="amount",
            amount=D("100.07"),
            kind="recurring",
            due=Due(period="month", count=2),
            own=REDUCED,
        )
        lines = (
            replace(work, basis="amount", percent=None, amount=D("11999.99"), planned_on=None),
            replace(
                goods, basis="amount", percent=None, amount=D("12000.07"), planned_on=date(2026, 4, 21), own=REDUCED
            ),
            replace(exempt, basis="remainder", percent=None, planned_on=None, own=EXEMPT),
            support,
        )
        draft = scenarios.software_draft(parties, lines=lines, charges=PRICED)
        return Story(parties, scenarios.active_contract(parties, draft=draft, at=AT))

    found: Story = once(told)
    return found


def both(story: Story) -> Any:
    return walls.asking_for(story.parties.seller.pk, story.parties.buyer.pk)


def sums(invoice: Invoice) -> tuple[str, str, str]:
    return str(invoice.net), str(invoice.tax), str(invoice.gross)


def invoice_of(story: Story, position: int) -> Invoice:
    return Invoice.objects.get(milestone__contract=story.contract, milestone__position=position)


@pytest.mark.django_db
def test_each_invoice_bears_the_tax_of_its_line(story: Story) -> None:
    ahead = {}
    for position in (1, 2, 3):
        with both(story):
            milestone = Milestone.objects.select_related("line__version__contract__seller").get(
                contract=story.contract, position=position
            )
            shown = invoice_to_come(milestone.amount, milestone=milestone, version=milestone.line.version)
            ahead[position] = (str(shown.net), str(shown.tax), str(shown.gross))
            assert invoicing.amount_to_bill(milestone) == shown.gross, "what a financier reckons with"
        scenarios.accepted_milestone(story.contract, position=position, at=AT)
    with clock.stopped(AT):
        instalments.tend(contract_ref=story.contract.ref, seller_id=story.parties.seller.pk)
    expected = {
        1: ("11999.990", "2280.000", "14279.990"),
        2: ("12000.070", "840.000", "12840.070"),
        3: ("15799.800", "0.000", "15799.800"),
    }
    with both(story):
        for position, figures in expected.items():
            invoice = invoice_of(story, position)
            assert tuple(map(D, sums(invoice))) == tuple(map(D, figures))
            assert tuple(map(D, ahead[position])) == tuple(map(D, figures)), "the sign-off showed the same"
        month = Invoice.objects.get(instalment=Instalment.objects.get(contract=story.contract, number=1))
        assert (month.net, month.tax) == (D("100.07"), D("7.00"))
        posted = Line.objects.filter(
            account__code=Seller.OUTPUT_TAX, entry__book__organisation_id=story.parties.seller.pk
        )
        assert posted.aggregate(sum=Sum("amount"))["sum"] == D("-3127.00")
        said = snapshot.read(invoice_of(story, 3).snapshot)
        assert [(row.category, row.rate, row.tax) for row in said.taxes] == [("E", D(0), D(0))]
        for position in (1, 2, 3):
            made = documents.made_of(invoice_of(story, position).snapshot)
            assert not made.obstacle
        with connection.cursor() as cursor:
            for check in checks.CHECKS:
                cursor.execute(check.sql)
                assert cursor.fetchall() == [], check.sentence


@pytest.mark.django_db
def test_credits_damages_and_bonuses_are_at_the_tax_of_the_line(story: Story) -> None:
    scenarios.accepted_milestone(story.contract, position=2, at=AT)
    with both(story):
        goods = invoice_of(story, 2)
    bilge = scenarios.member(story.parties, "billing")
    share = Share(amount=D("1000.01"))
    with acting(bilge, at=AT):
        seen = invoicing.preview_credit(invoice_ref=goods.ref, share=share).sha256
        crediting.credit_invoice(
            actor=bilge, key=key(), invoice_ref=goods.ref, share=share, reason="Agreed.", seen=seen
        )
    with both(story):
        note = CreditNote.objects.get(invoice=goods)
        assert (note.net, note.tax) == (D("1000.01"), D("70.00"))
    with acting(bilge, at=AT):
        charging.claim_bonus(actor=bilge, key=key(), milestone_ref=goods.billed.ref)
    with both(story):
        # Ten days early at 1 percent of 12,000.07, and 5 percent at most.
        charge = Charge.objects.filter(milestone=goods.milestone).values_list("kind", "tax_category", "tax_rate", "net")
        assert list(charge) == [("bonus", "S", D(7), D(600))]
        bonus = Invoice.objects.get(kind="bonus")
        assert (bonus.net, bonus.tax) == (D(600), D(42))


@pytest.mark.django_db
def test_the_database_refuses_another_tax(story: Story) -> None:
    scenarios.accepted_milestone(story.contract, position=2, at=AT)
    with both(story):
        line = InvoiceLine.objects.get(invoice=invoice_of(story, 2))
        for category, rate, why in (
            ("S", D(19), "an invoice bears the tax that is agreed"),
            ("E", D(0), "an invoice bears the tax that is agreed"),
        ):
            line.pk, line.position, line.tax_category, line.tax_rate = None, 2, category, rate
            with pytest.raises(IntegrityError, match=why), transaction.atomic():
                line.save(force_insert=True)
    drafted = scenarios.drafted_contract(story.parties, draft=scenarios.software_draft(story.parties, number="D-2"))
    with both(story):
        lines = PlanLine.objects.filter(version__contract=drafted)
        unsaid: tuple[str, Decimal | None] = ("S", None)
        for taxed in (unsaid, ("S", D(0)), ("", D(7)), ("E", D(7)), ("B", D(0))):
            with pytest.raises(IntegrityError, match="own_tax_has_the_rate"), transaction.atomic():
                lines.update(tax_category=taxed[0], tax_rate=taxed[1])


@pytest.mark.django_db
def test_a_change_order_taxes_an_open_line_anew_and_no_accepted_one(story: Story) -> None:
    anna, bea = scenarios.seller_actor(story.parties), scenarios.approver_actor(story.parties)
    moved = ChangeDraft(
        title="Goods", reason="They are free of tax.", lines=(change_orders.line(story.contract, 2, own=EXEMPT),)
    )
    change_orders.sign(change_orders.propose(story.contract, moved, by=anna, at=AT), by=bea, at=AT)
    with both(story):
        version = ContractVersion.objects.filter(contract=story.contract).latest("pk")
        line = canonical.read(version.canonical_text)["change_order"]["lines"][0]
        assert (line["own_before"]["tax_rate"], line["own_after"]["tax_category"]) == ("7", "E")
    scenarios.accepted_milestone(story.contract, position=2, at=AT)
    with both(story):
        assert sums(invoice_of(story, 2))[1:] == ("0.000", "12000.070")
    again = ChangeDraft(
        title="Goods", reason="They are free of tax.", lines=(change_orders.line(story.contract, 2, own=REDUCED),)
    )
    with pytest.raises(Refused):
        change_orders.propose(story.contract, again, by=anna, at=AT)


@pytest.mark.django_db
def test_an_application_bills_each_milestone_at_its_own_tax() -> None:
    parties = scenarios.organisations()
    one, two, three = scenarios.software_draft(parties).lines
    lines = (one, replace(two, own=REDUCED), replace(three, own=EXEMPT))
    contract = applications.contract_by_application(parties, at=AT, lines=lines)
    outside = ChangeDraft("Duty", "None.", lines=(change_orders.line(contract, 3, own=OUTSIDE),))
    with pytest.raises(Refused, match="agreed before and after this change in one invoice"):
        change_orders.propose(contract, outside, by=scenarios.seller_actor(parties), at=AT)
    for position in (1, 2, 3):
        scenarios.accepted_milestone(contract, position=position, at=AT)
    submitted = applications.submitted(contract, at=AT)
    # 12,000.00 at 19 %, 12,000.00 at 7 %, 16,000.00 exempt.
    told = {"net": "40000", "tax": "3120", "gross": "43120", "retained": "3000", "due": "40120"}
    assert {name: D(canonical.read(submitted.text)["invoice"][name]) for name in told} == {
        name: D(figure) for name, figure in told.items()
    }
    applications.certified(submitted, actor=scenarios.approver_actor(parties), at=AT)
    with walls.asking_for(contract.seller_id, contract.buyer_id):
        invoice = Invoice.objects.get(contract=contract)
        assert (invoice.net, invoice.tax) == (D(40000), D(3120))
        said = snapshot.read(invoice.snapshot)
        assert [(row.category, row.rate, row.taxable, row.tax) for row in said.taxes] == [
            ("S", D(19), D(12000), D(2280)),
            ("S", D(7), D(12000), D(840)),
            ("E", D(0), D(16000), D(0)),
        ]
        assert not documents.made_of(invoice.snapshot).obstacle
    # A credit of the second line is at 7 percent, and no other row of tax.
    bilge = scenarios.member(parties, "billing")
    share = Share(lines=(OfLine(2, D(1000)),))
    with acting(bilge, at=AT):
        seen = invoicing.preview_credit(invoice_ref=invoice.ref, share=share).sha256
        crediting.credit_invoice(actor=bilge, key=key(), invoice_ref=invoice.ref, share=share, reason="Bad.", seen=seen)
        note = CreditNote.objects.get(invoice=invoice)
        assert (note.net, note.tax) == (D(1000), D(70))


@pytest.mark.django_db
def test_the_final_invoice_of_applications_bears_the_tax_of_its_lines() -> None:
    """All of the plan at 7 %, in a contract that says 19 %: 40,000.00 less the deposit of 4,000.00."""
    parties = scenarios.organisations()
    ahead = DraftLine("Ahead", basis="amount", amount=D(4000), kind="deposit", due=Due(recovery=Recovery()))
    lines = [replace(line, own=REDUCED) for line in (ahead, *scenarios.software_draft(parties).lines)]
    contract = applications.contract_by_application(parties, at=AT, lines=tuple(lines), retention=None)
    with clock.stopped(AT):
        instalments.tend(contract_ref=contract.ref, seller_id=parties.seller.pk)
    for position in (2, 3, 4):
        scenarios.accepted_milestone(contract, position=position, at=AT)
    applications.certified(applications.submitted(contract, at=AT), actor=scenarios.approver_actor(parties), at=AT)
    with walls.asking_for(contract.seller_id, contract.buyer_id):
        said = snapshot.read(Invoice.objects.get(contract=contract, kind="application").snapshot)
    assert (said.kind, [(row.rate, row.tax) for row in said.taxes]) == ("final", [(D(7), D(2520))])
    assert [(line.net, line.tax_rate) for line in said.lines] == [
        *((D(amount), D(7)) for amount in (12000, 12000, 16000, -4000)),
    ]
