"""Submitting a milestone: notes, evidence, what the buyer will see, and what the buyer said."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.contracts.models import SentMail
from apps.core import clock
from apps.core.database import walls
from apps.milestones.models import EvidenceFile, Milestone, Submission
from apps.milestones.services import CriterionVerdict
from apps.workflows import sign_off
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.portals.seller.conftest import SignIn, content_of, hidden
from tests.returned import bounce
from tests.scenarios import PDF, Parties, acting


def of(name: str, thing: Any) -> str:
    return reverse(f"seller:{name}", args=[thing.ref])


def upload(name: str = "protocol.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def said(response: Any, **changes: Any) -> dict[str, Any]:
    """Both criteria of the story met, with what else is typed."""
    return {
        **hidden(response),
        "met_1": "on",
        "note_1": "See the protocol.",
        "met_2": "on",
        "note_2": "",
        "note": "",
        **changes,
    }


def test_notes_and_evidence_are_kept_and_sent(parties: Parties, seller: Client) -> None:
    milestone = scenarios.milestone_of(scenarios.active_contract(parties))
    desk = of("prepare_submission", milestone)
    sent = said(seller.get(desk), note="Ready.", do="preview", files_1=[upload(), upload("log.txt", b"all green")])
    response = seller.post(desk, sent)
    assert response["Location"] == of("submit_milestone", milestone)
    review = seller.get(response["Location"])
    page = review.content.decode()
    for part in ("See the protocol.", "protocol.pdf", "log.txt", "Ready.", "12,000.00", "23:59"):
        assert part in page, part
    form = hidden(review)
    first, second = (seller.post(of("submit_milestone", milestone), form) for _click in range(2))
    assert first["Location"] == second["Location"] == of("milestone", milestone)
    with acting(scenarios.seller_actor(parties)):
        submission = Submission.objects.get()
        assert (submission.state, submission.sha256, submission.files.count()) == ("submitted", form["seen"], 2)


def test_links_are_typed_in_rows_and_shown_as_what_they_are(parties: Parties, seller: Client) -> None:
    milestone = scenarios.milestone_of(scenarios.active_contract(parties))
    desk = of("prepare_submission", milestone)
    wrong = said(seller.get(desk), links_1_0_title="Test", links_1_0_url="http://test.example/")
    refused = seller.post(desk, {**wrong, "do": "save"})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "is no address that can stand here" in page
    assert page.count('value="http://test.example/"') == 1, "nothing typed is lost"
    sent = said(
        refused,
        links_1_0_title="Test",
        links_1_0_url="https://test.example/",
        more_links_0_url="https://b.example/",
    )
    assert seller.post(desk, {**sent, "do": "save"}).status_code == 302
    page = seller.get(desk).content.decode()
    assert 'name="links_1_1_url"' in page
    assert 'name="links_1_2_url"' not in page
    attached = said(
        seller.get(desk),
        files_1=upload(),
        links_1_0_title="Test",
        links_1_0_url="https://test.example/",
        more_links_0_url="https://b.example/",
    )
    assert seller.post(of("attach_evidence", milestone), attached).status_code == 302
    review = seller.get(of("submit_milestone", milestone)).content.decode()
    for part in (
        'href="https://test.example/" target="_blank" rel="noopener noreferrer nofollow"',
        "https://b.example/",
    ):
        assert part in review, part


def test_a_file_is_added_and_taken_out_and_the_notes_stay(parties: Parties, seller: Client) -> None:
    milestone = scenarios.milestone_of(scenarios.active_contract(parties))
    desk = of("prepare_submission", milestone)
    sent = said(seller.get(desk), note_2="Typed before the upload.", files_1=upload())
    assert seller.post(of("attach_evidence", milestone), sent)["Location"] == desk
    page = seller.get(desk)
    assert "Typed before the upload." in page.content.decode()
    with acting(scenarios.seller_actor(parties)):
        file = EvidenceFile.objects.get()
    assert file.sha256[:12] in page.content.decode()
    removal = said(page, note_2="Typed before the removal.")
    assert seller.post(of("remove_evidence", file), removal)["Location"] == desk
    assert "Typed before the removal." in seller.get(desk).content.decode()
    with acting(scenarios.seller_actor(parties)):
        assert not EvidenceFile.objects.exists()
    assert seller.post(of("remove_evidence", file), removal)["Location"] == desk
    assert "This file was removed already." in seller.get(desk).content.decode()


def test_the_same_upload_twice_is_there_once(parties: Parties, seller: Client) -> None:
    milestone = scenarios.milestone_of(scenarios.active_contract(parties))
    shown = seller.get(of("prepare_submission", milestone))
    assert "A HEIC photograph of an iPhone" in shown.content.decode()
    for _click in range(2):
        seller.post(of("attach_evidence", milestone), said(shown, files_1=upload()))
    with acting(scenarios.seller_actor(parties)):
        assert EvidenceFile.objects.count() == 1


def test_a_sign_that_nobody_sees_is_marked_at_each_field_that_has_one(parties: Parties, seller: Client) -> None:
    milestone = scenarios.milestone_of(scenarios.active_contract(parties))
    desk = of("prepare_submission", milestone)
    turned = said(
        seller.get(desk), note_1="Tested\u202e.", note_2="Plain.\r\nTwo lines.", note="Turned\u202e.", do="save"
    )
    response = seller.post(desk, turned)
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert set(errors) == {"note_1", "note"}
    assert "cannot be seen" in errors["note_1"][0]
    page = response.content.decode()
    assert 'href="#id_note_1"' in page
    assert 'href="#id_note"' in page


def test_a_disguised_file_is_refused_at_its_field_and_the_rest_is_kept(parties: Parties, seller: Client) -> None:
    milestone = scenarios.milestone_of(scenarios.active_contract(parties))
    shown = seller.get(of("prepare_submission", milestone))
    bad = upload("photo.png", b"<svg onload=alert(1)>")
    response = seller.post(
        of("attach_evidence", milestone), said(shown, note_1="Not lost.", files_1=[bad, upload("log.txt", b"green")])
    )
    assert response.status_code == 422
    assert "photo.png: This is no PNG file" in response.content.decode()
    assert "Not lost." in response.content.decode()
    again = said(response, note_1="Mended.", do="save")
    assert seller.post(of("prepare_submission", milestone), again).status_code == 302
    with acting(scenarios.seller_actor(parties)):
        assert [file.name for file in EvidenceFile.objects.all()] == ["log.txt"]


def test_what_is_missing_is_said_before_it_can_be_sent(parties: Parties, seller: Client) -> None:
    milestone = scenarios.milestone_of(scenarios.active_contract(parties))
    assert seller.get(of("submit_milestone", milestone))["Location"] == of("prepare_submission", milestone)
    shown = seller.get(of("prepare_submission", milestone))
    seller.post(of("prepare_submission", milestone), said(shown, do="save"))
    page = seller.get(of("submit_milestone", milestone)).content.decode()
    assert "needs evidence: attach a file to it" in page
    assert "for sign-off</button>" not in page
    response = seller.post(of("submit_milestone", milestone), {"key": "k", "seen": "0" * 64})
    assert response.status_code == 422


def test_evidence_is_handed_out_to_be_kept_and_not_to_be_run(parties: Parties, seller: Client) -> None:
    contract = scenarios.active_contract(parties)
    scenarios.prepared_milestone(contract, actor=scenarios.seller_actor(parties))
    with acting(scenarios.seller_actor(parties)):
        file = EvidenceFile.objects.get()
    response = seller.get(of("evidence", file))
    assert content_of(response) == PDF
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="protocol-1.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def changes_requested(parties: Parties) -> Milestone:
    submission = scenarios.submitted_milestone(scenarios.active_contract(parties))
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with acting(guest):
        first, second = submission.milestone.line.criteria.all()
        sign_off.request_changes(
            actor=guest,
            key=scenarios.key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[
                CriterionVerdict(first.pk, is_passed=False, reason="Defect 17 is open."),
                CriterionVerdict(second.pk, is_passed=True),
            ],
            comment="Nearly there.",
        )
    return submission.milestone


def test_what_the_buyer_crossed_is_unticked_and_the_rest_carried_over(parties: Parties, seller: Client) -> None:
    milestone = changes_requested(parties)
    page = seller.get(of("milestone", milestone)).content.decode()
    for part in ("Defect 17 is open.", "Nearly there.", "Bea Berg requested changes", "Not met"):
        assert part in page, part
    desk = seller.get(of("prepare_submission", milestone))
    assert [desk.context["form"][f"met_{place}"].value() for place in (1, 2)] == [False, True]
    assert "carried over from the last cycle" in desk.content.decode()
    assert "Defect 17 is open." in desk.content.decode()
    seller.post(of("prepare_submission", milestone), said(desk, do="preview"))
    review = seller.get(of("submit_milestone", milestone))
    assert seller.post(of("submit_milestone", milestone), hidden(review)).status_code == 302
    with acting(scenarios.seller_actor(parties)):
        assert list(milestone.submissions.values_list("number", "state")) == [
            (1, "changes_requested"),
            (2, "submitted"),
        ]


def test_a_submission_is_withdrawn_once(parties: Parties, seller: Client) -> None:
    submission = scenarios.submitted_milestone(scenarios.active_contract(parties))
    address = of("withdraw_submission", submission)
    form = hidden(seller.get(address))
    for _click in range(2):
        assert seller.post(address, form)["Location"] == of("milestone", submission.milestone)
    with acting(scenarios.seller_actor(parties)):
        submission.refresh_from_db()
    assert submission.state == "withdrawn"
    assert "decided or withdrawn already" in seller.get(address).content.decode()
    assert seller.post(address, {"key": "another"}).status_code == 422


def test_an_accepted_milestone_leads_to_its_invoice(parties: Parties, seller: Client) -> None:
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties))
    page = seller.get(of("milestone", milestone)).content.decode()
    assert "Bea Berg signed this off" in page
    assert "INV-" in page
    for name in ("prepare_submission", "submit_milestone"):
        assert seller.get(of(name, milestone))["Location"] == of("milestone", milestone)
        assert seller.post(of(name, milestone), {"key": "k", "seen": "0" * 64}).status_code == 302


def test_who_may_not_submit_is_told_so(parties: Parties, signed_in: SignIn) -> None:
    contract = scenarios.active_contract(parties)
    milestone = scenarios.prepared_milestone(contract, actor=scenarios.seller_actor(parties))
    submission = scenarios.submitted_milestone(contract, position=2)
    client = signed_in("billing")
    with acting(scenarios.seller_actor(parties)):
        seen = "0" * 64
    for name, thing in (
        ("prepare_submission", milestone),
        ("attach_evidence", milestone),
        ("submit_milestone", milestone),
        ("withdraw_submission", submission),
    ):
        response = client.post(of(name, thing), {"key": scenarios.key(), "seen": seen})
        assert response.status_code == 422, name
        assert "Your role does not allow you to submit milestones" in response.content.decode(), name
    signed_in("delivery").post(of("withdraw_submission", submission), {"key": scenarios.key()})
    with acting(scenarios.seller_actor(parties)):
        submission.refresh_from_db()
    assert submission.state == "withdrawn"


def test_a_request_that_came_back_is_said_with_what_to_do(parties: Parties, seller: Client) -> None:
    at = clock.now()
    submission = scenarios.submitted_milestone(scenarios.active_contract(parties, at=at), at=at)
    milestone = submission.milestone
    with walls.asking_for(parties.buyer.pk), clock.stopped(at):
        run_due_jobs()
        sent = SentMail.objects.get(subject=f"submission:{submission.ref}")
    assert "The mail came back" not in seller.get("/seller/").content.decode()
    bounce(sent, sent.recipients, at=at)
    assert "The mail came back: Prototype" in seller.get("/seller/").content.decode()
    page = seller.get(of("milestone", milestone))
    for part in ("The mail came back from bea@meridian.example", "550 5.1.1 no such user", "The review does not run"):
        assert part in page.content.decode(), part
    (one,) = page.context["came_back"]
    form = {"key": str(one.form["key"].value())}
    for _click in range(2):
        assert seller.post(reverse("seller:renew_link", args=[one.grant]), form)["Location"] == of(
            "milestone", milestone
        )
    with walls.asking_for(parties.buyer.pk):
        run_due_jobs()
    assert "The mail came back" not in seller.get(of("milestone", milestone)).content.decode()
    assert "The mail came back" not in seller.get("/seller/").content.decode()
