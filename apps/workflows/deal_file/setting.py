"""The setting of a deal: organisations founded, teams joined, accounts named, as people would do it in the portals.

What the database already has (an organisation of the same name and country, a person with the same mailbox) is used as
it is, so that several deals can be played into one database.
"""

from dataclasses import replace
from uuid import uuid4

from apps.core import clock
from apps.core.database import walls
from apps.parties import services as parties
from apps.parties import tokens
from apps.parties.actor import Actor, Origin, Proof
from apps.parties.models import Invitation, Organisation, User
from apps.parties.roles import Role
from apps.parties.services import AccountData, OrganisationData
from apps.workflows import team
from apps.workflows.deal_file.deal import Party, Person

ORIGIN = Origin(authenticated_by="deal file")


def found(party: Party) -> Organisation:
    """The organisation of a seller or a financier, with its whole team and its bank account."""
    organisation = known(party)
    if organisation is None:
        owner = owner_of(party)
        user = _enrol(owner, party)
        with walls.asking_for(user=user.pk):
            answer = team.found_organisation(user=user, origin=ORIGIN, key=str(uuid4()), data=data_of(party))
        organisation = Organisation.objects.using("owner").get(ref=answer["organisation"])
    settle(party, organisation)
    return organisation


def known(party: Party) -> Organisation | None:
    """The organisation of this name and country, if the database has it; read as the owner, who sees everybody."""
    return (
        Organisation.objects.using("owner")
        .filter(legal_name=party.legal_name, country=party.country)
        .order_by("id")
        .first()
    )


def name_counterparty(party: Party, *, by: Actor) -> Organisation:
    """The other side as who begins the contract wrote it down; its own people claim it after the first proposal."""
    organisation = known(party)
    if organisation is None:
        with walls.asking_for(by.organisation_id):
            answer = team.name_counterparty(actor=by, key=str(uuid4()), data=data_of(party))
        organisation = Organisation.objects.using("owner").get(ref=answer["organisation"])
    return organisation


def claim(party: Party, organisation: Organisation) -> None:
    """The owner takes the organisation over, as who was asked to sign a contract for it, and builds the team."""
    if not Organisation.objects.using("owner").get(pk=organisation.pk).is_claimed:
        user = _enrol(owner_of(party), party)
        with walls.asking_for(user=user.pk):
            team.claim_organisation(user=user, origin=ORIGIN, organisation_ref=organisation.ref)
    settle(party, organisation)


def settle(party: Party, organisation: Organisation) -> None:
    """Bank account and team, as far as they are missing."""
    owner = actor_of(owner_of(party), organisation)
    if party.bank is not None:
        account = AccountData(
            holder=party.legal_name,
            currency=party.currency,
            iban=party.bank.iban,
            bic=party.bank.bic,
            account_number=party.bank.account_number,
            routing_number=party.bank.routing_number,
            bank_name=party.bank.bank_name,
        )
        with walls.asking_for(organisation.pk, user=owner.user_id):
            team.set_bank_account(actor=owner, key=str(uuid4()), account=account)
    for person in party.people.values():
        if Role.OWNER not in person.roles:
            _join(person, party, organisation, owner)


def actor_of(person: Person, organisation: Organisation) -> Actor:
    """A member as an actor."""
    user = User.objects.get(email=person.email)
    with walls.asking_for(organisation.pk, user=user.pk):
        membership = parties.membership_of(user, organisation_id=organisation.pk)
        if membership is None:
            raise LookupError(f"{person.email} does not belong to {organisation.legal_name}")
        # Whoever writes a deal file is at the keyboard of the installation.
        proof = Proof(by=ORIGIN.authenticated_by, at=clock.now())
        return parties.actor_for(membership, origin=replace(ORIGIN, proof=proof))


def _join(person: Person, party: Party, organisation: Organisation, owner: Actor) -> None:
    user = _enrol(person, party)
    with walls.asking_for(organisation.pk, user=user.pk):
        if parties.membership_of(user, organisation_id=organisation.pk) is not None:
            return
        answer = team.invite_member(
            actor=owner,
            key=str(uuid4()),
            email=person.email,
            roles=frozenset(person.roles),
            approval_limit=person.approval_limit,
        )
        token = tokens.token_for(purpose="invitation", ref=Invitation.objects.get(ref=answer["invitation"]).ref)
    walls.enter(user=user.pk, token=tokens.digest_of(token))
    team.accept_invitation(user=user, origin=ORIGIN, token=token)
    walls.leave()


def _enrol(person: Person, party: Party) -> User:
    return parties.enrol(email=person.email, name=person.name, language=party.language)


def owner_of(party: Party) -> Person:
    """Who founds the organisation of a party, or takes it over."""
    return next(person for person in party.people.values() if Role.OWNER in person.roles)


def data_of(party: Party) -> OrganisationData:
    """What a party says of itself."""
    return OrganisationData(
        legal_name=party.legal_name,
        country=party.country,
        street=party.street,
        postcode=party.postcode,
        city=party.city,
        vat_number=party.vat_number,
        tax_number=party.tax_number,
        company_number=party.company_number,
        lei=party.lei,
        email=party.email,
        currency=party.currency,
        time_zone=party.time_zone,
        calendar_country=party.holidays[0],
        calendar_subdivision=party.holidays[1],
        language=party.language,
        electronic_scheme=party.electronic_scheme,
        electronic_address=party.electronic_address,
        contact_name=party.contact_name,
        phone=party.phone,
        buyer_reference=party.buyer_reference,
        is_financier=party.side == "financier",
    )
