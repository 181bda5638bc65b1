"""Who a document is from and to, and where it is paid: the parties of EN 16931 as they stood when it was issued."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Postal address (BG-5, BG-8): line 1 (BT-35, BT-50), post code (BT-38, BT-53), city (BT-37, BT-52), country
    as ISO 3166-1 alpha-2 (BT-40, BT-55)."""

    line: str
    post_code: str
    city: str
    country_code: str


@dataclass(frozen=True, slots=True)
class ElectronicAddress:
    """Where a party receives electronic invoices (BT-34, BT-49) and the scheme of the address: EM is e-mail."""

    identifier: str
    scheme: str


@dataclass(frozen=True, slots=True)
class Brand:
    """How the sender's papers look: colour (``#rrggbb``) and its tint, a line for the foot, the SHA-256 of its logo."""

    accent: str
    tint: str
    foot_line: str
    logo: str


@dataclass(frozen=True, slots=True)
class Party:
    """Seller (BG-4) or buyer (BG-7): name (BT-27, BT-44), address, VAT identifier (BT-31, BT-48), tax registration
    (BT-32), legal registration (BT-30, BT-47), mailbox (BT-43, BT-58), electronic address (BT-34, BT-49), contact
    (BT-41, BT-56) and its telephone (BT-42, BT-57). ``brand`` is how the papers of a sender look, if it chose that."""

    name: str
    address: Address
    vat_identifier: str
    tax_registration_identifier: str
    legal_registration_identifier: str
    email: str
    electronic_address: ElectronicAddress | None
    contact_name: str = ""
    phone: str = ""
    brand: Brand | None = None


@dataclass(frozen=True, slots=True)
class CreditTransfer:
    """Where to pay (BG-17): account (BT-84: IBAN, or a national number), holder (BT-85), bank (BT-86)."""

    account_name: str
    iban: str
    bic: str
    account_number: str
    routing_number: str
    bank_name: str


@dataclass(frozen=True, slots=True)
class Payee:
    """Whom to pay when it is not the seller (BG-10): name (BT-59). The receivable was assigned before the issue."""

    name: str
