"""A settlement on paper: made by a job after both signed, once; what it says, what is inside, and what a pack holds."""

import io
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError
from pypdf import PdfReader

from apps.audit.models import Entry
from apps.core import canonical
from apps.core.errors import Refused
from apps.core.printing import press, structure
from apps.invoicing.models import Invoice
from apps.milestones.models import Settlement, SettlementPaper
from apps.milestones.settlement_papers import making
from apps.workflows import printing, proofs, worker
from tests import scenarios, terminations
from tests.contracts.test_raw_sql import raw
from tests.packed import assert_pack_holds
from tests.scenarios import Parties, acting, key

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0", allow_module_level=True)

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def parties(scratch: str) -> Parties:
    return scenarios.organisations()


@pytest.fixture
def settlement(parties: Parties) -> Settlement:
    """Two of three milestones are open: one is worth 5,000.00, the other one nothing. The jobs wait."""
    contract = scenarios.active_contract(parties, at=AT)
    scenarios.accepted_milestone(contract, position=3, at=AT)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    reason = "The warehouse is sold."
    terminations.noticed(contract, by=olga, effective_on=AT.date(), at=AT, ground="cause", reason=reason)
    settlement = terminations.proposed(contract, {1: "5000.00"}, by=sina, at=AT, note="Two of three interfaces run.")
    terminations.signed(settlement, by=olga, at=AT)
    return settlement


def _paper(parties: Parties) -> SettlementPaper:
    with acting(scenarios.seller_actor(parties)):
        return SettlementPaper.objects.select_related("settlement").get()


def test_the_paper_says_what_both_sides_signed_and_what_came_of_it(
    parties: Parties, settlement: Settlement, tmp_path: Path
) -> None:
    worker.run_due_jobs()
    paper = _paper(parties)
    assert paper.state == "ready"
    with default_storage.open(paper.stored_as) as stored:
        content = stored.read()
    pages = PdfReader(io.BytesIO(content)).pages
    text = " ".join(" ".join(page.extract_text().split()) for page in pages).replace("\N{NO-BREAK SPACE}", " ")
    with acting(scenarios.seller_actor(parties)):
        invoice = Invoice.objects.get(milestone__position=1)
        entries = {one.verb: one for one in Entry.objects.filter(verb__in=["settlement.signed", "settlement.printed"])}
    for words in (
        "Settlement of a termination NL-2026-014",
        "Accepted and invoiced, net of tax 5,000.00 EUR",
        "For cause",
        "The warehouse is sold.",
        "1 Prototype Shown on site. 12,000.00 EUR 5,000.00 EUR 7,000.00 EUR",
        "2 Integration 12,000.00 EUR 0.00 EUR 12,000.00 EUR",
        "In all, net of tax 24,000.00 EUR 5,000.00 EUR 19,000.00 EUR",
        "Two of three interfaces run.",
        f"Invoice {invoice.number}: Prototype",
        invoice.snapshot_sha256,
        "For the seller: ",
        "We claim 5,000.00 EUR net of tax in all",
        "For the buyer: ",
        "We accept the work in progress at the values stated there, 5,000.00 EUR net of tax in all",
        settlement.sha256,
        f"no. {entries['settlement.signed'].position}, {entries['settlement.signed'].sha256}",
    ):
        assert words in text, (words, text)
    assert structure.findings(content) == []
    inside = PdfReader(io.BytesIO(content)).attachments
    assert inside["settlement.json"] == [settlement.canonical_text.encode()]
    assert canonical.sha256(inside["settlement.json"][0]) == settlement.sha256
    again = making.pdf_of(settlement.canonical_text, paper.snapshot)
    facts = canonical.read(entries["settlement.printed"].text)["facts"]
    assert canonical.sha256(again) == canonical.sha256(content) == paper.sha256 == facts["sha256"]
    assert_pack_holds("NL-2026-014", tmp_path)


def test_it_is_made_once_and_after_a_failure_when_either_side_asks(parties: Parties, settlement: Settlement) -> None:
    olga = scenarios.buyer_actor(parties)
    with (
        acting(scenarios.seller_actor(parties)),
        patch.object(press, "pdf", side_effect=press.PangoMissingError),
        pytest.raises(press.PangoMissingError),
    ):
        printing.make_settlement_paper(settlement_ref=settlement.ref)
    assert _paper(parties).state == "failed"
    with acting(olga):
        proofs.retry_settlement_paper(actor=olga, key=key(), settlement_ref=settlement.ref)
    worker.run_due_jobs()
    paper = _paper(parties)
    assert paper.state == "ready"
    with acting(olga), pytest.raises(Refused, match="already there"):
        proofs.retry_settlement_paper(actor=olga, key=key(), settlement_ref=settlement.ref)
    with acting(scenarios.member(parties, "financier")):
        assert not SettlementPaper.objects.exists(), "what the sides say to each other is no financier's"
    with acting(scenarios.seller_actor(parties)):
        for change in (
            f"UPDATE milestones_settlementpaper SET snapshot = '{{}}' WHERE id = {paper.pk}",
            "INSERT INTO milestones_settlementpaper (ref, contract_id, settlement_id, state, requested_at, stored_as,"
            " size, sha256, failure, snapshot, snapshot_sha256) SELECT 'x', contract_id, 0, 'making', now(), '', 0, '',"
            f" '', '{{}}', '' FROM milestones_settlementpaper WHERE id = {paper.pk}",
        ):
            with pytest.raises(IntegrityError):
                raw(change)
