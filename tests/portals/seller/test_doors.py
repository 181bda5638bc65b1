"""Every page of the seller: to whom it opens, and that it opens."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from apps.contracts import services as contracts
from apps.contracts.drafts import ChangeDraft, Condition, LineTerms
from apps.contracts.models import Contract
from apps.core import clock
from apps.financing.models import Offer, Tranche
from apps.invoicing.models import BankTransaction, Invoice
from apps.invoicing.rules import Part
from apps.milestones.models import EvidenceFile, Milestone, Reservation, Submission
from apps.milestones.services import Defect
from apps.portals.seller.urls import urlpatterns
from apps.workflows import (
    account_letters,
    before_acceptance,
    billing,
    changing,
    confirming,
    contracting,
    exporting,
    hosting,
    negotiating,
    proofs,
    refunding,
    reserving,
    statements,
)
from tests import (
    applications,
    change_orders,
    corrections,
    disputes,
    options,
    payment_documents,
    scenarios,
    terminations,
)
from tests.conftest import Once
from tests.invoicing.statements.bank import Booking
from tests.invoicing.statements.uploads import uploaded
from tests.portals.matrix.ways import plain_refusals
from tests.portals.seller.conftest import (
    SignIn,
    accepted_offer,
    content_of,
    issued_offer,
    opened_facility,
    requested_funding,
)
from tests.scenarios import Parties, acting, key, software_draft


@dataclass(frozen=True)
class World:
    """One thing of each kind that the seller's pages are about."""

    draft: Contract
    active: Contract
    sold: Milestone
    offered: Milestone
    waiting: Submission
    planned: Milestone
    evidence: EvidenceFile
    request_ref: str
    offer: Offer
    tranche: Tranche
    version_ref: str
    template_ref: str
    payment_ref: str
    refund_ref: str
    pack_ref: str
    answer_ref: str
    file_ref: str
    transaction_ref: str
    note_ref: str
    corrected_ref: str
    nullification_ref: str
    dispute_ref: str
    dispute_file_ref: str
    creditable: Milestone
    export_ref: str
    changing: Contract
    question_ref: str
    invoice_question_ref: str
    grant_ref: str
    letter_ref: str
    notice_ref: str
    settlement_ref: str
    noted_ref: str
    offered_ref: str
    reservation_ref: str
    reservation_file_ref: str
    missing_ref: str
    handed_in_ref: str
    application_ref: str
    event_ref: str


LISTS = (
    "home",
    "contracts",
    "draft_contract",
    "import_deal",
    "invoices",
    "receivables_ageing",
    "account_statements",
    "reminders",
    "ageing_csv",
    "ageing_xlsx",
    "funding",
    "templates",
    "statements",
    "import_statements",
    "transactions",
    "exports",
    "datev_accounts",
    "xero_accounts",
    "quickbooks_accounts",
    "revenue",
    "revenue_reports",
    "revenue_rows",
    "revenue_tie_out",
    "close_period",
)
OF_ALL = (
    "request_export",
    "revenue_rows_csv",
    "revenue_rows_xlsx",
    "report_csv",
    "report_xlsx",
    "tie_out_csv",
    "tie_out_xlsx",
    "set_monthly_statements",
)
"""Addresses without a reference that show no page."""


@pytest.fixture(scope="module")
def parties(once: Once) -> Parties:
    return once(scenarios.organisations)


@pytest.fixture(scope="module")
def world(once: Once, parties: Parties) -> World:
    """Here everybody only looks."""
    return once(lambda: _built(parties))


def _built(parties: Parties) -> World:
    draft = scenarios.drafted_contract(parties, draft=options.draft(parties, number="NL-1"))
    active = scenarios.active_contract(parties)
    sold, offered = (scenarios.accepted_milestone(active, position=place) for place in (1, 2))
    other = scenarios.active_contract(parties, draft=software_draft(parties, number="NL-2"))
    waiting = scenarios.submitted_milestone(other)
    asked = scenarios.accepted_milestone(other, position=2)
    planned = scenarios.prepared_milestone(other, actor=scenarios.seller_actor(parties), position=3)
    creditable = scenarios.accepted_milestone(
        scenarios.active_contract(parties, draft=software_draft(parties, number="NL-9"))
    )
    paid = scenarios.accepted_milestone(
        scenarios.active_contract(parties, draft=software_draft(parties, number="NL-3"))
    )
    with acting(scenarios.seller_actor(parties)) as sina:
        payment = billing.record_payment(
            actor=sina,
            key=key(),
            invoice_ref=Invoice.objects.get(milestone=paid).ref,
            amount=Decimal("100.00"),
            received_on=clock.today("Europe/Berlin"),
            bank_reference="STMT-1",
        )
        pack = proofs.request_pack(actor=sina, key=key(), contract_ref=active.ref)
    facility = opened_facility(parties)
    tranche = accepted_offer(parties, sold, facility)
    with acting(scenarios.seller_actor(parties)) as sina:
        evidence = EvidenceFile.objects.get(submission__milestone=planned)
        version_ref = draft.versions.get().ref
        template = contracting.save_template(actor=sina, key=key(), contract_ref=active.ref, name="Usual")
        contracting.keep_plan(
            actor=sina,
            key=key(),
            contract_ref=draft.ref,
            lines=scenarios.software_draft(parties).lines,
            file_name="plan.csv",
            file_sha256="0" * 64,
            reading='{"rows":[2,4,6],"decimal":".","dates":null,"ignored":[],"skipped_total":0}',
        )
    file_ref, transaction_ref = imported(parties, paid)
    today = clock.today("Europe/Berlin")
    with acting(scenarios.seller_actor(parties)) as sina:
        export = exporting.request_export(
            actor=sina, key=key(), currency="EUR", kind="csv", starts_on=today, ends_on=today
        )
    changing_contract = scenarios.active_contract(parties, draft=software_draft(parties, number="NL-C"))
    with acting(scenarios.seller_actor(parties)) as sina:
        noted = changing.record_change(
            actor=sina,
            key=key(),
            contract_ref=changing_contract.ref,
            draft=ChangeDraft(title="Later", reason="Not priced yet."),
        )
    with acting(scenarios.buyer_actor(parties)) as olga:
        question = before_acceptance.ask_question(
            actor=olga, key=key(), submission_ref=waiting.ref, text="Who tested it?"
        )
    asked_about = corrections.invoice_of(creditable).ref
    with acting(scenarios.buyer_actor(parties)) as olga:
        about = hosting.ask_about_invoice(actor=olga, key=key(), invoice_ref=asked_about, text="Which order?")
    with acting(scenarios.seller_actor(parties)) as sina:
        letter = account_letters.send_account_statement(
            actor=sina, key=key(), other_ref=parties.buyer.ref, currency="EUR", since=today, until=today
        )
    settlement = terminations.waiting(
        parties, scenarios.active_contract(parties, draft=software_draft(parties, number="NL-T")), side="buyer"
    )
    dispute_ref, dispute_file_ref = disputes.shown(parties, corrections.invoice_of(creditable).ref)
    reserved = scenarios.submitted_milestone(
        scenarios.active_contract(parties, draft=software_draft(parties, number="NL-R"))
    )
    with acting(scenarios.approver_actor(parties)) as bea:
        reserving.accept_with_reservations(
            actor=bea,
            key=key(),
            submission_ref=reserved.ref,
            seen=reserved.sha256,
            defects=[Defect("A dent", today + timedelta(days=30))],
        )
        reservation_ref = Reservation.objects.get(milestone=reserved.milestone_id).ref
    with acting(scenarios.seller_actor(parties)) as sina:
        photo = ContentFile(b"no dent", name="door.txt")
        shown = reserving.attach_to_reservation(actor=sina, reservation_ref=reservation_ref, upload=photo)
        too_much = Invoice.objects.get(milestone=reserved.milestone_id)
        surplus = billing.record_payment(
            actor=sina,
            key=key(),
            invoice_ref=too_much.ref,
            amount=too_much.gross + 1,
            received_on=today,
            bank_reference="STMT-2",
        )
        refund = refunding.ask_refund(actor=sina, key=key(), payment_ref=surplus["payment"], reason="Too much.")
    _contract, papers = payment_documents.waiting(parties, software_draft(parties, number="NL-P"))
    by_application = applications.contract_by_application(parties, number="NL-A")
    scenarios.accepted_milestone(by_application)
    return World(
        missing_ref=papers[payment_documents.MISSING],
        handed_in_ref=papers[payment_documents.HANDED_IN],
        application_ref=applications.submitted(by_application).ref,
        event_ref=confirmed(parties),
        reservation_ref=reservation_ref,
        reservation_file_ref=shown["file"],
        refund_ref=refund["refund"],
        draft=draft,
        active=active,
        sold=sold,
        offered=offered,
        waiting=waiting,
        planned=planned,
        evidence=evidence,
        request_ref=requested_funding(parties, asked, facility),
        offer=issued_offer(parties, offered, facility),
        tranche=tranche,
        version_ref=version_ref,
        template_ref=template["template"],
        payment_ref=payment["payment"],
        pack_ref=pack["pack"],
        answer_ref=answered(parties),
        file_ref=file_ref,
        transaction_ref=transaction_ref,
        note_ref=corrections.credited(parties, corrections.invoice_of(creditable).ref, "1.00").ref,
        corrected_ref=corrections.corrected(parties, corrections.invoice_of(creditable)).ref,
        nullification_ref=corrections.asked(parties, creditable.ref),
        dispute_ref=dispute_ref,
        dispute_file_ref=dispute_file_ref,
        creditable=creditable,
        export_ref=export["export"],
        changing=changing_contract,
        question_ref=question["question"],
        invoice_question_ref=about["question"],
        grant_ref=scenarios.link_to_sign_off(waiting).ref,
        letter_ref=letter["letter"],
        notice_ref=settlement.termination.ref,
        settlement_ref=settlement.ref,
        noted_ref=noted["change_order"],
        offered_ref=change_orders.propose(
            changing_contract,
            change_orders.more_training(changing_contract),
            by=scenarios.buyer_actor(parties),
            side="buyer",
        )["change_order"],
    )


def confirmed(parties: Parties) -> str:
    """An event that the buyer of a contract has confirmed."""
    draft = software_draft(parties, number="NL-E")
    waits = LineTerms(condition=Condition(events=("Site open",)))
    lines = (replace(draft.lines[0], own=waits), *draft.lines[1:])
    contract = scenarios.active_contract(parties, draft=replace(draft, lines=lines))
    with acting(scenarios.approver_actor(parties)) as bea:
        return confirming.confirm_event(actor=bea, key=key(), contract_ref=contract.ref, event="Site open")["event"]


def answered(parties: Parties) -> str:
    """The version that a buyer proposes instead of the seller's."""
    contract = scenarios.proposed_contract(parties, draft=software_draft(parties, number="NL-4"))
    with acting(scenarios.buyer_actor(parties)) as olga:
        version = contract.versions.get()
        negotiating.answer_proposal(actor=olga, key=key(), version_ref=version.ref)
        _text, seen = contracts.preview(contract, side="buyer")
        return contracting.propose_contract(actor=olga, key=key(), contract_ref=contract.ref, seen=seen)["version"]


def imported(parties: Parties, paid: Milestone) -> tuple[str, str]:
    """A statement with one payment, which is applied to a part of what is open."""
    today = clock.today("Europe/Berlin")
    booking = Booking(today, Decimal("50.00"), "A part", reference="B1")
    with acting(scenarios.seller_actor(parties)) as sina:
        invoice = Invoice.objects.get(milestone=paid)
        file = statements.import_statements(actor=sina, key=key(), **uploaded(booking))["file"]
        transaction = BankTransaction.objects.get()
        statements.apply_transaction(
            actor=sina,
            key=key(),
            transaction_ref=transaction.ref,
            parts=(Part(invoice.ref, invoice.number, Decimal("50.00")),),
            how="by_hand",
        )
    return file, transaction.ref


def addresses(parties: Parties, world: World) -> dict[str, str]:
    """The address of each page, by its name, on the things of this world."""
    with acting(scenarios.seller_actor(parties)):
        invoice = Milestone.objects.select_related("invoice").get(pk=world.sold.pk).invoice.ref
    refs = {
        "contract": world.active.ref,
        "change_draft": world.draft.ref,
        "propose_contract": world.draft.ref,
        "counterparty_address": world.draft.ref,
        "withdraw_contract": world.draft.ref,
        "release_retention": world.active.ref,
        **dict.fromkeys(("contract_progress", "progress_csv", "progress_xlsx"), world.active.ref),
        "import_plan": world.draft.ref,
        "check_plan": world.draft.ref,
        **dict.fromkeys(("plan_options", "plan_option", "compare_plans"), world.draft.ref),
        "reservation": world.reservation_ref,
        "reservation_file": world.reservation_file_ref,
        "contract_differences": world.active.ref,
        "save_template": world.active.ref,
        "plan_csv": world.version_ref,
        "plan_xlsx": world.version_ref,
        "rename_template": world.template_ref,
        "delete_template": world.template_ref,
        "milestone": world.sold.ref,
        "milestone_charges": world.sold.ref,
        "comment_milestone": world.sold.ref,
        "claim_late_payment": world.active.ref,
        **dict.fromkeys(("application", "application_pdf", "application_xlsx"), world.application_ref),
        "prepare_submission": world.planned.ref,
        "submit_milestone": world.planned.ref,
        "attach_evidence": world.planned.ref,
        "withdraw_submission": world.waiting.ref,
        "evidence": world.evidence.ref,
        "remove_evidence": world.evidence.ref,
        "invoice": invoice,
        "invoice_pdf": invoice,
        "invoice_xml": invoice,
        "invoice_peppol": invoice,
        "invoice_xrechnung": invoice,
        "invoice_document": invoice,
        "retry_document": invoice,
        "record_payment": invoice,
        "certificate": world.sold.ref,
        "retry_certificate": world.sold.ref,
        **dict.fromkeys(("event_certificate", "retry_event_certificate"), world.event_ref),
        "request_pack": world.active.ref,
        "request_milestone_pack": world.sold.ref,
        "pack": world.pack_ref,
        "pack_file": world.pack_ref,
        "resend_invoice": invoice,
        "renew_link": world.grant_ref,
        "remind_buyer": invoice,
        "pause_reminders": invoice,
        "sign_contract": world.answer_ref,
        "request_contract_changes": world.answer_ref,
        "answer_proposal": world.answer_ref,
        "answer_question": world.question_ref,
        "record_change": world.changing.ref,
        "propose_change": world.changing.ref,
        "price_change": world.noted_ref,
        "withdraw_change": world.noted_ref,
        "change_order": world.offered_ref,
        "sign_change": world.offered_ref,
        "decline_change": world.offered_ref,
        "terminate_contract": world.changing.ref,
        "termination": world.notice_ref,
        "propose_settlement": world.notice_ref,
        "sign_settlement": world.settlement_ref,
        "settlement_pdf": world.settlement_ref,
        "retry_settlement_pdf": world.settlement_ref,
        "comment_contract": world.answer_ref,
        "contract_pdf": world.answer_ref,
        "retry_contract_document": world.answer_ref,
        "journal_export": world.export_ref,
        "journal_export_file": world.export_ref,
        "retry_export": world.export_ref,
        "statement": world.file_ref,
        "transaction": world.transaction_ref,
        "undo_transaction": world.transaction_ref,
        "reverse_payment": world.payment_ref,
        "allocate_payment": world.payment_ref,
        "ask_refund": world.payment_ref,
        "refund": world.refund_ref,
        "credit_invoice": corrections.invoice_of(world.creditable).ref,
        "reissue_invoice": corrections.invoice_of(world.creditable).ref,
        "credit_note": world.note_ref,
        "credit_note_pdf": world.note_ref,
        **dict.fromkeys(("credit_note_xml", "credit_note_peppol", "credit_note_xrechnung"), world.note_ref),
        "resend_credit_note": world.note_ref,
        "resend_corrected_invoice": world.corrected_ref,
        "retry_credit_document": world.note_ref,
        "correct_invoice": corrections.invoice_of(world.creditable).ref,
        **dict.fromkeys(("corrected_invoice", *CORRECTED_FILES, "retry_corrected_document"), world.corrected_ref),
        "dispute_submission": world.waiting.ref,
        "dispute_invoice": invoice,
        "dispute": world.dispute_ref,
        "dispute_file": world.dispute_file_ref,
        "payment_document": world.handed_in_ref,
        "hand_in_document": world.missing_ref,
        "ask_nullification": world.creditable.ref,
        "answer_nullification": world.nullification_ref,
        "contract_revenue": world.active.ref,
        "judge_revenue": world.active.ref,
        "renew_invoice_link": invoice,
        "revoke_invoice_link": invoice,
        "answer_about_invoice": world.invoice_question_ref,
        "send_account_statement": parties.buyer.ref,
        **dict.fromkeys(("account_letter", "send_account_letter_again"), world.letter_ref),
        **dict.fromkeys(("account_statement", "account_csv", "account_xlsx"), parties.buyer.ref),
        "request_funding": world.active.ref,
        "withdraw_request": world.request_ref,
        "offer": world.offer.ref,
        "accept_offer": world.offer.ref,
        "decline_offer": world.offer.ref,
        "tranche": world.tranche.ref,
        "cancel_tranche": world.tranche.ref,
    }
    return {
        **{name: reverse(f"seller:{name}") for name in (*LISTS, *OF_ALL)},
        **{name: reverse(f"seller:{name}", args=[ref]) for name, ref in refs.items()},
    }


CORRECTED_FILES = ("corrected_pdf", "corrected_xml", "corrected_peppol", "corrected_xrechnung")
POST_ONLY = (
    "renew_invoice_link",
    "revoke_invoice_link",
    "send_account_letter_again",
    "send_account_statement",
    "set_monthly_statements",
    "remind_buyer",
    "answer_proposal",
    "retry_contract_document",
    "attach_evidence",
    "remove_evidence",
    "request_milestone_pack",
    "request_export",
    "request_pack",
    "retry_export",
    "renew_link",
    "resend_corrected_invoice",
    "resend_credit_note",
    "resend_invoice",
    "retry_certificate",
    "retry_corrected_document",
    "retry_credit_document",
    "retry_event_certificate",
    "retry_document",
    "retry_settlement_pdf",
)
NOT_THERE_YET = (
    "account_letter",
    "certificate",
    "contract_pdf",
    *CORRECTED_FILES,
    "credit_note_pdf",
    "credit_note_peppol",
    "credit_note_xml",
    "credit_note_xrechnung",
    "event_certificate",
    "invoice_pdf",
    "invoice_peppol",
    "invoice_xml",
    "invoice_xrechnung",
    "journal_export_file",
    "pack_file",
    "settlement_pdf",
)


def test_no_page_of_the_seller_is_left_out_here(db: None, parties: Parties, world: World) -> None:
    assert {pattern.name for pattern in urlpatterns} == set(addresses(parties, world))


def test_the_owner_opens_every_page(parties: Parties, world: World, seller: Client) -> None:
    for name, address in addresses(parties, world).items():
        expected = 405 if name in POST_ONLY else 404 if name in NOT_THERE_YET else 200
        if name in ("propose_change", "price_change"):
            expected = 302  # one order waits already, and the page leads there
        response = seller.get(address)
        if response.streaming:
            assert content_of(response)
        assert response.status_code == expected, name


def test_who_has_not_signed_in_is_sent_to_the_entrance(db: None, parties: Parties, world: World) -> None:
    for name, address in addresses(parties, world).items():
        for response in (Client().get(address), Client().post(address)):
            assert response.status_code == 302, name
            assert response["Location"].startswith(reverse("account_login")), name


def test_the_other_side_and_strangers_find_nothing(
    parties: Parties, world: World, strangers: Parties, signed_in: SignIn
) -> None:
    known = addresses(parties, world)
    others = [signed_in("buyer"), signed_in("approver"), signed_in("seller", of=strangers)]
    of_things = {name: address for name, address in known.items() if name not in (*LISTS, *OF_ALL)}
    with plain_refusals():
        for client, (name, address) in product(others, of_things.items()):
            shown, sent = client.get(address), client.post(address, {"key": "k", "seen": "0" * 64})
            # A page that does not take the method says so before it looks for the thing.
            assert {shown.status_code, sent.status_code} <= {404, 405}, name
            assert 404 in (shown.status_code, sent.status_code), name


def test_a_financier_has_no_door_here(parties: Parties, world: World, signed_in: SignIn) -> None:
    client = signed_in("financier")
    with plain_refusals():
        for name, address in addresses(parties, world).items():
            assert client.get(address).status_code == (405 if name in POST_ONLY else 404), name


def test_lists_show_nothing_of_strangers(parties: Parties, world: World, strangers: Parties, signed_in: SignIn) -> None:
    scenarios.accepted_milestone(scenarios.active_contract(strangers))
    scenarios.drafted_contract(strangers, draft=software_draft(strangers, number="FX-7", title="Foreign secret"))
    # An XLSX is packed; its CSV twin holds the same rows.
    for name in set(LISTS) - {"ageing_xlsx"}:
        page = signed_in("seller").get(reverse(f"seller:{name}")).content.decode()
        assert "Foreign" not in page, name
        own = signed_in("seller", of=strangers).get(reverse(f"seller:{name}")).content.decode()
        assert "Foreign" in own, name
