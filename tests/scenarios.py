"""The states in which stories begin, built by the same workflows as in life; nothing is written around them.

The story: Nordlicht Software sells a software implementation to Meridian Logistik at 30 % prototype, 30 % integration,
40 % final delivery; Kontor Capital finances. ``organisations()`` makes all three with their people; the rest goes step
by step, and every step takes what the step before gave::

    parties = organisations()                      # parties.seller, parties.buyer, parties.financier
    contract = drafted_contract(parties)           # proposed_contract(parties), active_contract(parties)
    submission = submitted_milestone(contract)     # accepted_milestone(contract): with its invoice
    with acting(seller_actor(parties)):            # ask the database as this person
        ...

Each step happens at ``at`` (the clock is stopped there), or now. ``organisations("Foreign")`` makes strangers to the
first ones: other names, other mailboxes, the same story.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import transaction

from apps.contracts import services as contracts
from apps.contracts.drafts import ContractDraft, DraftCriterion, DraftLine, Due
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.milestones import services as milestones
from apps.milestones.models import Milestone, Submission
from apps.milestones.services import CriterionAnswer, Link
from apps.parties import services as parties_services
from apps.parties.actor import Actor, ActorKind, Origin, Proof
from apps.parties.models import Membership, Organisation
from apps.parties.roles import Role
from apps.parties.services import AccountData, OrganisationData
from apps.parties.services.members import join
from apps.workflows import contracting, sign_off

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
TEST_SYSTEM = Link("Test system", "https://test.nordlicht.example/login?site=7")
"""The bytes of a small evidence file."""
BROWSER = Origin(address="192.0.2.10", agent="Firefox", authenticated_by="e-mailed code")


def shown_now(origin: Origin) -> Origin:
    """The same, with a proof of a moment ago: for what asks once more who it is."""
    return replace(origin, proof=Proof(by="authenticator", at=clock.now()))


@dataclass(frozen=True)
class Parties:
    """The three organisations of a story and their people, by role: ``people["delivery"]``."""

    seller: Organisation
    buyer: Organisation
    financier: Organisation
    people: dict[str, Membership]
    domain: str


def organisations(name: str = "") -> Parties:
    """Seller, buyer (written down by the seller and taken over by its own owner since) and financier, with teams."""
    tag = f" {name}" if name else ""
    domain = f"{name.lower()}.example" if name else "example"
    people: dict[str, Membership] = {}
    at = clock.now()

    people["seller"] = _founded(f"Nordlicht Software GmbH{tag}", "Sina Nord", f"sina@nordlicht.{domain}", at=at)
    seller = people["seller"].organisation
    sina = actor_of(people["seller"])
    with acting(sina), transaction.atomic():
        parties_services.set_account(
            actor=sina,
            account=AccountData(
                holder=seller.legal_name, currency="EUR", iban="DE89370400440532013000", bic="COBADEFFXXX"
            ),
            at=clock.now(),
        )
        people["delivery"] = _joined(seller, "Dario Delgado", f"dario@nordlicht.{domain}", Role.DELIVERY, at=at)
        people["billing"] = _joined(seller, "Bilge Aydin", f"bilge@nordlicht.{domain}", Role.BILLING, at=at)
        buyer = parties_services.name_counterparty(
            actor=sina, data=_data(f"Meridian Logistik AG{tag}", f"einkauf@meridian.{domain}"), at=at
        )
    people |= claimed(buyer, domain=domain)

    people["financier"] = _founded(
        f"Kontor Capital GmbH{tag}", "Uli Unger", f"uli@kontor.{domain}", at=at, is_financier=True
    )
    financier = people["financier"].organisation
    uli = actor_of(people["financier"])
    with acting(uli), transaction.atomic():
        parties_services.set_account(
            actor=uli,
            account=AccountData(
                holder=financier.legal_name, currency="EUR", iban="DE75512108001245126199", bic="SOLADEST600"
            ),
            at=clock.now(),
        )
        for role, person in (
            (Role.ANALYST, "Ana Anders"),
            (Role.UNDERWRITER, "Udo Ulrich"),
            (Role.TREASURY, "Tea Thal"),
        ):
            mailbox = f"{person.split()[0].lower()}@kontor.{domain}"
            people[role.value] = _joined(financier, person, mailbox, role, at=at)
    return Parties(seller, buyer, financier, people, domain)


def named_buyer(parties: Parties, *, legal_name: str = "Hafen Spedition KG") -> Organisation:
    """A buyer that the seller wrote down and that has no people of its own here: it acts by personal link only."""
    sina = seller_actor(parties)
    with acting(sina), transaction.atomic():
        return parties_services.name_counterparty(
            actor=sina, data=_data(legal_name, f"kontakt@hafen.{parties.domain}"), at=clock.now()
        )


def claimed(buyer: Organisation, *, domain: str) -> dict[str, Membership]:
    """The buyer's own people take the organisation over: an owner, an approver who signs off, payables."""
    at = clock.now()
    mailbox = f"olga@meridian.{domain}"
    user = parties_services.enrol(email=mailbox, name="Olga Ost")
    with walls.asking_for(buyer.pk, *([buyer.nominated_by_id] if buyer.nominated_by_id else ()), user=user.pk):
        with transaction.atomic():
            _buyer, owner = parties_services.claim(
                user=user,
                organisation_id=buyer.pk,
                signatories={mailbox},
                mailboxes=parties_services.verified_mailboxes(user),
                at=at,
            )
            people = {
                "buyer": owner,
                "approver": _joined(buyer, "Bea Berg", f"bea@meridian.{domain}", Role.APPROVER, at=at),
                "payables": _joined(buyer, "Paul Pohl", f"paul@meridian.{domain}", Role.PAYABLES, at=at),
            }
        buyer.refresh_from_db()
    return people


# --- who acts ----------------------------------------------------------------------------------------------------


def actor_of(membership: Membership) -> Actor:
    """The member as an actor at a browser, whichever side that is."""
    return parties_services.actor_for(membership, origin=shown_now(BROWSER))


def member(parties: Parties, role: str) -> Actor:
    """Somebody of the story by role: seller, delivery, billing, buyer, approver, payables, financier, analyst, …"""
    return actor_of(parties.people[role])


def seller_actor(parties: Parties) -> Actor:
    """The seller's owner."""
    return member(parties, "seller")


def buyer_actor(parties: Parties) -> Actor:
    """The buyer's owner."""
    return member(parties, "buyer")


def approver_actor(parties: Parties) -> Actor:
    """The buyer's approver, whom the contract names as signatory; without limit."""
    return member(parties, "approver")


def analyst(parties: Parties) -> Actor:
    return member(parties, "analyst")


def underwriter(parties: Parties) -> Actor:
    return member(parties, "underwriter")


def treasury(parties: Parties) -> Actor:
    return member(parties, "treasury")


def guest_actor(grant: GuestGrant) -> Actor:
    """Whoever opens this personal link."""
    return Actor(
        kind=ActorKind.GUEST,
        organisation_id=grant.organisation_id,
        contract_id=grant.contract_id,
        grant_id=grant.pk,
        roles=frozenset({Role.APPROVER}),
        name=grant.name,
        email=grant.email,
        origin=Origin(address="198.51.100.7", agent="Safari", authenticated_by="personal link"),
    )


@contextmanager
def acting(actor: Actor, *, at: datetime | None = None) -> Iterator[Actor]:
    """Ask the database as this actor inside the block, and as nobody after it; the clock stands at ``at`` if given."""
    with _moment(at), walls.asking_for(actor.organisation_id, user=actor.user_id, contract=actor.contract_id):
        yield actor


def key() -> str:
    """A new one-time key."""
    return str(uuid4())


# --- the contract ------------------------------------------------------------------------------------------------


def software_draft(parties: Parties, **changes: Any) -> ContractDraft:
    """The software implementation at 40,000.00 EUR in 30/30/40; ``changes`` replace parts of it."""
    draft = ContractDraft(
        number="NL-2026-014",
        title="Warehouse software implementation",
        buyer_ref=parties.buyer.ref,
        currency="EUR",
        price=Decimal("40000.00"),
        payment_days=30,
        review_days=14,
        tax_category="S",
        tax_rate=Decimal(19),
        is_assignable=True,
        partial_acceptance=True,
        governing_law="Germany",
        terms="Delivery to the buyer's own servers.",
        signatory_name="Bea Berg",
        signatory_email=parties.people["approver"].user.email,
        lines=(
            line("Prototype", 30, planned_on=date(2026, 4, 15)),
            line("Integration", 30, planned_on=date(2026, 6, 30)),
            line("Final delivery and sign-off", 40, planned_on=date(2026, 9, 30)),
        ),
    )
    return replace(draft, **changes)


def line(title: str, percent: int | str, *, planned_on: date | None = None) -> DraftLine:
    """A milestone at a percentage, with one criterion that needs evidence and one that does not."""
    return DraftLine(
        title=title,
        scope=f"{title} as described in the specification.",
        basis="percent",
        percent=Decimal(percent),
        planned_on=planned_on,
        criteria=(
            DraftCriterion(f"{title}: the test protocol shows no open defect of class A.", needs_evidence=True),
            DraftCriterion(f"{title}: two users of the buyer were shown how to use it."),
        ),
    )


def hybrid_draft(
    parties: Parties, *, start: Due | None = None, deposit: Due | None = None, **changes: Any
) -> ContractDraft:
    """A deposit of 4,000.00, a milestone for the remainder, and four months of support at 500.00 that start with it."""
    lines = (
        DraftLine("Deposit", basis="amount", amount=Decimal("4000.00"), kind="deposit", due=deposit or Due()),
        replace(line("Go-live", 1), basis="remainder", percent=None),
        DraftLine(
            "Support",
            basis="amount",
            amount=Decimal("500.00"),
            kind="recurring",
            due=start or Due("acceptance", None, "Go-live", "month", 4),
        ),
    )
    return software_draft(parties, **{"lines": lines, **changes})


def drafted_contract(parties: Parties, *, draft: ContractDraft | None = None, at: datetime | None = None) -> Contract:
    """A draft that only the seller sees."""
    sina = seller_actor(parties)
    with acting(sina, at=at):
        answer = contracting.draft_contract(actor=sina, key=key(), draft=draft or software_draft(parties))
        return Contract.objects.get(ref=answer["contract"])


def proposed_contract(parties: Parties, *, draft: ContractDraft | None = None, at: datetime | None = None) -> Contract:
    """Signed by the seller and sent to the buyer's signatory by personal link."""
    contract = drafted_contract(parties, draft=draft, at=at)
    sina = seller_actor(parties)
    with acting(sina, at=at):
        _text, seen = contracts.preview(contract)
        contracting.propose_contract(actor=sina, key=key(), contract_ref=contract.ref, seen=seen)
        contract.refresh_from_db()
    return contract


def active_contract(parties: Parties, *, draft: ContractDraft | None = None, at: datetime | None = None) -> Contract:
    """Signed by both sides, the buyer's by personal link; its milestones exist."""
    contract = proposed_contract(parties, draft=draft, at=at)
    guest = guest_actor(link_to_sign(contract))
    with acting(guest, at=at):
        version = ContractVersion.objects.get(contract=contract)
        contracting.sign_contract(actor=guest, key=key(), version_ref=version.ref, seen=version.sha256)
        contract.refresh_from_db()
    return contract


def link_to_sign(contract: Contract) -> GuestGrant:
    """The live personal link to sign the proposed version."""
    return _link(contract, purpose=GuestGrant.Purpose.SIGN_CONTRACT)


def link_to_sign_off(submission: Submission) -> GuestGrant:
    """The live personal link to decide a submission."""
    return _link(submission.contract, purpose=GuestGrant.Purpose.SIGN_OFF, subject_ref=submission.ref)


# --- milestones --------------------------------------------------------------------------------------------------


def milestone_of(contract: Contract, *, position: int = 1, part: int = 1) -> Milestone:
    """A milestone of an active contract."""
    with walls.asking_for(contract.seller_id):
        return Milestone.objects.select_related("contract", "line").get(contract=contract, position=position, part=part)


def prepared_milestone(contract: Contract, *, actor: Actor, position: int = 1, at: datetime | None = None) -> Milestone:
    """A draft submission in which every criterion is met, with a file for each that needs evidence."""
    milestone = milestone_of(contract, position=position)
    with acting(actor, at=at):
        criteria = list(milestone.line.criteria.all())
        sign_off.prepare_submission(
            actor=actor,
            key=key(),
            milestone_ref=milestone.ref,
            note="Everything is installed on your test system.",
            answers=[
                CriterionAnswer(criterion.pk, is_met=True, note="Shown in the workshop.") for criterion in criteria
            ],
            links=[TEST_SYSTEM],
        )
        for criterion in criteria:
            if criterion.needs_evidence:
                upload = ContentFile(PDF, name=f"protocol-{criterion.position}.pdf")
                sign_off.attach_evidence(
                    actor=actor, milestone_ref=milestone.ref, upload=upload, criterion_id=criterion.pk
                )
    return milestone


def submitted_milestone(contract: Contract, *, position: int = 1, at: datetime | None = None) -> Submission:
    """Sent to the buyer by the seller's owner, with a personal link to its signatory."""
    actor = owner_of(contract.seller_id)
    milestone = prepared_milestone(contract, actor=actor, position=position, at=at)
    with acting(actor, at=at):
        _text, seen = milestones.preview(milestone)
        answer = sign_off.submit_milestone(actor=actor, key=key(), milestone_ref=milestone.ref, seen=seen)
        return Submission.objects.select_related("milestone", "contract").get(ref=answer["submission"])


def submitted_rest(rest: Milestone, *, at: datetime | None = None) -> Submission:
    """What is left of a milestone that was accepted in part, sent to the buyer."""
    actor = owner_of(rest.contract.seller_id)
    with acting(actor, at=at):
        criteria = rest.line.criteria.all()
        answers = [CriterionAnswer(one.pk, is_met=True, note="Now.", links=[TEST_SYSTEM]) for one in criteria]
        sign_off.prepare_submission(actor=actor, key=key(), milestone_ref=rest.ref, note="", answers=answers)
        _text, seen = milestones.preview(rest)
        answer = sign_off.submit_milestone(actor=actor, key=key(), milestone_ref=rest.ref, seen=seen)
        return Submission.objects.select_related("milestone__line", "contract").get(ref=answer["submission"])


def accepted_milestone(contract: Contract, *, position: int = 1, at: datetime | None = None) -> Milestone:
    """Accepted by the buyer's signatory by personal link: its invoice is issued."""
    submission = submitted_milestone(contract, position=position, at=at)
    guest = guest_actor(link_to_sign_off(submission))
    with acting(guest, at=at):
        sign_off.accept_milestone(actor=guest, key=key(), submission_ref=submission.ref, seen=submission.sha256)
        return Milestone.objects.select_related("contract", "line").get(pk=submission.milestone_id)


def owner_of(organisation_id: int) -> Actor:
    """The first owner of an organisation."""
    with walls.asking_for(organisation_id):
        owners = Membership.objects.live().filter(organisation_id=organisation_id, roles__contains=[Role.OWNER])
        return actor_of(owners.select_related("user", "organisation").order_by("id")[0])


# --- underneath --------------------------------------------------------------------------------------------------


def _moment(at: datetime | None) -> AbstractContextManager[None]:
    return clock.stopped(at) if at else nullcontext()


def _data(legal_name: str, email: str, *, is_financier: bool = False) -> OrganisationData:
    return OrganisationData(
        legal_name=legal_name,
        country="DE",
        street="Hafenstrasse 7",
        postcode="20457",
        city="Hamburg",
        vat_number="DE136695976",
        email=email,
        electronic_scheme="9930",
        electronic_address="DE136695976",
        contact_name="Buchhaltung",
        phone="+49 40 1234567",
        buyer_reference="04011000-1234512345-06",
        is_financier=is_financier,
    )


def _founded(legal_name: str, person: str, mailbox: str, *, at: datetime, is_financier: bool = False) -> Membership:
    user = parties_services.enrol(email=mailbox, name=person)
    with walls.asking_for(user=user.pk), transaction.atomic():
        _organisation, membership = parties_services.found(
            user=user,
            ref=uuid4().hex[:16],
            data=_data(legal_name, f"office@{mailbox.partition('@')[2]}", is_financier=is_financier),
            at=at,
        )
        return membership


def _joined(organisation: Organisation, person: str, mailbox: str, role: str, *, at: datetime) -> Membership:
    user = parties_services.enrol(email=mailbox, name=person)
    return join(user=user, organisation=organisation, roles={role}, at=at)


def _link(contract: Contract, *, purpose: str, subject_ref: str = "") -> GuestGrant:
    with walls.asking_for(contract.buyer_id):
        live = GuestGrant.objects.filter(
            contract=contract, purpose=purpose, used_at__isnull=True, revoked_at__isnull=True
        )
        return (live.filter(subject_ref=subject_ref) if subject_ref else live).get()
