"""The personal link to a milestone: review it, sign it off or request changes; then see what came of it."""

from datetime import timedelta

import pytest
from django.core import mail

from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.invoicing import documents
from apps.milestones.models import Decision, EvidenceFile, Submission, Verdict
from apps.workflows import sign_off, worker
from tests import scenarios
from tests.portals.buyer.browsers import Guest, hidden, invoice_of, invoices_of, state_of
from tests.scenarios import PDF, Parties, acting, key

CROSSED = {"verdict_1": "not_met", "reason_1": "The protocol has two open defects.", "verdict_2": "met"}


@pytest.fixture
def submission(active: Contract) -> Submission:
    return scenarios.submitted_milestone(active)


@pytest.fixture
def guest(submission: Submission) -> Guest:
    return Guest(scenarios.link_to_sign_off(submission))


def file_of(submission: Submission) -> EvidenceFile:
    with walls.asking_for(submission.contract.seller_id):
        return EvidenceFile.objects.get(submission=submission)


def test_the_page_says_what_is_decided(guest: Guest, submission: Submission) -> None:
    page = guest.get().content.decode()
    assert "Sign off 12,000.00\N{NO-BREAK SPACE}EUR" in page
    assert "14,280.00\N{NO-BREAK SPACE}EUR with tax" in page
    assert "Until then the review does not run" in page  # what silence does
    assert "Prototype: two users of the buyer were shown how to use it." in page
    assert "Shown in the workshop." in page
    assert "protocol-1.pdf" in page
    assert "28,000.00" in page  # what is left of the contract after this


def test_reading_changes_nothing(guest: Guest, submission: Submission) -> None:
    for path in ("", "accept/", "changes/", f"evidence/{file_of(submission).ref}/"):
        assert guest.status(path) == 200
    assert state_of(submission.milestone) == "submitted"
    assert scenarios.link_to_sign_off(submission).first_viewed_at is None


def test_signing_off_issues_the_invoice_and_shows_it(guest: Guest, submission: Submission) -> None:
    confirm = guest.get("accept/")
    said = confirm.content.decode()
    assert "I sign off this milestone" in said
    assert "14,280.00\N{NO-BREAK SPACE}EUR" in said
    answer = guest.post("accept/", hidden(confirm) | {"comment": "Good work."})
    assert (answer.status_code, answer["Location"]) == (302, guest.address)
    assert state_of(submission.milestone) == "accepted"
    invoice = invoice_of(submission.milestone)
    done = guest.get().content.decode()
    for shown in (invoice.number, submission.ref, "14,280.00", "DE89 3704 0044 0532 0130 00", "COBADEFFXXX"):
        assert shown in done
    assert f"{guest.address}invoice.pdf" not in done  # it is still being made
    with walls.asking_for(submission.contract.buyer_id):
        decision = Decision.objects.get(submission=submission)
    assert decision.statement == confirm.context["statement"].text
    assert decision.comment == "Good work."
    assert decision.name == "Bea Berg"


def test_the_pdf_is_there_as_soon_as_it_is_made(guest: Guest, submission: Submission) -> None:
    guest.post("accept/", hidden(guest.get("accept/")))
    invoice = invoice_of(submission.milestone)
    assert guest.get("invoice.pdf").status_code == 404
    assert guest.get("invoice.xml").status_code == 404
    assert 'hx-trigger="every 2s"' in guest.get("document/").content.decode()
    with walls.asking_for(submission.contract.seller_id):
        documents.render(invoice_ref=invoice.ref)
    assert f"{guest.address}invoice.pdf" in guest.get("document/").content.decode()
    pdf = guest.get("invoice.pdf")
    assert pdf["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
    assert b"".join(pdf.streaming_content).startswith(b"%PDF-")
    xml = guest.get("invoice.xml")
    assert xml["Content-Disposition"] == f'attachment; filename="{invoice.number}.xml"'
    assert b"<rsm:CrossIndustryInvoice" in b"".join(xml.streaming_content)
    for form in ("peppol", "xrechnung"):
        assert f"{guest.address}{form}.xml" in guest.get("document/").content.decode()
        exported = guest.get(f"{form}.xml")
        assert exported["Content-Disposition"] == f'attachment; filename="{invoice.number}-{form}.xml"'
        assert b"oasis:names:specification:ubl" in exported.content


def test_two_clicks_make_one_invoice(guest: Guest, submission: Submission) -> None:
    form = hidden(guest.get("accept/"))
    first, second = guest.post("accept/", form), guest.post("accept/", form)
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    assert invoices_of(submission.contract) == 1


def test_a_second_window_is_led_to_the_first_result(guest: Guest, submission: Submission) -> None:
    one, two = hidden(guest.get("accept/")), hidden(guest.get("accept/"))
    guest.post("accept/", one)
    late = guest.post("accept/", two)
    assert (late.status_code, late["Location"]) == (302, guest.address)
    assert invoices_of(submission.contract) == 1
    assert "is signed off" in guest.get().content.decode()


def test_another_text_is_shown_and_not_signed(guest: Guest, submission: Submission) -> None:
    answer = guest.post("accept/", hidden(guest.get("accept/")) | {"seen": "0" * 64, "comment": "Fine."})
    assert answer.status_code == 422
    assert state_of(submission.milestone) == "submitted"
    assert "Fine." in answer.content.decode()
    assert guest.post("accept/", hidden(answer)).status_code == 302
    assert state_of(submission.milestone) == "accepted"


def test_changes_are_requested_per_criterion(guest: Guest, submission: Submission) -> None:
    again = clock.today("Europe/Berlin") + timedelta(days=14)
    form = hidden(guest.get("changes/")) | CROSSED | {"comment": "Nearly there.", "wanted_by": again.isoformat()}
    answer = guest.post("changes/", form)
    assert (answer.status_code, answer["Location"]) == (302, guest.address)
    assert state_of(submission.milestone) == "changes_requested"
    assert invoices_of(submission.contract) == 0
    with walls.asking_for(submission.contract.buyer_id):
        verdicts = list(Verdict.objects.order_by("criterion__position").values_list("is_passed", "reason"))
    assert verdicts == [(False, "The protocol has two open defects."), (True, "")]
    page = guest.get().content.decode()
    assert "You requested changes" in page
    assert f'Wanted again by <strong><time datetime="{again.isoformat()}"' in page
    worker.run_due_jobs()
    assert any("Wanted again by" in one.body for one in mail.outbox)
    assert "The protocol has two open defects." in page


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"verdict_1": "met", "verdict_2": "met"}, "Cross at least one criterion"),
        ({"verdict_1": "not_met", "verdict_2": "met"}, "Say what is missing"),
        ({"verdict_1": "not_met", "reason_1": "  ", "verdict_2": "met"}, "Say what is missing"),
        ({"verdict_1": "not_met", "reason_1": "Broken"}, "Tick or cross this criterion"),
        (
            {"verdict_1": "not_met", "reason_1": "No", "verdict_2": "met", "wanted_by": "2020-02-02"},
            "is past. Name a day",
        ),
        ({"verdict_1": "perhaps", "verdict_2": "met"}, "perhaps"),
        ({"verdict_1": "not_met", "reason_1": "x" * 2_001, "verdict_2": "met"}, "2000"),
    ],
)
def test_an_incomplete_request_is_shown_again(
    guest: Guest, submission: Submission, filled: dict[str, str], said: str
) -> None:
    answer = guest.post("changes/", hidden(guest.get("changes/")) | filled | {"comment": "What I typed."})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "What I typed." in answer.content.decode()
    assert state_of(submission.milestone) == "submitted"


def test_the_next_cycle_shows_what_was_crossed_and_what_changed(guest: Guest, submission: Submission) -> None:
    guest.post("changes/", hidden(guest.get("changes/")) | CROSSED)
    second = scenarios.submitted_milestone(submission.contract)
    page = Guest(scenarios.link_to_sign_off(second)).get()
    assert page.context["reading"].previous.pk == submission.pk
    assert page.context["reading"].criteria[0].crossed_before.reason == "The protocol has two open defects."
    assert "What changed since cycle 1" in page.content.decode()
    old = guest.get().content.decode()
    assert "The seller has submitted this milestone again" in old


def test_a_submission_that_was_taken_back_signs_nothing(guest: Guest, submission: Submission, parties: Parties) -> None:
    form = hidden(guest.get("accept/"))
    sina = scenarios.seller_actor(parties)
    with acting(sina):
        sign_off.withdraw_submission(actor=sina, key=key(), submission_ref=submission.ref)
    answer = guest.post("accept/", form)
    assert (answer.status_code, answer["Location"]) == (302, guest.address)
    page = guest.get()
    assert page.status_code == 200
    assert "This link no longer works" in page.content.decode()
    assert "12,000.00" not in page.content.decode()
    assert invoices_of(submission.contract) == 0


def test_evidence_is_handed_over_to_be_kept_not_run(guest: Guest, submission: Submission) -> None:
    answer = guest.get(f"evidence/{file_of(submission).ref}/")
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="protocol-1.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "no-store" in answer["Cache-Control"]


def test_a_link_opens_the_evidence_of_its_own_milestone_only(
    guest: Guest, active: Contract, strangers: Parties
) -> None:
    other = scenarios.submitted_milestone(active, position=2)
    foreign = scenarios.submitted_milestone(scenarios.active_contract(strangers))
    for one in (other, foreign):
        assert guest.get(f"evidence/{file_of(one).ref}/").status_code == 404
    assert guest.get("sign/").status_code == 404
