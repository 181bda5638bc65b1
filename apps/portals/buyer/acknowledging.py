"""Read a notice of assignment and confirm it: one flow for members and for guests.

The page with the notice is the review; its button confirms exactly the text that stands there.
"""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.core import clock
from apps.core.errors import Refused, Stale
from apps.financing.models import Assignment, AssignmentProof
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import papers
from apps.portals.access import PortalRequest
from apps.portals.buyer import payees
from apps.portals.buyer.forms import AcknowledgeForm
from apps.portals.buyer.pages import Crumbs, page, tell, why_not
from apps.portals.buyer.ways import Way
from apps.portals.forms import ActionForm, add_refusal, explain, show_anew
from apps.workflows import funding


def notices_to(actor: Actor) -> QuerySet[Assignment, Assignment]:
    """The notices to the actor's organisation as the buyer, with all that is read of them."""
    return (
        Assignment.objects.visible_to(actor)
        .filter(contract__buyer_id=actor.organisation_id)
        .select_related(
            "milestone__invoice__open_item",
            "milestone__line__version",
            "contract__buyer",
            "contract__seller",
            "acknowledged_by",
            "acknowledged_by_grant",
        )
    )


def acknowledge_assignment(request: PortalRequest, assignment: Assignment, *, way: Way, crumbs: Crumbs) -> HttpResponse:
    """The notice with the account to pay into, and the button; once confirmed, the notice alone."""
    form = AcknowledgeForm(initial={"seen": assignment.notice_sha256})
    if request.method == "POST":
        form = AcknowledgeForm(request.POST)
        if form.is_valid():
            try:
                funding.acknowledge_assignment(
                    actor=request.actor,
                    key=form.cleaned_data["key"],
                    assignment_ref=assignment.ref,
                    seen=form.cleaned_data["seen"],
                )
            except Refused as refused:
                if isinstance(refused, Stale):
                    show_anew(form, seen=assignment.notice_sha256)
                add_refusal(form, refused)
                assignment = notices_to(request.actor).get(pk=assignment.pk)
            else:
                tell(request, _confirmed(assignment))
                return redirect(way.receivable(assignment))
    return page(
        request,
        "acknowledge_assignment",
        {
            "assignment": assignment,
            "invoice": assignment.invoice,
            "owed": payees.owed(assignment),
            "pay_to": payees.of_assignment(request.actor, assignment),
            "receivable_url": way.receivable(assignment) if crumbs else "",
            "why_not": why_not(request.actor, Action.ACKNOWLEDGE_ASSIGNMENT),
            "proof": proof_of(request.actor, assignment),
            "proof_url": way.assignment_proof(assignment),
            "ask_url": way.ask_assignment_proof(assignment),
            "here": request.path,
            "action": ActionForm(auto_id="prove_%s"),
            "crumbs": crumbs,
        },
        zone=assignment.contract.buyer.time_zone,
        form=form,
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """The proof that the buyer asked for, as the page shows it."""

    file: AssignmentProof
    is_given_up: bool


def proof_of(actor: Actor, assignment: Assignment) -> Asked | None:
    """What was asked for; None before."""
    proof = AssignmentProof.objects.visible_to(actor).filter(assignment=assignment).first()
    return Asked(proof, proof.is_given_up(now=clock.now())) if proof is not None else None


def ask_proof(request: PortalRequest, assignment: Assignment) -> None:
    """Ask for the proof, or again after it failed, and say so."""
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            funding.ask_assignment_proof(
                actor=request.actor, key=form.cleaned_data["key"], assignment_ref=assignment.ref
            )
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            tell(request, _("The proof is being made. It stands on this page in a moment."))


def proof_file(actor: Actor, assignment: Assignment) -> HttpResponseBase:
    """The stored bytes of the proof; 404 until they exist."""
    asked = proof_of(actor, assignment)
    name = "-".join((_("assignment"), assignment.contract.number, assignment.ref)) + ".pdf"
    return papers.handed_over(asked.file if asked else None, name=name, content_type="application/pdf")


def _confirmed(assignment: Assignment) -> str:
    if assignment.invoice is None:
        return _("You confirmed the notice. Nothing is to be paid before you accept the milestone.")
    return _("You confirmed the notice. Pay the invoice into the account shown here.")
