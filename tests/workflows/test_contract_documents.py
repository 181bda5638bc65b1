"""The contract on paper: made by a job after each signature, with the text that was signed inside it."""

import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from pypdf import PdfReader

from apps.audit.models import Entry
from apps.contracts import documents
from apps.contracts.documents import making, page
from apps.contracts.drafts import DraftCriterion, DraftLine
from apps.contracts.models import Contract, ContractDocument, ContractVersion
from apps.core import canonical
from apps.core.errors import NotAllowed, Refused
from apps.core.printing import press, structure
from apps.workflows import proofs, worker
from tests import scenarios
from tests.races import together
from tests.scenarios import Parties, acting, key

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0", allow_module_level=True)


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


@pytest.fixture
def proposed(parties: Parties) -> Contract:
    return scenarios.proposed_contract(parties)


@pytest.fixture
def signed(parties: Parties) -> Contract:
    """Signed by both, the buyer's signature by personal link; the jobs wait."""
    return scenarios.active_contract(parties)


def _document(parties: Parties, kind: str) -> ContractDocument:
    with acting(scenarios.seller_actor(parties)):
        return ContractDocument.objects.select_related("version__contract").get(kind=kind)


def _stored(document: ContractDocument) -> bytes:
    with default_storage.open(document.stored_as) as stored:
        content: bytes = stored.read()
    assert canonical.sha256(content) == document.sha256
    return content


def _text(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(one.extract_text().split()) for one in pages).replace("\N{NO-BREAK SPACE}", " ")


def test_the_signed_contract_says_what_was_agreed_by_whom_and_how_to_check_it(
    parties: Parties, signed: Contract
) -> None:
    worker.run_due_jobs()
    document = _document(parties, "signed")
    text = _text(_stored(document))
    with acting(scenarios.seller_actor(parties)):
        signatures = list(document.version.signatures.order_by("signed_at"))
        entry = Entry.objects.get(verb="contract.signed")
    for words in (
        "Contract NL-2026-014 Warehouse software implementation",
        "Nordlicht Software GmbH and Meridian Logistik AG both signed this version. It is in force.",
        "40,000.00 EUR",
        "12,000.00 EUR",
        "16,000.00 EUR",
        "30%",
        "15 April 2026",
        "Prototype: the test protocol shows no open defect of class A. (with evidence)",
        "Prototype: two users of the buyer were shown how to use it.",
        "within 30 days of the invoice's date",
        "14 calendar days",
        "Standard rate, 19%",
        "Delivery to the buyer's own servers.",
        "Germany",
        "For the seller: Nordlicht Software GmbH",
        "For the buyer: Meridian Logistik AG",
        "Sina Nord",
        "192.0.2.10",
        "198.51.100.7",
        "personal link",
        "sha256sum contract.json",
        *(signature.statement for signature in signatures),
        *(f"{signature.signed_at:%H:%M:%S} UTC" for signature in signatures),
    ):
        assert words in text, words
    assert "Not signed." not in text
    assert "not in force" not in text
    joined = text.replace(" ", "")
    for sha256 in (document.version.sha256, entry.sha256, *(canonical.sha256(one.statement) for one in signatures)):
        assert sha256 in joined


def test_a_proposal_says_on_every_page_that_it_is_not_in_force(parties: Parties, proposed: Contract) -> None:
    worker.run_due_jobs()
    pages = PdfReader(io.BytesIO(_stored(_document(parties, "proposal")))).pages
    assert all("Proposal: not in force" in one.extract_text() for one in pages)
    text = _text(_stored(_document(parties, "proposal")))
    assert "Not signed." in text
    assert "it is not in force unless Meridian Logistik AG signs the same version" in text


def test_the_text_that_was_signed_is_inside_and_has_the_versions_hash(parties: Parties, signed: Contract) -> None:
    worker.run_due_jobs()
    for kind in ("proposal", "signed"):
        document = _document(parties, kind)
        content = _stored(document)
        inside = PdfReader(io.BytesIO(content)).attachments
        (text,) = inside["contract.json"]
        assert canonical.sha256(text) == document.version.sha256
        assert inside["signatures.json"] == [document.snapshot.encode()]
        assert structure.findings(content) == []


def test_the_bytes_are_always_the_same(parties: Parties, signed: Contract) -> None:
    worker.run_due_jobs()
    document = _document(parties, "signed")
    again = making.pdf_of(document.version.canonical_text, document.snapshot)
    assert canonical.sha256(again) == document.sha256


def test_a_proposal_that_is_printed_late_bears_the_signature_of_its_proposer_alone(
    parties: Parties, signed: Contract
) -> None:
    worker.run_due_jobs()
    said = canonical.read(_document(parties, "proposal").snapshot)
    assert [one["side"] for one in said["signatures"]] == ["seller"]
    assert [one["side"] for one in canonical.read(_document(parties, "signed").snapshot)["signatures"]] == [
        "seller",
        "buyer",
    ]


def test_the_chain_knows_the_hash_of_the_pdf_and_the_head_that_it_names(parties: Parties, signed: Contract) -> None:
    worker.run_due_jobs()
    document = _document(parties, "signed")
    said = canonical.read(document.snapshot)["audit"]
    with acting(scenarios.seller_actor(parties)):
        entries = {entry.position: entry for entry in Entry.objects.filter(chain__subject=said["chain"])}
    assert entries[said["entry"]["position"]].verb == "contract.signed"
    assert entries[said["head"]["position"]].sha256 == said["head"]["sha256"]
    hashes = {canonical.read(e.text)["facts"]["sha256"] for e in entries.values() if e.verb == "contract.printed"}
    assert hashes == {document.sha256, _document(parties, "proposal").sha256}


def test_the_job_runs_twice_and_makes_one(parties: Parties, signed: Contract) -> None:
    worker.run_due_jobs()
    first = _document(parties, "signed")
    with acting(scenarios.seller_actor(parties)):
        documents.make(version_ref=first.version.ref, kind="signed")
        assert Entry.objects.filter(verb="contract.printed").count() == 2
    assert _document(parties, "signed").made_at == first.made_at


def test_two_workers_at_once_make_one(parties: Parties, proposed: Contract) -> None:
    with acting(scenarios.seller_actor(parties)) as sina:
        ref = ContractVersion.objects.get(contract=proposed).ref

    def make() -> None:
        with acting(sina):
            documents.make(version_ref=ref, kind="proposal")

    assert together(make, make) == [None, None]
    document = _document(parties, "proposal")
    assert document.state == "ready"
    _stored(document)


def test_a_german_buyer_gets_it_in_german(parties: Parties, signed: Contract) -> None:
    worker.run_due_jobs()
    document = _document(parties, "signed")
    said = {**canonical.read(document.snapshot), "language": "de"}
    text = _text(making.pdf_of(document.version.canonical_text, canonical.text(said)))
    assert "40.000,00 EUR" in text
    assert "15. April 2026" in text


def test_a_text_that_is_not_the_signed_one_is_not_printed(parties: Parties, signed: Contract) -> None:
    worker.run_due_jobs()
    document = _document(parties, "signed")
    with pytest.raises(Refused, match="does not have the SHA-256"):
        making.pdf_of(document.version.canonical_text.replace("40000", "40001"), document.snapshot)


def test_a_plan_too_long_for_paper_says_where_the_rest_stands(parties: Parties) -> None:
    lines = tuple(
        DraftLine(title=f"Lot {n}", basis="amount", amount=Decimal("10.00"), criteria=(DraftCriterion("Delivered."),))
        for n in range(1, 1201)
    )
    draft = scenarios.software_draft(parties, price=Decimal("12000.00"), lines=lines)
    contract = scenarios.proposed_contract(parties, draft=draft)
    worker.run_due_jobs()
    content = _stored(_document(parties, "proposal"))
    text = _text(content)
    (inside,) = PdfReader(io.BytesIO(content)).attachments["contract.json"]
    printed = page.MOST_PRINTED // (page.MARKUP + page.MARKUP // 7 + len("Lot 100Delivered."))
    assert abs(text.count("Delivered.") - printed) <= 5
    assert "to 1,200 of the plan are not printed" in text
    with acting(scenarios.seller_actor(parties)):
        said = documents.ends_early(ContractVersion.objects.select_related("contract").get(contract=contract))
    assert said == (text.count("Delivered."), 1200), "the page says it beside the file"
    assert len(canonical.read(inside.decode())["plan"]) == 1200


def test_a_failure_is_visible_and_either_side_can_ask_again(
    parties: Parties, signed: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object, **_options: object) -> bytes:
        raise press.PangoMissingError

    with acting(scenarios.seller_actor(parties)):
        ref = ContractVersion.objects.get(contract=signed).ref
        with monkeypatch.context() as patched:
            patched.setattr(press, "pdf", broken)
            with pytest.raises(press.PangoMissingError):
                documents.make(version_ref=ref, kind="signed")
    assert _document(parties, "signed").state == "failed"
    with acting(scenarios.buyer_actor(parties)) as olga:
        proofs.retry_contract_document(actor=olga, key=key(), version_ref=ref, kind="signed")
    worker.run_due_jobs()
    assert _document(parties, "signed").state == "ready"
    with acting(scenarios.buyer_actor(parties)) as olga, pytest.raises(Refused, match="already there"):
        proofs.retry_contract_document(actor=olga, key=key(), version_ref=ref, kind="signed")


def test_a_guest_cannot_have_it_made_again(parties: Parties, proposed: Contract) -> None:
    guest = scenarios.guest_actor(scenarios.link_to_sign(proposed))
    with acting(guest):
        ref = ContractVersion.objects.get(contract=proposed).ref
    with acting(guest), pytest.raises(NotAllowed):
        proofs.retry_contract_document(actor=guest, key=key(), version_ref=ref, kind="proposal")


INSERT = (
    "INSERT INTO contracts_contractdocument (ref, state, requested_at, stored_as, size, sha256, failure, kind,"
    " snapshot, snapshot_sha256, contract_id, version_id)"
    " SELECT 'x', 'making', now(), '', 0, '', '', '{kind}', '{{}}', '', contract_id, id FROM contracts_contractversion"
)


def _refused(actor: Any, sql: str, match: str) -> None:
    with (
        acting(actor),
        pytest.raises(IntegrityError, match=match),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_the_database_refuses_a_document_of_a_draft(parties: Parties) -> None:
    scenarios.drafted_contract(parties)
    sina = scenarios.seller_actor(parties)
    _refused(sina, INSERT.format(kind="proposal"), "document only of what was proposed")


def test_the_database_refuses_a_signed_document_before_both_signed(parties: Parties, proposed: Contract) -> None:
    sina = scenarios.seller_actor(parties)
    _refused(sina, INSERT.format(kind="signed"), "signed document only of what both signed")


@pytest.mark.parametrize("change", ["snapshot = '{}'", "sha256 = 'x'", "state = 'making'", "kind = 'proposal'"])
def test_the_database_keeps_a_document_as_it_is(parties: Parties, signed: Contract, change: str) -> None:
    worker.run_due_jobs()
    sina = scenarios.seller_actor(parties)
    _refused(sina, f"UPDATE contracts_contractdocument SET {change} WHERE kind = 'signed'", "frozen|illegal step")
