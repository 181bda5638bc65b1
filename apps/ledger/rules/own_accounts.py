"""What an organisation says of its own chart of accounts: is it something that the other program takes?"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from apps.core.errors import Refused
from apps.ledger.rules.plain_text import one_line, starts_a_formula

DATEV, XERO, QUICKBOOKS = "datev", "xero", "quickbooks"
SHORTEST, LONGEST = 4, 8
"""Digits of a general ledger account in DATEV."""
XERO_LINES: Final = 300
"""Lines of one file that Xero takes."""
LONGEST_CODE: Final = 10
"""Characters of an account code in Xero."""
LONGEST_NAME: Final = 100
"""Characters of an account name in QuickBooks."""
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-/]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a program asks besides accounts.

    DATEV: ``consultant`` and ``client`` are the numbers of the tax consultant and of the organisation there,
    ``year_begins`` is the month with which the financial year begins, ``chart`` is ``03``, ``04`` or empty. Xero:
    ``tax_rate`` is the name of the rate that computes no tax.
    """

    consultant: int | None = None
    client: int | None = None
    year_begins: int = 1
    chart: str = ""
    tax_rate: str = ""

    def kept(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)


def checked_accounts(package: str, accounts: Mapping[str, str]) -> dict[str, str]:
    """The organisation's account for each of ours that has one; refused, at its field, where it cannot be one."""
    typed = {code: one_line(account) for code, account in sorted(accounts.items())}
    given = {code: account for code, account in typed.items() if account}
    for code, account in given.items():
        _check(package, account, field=f"account_{code}")
    if package == DATEV and len({len(account) for account in given.values()}) > 1:
        lengths = ", ".join(str(length) for length in sorted({len(account) for account in given.values()}))
        raise Refused(
            "In DATEV all accounts have the same number of digits; these have {lengths}. Fill them up with zeros as"
            " your tax consultant does.",
            lengths=lengths,
        )
    return given


def _check(package: str, account: str, *, field: str) -> None:
    if package == DATEV and not (account.isascii() and account.isdigit() and SHORTEST <= len(account) <= LONGEST):
        raise Refused(
            "{account} is no account in DATEV: enter {shortest} to {longest} digits.",
            field=field,
            account=account,
            shortest=SHORTEST,
            longest=LONGEST,
        )
    if package == XERO and not (len(account) <= LONGEST_CODE and _CODE.fullmatch(account)):
        raise Refused(
            "{account} is no account code in Xero: enter up to {longest} letters and digits.",
            field=field,
            account=account,
            longest=LONGEST_CODE,
        )
    if package == QUICKBOOKS and (len(account) > LONGEST_NAME or '"' in account or starts_a_formula(account)):
        raise Refused(
            "{account} is no account name in QuickBooks: enter up to {longest} characters, without quotation marks, and"
            " not beginning with =, +, - or @.",
            field=field,
            account=account,
            longest=LONGEST_NAME,
        )


def checked_details(package: str, details: Details) -> Details:
    """The details, if the program takes them."""
    if package == DATEV:
        if details.consultant is None or not 1_001 <= details.consultant <= 9_999_999:
            raise Refused(
                "A consultant number in DATEV lies between 1001 and 9999999. Ask your tax consultant.",
                field="consultant",
            )
        if details.client is None or not 1 <= details.client <= 99_999:
            raise Refused("A client number in DATEV lies between 1 and 99999. Ask your tax consultant.", field="client")
        if not 1 <= details.year_begins <= 12 or details.chart not in ("", "03", "04"):
            raise Refused("Choose a month and a chart from the lists.", field="year_begins")
    if package == XERO and (not details.tax_rate or starts_a_formula(details.tax_rate)):
        raise Refused(
            "Enter the name of the tax rate in Xero that computes no tax, such as Tax Exempt (0%).", field="tax_rate"
        )
    return details
