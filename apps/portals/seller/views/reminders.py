"""Reminding buyers of what is overdue: the schedule, and one reminder at once."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.errors import Refused
from apps.invoicing.models import Delivery, ReminderSchedule
from apps.parties.roles import Action
from apps.portals.access import PortalRequest, portal
from apps.portals.days_field import DaysField
from apps.portals.forms import ActionForm, DayField, add_refusal, explain
from apps.portals.seller.pages import invoice_crumbs, page, why_not
from apps.portals.seller.views.invoices import invoice_of, pause_of
from apps.workflows import reminding

SHOWN = 25


class ScheduleForm(ActionForm):
    """Days after the due date, separated by commas."""

    days = DaysField(
        label=gettext_lazy("Remind this many days after the due date"),
        help_text=gettext_lazy("For example 3, 14, 28. Leave it empty to remind nobody."),
        required=False,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def reminders(request: PortalRequest) -> HttpResponse:
    """The schedule, and what went out lately."""
    schedule = ReminderSchedule.objects.visible_to(request.actor).first()
    form = ScheduleForm(request.POST or None, initial={"days": schedule.days if schedule else []})
    if request.method == "POST" and form.is_valid():
        try:
            reminding.set_reminders(actor=request.actor, key=form.cleaned_data["key"], days=form.cleaned_data["days"])
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The schedule is saved."))
            return redirect("seller:reminders")
    sent = Delivery.objects.visible_to(request.actor).filter(seller_id=request.actor.organisation_id, reminder__gt=0)
    context: dict[str, Any] = {
        "schedule": schedule,
        "sent": list(sent.select_related("invoice", "buyer").order_by("-pk")[:SHOWN]),
        "cannot": why_not(request.actor, Action.RECORD_PAYMENT),
        "crumbs": invoice_crumbs((_("Reminders"), "")),
    }
    return page(request, "reminders", context, form=form)


class PauseForm(ActionForm):
    """Until when nobody is reminded, and why."""

    until = DayField(
        label=gettext_lazy("Until the end of"),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=400,
        help_text=gettext_lazy("Only your own people read it."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": gettext_lazy("Say why nobody is reminded of this invoice; only your own people read it.")
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def pause_reminders(request: PortalRequest, ref: str) -> HttpResponse:
    """Put off reminding of one invoice, or take it up again."""
    found = invoice_of(request, ref)
    is_end = request.POST.get("do") == "resume"
    form = PauseForm(request.POST if request.method == "POST" and not is_end else None)
    ending = ActionForm(request.POST if is_end else None, auto_id="end_%s")
    sent = ending if is_end else form
    if sent.is_bound and sent.is_valid():
        step = reminding.resume_reminders if is_end else reminding.pause_reminders
        try:
            step(actor=request.actor, invoice_ref=found.ref, **sent.cleaned_data)
        except Refused as refused:
            add_refusal(sent, refused)
        else:
            words = _("Reminders are taken up again.") if is_end else _("Nobody is reminded of it until then.")
            messages.success(request, words)
            return redirect("seller:invoice", ref=found.ref)
    context: dict[str, Any] = {
        "invoice": found,
        "pause": pause_of(request, found),
        "ending": ending,
        "cannot": why_not(request.actor, Action.RECORD_PAYMENT),
        "crumbs": invoice_crumbs(
            (found.number, reverse("seller:invoice", args=[found.ref])), (_("Pause reminders"), "")
        ),
    }
    return page(request, "pause_reminders", {**context, "pausing": form}, form=sent)


@require_POST
@portal("seller")
def remind_buyer(request: PortalRequest, ref: str) -> HttpResponse:
    """Remind the buyer of an overdue invoice now."""
    found = invoice_of(request, ref)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            reminding.remind_buyer(actor=request.actor, key=form.cleaned_data["key"], invoice_ref=found.ref)
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The reminder is on its way to the buyer."))
    return redirect("seller:invoice", ref=found.ref)
