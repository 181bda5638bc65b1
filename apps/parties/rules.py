"""What an organisation may write about itself and its team: names, places, tax numbers, bank accounts, roles.

Check digits come from python-stdnum, countries and currencies from Babel's CLDR data. A refusal names the field.
"""

import re
from collections.abc import Set
from decimal import Decimal
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from babel import Locale
from stdnum import bic as bic_numbers
from stdnum import iban as iban_numbers
from stdnum import lei as lei_numbers
from stdnum.ch import vat as swiss_vat
from stdnum.eu import vat as european_vat
from stdnum.exceptions import ValidationError
from stdnum.gb import vat as british_vat
from stdnum.us import rtn

from apps.core import money
from apps.core.calendars import calendars, check_region
from apps.core.errors import Refused
from apps.core.texts import has_unseen, is_blank

_LEI: Final = re.compile(r"[0-9A-Z]{18}[0-9]{2}")
NOT_COUNTRIES: Final = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])
"""Codes of CLDR that ISO 3166-1 does not assign: groups of countries, parts of them, or nothing."""


@cache
def countries() -> frozenset[str]:
    """ISO 3166-1 alpha-2 codes."""
    codes = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - NOT_COUNTRIES


@cache
def time_zones() -> frozenset[str]:
    """Names of the IANA time zones that stand for a place, and UTC."""
    return frozenset(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")) | {"UTC"}


def mailbox(email: str) -> str:
    """A mailbox as this product writes it: without blanks around it, in lower case."""
    return email.strip().lower()


def legal_name(written: str) -> str:
    name = " ".join(written.split())
    if is_blank(name):
        raise Refused("Enter the legal name, as in the company register.", field="legal_name")
    if has_unseen(name):
        raise Refused("The name contains signs that cannot be seen. Type it anew.", field="legal_name")
    return name


def country(code: str) -> str:
    if code.strip().upper() not in countries():
        raise Refused("Choose a country.", field="country")
    return code.strip().upper()


def currency(code: str) -> str:
    if code.strip().upper() not in money.currencies():
        raise Refused("Choose a currency by its three letters, such as EUR.", field="currency")
    return code.strip().upper()


def time_zone(name: str) -> str:
    if name not in time_zones():
        raise Refused("Choose a time zone by its place, such as Europe/Berlin.", field="time_zone")
    return name


def vat_number(number: str, *, country: str) -> str:
    """The VAT number with its country in front and without blanks; check digits are checked for the EU, GB and CH.

    Other countries have no common form: there the number stays as typed.
    """
    if not number.strip():
        return ""
    try:
        return _checked_vat_number(number, country)
    except ValidationError:
        raise Refused(
            "{number} is not a valid VAT number of {country}. Check the digits, or leave the field empty.",
            field="vat_number",
            number=number.strip(),
            country=country,
        ) from None


def holiday_calendar(country: str, region: str) -> tuple[str, str]:
    """Country and region of a calendar of public holidays, in capital letters; both empty where none is named.

    A region needs its country. Source of the calendars: the library ``holidays``, by ISO 3166-1 and ISO 3166-2.
    """
    country, region = country.strip().upper(), region.strip().upper()
    if country and country not in calendars():
        raise Refused(
            "The holidays of {country} are not known. Choose the calendar of another country, or none.",
            field="calendar_country",
            country=country,
        )
    check_region(region, country=country, prefix="calendar_")
    return country, region


def lei(number: str) -> str:
    """The Legal Entity Identifier without blanks and hyphens: eighteen letters and digits, and two check digits.

    Source: ISO 17442-1; the check digits by ISO/IEC 7064, MOD 97-10.
    """
    compact = "".join(sign for sign in number.upper() if sign.isalnum())
    if _LEI.fullmatch(compact) and not lei_numbers.is_valid(compact):
        raise Refused(
            "The check digits of {number} do not fit: a letter or digit is mistyped. Check it, or leave the field"
            " empty.",
            field="lei",
            number=number.strip(),
        )
    if number.strip() and not _LEI.fullmatch(compact):
        raise Refused(
            "{number} is not a valid LEI: it has 20 letters and digits. Check it, or leave the field empty.",
            field="lei",
            number=number.strip(),
        )
    return compact


def _checked_vat_number(number: str, country: str) -> str:
    compact = "".join(sign for sign in number.upper() if sign.isalnum())
    if country == "GB":
        return "GB" + str(british_vat.validate(compact))
    if country == "CH":
        return str(swiss_vat.validate(compact))
    if country.lower() in european_vat.MEMBER_STATES:
        prefix = "EL" if country == "GR" else country
        return str(european_vat.validate(compact if compact.startswith(prefix) else prefix + compact))
    return " ".join(number.upper().split())


@cache
def member_states() -> frozenset[str]:
    """The member states of the European Union (ISO 3166-1 alpha-2)."""
    return frozenset(state.upper() for state in european_vat.MEMBER_STATES) - {"XI"}


def vat_country(number: str) -> str:
    """Which country gave a VAT number whose form and check digits are right: ISO 3166-1 alpha-2, or ``XI`` for Northern
    Ireland. Empty where they are not, or where the country has no form that is known here."""
    compact = "".join(sign for sign in number.upper() if sign.isalnum())
    prefix = compact[:2]
    try:
        if prefix == "GB":
            british_vat.validate(compact)
        elif prefix == "CH":
            swiss_vat.validate(compact)
        else:
            european_vat.validate(compact)
    except ValidationError:
        return ""
    return "GR" if prefix == "EL" else prefix


def iban(number: str) -> str:
    """The IBAN without blanks, its length and check digits right for its country."""
    try:
        return str(iban_numbers.validate(number))
    except ValidationError:
        raise Refused("This is not a valid IBAN. Check it digit by digit.", field="iban") from None


def bic(code: str) -> str:
    """The BIC in capitals, 8 or 11 signs; empty stays empty, because SEPA needs none."""
    if not code.strip():
        return ""
    try:
        return str(bic_numbers.validate(code))
    except ValidationError:
        raise Refused("This is not a valid BIC: it has 8 or 11 letters and digits.", field="bic") from None


def routing_number(number: str) -> str:
    """The nine digits of a US bank (ABA routing transit number), check digit right."""
    try:
        return str(rtn.validate(number))
    except ValidationError:
        raise Refused("This is not a valid routing number: it has nine digits.", field="routing_number") from None


def account_number(number: str) -> str:
    """A US account number: 4 to 17 digits, without blanks and dashes."""
    compact = number.replace(" ", "").replace("-", "")
    if not (compact.isascii() and compact.isdigit() and 4 <= len(compact) <= 17):
        raise Refused("Enter the account number: 4 to 17 digits.", field="account_number")
    return compact


def team_roles(roles: Set[str], *, allowed: Set[str]) -> list[str]:
    """The roles of a membership, in a fixed order: at least one, and only such as this organisation has."""
    if not roles:
        raise Refused("Choose at least one role.", field="roles")
    if not roles <= allowed:
        raise Refused("This role does not exist in your organisation.", field="roles")
    return sorted(str(role) for role in roles)


def approval_limit(limit: Decimal | None, *, roles: Set[str], signing: Set[str], currency: str) -> Decimal | None:
    """Up to how much a member signs off, or pays back, alone; None is without limit. Only such a role can have one."""
    if limit is None:
        return None
    if roles.isdisjoint(signing):
        raise Refused(
            "Only owners and approvers sign off, and owners and billing pay back, so only they can have a limit.",
            field="approval_limit",
        )
    return money.payable(limit, currency, field="approval_limit")


def step_up_limit(above: Decimal | None, *, currency: str) -> Decimal | None:
    """The amount above which whoever signs off is asked again who it is; None asks nobody."""
    if above is None:
        return None
    return money.payable(above, currency, field="above")


GERMAN_SPEAKING = frozenset({"DE", "AT", "CH"})


def language_of(country: str) -> str:
    """In which of the product's languages an organisation is written to before it says itself: by its country."""
    return "de" if country in GERMAN_SPEAKING else "en"
