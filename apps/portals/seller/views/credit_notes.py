"""Credit notes of the seller: issued from an invoice after a look at the figures; and money that settles nothing."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.errors import ProofNeeded, Refused
from apps.invoicing import services as invoicing
from apps.invoicing.einvoice.profiles import PEPPOL, XRECHNUNG
from apps.invoicing.models import Invoice, Payment
from apps.invoicing.rules import Share
from apps.invoicing.services import Preview
from apps.parties.roles import Action
from apps.portals import formats, interrupted, proving
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.correcting import notes, nullifying
from apps.portals.correcting.forms import AllocationForm, CreditableLine, CreditForm
from apps.portals.correcting.sending import sent_again
from apps.portals.correcting.side import SELLER
from apps.portals.exported import export_file
from apps.portals.forms import ActionForm, add_refusal, explain
from apps.portals.parts import Fact
from apps.portals.seller.pages import contract_crumbs, invoice_crumbs, why_not
from apps.portals.seller.views.invoices import invoice_of
from apps.workflows import crediting

TYPES = {"pdf": "application/pdf", "xml": "application/xml"}


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def credit_invoice(request: PortalRequest, ref: str) -> HttpResponse:
    """Lower the price of an invoice: a form, a review of net, tax and gross, then the credit note."""
    found = invoice_of(request, ref)
    data = request.POST if request.method == "POST" else None
    is_issued = data is not None and data.get("do") == "issue"
    refusal = why_not(request.actor, Action.CREDIT_INVOICE)
    if not is_issued:  # who sends it twice gets the first answer, and not that nothing is left
        refusal = refusal or _why_not_credited(found)
    away = proving.first(request, request.user) if not refusal and invoicing.needs_proof_to_credit(found) else None
    if away is not None:
        return away
    lines = _lines_of(found)
    form = CreditForm(data, lines=lines, currency=found.currency)
    interrupted.give_back(request, form)
    context = {
        "invoice": found,
        "left": invoicing.left_to_credit(invoice_ref=found.ref),
        "refusal": refusal,
        "invoice_url": reverse("seller:invoice", args=[found.ref]),
        "crumbs": invoice_crumbs(
            (found.number, reverse("seller:invoice", args=[found.ref])), (pgettext("an invoice", "Credit"), "")
        ),
    }
    if data is not None and not refusal and data.get("do") != "change" and form.is_valid():
        try:
            if is_issued:
                answer = crediting.credit_invoice(
                    actor=request.actor,
                    key=form.cleaned_data["key"],
                    invoice_ref=found.ref,
                    share=form.share,
                    reason=form.cleaned_data["reason"],
                    seen=form.cleaned_data["seen"],
                )
                messages.success(request, _("Credit note %(number)s is issued.") % {"number": answer["number"]})
                return redirect("seller:credit_note", ref=answer["credit_note"])
            preview = invoicing.preview_credit(invoice_ref=found.ref, share=form.share)
        except ProofNeeded as needed:
            interrupted.ask(request, request.user, form, needed)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            shown = {**{name: data.get(name, "") for name in form.fields}, "seen": preview.sha256}
            again = CreditForm(shown, lines=lines, currency=found.currency)
            return SELLER.page(request, "credit_review", {**context, **_review(found, preview, form)}, form=again)
    return SELLER.page(request, "credit_invoice", context, form=form)


def _lines_of(invoice: Invoice) -> list[CreditableLine]:
    """What the invoice bills, line by line."""
    rows = zip(*invoicing.creditable_lines(invoice), strict=True)
    return [CreditableLine(line, figures) for line, figures in rows if line.net > 0]


def _why_not_credited(invoice: Invoice) -> str:
    try:
        invoicing.refuse_uncreditable(invoice)
        if invoicing.left_to_credit(invoice_ref=invoice.ref) == 0:
            # It is credited in full, or a deposit that later invoices gave back: the rule says which.
            invoicing.preview_credit(invoice_ref=invoice.ref, share=Share())
    except Refused as refused:
        return explain(refused)
    return ""


def _review(invoice: Invoice, preview: Preview, form: CreditForm) -> dict[str, object]:
    """What the credit note will say, and what it does, in words."""
    currency, buyer = invoice.currency, invoice.buyer.legal_name
    facts = [
        Fact(term=_("Invoice"), value=invoice.number),
        *(
            Fact(term=str(form.fields[one.field].label), amount=one.amount, currency=currency)
            for one in form.share.lines
        ),
        Fact(term=_("Net"), amount=preview.net, currency=currency),
        Fact(term=_("Tax"), amount=preview.tax, currency=currency),
        Fact(term=_("Total"), amount=preview.gross, currency=currency, is_total=True),
        Fact(term=_("Left to credit after it, net"), amount=preview.left, currency=currency),
        Fact(term=_("Reason"), value=form.cleaned_data["reason"]),
    ]
    effects = [
        _("%(number)s is open with %(amount)s then.")
        % {"number": invoice.number, "amount": formats.money(preview.open_after, currency)},
        _("The work stays accepted, and nothing of it is billed again."),
        _("%(buyer)s gets the credit note by mail. It is never changed or deleted.") % {"buyer": buyer},
    ]
    if preview.retained:
        effects.insert(
            1,
            _("Of what %(buyer)s retains as agreed, %(amount)s are owed no more: they are never released.")
            % {"amount": formats.money(preview.retained, currency), "buyer": buyer},
        )
    if preview.freed:
        effects.insert(
            1,
            _("%(amount)s that were paid are owed no more: they stay on the payment, unallocated, and are %(buyer)s's.")
            % {"amount": formats.money(preview.freed, currency), "buyer": buyer},
        )
    return {"facts": facts, "effects": effects, "amount": preview.gross, "again": form}


@require_GET
@portal("seller")
def credit_note(request: PortalRequest, ref: str) -> HttpResponse:
    """One credit note."""
    return notes.credit_note(request, ref, side=SELLER, crumbs=invoice_crumbs())


@require_GET
@portal("seller")
def credit_note_pdf(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the credit note; 404 until they exist."""
    return _file(request, ref, kind="pdf")


@require_GET
@portal("seller")
def credit_note_xml(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the XML inside it; 404 until they exist, and where there are none."""
    return _file(request, ref, kind="xml")


@require_GET
@portal("seller")
def credit_note_peppol(request: PortalRequest, ref: str) -> HttpResponse:
    """The credit note as Peppol BIS Billing 3, written from its snapshot; 404 where it lacks something of it."""
    return export_file(notes.note_of(request, ref, side=SELLER), PEPPOL)


@require_GET
@portal("seller")
def credit_note_xrechnung(request: PortalRequest, ref: str) -> HttpResponse:
    """The same as XRechnung."""
    return export_file(notes.note_of(request, ref, side=SELLER), XRECHNUNG)


def _file(request: PortalRequest, ref: str, *, kind: str) -> HttpResponseBase:
    stored_as, name = notes.file_of(notes.note_of(request, ref, side=SELLER), kind=kind)
    return attachment(stored_as, name=name, content_type=TYPES[kind])


@require_POST
@portal("seller")
def resend_credit_note(request: PortalRequest, ref: str) -> HttpResponse:
    """Mail it to the buyer once more."""
    found = notes.note_of(request, ref, side=SELLER)
    return sent_again(
        request, crediting.resend_credit_note, page="seller:credit_note", ref=found.ref, credit_note_ref=found.ref
    )


@require_POST
@portal("seller")
def retry_credit_document(request: PortalRequest, ref: str) -> HttpResponse:
    """Make the PDF of a credit note again after it failed."""
    found = notes.note_of(request, ref, side=SELLER)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            crediting.retry_credit_document(
                actor=request.actor, key=form.cleaned_data["key"], credit_note_ref=found.ref
            )
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The document is being made again."))
    return redirect("seller:credit_note", ref=found.ref)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def allocate_payment(request: PortalRequest, ref: str) -> HttpResponse:
    """Settle another invoice of the same buyer with money that settles nothing."""
    mine = Payment.objects.visible_to(request.actor).filter(recipient_id=request.actor.organisation_id)
    payment = get_object_or_404(mine.select_related("payer"), ref=ref)
    open_ones = Invoice.objects.of_seller(request.actor).filter(
        buyer_id=payment.payer_id, currency=payment.currency, open_item__open__gt=0
    )
    form = AllocationForm(request.POST or None, invoices=open_ones.order_by("pk"))
    if request.method == "POST" and form.is_valid():
        invoice = form.cleaned_data["invoice"]
        try:
            crediting.allocate_payment(
                actor=request.actor,
                key=form.cleaned_data["key"],
                payment_ref=payment.ref,
                invoice_ref=invoice.ref,
                amount=form.cleaned_data["amount"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("It is settled with %(number)s.") % {"number": invoice.number})
            return redirect("seller:invoice", ref=invoice.ref)
    return SELLER.page(
        request,
        "allocate_payment",
        {
            "payment": payment,
            "left": invoicing.unapplied_of(payment),
            "has_open": open_ones.exists(),
            "refusal": why_not(request.actor, Action.RECORD_PAYMENT),
            "invoices_url": reverse("seller:invoices"),
            "crumbs": invoice_crumbs((_("Settle an invoice"), "")),
        },
        form=form,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def ask_nullification(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask the buyer to withdraw an acceptance."""
    return nullifying.ask_nullification(request, ref, side=SELLER, crumbs=contract_crumbs())


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def answer_nullification(request: PortalRequest, ref: str) -> HttpResponse:
    """Answer the buyer who asks to withdraw an acceptance, or take back one's own question."""
    return nullifying.answer_nullification(request, ref, side=SELLER, crumbs=contract_crumbs())
