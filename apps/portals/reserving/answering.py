"""The page of a reservation: what the defect is, what both sides said of it, and what may be done."""

from collections.abc import Callable

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from apps.core import clock
from apps.core.errors import ProofNeeded, Refused
from apps.invoicing.services import held_back
from apps.milestones import services as milestones
from apps.milestones.models import Reservation, ReservationFile
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import interrupted, proving
from apps.portals.access import PortalRequest
from apps.portals.correcting.side import Side
from apps.portals.forms import ActionForm, add_refusal
from apps.portals.reserving.forms import DisputeForm, MendForm, MissingForm, OfferForm, ReleaseForm
from apps.portals.reserving.shown import reservations_of
from apps.workflows import mended, reserving

Crumbs = list[tuple[str, str]]
FORMS: dict[str, type[ActionForm]] = {
    "mend": MendForm,
    "missing": MissingForm,
    "release": ReleaseForm,
    "offer": OfferForm,
    "agree": ActionForm,
    "dispute": DisputeForm,
}


def reservation(request: PortalRequest, ref: str, *, side: Side, crumbs: Crumbs) -> HttpResponse:
    """Say that it is mended; release it, or say what is missing; offer a lower price, agree to one."""
    found = get_object_or_404(reservations_of(request.actor, side=side), ref=ref)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    forms = {name: kind(auto_id=f"{name}_%s") for name, kind in FORMS.items()}
    for name, form in forms.items():
        interrupted.give_back(request, form, do=name)
    bound = None
    if do in FORMS:
        bound = forms[do] = FORMS[do](request.POST, request.FILES, auto_id=f"{do}_%s")
        if bound.is_valid():
            try:
                done = _done(request, found, do, bound)
            except ProofNeeded as needed:
                interrupted.ask(request, request.user, bound, needed)
            except Refused as refused:
                add_refusal(bound, refused)
            else:
                messages.success(request, done)
                return redirect(side.url("reservation", found.ref))
    words = list(found.words.all())
    offer = next((one for one in reversed(words) if one.kind == "offer"), None)
    is_seller, actor = side.name == "seller", request.actor
    milestone_url = side.url("milestone", found.milestone.ref)
    disputes = list(found.disputes.order_by("pk"))
    is_free = not found.is_settled and not any(one.is_live for one in disputes)
    is_late = found.answer_due_at is not None and found.answer_due_at < clock.now()
    withholding = getattr(found, "withholding", None)
    house = found.contract.seller if is_seller else found.contract.buyer
    needs_proof = is_free and milestones.needs_proof_for(found, organisation=house)
    context = {
        "reservation": found,
        "milestone_url": milestone_url,
        "words": words,
        "files": [(one, side.url("reservation_file", one.ref)) for one in found.files.all()],
        "offer": offer if is_free else None,
        "is_my_offer": offer is not None and offer.side == side.name,
        "credit_note": withholding.credit_note if withholding is not None else None,
        "forms": forms,
        "list_url": "" if side.has_crumbs else side.url("reservations", ""),
        "proof_url": proving.way(request, actor) if needs_proof and not proving.is_fresh(actor.origin.proof) else "",
        "disputes": [(one, side.url("dispute", one.ref)) for one in disputes],
        "is_late": is_late,
        "is_applied_for": held_back.is_applied_for(found),
        "may_dispute": is_seller and is_free and is_late and bool(found.amount) and actor.may(Action.RAISE_DISPUTE),
        "may_mend": is_seller and found.state == "open" and actor.may(Action.SUBMIT_MILESTONE),
        "may_release": not is_seller and is_free and actor.may(Action.DECIDE_MILESTONE),
        "may_settle": is_free
        and bool(found.amount)
        and actor.may(Action.CREDIT_INVOICE if is_seller else Action.DECIDE_MILESTONE),
        "crumbs": [*crumbs, (found.milestone.title, milestone_url), (_("Reservation"), "")],
    }
    return side.reservation_page(request, "reservation", context, form=bound)


def files_of(actor: Actor, *, side: Side) -> "QuerySet[ReservationFile, ReservationFile]":
    """What was shown of defects in contracts in which the actor's organisation is on this side."""
    return ReservationFile.objects.visible_to(actor).filter(**{f"contract__{side.name}_id": actor.organisation_id})


def file_of(request: PortalRequest, ref: str, *, side: Side) -> ReservationFile:
    """A file that was shown of one of this side's defects; else 404."""
    return get_object_or_404(files_of(request.actor, side=side), ref=ref)


def _done(request: PortalRequest, found: Reservation, do: str, form: ActionForm) -> str:
    """Do what the button says; the answer is what was done."""
    actor, key, cleaned = request.actor, form.cleaned_data["key"], form.cleaned_data

    def show() -> None:
        """Files first: what is said of them is said once they are there. Sent twice, each is there once."""
        for upload in cleaned["shown"]:
            try:
                reserving.attach_to_reservation(actor=actor, reservation_ref=found.ref, upload=upload)
            except Refused as refused:
                refused.field = "shown" if refused.field == "file" else refused.field
                raise

    def mend() -> str:
        show()
        reserving.report_mended(actor=actor, key=key, reservation_ref=found.ref, text=cleaned["text"])
        return _("The buyer is asked to look at it.")

    def missing() -> str:
        show()
        reserving.say_missing(actor=actor, key=key, reservation_ref=found.ref, text=cleaned["text"])
        return _("The seller reads what is still missing.")

    def release() -> str:
        reserving.release_reservation(actor=actor, key=key, reservation_ref=found.ref, text=cleaned["text"])
        if not found.amount:
            return _("Settled. Nothing was withheld for it.")
        if held_back.is_applied_for(found):
            return _("Released. What was withheld for it stands in the next application for payment.")
        return _("Released. What was withheld for it is payable now.")

    def offer() -> str:
        reserving.offer_reduction(
            actor=actor, key=key, reservation_ref=found.ref, amount=cleaned["amount"], text=cleaned["text"]
        )
        return _("Offered. Nothing changes until the other side agrees.")

    def agree() -> str:
        # Postgres holds no NUL in a text; what is left of such a reference is nobody's.
        offer_ref = request.POST.get("offer", "").replace("\0", "")
        done = reserving.agree_reduction(actor=actor, key=key, offer_ref=offer_ref)
        if "number" not in done:
            return _(
                "Agreed. The lower price is never applied for; the rest stands in the next application for payment."
            )
        return _("Agreed. Credit note %(number)s is issued.") % {"number": done["number"]}

    def dispute() -> str:
        mended.dispute_defect(actor=actor, key=key, reservation_ref=found.ref, reason=cleaned["text"])
        return _("It is in dispute. The buyer is asked to answer.")

    verbs: dict[str, Callable[[], str]] = {
        "mend": mend,
        "missing": missing,
        "release": release,
        "offer": offer,
        "agree": agree,
        "dispute": dispute,
    }
    return verbs[do]()
