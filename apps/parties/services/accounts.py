"""Bank accounts: one per currency is printed on new invoices, or collects what buyers owe a financier."""

from dataclasses import asdict, dataclass
from datetime import datetime

from apps.core.errors import Refused
from apps.parties import rules
from apps.parties.actor import Actor
from apps.parties.models import BankAccount
from apps.parties.roles import Action
from apps.parties.services.organisations import lock


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountData:
    """An account by IBAN (with or without BIC), or by account and routing number in the United States."""

    holder: str
    currency: str
    iban: str = ""
    bic: str = ""
    account_number: str = ""
    routing_number: str = ""
    bank_name: str = ""


def set_account(*, actor: Actor, account: AccountData, at: datetime) -> BankAccount:
    """From now on new invoices in this currency name this account; what is issued keeps the account that it names.

    Whoever sends money elsewhere has shown a moment ago who it is.
    """
    actor.require(Action.MANAGE_ORGANISATION)
    actor.require_proof(at=at)
    lock(organisation_id=actor.organisation_id)
    checked = _checked(account)
    accounts = BankAccount.objects.visible_to(actor).filter(currency=checked["currency"])
    accounts.filter(is_default=True).update(is_default=False)
    known = accounts.filter(**checked).first()
    if known is None:
        return BankAccount.objects.create(organisation_id=actor.organisation_id, is_default=True, **checked)
    known.is_default = True
    known.save(update_fields=["is_default"])
    return known


def default_account(*, organisation_id: int, currency: str) -> BankAccount | None:
    """Where the organisation is paid in this currency, if it said so."""
    return BankAccount.objects.filter(organisation_id=organisation_id, currency=currency, is_default=True).first()


def _checked(account: AccountData) -> dict[str, str]:
    written = {name: value.strip() for name, value in asdict(account).items()}
    if not written["holder"]:
        raise Refused("Enter whose account it is.", field="holder")
    written["currency"] = rules.currency(written["currency"])
    if written["iban"]:
        written |= {"iban": rules.iban(written["iban"]), "bic": rules.bic(written["bic"])}
        return written | {"account_number": "", "routing_number": ""}
    if not written["account_number"]:
        raise Refused("Enter an IBAN, or an account number with its routing number.", field="iban")
    return written | {
        "bic": "",
        "account_number": rules.account_number(written["account_number"]),
        "routing_number": rules.routing_number(written["routing_number"]),
    }
