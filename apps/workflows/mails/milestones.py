"""Mails about a milestone: the request to sign off, and the answer."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.invoicing.models import Invoice
from apps.milestones.models import Decision, Submission
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails import changes
from apps.workflows.mails.contracts import link_to, live_grant
from apps.workflows.mails.letter import Letter, absolute, fact, money, send


def sign_off_request(*, grant_ref: str) -> None:
    """Ask the buyer's person to review: what, how much, what is met, until when, and what silence does."""
    grant = live_grant(grant_ref)
    if grant is None:
        return
    submissions = Submission.objects.select_related("milestone").prefetch_related("notes__criterion", "files")
    submission = submissions.get(ref=grant.subject_ref)
    milestone = submission.milestone
    send(
        Letter(
            name="sign_off_request",
            key=grant.ref,
            sender=grant.contract.seller,
            reader=grant.organisation,
            to=[grant.email],
            button=_("Review and sign off"),
            url=link_to(grant),
            by=submission.review_due_at,
            facts=[
                fact(_("Contract"), f"{grant.contract.number} · {grant.contract.title}"),
                fact(_("Files"), len(submission.files.all())),
            ],
            context={
                "grant": grant,
                "contract": grant.contract,
                "milestone": milestone,
                "submission": submission,
                "notes": sorted(submission.notes.all(), key=lambda note: note.criterion.position),
                "is_again": submission.number > 1,
                "crossed": changes.crossed_before(submission) if submission.number > 1 else [],
                "met": sum(note.is_met for note in submission.notes.all()),
            },
        )
    )


def acceptance(*, submission_ref: str) -> None:
    """Tell the seller that the milestone is accepted, by whom, and which invoice that issued."""
    decision = _decision(submission_ref)
    milestone = decision.submission.milestone
    contract = decision.contract
    invoice = Invoice.objects.get(milestone=milestone)
    send(
        Letter(
            name="acceptance",
            key=submission_ref,
            sender=contract.buyer,
            reader=contract.seller,
            to=_sellers_people(decision),
            button=_("Open the invoice"),
            url=absolute(reverse("seller:invoice", args=[invoice.ref])),
            facts=[
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                fact(_("Signed off by"), decision.name),
                fact(_("Invoice"), invoice.number),
                money(_("Total with tax"), invoice.gross, invoice.currency),
                fact(_("Due"), on=invoice.due_on),
            ],
            context={"decision": decision, "milestone": milestone, "invoice": invoice},
        )
    )


def change_request(*, submission_ref: str) -> None:
    """Tell the seller, criterion by criterion, what the buyer found missing."""
    decision = _decision(submission_ref)
    milestone = decision.submission.milestone
    contract = decision.contract
    failed = decision.verdicts.filter(is_passed=False).select_related("criterion").order_by("criterion__position")
    send(
        Letter(
            name="change_request",
            key=submission_ref,
            sender=contract.buyer,
            reader=contract.seller,
            to=_sellers_people(decision),
            button=_("Open the milestone"),
            url=absolute(reverse("seller:milestone", args=[milestone.ref])),
            facts=[
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                money(_("Amount, net of tax"), milestone.amount, milestone.currency),
                fact(_("Asked by"), decision.name),
            ],
            context={"decision": decision, "milestone": milestone, "failed": list(failed)},
        )
    )


def _decision(submission_ref: str) -> Decision:
    related: tuple[Any, ...] = ("submission__milestone", "contract__seller", "contract__buyer")
    return Decision.objects.select_related(*related).get(submission__ref=submission_ref)


def _sellers_people(decision: Decision) -> list[str]:
    """Who submits, and who sees to the money: each mailbox once."""
    seller_id = decision.contract.seller_id
    submitting = parties.mailboxes(organisation_id=seller_id, action=Action.SUBMIT_MILESTONE)
    return list(
        dict.fromkeys([*submitting, *parties.mailboxes(organisation_id=seller_id, action=Action.RECORD_PAYMENT)])
    )
