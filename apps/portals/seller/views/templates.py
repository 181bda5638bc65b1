"""Templates: keep a contract's plan and terms under a name, start others from it, rename it, end it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractTemplate
from apps.core.errors import Refused
from apps.parties.roles import Action
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, add_refusal
from apps.portals.paging import page_of
from apps.portals.seller.forms.imports import TemplateForm
from apps.portals.seller.pages import Crumbs, contract_crumbs, page, why_not
from apps.workflows import contracting


def _template(request: PortalRequest, ref: str) -> ContractTemplate:
    return get_object_or_404(ContractTemplate.objects.visible_to(request.actor), ref=ref)


def _crumbs(*more: tuple[str, str]) -> Crumbs:
    here = (_("Templates"), reverse("seller:templates") if more else "")
    return contract_crumbs(here, *more)


@require_safe
@portal("seller")
def templates(request: PortalRequest) -> HttpResponse:
    """The organisation's templates, newest first."""
    shown = page_of(request, ContractTemplate.objects.visible_to(request.actor).select_related("created_by"))
    may_edit = not why_not(request.actor, Action.EDIT_CONTRACT)
    return page(request, "templates", {"rows": shown.rows, "page": shown, "may_edit": may_edit, "crumbs": _crumbs()})


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def save_template(request: PortalRequest, ref: str) -> HttpResponse:
    """Keep a contract, in whatever state it is, as a template."""
    contract = get_object_or_404(Contract.objects.of_seller(request.actor), ref=ref)
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
            return redirect("seller:templates")
    back = reverse("seller:contract", args=[contract.ref])
    context = {
        "contract": contract,
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "crumbs": contract_crumbs((contract.number, back), (_("Save as a template"), "")),
    }
    return page(request, "save_template", context, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def rename_template(request: PortalRequest, ref: str) -> HttpResponse:
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
            return redirect("seller:templates")
    context = {
        "template": template,
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "crumbs": _crumbs((template.name, "")),
    }
    return page(request, "rename_template", context, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def delete_template(request: PortalRequest, ref: str) -> HttpResponse:
    """End a template: a page that says what stays, and the button. A second click finds it gone, and says so."""
    if contracts.template_was_deleted(template_ref=ref, actor=request.actor):
        messages.info(request, _("The template was deleted already."))
        return redirect("seller:templates")
    template = _template(request, ref)
    form = ActionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contracting.delete_template(actor=request.actor, key=form.cleaned_data["key"], template_ref=template.ref)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The template is deleted."))
            return redirect("seller:templates")
    context = {
        "template": template,
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "crumbs": _crumbs((template.name, reverse("seller:rename_template", args=[template.ref])), (_("Delete"), "")),
    }
    return page(request, "delete_template", context, form=form)
