"""What a deal file says of its parties and their people."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from apps.parties import electronic, rules
from apps.parties.roles import Role
from apps.workflows.deal_file.deal import Bank, Party, Person
from apps.workflows.deal_file.reader import Place


def read_party(side: str, place: Place) -> Party:
    """An organisation of the deal with its team."""

    def text(key: str, most: int = 160) -> str:
        found = place.maybe(key)
        return found.text(most=most) if found is not None else ""

    state, currency = place.need("country"), place.need("currency").currency()
    country = state.country()
    vat = place.maybe("vat")
    zone = place.maybe("time_zone")
    language = place.maybe("language")
    bank = place.maybe("bank")
    electronic_place = place.maybe("electronic_address")
    found = electronic_place.attempt(_electronic) if electronic_place is not None else None
    address, scheme = found or ("", "")
    party = Party(
        side=side,
        legal_name=place.need("name").text(most=160),
        country=country,
        street=text("street"),
        postcode=text("postcode", 16),
        city=text("city", 80),
        # By the rules of its country, if that is known.
        vat_number=_vat_number(vat if not state.is_wrong else None, country),
        tax_number=text("tax_number", 30),
        company_number=text("company_number", 40),
        lei=_checked(place.maybe("lei"), rules.lei),
        email=text("email"),
        currency=currency,
        time_zone=zone.time_zone() if zone is not None else "Europe/Berlin",
        holidays=_holidays(place.maybe("holidays")),
        language=language.one_of("en", "de") if language is not None else "en",
        bank=bank.attempt(_bank) if bank is not None else None,
        people=_team(side, place.maybe("team")),
        electronic_scheme=scheme,
        electronic_address=address,
        contact_name=_checked(place.maybe("contact"), electronic.contact_name),
        phone=_checked(place.maybe("phone"), electronic.phone),
        buyer_reference=_checked(place.maybe("buyer_reference"), electronic.buyer_reference),
    )
    if side != "buyer" and not party.people:
        place.refuse("`team` is missing: somebody has to act for this party")
    place.done()
    return party


def _holidays(place: Place | None) -> tuple[str, str]:
    """A calendar of public holidays by ISO 3166: ``DE``, or ``DE-BY`` for Bavaria's."""
    if place is None:
        return "", ""
    country, _hyphen, region = place.text(most=43).partition("-")
    return place.by(lambda: rules.holiday_calendar(country, region), instead=("", ""))


def _electronic(place: Place) -> tuple[str, str]:
    """Address and scheme, which Peppol writes with a colon between: ``0204:04011000-1234512345-06``."""
    scheme, colon, address = place.text(most=110).partition(":")
    if not colon:
        place.refuse("expected the code of a scheme, a colon and the address, such as 9930:DE136695976")
    return place.by(lambda: electronic.electronic_address(address, scheme=scheme), instead=("", ""))


def _bank(place: Place) -> Bank:
    def text(key: str) -> str:
        found = place.maybe(key)
        return found.text(most=80) if found is not None else ""

    checked = {"iban": rules.iban, "bic": rules.bic, "account_number": rules.account_number}
    checked |= {"routing_number": rules.routing_number}
    numbers = {key: _checked(place.maybe(key), rule) for key, rule in checked.items()}
    bank = Bank(**numbers, bank_name=text("bank_name"))
    if not bank.iban and not bank.account_number:
        place.refuse("needs `iban`, or `account_number` and `routing_number`")
    place.done()
    return bank


def _checked(place: Place | None, rule: Callable[[str], str]) -> str:
    return place.by(lambda: rule(place.text(most=80)), instead="") if place is not None else ""


def _vat_number(place: Place | None, country: str) -> str:
    return _checked(place, lambda number: rules.vat_number(number, country=country))


def _team(side: str, place: Place | None) -> dict[str, Person]:
    people: dict[str, Person] = {}
    for nick, person in place.items() if place is not None else ():
        limit = person.maybe("approval_limit")
        roles = tuple(role.one_of(*Role.values) for role in person.need("roles").each())
        people[nick] = Person(
            nick=nick,
            side=side,
            name=person.need("name").text(most=120),
            email=person.need("email").email(),
            roles=roles,
            approval_limit=limit.number(least=Decimal(0)) if limit is not None else None,
        )
        person.done()
    if place is not None and not any(Role.OWNER in person.roles for person in people.values()):
        place.refuse("nobody has the role `owner`")
    return people


def check_mailboxes(place: Place, parties: Mapping[str, Party]) -> None:
    """Refuse two people with one mailbox."""
    seen: set[str] = set()
    for party in parties.values():
        for person in party.people.values():
            if person.email in seen:
                place.refuse(f"{person.email} stands twice; every person needs an e-mail address of their own")
            seen.add(person.email)
