"""Mails about money that is owed: invoices, statements, claims and reminders, each with its document to the buyer."""

from collections.abc import Iterable
from typing import Any

from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from apps.core.made import MadeState
from apps.invoicing import release_statement, snapshot, wording
from apps.invoicing import services as invoicing
from apps.invoicing.models import CorrectedInvoice, Delivery, Invoice, PayeeInstruction
from apps.milestones.models import Decision
from apps.milestones.models.decision import ACCEPTING
from apps.parties import services as parties
from apps.parties.models import Organisation
from apps.parties.roles import Action, Role
from apps.workflows.mails.late_payment import late_lines
from apps.workflows.mails.letter import About, Enclosure, Letter, Sent, absolute, fact, money, send


def invoice(*, delivery_ref: str) -> Sent | None:
    """The invoice itself, with its document, to everybody of the buyer who sees to it; None when it went already."""
    delivery = Delivery.objects.select_related(
        "seller",
        "buyer",
        "invoice__milestone",
        "invoice__instalment",
        "invoice__contract__active_version",
        "invoice__document",
        "invoice__open_item",
    ).get(ref=delivery_ref)
    if delivery.sent_at is not None:
        return None
    billed = delivery.invoice
    if delivery.reminder:
        return _reminder(delivery)
    if billed.is_release:
        return _release(delivery)
    if billed.is_late_charge:
        return _late(delivery)
    said = snapshot.read(billed.snapshot)
    instruction = PayeeInstruction.objects.live().of_invoice(billed).first()
    printed = said.credit_transfer
    printed_name = printed.account_name if printed is not None else said.seller.name
    payee = instruction.payee_name if instruction is not None else printed_name
    decision = _acceptance(billed)
    with translation.override(delivery.buyer.language):
        title, why = billed.about, wording.cause(said)
    return send(
        Letter(
            name="invoice",
            key=delivery.ref,
            sender=delivery.seller,
            reader=delivery.buyer,
            to=people_for_invoices(billed),
            button=_("Open the invoice"),
            url=page_of(billed, buyer=delivery.buyer),
            by=None if billed.open_item.awaits_documents else billed.open_item.due_on,
            facts=[
                fact(_("Invoice"), billed.number),
                fact(_("Contract"), f"{said.contract_number} · {said.contract_title}"),
                *_of_retention(billed),
                fact(_("Due"), on=billed.open_item.due_on),
                fact(_("Pay to"), payee),
                *account_lines(instruction or printed),
                fact(_("Reference"), snapshot.remittance_of(billed.snapshot)),
            ],
            context={
                "invoice": billed,
                "due_now": billed.due_now,
                "title": title,
                "why": why,
                "decision": decision,
                "payee": payee,
                "is_assigned": instruction is not None and instruction.payee_id != delivery.seller_id,
                # The document says what was true when it was issued; an assignment may have come after it, or ended.
                "names_another_account": instruction is not None
                and (printed is None or _numbers(instruction) != _numbers(printed)),
            },
            files=[_pdf(billed)],
            about=About(f"invoice:{billed.ref}", billed.contract),
        )
    )


def people_for_invoices(billed: Invoice) -> list[str]:
    """The mailboxes to which an invoice goes, and what corrects it."""
    version = billed.contract.active_version
    return _who_sees_to_it(billed.buyer, _acceptance(billed), signatory=version.signatory_email if version else "")


def _acceptance(billed: Invoice) -> Decision | None:
    """By which a milestone was accepted; what falls due by the calendar has none."""
    decisions = Decision.objects.select_related("user").filter(submission__milestone__invoice=billed)
    return decisions.filter(outcome__in=ACCEPTING).first()


def _release(delivery: Delivery) -> Sent | None:
    """A statement of released retention, with its document, to whoever pays for the buyer."""
    asked = delivery.invoice
    said = release_statement.read(asked.snapshot)
    payee = said.credit_transfer.account_name if said.credit_transfer is not None else said.seller.name
    return send(
        Letter(
            name="retention_release",
            key=delivery.ref,
            sender=delivery.seller,
            reader=delivery.buyer,
            to=_each_once([delivery.buyer.email, *_people(delivery.buyer)]) or _owners(delivery.buyer),
            button=_("Open the release statement"),
            url=page_of(asked, buyer=delivery.buyer),
            by=asked.due_on,
            facts=[
                fact(_("Release statement"), asked.number),
                fact(_("Contract"), f"{said.contract_number} · {said.contract_title}"),
                fact(_("Due"), on=asked.due_on),
                money(_("Still withheld after this"), said.left, asked.currency),
                fact(_("Pay to"), payee),
                *account_lines(said.credit_transfer),
                fact(_("Reference"), said.remittance),
            ],
            context={"invoice": asked, "said": said},
            files=[_pdf(asked)],
            about=About(f"invoice:{asked.ref}", asked.contract),
        )
    )


def _late(delivery: Delivery) -> Sent | None:
    """A claim of interest and fees for late payment, with its document, to whoever pays for the buyer."""
    asked = delivery.invoice
    said = snapshot.read(asked.snapshot)
    payee = said.credit_transfer.account_name if said.credit_transfer is not None else said.seller.name
    return send(
        Letter(
            name="late_charge",
            key=delivery.ref,
            sender=delivery.seller,
            reader=delivery.buyer,
            to=payables(delivery.buyer),
            button=_("Open the claim"),
            url=page_of(asked, buyer=delivery.buyer),
            by=asked.due_on,
            facts=[
                fact(_("Number"), asked.number),
                fact(_("Contract"), f"{said.contract_number} · {said.contract_title}"),
                *(money(line.name, line.net, asked.currency) for line in said.lines),
                fact(_("Due"), on=asked.due_on),
                fact(_("Pay to"), payee),
                *account_lines(said.credit_transfer),
                fact(_("Reference"), said.remittance),
            ],
            context={"invoice": asked, "said": said},
            files=[_pdf(asked)],
            about=About(f"invoice:{asked.ref}", asked.contract),
        )
    )


def _reminder(delivery: Delivery) -> Sent | None:
    """What is overdue, with the document once more, to whoever pays; nothing once nothing is left to ask for."""
    billed, item = delivery.invoice, delivery.invoice.open_item
    if not item.payable or PayeeInstruction.objects.assigned().of_invoice(billed).exists():
        return None
    account = _account(billed)
    return send(
        Letter(
            name="payment_reminder",
            key=delivery.ref,
            sender=delivery.seller,
            reader=delivery.buyer,
            to=payables(delivery.buyer),
            button=_("Open the invoice"),
            url=page_of(billed, buyer=delivery.buyer),
            facts=[
                fact(_("Invoice"), billed.number),
                fact(_("Contract"), f"{billed.contract.number} · {billed.contract.title}"),
                fact(_("Was due"), on=item.due_on),
                money(_("Total"), billed.due_now, billed.currency),
                *(
                    [money(_("Disputed, not asked for now"), item.disputed_open, billed.currency)]
                    if item.disputed
                    else []
                ),
                *late_lines(billed),
                *account_lines(account),
                fact(_("Reference"), snapshot.remittance_of(billed.snapshot)),
            ],
            context={"invoice": billed, "payable": item.payable, "count": delivery.reminder},
            files=[_pdf(billed)],
            about=About(f"invoice:{billed.ref}", billed.contract),
        )
    )


def _account(billed: Invoice) -> PayeeInstruction | snapshot.CreditTransfer | None:
    """Into which account the invoice is paid: as the buyer was told last, or as its document says."""
    instruction = PayeeInstruction.objects.live().of_invoice(billed).first()
    if instruction is not None:
        return instruction
    said = release_statement.read(billed.snapshot) if billed.is_release else snapshot.read(billed.snapshot)
    return said.credit_transfer


def _pdf(billed: Invoice) -> Enclosure:
    """The document that stands: that of the last correction, once it is there, or the invoice's own."""
    last = CorrectedInvoice.objects.filter(invoice=billed, state=MadeState.READY).order_by("place").last()
    number, stored_as = (last.number, last.stored_as) if last else (billed.number, billed.document.stored_as)
    with default_storage.open(stored_as) as stored:
        return Enclosure(f"{number}.pdf".replace("/", "-"), stored.read(), "application/pdf")


def _of_retention(billed: Invoice) -> list[dict[str, Any]]:
    """Total and what of it is kept back, where something is; the letter names what is due now above all else."""
    item = billed.open_item
    kept = [
        (_("Retained as agreed, payable later"), item.retained),
        (_("Withheld until defects are mended"), item.reserved),
    ]
    rows = [money(term, amount, billed.currency) for term, amount in kept if amount]
    return [money(_("Total with tax"), billed.gross, billed.currency), *rows] if rows else []


def _numbers(account: PayeeInstruction | snapshot.CreditTransfer) -> tuple[str, str, str]:
    """By which one account is told from another, wherever the bank is."""
    return account.iban, account.account_number, account.routing_number


def _who_sees_to_it(buyer: Organisation, decision: Decision | None, *, signatory: str) -> list[str]:
    """The mailbox for invoices, payables, and who signed off (if still with the buyer) or should have: each once."""
    if decision is None:
        return _each_once([buyer.email, signatory, *_people(buyer)]) or _owners(buyer)
    signed = decision.user is None or parties.membership_of(decision.user, organisation_id=buyer.pk) is not None
    by = (decision.email or signatory) if signed else ""
    return _each_once([buyer.email, by, *_people(buyer)]) or _owners(buyer)


def payables(buyer: Organisation) -> list[str]:
    return _each_once(_people(buyer) or [buyer.email]) or _owners(buyer)


def _people(buyer: Organisation) -> list[str]:
    return parties.mailboxes_of(organisation_id=buyer.pk, role=Role.PAYABLES)


def _owners(buyer: Organisation) -> list[str]:
    return parties.mailboxes(organisation_id=buyer.pk, action=Action.ACKNOWLEDGE_ASSIGNMENT)


def _each_once(mailboxes: Iterable[str]) -> list[str]:
    """In the order in which they are named; capitals make no other mailbox."""
    found: dict[str, str] = {}
    for mailbox in mailboxes:
        if mailbox:
            found.setdefault(mailbox.lower(), mailbox)
    return list(found.values())


def page_of(billed: Invoice, *, buyer: Organisation) -> str:
    """Its hosted page; where that link was revoked, the one in the portal; nothing where the buyer has none either."""
    link = invoicing.live_link(billed)
    if link is not None:
        return absolute(reverse("hosted:open", args=[invoicing.token_of(link)]))
    return absolute(reverse("buyer:invoice", args=[billed.ref])) if buyer.is_claimed else ""


def account_lines(account: Any) -> list[dict[str, Any]]:
    """The account in lines that can be copied: of a payee instruction or of the snapshot, which name it alike."""
    if account is None:
        return []
    lines = (
        (("IBAN", account.iban), ("BIC", account.bic))
        if account.iban
        else ((_("Account number"), account.account_number), (_("Routing number"), account.routing_number))
    )
    return [fact(term, value) for term, value in (*lines, (_("Bank"), account.bank_name)) if value]
