"""Templates at the desk of either side: keep a contract's plan and terms under a name, start others from it, rename it,
end it. They are the organisation's, whichever side it is in a contract."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts import services as contracts
from apps.contracts.models import ContractTemplate
from apps.core.errors import Refused
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.drafting.desk import Crumbs, Desk, why_not
from apps.portals.drafting.import_forms import TemplateForm
from apps.portals.forms import ActionForm, add_refusal
from apps.portals.paging import page_of
from apps.workflows import contracting


def _template(request: PortalRequest, ref: str) -> ContractTemplate:
    return get_object_or_404(ContractTemplate.objects.visible_to(request.actor), ref=ref)


def _list(desk: Desk) -> str:
    return reverse(f"{desk.side}:templates")


def _crumbs(*more: tuple[str, str], desk: Desk) -> Crumbs:
    return desk.crumbs((_("Templates"), _list(desk) if more else ""), *more)


def templates(request: PortalRequest, *, desk: Desk) -> HttpResponse:
    """The organisation's templates, newest first."""
    shown = page_of(request, ContractTemplate.objects.visible_to(request.actor).select_related("created_by"))
    context = {
        "templates": [(row, desk.url("rename_template", row.ref)) for row in shown.rows],
        "page": shown,
        "may_edit": not why_not(request.actor, Action.EDIT_CONTRACT),
        "new_url": reverse(f"{desk.side}:draft_contract"),
        "contracts_url": reverse(f"{desk.side}:contracts"),
        "crumbs": _crumbs(desk=desk),
    }
    return desk.page(request, "templates", context)


def save_template(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Keep a contract, in whatever state it is, as a template."""
    contract = desk.contract(request, ref)
    form = TemplateForm(request.POST or None, initial={"name": contract.title[:120]})
    if request.method == "POST" and form.is_valid():
        try:
            contracting.save_template(
                actor=request.actor,
                key=form.cleaned_data["key"],
                contract_ref=contract.ref,
                name=form.cleaned_data["name"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The template is saved."))
            return redirect(_list(desk))
    back = desk.url("contract", contract.ref)
    context = {
        "contract": contract,
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "back_url": back,
        "crumbs": desk.crumbs((contract.number, back), (_("Save as a template"), "")),
    }
    return desk.page(request, "save_template", context, form=form)


def rename_template(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """Give a template another name."""
    template = _template(request, ref)
    form = TemplateForm(request.POST or None, initial={"name": template.name})
    if request.method == "POST" and form.is_valid():
        try:
            contracting.rename_template(
                actor=request.actor,
                key=form.cleaned_data["key"],
                template_ref=template.ref,
                name=form.cleaned_data["name"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The template is renamed."))
            return redirect(_list(desk))
    context = {
        "template": template,
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "new_url": reverse(f"{desk.side}:draft_contract"),
        "list_url": _list(desk),
        "delete_url": desk.url("delete_template", template.ref),
        "crumbs": _crumbs((template.name, ""), desk=desk),
    }
    return desk.page(request, "rename_template", context, form=form)


def delete_template(request: PortalRequest, ref: str, *, desk: Desk) -> HttpResponse:
    """End a template: a page that says what stays, and the button. A second click finds it gone, and says so."""
    if contracts.template_was_deleted(template_ref=ref, actor=request.actor):
        messages.info(request, _("The template was deleted already."))
        return redirect(_list(desk))
    template = _template(request, ref)
    form = ActionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contracting.delete_template(actor=request.actor, key=form.cleaned_data["key"], template_ref=template.ref)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The template is deleted."))
            return redirect(_list(desk))
    rename = desk.url("rename_template", template.ref)
    context = {
        "template": template,
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "rename_url": rename,
        "crumbs": _crumbs((template.name, rename), (_("Delete"), ""), desk=desk),
    }
    return desk.page(request, "delete_template", context, form=form)
