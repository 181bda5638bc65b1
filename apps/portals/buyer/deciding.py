"""Sign a milestone off, whole or in part: one flow for members and for guests.

GET shows what the button will do; POST does it once and leads to the page of the result. When somebody was quicker,
or the text is not the one that was shown, nothing is signed and the page says what happened.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.contracts import measure_wording
from apps.core import clock
from apps.core.errors import Refused, Stale
from apps.core.money import Money
from apps.core.spoken import Said
from apps.milestones import services as milestones
from apps.milestones.models import Milestone, Submission
from apps.portals import formats, interrupted
from apps.portals.access import PortalRequest
from apps.portals.buyer import cycles, differences, step_up
from apps.portals.buyer.cycles import SubmissionReading
from apps.portals.buyer.differences import Change
from apps.portals.buyer.forms import MET, AcceptForm, AcceptPartForm
from apps.portals.buyer.pages import Crumbs, page, tell, why_not_sign_off
from apps.portals.buyer.step_up import Asks
from apps.portals.buyer.ways import Way
from apps.portals.charging import shown as charges
from apps.portals.forms import add_refusal, explain, show_anew
from apps.portals.invoice_to_come import InvoiceToCome
from apps.workflows import sign_off
from apps.workflows.once import Answer


def accept_milestone(request: PortalRequest, submission: Submission, *, way: Way, crumbs: Crumbs) -> HttpResponse:
    """What is confirmed and which invoice becomes due when; then the sign-off of exactly the text that was shown.

    What a sign-off does not need is read only when there is a page to show: before it, or when it is refused.
    """
    asks = step_up.asked_of(request, submission.milestone)
    if request.method == "POST" and not step_up.wants_code(request):
        return _signed_off(request, asks, submission, way=way, crumbs=crumbs)
    reading, _sent = reread(request, submission, way=way)
    form = asks.form_class(initial={"seen": reading.submission.sha256})
    interrupted.give_back(request, form)
    is_code_sent = False
    if request.method == "POST":
        form = asks.send_code(request)
        is_code_sent = asks.by_code and not form.is_bound
    elif not reading.is_pending:
        return redirect(reading.page_url)
    return _page_to_sign_off(request, reading, form=form, crumbs=crumbs, is_code_sent=is_code_sent)


def _signed_off(
    request: PortalRequest, asks: Asks, submission: Submission, *, way: Way, crumbs: Crumbs
) -> HttpResponse:
    """Where the button leads: to the result, to where a member shows who it is, or back with the reason why not."""
    form = asks.form_class(request.POST)
    refused: Refused | None = None
    if form.is_valid() and step_up.goes_elsewhere(request):
        interrupted.keep(request, form)
        return redirect(asks.elsewhere or request.get_full_path())
    if form.is_valid():
        done = _sign_off(request, asks, submission, form=form)
        if not isinstance(done, Refused):
            tell(request, _told(done, _("You signed the milestone off.")))
            return redirect(way.submission(submission))
        refused = done
    reading, sent = reread(request, submission, way=way)
    changes: list[Change] = []
    if isinstance(refused, Stale):
        changes = changes_since(sent, reading.submission, seen=form.cleaned_data["seen"])
        show_anew(form, seen=reading.submission.sha256)
    if refused is not None:
        add_refusal(form, refused)
        if not reading.is_pending and reading.newer is None:
            return too_late(request, refused, reading)
    return _page_to_sign_off(request, reading, form=form, crumbs=crumbs, changes=changes)


def _sign_off(request: PortalRequest, asks: Asks, submission: Submission, *, form: AcceptForm) -> Answer | Refused:
    """Sign off as the form says; the answer is what was done, or why not."""
    try:
        asks.prove(request, form)
        return sign_off.accept_milestone(
            actor=request.actor,
            key=form.cleaned_data["key"],
            submission_ref=submission.ref,
            seen=form.cleaned_data["seen"],
            comment=form.cleaned_data["comment"],
        )
    except Refused as refused:
        return refused


def _told(done: Answer, accepted: str) -> str:
    """What to say of an acceptance: that it is one, or that somebody else has to accept as well."""
    if "first_acceptance" not in done:
        return accepted
    return _("You accepted. Somebody else of your organisation is asked to accept too: nothing is accepted before.")


def _page_to_sign_off(
    request: PortalRequest,
    reading: SubmissionReading,
    *,
    form: AcceptForm,
    crumbs: Crumbs,
    changes: Sequence[Change] = (),
    is_code_sent: bool = False,
) -> HttpResponse:
    return page(
        request,
        "accept_milestone",
        {
            "reading": reading,
            "charge_ahead": charges.ahead(reading.milestone, today=clock.today(reading.contract.seller.time_zone)),
            "crumbs": crumbs,
            "statement": _statement(reading),
            "why_not": why_not_sign_off(request, reading.milestone) or reading.not_yet,
            "asks": step_up.asked_of(request, reading.milestone),
            "is_code_sent": is_code_sent,
            "changes": changes or _to_newer(reading),
        },
        zone=reading.zone,
        form=form,
    )


def _statement(reading: SubmissionReading) -> Said:
    """What the button agrees to: the acceptance, or the first of two."""
    if not reading.is_first:
        return milestones.acceptance_statement(reading.submission)
    whole = Money(reading.milestone.amount, reading.milestone.currency)
    return milestones.first_statement(reading.submission, accepted=whole)


def accept_part(request: PortalRequest, submission: Submission, *, way: Way, crumbs: Crumbs) -> HttpResponse:
    """How much is accepted and what is left; then the statement with its figures; then the sign-off of that part.

    The first POST shows what would be signed, one with ``sign`` signs it, one with ``change`` goes back to the form.
    """
    reading, sent = reread(request, submission, way=way)
    if not reading.is_pending or not reading.part_url:
        return redirect(reading.page_url)
    criteria = [row.criterion for row in reading.criteria]
    asks = step_up.asked_of(request, reading.milestone)
    waits = quantity_of(reading.milestone)
    form = AcceptPartForm(criteria=criteria, waits=waits, initial=initial_of(reading))
    interrupted.give_back(request, form)
    is_code_sent = False
    changes: list[Change] = []
    statement: Said | None = None
    to_come: InvoiceToCome | None = None
    if request.method == "POST":
        needs_code = asks.by_code and "sign" in request.POST
        form = AcceptPartForm(request.POST, criteria=criteria, waits=waits, needs_code=needs_code)
        try:
            if form.is_filled and "change" not in request.POST:
                amount = milestones.part_amount(reading.submission, part=form.part())
                milestones.check_undisputed(reading.submission, accepted=amount)
                statement = _part_statement(reading, form, amount=amount)
                to_come = cycles.of_part(reading, amount)
                if step_up.wants_code(request):
                    is_code_sent = asks.send_new_code(request)
                elif step_up.goes_elsewhere(request):
                    interrupted.keep(request, form)
                    return redirect(asks.elsewhere or request.get_full_path())
                elif "sign" in request.POST and form.is_valid():
                    asks.prove(request, form)
                    done = sign_off.accept_part(
                        actor=request.actor,
                        key=form.cleaned_data["key"],
                        submission_ref=submission.ref,
                        seen=form.cleaned_data["seen"],
                        part=form.part(),
                        verdicts=form.verdicts(),
                        comment=form.cleaned_data["comment"],
                    )
                    accepted = _("You signed a part of the milestone off. The rest can be submitted again.")
                    tell(request, _told(done, accepted))
                    return redirect(reading.page_url)
        except Refused as refused:
            if isinstance(refused, Stale):
                changes = changes_since(sent, reading.submission, seen=form.cleaned_data["seen"])
                show_anew(form, seen=reading.submission.sha256)
            add_refusal(form, refused)
            reading, _sent = reread(request, submission, way=way)
            if not reading.is_pending:
                return too_late(request, refused, reading)
    return page(
        request,
        "confirm_part" if statement is not None and form.is_filled else "accept_part",
        {
            "reading": reading,
            "charge_ahead": charges.ahead(reading.milestone, today=clock.today(reading.contract.seller.time_zone)),
            "crumbs": crumbs,
            "rows": list(zip(reading.criteria, form.rows(), strict=True)),
            "how_much": [form[name] for name in form.how_much],
            "accepted_first": accepted_first(reading),
            "statement": statement,
            "to_come": to_come,
            "why_not": why_not_sign_off(request, reading.milestone) or reading.part_not_yet,
            "asks": asks,
            "is_code_sent": is_code_sent,
            "changes": changes,
        },
        zone=reading.zone,
        form=form,
    )


def quantity_of(milestone: Milestone) -> str:
    """How much of what it is, in words; nothing of a lump sum."""
    measure = milestone.line.measure
    if measure is None or milestone.quantity is None:
        return ""
    return measure_wording.quantity(milestone.quantity, measure.unit)


def _part_statement(reading: SubmissionReading, form: AcceptPartForm, *, amount: Decimal) -> Said:
    if not reading.is_first:
        return milestones.part_statement(reading.submission, part=form.part())
    accepted = Money(amount, reading.milestone.currency)
    return milestones.first_statement(reading.submission, accepted=accepted, quantity=form.part().quantity)


def initial_of(reading: SubmissionReading) -> dict[str, Any]:
    """What the seller claims to have met starts with a tick: the buyer crosses what is missing.

    Of two people who accept a part, the second starts with what the first accepted; and where a part is in dispute,
    what is not is entered.
    """
    claims = {f"verdict_{row.criterion.position}": MET for row in reading.criteria if row.is_claimed}
    how_much = {}
    if reading.first is not None and reading.first.quantity is not None:
        how_much = {"quantity": reading.first.quantity}
    elif reading.first is not None:
        how_much = {"amount": reading.first.amount}
    elif reading.undisputed is not None:
        how_much = {"amount": reading.undisputed}
    return {"seen": reading.submission.sha256, **claims, **how_much}


def accepted_first(reading: SubmissionReading) -> str:
    """What the first of two people accepted, in words: a quantity where it was said so, and what it comes to."""
    first, milestone = reading.first, reading.milestone
    if first is None:
        return ""
    amount = formats.money(first.amount, milestone.currency)
    if first.quantity is None:
        return amount
    return f"{measure_wording.quantity(first.quantity, milestone.line.unit)}, {amount}"


def reread(request: PortalRequest, submission: Submission, *, way: Way) -> tuple[SubmissionReading, list[Submission]]:
    """The submission as it stands now, with every cycle of its milestone: somebody may have decided meanwhile."""
    milestone = cycles.of_buyer(request.actor).get(pk=submission.milestone_id)
    sent = cycles.all_of(request.actor, milestone)
    now = next(cycle for cycle in sent if cycle.pk == submission.pk)
    return cycles.read(request.actor, now, cycles=sent, way=way), sent


def too_late(request: PortalRequest, refused: Refused, reading: SubmissionReading) -> HttpResponse:
    """Back to the page of what was decided meanwhile, with the reason."""
    messages.warning(request, explain(refused))
    return redirect(reading.page_url)


def changes_since(sent: Sequence[Submission], now: Submission, *, seen: str) -> list[Change]:
    """What changed since the text with this SHA-256, if it is one of this milestone's."""
    shown = next((cycle for cycle in sent if cycle.sha256 == seen), None)
    return differences.between_submissions(shown, now) if shown is not None else []


def _to_newer(reading: SubmissionReading) -> list[Change]:
    """For a cycle that was withdrawn and sent anew: what the newer one says differently."""
    if reading.newer is None:
        return []
    return differences.between_submissions(reading.submission, reading.newer)
