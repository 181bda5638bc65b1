"""Organisations: founded by their own people, or written down by a counterparty and claimed later."""

from collections.abc import Set
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.conf import settings

from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.parties import electronic, rules
from apps.parties.actor import Actor
from apps.parties.models import Invitation, Membership, Organisation, User
from apps.parties.models.membership import LEFT_LATELY
from apps.parties.roles import Action, Role
from apps.parties.services.members import join


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationData:
    """What an organisation says of itself, as it stands on its documents.

    ``country`` is ISO 3166-1 alpha-2, ``currency`` ISO 4217, ``time_zone`` an IANA name. ``calendar_country`` and
    ``calendar_subdivision`` name a calendar of public holidays, empty is that of the country.
    """

    legal_name: str
    country: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    vat_number: str = ""
    tax_number: str = ""
    company_number: str = ""
    lei: str = ""
    email: str = ""
    currency: str = "EUR"
    time_zone: str = "Europe/Berlin"
    calendar_country: str = ""
    calendar_subdivision: str = ""
    language: str = "en"
    electronic_scheme: str = ""
    electronic_address: str = ""
    contact_name: str = ""
    phone: str = ""
    buyer_reference: str = ""
    is_financier: bool = False


def found(*, user: User, ref: str, data: OrganisationData, at: datetime) -> tuple[Organisation, Membership]:
    """Make an organisation whose first owner is the person who founds it."""
    organisation = Organisation.objects.create(
        ref=ref, founded_by=user, claimed_at=at, created_at=at, **asdict(_checked(data))
    )
    walls.widen(organisation.pk)
    return organisation, join(user=user, organisation=organisation, roles={Role.OWNER}, at=at)


def name_counterparty(*, actor: Actor, data: OrganisationData, at: datetime) -> Organisation:
    """Write down an organisation with which one wants to make a contract; its own people can claim it later."""
    actor.require(Action.EDIT_CONTRACT)
    checked = replace(_checked(data), is_financier=False)
    known = Organisation.objects.visible_to(actor).filter(
        nominated_by_id=actor.organisation_id, legal_name__iexact=checked.legal_name, country=checked.country
    )
    if known.exists():
        raise Refused(
            "You already wrote down {name}. Choose it from the list.", field="legal_name", name=data.legal_name
        )
    return Organisation.objects.create(nominated_by_id=actor.organisation_id, created_at=at, **asdict(checked))


def set_language(*, actor: Actor, organisation_ref: str, language: str) -> Organisation:
    """In which language an organisation is written to that one wrote down, until its own people take it over."""
    strange = NotAllowed("You did not write this organisation down, so it chooses its language itself.")
    organisation = _written_down(actor, organisation_ref, strange=strange)
    if organisation.is_claimed:
        raise Refused("{name} has people of its own now, who choose its language.", name=organisation.legal_name)
    if language not in dict(settings.LANGUAGES):
        raise Refused("Letters and invoices are not written in this language. Choose another.", field="buyer_language")
    organisation.language = language
    organisation.save(update_fields=["language"])
    return organisation


def set_address(*, actor: Actor, organisation_ref: str, street: str, postcode: str, city: str) -> Organisation:
    """Where an organisation is that one wrote down, until its own people take it over. Invoices bear street and city,
    so both must be there; documents that exist stay as they are."""
    strange = NotAllowed("You did not write this organisation down, so it enters its address itself.")
    organisation = _written_down(actor, organisation_ref, strange=strange)
    if organisation.is_claimed:
        raise Refused("{name} has people of its own now, who enter its address.", name=organisation.legal_name)
    organisation.street, organisation.postcode, organisation.city = street.strip(), postcode.strip(), city.strip()
    for field in ("street", "city"):
        if not getattr(organisation, field):
            raise Refused("An invoice bears the full address of the buyer. Enter street and city.", field=field)
    organisation.save(update_fields=["street", "postcode", "city"])
    return organisation


def _written_down(actor: Actor, ref: str, *, strange: NotAllowed) -> Organisation:
    """Hold the organisation that the actor's own one wrote down; ``strange`` is raised of any other."""
    actor.require(Action.EDIT_CONTRACT)
    mine = Organisation.objects.visible_to(actor).filter(nominated_by_id=actor.organisation_id)
    organisation = mine.select_for_update(of=("self",), no_key=True).filter(ref=ref).first()
    if organisation is None:
        raise strange
    return organisation


def change(*, actor: Actor, data: OrganisationData) -> Organisation:
    """Change what stands on the organisation's next documents; documents that exist stay as they are.

    Whether an organisation finances others was settled when it was founded. Approval limits are in its currency, which
    therefore stays while there are any.
    """
    actor.require(Action.MANAGE_ORGANISATION)
    organisation = lock(organisation_id=actor.organisation_id)
    checked = replace(_checked(data), is_financier=organisation.is_financier)
    if checked.currency != organisation.currency:
        _refuse_limits(organisation)
    changed = [name for name, value in asdict(checked).items() if getattr(organisation, name) != value]
    for name in changed:
        setattr(organisation, name, getattr(checked, name))
    if changed:
        organisation.save(update_fields=changed)
    return organisation


def set_step_up(*, actor: Actor, above: Decimal | None, at: datetime) -> Organisation:
    """From which net amount on, in the organisation's currency, whoever signs off shows once more who it is.

    None asks nobody. To ask for less weighs as much as what it protects, so the owner shows it too.
    """
    actor.require(Action.MANAGE_ORGANISATION)
    actor.require_proof(at=at)
    organisation = lock(organisation_id=actor.organisation_id)
    organisation.step_up_above = rules.step_up_limit(above, currency=organisation.currency)
    organisation.save(update_fields=["step_up_above"])
    return organisation


def claim(
    *, user: User, organisation_id: int, signatories: Set[str], mailboxes: Set[str], at: datetime
) -> tuple[Organisation, Membership]:
    """The buyer's own person takes over what a counterparty wrote down, and becomes its first owner.

    ``signatories`` are those that a proposed contract with the organisation names; ``mailboxes`` those that the
    user has proved to read. A member of the organisation that wrote it down is refused, and so is
    who was one until lately: nobody plays his own buyer.
    """
    organisation = lock(organisation_id=organisation_id)
    if organisation.is_claimed:
        raise Refused("{name} already has an owner. Ask them to invite you.", name=organisation.legal_name)
    if signatories.isdisjoint(mailboxes):
        raise NotAllowed(
            "Only the person whom a contract names as signatory can take over {name}.", name=organisation.legal_name
        )
    namers = Membership.objects.live_since(at - LEFT_LATELY).filter(organisation=organisation.nominated_by)
    if namers.filter(user=user).exists():
        raise NotAllowed(
            "You belong to the organisation that named {name}, or did not long ago.", name=organisation.legal_name
        )
    organisation.claimed_at = at
    organisation.save(update_fields=["claimed_at"])
    return organisation, join(user=user, organisation=organisation, roles={Role.OWNER}, at=at)


def _refuse_limits(organisation: Organisation) -> None:
    if organisation.step_up_above is not None:
        raise Refused(
            "The amount above which you ask again is in {currency}. Take it away before you change the currency.",
            field="currency",
            currency=organisation.currency,
        )
    limited = Membership.objects.live().filter(organisation=organisation, approval_limit__isnull=False)
    promised = Invitation.objects.filter(
        organisation=organisation, approval_limit__isnull=False, accepted_at__isnull=True, revoked_at__isnull=True
    )
    if limited.exists() or promised.exists():
        raise Refused(
            "Approval limits are in {currency}. Take the limits of your team and of open invitations away before you"
            " change the currency.",
            field="currency",
            currency=organisation.currency,
        )


def lock(*, organisation_id: int) -> Organisation:
    """Hold the organisation's row: changes of a team and of its data happen one after the other."""
    # Without its key: whoever writes a row that names the organisation must not wait here while holding its record.
    return Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=organisation_id)


def _checked(data: OrganisationData) -> OrganisationData:
    country = rules.country(data.country)
    calendar, region = rules.holiday_calendar(data.calendar_country, data.calendar_subdivision)
    address, scheme = electronic.electronic_address(data.electronic_address, scheme=data.electronic_scheme)
    return replace(
        data,
        legal_name=rules.legal_name(data.legal_name),
        country=country,
        vat_number=rules.vat_number(data.vat_number, country=country),
        lei=rules.lei(data.lei),
        email=rules.mailbox(data.email),
        currency=rules.currency(data.currency),
        time_zone=rules.time_zone(data.time_zone),
        calendar_country=calendar,
        calendar_subdivision=region,
        electronic_scheme=scheme,
        electronic_address=address,
        contact_name=electronic.contact_name(data.contact_name),
        phone=electronic.phone(data.phone),
        buyer_reference=electronic.buyer_reference(data.buyer_reference),
    )
