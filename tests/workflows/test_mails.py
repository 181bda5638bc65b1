"""Every mail: from whom, to whom, its subject, its one link, its twin in plain text, and a Message-ID that stays."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from apps.contracts import services as contracts_services
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.core.database import walls
from apps.financing.models import Assignment, FundingRequest
from apps.invoicing.models import Invoice
from apps.milestones.models import Submission
from apps.milestones.services import CriterionVerdict
from apps.parties import tokens
from apps.parties.models import Organisation
from apps.parties.roles import Role
from apps.workflows import contracting, funding, mails, sign_off, team
from apps.workflows.mails import recourse as recourse_mails
from tests import scenarios
from tests.financing import stories
from tests.scenarios import Parties

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("marked_worker")]
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def story() -> Parties:
    return scenarios.organisations()


def only_mail() -> EmailMultiAlternatives:
    (message,) = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    check_form(message)
    return message


def html_of(message: EmailMultiAlternatives) -> str:
    ((content, kind),) = message.alternatives
    assert kind == "text/html"
    return str(content)


def check_form(message: EmailMultiAlternatives) -> None:
    """What holds for every mail: one button, the same link in both twins, styles inlined, headers on one line."""
    html = html_of(message)
    buttons = re.findall(r'<p class="button"[^>]*><a href="([^"]+)"', html)
    assert len(buttons) == 1
    assert buttons[0].startswith("http://testserver/")
    assert str(message.body).count(buttons[0]) == 1
    assert "<link" not in html
    assert "<script" not in html
    assert 'class="sheet" style="' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "\n" not in message.subject
    assert "\N{NO-BREAK SPACE}" not in message.subject + str(message.body)
    assert "{" not in str(message.body)
    for facts in (block for block in str(message.body).split("\n\n") if "\nContract: " in f"\n{block}"):
        labels = re.findall(r"^([A-Z][^:\n]{1,60}): ", facts, re.MULTILINE)
        assert len(labels) == len(set(labels)), labels
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    parsed = message.message()
    assert isinstance(parsed["Message-ID"], str)
    assert parsed["Message-ID"].endswith("@localhost>")


def button_of(message: EmailMultiAlternatives) -> str:
    return str(re.findall(r'<p class="button"[^>]*><a href="([^"]+)"', html_of(message))[0])


def speak_german(organisation: Organisation) -> None:
    with walls.asking_for(organisation.pk):
        Organisation.objects.filter(pk=organisation.pk).update(language="de")


def test_contract_proposal(story: Parties) -> None:
    contract = scenarios.proposed_contract(story, at=AT)
    grant = scenarios.link_to_sign(contract)
    with walls.asking_for(contract.buyer_id):
        mails.contract_proposal(grant_ref=grant.ref)
    message = only_mail()
    assert message.subject == "Sign: Warehouse software implementation, 40,000.00 EUR"
    assert message.from_email == "Nordlicht Software GmbH <no-reply@localhost>"
    assert message.reply_to == ["office@nordlicht.example"]
    assert message.to == ["bea@meridian.example"]
    assert message.extra_headers["Message-ID"] == f"<contract_proposal.{grant.ref}@localhost>"
    token = tokens.token_for(purpose="guest_grant", ref=grant.ref)
    assert button_of(message) == f"http://testserver/s/{token}/"
    assert "Prototype: 12,000.00 EUR" in message.body
    assert "Final delivery and sign-off: 16,000.00 EUR" in message.body


def test_a_retried_job_sends_the_same_message_id(story: Parties) -> None:
    contract = scenarios.proposed_contract(story, at=AT)
    grant = scenarios.link_to_sign(contract)
    for _ in range(2):
        with walls.asking_for(contract.buyer_id):
            mails.contract_proposal(grant_ref=grant.ref)
    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_no_dead_link_is_sent(story: Parties) -> None:
    contract = scenarios.proposed_contract(story, at=AT)
    grant = scenarios.link_to_sign(contract)
    guest = scenarios.guest_actor(grant)
    with scenarios.acting(guest, at=AT + timedelta(days=4)):
        version = ContractVersion.objects.get(contract=contract)
        contracting.sign_contract(actor=guest, key="k", version_ref=version.ref, seen=version.sha256)
    with walls.asking_for(contract.buyer_id):
        mails.contract_proposal(grant_ref=grant.ref)
    assert mail.outbox == []


def test_contract_signed(story: Parties) -> None:
    contract = scenarios.active_contract(story, at=AT)
    with walls.asking_for(contract.seller_id):
        mails.contract_signed(contract_ref=contract.ref)
    message = only_mail()
    assert message.subject == "Signed: Warehouse software implementation, 40,000.00 EUR"
    assert message.from_email == "Meridian Logistik AG <no-reply@localhost>"
    assert message.to == ["sina@nordlicht.example", "dario@nordlicht.example"]
    assert button_of(message) == f"http://testserver/seller/contracts/{contract.ref}/"
    assert "Bea Berg has signed for Meridian Logistik AG" in message.body
    with walls.asking_for(contract.seller_id):
        assert ContractVersion.objects.get(contract=contract).sha256 in message.body


def test_contract_changes(story: Parties) -> None:
    contract = scenarios.proposed_contract(story, at=AT)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with scenarios.acting(guest, at=AT + timedelta(days=4)):
        version = ContractVersion.objects.get(contract=contract)
        reason = "Please name <b>Hamburg</b> & the test system."
        contracting.request_contract_changes(actor=guest, key="k", version_ref=version.ref, reason=reason)
    with walls.asking_for(contract.seller_id):
        mails.contract_changes(version_ref=version.ref)
    message = only_mail()
    assert message.subject == "Changes asked: Warehouse software implementation, by Meridian Logistik AG"
    assert message.to == ["sina@nordlicht.example"]
    assert reason in message.body
    assert "&lt;b&gt;Hamburg&lt;/b&gt; &amp; the test system." in html_of(message)


def submitted(story: Parties) -> tuple[Contract, Submission, GuestGrant]:
    contract = scenarios.active_contract(story, at=AT)
    submission = scenarios.submitted_milestone(contract, at=AT + timedelta(days=3))
    return contract, submission, scenarios.link_to_sign_off(submission)


def test_sign_off_request(story: Parties) -> None:
    contract, submission, grant = submitted(story)
    assert submission.review_due_at is not None
    with walls.asking_for(contract.buyer_id):
        mails.sign_off_request(grant_ref=grant.ref, at=AT + timedelta(days=3))
    message = only_mail()
    assert message.subject == "Sign off: Prototype, 12,000.00 EUR, by 19 Mar"
    assert message.to == ["bea@meridian.example"]
    assert "12,000.00 EUR" in message.body
    assert "[x] Prototype: the test protocol shows no open defect of class A." in message.body
    assert "19 Mar 2026" in message.body
    assert "CET" in message.body
    assert "If the buyer says nothing by 19 Mar 2026, 23:59 CET (Berlin), nothing is decided" in message.body
    assert "/s/" in button_of(message)


def test_sign_off_request_speaks_the_readers_language(story: Parties) -> None:
    contract, _submission, grant = submitted(story)
    speak_german(story.buyer)
    with walls.asking_for(contract.buyer_id):
        mails.sign_off_request(grant_ref=grant.ref, at=AT + timedelta(days=3))
    (message,) = mail.outbox
    assert "12.000,00 EUR" in message.subject
    assert "19. März" in message.subject
    assert '<html lang="de">' in html_of(message)  # type: ignore[arg-type]


def test_a_new_version_says_that_it_is_one_and_what_changed(story: Parties) -> None:
    contract = scenarios.proposed_contract(story, at=AT)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with scenarios.acting(guest, at=AT + timedelta(days=4)):
        version = ContractVersion.objects.get(contract=contract)
        contracting.request_contract_changes(actor=guest, key="k", version_ref=version.ref, reason="Cheaper, please.")
    sina = scenarios.seller_actor(story)
    first, second, third = scenarios.software_draft(story).lines
    draft = scenarios.software_draft(
        story,
        price=Decimal("38000.00"),
        payment_days=45,
        lines=(replace(first, title="Click prototype"), replace(second, scope="Both directions."), third),
    )
    with scenarios.acting(sina, at=AT + timedelta(days=5)):
        contracting.change_draft(actor=sina, key="k2", contract_ref=contract.ref, draft=draft)
        _text, seen = contracts_services.preview(Contract.objects.get(pk=contract.pk))
        contracting.propose_contract(actor=sina, key="k3", contract_ref=contract.ref, seen=seen)
    grant = scenarios.link_to_sign(contract)
    with walls.asking_for(contract.buyer_id):
        mails.contract_proposal(grant_ref=grant.ref)
    message = only_mail()
    assert message.subject == "New version 2 to sign: Warehouse software implementation, 38,000.00 EUR"
    for line in (
        "Price, net of tax: 40,000.00 EUR → 38,000.00 EUR",
        "Days to pay: 30 → 45",
        "Click prototype (line 1) · Milestone: Prototype → Click prototype",
        "Integration (line 2) · Amount, net: 12,000.00 EUR → 11,400.00 EUR",
        "Integration (line 2) · What is delivered: ",
    ):
        assert line in message.body
    assert "Days to review: 14 →" not in message.body


def test_a_submission_that_comes_again_says_so_and_what_was_missing(story: Parties) -> None:
    contract, submission, grant = submitted(story)
    guest = scenarios.guest_actor(grant)
    with scenarios.acting(guest, at=AT + timedelta(days=4)):
        first, second = submission.milestone.line.criteria.all()
        sign_off.request_changes(
            actor=guest,
            key="k",
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[
                CriterionVerdict(first.pk, is_passed=False, reason="Two open defects of class A."),
                CriterionVerdict(second.pk, is_passed=True),
            ],
        )
    again = scenarios.submitted_milestone(contract, at=AT + timedelta(days=6))
    link = scenarios.link_to_sign_off(again)
    with walls.asking_for(contract.buyer_id):
        mails.sign_off_request(grant_ref=link.ref, at=AT + timedelta(days=6))
    message = only_mail()
    assert message.subject.startswith("Resubmitted, sign off: Prototype, 12,000.00 EUR")
    missing, now = message.body.split("What the seller says now")
    assert "Two open defects of class A." in missing
    assert second.text not in missing
    assert second.text in now


def test_acceptance(story: Parties) -> None:
    contract = scenarios.active_contract(story, at=AT)
    milestone = scenarios.accepted_milestone(contract, at=AT + timedelta(days=3))
    with walls.asking_for(contract.seller_id):
        invoice = Invoice.objects.get(milestone=milestone)
        assert milestone.accepted_submission is not None
        mails.acceptance(submission_ref=milestone.accepted_submission.ref)
    message = only_mail()
    assert message.subject == f"Accepted: Prototype, invoice {invoice.number}, 14,280.00 EUR"
    assert message.to == ["sina@nordlicht.example", "dario@nordlicht.example", "bilge@nordlicht.example"]
    assert button_of(message) == f"http://testserver/seller/invoices/{invoice.ref}/"
    assert "Bea Berg signed it off for Meridian Logistik AG" in message.body
    assert "Due: 4 Apr 2026" in message.body


def test_change_request(story: Parties) -> None:
    contract, submission, grant = submitted(story)
    guest = scenarios.guest_actor(grant)
    with scenarios.acting(guest, at=AT + timedelta(days=4)):
        first, second = submission.milestone.line.criteria.all()
        sign_off.request_changes(
            actor=guest,
            key="k",
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[
                CriterionVerdict(first.pk, is_passed=False, reason="Two open defects of class A."),
                CriterionVerdict(second.pk, is_passed=True),
            ],
            comment="Nearly there.",
        )
    with walls.asking_for(contract.seller_id):
        mails.change_request(submission_ref=submission.ref)
    message = only_mail()
    assert message.subject == "Changes requested: Prototype, by Meridian Logistik AG"
    assert "Two open defects of class A." in message.body
    assert second.text not in message.body
    assert "Nearly there." in message.body


def test_funding_offer() -> None:
    deal = stories.parties()
    invoice = stories.invoiced(deal)
    request = stories.requested(deal, invoice, stories.opened_facility(deal))
    offer = stories.issued(deal, request)
    with walls.asking_for(deal.seller.pk):
        mails.funding_news(request_ref=request.ref)
    message = only_mail()
    assert message.subject == f"Offer: 99,790.00 EUR now for {invoice.number}, valid until 8 Mar"
    assert message.from_email == "Kontor Capital GmbH <no-reply@localhost>"
    assert message.to == ["sina@nordlicht.example", "bilge@nordlicht.example"]
    assert button_of(message) == f"http://testserver/seller/funding/offers/{offer.ref}/"
    assert "Advance: 102,000.00 EUR" in message.body
    assert "APR" in message.body


def test_an_offer_that_waits_for_approval_is_no_news() -> None:
    deal = stories.parties()
    request = stories.requested(deal, stories.invoiced(deal), stories.opened_facility(deal))
    stories.priced(deal, request)
    with walls.asking_for(deal.seller.pk):
        mails.funding_news(request_ref=request.ref)
    assert mail.outbox == []


def test_funding_declined() -> None:
    deal = stories.parties()
    invoice = stories.invoiced(deal)
    request = stories.requested(deal, invoice, stories.opened_facility(deal))
    with scenarios.acting(scenarios.underwriter(deal)) as actor:
        funding.decline_request(actor=actor, key="k", request_ref=request.ref, reason="The limit is used up.")
    with walls.asking_for(deal.seller.pk):
        mails.funding_news(request_ref=request.ref)
    message = only_mail()
    assert message.subject == f"Not funded: {invoice.number}, by Kontor Capital GmbH"
    assert "The limit is used up." in message.body


def link_to_acknowledge(assignment: Assignment) -> GuestGrant:
    return GuestGrant.objects.get(subject_ref=assignment.ref, used_at__isnull=True, revoked_at__isnull=True)


def test_assignment_notice_and_payout() -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal)
    with walls.asking_for(deal.buyer.pk):
        assignment = Assignment.objects.select_related("milestone__invoice").get()
        mails.assignment_notice(grant_ref=link_to_acknowledge(assignment).ref)
    notice = only_mail()
    number = assignment.name
    assert notice.subject == f"New payee: pay invoice {number} to Kontor Capital GmbH"
    assert notice.from_email == "Nordlicht Software GmbH <no-reply@localhost>"
    assert notice.to == ["olga@meridian.example", "bea@meridian.example", "paul@meridian.example"]
    assert button_of(notice) == f"http://testserver/buyer/assignments/{assignment.ref}/acknowledge/"
    assert "IBAN: DE75512108001245126199" in notice.body
    mail.outbox.clear()
    stories.acknowledged(deal, tranche)
    stories.paid_out(deal, tranche)
    with walls.asking_for(deal.seller.pk):
        mails.funding_news(request_ref=FundingRequest.objects.get().ref)
    paid = only_mail()
    assert paid.subject == f"Paid out: 99,790.00 EUR for {number}"
    assert button_of(paid) == f"http://testserver/seller/funding/tranches/{tranche.ref}/"


def test_an_assignment_is_told_to_the_signatory_while_the_buyer_has_no_people() -> None:
    deal = stories.parties()
    buyer = scenarios.named_buyer(deal)
    mailbox = "hanna@hafen.example"
    invoice = stories.invoiced(deal, buyer_ref=buyer.ref, signatory_name="Hanna Hafen", signatory_email=mailbox)
    request = stories.requested(deal, invoice, stories.opened_facility(deal))
    stories.accepted(deal, stories.issued(deal, request))
    with walls.asking_for(buyer.pk):
        grant = link_to_acknowledge(Assignment.objects.get())
        mails.assignment_notice(grant_ref=grant.ref)
    notice = only_mail()
    assert notice.to == [mailbox]
    token = tokens.token_for(purpose="guest_grant", ref=grant.ref)
    assert button_of(notice) == f"http://testserver/s/{token}/"


def test_invitation(story: Parties) -> None:
    actor = scenarios.buyer_actor(story)
    with scenarios.acting(actor):
        answer = team.invite_member(
            actor=actor,
            key="k",
            email="neu@meridian.example",
            roles=frozenset({Role.APPROVER, Role.PAYABLES}),
            approval_limit=Decimal("5000"),
        )
        mails.invitation(invitation_ref=answer["invitation"])
    message = only_mail()
    assert message.subject == "Olga Ost invites you to Meridian Logistik AG"
    assert message.to == ["neu@meridian.example"]
    token = tokens.token_for(purpose="invitation", ref=answer["invitation"])
    assert button_of(message) == f"http://testserver/join/{token}/"
    assert "Roles: Approver, Payables" in message.body
    assert "Signs off up to: 5,000.00 EUR" in message.body


def test_a_revoked_invitation_is_not_sent(story: Parties) -> None:
    actor = scenarios.buyer_actor(story)
    with scenarios.acting(actor):
        answer = team.invite_member(actor=actor, key="k", email="neu@meridian.example", roles=frozenset({Role.OWNER}))
        team.revoke_invitation(actor=actor, key="k", invitation_ref=answer["invitation"])
        mails.invitation(invitation_ref=answer["invitation"])
    assert mail.outbox == []


def test_a_name_with_line_breaks_stays_in_its_header(story: Parties) -> None:
    actor = scenarios.buyer_actor(story)
    with scenarios.acting(actor):
        Organisation.objects.filter(pk=actor.organisation_id).update(
            legal_name="Meridian\r\nBcc: eve@elsewhere.example"
        )
        answer = team.invite_member(actor=actor, key="k", email="neu@meridian.example", roles=frozenset({Role.OWNER}))
        mails.invitation(invitation_ref=answer["invitation"])
    parsed = mail.outbox[0].message()
    assert parsed["Bcc"] is None
    assert "\n" not in str(parsed["Subject"])


def test_every_mail_asks_a_constant_number_of_queries(story: Parties, django_assert_max_num_queries: object) -> None:
    contract, _submission, grant = submitted(story)
    with walls.asking_for(contract.buyer_id), django_assert_max_num_queries(11):  # type: ignore[operator]
        mails.sign_off_request(grant_ref=grant.ref, at=AT + timedelta(days=3))


def test_every_mail_has_its_heading_in_both_twins() -> None:
    folder = Path(settings.BASE_DIR) / "templates/mail"
    letters = {path.name.removesuffix(".subject.txt") for path in folder.glob("*.subject.txt")}
    assert len(letters) > 50
    without = [
        f"{name}.{kind}"
        for name in sorted(letters)
        for kind in ("txt", "html")
        for text in [(folder / f"{name}.{kind}").read_text()]
        if "{% block heading %}" not in text and '{% extends "mail/desk' not in text
    ]
    assert without == []


def test_what_a_corrected_invoice_adds_and_leaves_out_is_said_so(story: Parties) -> None:
    changes = [("Ringstraße 7", "Ringstraße 7a"), ("", "PO-4711"), ("Attention of Bea", "")]
    context = {"sender": story.seller, "changes": changes, "facts": []}
    for kind in ("txt", "html"):
        said = render_to_string(f"mail/corrected_invoice.{kind}", context)
        assert "“Ringstraße 7” is now “Ringstraße 7a”." in said
        assert "“PO-4711” is added." in said
        assert "“Attention of Bea” is left out." in said


def test_a_seller_reads_of_itself_what_it_owes_back() -> None:
    said = (recourse_mails.OWES, recourse_mails.OWES_NOTHING, recourse_mails.LOST, recourse_mails.STANDS_ON)
    assert [str(told) for _to_financier, told in said if "seller" in str(told)] == []


def test_a_long_hash_does_not_make_a_mail_wider_than_a_phone(story: Parties) -> None:
    contract = scenarios.active_contract(story, at=AT)
    with walls.asking_for(contract.seller_id):
        mails.contract_signed(contract_ref=contract.ref)
    small = re.findall(r'<p class="small last" style="([^"]*)"', html_of(only_mail()))
    assert ["overflow-wrap: anywhere" in style for style in small] == [True]
