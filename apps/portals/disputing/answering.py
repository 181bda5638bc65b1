"""The page of a dispute: what is in dispute, what both sides say, and how it ends."""

from collections.abc import Callable
from datetime import date

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from apps.core.errors import ProofNeeded, Refused
from apps.invoicing.models import CreditNote
from apps.invoicing.services.disputes import is_about_release
from apps.milestones import services as milestones
from apps.milestones.models import Dispute, DisputeFile
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action
from apps.portals import history, interrupted, proving
from apps.portals.access import PortalRequest
from apps.portals.correcting.side import Side
from apps.portals.disputing.forms import FileForm, OutcomeForm, PositionForm, ReleaseOutcomeForm
from apps.portals.disputing.shown import about_of, disputes_of
from apps.portals.forms import ActionForm, add_refusal
from apps.workflows import disputing

Crumbs = list[tuple[str, str]]
FORMS: dict[str, type[ActionForm]] = {
    "answer": PositionForm,
    "attach": FileForm,
    "propose": OutcomeForm,
    "agree": ActionForm,
    "withdraw": ActionForm,
}


def dispute_of(request: PortalRequest, ref: str, *, side: Side) -> Dispute:
    """One of this side's disputes; else 404."""
    return get_object_or_404(disputes_of(request.actor, side=side), ref=ref)


def dispute(
    request: PortalRequest, ref: str, *, side: Side, crumbs: Crumbs, billed_crumbs: Crumbs | None = None
) -> HttpResponse:
    """Read both sides; answer, show a file, propose an outcome, agree to one, withdraw.

    ``billed_crumbs`` lead to one about an invoice or a statement, which stand in another list than contracts do.
    """
    found = dispute_of(request, ref, side=side)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    is_release = is_about_release(found)
    kinds = FORMS | ({"propose": ReleaseOutcomeForm} if is_release else {})
    forms = {name: kind(auto_id=f"{name}_%s") for name, kind in kinds.items()}
    for name, form in forms.items():
        interrupted.give_back(request, form, do=name)
    bound = None
    if do in FORMS:
        bound = forms[do] = kinds[do](request.POST, request.FILES, auto_id=f"{do}_%s")
        if bound.is_valid():
            try:
                done = _done(request, found, do, bound)
            except ProofNeeded as needed:
                interrupted.ask(request, request.user, bound, needed)
            except Refused as refused:
                add_refusal(bound, refused)
            else:
                messages.success(request, done)
                return redirect(side.url("dispute", found.ref))
    about, url = about_of(found, side=side)
    billed = getattr(found, "billed", None)
    house = found.contract.seller if side.name == "seller" else found.contract.buyer
    may_settle = found.is_live and _is_settler(request)
    asks = may_settle and milestones.needs_proof_to_settle(found, organisation=house)
    is_fresh = proving.is_fresh(request.actor.origin.proof)
    proposal = found.proposals.order_by("number").last() if found.state == "proposed" else None
    context = {
        "dispute": found,
        "about": about,
        "about_url": url,
        "is_release": is_release,
        "kept_until": _kept_until(found) if is_release else None,
        "is_own": found.raised_by == side.name,
        "is_my_turn": found.awaits == side.name,
        "positions": list(found.positions.all()),
        "files": [(one, side.url("dispute_file", one.ref)) for one in found.files.all()],
        "proposal": proposal,
        "is_my_proposal": proposal is not None and proposal.side == side.name,
        "credit_note": _credit_note(found),
        "forms": forms,
        "may_answer": found.is_live and request.actor.may(Action.RAISE_DISPUTE),
        "may_settle": may_settle,
        "proof_url": proving.way(request, request.actor) if asks and not is_fresh else "",
        "goes_on_elsewhere": found.is_live and request.actor.kind is ActorKind.GUEST and not request.actor.roles,
        "events": history.of_subjects(request.actor, found.contract, [f"dispute:{found.ref}"]),
        "crumbs": [*(crumbs if billed is None else billed_crumbs or []), (about, url), (_("Dispute"), "")],
    }
    return side.dispute_page(request, "dispute", context, form=bound)


def file_of(request: PortalRequest, ref: str, *, side: Side) -> DisputeFile:
    """A file that was shown in one of this side's disputes; else 404."""
    return get_object_or_404(files_of(request.actor, side=side), ref=ref)


def files_of(actor: Actor, *, side: Side) -> "QuerySet[DisputeFile, DisputeFile]":
    """What was shown in disputes of contracts in which the actor's organisation is on this side."""
    return DisputeFile.objects.visible_to(actor).filter(**{f"contract__{side.name}_id": actor.organisation_id})


def _done(request: PortalRequest, found: Dispute, do: str, form: ActionForm) -> str:
    """Do what the button says; the answer is what was done."""
    actor, key, cleaned = request.actor, form.cleaned_data["key"], form.cleaned_data

    def answer() -> str:
        disputing.answer_dispute(actor=actor, key=key, dispute_ref=found.ref, text=cleaned["text"])
        return _("Your position is on its way to the other side.")

    def attach() -> str:
        disputing.attach_to_dispute(actor=actor, dispute_ref=found.ref, upload=cleaned["file"])
        return _("The file is attached.")

    def propose() -> str:
        disputing.propose_outcome(
            actor=actor,
            key=key,
            dispute_ref=found.ref,
            outcome=cleaned["outcome"],
            amount=cleaned["amount"],
            note=cleaned["note"],
            kept_until=cleaned.get("kept_until"),
        )
        return _("Proposed. Nothing is settled until the other side agrees.")

    def agree() -> str:
        # Postgres holds no NUL in a text; what is left of such a reference is nobody's.
        proposal_ref = request.POST.get("proposal", "").replace("\0", "")
        done = disputing.agree_outcome(actor=actor, key=key, proposal_ref=proposal_ref)
        if "number" in done:
            return _("The dispute is settled. Credit note %(number)s is issued.") % {"number": done["number"]}
        return _("The dispute is settled.")

    def withdraw() -> str:
        disputing.withdraw_dispute(actor=actor, key=key, dispute_ref=found.ref)
        return _("The dispute is withdrawn.")

    verbs: dict[str, Callable[[], str]] = {
        "answer": answer,
        "attach": attach,
        "propose": propose,
        "agree": agree,
        "withdraw": withdraw,
    }
    return verbs[do]()


def _credit_note(found: Dispute) -> CreditNote | None:
    """What was upheld of an invoice, or of what was withheld for a defect, was credited by it."""
    kept = getattr(found, "billed", None) or getattr(found.reservation, "withholding", None)
    return kept.credit_note if kept is not None and found.upheld else None


def _kept_until(found: Dispute) -> date | None:
    """Until when what was released in error is retained again, as it was proposed last."""
    last = found.proposals.order_by("number").last()
    return last.kept_until if last is not None and last.upheld else None


def _is_settler(request: PortalRequest) -> bool:
    wanted = Action.CREDIT_INVOICE, Action.DECIDE_MILESTONE
    return any(request.actor.may(action) for action in wanted)
