"""What touches the outside world: jobs deferred inside the transaction that caused them, run by a worker after COMMIT.

Every job carries references and the organisation on whose behalf it runs, never content or tokens; it asks the
database for that organisation only. Jobs may run twice: rendering asks "already done?", mails carry a stable id.
"""

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from apps.core import clock
from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.invoicing.models import Document, StatementFile
from apps.milestones.models.submission import Proof
from apps.parties import services as parties
from apps.parties.actor import Actor
from apps.workflows import deferring, mails, notices

MAIL_AGAIN = RetryStrategy(max_attempts=8, exponential_wait=4)
"""After 4 seconds, then four times as long each time, 18 hours at last: a mail server may be out for a day."""
CODE_AGAIN = RetryStrategy(max_attempts=4, exponential_wait=4)
"""After 4, 16, 64 and 256 seconds: later the code is worth nothing any more."""
RENDER_AGAIN = RetryStrategy(max_attempts=4, wait=5, linear_wait=15)
"""After 5, 20, 35 and 50 seconds: what fails then fails for a reason, and the seller can ask for it again."""

MATCH_AGAIN = RetryStrategy(max_attempts=4, wait=5, linear_wait=15)
"""As for documents: what was matched stays, and the next try goes on."""

defer = deferring.defer


@app.task(queue="documents", retry=RENDER_AGAIN)
def render_invoice(*, invoice_ref: str, organisation_id: int) -> None:
    """Make the PDF of an issued invoice and store it with its SHA-256; nothing happens if it is there.

    In the moment in which it is ready it is put on its way to the buyer.
    """
    from apps.invoicing import documents  # the renderer is heavy, and only the worker needs it

    with walls.asking_for(organisation_id):
        documents.render(invoice_ref=invoice_ref, when_ready=_deliver)


def _deliver(document: Document) -> None:
    at = clock.now()
    invoicing.host(invoice=document.invoice, at=at)
    delivery = invoicing.deliver(invoice=document.invoice, at=at)
    send_invoice.defer(delivery_ref=delivery.ref, organisation_id=delivery.buyer_id)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_invoice(*, delivery_ref: str, organisation_id: int) -> None:
    """Mail an invoice with its document to the buyer, and note to whom it went; not if it went already."""
    with walls.asking_for(organisation_id):
        sent = mails.invoice(delivery_ref=delivery_ref)
        if sent is not None:
            with transaction.atomic():
                invoicing.delivered(delivery_ref=delivery_ref, to=sent.to, message_id=sent.message_id, at=clock.now())


@app.task(queue="documents", retry=RENDER_AGAIN)
def make_certificate(*, submission_ref: str, organisation_id: int) -> None:
    """Make the certificate of an acceptance and store it with its SHA-256; nothing happens if it is there."""
    from apps.workflows import printing  # only the worker needs it

    with walls.asking_for(organisation_id):
        printing.make_certificate(submission_ref=submission_ref)


@app.task(queue="documents", retry=RENDER_AGAIN)
def make_contract_document(*, version_ref: str, kind: str, organisation_id: int) -> None:
    """Make the PDF of a version, proposed or signed, and store it with its SHA-256; nothing happens if it is there."""
    from apps.contracts import documents  # only the worker needs it

    with walls.asking_for(organisation_id):
        documents.make(version_ref=version_ref, kind=kind)


@app.task(queue="documents", retry=RENDER_AGAIN)
def make_pack(*, pack_ref: str, organisation_id: int) -> None:
    """Make an evidence pack and store it with its SHA-256; nothing happens if it is there."""
    from apps.workflows.packs import making  # only the worker needs it

    with walls.asking_for(organisation_id):
        making.make(pack_ref=pack_ref)


@app.task(queue="statements", retry=MATCH_AGAIN)
def match_statements(*, file_ref: str, organisation_id: int) -> None:
    """Match what a file of bank statements brought with what is open; nothing happens if that is done.

    Who uploaded the file answers for what is applied. Whoever may not record payments any more applies nothing.
    """
    from apps.workflows import statements  # it defers jobs of this module

    with walls.asking_for(organisation_id):
        file = StatementFile.objects.select_related("uploaded_by").get(ref=file_ref, organisation_id=organisation_id)
        membership = parties.membership_of(file.uploaded_by, organisation_id=organisation_id)
        actor = parties.actor_for(membership) if membership else Actor.system(organisation_id=organisation_id)
        statements.match_statements(actor=actor, file_ref=file_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_contract_proposal(*, grant_ref: str, organisation_id: int) -> None:
    """Invite the buyer's signatory to read and sign the contract by personal link."""
    with walls.asking_for(organisation_id):
        mails.proposal_by_link(grant_ref=grant_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_contract_signed(*, contract_ref: str, organisation_id: int) -> None:
    """Tell the side that proposed that the other one signed."""
    with walls.asking_for(organisation_id):
        mails.contract_signed(contract_ref=contract_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_signed_copy(*, version_ref: str, organisation_id: int) -> None:
    """Confirm to a signatory who signed by personal link what was signed."""
    with walls.asking_for(organisation_id):
        mails.signed_copy(version_ref=version_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_payment_receipt(*, payment_ref: str, organisation_id: int) -> None:
    """Tell the buyer that the seller has its money."""
    with walls.asking_for(organisation_id):
        mails.payment_receipt(payment_ref=payment_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_payment_reversed(*, payment_ref: str, organisation_id: int) -> None:
    """Tell the buyer that a payment was recorded by mistake."""
    with walls.asking_for(organisation_id):
        mails.payment_reversed(payment_ref=payment_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_contract_changes(*, version_ref: str, organisation_id: int) -> None:
    """Tell the side that proposed which changes the other one asks for."""
    with walls.asking_for(organisation_id):
        mails.contract_changes(version_ref=version_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_contract_comment(*, comment_ref: str, organisation_id: int) -> None:
    """Pass on to the other side what one side wrote about a proposal."""
    with walls.asking_for(organisation_id):
        mails.contract_comment(comment_ref=comment_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_counter_proposal(*, version_ref: str, organisation_id: int) -> None:
    """Tell the seller's people that the buyer proposes a version."""
    with walls.asking_for(organisation_id):
        mails.counter_proposal(version_ref=version_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_change_news(*, order_ref: str, what: str, organisation_id: int) -> None:
    """Tell a side that a change order was recorded, proposed, signed, declined or withdrawn by the other one."""
    with walls.asking_for(organisation_id):
        mails.change_order(order_ref=order_ref, what=what, organisation_id=organisation_id)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_proposal_expired(*, version_ref: str, organisation_id: int) -> None:
    """Tell the proposer that nobody signed by the last day."""
    with walls.asking_for(organisation_id):
        mails.proposal_expired(version_ref=version_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_sign_off_request(*, grant_ref: str, organisation_id: int) -> None:
    """Ask the buyer's person to review and sign off a milestone by personal link.

    The mail says the deadline as counted from its own instant; once the mail server has taken it, that one stands.
    """
    with walls.asking_for(organisation_id):
        at = clock.now()
        sent = mails.sign_off_request(grant_ref=grant_ref, at=at)
        if sent is not None and sent.mail is not None:
            notices.note_delivery(
                actor=Actor.system(organisation_id=organisation_id),
                submission_ref=sent.mail.subject.partition(":")[2],
                proof=Proof.MAIL,
                at=at,
                notice=sent.mail,
            )


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_acceptance(*, submission_ref: str, organisation_id: int) -> None:
    """Tell the seller that a milestone was accepted and which invoice exists."""
    with walls.asking_for(organisation_id):
        mails.acceptance(submission_ref=submission_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_change_request(*, submission_ref: str, organisation_id: int) -> None:
    """Tell the seller what the buyer found missing."""
    with walls.asking_for(organisation_id):
        mails.change_request(submission_ref=submission_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_review_reminder(*, submission_ref: str, kind: str, organisation_id: int) -> None:
    """Remind the buyer's deciders of a review that runs, if it still does."""
    with walls.asking_for(organisation_id):
        mails.review_reminder(submission_ref=submission_ref, kind=kind)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_review_passed(*, submission_ref: str, organisation_id: int) -> None:
    """Tell the seller that the review ended without an answer, which decides nothing."""
    with walls.asking_for(organisation_id):
        mails.review_passed(submission_ref=submission_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_review_lapsed(*, submission_ref: str, organisation_id: int) -> None:
    """Tell the buyer's deciders what their silence meant, as agreed."""
    with walls.asking_for(organisation_id):
        mails.review_lapsed(submission_ref=submission_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_invitation(*, invitation_ref: str, organisation_id: int) -> None:
    """Invite a mailbox to a team."""
    with walls.asking_for(organisation_id):
        mails.invitation(invitation_ref=invitation_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_funding_news(*, request_ref: str, organisation_id: int) -> None:
    """Tell the seller how a funding request stands: offered, declined, funded."""
    with walls.asking_for(organisation_id):
        mails.funding_news(request_ref=request_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_assignment_notice(*, grant_ref: str, organisation_id: int) -> None:
    """Notify the buyer that an invoice is assigned, and to which account it is now paid."""
    with walls.asking_for(organisation_id):
        mails.assignment_notice(grant_ref=grant_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_assignment_revoked(*, assignment_ref: str, organisation_id: int) -> None:
    """Tell the buyer that an invoice is not assigned any more and is paid to the seller."""
    with walls.asking_for(organisation_id):
        mails.assignment_revoked(assignment_ref=assignment_ref)


@app.task(queue="mail", retry=CODE_AGAIN)
def send_proof_code(*, code_ref: str, organisation_id: int, user_id: int | None, contract_id: int | None) -> None:
    """Send the code by which somebody shows once more who it is."""
    with walls.asking_for(organisation_id, user=user_id, contract=contract_id):
        mails.proof_code(code_ref=code_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_funding_requested(*, request_ref: str, organisation_id: int) -> None:
    """Tell the financier's analysts and underwriters that a seller asks for funding."""
    with walls.asking_for(organisation_id):
        mails.funding_requested(request_ref=request_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_offer_waiting(*, offer_ref: str, organisation_id: int) -> None:
    """Ask the financier's other underwriters to check an offer."""
    with walls.asking_for(organisation_id):
        mails.offer_waiting(offer_ref=offer_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_offer_answered(*, offer_ref: str, organisation_id: int) -> None:
    """Tell the financier that the seller accepted or declined."""
    with walls.asking_for(organisation_id):
        mails.offer_answered(offer_ref=offer_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_notice_acknowledged(*, assignment_ref: str, organisation_id: int) -> None:
    """Tell the financier's treasury that the buyer acknowledged the assignment."""
    with walls.asking_for(organisation_id):
        mails.notice_acknowledged(assignment_ref=assignment_ref)


@app.task(queue="mail", retry=MAIL_AGAIN)
def send_milestone_sent_back(*, tranche_ref: str, submission_ref: str, organisation_id: int) -> None:
    """Tell the financier that the buyer asked for changes of what it advances on."""
    with walls.asking_for(organisation_id):
        mails.milestone_sent_back(tranche_ref=tranche_ref, submission_ref=submission_ref)
