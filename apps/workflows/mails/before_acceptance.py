"""Mails between a submission and its acceptance: questions, answers, inspections, the second acceptor; and comments,
which may come at any time."""

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.contracts import services as contracts
from apps.contracts.models import GuestGrant
from apps.contracts.services import mailboxes
from apps.core import clock
from apps.core.database import walls
from apps.milestones.models import FirstAcceptance, HandOver, Inspection, Milestone, MilestoneComment, Question
from apps.milestones.models.submission import SubmissionState
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails.contracts import both_sides, going_on_at, link_to
from apps.workflows.mails.letter import Letter, Text, absolute, fact, money, send
from apps.workflows.mails.milestones import facts_of, read_submission, sellers_people, to_deciders


def question(*, question_ref: str) -> None:
    """Tell the seller's people what the buyer asks, and whether the clock waits for the answer."""
    asked = Question.objects.select_related("submission").get(ref=question_ref)
    submission = read_submission(asked.submission.ref)
    contract, milestone = submission.contract, submission.milestone
    send(
        Letter(
            name="question",
            key=asked.ref,
            sender=contract.buyer,
            reader=contract.seller,
            to=sellers_people(contract),
            button=_("Read and answer"),
            url=absolute(reverse("seller:milestone", args=[milestone.ref]) + "#questions"),
            facts=facts_of(submission),
            context={"question": asked, "milestone": milestone, "submission": submission},
        )
    )


def answer(*, question_ref: str) -> None:
    """Tell the buyer's deciders what the seller answers, and until when they may decide now."""
    asked = Question.objects.select_related("submission").get(ref=question_ref)
    to_deciders(
        read_submission(asked.submission.ref),
        name="answer",
        key=asked.ref,
        facts=facts_of(read_submission(asked.submission.ref)),
        more={"question": asked},
    )


def inspection_wanted(*, submission_ref: str) -> None:
    """Ask whoever of the buyer inspects; nothing for a submission that was decided or taken back meanwhile."""
    submission = read_submission(submission_ref)
    if submission.state != SubmissionState.SUBMITTED:
        return
    contract, milestone = submission.contract, submission.milestone
    send(
        Letter(
            name="inspection_wanted",
            key=submission.ref,
            sender=contract.seller,
            reader=contract.buyer,
            to=parties.mailboxes(organisation_id=contract.buyer_id, action=Action.INSPECT_MILESTONE),
            button=_("Inspect"),
            url=absolute(reverse("buyer:inspect_milestone", args=[submission.ref])),
            facts=facts_of(submission),
            context={"milestone": milestone, "submission": submission, "contract": contract},
        )
    )


def inspection(*, inspection_ref: str, organisation_id: int) -> None:
    """Tell what an inspection found: the buyer's deciders always, the seller's people when a defect was named."""
    made = Inspection.objects.select_related("submission").get(ref=inspection_ref)
    submission = read_submission(made.submission.ref)
    contract, milestone = submission.contract, submission.milestone
    crossed = made.verdicts.filter(is_passed=False).select_related("criterion").order_by("criterion__position")
    more = {"inspection": made, "failed": list(crossed)}
    facts = [*facts_of(submission), fact(_("Inspected by"), made.name)]
    if organisation_id == contract.buyer_id:
        to_deciders(submission, name="inspection", key=made.ref, facts=facts, more=more)
        return
    send(
        Letter(
            name="inspection",
            key=f"{made.ref}.seller",
            sender=contract.buyer,
            reader=contract.seller,
            to=sellers_people(contract),
            button=_("Open the milestone"),
            url=absolute(reverse("seller:milestone", args=[milestone.ref])),
            facts=facts,
            context={"milestone": milestone, "submission": submission, "contract": contract, **more},
        )
    )


def second_wanted(*, submission_ref: str) -> None:
    """Ask whoever of the buyer's members may decide, but the first acceptor, to accept as well."""
    first = FirstAcceptance.objects.get(submission__ref=submission_ref)
    submission = read_submission(submission_ref)
    contract, milestone = submission.contract, submission.milestone
    members = parties.mailboxes(organisation_id=contract.buyer_id, action=Action.DECIDE_MILESTONE)
    send(
        Letter(
            name="second_wanted",
            key=first.ref,
            sender=contract.buyer,
            reader=contract.buyer,
            to=[mailbox for mailbox in members if mailbox.lower() != first.email.lower()],
            button=_("Review and sign off"),
            url=absolute(reverse("buyer:milestone", args=[milestone.ref])),
            by=submission.review_due_at,
            facts=[
                *facts_of(submission),
                money(_("Accepted so far"), first.amount, milestone.currency),
                *(fact(_("Listed as a defect"), one.title) for one in first.listed),
            ],
            context={"first": first, "milestone": milestone, "submission": submission, "contract": contract},
        )
    )


def passed_on(*, hand_over_ref: str) -> None:
    """Tell the colleague: a member with the way to the page, a guest with the link that is its own; nothing for a
    submission that was decided, or taken back, meanwhile."""
    handed = _handed(hand_over_ref)
    link = handed.to_grant
    if handed.submission.state != SubmissionState.SUBMITTED or (link is not None and link.revoked_at is not None):
        return
    page = absolute(reverse("buyer:milestone", args=[handed.submission.milestone.ref]))
    mailbox = handed.to_user.email if handed.to_user is not None else ""
    _of_hand_over(
        handed,
        name="passed_on",
        to=link.email if link is not None else mailbox,
        button=_("Review and sign off"),
        url=link_to(link) if link is not None else page,
    )


def told_of_passing(*, hand_over_ref: str) -> None:
    """Tell the signatory that a colleague got a link by its own, and how to take that back: it may be somebody else
    who had the link in hand."""
    handed = _handed(hand_over_ref)
    if handed.grant is None or handed.to_grant is None:
        raise LookupError("Who passes on as a member knows it.")
    own = GuestGrant.objects.filter(subject_ref=handed.submission.ref, email=handed.grant.email).order_by("-id")[0]
    _of_hand_over(handed, name="told_of_passing", to=own.email, button=_("Open the milestone"), url=link_to(own))


def _of_hand_over(handed: HandOver, *, name: str, to: str, button: Text, url: str) -> None:
    submission = read_submission(handed.submission.ref)
    contract, milestone = submission.contract, submission.milestone
    send(
        Letter(
            name=name,
            key=handed.ref,
            sender=contract.buyer,
            reader=contract.buyer,
            to=[to],
            button=button,
            url=url,
            by=None if submission.suspended_at else submission.review_due_at,
            facts=facts_of(submission),
            context={"handed": handed, "milestone": milestone, "submission": submission, "contract": contract},
        )
    )


def _handed(hand_over_ref: str) -> HandOver:
    related = ("submission__milestone", "to_user", "grant", "to_grant")
    return HandOver.objects.select_related(*related).get(ref=hand_over_ref)


def milestone_comment(*, comment_ref: str, organisation_id: int) -> None:
    """Pass on a comment on a milestone: to the seller's people, or to the buyer's who may answer, and on both sides to
    whoever wrote about the milestone before; not to its author.

    The signatory of a buyer without people of its own reads the words in the mail, and answers by the link to the
    newest submission, if one still shows it.
    """
    related = ("milestone__contract__seller", "milestone__contract__buyer", "milestone__contract__active_version")
    comment = MilestoneComment.objects.select_related(*related).get(ref=comment_ref)
    milestone = comment.milestone
    contract = milestone.contract
    sender, _other = both_sides(contract, first=comment.side)
    side = "seller" if organisation_id == contract.seller_id else "buyer"
    reader, _other = both_sides(contract, first=side)
    readers = _took_part(comment) if side == comment.side else _readers(milestone, side=side)
    told = {mailbox.lower() for _number, to, _url in readers for mailbox in to} | {comment.email.lower()}
    if side == "buyer":
        readers += _colleagues(milestone, told=told)
    for number, to, url in readers:
        send(
            Letter(
                name="milestone_comment",
                key=f"{comment.ref}{number}",
                sender=sender,
                reader=reader,
                to=to,
                button=_("Read and answer"),
                url=url,
                facts=[
                    fact(_("Contract"), f"{contract.number} · {contract.title}"),
                    money(_("Amount, net of tax"), milestone.amount, milestone.currency),
                ],
                context={"contract": contract, "milestone": milestone, "comment": comment, "can_answer": bool(url)},
            )
        )


Readers = list[tuple[str, list[str], str]]
"""What tells the letters apart, to whom each goes, and where they read it."""


def _readers(milestone: Milestone, *, side: str) -> Readers:
    """Who answers for a side."""
    contract, page = milestone.contract, _conversation(milestone, side=side)
    if side == "seller":
        return [("", parties.mailboxes(organisation_id=contract.seller_id, action=Action.SUBMIT_MILESTONE), page)]
    members = parties.mailboxes(organisation_id=contract.buyer_id, action=Action.ASK_SELLER)
    version = contract.active_version
    if version is None or not contracts.decides_by_link(contract):
        return [("", members, page)]
    signatory = version.signatory_email
    sent = milestone.submissions.exclude(state="draft").order_by("-number").values_list("ref", flat=True).first()
    link = going_on_at(contract, GuestGrant.Purpose.SIGN_OFF, sent) if sent is not None else ""
    others = [mailbox for mailbox in members if mailbox != signatory]
    return [("", others, page), (".link", [signatory], f"{link}#conversation" if link else "")]


def _took_part(comment: MilestoneComment) -> Readers:
    """Of the author's own side: its people who wrote about the milestone before, and still may."""
    milestone, side = comment.milestone, comment.side
    organisation, action = (
        (milestone.contract.seller_id, Action.SUBMIT_MILESTONE)
        if side == "seller"
        else (milestone.contract.buyer_id, Action.ASK_SELLER)
    )
    wrote = _wrote(milestone, side=side) - {comment.email.lower()}
    mailboxes = parties.mailboxes(organisation_id=organisation, action=action)
    still = [mailbox for mailbox in mailboxes if mailbox.lower() in wrote]
    return [(".own", still, _conversation(milestone, side=side))]


def _colleagues(milestone: Milestone, *, told: set[str]) -> Readers:
    """Guests of the buyer who wrote about the milestone by a link of their own that still shows it, each with that:
    the signatory, and colleagues to whom the decision was passed on. Nobody who went over to the seller."""
    contract, wrote = milestone.contract, _wrote(milestone, side="buyer") - told
    version = contract.active_version
    if not wrote or version is None or not contracts.decides_by_link(contract):
        return []
    signatory = version.signatory_email
    links = contract.grants.filter(
        Q(revoked_at=None) | Q(used_at__isnull=False),
        Q(passed_from=None, email=signatory) | Q(passed_from__email=signatory),
        purpose=GuestGrant.Purpose.SIGN_OFF,
        subject_ref__in=milestone.submissions.values("ref"),
        expires_at__gt=clock.now(),
    )
    newest = {grant.email.lower(): grant for grant in links.order_by("pk")}
    # Until the job leaves its walls: who belongs to the seller is for nobody of the buyer to read.
    walls.enter(contract.buyer_id, contract.seller_id)
    sellers = mailboxes.house_mailboxes(contract.seller)
    return [
        (f".{grant.ref}", [grant.email], f"{link_to(grant)}#conversation")
        for mailbox, grant in newest.items()
        if mailbox in wrote and mailbox not in sellers
    ]


def _wrote(milestone: Milestone, *, side: str) -> set[str]:
    written = MilestoneComment.objects.filter(milestone=milestone, side=side)
    return {mailbox.lower() for mailbox in written.values_list("email", flat=True)}


def _conversation(milestone: Milestone, *, side: str) -> str:
    return absolute(reverse(f"{side}:milestone", args=[milestone.ref]) + "#conversation")
