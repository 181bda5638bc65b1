"""Mails about applications for payment: to the buyer that one waits, to the seller what became of it."""

from django.urls import reverse
from django.utils import translation
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import GuestGrant
from apps.invoicing.application_page import pdf_of
from apps.invoicing.models import Application
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails.contracts import going_on_at
from apps.workflows.mails.letter import About, Enclosure, Letter, absolute, fact, money, send


def application_news(*, application_ref: str, what: str, organisation_id: int) -> None:
    """Tell one side what the other one did with an application for payment."""
    related = ("contract__seller", "contract__buyer", "contract__active_version", "invoice__open_item")
    application = (
        Application.objects.select_related(*related).prefetch_related("lines__milestone").get(ref=application_ref)
    )
    contract = application.contract
    is_to_seller = organisation_id == contract.seller_id
    reader, sender = (contract.seller, contract.buyer) if is_to_seller else (contract.buyer, contract.seller)
    facts = [
        fact(_("Contract"), f"{contract.number} · {contract.title}"),
        fact(_("Application for payment"), application.number),
        money(_("Applied for, net of tax"), application.claimed, application.currency),
    ]
    if what == "certified":
        item = application.invoice.open_item
        facts += [
            money(_("Certified, net of tax"), application.certified, application.currency),
            fact(_("Invoice"), application.invoice.number),
            money(_("Due now, with tax"), item.gross - item.retained, application.currency),
            fact(_("Due"), on=item.due_on),
        ]
    send(
        Letter(
            name="application",
            key=f"application.{application.ref}.{what}",
            sender=sender,
            reader=reader,
            to=_people(application, is_to_seller=is_to_seller),
            button=_("Open the application"),
            url=_page(application, is_to_seller=is_to_seller),
            facts=facts,
            files=_pdf(application, what=what, language=reader.language),
            about=About(f"application:{application.ref}", contract),
            context={
                "application": application,
                "what": what,
                "lowered": [
                    line for line in application.lines.all() if line.certified is not None and line.uncertified
                ],
            },
        )
    )


def _page(application: Application, *, is_to_seller: bool) -> str:
    """The page of the application; the personal link of a buyer without people here."""
    contract = application.contract
    if is_to_seller or contract.buyer.is_claimed:
        return absolute(reverse(f"{'seller' if is_to_seller else 'buyer'}:application", args=[application.ref]))
    return going_on_at(contract, GuestGrant.Purpose.CERTIFY, application.ref)


def _pdf(application: Application, *, what: str, language: str) -> list[Enclosure]:
    """The sheet and the summary as they were frozen when submitted, or as they were certified; of one that went back
    nothing is enclosed."""
    text, at = application.text, application.submitted_at
    if what == "certified":
        text, at = application.certified_text, application.decided_at
    if what not in ("submitted", "certified") or not text or at is None:
        return []
    with translation.override(language):
        name = slugify(f"{application.contract.number}-{application}")
    return [Enclosure(f"{name}.pdf", pdf_of(text, at=at), "application/pdf")]


def _people(application: Application, *, is_to_seller: bool) -> list[str]:
    """Who bills for the seller, who certifies for the buyer; of a buyer without people here, its signatory."""
    contract = application.contract
    if is_to_seller:
        return list(parties.mailboxes(organisation_id=contract.seller_id, action=Action.RECORD_PAYMENT))
    found = list(parties.mailboxes(organisation_id=contract.buyer_id, action=Action.DECIDE_MILESTONE))
    version = contract.active_version
    return found if found or version is None else [version.signatory_email]
