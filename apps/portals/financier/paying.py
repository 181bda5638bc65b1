"""Where treasury pays: the seller's account, in lines that can be copied into the bank's form."""

from decimal import Decimal

from django.utils.translation import gettext as _

from apps.financing import services as financing
from apps.financing.models import Tranche
from apps.portals import formats


def lines_of(row: Tranche, *, amount: Decimal, reference: str) -> list[tuple[str, str]]:
    """Holder, account, amount and a reference by which the seller knows the money; nothing without an account."""
    account = financing.account_of_seller(row)
    if account is None:
        return []
    lines = [
        (_("Account holder"), account.holder),
        ("IBAN", account.iban),
        ("BIC", account.bic),
        (_("Account number"), account.account_number),
        (_("Routing number"), account.routing_number),
        (_("Bank"), account.bank_name),
        (_("Amount"), formats.money(amount, row.currency)),
        (_("Reference"), reference),
    ]
    return [(term, value) for term, value in lines if value]


def why_not(row: Tranche) -> str:
    """The reason for which nothing can be paid to the seller; nothing when its account is known."""
    if financing.account_of_seller(row) is not None:
        return ""
    return _(
        "%(seller)s has named no bank account in %(currency)s. Ask them to add one to the organisation's data."
    ) % {"seller": row.seller.legal_name, "currency": row.currency}
