"""A milestone with all its cycles, and the decision on the one that waits."""

from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.invoicing.models import Invoice
from apps.milestones import services as milestones
from apps.milestones.models import HandOver, Milestone
from apps.parties.roles import Action
from apps.portals import conversing, missing_people, papers
from apps.portals.access import PortalRequest, portal
from apps.portals.applying.standing import billed_by, is_withheld_whole, stands_in
from apps.portals.buyer import cycles, deciding, judging, payees
from apps.portals.buyer.criteria import decision_of
from apps.portals.buyer.cycles import SubmissionReading
from apps.portals.buyer.pages import Crumbs, contract_crumbs, page, why_not, why_not_sign_off, zone_of
from apps.portals.buyer.stories import milestone_steps, milestone_story
from apps.portals.buyer.ways import MemberWay
from apps.portals.charging.shown import charged_of
from apps.portals.correcting.shown import nullifying_of
from apps.portals.correcting.side import BUYER
from apps.portals.disputing import shown as disputes
from apps.portals.exported import exports_of
from apps.portals.reserving import accepting
from apps.portals.reserving import shown as reservations
from apps.portals.shown import goes_on_as, milestone_state
from apps.portals.waiting import waits_for

WAY = MemberWay()


def milestone_crumbs(milestone: Milestone, here: str = "") -> Crumbs:
    """The way to a milestone, and to a page below it."""
    contract = milestone.contract
    trail = [(contract.number, reverse("buyer:contract", args=[contract.ref]))]
    if not here:
        return contract_crumbs(*trail, (milestone.title, ""))
    return contract_crumbs(*trail, (milestone.title, reverse("buyer:milestone", args=[milestone.ref])), (here, ""))


@require_safe
@portal("buyer")
def milestone(request: PortalRequest, ref: str) -> HttpResponse:
    """What was agreed, the newest cycle as it stands, the cycles before it, the invoice, what happened."""
    actor = request.actor
    found = get_object_or_404(cycles.of_buyer(actor), ref=ref)
    sent = cycles.all_of(actor, found)
    reading = cycles.read(actor, sent[-1], cycles=sent, way=WAY) if sent else None
    invoice: Invoice | None = getattr(found, "invoice", None)
    pay_to = payees.of_invoice(actor, invoice) if invoice is not None else None
    standing = stands_in(found)
    rest = goes_on_as(found)
    before = milestones.part_before(found) if reading is None else reading.part_before
    return page(
        request,
        "milestone",
        {
            "milestone": found,
            "state": milestone_state(found, goes_on=rest is not None),
            "rest": rest,
            "rest_url": reverse("buyer:milestone", args=[rest.ref]) if rest is not None else "",
            "contract": found.contract,
            "reading": reading,
            "part_before": before,
            "part_before_url": reverse("buyer:milestone", args=[before.milestone.ref]) if before is not None else "",
            "earlier": [(cycle, decision_of(cycle)) for cycle in reversed(sent[:-1])],
            "invoice": invoice,
            **(_document(invoice, found) if invoice is not None else {}),
            "stands_in": standing,
            "pay_to": pay_to,
            "pay_code": payees.pay_code(pay_to, invoice) if invoice is not None else None,
            "is_printed_otherwise": invoice is not None and payees.is_printed_otherwise(pay_to, invoice),
            **papers.certificate_piece(actor, found),
            "steps": milestone_steps(found, sent, invoice=invoice or billed_by(found, standing)),
            "events": milestone_story(found, sent),
            "next": _what_next(found, reading),
            "missing_people": missing_people.of_milestone(found, side="buyer"),
            "why_not": why_not_sign_off(request, found),
            "may_decide": not why_not(actor, Action.DECIDE_MILESTONE),
            "disputes": disputes.of_milestone(request.actor, found, side=BUYER),
            "reservations": reservations.of_milestone(actor, found, side=BUYER),
            "nullifying": nullifying_of(actor, found, side=BUYER),
            "charged": charged_of(actor, found, side=BUYER),
            "conversation": conversing.of_milestone(
                actor,
                found,
                may_write=actor.may(Action.ASK_SELLER),
                url=reverse("buyer:comment_milestone", args=[found.ref]),
            ),
            "handed": HandOver.objects.visible_to(actor).filter(submission=sent[-1]).last() if sent else None,
            "crumbs": milestone_crumbs(found),
        },
        zone=zone_of(request),
    )


def _document(invoice: Invoice, milestone: Milestone) -> dict[str, object]:
    return {
        "document": getattr(invoice, "document", None),
        "pdf_url": WAY.invoice_pdf(invoice),
        "xml_url": WAY.invoice_xml(invoice),
        "exports": exports_of(invoice, url=partial(WAY.invoice_export, invoice)),
        "document_url": WAY.invoice_document(invoice),
        "reload_url": reverse("buyer:milestone", args=[milestone.ref]),
    }


def _what_next(milestone: Milestone, reading: SubmissionReading | None) -> tuple[str, date | None]:
    """What happens next, and by when, until there is an invoice."""
    held = waits_for(milestone)
    if held:
        return _("what this milestone waits for. %(condition)s") % {"condition": held}, None
    if reading is not None and reading.is_pending and reading.submission.review_due_at is not None:
        if reading.submission.suspended_at is not None:
            return _("the question is answered, or the dispute ends. Until then the review clock stands still."), None
        due = reading.submission.review_due_at.astimezone(ZoneInfo(reading.zone)).date()
        return _("you review what the seller submitted, and sign it off or request changes. Please answer by"), due
    if milestone.state == "changes_requested":
        is_crossed = reading is not None and not (reading.decision is not None and reading.decision.rule)
        again = _("the seller may submit it again.")
        return _("the seller revises what was crossed and submits again.") if is_crossed else again, None
    return _comes(milestone)


def _comes(milestone: Milestone) -> tuple[str, date | None]:
    """What the seller does; of what is accepted and has no invoice nor application, all is withheld for defects, or was
    taken off the price for them."""
    if milestone.state == "accepted" and is_withheld_whole(milestone):
        return _("the seller mends the defects. What is withheld stands in an application once it is released."), None
    if milestone.state == "accepted":
        return _("nothing. Its defects are settled at a lower price, and nothing of it is applied for."), None
    if milestone.planned_on is not None:
        return _("the seller delivers and submits it to you. Planned for"), milestone.planned_on
    return _("the seller delivers and submits it to you."), None


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def accept_milestone(request: PortalRequest, ref: str) -> HttpResponse:
    """Sign the milestone off."""
    sent = cycles.one_sent_to(request.actor, ref=ref)
    return deciding.accept_milestone(request, sent, way=WAY, crumbs=milestone_crumbs(sent.milestone, _("Sign off")))


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def accept_part(request: PortalRequest, ref: str) -> HttpResponse:
    """Sign a part of the milestone off."""
    sent = cycles.one_sent_to(request.actor, ref=ref)
    return deciding.accept_part(request, sent, way=WAY, crumbs=milestone_crumbs(sent.milestone, _("Accept a part")))


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def accept_with_reservations(request: PortalRequest, ref: str) -> HttpResponse:
    """Sign the milestone off and list the defects that are still to be mended."""
    sent = cycles.one_sent_to(request.actor, ref=ref)
    crumbs = milestone_crumbs(sent.milestone, _("Accept with reservations"))
    return accepting.accept_with_reservations(request, sent, way=WAY, crumbs=crumbs)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def request_changes(request: PortalRequest, ref: str) -> HttpResponse:
    """Say what is missing."""
    sent = cycles.one_sent_to(request.actor, ref=ref)
    return judging.request_changes(
        request, sent, way=WAY, crumbs=milestone_crumbs(sent.milestone, _("Request changes"))
    )
