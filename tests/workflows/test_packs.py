"""Evidence packs: what is in them, always the same bytes, and a verifier that finds whatever was changed."""

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connections
from pytest_django import DjangoDbBlocker, Settings

from apps.contracts.drafts import Condition, LineTerms
from apps.contracts.models import Contract
from apps.core import canonical, clock
from apps.core.database import scratch as scratch_databases
from apps.core.errors import NotAllowed, Refused
from apps.milestones.models import EvidenceFile, Milestone, Reservation, Submission
from apps.milestones.services import CriterionVerdict, Defect, Part
from apps.workflows import commenting, confirming, disputing, proofs, reserving, sign_off, upkeep, worker
from apps.workflows.models import EvidencePack
from apps.workflows.packs import making
from tests import corrections, disputes, scenarios
from tests.packed import VERIFIER, says_of
from tests.scenarios import Parties, acting, key

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0", allow_module_level=True)

Files = dict[str, bytes]
Story = tuple[Parties, Contract]


@pytest.fixture
def parties(scratch: str) -> Parties:
    return scenarios.organisations()


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[str, Story]]:
    """The story, told once, and the database in which it stands: to be copied, and touched by nobody."""
    with django_db_blocker.unblock(), scratch_databases.scratch_database() as name:
        parties = scenarios.organisations()
        contract = _told(parties)
        connections.close_all()
        yield name, (parties, contract)


@pytest.fixture
def story(told: tuple[str, Story], django_db_blocker: DjangoDbBlocker) -> Iterator[Story]:
    """The story in a database of the test's own, in which everything commits."""
    name, story = told
    with django_db_blocker.unblock(), scratch_databases.scratch_database(name):
        yield story
        connections.close_all()


def _told(parties: Parties) -> Contract:
    """One milestone sent back, disputed and accepted with reservations then, one accepted in part with its rest
    submitted, one not begun that waited for an event.

    Every job is done. The comment holds signs that other programs take for ends of lines, where the form lets them be.
    """
    draft = scenarios.software_draft(parties)
    waiting = replace(draft.lines[2], own=LineTerms(condition=Condition(events=("The site is open",))))
    contract = scenarios.active_contract(parties, draft=replace(draft, lines=(*draft.lines[:2], waiting)))
    submission = scenarios.submitted_milestone(contract)
    with acting(scenarios.approver_actor(parties)) as bea:
        criterion = submission.milestone.line.criteria.all()[0]
        sign_off.request_changes(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[CriterionVerdict(criterion.pk, is_passed=False, reason="Not yet.")],
            wanted_by=clock.today("Europe/Berlin") + timedelta(days=9),
        )
        confirming.confirm_event(
            actor=bea, key=key(), contract_ref=contract.ref, event="The site is open", note="Seen on Monday."
        )
    _spoken_of(parties, submission)
    _disputed(parties, submission)
    _reserved(parties, scenarios.submitted_milestone(contract))
    partly = scenarios.submitted_milestone(contract, position=2)
    with acting(scenarios.approver_actor(parties)) as bea:
        sign_off.accept_part(
            actor=replace(bea, origin=replace(bea.origin, agent="Moz\x85illa \u2028 5.0")),
            key=key(),
            submission_ref=partly.ref,
            seen=partly.sha256,
            part=Part(percent=Decimal(40)),
            verdicts=[],
            comment="The night shift.\nIts reports.",
        )
    with acting(scenarios.seller_actor(parties)):
        rest = Milestone.objects.select_related("contract").get(contract=contract, position=2, part=2)
    scenarios.submitted_rest(rest)
    worker.run_due_jobs()
    return contract


def _spoken_of(parties: Parties, submission: Submission) -> None:
    """Each side writes about the milestone, outside of what was asked of its cycles."""
    sina, bea = scenarios.seller_actor(parties), scenarios.approver_actor(parties)
    for actor, text in ((sina, "On Monday:\nsee you."), (bea, "Gate 2.")):
        with acting(actor):
            commenting.comment_milestone(actor=actor, key=key(), milestone_ref=submission.milestone.ref, text=text)


def _disputed(parties: Parties, submission: Submission) -> None:
    """The seller does not agree that it was sent back, shows why, and gives in."""
    sina, bea, now = scenarios.seller_actor(parties), scenarios.approver_actor(parties), clock.now()
    dispute = disputes.on_submission(submission, actor=sina, at=now, amount="4500", reason="It is met:\nsee the log.")
    with acting(sina):
        disputing.attach_to_dispute(
            actor=sina, dispute_ref=dispute.ref, upload=ContentFile(b"rows: 10", name="Log of Monday.txt")
        )
    with acting(bea):
        disputing.answer_dispute(actor=bea, key=key(), dispute_ref=dispute.ref, text="The log shows ten rows.")
    disputes.agreed(
        disputes.proposed(dispute, "partly_upheld", actor=bea, at=now, amount="500"), actor=sina, at=clock.now()
    )


def _reserved(parties: Parties, submission: Submission) -> None:
    """Accepted with two defects: of one is said all that can be said without a credit note, of the other nothing."""
    sina, bea = scenarios.seller_actor(parties), scenarios.approver_actor(parties)
    by = clock.today("Europe/Zurich") + timedelta(days=20)
    with acting(bea):
        reserving.accept_with_reservations(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            defects=[Defect("The export is slow", by, Decimal("333.33")), Defect("Labels", by)],
        )
        defect = Reservation.objects.get(number=1).ref
    with acting(sina):
        timings = ContentFile(b"before: 10 s, after: 5 s", name="Timings of Monday.txt")
        reserving.attach_to_reservation(actor=sina, reservation_ref=defect, upload=timings)
        reserving.report_mended(actor=sina, key=key(), reservation_ref=defect, text="Twice as fast.")
    with acting(bea):
        reserving.say_missing(actor=bea, key=key(), reservation_ref=defect, text="Not at night.")
    with acting(sina):
        reserving.offer_reduction(actor=sina, key=key(), reservation_ref=defect, amount=Decimal(100), text="Or less.")
    with acting(bea):
        reserving.release_reservation(actor=bea, key=key(), reservation_ref=defect, text="Good enough.")


def _packed(parties: Parties, contract: Contract, *, role: str = "seller", milestone: str = "") -> EvidencePack:
    actor = scenarios.member(parties, role)
    with acting(actor):
        answer = proofs.request_pack(actor=actor, key=key(), contract_ref=contract.ref, milestone_ref=milestone)
    worker.run_due_jobs()
    with acting(actor):
        return EvidencePack.objects.get(ref=answer["pack"])


def _bytes(pack: EvidencePack) -> bytes:
    with default_storage.open(pack.stored_as) as stored:
        content: bytes = stored.read()
    assert (canonical.sha256(content), len(content)) == (pack.sha256, pack.size)
    return content


def _files(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zip(files: Files, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def _listed_anew(files: Files) -> Files:
    """As a careful forger would: manifest and sums say of every file what it is now."""
    manifest = json.loads(files["MANIFEST.json"])
    known = {file["name"]: file for file in manifest["files"]}
    manifest["files"] = [
        {
            **known.get(name, {"name": name, "kind": "evidence"}),
            "sha256": canonical.sha256(content),
            "size": len(content),
        }
        for name, content in files.items()
        if name not in ("MANIFEST.json", "SHA256SUMS")
    ]
    chain = [json.loads(line) for line in files["audit/chain.jsonl"].splitlines()]
    manifest["head"] = {"position": chain[-1]["position"], "sha256": chain[-1]["sha256"]}
    files = {**files, "MANIFEST.json": json.dumps(manifest).encode()}
    sums = "".join(f"{canonical.sha256(content)}  {name}\n" for name, content in files.items() if name != "SHA256SUMS")
    return {**files, "SHA256SUMS": sums.encode()}


@pytest.fixture(scope="module")
def both(told: tuple[str, Story], django_db_blocker: DjangoDbBlocker) -> tuple[bytes, bytes]:
    """The packs of the story for the seller and for the buyer, made once for all who look into them."""
    name, (parties, contract) = told
    with django_db_blocker.unblock(), scratch_databases.scratch_database(name):
        packs = _bytes(_packed(parties, contract)), _bytes(_packed(parties, contract, role="buyer"))
        connections.close_all()
    return packs


@pytest.fixture(scope="module")
def content(both: tuple[bytes, bytes]) -> bytes:
    """The seller's pack of the story."""
    return both[0]


@pytest.fixture(scope="module")
def content_of_buyer(both: tuple[bytes, bytes]) -> bytes:
    """The buyer's pack of the story."""
    return both[1]


def test_a_pack_holds_and_says_what_is_proven_and_what_is_not(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    path.write_bytes(content)
    code, said = says_of(path)
    assert code == 0, said
    for words in (
        "EVERYTHING AGREES WITH EVERYTHING ELSE IN THIS PACK.",
        "The audit chain of",
        "1 version(s) of the contract are word for word what 2 signature(s) name.",
        "4 submission(s) are word for word what was sent",
        "“Prototype” was accepted with reservations at",
        "of its 1 defect(s) was said: mended, still missing, reduction offered, released; 1 file(s) shown.",
        "4500 EUR of 12000: 2 position(s), 1 file(s), 1 proposal(s); partly_upheld at",
        "I am authorised to act for Meridian Logistik AG.",
        "2 invoice(s) say what the chain says was issued, and so do their documents.",
        "2 certificate(s) of acceptance have the hash that the chain says.",
        "“The site is open” was confirmed at",
        "Not proven by this pack:",
        "who sat at the keyboard",
    ):
        assert words in said, words
    assert "Not in the pack" not in said


def test_it_is_all_there_in_a_fixed_order(content: bytes) -> None:
    files = _files(content)
    names = list(files)
    assert names[:2] == ["README.txt", "verify_pack.py"]
    assert names[-2:] == ["MANIFEST.json", "SHA256SUMS"]
    assert names[2:-2] == sorted(names[2:-2])
    assert files["verify_pack.py"] == VERIFIER.read_bytes()
    assert {name.rpartition("/")[0] for name in names} == {
        "",
        "audit",
        "contract",
        "disputes",
        "events/0001",
        "evidence",
        "invoices",
        "milestones/0001",
        "milestones/0002",
        "milestones/0002-02",
    }
    for ending in ("certificate.pdf", "certificate.json", "submission-02.decision.json"):
        assert f"milestones/0001/{ending}" in names
    # The same protocol was sent four times: its bytes are there once. Others show a defect mended, and a position.
    assert len([name for name in names if name.startswith("evidence/")]) == 3
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_side_gets_the_same_bytes_and_the_other_the_same_record(both: tuple[bytes, bytes]) -> None:
    of_seller, of_buyer = (_files(content) for content in both)
    differ = {name for name in {*of_seller, *of_buyer} if of_seller.get(name) != of_buyer.get(name)}
    assert differ == {"README.txt", "MANIFEST.json", "SHA256SUMS", "audit/details.jsonl"}
    heads = [json.loads(files["MANIFEST.json"])["head"] for files in (of_seller, of_buyer)]
    assert heads[0] == heads[1]


def test_asked_again_the_answer_is_the_same_pack_until_something_happens(story: Story) -> None:
    parties, contract = story
    first = _packed(parties, contract)
    assert _packed(parties, contract).pk == first.pk
    scenarios.submitted_milestone(contract, position=3)
    assert _packed(parties, contract).pk != first.pk


def test_the_pack_of_one_milestone_speaks_of_it_alone(story: Story, tmp_path: Path) -> None:
    parties, contract = story
    milestone = scenarios.milestone_of(contract, position=2)
    pack = _packed(parties, contract, milestone=milestone.ref)
    path = tmp_path / "pack.zip"
    path.write_bytes(_bytes(pack))
    names = set(_files(path.read_bytes()))
    assert not any(name.startswith("milestones/0001") for name in names)
    assert len([name for name in names if name.startswith("invoices/") and name.endswith(".pdf")]) == 1
    code, said = says_of(path)
    assert code == 0, said


def test_what_is_still_being_made_is_named(parties: Parties, tmp_path: Path) -> None:
    contract = scenarios.active_contract(parties)
    scenarios.accepted_milestone(contract)
    actor = scenarios.seller_actor(parties)
    with acting(actor):
        pack = proofs.request_pack(actor=actor, key=key(), contract_ref=contract.ref)["pack"]
        making.make(pack_ref=pack)
        made = EvidencePack.objects.get(ref=pack)
    assert (made.state, made.lacks) == ("ready", 3)
    path = tmp_path / "pack.zip"
    path.write_bytes(_bytes(made))
    code, said = says_of(path)
    assert code == 0, said
    for words in ("the certificate of “Prototype”", "the PDF of version 1 of the contract"):
        assert f"{words}: it was still being made" in said, said
    worker.run_due_jobs()
    assert _packed(parties, contract).ref != pack


def test_what_corrects_an_invoice_is_in_it_and_is_held_to_the_chain(parties: Parties, tmp_path: Path) -> None:
    contract = scenarios.active_contract(parties)
    milestone = scenarios.accepted_milestone(contract)
    anew = corrections.corrected(parties, corrections.invoice_of(milestone))
    note = corrections.granted(parties, corrections.asked(parties, milestone.ref))
    worker.run_due_jobs()
    files = _files(_bytes(_packed(parties, contract)))
    path = _zip(files, tmp_path / "pack.zip")
    code, said = says_of(path)
    assert code == 0, said
    for number, called in ((note.number, "credit note"), (anew.number, "corrected invoice")):
        assert f"1 {called}(s) say what the chain says was issued" in said
        for ending, why in ((".json", f"is not the {called}"), (".pdf", "CHANGED"), (".xml", "CHANGED")):
            name = f"invoices/{number}{ending}"
            code, told = says_of(_zip(_listed_anew({**files, name: files[name] + b" "}), path))
            assert code == 1, told
            assert why in told, told
        without = {name: content for name, content in files.items() if number not in name}
        code, told = says_of(_zip(_listed_anew(without), path))
        assert code == 1, told
        assert number in told


# --- what a forger does --------------------------------------------------------------------------------------------


def _certificate(files: Files) -> str:
    return "milestones/0001/certificate.pdf"


def _evidence(files: Files) -> str:
    return next(name for name in files if name.startswith("evidence/") and name.endswith(".pdf"))


def _changed(files: Files) -> Files:
    name = _evidence(files)
    return {**files, name: files[name].replace(b"1.7", b"1.6")}


def _removed(files: Files) -> Files:
    name = _evidence(files)
    return {other: content for other, content in files.items() if other != name}


def _added(files: Files) -> Files:
    return {**files, "evidence/more.pdf": scenarios.PDF}


def _chain(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Files], Files]:
    name = "audit/chain.jsonl"
    return lambda files: {**files, name: b"".join(change(files[name].splitlines(keepends=True)))}


def _edited(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b"Bea Berg", b"Bob Berg") for line in lines]


_reordered = _chain(lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]])
_cut = _chain(lambda lines: lines[:-2])
_cut_at_the_certificates = _chain(
    lambda lines: lines[: next(number for number, line in enumerate(lines) if b"certificate.made" in line)]
)
_dropped = _chain(lambda lines: [*lines[:3], *lines[4:]])


def _swapped_certificate(files: Files) -> Files:
    return {**files, _certificate(files): files["milestones/0002/certificate.pdf"]}


def _other_contract_pdf(files: Files) -> Files:
    return {**files, "contract/version-1.pdf": files["contract/version-1.pdf"].replace(b"%PDF-1.7", b"%PDF-1.6")}


def _other_statement(files: Files) -> Files:
    name = "milestones/0001/submission-02.decision.json"
    return {**files, name: files[name].replace(b"I am authorised", b"I am not authorised")}


def _without(*endings: str) -> Callable[[Files], Files]:
    return lambda files: {name: content for name, content in files.items() if not name.endswith(endings)}


def _one_signature(files: Files) -> Files:
    name = "contract/version-1.signatures.json"
    kept = json.dumps(json.loads(files[name])[:1], indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return {**files, name: kept.encode()}


def _proved(files: Files) -> Files:
    name = "milestones/0001/submission-02.decision.json"
    return {**files, name: files[name].replace(b'"proved_by": ""', b'"proved_by": "passkey"')}


def _other_reason(files: Files) -> Files:
    name = "milestones/0001/submission-01.decision.json"
    return {**files, name: files[name].replace(b"Not yet.", b"No.")}


def _other_amount(files: Files) -> Files:
    name = next(name for name in files if name.startswith("invoices/") and name.endswith(".json"))
    return {**files, name: files[name].replace(b"12000", b"13000")}


def _other_contract(files: Files) -> Files:
    name = "contract/version-1.json"
    return {**files, name: files[name].replace(b"40000", b"50000")}


def _hidden_refusal(files: Files) -> Files:
    gone = ("milestones/0001/submission-01.json", "milestones/0001/submission-01.decision.json")
    return {name: content for name, content in files.items() if name not in gone}


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (_changed, "CHANGED: evidence/"),
        (_removed, "REMOVED: evidence/"),
        (_added, "ADDED: evidence/more.pdf is there and MANIFEST.json does not list it"),
        (_reordered, "CHAIN: line 3 is entry 4; entry 3 was expected"),
        (_cut, "CHAIN: it ends with entry"),
        (_chain(_edited), "CHAIN: the hash of entry"),
    ],
)
def test_a_change_is_found_and_named(
    content: bytes, tmp_path: Path, tamper: Callable[[Files], Files], found: str
) -> None:
    files = _files(content)
    tampered = tamper(files)
    assert tampered != files
    code, said = says_of(_zip(tampered, tmp_path / "pack.zip"))
    assert code == 1, said
    assert "THIS PACK DOES NOT HOLD" in said
    assert found in said, said


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (_changed, "is not the file protocol-1.pdf of milestones/0001/submission-01.json"),
        (_removed, "REMOVED: the file protocol-1.pdf"),
        (_reordered, "CHAIN: line 3 is entry 4; entry 3 was expected"),
        (_dropped, "CHAIN: line 4 is entry 5; entry 4 was expected"),
        (_cut_at_the_certificates, "ADDED: the chain knows of nothing like milestones/0001/certificate.pdf"),
        (_without("certificate.pdf"), "REMOVED: certificate"),
        (_without("certificate.pdf", "certificate.json"), "REMOVED: certificate"),
        (_without(".signatures.json"), "REMOVED: the file of the signatures on version 1 is not there"),
        (_without(".xml"), "of which the chain speaks, is not there"),
        (_one_signature, "REMOVED: contract/version-1.signatures.json has 1 signature(s); the chain speaks of 2"),
        (_proved, "CHANGED: proved_by in milestones/0001/submission-02.decision.json"),
        (_other_reason, "CHANGED: verdicts in milestones/0001/submission-01.decision.json"),
        (_chain(_edited), "CHAIN: the hash of entry"),
        (_swapped_certificate, "milestones/0001/certificate.json or its PDF is not the certificate"),
        (_other_contract_pdf, "CHANGED: contract/version-1.pdf does not have the hash that the chain says"),
        (_other_statement, "CHANGED: statement in milestones/0001/submission-02.decision.json"),
        (_other_amount, "is not the invoice that the chain says was issued"),
        (_other_contract, "CHANGED: contract/version-1.json is not the text of version 1"),
        (_hidden_refusal, "REMOVED: submission"),
        (_without("0001.json"), "REMOVED: the record of dispute 1"),
        (_without("defects.json"), "REMOVED: what was said of the defects of “Prototype”"),
        (_without(".txt"), "REMOVED: the file Log of Monday.txt"),
    ],
)
def test_a_forger_who_lists_everything_anew_is_found_by_the_chain(
    content: bytes, tmp_path: Path, tamper: Callable[[Files], Files], found: str
) -> None:
    tampered = _listed_anew(tamper(_files(content)))
    code, said = says_of(_zip(tampered, tmp_path / "pack.zip"))
    assert code == 1, said
    assert "MANIFEST.json does not list" not in said
    assert found in said, said


def test_listing_anew_is_itself_no_change(content: bytes, tmp_path: Path) -> None:
    """So the forgeries above are found for what they are."""
    code, said = says_of(_zip(_listed_anew(_files(content)), tmp_path / "pack.zip"))
    assert code == 0, said


def test_a_head_that_was_noted_elsewhere_is_looked_for(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    path.write_bytes(content)
    audit = json.loads(_files(content)["milestones/0001/certificate.json"])["audit"]["head"]
    code, said = says_of(path, "--head", f"{audit['position']}:{audit['sha256']}")
    assert (code, "as it was noted elsewhere" in said) == (0, True), said
    code, said = says_of(path, "--head", f"{audit['position']}:{'0' * 64}")
    assert (code, "it was noted elsewhere as" in said) == (1, True), said


def _garbled() -> bytes:
    """An archive whose compressed bytes cannot be read."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("MANIFEST.json", '{"format": "cairn-pack-2"}' + " " * 500)
    content = packed.getvalue()
    start = content.index(b"MANIFEST.json") + len(b"MANIFEST.json")
    return content[:start] + bytes(one ^ 0xFF for one in content[start : start + 6]) + content[start + 6 :]


@pytest.mark.parametrize("content_of_file", [b"", b"no archive", b"PK\x03\x04", _garbled()])
def test_what_is_no_pack_is_said_to_be_none(content_of_file: bytes, tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    path.write_bytes(content_of_file)
    code, said = says_of(path)
    assert (code, "This is no evidence pack" in said) == (2, True), said


# --- what earlier versions recorded ---------------------------------------------------------------------------------

TOLD_SINCE = {
    "contract.proposed": ("seller", "buyer", "statement", "statement_version"),
    "contract.signed": ("seller", "buyer", "statement", "statement_version"),
    "milestone.changes_requested": ("organisation", "statement_version", "proved_by", "proved_at", "verdicts_sha256"),
}


def _as_recorded_before(files: Files) -> Files:
    """The same record as earlier versions wrote it: who acted stands in the chain, and less besides."""
    details = {told["position"]: json.loads(told["text"]) for told in map(json.loads, _lines(files, "details"))}
    before, written = "0" * 64, []
    for entry in map(json.loads, _lines(files, "chain")):
        said = json.loads(entry["text"])
        who = details.get(entry["position"], dict.fromkeys(("email", "address", "agent", "authenticated_by"), ""))
        said["actor"] |= {part: value for part, value in who.items() if part not in ("salt", "facts")}
        del said["actor"]["sealed"]
        for part in TOLD_SINCE.get(said["verb"], ()):
            del said["facts"][part]
        text = canonical.text(said)
        sha256 = canonical.sha256(before + text)
        written.append(canonical.text({**entry, "text": text, "previous": before, "sha256": sha256}))
        before = sha256
    chain = "".join(f"{line}\n" for line in written).encode()
    agreed = (".decision.json", ".signatures.json")
    decided = {name: _without_circumstances(files[name]) for name in files if name.endswith(agreed)}
    return _listed_anew({**files, **decided, "audit/chain.jsonl": chain, "audit/details.jsonl": b""})


def _without_circumstances(record: bytes) -> bytes:
    told = json.loads(record)
    for act in told if isinstance(told, list) else [told]:
        del act["circumstances"]
    return f"{json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False)}\n".encode()


def _lines(files: Files, name: str) -> list[bytes]:
    return files[f"audit/{name}.jsonl"].splitlines()


def test_what_earlier_versions_recorded_still_holds_and_what_it_does_not_hold_is_said(
    parties: Parties, tmp_path: Path
) -> None:
    contract = scenarios.active_contract(parties)
    submission = scenarios.submitted_milestone(contract)
    with acting(scenarios.approver_actor(parties)) as bea:
        criterion = submission.milestone.line.criteria.all()[0]
        verdicts = [CriterionVerdict(criterion.pk, is_passed=False, reason="Not yet.")]
        sign_off.request_changes(
            actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256, verdicts=verdicts
        )
    files = _files(_bytes(_packed(parties, contract)))
    older = _as_recorded_before(files)
    code, said = says_of(_zip(older, tmp_path / "pack.zip"))
    assert (code, "an earlier version of Cairn recorded" in said) == (0, True), said
    code, said = says_of(_zip(_listed_anew(_other_person(older)), tmp_path / "pack.zip"))
    assert (code, "CHANGED: name in" in said) == (1, True), said


def _other_person(files: Files) -> Files:
    name = "milestones/0001/submission-01.decision.json"
    return {**files, name: files[name].replace(b"Bea Berg", b"Bob Berg")}


# --- how long it is kept ---------------------------------------------------------------------------------------


def test_a_pack_is_deleted_after_a_month_and_made_anew_with_the_same_bytes(story: Story, settings: Settings) -> None:
    parties, contract = story
    first = _packed(parties, contract)
    assert first.made_at is not None
    content, kept = _bytes(first), timedelta(days=settings.PACK_KEPT_DAYS)
    _written(first, first.made_at)
    for after, is_there in ((kept - timedelta(hours=1), True), (kept, False)):
        upkeep.sweep_orphan_files.func(int((first.made_at + after).timestamp()) + 1)
        assert default_storage.exists(first.stored_as) == is_there
    with acting(scenarios.seller_actor(parties)):
        first.refresh_from_db()
    assert (first.state, first.is_dropped(now=first.made_at + kept)) == ("ready", True)
    with clock.stopped(first.made_at + kept):
        second = _packed(parties, contract)
    assert second.pk != first.pk
    assert _bytes(second) == content


def _written(pack: EvidencePack, at: datetime) -> None:
    os.utime(default_storage.path(pack.stored_as), (at.timestamp(), at.timestamp()))


# --- who may, and what is refused ----------------------------------------------------------------------------------


def test_a_financier_gets_no_pack_and_a_stranger_finds_no_contract(story: Story) -> None:
    parties, contract = story
    with acting(scenarios.analyst(parties)) as ana, pytest.raises((Refused, NotAllowed)):
        proofs.request_pack(actor=ana, key=key(), contract_ref=contract.ref)
    stranger = scenarios.seller_actor(scenarios.organisations("Foreign"))
    with acting(stranger), pytest.raises(Refused, match="no such contract"):
        proofs.request_pack(actor=stranger, key=key(), contract_ref=contract.ref)


def test_a_pack_belongs_to_the_side_that_asked(story: Story) -> None:
    parties, contract = story
    pack = _packed(parties, contract)
    with acting(scenarios.buyer_actor(parties)) as olga:
        assert not EvidencePack.objects.filter(pk=pack.pk).exists()
        assert not EvidencePack.objects.visible_to(olga).exists()


def test_too_much_is_refused_in_words(story: Story, settings: Settings) -> None:
    parties, contract = story
    settings.PACK_MAX_BYTES = 2_000
    pack = _packed(parties, contract)
    assert (pack.state, pack.failure.partition(".")[0]) == ("failed", "The pack would be larger than 0 MB")
    settings.PACK_MAX_BYTES = 10**9
    assert _packed(parties, contract).state == "ready"


def test_a_stored_file_that_is_not_what_the_record_says_is_never_packed(story: Story) -> None:
    parties, contract = story
    with acting(scenarios.seller_actor(parties)):
        stored_as = EvidenceFile.objects.all()[0].stored_as
    stored = Path(default_storage.path(stored_as))
    content = stored.read_bytes()
    stored.write_bytes(b"%PDF-1.7 something else")
    try:
        pack = _packed(parties, contract)
    finally:
        stored.write_bytes(content)  # the files are those of all copies of the story
    assert (pack.state, "is not what the record says" in pack.failure) == ("failed", True)


def test_what_the_calendar_billed_is_in_the_pack_of_the_contract_and_in_none_of_a_milestone(
    parties: Parties, tmp_path: Path
) -> None:
    contract = scenarios.active_contract(parties, draft=scenarios.hybrid_draft(parties))
    milestone = scenarios.accepted_milestone(contract, position=2)
    worker.run_due_jobs()
    whole, one = _packed(parties, contract), _packed(parties, contract, milestone=milestone.ref)
    names = [{name for name in _files(_bytes(pack)) if name.startswith("invoices/")} for pack in (whole, one)]
    numbers = [{name.partition(".")[0].rpartition("-")[2] for name in found} for found in names]
    assert numbers == [{"0001", "0002"}, {"0002"}]
    for number, pack in enumerate((whole, one)):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(_bytes(pack))
        code, said = says_of(path)
        assert code == 0, said
