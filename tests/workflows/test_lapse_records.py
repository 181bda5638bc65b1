"""What silence accepted has its certificate, and its record in the pack: a changed byte of either is found."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from pypdf import PdfReader

from apps.audit.models import Entry
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.milestones.models import Certificate, Decision
from apps.milestones.models.submission import Proof
from apps.milestones.services import SILENCE, lapsing
from apps.workflows import notices, proofs, reviews, worker
from apps.workflows.models import EvidencePack
from tests import scenarios
from tests.packed import says_of
from tests.scenarios import acting, key
from tests.workflows.test_packs import Files, _listed_anew, _zip

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0", allow_module_level=True)

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DUE = datetime(2026, 4, 20, 21, 59, 59, tzinfo=UTC)


def _tend(at: datetime) -> None:
    with clock.stopped(at):
        for one in reviews.due(at=at):
            reviews.tend(submission_ref=one.submission_ref, seller_id=one.seller_id, what=one.what, due=one.due)
        worker.run_due_jobs()


def test_the_record_of_silence_is_certified_packed_and_held_by_the_chain(scratch: str, tmp_path: Path) -> None:
    parties = scenarios.organisations()
    draft = scenarios.software_draft(parties, silence="accepted", review_days=11, review_unit="business")
    contract = scenarios.active_contract(parties, draft=draft, at=NOON - timedelta(days=10))
    submission = scenarios.submitted_milestone(contract, at=NOON)
    for at in (NOON, datetime(2026, 4, 18, 8, tzinfo=UTC), DUE + timedelta(days=1)):
        _tend(at)
    with walls.asking_for(parties.seller.pk):
        decision = Decision.objects.get(submission=submission)
        certificate = Certificate.objects.get(decision=decision)
        entry = Entry.objects.get(verb="milestone.deemed_accepted")
        said = canonical.read(decision.lapse_text)
        with default_storage.open(certificate.stored_as) as stored:
            pages = PdfReader(io.BytesIO(stored.read())).pages
    assert canonical.read(entry.text)["facts"]["lapse_sha256"] == canonical.sha256(decision.lapse_text)
    # 1 April does not count; Good Friday, Easter Monday and two Saturdays and Sundays before it ends do not either.
    assert said["computation"]["left_out"][:5] == ["2026-04-03", "2026-04-04", "2026-04-05", "2026-04-06", "2026-04-11"]
    assert [one["email"] for one in said["notice"]["to"]] == ["bea@meridian.example"]
    assert [one["kind"] for one in said["reminders"]] == ["two_days"]
    text = " ".join(" ".join(page.extract_text().split()) for page in pages).replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "gave no answer on this milestone of",
        "11 business days (holidays: Germany) to review. The milestone counts as accepted and is billed as agreed.",
        "Bea Berg, bea@meridian.example: asked",
        "the buyer's mail server took the notice",
        "the day of the notice, 1 April 2026, does not count; the last day is 20 April 2026; not counted: 3 April 2026",
        "Buyer: no answer · Seller: met",
        decision.statement,
    ):
        assert words in text, words

    content = _pack(parties, contract.ref)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files: Files = {name: archive.read(name) for name in archive.namelist()}
    code, words = says_of(_zip(files, tmp_path / "pack.zip"))
    assert code == 0, words
    assert "deemed_accepted at 2026-04-20T21:59:59" in words
    place = "milestones/0001"
    lapse, paper = f"{place}/submission-01.lapse.json", f"{place}/certificate.json"
    told = json.loads(files[lapse])
    told["notice"]["to"][0]["email"] = "olga@meridian.example"
    forged = {**files, lapse: canonical.text(told).encode()}
    for name, harmed in (
        (lapse, forged),
        (lapse, {one: body for one, body in files.items() if one != lapse}),
        (paper, {**files, paper: files[paper].replace(b"Bea Berg", b"Bea Burg")}),
        (paper, {one: body for one, body in files.items() if one != paper}),
    ):
        code, words = says_of(_zip(_listed_anew(harmed), tmp_path / "harmed.zip"))
        assert code == 1, name

    with walls.asking_for(parties.buyer.pk, parties.seller.pk):
        copied = Decision.objects.get(pk=decision.pk)
        copied.pk, copied.rule = None, ""
        with pytest.raises(IntegrityError), transaction.atomic():
            copied.save(force_insert=True)


def test_of_what_silence_accepted_before_there_were_records_no_certificate_is_promised(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lapsing, "lapse_text", lambda *_args, **_named: "")
    parties = scenarios.organisations()
    draft = scenarios.software_draft(parties, silence="accepted")
    contract = scenarios.active_contract(parties, draft=draft, at=NOON - timedelta(days=10))
    submission = scenarios.submitted_milestone(contract, at=NOON)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with acting(guest):
        notices.note_delivery(actor=guest, submission_ref=submission.ref, proof=Proof.VIEW, at=NOON)
    late = NOON + timedelta(days=90)
    with clock.stopped(late):
        reviews.tend(submission_ref=submission.ref, seller_id=parties.seller.pk, what=SILENCE)
    seller = scenarios.seller_actor(parties)
    with acting(seller, at=late + timedelta(days=1)):
        assert Decision.objects.get(submission=submission).outcome == "deemed_accepted"
        with pytest.raises(Refused, match="no such acceptance"):
            proofs.retry_certificate(actor=seller, key=key(), submission_ref=submission.ref)


def _pack(parties: scenarios.Parties, contract_ref: str) -> bytes:
    actor = scenarios.member(parties, "seller")
    with acting(actor):
        answer = proofs.request_pack(actor=actor, key=key(), contract_ref=contract_ref, milestone_ref="")
    worker.run_due_jobs()
    with acting(actor), default_storage.open(EvidencePack.objects.get(ref=answer["pack"]).stored_as) as stored:
        content: bytes = stored.read()
    return content
