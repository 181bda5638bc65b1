"""A supply that is exempt: why is agreed, signed, billed and credited, and every document says it."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from pypdf import PdfReader

from apps.contracts import services as contracts
from apps.contracts.drafts import ChangeDraft, ChangedTerms, LineTerms
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.core import canonical
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import documents, snapshot
from apps.invoicing import services as invoicing
from apps.invoicing.einvoice import given as files
from apps.invoicing.einvoice import profiles, standard, terms, ubl
from apps.invoicing.models import CreditNote, Invoice, InvoiceLine
from apps.invoicing.rules import Share
from apps.workflows import contracting, crediting
from tests import applications, change_orders, scenarios
from tests.scenarios import Parties, acting, key

AT = datetime(2026, 4, 11, 9, tzinfo=UTC)
D = Decimal
EDUCATION = "VATEX-EU-132-1I"
WORDS = "Steuerfrei nach § 4 Nr. 21 UStG"
OWN = LineTerms(tax_category="E", tax_rate=D(0), exemption_reason=WORDS)


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    """The engine of the business rules, for all of this module."""
    with standard.engine():
        yield


def both(parties: Parties) -> Any:
    return walls.asking_for(parties.seller.pk, parties.buyer.pk)


def exempt(parties: Parties, **changes: Any) -> Any:
    """A contract that is exempt by a code, with a second milestone that says why in words of its own."""
    one, two, three = scenarios.software_draft(parties).lines
    terms_ = {"tax_category": "E", "tax_rate": D(0), "exemption_code": EDUCATION}
    return scenarios.software_draft(parties, **{"lines": (one, replace(two, own=OWN), three), **terms_, **changes})


def billed(contract: Contract, position: int) -> Invoice:
    return Invoice.objects.get(milestone__contract=contract, milestone__position=position)


def reasons(xml: bytes) -> tuple[str | None, str | None]:
    """BT-120 and BT-121 of the one row of tax."""
    said = terms.of(xml)
    return said.get("BG-23/1 BT-120"), said.get("BG-23/1 BT-121")


def page_of(made: documents.Made) -> str:
    return " ".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(made.pdf)).pages).split())


@pytest.mark.django_db
def test_page_cii_and_ubl_say_why_in_the_words_that_were_agreed() -> None:
    parties = scenarios.organisations()
    contract = scenarios.active_contract(parties, draft=exempt(parties), at=AT)
    for position in (1, 2):
        scenarios.accepted_milestone(contract, position=position, at=AT)
    with both(parties):
        version = ContractVersion.objects.get(contract=contract)
        text = canonical.read(version.canonical_text)
        assert (text["terms"]["exemption_code"], "exemption_reason" in text["terms"]) == (EDUCATION, False)
        assert text["plan"][1]["own"]["exemption_reason"] == WORDS
        by_code, by_words = billed(contract, 1), billed(contract, 2)
        for invoice, sentence, code in (
            (
                by_code,
                "This supply is exempt from tax: article 132(1)(i) of Directive 2006/112/EC"
                " (education, vocational training or retraining).",
                EDUCATION,
            ),
            (by_words, f"This supply is exempt from tax: {WORDS}.", None),
        ):
            line = InvoiceLine.objects.get(invoice=invoice)
            assert line.exemption_code == (code or "")
            made = documents.made_of(invoice.snapshot)
            assert reasons(made.xml) == (sentence, code)
            said = snapshot.read(invoice.snapshot)
            other = ubl.write(said, profiles.PEPPOL)
            assert reasons(other) == (sentence, code)
            for xml in (made.xml, other):
                assert list(files.findings(xml)) == []
            assert sentence in page_of(made)
    bilge = scenarios.member(parties, "billing")
    share = Share(amount=D(100))
    with acting(bilge, at=AT):
        seen = invoicing.preview_credit(invoice_ref=by_code.ref, share=share).sha256
        crediting.credit_invoice(
            actor=bilge, key=key(), invoice_ref=by_code.ref, share=share, reason="Agreed.", seen=seen
        )
        note = documents.made_of(CreditNote.objects.get().snapshot)
        assert reasons(note.xml)[1] == EDUCATION, "a credit note says why as its invoice did"


@pytest.mark.django_db
def test_an_application_over_two_reasons_says_both() -> None:
    """One row of tax for what is exempt (BR-E-01): both reasons in it, as words; each line has its own in the book."""
    parties = scenarios.organisations()
    said = exempt(parties)
    terms_ = {name: getattr(said, name) for name in ("tax_category", "tax_rate", "exemption_code")}
    contract = applications.contract_by_application(parties, at=AT, lines=said.lines, retention=None, **terms_)
    for position in (1, 2):
        scenarios.accepted_milestone(contract, position=position, at=AT)
    applications.certified(applications.submitted(contract, at=AT), actor=scenarios.approver_actor(parties), at=AT)
    with both(parties):
        invoice = Invoice.objects.get(contract=contract)
        kept = InvoiceLine.objects.filter(invoice=invoice).values_list("exemption_code", "exemption_reason")
        assert list(kept) == [(EDUCATION, ""), ("", WORDS)]
        made = documents.made_of(invoice.snapshot)
        reason, code = reasons(made.xml)
        assert (code, reason) == (
            None,
            "This supply is exempt from tax: article 132(1)(i) of Directive 2006/112/EC"
            f" (education, vocational training or retraining); {WORDS}.",
        )
        assert list(files.findings(made.xml)) == []


@pytest.mark.django_db
def test_reverse_charge_may_name_its_provision_beside_what_the_law_wants_to_read() -> None:
    parties = scenarios.organisations()
    words = "§ 13b Abs. 2 Nr. 4 UStG"
    draft = scenarios.software_draft(parties, tax_category="AE", tax_rate=D(0), exemption_reason=words)
    contract = scenarios.active_contract(parties, draft=draft, at=AT)
    scenarios.accepted_milestone(contract, at=AT)
    with both(parties):
        made = documents.made_of(billed(contract, 1).snapshot)
        sentence = f"Reverse charge: the recipient of the supply is liable for the VAT. {words}."
        assert reasons(made.xml) == (sentence, "VATEX-EU-AE")


@pytest.mark.django_db
def test_what_does_not_say_why_is_refused_in_words_and_by_the_database() -> None:
    parties = scenarios.organisations()
    sina = scenarios.seller_actor(parties)

    def proposed(draft: Any) -> None:
        drafted = scenarios.drafted_contract(parties, draft=draft, at=AT)
        with acting(sina, at=AT):
            _text, seen = contracts.preview(drafted)
            contracting.propose_contract(actor=sina, key=key(), contract_ref=drafted.ref, seen=seen)

    with pytest.raises(Refused, match="must say why it is exempt"):
        proposed(exempt(parties, exemption_code=""))
    with pytest.raises(Refused, match="VATEX-FR-FRANCHISE is an exemption of the law of France, where"):
        proposed(exempt(parties, number="2", exemption_code="VATEX-FR-FRANCHISE"))
    drafted = scenarios.drafted_contract(parties, draft=exempt(parties, number="3"), at=AT)
    with both(parties):
        versions, lines = (
            ContractVersion.objects.filter(contract=drafted),
            PlanLine.objects.filter(version__contract=drafted, position=2),
        )
        for rows, changed, why in (
            (versions, {"exemption_code": "VATEX-EU-AE"}, "a_reason_is_of_the_tax_treatment"),
            (versions, {"exemption_code": "VATEX-EU-1"}, "a_reason_is_of_the_tax_treatment"),
            (versions, {"tax_category": "Z"}, "a_reason_is_of_the_tax_treatment"),
            (lines, {"tax_category": "Z"}, "own_reason_is_of_the_own_tax_treatment"),
            (lines, {"tax_category": "", "tax_rate": None}, "own_reason_is_of_the_own_tax_treatment"),
        ):
            with pytest.raises(IntegrityError, match=why), transaction.atomic():
                rows.update(**changed)
        lines.update(exemption_reason="")
        with transaction.atomic():
            versions.update(proposed_at=AT, canonical_text="{}", sha256="0" * 64)
            with pytest.raises(IntegrityError, match="is exempt and does not say why"), transaction.atomic():
                connection.check_constraints()
            transaction.set_rollback(True)


@pytest.mark.django_db
def test_an_invoice_says_why_as_it_is_agreed_and_not_otherwise() -> None:
    parties = scenarios.organisations()
    contract = scenarios.active_contract(parties, draft=exempt(parties), at=AT)
    for position in (1, 2):
        scenarios.accepted_milestone(contract, position=position, at=AT)
    with both(parties):
        for position, code, words in ((1, "", WORDS), (1, EDUCATION, WORDS), (2, EDUCATION, "")):
            line = InvoiceLine.objects.get(invoice=billed(contract, position))
            line.pk, line.position, line.exemption_code, line.exemption_reason = None, 2, code, words
            with pytest.raises(IntegrityError, match="an invoice bears the tax that is agreed"), transaction.atomic():
                line.save(force_insert=True)


@pytest.mark.django_db
def test_a_change_order_gives_another_reason_from_then_on() -> None:
    parties = scenarios.organisations()
    contract = scenarios.active_contract(parties, draft=exempt(parties), at=AT)
    scenarios.accepted_milestone(contract, position=1, at=AT)
    anna, bea = scenarios.seller_actor(parties), scenarios.approver_actor(parties)
    other = ChangeDraft(
        title="Reason",
        reason="Another one.",
        terms=ChangedTerms(exemption_code="", exemption_reason="Kleinunternehmer"),
    )
    change_orders.sign(change_orders.propose(contract, other, by=anna, at=AT), by=bea, at=AT)
    scenarios.accepted_milestone(contract, position=3, at=AT)
    with both(parties):
        said = [snapshot.read(billed(contract, position).snapshot).taxes[0] for position in (1, 3)]
    assert [(row.exemption_code, row.exemption_reason) for row in said] == [(EDUCATION, ""), ("", "Kleinunternehmer")]
