"""What a form of UBL demands and an invoice does not say: then nothing is written in it.

Each is a sentence for either side that says whose data to complete. An issued invoice never changes, so what is added
stands on the next one. Sources: Peppol BIS Billing 3.0.19 (PEPPOL-EN16931-R003, R010, R020, CL008, rules DE-R) and
XRechnung 3.0 (BR-DE-1 to 9, 15, 16); XRechnung 3.0 itself on the electronic addresses.
"""

from collections.abc import Iterator
from typing import Final

from django.utils.translation import gettext_noop as _

from apps.core.errors import Refused
from apps.invoicing.einvoice import codes, profiles
from apps.invoicing.einvoice.obstacles import obstacle_of
from apps.invoicing.einvoice.profiles import PEPPOL, Profile
from apps.invoicing.rules import OUTSIDE_SCOPE
from apps.invoicing.snapshot import Party, SemanticInvoice
from apps.parties import electronic

OWN_RULES: Final = frozenset({"DK", "EL", "GR", "IS", "IT", "NL", "NO", "SE"})
"""Countries whose sellers Peppol holds to rules of their own (DK-R, GR-R, IS-R, IT-R, NL-R, NO-R, SE-R), which need
terms that no snapshot has, such as the register that gave a company number."""


def lacks_of(invoice: SemanticInvoice, profile: Profile) -> list[Refused]:
    """Every reason for which the invoice cannot be exported in this form; empty when it can."""
    obstacle = obstacle_of(invoice)
    if obstacle is not None:
        return [Refused(str(obstacle.label))]
    return list(_lacks(invoice, profile))


def _lacks(invoice: SemanticInvoice, profile: Profile) -> Iterator[Refused]:
    seller, buyer = invoice.seller, invoice.buyer
    if profile == PEPPOL and not OWN_RULES.isdisjoint((seller.address.country_code, seller.vat_identifier[:2])):
        yield Refused(
            "Peppol has rules of its own for sellers of this country ({country}), which are not kept here yet."
            " Send the PDF: the XML inside it keeps EN 16931.",
            country=seller.address.country_code,
        )
        return
    countries = {"seller": seller.address.country_code, "buyer": buyer.address.country_code}
    is_german = profiles.wants_german_terms(profile, **countries)
    if profile == PEPPOL and is_german and any(row.category == OUTSIDE_SCOPE for row in invoice.taxes):
        yield Refused(
            "Between two German parties Peppol wants a rate of tax, and what lies outside the scope of tax has none."
            " Send the PDF, or XRechnung by another way."
        )
    # PEPPOL-EN16931-R003 takes the number of an order as well; BR-DE-15 does not.
    if not invoice.buyer_reference and not (profile == PEPPOL and invoice.order_number):
        yield Refused(
            "{form} needs a reference that the buyer gives, such as a Leitweg-ID, and this invoice bears none."
            " Ask {buyer} for it and add it to the data of {buyer}; it stands on the next invoice.",
            form=profile.name,
            buyer=buyer.name,
        )
    yield from _addresses(invoice, profile)
    type_code = profile.type_code(invoice)
    if type_code is None:
        yield Refused(
            "Peppol knows corrected invoices between German parties only. Send the PDF: the XML inside it keeps"
            " EN 16931. Or cancel the invoice and issue it anew, as a credit note and a new invoice."
        )
        return
    if invoice.credit_transfer is None and type_code not in codes.CREDIT_NOTES:
        yield Refused(
            "{form} says where to pay, and this invoice does not. {seller} must add a bank account to its"
            " organisation's data; it stands on the next invoice.",
            form=profile.name,
            seller=seller.name,
        )
    if is_german:
        yield from _german(invoice, profile)


def _addresses(invoice: SemanticInvoice, profile: Profile) -> Iterator[Refused]:
    """BT-34 and BT-49."""
    for party in (invoice.seller, invoice.buyer):
        address = party.electronic_address
        if address is None:
            yield Refused(
                "{form} needs the electronic address of {name}, and this invoice bears none. Add one to the data of"
                " {name}; it stands on the next invoice.",
                form=profile.name,
                name=party.name,
            )
        elif profile == PEPPOL and address.scheme not in electronic.ON_PEPPOL:
            yield Refused(
                "Peppol delivers to an identifier such as a GLN, a company number or a VAT number, and the electronic"
                " address of {name} is an e-mail. Choose another sort in the data of {name}; it stands on the next"
                " invoice.",
                name=party.name,
            )


def _german(invoice: SemanticInvoice, profile: Profile) -> Iterator[Refused]:
    """What Germany wants: a contact of the seller (BG-6), post codes and cities, a tax number."""
    seller = invoice.seller
    contact = {
        _("a contact person or department"): seller.contact_name,
        _("a telephone number"): seller.phone,
        _("an e-mail"): seller.email,
    }
    for what, said in contact.items():
        if not said:
            yield _missing(profile, seller, what)
    for party in (seller, invoice.buyer):
        for what, said in {_("a post code"): party.address.post_code, _("a city"): party.address.city}.items():
            if not said:
                yield _missing(profile, party, what)
    is_taxed = any(row.category != OUTSIDE_SCOPE for row in invoice.taxes)
    if is_taxed and not (seller.vat_identifier or seller.tax_registration_identifier):
        yield _missing(profile, seller, _("a VAT number or a tax number"))


def _missing(profile: Profile, party: Party, what: str) -> Refused:
    return Refused(
        "{form} needs {what} of {name}, and this invoice bears none. Add it to the data of {name}; it stands on the"
        " next invoice.",
        form=profile.name,
        what=what,
        name=party.name,
    )
