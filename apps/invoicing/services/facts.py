"""What is known at the moment of issue, as the semantic invoice that is stored, chained and shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, ngettext

from apps.contracts import exemption_wording
from apps.contracts.exemptions import code_of
from apps.contracts.models import Contract
from apps.contracts.payment_documents import PaymentDocuments, Wanted
from apps.contracts.rules.charges import Reckoned
from apps.core.printing import words
from apps.invoicing import rules, snapshot
from apps.invoicing.models import Invoice, InvoiceKind
from apps.invoicing.services import cause_facts, causes
from apps.milestones.models import Milestone
from apps.parties import branding
from apps.parties.electronic import EMAIL
from apps.parties.models import Organisation


@dataclass(frozen=True, slots=True)
class Account:
    """Where the invoice is to be paid (the fields of ``snapshot.CreditTransfer``), and to whom if not the seller."""

    fields: dict[str, str] | None
    payee: str | None


def of_bonus(milestone: Milestone, *, found: Reckoned) -> causes.Cause:
    """What an early milestone earns beside its amount; its acceptance is that of the milestone."""
    with translation.override(language_of(milestone.contract.buyer)):
        name = gettext("Bonus: “{milestone}” before its planned day").format(milestone=milestone.title)
        days = ngettext(
            "{days} day early: planned for {agreed}, accepted on {accepted}",
            "{days} days early: planned for {agreed}, accepted on {accepted}",
            found.days,
        ).format(days=words.count(found.days), agreed=words.day(found.agreed_on), accepted=words.day(found.accepted_on))
    submission = milestone.accepted_submission
    return causes.Cause(
        kind=InvoiceKind.BONUS.value,
        name=name,
        description=days,
        amount=found.amount,
        version=milestone.line.version,
        acceptance=submission.decision if submission is not None else None,
        own=milestone.line.own,
    )


def semantic(
    cause: causes.Cause,
    *,
    contract: Contract,
    breakdown: list[rules.TaxSubtotal],
    totals: rules.Totals,
    account: Account,
    retained: snapshot.Retained | None,
    reserved: snapshot.Reserved | None,
    deducted: Sequence[snapshot.Line],
    advances: Sequence[Invoice],
    number: str,
    issued_on: date,
    due_on: date,
    documents: Sequence[Wanted] = (),
    replaces: snapshot.Replaces | None = None,
    at: datetime,
) -> snapshot.SemanticInvoice:
    """The invoice of what is billed, from the contract with its parties, and the version in which it was agreed.

    ``deducted`` are the lines by which it gives deposits back, ``advances`` the invoices of these, in the same order.
    """
    seller, buyer, version = contract.seller, contract.buyer, cause.version
    lines = (*(_line(one, place=place) for place, one in enumerate(cause.billed, start=1)), *deducted)
    return snapshot.SemanticInvoice(
        kind=cause.kind,
        number=number,
        issued_at=at,
        issue_date=issued_on,
        time_zone=seller.time_zone,
        language=language_of(buyer),
        currency=contract.currency,
        due_date=due_on,
        payment_days=cause.agreed.payment_days,
        payment_basis=version.payment_basis,
        contract_number=contract.number,
        contract_title=contract.title,
        contract_version=version.number,
        contract_version_sha256=version.sha256,
        governing_law=version.governing_law,
        seller=sender_of(seller, category=cause.tax_category),
        buyer=party_of(buyer, category=cause.tax_category),
        payee=snapshot.Payee(name=account.payee) if account.payee else None,
        credit_transfer=snapshot.CreditTransfer(**account.fields) if account.fields else None,
        acceptance=cause_facts.of_acceptance(cause.acceptance, zone=seller.time_zone) if cause.acceptance else None,
        instalment=cause_facts.of_instalment(cause.instalment) if cause.instalment else None,
        application=cause_facts.of_application(cause.application, contract=contract) if cause.application else None,
        lines=lines,
        taxes=tax_rows(breakdown, lines=lines, language=language_of(buyer)),
        totals=snapshot.Totals(lines=totals.net, net=totals.net, tax=totals.tax, gross=totals.gross, due=totals.gross),
        retained=retained,
        reserved=reserved,
        buyer_reference=buyer.buyer_reference,
        order_number=contract.order_number,
        documents=tuple(one.title for one in documents),
        documents_days=(version.document_terms or PaymentDocuments()).days if documents else "",
        payment_reference=rules.payment_reference(number, iban=(account.fields or {}).get("iban", "")),
        deposits=tuple(
            snapshot.Deposit(number=one.number, issue_date=one.issued_on, net=-line.net)
            for one, line in zip(advances, deducted, strict=True)
        ),
        replaces=replaces,
    )


def _line(cause: causes.Cause, *, place: int) -> snapshot.Line:
    quantity, price, base = cause.priced
    return snapshot.Line(
        identifier=str(place),
        name=cause.name,
        description=cause.description,
        quantity=quantity,
        unit_code=cause.unit,
        net_price=price,
        base_quantity=base,
        net=cause.amount,
        tax_category=cause.taxed.category,
        tax_rate=cause.taxed.rate,
        exemption_code=cause.exemption.exemption_code,
        exemption_reason=cause.exemption.exemption_reason,
    )


def tax_rows(
    breakdown: Sequence[rules.TaxSubtotal], *, lines: Sequence[snapshot.Line] = (), language: str = "en"
) -> tuple[snapshot.TaxRow, ...]:
    """The tax breakdown as a document shows it (BG-23), with the reason where a category bears no tax: what is agreed
    of its ``lines``, else that of the category."""
    return tuple(_tax_row(row, lines=lines, language=language) for row in breakdown)


def _tax_row(row: rules.TaxSubtotal, *, lines: Sequence[snapshot.Line], language: str) -> snapshot.TaxRow:
    """A category has one row on a document (BR-E-01), so several reasons of its lines stand there as words, one after
    the other, in the language of the document."""
    found = {(line.exemption_code, line.exemption_reason): None for line in lines if line.tax_category == row.category}
    code, reason = next(iter(found), ("", ""))
    if len(found) > 1:
        with translation.override(language):
            said = [exemption_wording.reason(code_of(row.category, each), own) for each, own in found]
        code, reason = "", "; ".join(dict.fromkeys(filter(None, said)))
    return snapshot.TaxRow(
        taxable=row.taxable,
        tax=row.tax,
        category=row.category,
        rate=row.rate,
        exemption_code=code_of(row.category, code),
        exemption_reason=reason,
    )


def language_of(buyer: Organisation) -> str:
    """Documents are written in the buyer's language."""
    return buyer.language if buyer.language in dict(settings.LANGUAGES) else str(settings.LANGUAGE_CODE)


def party_of(organisation: Organisation, *, category: str) -> snapshot.Party:
    """A party as it stands on a document whose tax is of this category."""
    return snapshot.Party(
        name=organisation.legal_name,
        address=snapshot.Address(
            line=organisation.street,
            post_code=organisation.postcode,
            city=organisation.city,
            country_code=organisation.country,
        ),
        # An invoice outside the scope of tax bears no VAT numbers (EN 16931, BR-O-02).
        vat_identifier="" if category == rules.OUTSIDE_SCOPE else organisation.vat_number,
        tax_registration_identifier=organisation.tax_number,
        legal_registration_identifier=organisation.company_number,
        email=organisation.email,
        electronic_address=_electronic_address(organisation),
        contact_name=organisation.contact_name,
        phone=organisation.phone,
    )


def sender_of(organisation: Organisation, *, category: str) -> snapshot.Party:
    """The same of whom the document is from: with the look of its papers."""
    return replace(party_of(organisation, category=category), brand=_brand(organisation))


def _brand(organisation: Organisation) -> snapshot.Brand | None:
    """How its papers look, if it ever said so."""
    accent, line, logo = organisation.accent, organisation.foot_line, organisation.logo
    if not (accent or line or logo):
        return None
    return snapshot.Brand(accent=accent, tint=branding.tint(accent) if accent else "", foot_line=line, logo=logo)


def _electronic_address(organisation: Organisation) -> snapshot.ElectronicAddress | None:
    """Where it receives e-invoices: the address that it names, else its mailbox for invoices."""
    if organisation.electronic_address:
        return snapshot.ElectronicAddress(organisation.electronic_address, organisation.electronic_scheme)
    return snapshot.ElectronicAddress(organisation.email, EMAIL) if organisation.email else None
