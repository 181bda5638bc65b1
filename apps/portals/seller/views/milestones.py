"""One milestone: where it stands, what was agreed, every cycle with what the buyer found."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.core import clock
from apps.invoicing.models import Invoice
from apps.milestones import services as milestones
from apps.milestones.models import Milestone, Submission
from apps.milestones.services import PartBefore
from apps.parties.roles import Action
from apps.portals import conversing, history, missing_people, papers, returned, silence
from apps.portals.access import PortalRequest, portal
from apps.portals.applying.standing import billed_by, is_withheld_whole, stands_in
from apps.portals.charging.shown import charged_of
from apps.portals.correcting.shown import nullifying_of
from apps.portals.correcting.side import SELLER
from apps.portals.disputing import shown as disputes
from apps.portals.parts import Step
from apps.portals.reserving import shown as reservations
from apps.portals.seller.cycles import Cycle, cycles_of
from apps.portals.seller.pages import contract_crumbs, page, today_of, why_not
from apps.portals.shown import goes_on_as, invoice_state, milestone_state
from apps.portals.waiting import waits_for


def seller_milestone(request: PortalRequest, ref: str) -> Milestone:
    """The milestone of one of the seller's contracts, with what its pages show; 404 for everybody else's."""
    rows = Milestone.objects.visible_to(request.actor).filter(contract__seller_id=request.actor.organisation_id)
    return get_object_or_404(
        rows.select_related("contract__buyer", "contract__seller", "contract__active_version", "line__version"), ref=ref
    )


@require_safe
@portal("seller")
def milestone(request: PortalRequest, ref: str) -> HttpResponse:
    """Scope, criteria, cycles, evidence, and what happens next."""
    found = seller_milestone(request, ref)
    actor = request.actor
    criteria = list(found.line.criteria.all())
    cycles = cycles_of(actor, found, criteria)
    invoice = Invoice.objects.of_seller(actor).filter(milestone=found).select_related("open_item").first()
    standing = stands_in(found)
    billing = invoice or billed_by(found, standing)
    waiting = _waiting(cycles)
    draft = next((cycle.submission for cycle in cycles if cycle.submission.state == "draft"), None)
    before = part_before(found, cycles)
    rest = goes_on_as(found)
    subjects = [f"submission:{cycle.submission.ref}" for cycle in cycles] + [f"milestone:{found.ref}"]
    return page(
        request,
        "milestone",
        {
            "milestone": found,
            "state": milestone_state(found, goes_on=rest is not None),
            "rest": rest,
            "rest_url": reverse("seller:milestone", args=[rest.ref]) if rest is not None else "",
            "contract": found.contract,
            "version": found.contract.active_version,
            "criteria": criteria,
            "cycles": [cycle for cycle in cycles if cycle.submission.state != "draft"],
            "draft": draft,
            "part_before": before,
            "part_before_url": reverse("seller:milestone", args=[before.milestone.ref]) if before is not None else "",
            "waiting": waiting,
            "invoice": invoice,
            "invoice_state": invoice_state(invoice.open_item, today=today_of(request)) if invoice else "",
            **papers.certificate_piece(actor, found),
            "steps": _steps(found, cycles, billing),
            "next": _first(found) or _what_next(found, cycles, draft, billing, before),
            "missing_people": missing_people.of_milestone(found, side="seller"),
            "came_back": returned.of_submission(actor, waiting),
            "refusal": why_not(actor, Action.SUBMIT_MILESTONE),
            "events": history.of_subjects(actor, found.contract, subjects),
            "disputes": disputes.of_milestone(actor, found, side=SELLER),
            "reservations": reservations.of_milestone(actor, found, side=SELLER),
            "stands_in": standing,
            "nullifying": nullifying_of(actor, found, side=SELLER),
            "charged": charged_of(actor, found, side=SELLER),
            "conversation": conversing.of_milestone(
                actor,
                found,
                may_write=actor.may(Action.SUBMIT_MILESTONE),
                url=reverse("seller:comment_milestone", args=[found.ref]),
            ),
            "crumbs": milestone_crumbs(found),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def comment_milestone(request: PortalRequest, ref: str) -> HttpResponse:
    """Write to the buyer about a milestone, whatever its state."""
    found = seller_milestone(request, ref)
    crumbs = milestone_crumbs(found, (_("Write to the other side"), ""))
    return conversing.comment_milestone(
        request,
        found,
        back=reverse("seller:milestone", args=[found.ref]),
        base="seller/base.html",
        crumbs=crumbs,
    )


def milestone_crumbs(milestone: Milestone, *more: tuple[str, str]) -> list[tuple[str, str]]:
    contract = (milestone.contract.number, reverse("seller:contract", args=[milestone.contract.ref]))
    own = reverse("seller:milestone", args=[milestone.ref]) if more else ""
    return contract_crumbs(contract, (milestone.title, own), *more)


def _steps(milestone: Milestone, cycles: Sequence[Cycle], invoice: Invoice | None) -> list[Step]:
    """Agreed, submitted, signed off, invoiced, paid."""
    zone = ZoneInfo(milestone.contract.seller.time_zone)

    def on(instant: datetime | None) -> object:
        return instant.astimezone(zone).date() if instant else None

    sent = next((cycle.submission for cycle in cycles if cycle.submission.state in ("submitted", "accepted")), None)
    paid = invoice is not None and invoice.open_item.open == 0
    is_back = milestone.state == "changes_requested"
    reached = 4 if paid else 3 if invoice else 2 if milestone.accepted_at else 1 if sent else 0
    on_dates = [
        on(milestone.contract.activated_at),
        on(sent.submitted_at) if sent else None,
        on(milestone.accepted_at),
        invoice.issued_on if invoice else None,
        on(invoice.open_item.settled_at) if invoice else None,
    ]
    names = [_("Agreed"), _("Submitted"), _("Signed off"), _("Invoiced"), _("Paid")]
    return [
        Step(
            name=_("Changes requested") if is_back and at == 1 else name,
            state="stopped" if is_back and at == 1 else _step_state(at, reached),
            on=on_dates[at],  # type: ignore[arg-type]
        )
        for at, name in enumerate(names)
    ]


def _step_state(at: int, reached: int) -> str:
    if at <= reached:
        return "done"
    return "current" if at == reached + 1 else "ahead"


def _review(who: str, waiting: Submission) -> str:
    """Who answers, or that silence has, and what it does or did."""
    now, ahead = clock.now(), milestones.silence_for(waiting.pk)
    said = silence.sentence(waiting, ahead, now=now)
    if silence.has_decided(waiting, ahead, now=now):
        return said
    if waiting.suspended_at is not None:
        return _("the buyer's question is answered, or the dispute ends. Until then the review clock stands still.")
    answers = _("%(who)s signs off or requests changes.") % {"who": who}
    return f"{answers} {said}"


def _waiting(cycles: Sequence[Cycle]) -> Submission | None:
    return next((cycle.submission for cycle in cycles if cycle.submission.state == "submitted"), None)


def part_before(milestone: Milestone, cycles: Sequence[Cycle]) -> PartBefore | None:
    """What was said of the part from which it goes on, until the buyer has said something of its own cycles."""
    return None if any(cycle.decision is not None for cycle in cycles) else milestones.part_before(milestone)


def _sent_back(cycles: Sequence[Cycle], before: PartBefore | None) -> dict[str, object]:
    """What the seller does with what was sent back, and until when the buyer wants it, if that was said."""
    if before is not None and before.withdrawn is not None:
        return {"text": _("you mend why the acceptance was withdrawn, and submit this part again.")}
    if before is not None:
        return {"text": _("you finish what the buyer left when the other part was accepted, and submit the rest.")}
    newest = next((cycle.decision for cycle in cycles if cycle.decision is not None), None)
    if newest is not None and newest.rule:
        return {"text": _("you ask the buyer what is missing, and submit again. Nobody answered in time.")}
    if newest is not None and newest.wanted_by is not None:
        return {
            "text": _("you mend what was crossed, and submit again. The buyer wants it by"),
            "due": newest.wanted_by,
        }
    return {"text": _("you mend what was crossed, and submit again. What was ticked stays as it is.")}


def _first(milestone: Milestone) -> dict[str, object]:
    """What has to happen before it can be submitted; nothing where it can."""
    held = waits_for(milestone)
    return {"text": _("what this milestone waits for. %(condition)s") % {"condition": held}} if held else {}


def _payment(milestone: Milestone, invoice: Invoice) -> dict[str, object]:
    """Until when its invoice is paid, or what comes before that."""
    names = {"buyer": milestone.contract.buyer.legal_name, "number": invoice.number}
    if invoice.open_item.awaits_documents:
        text = _("the documents before payment. Invoice %(number)s is due once %(buyer)s has confirmed them.")
        return {"text": text % names}
    return {"text": _("%(buyer)s pays invoice %(number)s, due on") % names, "due": invoice.open_item.due_on}


def _what_next(
    milestone: Milestone,
    cycles: Sequence[Cycle],
    draft: Submission | None,
    invoice: Invoice | None,
    before: PartBefore | None,
) -> dict[str, object]:
    waiting = _waiting(cycles)
    version = milestone.contract.active_version
    who = version.signatory_name if version else ""
    if invoice is not None and invoice.open_item.open:
        return _payment(milestone, invoice)
    if invoice is not None:
        words = {
            "nullified": _(
                "nothing here. What was billed of it is credited, and the work goes on as a part of its own."
            ),
            "accepted": _("nothing. The milestone is accepted, invoiced and settled."),
        }
        return {"text": words[milestone.state]}
    if waiting is not None and waiting.review_due_at is not None:
        return {"text": _review(who, waiting)}
    if milestone.state in ("changes_requested", "accepted"):
        applied = _("you submit the application for payment in which it stands; the buyer certifies it.")
        if milestone.state == "accepted" and not milestone.application_lines.exists():
            applied = (
                _("you mend the defects. What is withheld stands in an application once it is released.")
                if is_withheld_whole(milestone)
                else _("nothing. Its defects are settled at a lower price, and nothing of it is applied for.")
            )
        return _sent_back(cycles, before) if milestone.state == "changes_requested" else {"text": applied}
    if draft is not None:
        return {"text": _("you complete the submission and send it to %(who)s.") % {"who": who}}
    return {
        "text": _("you deliver, show how each criterion is met, and submit. Planned on"),
        "due": milestone.planned_on,
    }
