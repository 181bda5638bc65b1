"""Whether an account that a statement names is one that an organisation wrote down: banks write the same one in several
ways."""

import re
from typing import Final

_LONGEST: Final = 70
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_GERMAN_BANK, _GERMAN_ACCOUNT = 8, 10


def squeezed(written: str) -> str:
    """Letters and digits alone, in capitals: ``DE89 3704 …`` and ``DE893704…`` are one account."""
    return "".join(sign for sign in written[:_LONGEST].upper() if sign.isascii() and sign.isalnum())


def is_account(named: str, *, iban: str, account_number: str, routing_number: str) -> bool:
    """Whether ``named`` means this account: the IBAN, with or without the currency behind it; a German bank code and
    account number with a slash between (as MT940 has it); a national number, with or without the number of the bank.
    """
    said = squeezed(named)
    if not said:
        return False
    if iban:
        known = squeezed(iban)
        return said == known or _without_currency(said) == known or _german(named) == known[4:]
    known = squeezed(account_number)
    return said in (known, squeezed(routing_number) + known)


def _without_currency(said: str) -> str:
    return said[:-3] if _CURRENCY.fullmatch(said[-3:]) else said


def _german(named: str) -> str:
    """Bank code and account number as they stand in a German IBAN: the account filled up with zeros."""
    bank, slash, account = named.strip().partition("/")
    digits = re.match(r"[0-9]{1,10}", account)
    if not slash or not digits or not re.fullmatch(rf"[0-9]{{{_GERMAN_BANK}}}", bank):
        return ""
    return bank + digits[0].zfill(_GERMAN_ACCOUNT)
