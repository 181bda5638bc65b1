"""Every workflow that takes a reference, called with a stranger's: the services refuse, whoever opened the door."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.apps import apps
from django.core.files.base import ContentFile
from django.db.models import Model

from apps.contracts import services as contracts
from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import Contract, ContractVersion, Criterion, PlanUpload
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing import services as financing
from apps.financing.models import BankMovement, Facility, Tranche
from apps.financing.rules import LineTerms, OfferTerms
from apps.financing.rules.events import Bears
from apps.financing.services import FacilityTerms
from apps.invoicing import services as invoicing
from apps.invoicing.models import BankTransaction, Invoice, Payment
from apps.invoicing.rules import Part as PaymentPart
from apps.invoicing.rules import Share
from apps.invoicing.rules.corrections import Words
from apps.invoicing.services import applications, reissuing
from apps.milestones import services as milestones
from apps.milestones.models import Milestone, Submission
from apps.milestones.services import CriterionAnswer, CriterionVerdict, Defect, GivenValue, Part
from apps.revenue.models import JudgementKind
from apps.revenue.rules import Outcome
from apps.revenue.services import Decision
from apps.workflows import (
    account_letters,
    applying,
    before_acceptance,
    billing,
    changing,
    charging,
    commenting,
    confirming,
    contracting,
    correcting,
    crediting,
    disputing,
    exporting,
    funding,
    hosting,
    instalments,
    late_payment,
    mended,
    negotiating,
    paying_out,
    payment_documents,
    proofs,
    recourse,
    refunding,
    reminding,
    reserving,
    retention,
    revenue,
    sign_off,
    statements,
    team,
    terminating,
    treasury,
    underwriting,
)
from tests import corrections, scenarios
from tests.architecture.source import functions_of, modules
from tests.portals.matrix.world import NOW, TODAY, Tenant
from tests.scenarios import PDF, key

OTHER_WORDS = Words("Aurora", "Hafenweg 9", "", "Hamburg", "", "", "")
TERMS = OfferTerms(
    funding_on=TODAY,
    lines=(
        LineTerms(
            advance_rate=Decimal(85),
            annual_rate=Decimal(12),
            fee_rate=Decimal("0.5"),
            expected_on=TODAY + timedelta(days=30),
        ),
    ),
)


More = Callable[[Any, Tenant], dict[str, Any]]
KEYLESS: Final = frozenset(
    {"attach_evidence", "remove_evidence", "attach_to_dispute", "attach_to_reservation", "hand_in_document"}
)
"""What may be sent twice without a one-time key."""


GUEST: Final = "guest"
"""Who comes by the personal link to a submission. Here the buyer has an owner, so none of its own may do more:
tests/workflows/test_passed_on_by_link.py and test_dispute_of_invoice_by_link.py do it."""


@dataclass(frozen=True)
class Call:
    """One workflow: who calls it, on a row of which model, by which parameter; ``more`` are its other parameters.

    ``after`` is how much later its own people may do it.
    """

    workflow: Callable[..., Any]
    role: str
    model: str
    parameter: str
    more: More = lambda _row, _own: {}
    after: timedelta = timedelta(hours=1)

    @property
    def name(self) -> str:
        return f"{self.workflow.__name__}-{self.role}-{self.parameter}"

    def rows(self, tenant: Tenant) -> list[Any]:
        """What it is aimed at: one row in every state."""
        return list(tenant.samples[self.model])

    def more_rows(self, tenant: Tenant) -> list[Any]:
        """Every row that there is: among them is one on which its own people may act."""
        low, high = tenant.rows[apps.get_model(self.model)._meta.db_table]
        every = apps.get_model(self.model)._base_manager.using("owner").filter(pk__gt=low, pk__lte=high)
        return list(every.order_by("-pk"))

    def run(self, row: Any, *, by: Tenant, at: datetime = NOW) -> None:
        """Call it as somebody of a tenant who may do such things there."""
        with clock.stopped(at):  # the moment of which the proof is that comes with the actor
            guest = scenarios.guest_actor(by.grants["sign_off"])
            actor = guest if self.role == GUEST else scenarios.actor_of(by.people[self.role])
        parameters = {self.parameter: row.ref, **self.more(row, by)}
        if self.workflow.__name__ not in KEYLESS:
            parameters["key"] = key()
        with scenarios.acting(actor, at=at):
            self.workflow(actor=actor, **parameters)


def _account(_row: Any, _own: Tenant) -> dict[str, Any]:
    return {"currency": "EUR", "since": TODAY - timedelta(days=30), "until": TODAY}


def _previewed(preview: Callable[[Any], tuple[str, str]], row: Any) -> str:
    """The hash of what its own people would be shown, so that only the stranger is refused."""
    with walls.asking_for(_seller_of(row)):
        try:
            return preview(row)[1]
        except Refused:  # in this state there is nothing to preview
            return "0" * 64


def _applied(row: Any) -> str:
    """The hash of what would be submitted now."""
    contract = (
        Contract.objects.using("owner").select_related("seller", "buyer", "active_version").get(pk=row.contract_id)
    )
    return _previewed(lambda one: applications.preview_application(one, contract=contract, today=TODAY), row)


def _previewed_by_buyer(row: Any) -> str:
    with walls.asking_for(row.buyer_id):
        try:
            return contracts.preview(row, side="buyer")[1]
        except Refused:
            return "0" * 64


def _seller_of(row: Any) -> int:
    return int(
        row.seller_id
        if isinstance(row, Contract)
        else Contract.objects.using("owner").get(pk=row.contract_id).seller_id
    )


def _criteria_of(row: Any) -> list[Criterion]:
    milestone = row if isinstance(row, Milestone) else Milestone.objects.using("owner").get(pk=row.milestone_id)
    return list(Criterion.objects.using("owner").filter(line_id=milestone.line_id))


def _answers(row: Any) -> list[CriterionAnswer]:
    return [CriterionAnswer(criterion.pk, is_met=True, note="Mine.") for criterion in _criteria_of(row)]


def _failed(row: Any) -> list[CriterionVerdict]:
    return [CriterionVerdict(criterion.pk, is_passed=False, reason="No.") for criterion in _criteria_of(row)]


def _own(tenant: Tenant, model: type[Model], **what: Any) -> Any:
    low, high = tenant.rows[model._meta.db_table]
    return model._base_manager.using("owner").filter(pk__gt=low, pk__lte=high, **what).order_by("pk")[0]


def _decision() -> Decision:
    """A bonus that is certain."""
    return Decision(
        kind=JudgementKind.VARIABLE,
        reason="Agreed.",
        effective_on=TODAY,
        about="Bonus",
        outcomes=(Outcome(amount=Decimal(1), percent=Decimal(100)),),
    )


def _draft(tenant: Tenant) -> Any:
    return scenarios.software_draft(tenant.parties, number=key()[:20])


def _read_plan(tenant: Tenant) -> dict[str, Any]:
    """A plan as it was read of a file."""
    return {"lines": _draft(tenant).lines, "file_name": "mine.csv", "file_sha256": "0" * 64, "reading": "{}"}


def _upload() -> "ContentFile[bytes]":
    return ContentFile(PDF, name="mine.pdf")


def _money(_row: Any, _own: Tenant) -> dict[str, Any]:
    return {"amount": Decimal(1), "received_on": TODAY, "bank_reference": key()[:20]}


def _transfer(_row: Any, _own: Tenant) -> dict[str, Any]:
    return {"value_on": TODAY, "bank_reference": key()[:20]}


def _whole(row: Any, _own: Tenant) -> dict[str, Any]:
    """A transfer that pays what its own financier would be shown."""
    with walls.asking_for(row.financier_id):
        return {"seen": financing.seen_of(financing.waiting_of(offer_ref=row.ref)), **_transfer(row, _own)}


def _later(row: Any, own: Tenant) -> dict[str, Any]:
    return {"expected_on": TODAY + timedelta(days=120), "borne_by": Bears.SELLER, **_because(row, own)}


def _because(_row: Any, _own: Tenant) -> dict[str, Any]:
    return {"reason": "Known for years."}


def _put_off(_row: Any, _own: Tenant) -> dict[str, Any]:
    return {"until": TODAY + timedelta(days=30), "reason": "They pay next month."}


def _paid_back(_row: Any, _own: Tenant) -> dict[str, Any]:
    return {"paid_on": TODAY, "bank_reference": "BACK-1"}


def _credit(row: Any, _own: Tenant) -> dict[str, Any]:
    """A cent, as its own people would be shown it, so that only the stranger is refused."""
    share = Share(amount=Decimal("0.01"))
    with walls.asking_for(row.seller_id):
        try:
            seen = invoicing.preview_credit(invoice_ref=row.ref, share=share).sha256
        except Refused:
            seen = "0" * 64
    return {"share": share, "seen": seen, "reason": "Too dear."}


def _reissue(row: Any, _own: Tenant) -> dict[str, Any]:
    """All of it anew, as its own people would be shown it."""
    with walls.asking_for(row.seller_id, row.buyer_id):
        try:
            seen = reissuing.preview_reissue(invoice_ref=row.ref).sha256
        except Refused:
            seen = "0" * 64
    return {"seen": seen, "reason": "Wrong."}


def _correct(row: Any, _own: Tenant) -> dict[str, Any]:
    """Another street, as its own people would be shown the change."""
    try:
        right, seen = corrections.right_of(row)
    except Refused:
        right, seen = OTHER_WORDS, "0" * 64
    return {"right": right, "seen": seen, "reason": "They moved."}


def _late(row: Any, _own: Tenant) -> dict[str, Any]:
    """What has run by then, as its own people would be shown it."""
    with walls.asking_for(row.seller_id):
        late = invoicing.late_of(row, today=(NOW + timedelta(days=60)).date())
    return {"seen": invoicing.seen_of(late)}


def _defect(_row: Any, _own: Tenant) -> dict[str, Any]:
    return {"share": Share(amount=Decimal("0.01")), "reason": "It loses rows."}


def _unasked(own: Tenant) -> Any:
    """A milestone of one's own that nobody was asked for."""
    return _own(own, Milestone, funding_items=None, state="submitted")


class _Milestones:
    """Asking takes a list of milestones: this one alone, whoever's it is."""

    def __call__(self, *, milestone_ref: str, **more: Any) -> Any:
        return funding.request_funding(milestone_refs=[milestone_ref], **more)

    __name__ = "request_funding"


request_one = _Milestones()


def _arrived(own: Tenant) -> Any:
    """A bank transaction of one's own that waits for somebody."""
    return _own(own, BankTransaction, state="open")


def _matching(own: Tenant) -> Any:
    """The invoice that one's own transaction settles beyond doubt that waits to be matched."""
    waits = _own(own, BankTransaction, state="waiting")
    return _own(own, Invoice, number=waits.text.split()[-1])


def _paid_on(invoice: Invoice) -> PaymentPart:
    return PaymentPart(invoice.ref, invoice.number, Decimal("0.01"))


class _Apply:
    """Applying takes a list of invoices: this one alone, whoever's it is."""

    def __call__(self, *, invoice_ref: str, **more: Any) -> Any:
        return statements.apply_transaction(
            parts=(PaymentPart(invoice_ref, "", Decimal("0.01")),), how="by_hand", **more
        )

    __name__ = "apply_transaction"


apply_on = _Apply()


CHANGE = ChangeDraft(
    title="Mine",
    reason="Mine.",
    added=(replace(scenarios.line("Mine", 10), basis="amount", amount=Decimal(100)),),
)


def _change_seen(row: Any, *, side: str) -> str:
    """The hash of what its own people would be shown of the same change."""
    with walls.asking_for(row.seller_id, row.buyer_id):
        try:
            return contracts.preview_change(row, draft=CHANGE, side=side).sha256
        except Refused:
            return "0" * 64


def _proposed(row: Any) -> str:
    """The hash of what an order proposed last."""
    versions = ContractVersion.objects.using("owner").filter(change_order_id=row.pk).order_by("-number")
    return versions.values_list("sha256", flat=True).first() or "0" * 64


ORDER = "contracts.ChangeOrder"
CONTRACT, VERSION, GRANT = "contracts.Contract", "contracts.ContractVersion", "contracts.GuestGrant"
UPLOAD, TEMPLATE = "contracts.PlanUpload", "contracts.ContractTemplate"
MILESTONE, SUBMISSION, FILE = "milestones.Milestone", "milestones.Submission", "milestones.EvidenceFile"
CHARGE = "invoicing.Charge"
CORRECTED = "invoicing.CorrectedInvoice"
CREDIT_NOTE, NULLIFICATION = "invoicing.CreditNote", "milestones.Nullification"
QUESTION = "milestones.Question"
DISPUTE, PROPOSAL = "milestones.Dispute", "milestones.DisputeProposal"
APPLICATION = "invoicing.Application"
RESERVATION, OFFERED = "milestones.Reservation", "milestones.ReservationWord"
PAYMENT, TRANSACTION, REFUND = "invoicing.Payment", "invoicing.BankTransaction", "invoicing.Refund"
PAPER = "invoicing.PaymentDocument"
INVOICE, REQUEST, OFFER = "invoicing.Invoice", "financing.FundingRequest", "financing.Offer"
MONEY_ORDER, PAYMENT_OUT = "financing.PaymentOrder", "financing.OrderedPayment"
EXPOSURE, VERIFICATION = "financing.ExposureLimit", "financing.BuyerVerification"
TRANCHE, ASSIGNMENT, FACILITY = "financing.Tranche", "financing.Assignment", "financing.Facility"
MOVEMENT, COLLECTION = "financing.BankMovement", "financing.Collection"
ORGANISATION = "parties.Organisation"
MEMBERSHIP, INVITATION = "parties.Membership", "parties.Invitation"


def _disputed(_row: Any, _own: Tenant) -> dict[str, Any]:
    return {"amount": None, "reason": "Mine.", "answer_days": 14}


EVENT = "milestones.ConfirmedEvent"
NOTICE, SETTLEMENT = "contracts.Termination", "milestones.Settlement"


def _noticed(_row: Any, _own: Tenant) -> dict[str, Any]:
    return {"ground": "convenience", "reason": "Mine.", "effective_on": date(2030, 1, 1)}


def _valued(row: Any, _own: Tenant) -> dict[str, Any]:
    """What is open, as its own people would value it."""
    with walls.asking_for(row.seller_id, row.buyer_id):
        try:
            values = [GivenValue(one.milestone_ref, Decimal(0)) for one in milestones.open_values(row)]
            seen = terminating.preview_settlement(row, side="seller", given=values).draft.sha256
        except Refused:
            values, seen = [], "0" * 64
    return {"values": values, "seen": seen}


CALLS = [
    Call(revenue.judge_revenue, "billing", CONTRACT, "contract_ref", lambda _row, own: {"decision": _decision()}),
    Call(contracting.change_draft, "seller", CONTRACT, "contract_ref", lambda _row, own: {"draft": _draft(own)}),
    Call(contracting.keep_plan, "seller", CONTRACT, "contract_ref", lambda _row, own: _read_plan(own)),
    Call(
        contracting.import_plan,
        "seller",
        CONTRACT,
        "contract_ref",
        lambda row, own: {"upload_ref": _own(own, PlanUpload).ref},
    ),
    Call(
        contracting.import_plan,
        "seller",
        UPLOAD,
        "upload_ref",
        lambda _row, own: {"contract_ref": _own(own, Contract, plan_uploads__isnull=False).ref},
    ),
    Call(contracting.save_template, "seller", CONTRACT, "contract_ref", lambda _row, _own: {"name": key()}),
    Call(contracting.rename_template, "seller", TEMPLATE, "template_ref", lambda _row, _own: {"name": key()}),
    Call(contracting.delete_template, "seller", TEMPLATE, "template_ref"),
    Call(
        contracting.propose_contract,
        "seller",
        CONTRACT,
        "contract_ref",
        lambda row, _own: {"seen": _previewed(contracts.preview, row)},
    ),
    Call(contracting.withdraw_contract, "seller", CONTRACT, "contract_ref"),
    Call(contracting.renew_link, "seller", GRANT, "grant_ref"),
    Call(contracting.renew_link, "buyer", GRANT, "grant_ref"),
    Call(contracting.sign_contract, "buyer", VERSION, "version_ref", lambda row, _own: {"seen": row.sha256}),
    Call(contracting.set_order_number, "payables", CONTRACT, "contract_ref", lambda _row, _own: {"number": "4500"}),
    Call(contracting.request_contract_changes, "buyer", VERSION, "version_ref", _because),
    Call(contracting.sign_contract, "seller", VERSION, "version_ref", lambda row, _own: {"seen": row.sha256}),
    Call(contracting.request_contract_changes, "seller", VERSION, "version_ref", _because),
    Call(contracting.withdraw_contract, "buyer", CONTRACT, "contract_ref"),
    Call(
        contracting.propose_contract,
        "buyer",
        CONTRACT,
        "contract_ref",
        lambda row, _own: {"seen": _previewed_by_buyer(row)},
    ),
    Call(negotiating.answer_proposal, "seller", VERSION, "version_ref"),
    Call(negotiating.answer_proposal, "buyer", VERSION, "version_ref"),
    Call(negotiating.comment_contract, "seller", VERSION, "version_ref", lambda _row, _own: {"text": "Mine."}),
    Call(negotiating.comment_contract, "buyer", VERSION, "version_ref", lambda _row, _own: {"text": "Mine."}),
    Call(changing.record_change, "seller", CONTRACT, "contract_ref", lambda _row, _own: {"draft": CHANGE}),
    Call(
        changing.propose_change,
        "seller",
        CONTRACT,
        "contract_ref",
        lambda row, _own: {"draft": CHANGE, "seen": _change_seen(row, side="seller")},
    ),
    Call(changing.sign_change, "seller", ORDER, "order_ref", lambda row, _own: {"seen": _proposed(row)}),
    Call(changing.decline_change, "seller", ORDER, "order_ref", _because),
    Call(changing.withdraw_change, "seller", ORDER, "order_ref", _because),
    Call(changing.record_change, "buyer", CONTRACT, "contract_ref", lambda _row, _own: {"draft": CHANGE}),
    Call(
        changing.propose_change,
        "buyer",
        CONTRACT,
        "contract_ref",
        lambda row, _own: {"draft": CHANGE, "seen": _change_seen(row, side="buyer")},
    ),
    Call(changing.sign_change, "buyer", ORDER, "order_ref", lambda row, _own: {"seen": _proposed(row)}),
    Call(changing.decline_change, "buyer", ORDER, "order_ref", _because),
    Call(changing.withdraw_change, "buyer", ORDER, "order_ref", _because),
    Call(
        sign_off.prepare_submission,
        "delivery",
        MILESTONE,
        "milestone_ref",
        lambda row, _own: {"note": "Mine.", "answers": _answers(row)},
    ),
    Call(sign_off.attach_evidence, "delivery", MILESTONE, "milestone_ref", lambda _row, _own: {"upload": _upload()}),
    Call(
        sign_off.submit_milestone,
        "delivery",
        MILESTONE,
        "milestone_ref",
        lambda row, _own: {"seen": _previewed(milestones.preview, row)},
    ),
    Call(sign_off.remove_evidence, "delivery", FILE, "evidence_ref"),
    Call(sign_off.withdraw_submission, "delivery", SUBMISSION, "submission_ref"),
    Call(sign_off.accept_milestone, "approver", SUBMISSION, "submission_ref", lambda row, _own: {"seen": row.sha256}),
    Call(
        sign_off.accept_part,
        "approver",
        SUBMISSION,
        "submission_ref",
        lambda row, _own: {"seen": row.sha256, "part": Part(percent=Decimal(50)), "verdicts": _failed(row)},
    ),
    Call(
        reserving.accept_with_reservations,
        "approver",
        SUBMISSION,
        "submission_ref",
        lambda row, _own: {"seen": row.sha256, "defects": [Defect("Mine", date(2036, 1, 31), Decimal(1))]},
    ),
    Call(
        reserving.attach_to_reservation,
        "delivery",
        RESERVATION,
        "reservation_ref",
        lambda _row, _own: {"upload": _upload()},
    ),
    Call(reserving.report_mended, "delivery", RESERVATION, "reservation_ref", lambda _row, _own: {"text": "Mine."}),
    Call(mended.dispute_defect, "billing", RESERVATION, "reservation_ref", after=timedelta(days=60)),
    Call(reserving.say_missing, "approver", RESERVATION, "reservation_ref", lambda _row, _own: {"text": "Mine."}),
    Call(reserving.release_reservation, "approver", RESERVATION, "reservation_ref"),
    Call(
        reserving.offer_reduction,
        "billing",
        RESERVATION,
        "reservation_ref",
        lambda _row, _own: {"amount": Decimal("0.01")},
    ),
    Call(reserving.agree_reduction, "approver", OFFERED, "offer_ref"),
    Call(
        sign_off.request_changes,
        "approver",
        SUBMISSION,
        "submission_ref",
        lambda row, _own: {"seen": row.sha256, "verdicts": _failed(row)},
    ),
    Call(
        before_acceptance.ask_question, "approver", SUBMISSION, "submission_ref", lambda _row, _own: {"text": "Mine?"}
    ),
    Call(commenting.comment_milestone, "delivery", MILESTONE, "milestone_ref", lambda _row, _own: {"text": "Mine."}),
    Call(commenting.comment_milestone, "approver", MILESTONE, "milestone_ref", lambda _row, _own: {"text": "Mine."}),
    Call(before_acceptance.answer_question, "delivery", QUESTION, "question_ref", lambda _row, _own: {"text": "Mine."}),
    Call(
        before_acceptance.pass_milestone,
        "buyer",
        SUBMISSION,
        "submission_ref",
        lambda _row, own: {"membership_ref": own.people["approver"].ref},
    ),
    Call(
        before_acceptance.pass_milestone,
        "buyer",
        MEMBERSHIP,
        "membership_ref",
        lambda _row, own: {"submission_ref": _own(own, Submission, state="submitted").ref},
    ),
    Call(
        before_acceptance.pass_by_link,
        GUEST,
        SUBMISSION,
        "submission_ref",
        lambda _row, own: {"name": "Nina", "email": f"nina@{own.grants['sign_off'].email.rpartition('@')[2]}"},
    ),
    Call(before_acceptance.take_back_milestone, GUEST, SUBMISSION, "submission_ref"),
    Call(
        before_acceptance.inspect_milestone,
        "inspector",
        SUBMISSION,
        "submission_ref",
        lambda row, _own: {"seen": row.sha256, "verdicts": _failed(row)},
    ),
    Call(proofs.retry_certificate, "seller", SUBMISSION, "submission_ref"),
    Call(proofs.retry_event_certificate, "seller", EVENT, "event_ref"),
    Call(
        proofs.retry_settlement_paper,
        "seller",
        SETTLEMENT,
        "settlement_ref",
    ),
    Call(proofs.retry_contract_document, "buyer", VERSION, "version_ref", lambda _row, _own: {"kind": "signed"}),
    Call(proofs.request_pack, "seller", CONTRACT, "contract_ref"),
    Call(
        proofs.request_pack,
        "buyer",
        MILESTONE,
        "milestone_ref",
        lambda row, _own: {"contract_ref": Contract.objects.using("owner").get(pk=row.contract_id).ref},
    ),
    Call(billing.record_payment, "billing", INVOICE, "invoice_ref", _money),
    Call(
        statements.apply_transaction,
        "billing",
        TRANSACTION,
        "transaction_ref",
        lambda _row, own: {"parts": (_paid_on(_own(own, Invoice)),), "how": "by_hand"},
    ),
    Call(apply_on, "billing", INVOICE, "invoice_ref", lambda _row, own: {"transaction_ref": _arrived(own).ref}),
    Call(
        statements.match_transaction,
        "billing",
        TRANSACTION,
        "transaction_ref",
        lambda _row, own: {"invoice_ref": _matching(own).ref},
    ),
    Call(statements.undo_transaction, "billing", TRANSACTION, "transaction_ref", _because),
    Call(statements.set_aside_transaction, "billing", TRANSACTION, "transaction_ref", _because),
    Call(statements.take_up_transaction, "billing", TRANSACTION, "transaction_ref"),
    Call(exporting.retry_export, "billing", "ledger.JournalExport", "export_ref"),
    Call(billing.retry_document, "billing", INVOICE, "invoice_ref"),
    Call(billing.reverse_payment, "billing", PAYMENT, "payment_ref", _because),
    Call(refunding.ask_refund, "billing", PAYMENT, "payment_ref", _because),
    Call(refunding.approve_refund, "billing", REFUND, "refund_ref"),
    Call(refunding.pay_refund, "billing", REFUND, "refund_ref", _paid_back),
    Call(refunding.withdraw_refund, "billing", REFUND, "refund_ref", _because),
    Call(refunding.return_refund, "billing", REFUND, "refund_ref", _because),
    Call(billing.resend_invoice, "billing", INVOICE, "invoice_ref"),
    Call(account_letters.send_account_statement, "billing", "parties.Organisation", "other_ref", _account),
    Call(account_letters.send_account_statement, "payables", "parties.Organisation", "other_ref", _account),
    Call(account_letters.send_account_statement_again, "billing", "invoicing.AccountLetter", "letter_ref"),
    Call(account_letters.send_account_statement_again, "payables", "invoicing.AccountLetter", "letter_ref"),
    Call(hosting.renew_invoice_link, "billing", INVOICE, "invoice_ref"),
    Call(hosting.revoke_invoice_link, "billing", INVOICE, "invoice_ref"),
    Call(hosting.ask_to_dispute, GUEST, INVOICE, "invoice_ref", lambda _row, _own: {"link_ref": ""}),
    Call(hosting.ask_about_invoice, "payables", INVOICE, "invoice_ref", lambda _row, _own: {"text": "Mine?"}),
    Call(
        hosting.answer_about_invoice,
        "billing",
        "invoicing.InvoiceQuestion",
        "question_ref",
        lambda _row, _own: {"text": "Mine."},
    ),
    Call(reminding.remind_buyer, "billing", INVOICE, "invoice_ref", after=timedelta(days=60)),
    Call(reminding.pause_reminders, "billing", INVOICE, "invoice_ref", _put_off),
    Call(reminding.resume_reminders, "billing", INVOICE, "invoice_ref"),
    Call(reminding.remind_by_schedule, "billing", INVOICE, "invoice_ref", lambda _row, _own: {"number": 1}),
    Call(crediting.credit_invoice, "billing", INVOICE, "invoice_ref", _credit),
    Call(crediting.reissue_invoice, "billing", INVOICE, "invoice_ref", _reissue),
    Call(correcting.correct_invoice, "billing", INVOICE, "invoice_ref", _correct),
    Call(correcting.retry_corrected_document, "billing", CORRECTED, "corrected_ref"),
    Call(correcting.resend_corrected_invoice, "billing", CORRECTED, "corrected_ref"),
    Call(crediting.resend_credit_note, "billing", CREDIT_NOTE, "credit_note_ref"),
    Call(crediting.retry_credit_document, "billing", CREDIT_NOTE, "credit_note_ref"),
    Call(crediting.ask_nullification, "billing", MILESTONE, "milestone_ref", _defect),
    Call(crediting.ask_nullification, "approver", MILESTONE, "milestone_ref", _defect),
    Call(crediting.grant_nullification, "billing", NULLIFICATION, "nullification_ref"),
    Call(crediting.decline_nullification, "billing", NULLIFICATION, "nullification_ref", _because),
    Call(crediting.withdraw_nullification, "approver", NULLIFICATION, "nullification_ref"),
    Call(terminating.give_notice, "seller", CONTRACT, "contract_ref", _noticed),
    Call(terminating.give_notice, "buyer", CONTRACT, "contract_ref", _noticed),
    Call(terminating.withdraw_notice, "buyer", NOTICE, "termination_ref"),
    Call(terminating.propose_settlement, "seller", CONTRACT, "contract_ref", _valued),
    Call(terminating.propose_settlement, "buyer", CONTRACT, "contract_ref", _valued),
    Call(terminating.withdraw_settlement, "seller", SETTLEMENT, "settlement_ref"),
    Call(terminating.sign_settlement, "buyer", SETTLEMENT, "settlement_ref", lambda row, _own: {"seen": row.sha256}),
    Call(disputing.dispute_submission, "approver", SUBMISSION, "submission_ref", _disputed),
    Call(
        disputing.dispute_rest,
        "approver",
        SUBMISSION,
        "submission_ref",
        lambda row, _own: {
            "seen": row.sha256,
            "amount": Decimal("0.01"),
            "verdicts": (),
            "reason": "Mine.",
            "answer_days": 14,
        },
    ),
    Call(
        disputing.dispute_invoice,
        "billing",
        INVOICE,
        "invoice_ref",
        lambda _row, _own: {"share": Share(amount=Decimal("0.01")), "reason": "Mine.", "answer_days": 14},
    ),
    Call(disputing.answer_dispute, "billing", DISPUTE, "dispute_ref", lambda _row, _own: {"text": "Mine."}),
    Call(payment_documents.hand_in_document, "billing", PAPER, "document_ref", lambda _row, _own: {"note": "Mine."}),
    Call(payment_documents.confirm_document, "payables", PAPER, "document_ref"),
    Call(payment_documents.return_document, "payables", PAPER, "document_ref", lambda _row, _own: {"reason": "Mine."}),
    Call(disputing.attach_to_dispute, "billing", DISPUTE, "dispute_ref", lambda _row, _own: {"upload": _upload()}),
    Call(disputing.propose_outcome, "billing", DISPUTE, "dispute_ref", lambda _row, _own: {"outcome": "rejected"}),
    Call(disputing.agree_outcome, "approver", PROPOSAL, "proposal_ref"),
    Call(disputing.withdraw_dispute, "approver", DISPUTE, "dispute_ref"),
    Call(
        crediting.allocate_payment,
        "billing",
        PAYMENT,
        "payment_ref",
        lambda _row, own: {"invoice_ref": _own(own, Invoice, milestone__nullifications__state="asked").ref},
    ),
    Call(
        crediting.allocate_payment,
        "billing",
        INVOICE,
        "invoice_ref",
        lambda _row, own: {"payment_ref": _own(own, Payment, allocations__freed_by__isnull=False).ref},
    ),
    Call(
        confirming.confirm_event, "approver", CONTRACT, "contract_ref", lambda _row, _own: {"event": "Permit granted"}
    ),
    Call(charging.claim_damages, "approver", MILESTONE, "milestone_ref"),
    Call(charging.waive_damages, "approver", MILESTONE, "milestone_ref", _because),
    Call(
        charging.charge_back,
        "approver",
        MILESTONE,
        "milestone_ref",
        lambda _row, _own: {"amount": Decimal(1), "reason": "We cleaned up.", "evidence": "A bill."},
    ),
    Call(charging.answer_charge, "billing", CHARGE, "charge_ref", lambda _row, _own: {"agrees": True}),
    Call(charging.withdraw_charge, "approver", CHARGE, "charge_ref", _because),
    Call(charging.claim_bonus, "billing", MILESTONE, "milestone_ref"),
    Call(late_payment.claim_late_payment, "billing", CONTRACT, "contract_ref", _late, after=timedelta(days=60)),
    Call(
        applying.submit_application,
        "billing",
        APPLICATION,
        "application_ref",
        lambda row, _own: {"seen": _applied(row)},
    ),
    Call(applying.withdraw_application, "billing", APPLICATION, "application_ref"),
    Call(
        applying.return_application,
        "approver",
        APPLICATION,
        "application_ref",
        lambda row, _own: {"seen": row.sha256.ljust(64, "0"), "reason": "Mine."},
    ),
    Call(
        applying.certify_application,
        "approver",
        APPLICATION,
        "application_ref",
        lambda row, _own: {"seen": row.sha256.ljust(64, "0"), "figures": {}},
    ),
    Call(retention.release_retention, "billing", CONTRACT, "contract_ref", lambda _row, _own: {"position": 2}),
    Call(retention.release_retention, "buyer", CONTRACT, "contract_ref", lambda _row, _own: {"position": 3}),
    Call(instalments.bill_instalment, "billing", "invoicing.Instalment", "instalment_ref"),
    Call(
        request_one,
        "billing",
        MILESTONE,
        "milestone_ref",
        lambda _row, own: {"facility_ref": _own(own, Facility).ref},
    ),
    Call(
        funding.request_funding,
        "billing",
        FACILITY,
        "facility_ref",
        lambda _row, own: {"milestone_refs": [_unasked(own).ref]},
    ),
    Call(
        funding.change_facility,
        "underwriter",
        FACILITY,
        "facility_ref",
        lambda row, _own: {"terms": FacilityTerms(currency=row.currency, limit=Decimal(3)), "reason": "Less."},
    ),
    Call(funding.close_facility, "underwriter", FACILITY, "facility_ref", _because),
    Call(funding.withdraw_request, "billing", REQUEST, "request_ref"),
    Call(funding.accept_offer, "billing", OFFER, "offer_ref", lambda row, _own: {"seen": row.disclosure_sha256}),
    Call(funding.decline_offer, "billing", OFFER, "offer_ref"),
    Call(funding.decline_request, "analyst", REQUEST, "request_ref", _because),
    Call(funding.price_offer, "analyst", REQUEST, "request_ref", lambda _row, _own: {"terms": TERMS}),
    Call(funding.approve_offer, "underwriter", OFFER, "offer_ref"),
    Call(funding.revoke_offer, "underwriter", OFFER, "offer_ref"),
    Call(
        funding.acknowledge_assignment,
        "payables",
        ASSIGNMENT,
        "assignment_ref",
        lambda row, _own: {"seen": row.notice_sha256},
    ),
    Call(funding.ask_assignment_proof, "buyer", ASSIGNMENT, "assignment_ref"),
    Call(funding.waive_notice, "underwriter", ASSIGNMENT, "assignment_ref", _because),
    # What the seller owes on an advance that slipped is long due by then, so there is a check to waive.
    Call(
        underwriting.waive_check,
        "underwriter",
        OFFER,
        "offer_ref",
        lambda _row, _own: {"check": "seller", "reason": "Known for years."},
        after=timedelta(days=60),
    ),
    Call(funding.cancel_tranche, "treasury", TRANCHE, "tranche_ref", _because),
    Call(funding.cancel_tranche, "billing", TRANCHE, "tranche_ref", _because),
    Call(funding.fund_offer, "treasury", OFFER, "offer_ref", _whole),
    Call(
        paying_out.order_payments,
        "treasury",
        TRANCHE,
        "wanted",
        lambda row, _own: {"wanted": (("advance", row.ref),), "currency": "EUR", "execute_on": TODAY},
    ),
    Call(paying_out.approve_payment_order, "financier", MONEY_ORDER, "order_ref"),
    Call(paying_out.discard_payment_order, "treasury", MONEY_ORDER, "order_ref", _because),
    Call(paying_out.hand_out_payment_file, "treasury", MONEY_ORDER, "order_ref"),
    Call(
        paying_out.confirm_payment_order, "treasury", MONEY_ORDER, "order_ref", lambda _row, _own: {"value_on": TODAY}
    ),
    Call(
        paying_out.confirm_ordered_payment,
        "treasury",
        PAYMENT_OUT,
        "payment_ref",
        lambda _row, _own: {"value_on": TODAY},
    ),
    Call(paying_out.return_ordered_payment, "treasury", PAYMENT_OUT, "payment_ref", _because),
    Call(
        underwriting.set_exposure_limit,
        "underwriter",
        EXPOSURE,
        "exposure_ref",
        lambda _row, _own: {"limit": Decimal(1)},
    ),
    Call(
        underwriting.confirm_signatory,
        "underwriter",
        VERIFICATION,
        "verification_ref",
        lambda _row, own: {"signatory": own.people["approver"].user.email, "checked": "Called back."},
    ),
    Call(underwriting.revoke_verification, "underwriter", VERIFICATION, "verification_ref", _because),
    Call(
        underwriting.verify_buyer,
        "underwriter",
        ORGANISATION,
        "buyer_ref",
        lambda _row, _own: {"checked": "Known for years."},
    ),
    Call(funding.fund_tranche, "treasury", TRANCHE, "tranche_ref", _transfer),
    Call(funding.collect_payment, "treasury", TRANCHE, "tranche_ref", _money),
    Call(funding.pay_reserve, "treasury", TRANCHE, "tranche_ref", _transfer),
    Call(recourse.postpone_advance, "underwriter", TRANCHE, "tranche_ref", _later),
    Call(recourse.demand_advance, "underwriter", TRANCHE, "tranche_ref", _because, after=timedelta(days=120)),
    Call(recourse.record_repayment, "treasury", TRANCHE, "tranche_ref", _money),
    Call(recourse.declare_default, "underwriter", TRANCHE, "tranche_ref", _because, after=timedelta(days=120)),
    Call(
        recourse.allow_for_loss,
        "underwriter",
        TRANCHE,
        "tranche_ref",
        lambda row, own: {"amount": Decimal(1), **_because(row, own)},
    ),
    Call(recourse.write_off_advance, "underwriter", TRANCHE, "tranche_ref", _because),
    Call(treasury.return_disbursement, "treasury", TRANCHE, "tranche_ref", _transfer),
    Call(treasury.return_surplus, "treasury", TRANCHE, "tranche_ref", _transfer),
    Call(treasury.record_misdirected, "billing", TRANCHE, "tranche_ref", _money),
    Call(treasury.record_misdirected, "treasury", TRANCHE, "tranche_ref", _money),
    Call(treasury.record_passed_on, "treasury", TRANCHE, "tranche_ref", _money),
    Call(
        treasury.identify_receipt,
        "treasury",
        MOVEMENT,
        "receipt_ref",
        lambda _row, own: {"tranche_ref": _own(own, Tranche, state="funded_post").ref},
    ),
    Call(
        treasury.identify_receipt,
        "treasury",
        TRANCHE,
        "tranche_ref",
        lambda _row, own: {"receipt_ref": _own(own, BankMovement, kind="unidentified").ref},
    ),
    Call(
        treasury.send_back_receipt,
        "treasury",
        MOVEMENT,
        "receipt_ref",
        lambda row, own: {**_transfer(row, own), **_because(row, own)},
    ),
    Call(treasury.reverse_collection, "treasury", COLLECTION, "collection_ref", _because),
    Call(
        team.change_member, "seller", MEMBERSHIP, "membership_ref", lambda _row, _own: {"roles": frozenset({"billing"})}
    ),
    Call(team.end_membership, "seller", MEMBERSHIP, "membership_ref"),
    Call(
        team.end_membership,
        "seller",
        MEMBERSHIP,
        "successor_ref",
        lambda _row, own: {"membership_ref": own.people["seller"].ref},
    ),
    Call(team.revoke_invitation, "seller", INVITATION, "invitation_ref"),
    Call(
        team.set_counterparty_language,
        "seller",
        ORGANISATION,
        "organisation_ref",
        lambda _row, _own: {"language": "de"},
    ),
    Call(
        team.set_counterparty_address,
        "seller",
        ORGANISATION,
        "organisation_ref",
        lambda _row, _own: {"street": "Mine 1", "postcode": "1", "city": "Mine"},
    ),
]

BY_THE_CLOCK: Final = frozenset(
    {
        "deem_milestone",
        "demand_lapsed_advance",
        "expire_proposal",
        "remind_of_defect",
        "remind_of_mended",
        "remind_of_position",
        "remind_of_review",
        "tell_of_ending_document",
    }
)
"""No door leads to them: what is due is found, and done in the name of the organisation whose it is."""


FOR_ANY_SELLER: Final = frozenset({"open_facility"})
"""A financier opens a line for a seller whose reference it was given."""


def uncalled() -> set[str]:
    """The workflows with a reference that are done once for each key and that nobody calls here with a stranger's."""
    found = {
        function.name
        for path in modules("apps/workflows")
        for function in functions_of(path)
        if any(isinstance(one, ast.Name) and one.id == "once" for one in function.decorator_list)
        and any(one.arg.endswith(("_ref", "_refs")) for one in function.args.kwonlyargs)
    }
    assert len(found) > 100
    return found - {call.workflow.__name__ for call in CALLS} - BY_THE_CLOCK - FOR_ANY_SELLER
