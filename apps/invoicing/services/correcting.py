"""Corrected invoices: what was written wrong on an issued invoice is put right by a document that stands in its place.

Nothing is posted, and nothing that is owed changes: the claim, its due date, its account and the reference by which it
is paid stay those of the invoice.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from apps.audit import services as audit
from apps.core import canonical, made
from apps.core.database import together
from apps.core.errors import NotAllowed, Refused, Stale
from apps.invoicing import rules, snapshot
from apps.invoicing.models import CorrectedInvoice, Invoice, OpenItem
from apps.invoicing.models.invoice import CORRECTIONS
from apps.invoicing.rules import corrections
from apps.invoicing.rules.corrections import Words
from apps.invoicing.services.credit_series import person
from apps.invoicing.services.numbering import lock_credit_series
from apps.invoicing.services.standing import corrects, standing
from apps.milestones.rules import check_text
from apps.parties import rules as parties
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action

LONGEST_REASON = 400
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a corrected invoice would say otherwise: of which document, and each change as it was and as it is.

    ``sha256`` stands for all of this: what is issued is what was shown.
    """

    number: str
    changes: tuple[tuple[str, str], ...]
    sha256: str


def words_of(said: snapshot.SemanticInvoice) -> Words:
    """What of a document can be put right, as it stands there."""
    buyer = said.buyer
    return Words(
        name=buyer.name,
        street=buyer.address.line,
        post_code=buyer.address.post_code,
        city=buyer.address.city,
        vat_number=buyer.vat_identifier,
        buyer_reference=said.buyer_reference,
        order_number=said.order_number,
        lines=tuple((line.name, line.description) for line in said.lines[: _lines_that_can(said)]),
    )


def words_that_stand(*, invoice_ref: str) -> Words:
    """What stands on an invoice by now and can be put right; refused where nothing can."""
    invoice = Invoice.objects.select_related("open_item").get(ref=invoice_ref)
    refuse_uncorrectable(invoice)
    return words_of(standing(invoice))


def words_to_begin_with(invoice: Invoice) -> Words:
    """The same as the next invoice would say it: by the buyer's data and the contract of today. Once corrected, as it
    was put right then, so that nothing of that is undone unasked."""
    said = standing(invoice)
    if said.corrects is not None:
        return words_of(said)
    buyer = Organisation.objects.get(pk=invoice.buyer_id)
    return replace(
        words_of(said),
        name=buyer.legal_name,
        street=buyer.street,
        post_code=buyer.postcode,
        city=buyer.city,
        vat_number=buyer.vat_number if not _is_outside(said) else "",
        buyer_reference=buyer.buyer_reference,
        order_number=invoice.contract.order_number,
    )


def preview_correction(*, invoice_ref: str, right: Words) -> Correction:
    """What a corrected invoice would say otherwise if it were issued now; refused when it could not be."""
    invoice = Invoice.objects.select_related("open_item").get(ref=invoice_ref)
    refuse_uncorrectable(invoice)
    return _correction(invoice, standing(invoice), right)[0]


def refuse_uncorrectable(invoice: Invoice) -> None:
    """Refuse to correct what is no tax invoice, and what is credited in full."""
    if not invoice.bills_supply:
        raise Refused("{number} is no tax invoice. Only tax invoices are corrected.", number=invoice.number)
    if 0 < invoice.gross <= invoice.open_item.credited:
        raise Refused("{number} is credited in full: there is nothing left to correct.", number=invoice.number)


def correct_words(
    ref: str, *, invoice_ref: str, actor: Actor, right: Words, reason: str, seen: str, at: datetime
) -> CorrectedInvoice:
    """Issue a corrected invoice with the next number of its series. Refused when nothing would change.

    ``ref`` is the new reference that it gets, ``seen`` the SHA-256 of :func:`preview_correction`; where something else
    would be said by now it is :class:`Stale`. The caller holds the contract.
    """
    item = (
        OpenItem.objects.select_related("invoice__contract", "invoice__seller", "invoice__milestone")
        .select_related("invoice__instalment", "invoice__application", "invoice__open_item")
        .select_for_update(of=("self",))
        .filter(invoice__ref=invoice_ref)
        .first()
    )
    if item is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    invoice = item.invoice
    actor.require(Action.CREDIT_INVOICE, organisation_id=invoice.seller_id)
    refuse_uncorrectable(invoice)
    written = check_text(" ".join(reason.split()), most=LONGEST_REASON, field="reason")
    if not written:
        raise Refused("Say why the invoice is corrected; it stands on the corrected one.", field="reason")
    before = standing(invoice)
    correction, said = _correction(invoice, before, right)
    if correction.sha256 != seen:
        raise Stale("This invoice was corrected after the page was shown. Look at the changes again.")
    said = replace(said, corrects=corrects(item, before=before, changes=correction.changes, reason=written))
    return _issue(ref, invoice=invoice, before=before, said=said, reason=written, by=actor, at=at)


def contract_of_corrected(*, corrected_ref: str) -> int:
    """The contract of a corrected invoice, so that a workflow can lock it first."""
    contract = CorrectedInvoice.objects.filter(ref=corrected_ref).values_list("contract_id", flat=True).first()
    if contract is None:
        raise Refused("There is no such corrected invoice among yours. Open it from its invoice.")
    return contract


def retry_corrected(*, corrected_ref: str, actor: Actor, at: datetime) -> CorrectedInvoice:
    """Ask for its document again after it failed, or after its making was given up. A document that is there stays."""
    found = CorrectedInvoice.objects.visible_to(actor).select_for_update(of=("self",)).filter(ref=corrected_ref).first()
    if found is None:
        raise Refused("There is no such corrected invoice among yours. Open it from its invoice.")
    if found.seller_id != actor.organisation_id:
        raise NotAllowed("Only the seller can have the document made again.")
    made.again(found, at=at)
    return found


def _issue(
    ref: str,
    *,
    invoice: Invoice,
    before: snapshot.SemanticInvoice,
    said: snapshot.SemanticInvoice,
    reason: str,
    by: Actor,
    at: datetime,
) -> CorrectedInvoice:
    issuer = person(by)
    zone = ZoneInfo(invoice.seller.time_zone)
    series = lock_credit_series(invoice, year=at.astimezone(zone).year, prefix=CORRECTIONS)
    # Another one may have drawn its number while this one waited: a higher number is never earlier.
    at = max(at, series.last_issued_at or at, invoice.issued_at)
    number = rules.invoice_number(prefix=CORRECTIONS, year=series.year, position=series.last + 1)
    said = replace(
        said,
        number=number,
        issued_at=at,
        issue_date=at.astimezone(zone).date(),
        payment_reference=before.remittance,
    )
    text = snapshot.write(said)
    series.last += 1
    text_sha256 = canonical.sha256(text)
    series.head = canonical.sha256(series.head + number + text_sha256)
    series.last_issued_at = at
    corrected = CorrectedInvoice(
        ref=ref,
        seller=invoice.seller,
        buyer_id=invoice.buyer_id,
        contract=invoice.contract,
        invoice=invoice,
        place=1 + CorrectedInvoice.objects.filter(invoice=invoice).count(),
        reason=reason,
        number=number,
        series_prefix=CORRECTIONS,
        series_year=series.year,
        series_position=series.last,
        currency=invoice.currency,
        net=invoice.net,
        tax=invoice.tax,
        gross=invoice.gross,
        issued_at=at,
        issued_on=said.issue_date,
        issued_by_id=issuer.user_id,
        issued_by_name=issuer.name,
        snapshot=text,
        snapshot_sha256=text_sha256,
        chain_sha256=series.head,
        requested_at=at,
    )
    together.insert(corrected, children=[], after=[(series, ["last", "head", "last_issued_at"])])
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties=[corrected.seller_id, corrected.buyer_id],
        verb="corrected_invoice.issued",
        subject=f"invoice:{invoice.ref}",
        actor=by,
        at=at,
        number=number,
        corrected_invoice=corrected.ref,
        invoice=invoice.number,
        in_place_of=before.number,
        **invoice.cause_told,
        reason=reason,
        currency=invoice.currency,
        gross=invoice.gross,
        snapshot_sha256=corrected.snapshot_sha256,
        chain_sha256=corrected.chain_sha256,
    )
    return corrected


def _correction(
    invoice: Invoice, before: snapshot.SemanticInvoice, right: Words
) -> tuple[Correction, snapshot.SemanticInvoice]:
    """What would change, and the document that says it; refused where its tax could not be as it is."""
    was = words_of(before)
    right = _checked(right, was=was, said=before)
    found = corrections.changes(was, right)
    after = _put_right(before, right)
    for category, rate in {(row.category, row.rate) for row in before.taxes}:
        rules.check_tax(category=category, rate=rate, seller=_identity(after.seller), buyer=_identity(after.buyer))
    shown = {"invoice": invoice.ref, "in_place_of": before.number, "changes": found, "right": right}
    return Correction(before.number, found, canonical.sha256(canonical.text(shown))), after


def _checked(right: Words, *, was: Words, said: snapshot.SemanticInvoice) -> Words:
    """The words as an organisation's own data are checked. What stays as it is was checked when it was written."""
    country = said.buyer.address.country_code
    if right.vat_number and _is_outside(said):
        raise Refused(
            "An invoice outside the scope of tax bears no VAT number. Leave the field empty.", field="vat_number"
        )
    vat_number = right.vat_number
    if vat_number != was.vat_number:
        vat_number = parties.vat_number(vat_number, country=country)
    return Words(
        **{word: check_text(getattr(right, word), most=most, field=word) for word, most in corrections.PLAIN.items()},
        vat_number=vat_number,
        lines=tuple(
            (
                check_text(name, most=max(corrections.LONGEST_NAME, len(old)), field=""),
                check_text(description, most=max(corrections.LONGEST_DESCRIPTION, len(older)), field=""),
            )
            for (name, description), (old, older) in corrections.paired(right, was)
        ),
    )


def _put_right(said: snapshot.SemanticInvoice, right: Words) -> snapshot.SemanticInvoice:
    buyer = replace(
        said.buyer,
        name=right.name,
        address=replace(said.buyer.address, line=right.street, post_code=right.post_code, city=right.city),
        vat_identifier=right.vat_number,
    )
    lines = tuple(
        replace(line, name=name, description=description)
        for line, (name, description) in zip(said.lines, right.lines, strict=False)
    )
    return replace(
        said,
        buyer=buyer,
        buyer_reference=right.buyer_reference,
        order_number=right.order_number,
        lines=(*lines, *said.lines[len(lines) :]),
    )


def _lines_that_can(said: snapshot.SemanticInvoice) -> int:
    return len(said.lines) if len(said.lines) <= corrections.LARGEST else 0


def _is_outside(said: snapshot.SemanticInvoice) -> bool:
    """An invoice outside the scope of tax bears no VAT numbers (EN 16931, BR-O-02)."""
    return any(row.category == rules.OUTSIDE_SCOPE for row in said.taxes)


def _identity(party: snapshot.Party) -> rules.TaxIdentity:
    return rules.TaxIdentity(
        name=party.name,
        street=party.address.line,
        city=party.address.city,
        country=party.address.country_code,
        vat_number=party.vat_identifier,
        tax_number=party.tax_registration_identifier,
    )
