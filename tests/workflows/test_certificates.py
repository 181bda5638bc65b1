"""The certificate of acceptance: made by a job after the sign-off, from a snapshot, once; and what it says."""

import io
from typing import Any
from unittest.mock import ANY

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from pypdf import PdfReader

from apps.audit.models import Entry
from apps.contracts.models import Contract
from apps.core import canonical
from apps.core.errors import Refused
from apps.core.printing import press, structure
from apps.milestones.certificates import circumstances, making
from apps.milestones.certificates.page import page_of
from apps.milestones.models import Certificate, Submission
from apps.milestones.services import CriterionVerdict
from apps.workflows import printing, proofs, sign_off, worker
from tests import scenarios
from tests.scenarios import Parties, acting, key

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0", allow_module_level=True)

KEY = "5d0c7b1e-6f0a-4a55-9c43-1f1f6f1f2a10"


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


@pytest.fixture
def contract(parties: Parties) -> Contract:
    return scenarios.active_contract(parties)


@pytest.fixture
def accepted(contract: Contract) -> Submission:
    """Signed off by personal link; the jobs wait."""
    submission = scenarios.submitted_milestone(contract)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with acting(guest):
        sign_off.accept_milestone(
            actor=guest, key=KEY, submission_ref=submission.ref, seen=submission.sha256, comment="Thank you."
        )
    return submission


def _certificate(parties: Parties) -> Certificate:
    with acting(scenarios.seller_actor(parties)):
        return Certificate.objects.select_related("decision").get()


def _text(certificate: Certificate) -> str:
    with default_storage.open(certificate.stored_as) as stored:
        content = stored.read()
    assert canonical.sha256(content) == certificate.sha256
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages).replace("\N{NO-BREAK SPACE}", " ")


def test_the_certificate_says_everything_that_proves_the_sign_off(parties: Parties, accepted: Submission) -> None:
    worker.run_due_jobs()
    certificate = _certificate(parties)
    decision = certificate.decision
    assert certificate.state == "ready"
    text = _text(certificate)
    with acting(scenarios.seller_actor(parties)):
        files = list(accepted.files.all())
        entry = Entry.objects.get(verb="milestone.accepted")
        detail = canonical.read(entry.detail.text)
        grant = decision.grant
    assert decision.circumstances == {
        "roles": ["approver"],
        "language": "en",
        "key": KEY,
        "is_within_limit": True,
        # What the words mean in other languages is what the catalogue says.
        "statement": {"language": "en", "translations": ANY},
    }
    assert detail["facts"] == decision.circumstances
    assert grant is not None
    for words in (
        "Certificate of acceptance Prototype",
        "NL-2026-014 Warehouse software implementation",
        "12,000.00 EUR",
        "Prototype: the test protocol shows no open defect of class A.",
        "Buyer: passed · Seller: met",
        "Link: Test system https://test.nordlicht.example/login?site=7",
        decision.statement,
        "Bea Berg",
        decision.email,
        "Meridian Logistik AG",
        "named in the signed contract as the person who signs off",
        "198.51.100.7",
        "personal link",
        "Thank you.",
        "INV-",
        f"{decision.decided_at:%H:%M:%S} UTC",
        "Europe/Berlin",
        f"Record Roles Approver Limit of who signed off the amount lies within it Language shown English Idempotency"
        f" key {KEY} Version of the statement {decision.statement_version} Checked before signing the form named the"
        f" hash of the text that was shown",
        f"Token of the personal link {grant.token_sha256[:8]}",
    ):
        assert words in text, words
    joined = text.replace(" ", "")
    for sha256 in (accepted.sha256, entry.sha256, canonical.sha256(decision.statement), *(f.sha256 for f in files)):
        assert sha256 in joined
    assert grant.token_sha256 in joined
    _older_and_of_two(canonical.read(certificate.snapshot))


def _older_and_of_two(said: dict[str, Any]) -> None:
    """What an earlier version of Cairn did not record is said to be missing; the first of two has a line of its own."""
    decision = said["decision"]
    for older in ({**decision, "circumstances": None}, {k: v for k, v in decision.items() if k != "circumstances"}):
        printed = dict(page_of({**said, "decision": older}).circumstances)
        missing = [term for term, value in printed.items() if value == "not recorded"]
        assert missing == ["Roles", "Limit of who signed off", "Language shown", "Idempotency key"]
    with translation.override("de"):
        rows = circumstances.rows({"decision": decision, "first_acceptance": decision})
    assert [value for _term, value in rows][:1] == ["Abnahme"]
    assert rows[-1][1].count(": ") == 5
    assert KEY in rows[-1][1]


def test_what_it_was_made_from_is_inside_and_the_bytes_are_always_the_same(
    parties: Parties, accepted: Submission
) -> None:
    worker.run_due_jobs()
    certificate = _certificate(parties)
    assert canonical.sha256(certificate.snapshot) == certificate.snapshot_sha256
    content = making.pdf_of(certificate.snapshot)
    assert canonical.sha256(content) == certificate.sha256
    assert structure.findings(content) == []
    inside = PdfReader(io.BytesIO(content)).attachments
    assert inside["acceptance.json"] == [certificate.snapshot.encode()]
    call_command("check_documents", stdout=(out := io.StringIO()))
    assert "0 other papers" not in out.getvalue()
    default_storage.delete(certificate.stored_as)
    with pytest.raises(CommandError):
        call_command("check_documents", stdout=(out := io.StringIO()))
    assert f"certificate {certificate.ref}: the file" in out.getvalue()


def test_the_head_that_it_names_is_the_head_at_that_moment_and_the_chain_knows_its_hash(
    parties: Parties, accepted: Submission
) -> None:
    worker.run_due_jobs()
    certificate = _certificate(parties)
    said = canonical.read(certificate.snapshot)["audit"]
    with acting(scenarios.seller_actor(parties)):
        entries = {entry.position: entry for entry in Entry.objects.filter(chain__subject=said["chain"])}
    assert entries[said["head"]["position"]].sha256 == said["head"]["sha256"]
    assert entries[said["entry"]["position"]].verb == "milestone.accepted"
    assert said["entry"]["position"] <= said["head"]["position"]
    (made,) = [entry for entry in entries.values() if entry.verb == "certificate.made"]
    assert made.position > said["head"]["position"]
    assert canonical.read(made.text)["facts"]["sha256"] == certificate.sha256


def test_the_job_runs_twice_and_makes_one(parties: Parties, accepted: Submission) -> None:
    worker.run_due_jobs()
    first = _certificate(parties)
    with acting(scenarios.seller_actor(parties)):
        printing.make_certificate(submission_ref=accepted.ref)
        assert Entry.objects.filter(verb="certificate.made").count() == 1
    assert _certificate(parties).made_at == first.made_at


def test_a_german_buyer_gets_it_in_the_buyers_own_time_zone(parties: Parties, accepted: Submission) -> None:
    worker.run_due_jobs()
    said = canonical.read(_certificate(parties).snapshot)
    assert (said["language"], said["time_zone"]) == ("en", "Europe/Berlin")
    assert making.pdf_of(canonical.text({**said, "language": "de"})) != making.pdf_of(canonical.text(said))


def test_a_failure_is_visible_and_either_side_can_ask_again(
    parties: Parties, accepted: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object, **_options: object) -> bytes:
        raise press.PangoMissingError

    with monkeypatch.context() as patched, acting(scenarios.seller_actor(parties)):
        patched.setattr(press, "pdf", broken)
        with pytest.raises(press.PangoMissingError):
            printing.make_certificate(submission_ref=accepted.ref)
    assert (_certificate(parties).state, "Pango" in _certificate(parties).failure) == ("failed", True)
    buyer = scenarios.buyer_actor(parties)
    with acting(buyer):
        proofs.retry_certificate(actor=buyer, key=key(), submission_ref=accepted.ref)
    worker.run_due_jobs()
    assert _certificate(parties).state == "ready"
    with acting(buyer), pytest.raises(Refused, match="already there"):
        proofs.retry_certificate(actor=buyer, key=key(), submission_ref=accepted.ref)


def test_nothing_is_made_of_a_request_for_changes(parties: Parties, contract: Contract) -> None:
    submission = scenarios.submitted_milestone(contract)
    with acting(scenarios.approver_actor(parties)) as bea:
        criterion = submission.milestone.line.criteria.first()
        assert criterion is not None
        sign_off.request_changes(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[CriterionVerdict(criterion.pk, is_passed=False, reason="Not yet.")],
        )
    worker.run_due_jobs()
    with acting(scenarios.seller_actor(parties)):
        assert not Certificate.objects.exists()
        with (
            pytest.raises(IntegrityError, match="certificate only of an acceptance"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "INSERT INTO milestones_certificate (ref, state, requested_at, stored_as, size, sha256, failure,"
                " snapshot, snapshot_sha256, contract_id, decision_id) SELECT 'x', 'making', now(), '', 0, '', '',"
                " '{}', '', contract_id, id FROM milestones_decision"
            )


@pytest.mark.parametrize("change", ["snapshot = '{}'", "sha256 = 'x'", "state = 'making'"])
def test_the_database_keeps_a_certificate_as_it_is(parties: Parties, accepted: Submission, change: str) -> None:
    worker.run_due_jobs()
    with (
        acting(scenarios.seller_actor(parties)),
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE milestones_certificate SET {change}")
