"""Mails about a milestone: the request to sign off, and the answer."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core.money import total
from apps.invoicing.models import Invoice
from apps.milestones import services as milestones
from apps.milestones.models import Decision, Submission, Verdict
from apps.milestones.models.submission import SubmissionState
from apps.parties import services as parties
from apps.parties import tokens
from apps.parties.roles import Action
from apps.workflows.mails import changes
from apps.workflows.mails.collected import collected
from apps.workflows.mails.contracts import link_to, live_grant
from apps.workflows.mails.letter import About, Letter, Sent, absolute, fact, money, send


def sign_off_request(*, grant_ref: str, at: datetime) -> Sent | None:
    """Ask the buyer's person to review: what, how much, what is met, until when, and what silence does.

    ``at`` is the instant of sending, from which the deadline counts unless it was told before. The answer is the
    notice that the mail server took; None when there was nothing to send.
    """
    grant = live_grant(grant_ref)
    if grant is None:
        return None
    submissions = Submission.objects.select_related("milestone__line__version").prefetch_related(
        "notes__criterion", "files"
    )
    submission = submissions.get(ref=grant.subject_ref)
    milestone = submission.milestone
    due_at = milestones.deadline_if_notified(submission, at=at)
    return send(
        Letter(
            name="sign_off_request",
            key=grant.ref,
            sender=grant.contract.seller,
            reader=grant.organisation,
            to=[grant.email],
            button=_("Review and sign off"),
            url=link_to(grant),
            by=due_at,
            facts=[
                fact(_("Contract"), f"{grant.contract.number} · {grant.contract.title}"),
                *([fact(_("Files"), files)] if (files := len(submission.files.all())) else []),
            ],
            context={
                "grant": grant,
                "ahead": milestones.silence_for(submission.pk),
                "milestone": milestone,
                "submission": submission,
                "review": contracts.review_terms(milestone.line.version, own=milestone.line.own),
                "due_at": due_at,
                "notes": sorted(submission.notes.all(), key=lambda note: note.criterion.position),
                "is_again": submission.number > 1,
                **changes.said_before(submission),
                "met": sum(note.is_met for note in submission.notes.all()),
            },
            about=About(f"submission:{submission.ref}", grant.contract),
        )
    )


def acceptance(*, submission_ref: str) -> None:
    """Tell the seller that the milestone is accepted, by whom, and which invoice that issued."""
    decision = _decision(submission_ref)
    milestone = decision.submission.milestone
    contract = decision.contract
    invoice = Invoice.objects.filter(milestone=milestone).first()
    if invoice is None:
        return collected(decision, to=sellers_people(contract), crossed=list(_crossed(decision)))
    send(
        Letter(
            name="acceptance",
            key=submission_ref,
            sender=contract.buyer,
            reader=contract.seller,
            to=sellers_people(contract),
            button=_("Open the invoice"),
            url=absolute(reverse("seller:invoice", args=[invoice.ref])),
            facts=[
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                *([] if decision.rule else [fact(_("Signed off by"), decision.name)]),
                fact(_("Invoice"), invoice.number),
                money(_("Total with tax"), invoice.gross, invoice.currency),
                *_withheld(decision, invoice),
                fact(_("Due"), on=invoice.open_item.due_on),
            ],
            context={
                "decision": decision,
                "milestone": milestone,
                "invoice": invoice,
                "reservations": list(decision.reservations.all()),
                "is_part": decision.outcome == Decision.Outcome.PARTLY_ACCEPTED,
                "crossed": list(_crossed(decision)),
            },
        )
    )


def _withheld(decision: Decision, invoice: Invoice) -> list[dict[str, Any]]:
    """What is not due before the defects are settled that the buyer named, where something is."""
    withheld = total(one.gross for one in invoice.withholdings.all())
    return [money(_("Withheld until defects are mended"), withheld, invoice.currency)] if withheld else []


def review_reminder(*, submission_ref: str, kind: str) -> None:
    """Remind everybody of the buyer who may decide: how long is left, and what silence will mean.

    The signatory gets the personal link, members the way to their page. Nothing once it is decided.
    """
    submission = read_submission(submission_ref)
    if submission.state != SubmissionState.SUBMITTED or submission.suspended_at is not None:
        return
    # Of each deadline once: an answer moves it, and so does the next proof where a notice came back.
    to_deciders(
        submission,
        name="review_reminder",
        key=f"{submission_ref}.{kind}.{submission.review_due_at:%Y%m%d}",
        facts=facts_of(submission),
        more={"kind": kind, "ahead": milestones.silence_for(submission.pk)},
    )


def review_lapsed(*, submission_ref: str) -> None:
    """Tell the buyer's deciders what their silence meant, and which invoice that issued."""
    submission = read_submission(submission_ref)
    invoice, silence = (
        Invoice.objects.filter(milestone=submission.milestone).first(),
        milestones.agreed_silence(submission),
    )
    of_invoice = (
        [money(_("Total with tax"), invoice.gross, invoice.currency), fact(_("Due"), on=invoice.open_item.due_on)]
        if invoice
        else []
    )
    to_deciders(
        submission,
        name="review_lapsed",
        key=submission_ref,
        facts=[*facts_of(submission), *of_invoice],
        more={"silence": silence, "invoice": invoice, "is_collected": submission.milestone.application_lines.exists()},
    )


def review_passed(*, submission_ref: str) -> None:
    """Tell the seller that the review ended without an answer: nothing is decided, and it is time to ask."""
    submission = read_submission(submission_ref)
    if submission.state != SubmissionState.SUBMITTED:
        return
    contract, milestone = submission.contract, submission.milestone
    send(
        Letter(
            name="review_passed",
            key=submission_ref,
            sender=contract.buyer,
            reader=contract.seller,
            to=sellers_people(contract),
            button=_("Open the milestone"),
            url=absolute(reverse("seller:milestone", args=[milestone.ref])),
            facts=facts_of(submission),
            context={
                "milestone": milestone,
                "submission": submission,
                "version": milestone.line.version,
                "ahead": milestones.silence_for(submission.pk),
            },
        )
    )


def change_request(*, submission_ref: str) -> None:
    """Tell the seller, criterion by criterion, what the buyer found missing."""
    decision = _decision(submission_ref)
    milestone, contract = decision.submission.milestone, decision.contract
    send(
        Letter(
            name="change_request",
            key=submission_ref,
            sender=contract.buyer,
            reader=contract.seller,
            to=sellers_people(contract),
            button=_("Open the milestone"),
            url=absolute(reverse("seller:milestone", args=[milestone.ref])),
            facts=[
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                money(_("Amount, net of tax"), milestone.amount, milestone.currency),
                *([] if decision.rule else [fact(_("Asked by"), decision.name)]),
                *([fact(_("Wanted again by"), on=decision.wanted_by)] if decision.wanted_by else []),
            ],
            context={"decision": decision, "milestone": milestone, "failed": list(_crossed(decision))},
        )
    )


def _crossed(decision: Decision) -> "QuerySet[Verdict]":
    """What was not met, in the order of the criteria."""
    return decision.verdicts.filter(is_passed=False).select_related("criterion").order_by("criterion__position")


def read_submission(submission_ref: str) -> Submission:
    """A submission with what letters name."""
    related: tuple[Any, ...] = ("milestone__line__version", "contract__seller", "contract__buyer")
    return Submission.objects.select_related(*related).get(ref=submission_ref)


def facts_of(submission: Submission) -> list[dict[str, Any]]:
    """Contract and amount."""
    contract, milestone = submission.contract, submission.milestone
    return [
        fact(_("Contract"), f"{contract.number} · {contract.title}"),
        money(_("Amount, net of tax"), milestone.amount, milestone.currency),
    ]


def to_deciders(
    submission: Submission, *, name: str, key: str, facts: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    """One letter to the signatory, and to a colleague to whom the decision was passed on, each with the personal link;
    one to each member who may decide, with the way in."""
    contract, milestone = submission.contract, submission.milestone
    links = GuestGrant.objects.filter(subject_ref=submission.ref, revoked_at__isnull=True)
    grants = {grant.email: grant for grant in links.order_by("id")}
    members = parties.mailboxes(organisation_id=contract.buyer_id, action=Action.DECIDE_MILESTONE)
    letters = [
        (f"{key}.{tokens.digest_of(mailbox)[:16]}", mailbox, _way_in(submission, mailbox))
        for mailbox in members
        if mailbox not in grants
    ]
    letters += [(f"{key}.{grant.ref}", grant.email, link_to(grant)) for grant in grants.values()]
    for number, to, url in letters:
        send(
            Letter(
                name=name,
                key=number,
                sender=contract.seller,
                reader=contract.buyer,
                to=[to],
                button=_("Open the milestone"),
                url=url,
                by=submission.review_due_at,
                facts=facts,
                context={
                    "contract": contract,
                    "milestone": milestone,
                    "submission": submission,
                    "version": milestone.line.version,
                    **more,
                },
            )
        )


def _way_in(submission: Submission, mailbox: str) -> str:
    """A member reads the milestone. Whose session is over signs in first, with the mailbox filled in, and comes to
    where it is signed off: so the way from the mail to done takes no more than six actions."""
    ways = {
        "email": mailbox,
        "next": reverse("buyer:accept_milestone", args=[submission.ref]),
        "read": reverse("buyer:milestone", args=[submission.milestone.ref]),
    }
    return absolute(f"{reverse('account_login')}?{urlencode(ways)}")


def _decision(submission_ref: str) -> Decision:
    related: tuple[Any, ...] = ("submission__milestone", "contract__seller", "contract__buyer")
    return Decision.objects.select_related(*related).get(submission__ref=submission_ref)


def sellers_people(contract: Contract) -> list[str]:
    """Who submits, and who sees to the money: each mailbox once."""
    seller_id = contract.seller_id
    submitting = parties.mailboxes(organisation_id=seller_id, action=Action.SUBMIT_MILESTONE)
    return list(
        dict.fromkeys([*submitting, *parties.mailboxes(organisation_id=seller_id, action=Action.RECORD_PAYMENT)])
    )
