"""Reminding buyers of what is overdue: the schedule, and one reminder at once."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.postgres.forms import SimpleArrayField
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.errors import Refused
from apps.invoicing.models import Delivery, ReminderSchedule
from apps.parties.roles import Action
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, add_refusal, explain
from apps.portals.seller.pages import invoice_crumbs, page, why_not
from apps.portals.seller.views.invoices import invoice_of
from apps.workflows import reminding

SHOWN = 25


class ScheduleForm(ActionForm):
    """Days after the due date, separated by commas."""

    days = SimpleArrayField(
        forms.IntegerField(),
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
            reminding.set_reminders(
                actor=request.actor, key=form.cleaned_data["key"], days=form.cleaned_data["days"] or []
            )
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
