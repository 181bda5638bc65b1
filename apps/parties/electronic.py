"""Where an organisation receives electronic invoices, and what they must say so that they arrive.

The schemes are those that Peppol lets stand on an invoice, and e-mail, which EN 16931 and XRechnung know and Peppol
does not. Sources: list EAS (Electronic Address Scheme) of EN 16931; Peppol BIS Billing 3.0.19, PEPPOL-EN16931-CL008.
"""

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from stdnum import ean
from stdnum.be import vat as belgian_number
from stdnum.de import leitweg
from stdnum.dk import cvr
from stdnum.eu import vat as european_vat
from stdnum.exceptions import ValidationError
from stdnum.fr import siren, siret
from stdnum.no import orgnr as norwegian_number
from stdnum.se import orgnr as swedish_number

from apps.core.errors import Refused
from apps.core.texts import has_unseen
from apps.parties.rules import mailbox

EMAIL: Final = "EM"
"""Scheme of an address that is a mailbox; that of an organisation that names no other."""

SCHEMES: Final = MappingProxyType(
    {
        EMAIL: "E-mail",
        "0088": "GLN (GS1)",
        "0060": "D-U-N-S",
        "0199": "LEI",
        "0204": "Leitweg-ID (DE)",
        "9930": "USt-IdNr. (DE)",
        "9914": "UID (AT)",
        "9915": "Verwaltungskennzeichen (AT)",
        "0183": "UID (CH)",
        "9927": "MWST-Nr. (CH)",
        "0106": "KvK (NL)",
        "0190": "OIN (NL)",
        "9944": "Btw-nummer (NL)",
        "0208": "Ondernemingsnummer, numéro d'entreprise (BE)",
        "9925": "Btw-nummer, numéro de TVA (BE)",
        "9938": "Numéro de TVA (LU)",
        "0002": "SIREN (FR)",
        "0009": "SIRET (FR)",
        "0225": "Adresse électronique de facturation (FR)",
        "9957": "Numéro de TVA (FR)",
        "0201": "Codice Univoco Unità Organizzativa (IT)",
        "0210": "Codice fiscale (IT)",
        "0211": "Partita IVA (IT)",
        "9920": "NIF (ES)",
        "9946": "NIF (PT)",
        "9922": "NRT (AD)",
        "0184": "CVR (DK)",
        "0096": "P-nummer (DK)",
        "0007": "Organisationsnummer (SE)",
        "0192": "Organisasjonsnummer (NO)",
        "0196": "Kennitala (IS)",
        "0216": "OVT (FI)",
        "0213": "ALV-numero (FI)",
        "0191": "Registrikood (EE)",
        "9931": "KMKR (EE)",
        "0218": "Reģistrācijas numurs (LV)",
        "9939": "PVN numurs (LV)",
        "0200": "Juridinio asmens kodas (LT)",
        "9937": "PVM kodas (LT)",
        "9945": "NIP (PL)",
        "9929": "DIČ (CZ)",
        "9950": "IČ DPH (SK)",
        "9910": "Adószám (HU)",
        "9949": "ID za DDV (SI)",
        "9934": "OIB (HR)",
        "9947": "CIF (RO)",
        "9926": "ДДС номер (BG)",
        "9933": "ΑΦΜ (GR)",
        "9928": "ΑΦΤ (CY)",
        "9943": "VAT number (MT)",
        "9935": "VAT number (IE)",
        "9932": "VAT number (GB)",
        "9936": "MWST-Nr. (LI)",
        "9948": "ПИБ (RS)",
        "9959": "EIN (US)",
        "0195": "UEN (SG)",
        "0151": "ABN (AU)",
        "0188": "法人番号 (JP)",
        "0221": "登録番号 (JP)",
    }
)
"""Schemes that can be chosen, each with the name that the identifier has where it is given."""
_SELDOM: Final = (
    "0037 0097 0130 0135 0142 0147 0154 0158 0170 0177 0193 0194 0198 0202 0203 0205 0209 0212 0215 0217 0230 0235 0240"
    " 9913 9918 9919 9923 9924 9940 9941 9942 9951 9952 9953"
)
SELDOM: Final = frozenset(_SELDOM.split())
"""Schemes that others may use and that cannot be chosen here."""
ON_PEPPOL: Final = (frozenset(SCHEMES) | SELDOM) - {EMAIL}
"""Schemes that an invoice through Peppol may bear."""
LONGEST: Final = 100
LONGEST_REFERENCE: Final = 60
PHONE_DIGITS: Final = 3
"""A telephone number has at least so many. Source: XRechnung 3.0, BR-DE-27."""
MAILBOX: Final = re.compile(r"[^@\s]+@([^@.\s]+\.)+[^@.\s]+")


def _mailbox(written: str) -> str:
    if not MAILBOX.fullmatch(written):
        raise ValidationError
    return mailbox(written)


CHECKS: Final[dict[str, Callable[[str], str]]] = {
    EMAIL: _mailbox,
    "0002": siren.validate,
    "0007": swedish_number.validate,
    "0009": siret.validate,
    "0088": ean.validate,
    "0184": cvr.validate,
    "0192": norwegian_number.validate,
    "0204": leitweg.validate,
    "0208": belgian_number.validate,
    "9930": european_vat.validate,
    "9914": european_vat.validate,
    "9938": european_vat.validate,
    "9944": european_vat.validate,
    "9957": european_vat.validate,
}
"""Schemes whose check digits are known; an address of another scheme stays as typed."""


def electronic_address(written: str, *, scheme: str) -> tuple[str, str]:
    """The address and its scheme (BT-34, BT-49), check digits right where the scheme has them; neither, or both."""
    compact = "".join(written.split())
    if not compact and not scheme:
        return "", ""
    if not scheme:
        raise Refused("Choose what sort of address it is.", field="electronic_scheme")
    if scheme not in SCHEMES:
        raise Refused("E-invoices know no address of this sort. Choose one from the list.", field="electronic_scheme")
    if not compact:
        raise Refused("Enter the address itself, or choose no sort of address.", field="electronic_address")
    if len(compact) > LONGEST or has_unseen(compact):
        raise Refused("This is too long for an address, or has signs that cannot be seen.", field="electronic_address")
    try:
        return CHECKS.get(scheme, str)(compact), scheme
    except ValidationError:
        raise Refused(
            "{address} is not a valid address of the sort {sort}. Check it digit by digit.",
            field="electronic_address",
            address=compact,
            sort=SCHEMES[scheme],
        ) from None


def is_valid(address: str, *, scheme: str) -> bool:
    """Whether the check digits are right, where the scheme has such that are known here."""
    try:
        return bool(CHECKS.get(scheme, str)(address.strip()))
    except ValidationError:
        return False


def buyer_reference(written: str) -> str:
    """What a buyer wants to read on its invoices (BT-10), such as a Leitweg-ID, in one line.

    Its check digits are not checked: not every reference that looks like a Leitweg-ID is one.
    """
    return _line(written, field="buyer_reference")


def order_number(written: str) -> str:
    """The number of the buyer's order (BT-13), in one line."""
    return _line(written, field="order_number")


def contact_name(written: str) -> str:
    """Whom to ask about an invoice (BT-41): a person or a department."""
    return _line(written, field="contact_name")


def phone(written: str) -> str:
    """The telephone number of the contact (BT-42), as people write it."""
    number = _line(written, field="phone")
    if number and sum(sign.isdigit() for sign in number) < PHONE_DIGITS:
        raise Refused("This is not a telephone number: it has three digits at least.", field="phone")
    return number


def _line(written: str, *, field: str) -> str:
    line = " ".join(written.split())
    if len(line) > LONGEST_REFERENCE:
        raise Refused("This is too long: {most} signs at most.", field=field, most=LONGEST_REFERENCE)
    if has_unseen(line):
        raise Refused("This contains signs that cannot be seen. Type it anew.", field=field)
    return line
