"""An acceptance is withdrawn by both sides: one asks and says why, the other agrees or declines."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from apps.core.errors import ProofNeeded, Refused
from apps.core.money import Money
from apps.invoicing.services import withdrawing
from apps.milestones import rules
from apps.milestones import services as milestones
from apps.milestones.models import Milestone, Nullification
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import interrupted, proving
from apps.portals.access import PortalRequest
from apps.portals.correcting.forms import AnswerForm, NullifyForm
from apps.portals.correcting.nullifying_effects import effects_of
from apps.portals.correcting.side import Side
from apps.portals.forms import add_refusal, explain
from apps.portals.parts import Fact
from apps.workflows import crediting

Crumbs = list[tuple[str, str]]


def ask_nullification(request: PortalRequest, ref: str, *, side: Side, crumbs: Crumbs) -> HttpResponse:
    """Say which defect was found, and for how much of the acceptance it counts."""
    found = get_object_or_404(side.milestones(request.actor), ref=ref)
    here = side.url("milestone", found.ref)
    refusal = _why_not_ask(request.actor, found, side=side)
    away = _away(request, found, side=side, refusal=refusal)
    if away is not None:
        return away
    form = NullifyForm(request.POST or None)
    interrupted.give_back(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            crediting.ask_nullification(
                actor=request.actor,
                key=form.cleaned_data["key"],
                milestone_ref=found.ref,
                share=form.share,
                reason=form.cleaned_data["reason"],
            )
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, form, needed)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Asked. Nothing changes until the other side answers."))
            return redirect(here)
    return side.page(
        request,
        "ask_nullification",
        {
            "milestone": found,
            "milestone_url": here,
            "refusal": refusal,
            "effects": effects_of(found, side=side) if not refusal else [],
            "crumbs": [*crumbs, (found.title, here), (_("Withdraw the acceptance"), "")],
        },
        form=form,
    )


def answer_nullification(request: PortalRequest, ref: str, *, side: Side, crumbs: Crumbs) -> HttpResponse:
    """What the other side asks, and the answer; or what one's own side asked, and the way back."""
    found = get_object_or_404(side.nullifications(request.actor), ref=ref)
    milestone = found.milestone
    here = side.url("milestone", milestone.ref)
    refusal = _why_not(request.actor, milestone, side=side) if found.state == "asked" else ""
    away = _away(request, milestone, side=side, refusal=refusal) if found.state == "asked" else None
    if away is not None:
        return away
    form = AnswerForm(request.POST or None)
    interrupted.give_back(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            done = _answer(request, found, form)
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, form, needed)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, done)
            return redirect(here)
    return side.page(
        request,
        "answer_nullification",
        {
            "nullification": found,
            "milestone": milestone,
            "milestone_url": here,
            "is_own": found.asked_by == side.name,
            "refusal": refusal,
            "facts": _facts(found),
            "amount": found.amount,
            "effects": effects_of(milestone, side=side, amount=found.amount) if found.state == "asked" else [],
            "crumbs": [*crumbs, (milestone.title, here), (_("Withdraw the acceptance"), "")],
        },
        form=form,
    )


def waiting_on(actor: Actor, milestone: Milestone) -> Nullification | None:
    """The request that waits for an answer on a milestone, whichever side asked."""
    return Nullification.objects.visible_to(actor).waiting().filter(milestone=milestone).first()


def _answer(request: PortalRequest, found: Nullification, form: AnswerForm) -> str:
    """Do what the button says; the answer is what was done."""
    key, ref, do = form.cleaned_data["key"], found.ref, request.POST.get("do", "")
    if do == "grant":
        answer = crediting.grant_nullification(actor=request.actor, key=key, nullification_ref=ref)
        if not answer["number"]:
            return _("The acceptance is withdrawn. It was not billed yet, so no credit note is needed.")
        return _("The acceptance is withdrawn. Credit note %(number)s is issued.") % {"number": answer["number"]}
    if do == "withdraw":
        crediting.withdraw_nullification(actor=request.actor, key=key, nullification_ref=ref)
        return _("The request is withdrawn. The acceptance stands.")
    crediting.decline_nullification(
        actor=request.actor, key=key, nullification_ref=ref, reason=form.cleaned_data["reason"]
    )
    return _("Declined. The acceptance stands.")


def _why_not_ask(actor: Actor, milestone: Milestone, *, side: Side) -> str:
    """Why nothing can be asked on this milestone; nothing where it can."""
    if milestone.state != "accepted":
        return _("Only an accepted milestone can be taken back.")
    if waiting_on(actor, milestone) is not None:
        return _("It was asked already to withdraw this acceptance.")
    try:
        withdrawing.withdrawable(milestone_ref=milestone.ref)
    except Refused as refused:
        return explain(refused)
    return _why_not(actor, milestone, side=side)


def _why_not(actor: Actor, milestone: Milestone, *, side: Side) -> str:
    """Why this person cannot: role, or a limit that does not reach the amount."""
    try:
        actor.require(Action.CREDIT_INVOICE if side.name == "seller" else Action.DECIDE_MILESTONE)
        if side.name == "buyer":
            rules.check_limit(
                Money(milestone.amount, milestone.currency),
                limit=actor.approval_limit,
                limit_currency=milestone.contract.buyer.currency,
            )
    except Refused as refused:
        return explain(refused)
    return ""


def _away(request: PortalRequest, milestone: Milestone, *, side: Side, refusal: str) -> HttpResponse | None:
    """Where a person first shows who it is, when the page is opened and its organisation wants that."""
    contract = milestone.contract
    organisation = contract.seller if side.name == "seller" else contract.buyer
    if refusal or not milestones.needs_own_proof(milestone, organisation=organisation):
        return None
    return proving.first(request, request.user)


def _facts(found: Nullification) -> list[Fact]:
    facts = [
        Fact(term=_("Milestone"), value=found.milestone.title),
        *_invoice(found),
        Fact(term=_("Asked by"), value=found.asker_name),
        Fact(term=_("Asked on"), on=found.asked_at.date()),
        Fact(term=_("Defect"), value=found.reason),
    ]
    if found.answer:
        facts.append(Fact(term=_("Answer"), value=found.answer))
    return facts


def _invoice(found: Nullification) -> list[Fact]:
    """The invoice that was credited, or bills the milestone alone; nothing where applications bill it and none was."""
    note, invoice = getattr(found, "credit_note", None), getattr(found.milestone, "invoice", None)
    number = note.invoice.number if note is not None else getattr(invoice, "number", "")
    return [Fact(term=_("Invoice"), value=number)] if number else []
