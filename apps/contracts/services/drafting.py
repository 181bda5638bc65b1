"""Drafts: the seller's own paper until it is proposed."""

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from apps.contracts import rules
from apps.contracts.drafts import ContractDraft, DraftCriterion, DraftLine
from apps.contracts.models import Contract, ContractParty, ContractVersion, Criterion, PlanLine
from apps.contracts.models.contract import ContractState
from apps.contracts.services.locks import lock_by_ref
from apps.contracts.services.people import require_seller, seller_mailboxes
from apps.contracts.services.record import record
from apps.contracts.services.reviews import review_terms
from apps.core import canonical
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action


def draft(*, actor: Actor, draft: ContractDraft, at: datetime) -> Contract:
    """Start a contract whose seller is the actor's organisation. The buyer hears nothing of it yet."""
    actor.require(Action.EDIT_CONTRACT)
    if actor.speaks_for_financier:
        raise NotAllowed("A financier funds contracts of others and makes none.")
    checked = rules.check_draft(draft)
    contract = Contract(
        number=checked.number,
        title=checked.title,
        seller_id=actor.organisation_id,
        buyer=_buyer(actor, ref=checked.buyer_ref),
        currency=checked.currency,
        created_by_id=actor.user_id,
        created_at=at,
    )
    _save_numbered(contract)
    ContractParty.objects.create(contract=contract, organisation_id=contract.seller_id, side=ContractParty.Side.SELLER)
    version = ContractVersion(contract=contract, number=1, drafted_by_id=actor.user_id, created_at=at)
    _write(version, draft=checked, contract=contract)
    _record(contract, verb="contract.drafted", actor=actor, draft=checked, at=at)
    return contract


def fingerprint(draft: ContractDraft) -> str:
    """SHA-256 of a draft: by it a form tells which draft it was filled in from."""
    return canonical.sha256(canonical.text(draft))


def change_draft(*, actor: Actor, contract_ref: str, draft: ContractDraft, seen: str = "", at: datetime) -> Contract:
    """Put another draft in the place of the one that stands. The buyer stays who it is once it has been asked.

    ``seen`` is the :func:`fingerprint` of the draft that the person started from; if another one stands by now, that
    is :class:`Stale`. Without it, whatever stands is replaced.
    """
    contract = lock_by_ref(contract_ref=contract_ref)
    require_seller(contract, actor=actor, action=Action.EDIT_CONTRACT)
    checked = rules.check_draft(draft)
    version = draft_version(contract)
    if seen and seen != fingerprint(as_draft(version)):
        raise Stale(
            "Somebody changed this draft after you opened it, so nothing was saved. What you typed is still here: save"
            " again to put it in the place of the other changes, or reload the page to see those."
        )
    buyer = _buyer(actor, ref=checked.buyer_ref)
    if contract.was_proposed and buyer.pk != contract.buyer_id:
        raise Refused(
            "This contract was proposed to {buyer} already. Make a new one for another buyer.",
            field="buyer_ref",
            buyer=contract.buyer.legal_name,
        )
    contract.buyer = buyer
    contract.number, contract.title, contract.currency = checked.number, checked.title, checked.currency
    _save_numbered(contract)
    _clear(version)
    _write(version, draft=checked, contract=contract)
    _record(contract, verb="contract.draft_changed", actor=actor, draft=checked, at=at)
    return contract


def draft_version(contract: Contract) -> ContractVersion:
    """The version that is still a draft; refused when there is none."""
    version = contract.versions.filter(proposed_at__isnull=True).first()
    if contract.state != ContractState.DRAFT or version is None:
        raise IllegalTransition(
            "This contract is {state}. Only a draft can be changed.", state=str(contract.state).replace("_", " ")
        )
    return version


def draft_of(contract: Contract) -> ContractDraft:
    """The draft as plain values: what a form starts with."""
    return as_draft(draft_version(contract))


def as_draft(version: ContractVersion) -> ContractDraft:
    """A version as plain values."""
    contract = version.contract
    lines = version.lines.prefetch_related("criteria")
    return ContractDraft(
        number=contract.number,
        title=contract.title,
        buyer_ref=contract.buyer.ref,
        currency=contract.currency,
        price=version.price,
        payment_days=version.payment_days,
        review_days=version.review_days,
        review_unit=version.review_unit,
        review_country=version.review_country,
        review_subdivision=version.review_subdivision,
        review_time_zone=version.review_time_zone,
        silence=version.silence,
        partial_acceptance=version.partial_acceptance,
        tax_category=version.tax_category,
        tax_rate=version.tax_rate,
        is_assignable=version.is_assignable,
        governing_law=version.governing_law,
        terms=version.terms,
        signatory_name=version.signatory_name,
        signatory_email=version.signatory_email,
        lines=tuple(
            DraftLine(
                title=line.title,
                scope=line.scope,
                basis=line.basis,
                percent=line.percent,
                amount=line.amount if line.basis == PlanLine.Basis.AMOUNT else None,
                planned_on=line.planned_on,
                criteria=tuple(DraftCriterion(c.text, c.needs_evidence) for c in line.criteria.all()),
            )
            for line in lines
        ),
    )


def preview(contract: Contract) -> tuple[str, str]:
    """The text that the seller would sign now, and its SHA-256. Refused while something is missing."""
    text, _amounts = proposal(draft_version(contract))
    return text, canonical.sha256(text)


def proposal(version: ContractVersion) -> tuple[str, list[Decimal]]:
    """The canonical text of a draft as it would be proposed now, and the amounts of its lines."""
    contract = version.contract
    written = as_draft(version)
    amounts = rules.check_proposal(written)
    review = review_terms(version)
    rules.check_calendar(review)
    text = rules.version_text(
        contract={
            "ref": contract.ref,
            "number": contract.number,
            "title": contract.title,
            "currency": contract.currency,
            "version": version.number,
        },
        seller=_party(contract.seller),
        buyer=_party(contract.buyer),
        terms={
            "price": written.price,
            "payment_days": written.payment_days,
            "review_days": review.days,
            "review_unit": review.unit,
            "review_country": review.country,
            "review_subdivision": review.subdivision,
            "review_time_zone": review.time_zone,
            "silence": review.silence,
            "partial_acceptance": written.partial_acceptance,
            "tax_category": written.tax_category,
            "tax_rate": written.tax_rate,
            "is_assignable": written.is_assignable,
            "governing_law": written.governing_law,
            "further": written.terms,
        },
        signatory={"name": written.signatory_name, "email": written.signatory_email},
        lines=[
            rules.LineText(
                position=position,
                title=line.title,
                scope=line.scope,
                basis=line.basis,
                percent=line.percent,
                amount=amount,
                planned_on=line.planned_on,
                criteria=[(criterion.text, criterion.needs_evidence) for criterion in line.criteria],
            )
            for position, (line, amount) in enumerate(zip(written.lines, amounts, strict=True), start=1)
        ],
    )
    return text, amounts


def _buyer(actor: Actor, *, ref: str) -> Organisation:
    """An organisation that the actor's own knows: it wrote it down, or has a contract with it."""
    contracts = Contract.objects.visible_to(actor)
    known = Q(nominated_by_id=actor.organisation_id) | Q(pk__in=contracts.values("buyer"))
    known |= Q(pk__in=contracts.values("seller"))
    buyer = Organisation.objects.filter(known, ref=ref).exclude(pk=actor.organisation_id).first()
    if buyer is None:
        raise Refused("Choose the buyer from the organisations that you know.", field="buyer_ref")
    if buyer.is_financier:
        raise Refused("{name} finances others and buys nothing.", field="buyer_ref", name=buyer.legal_name)
    return buyer


def _save_numbered(contract: Contract) -> None:
    try:
        with transaction.atomic():
            contract.save()
    except IntegrityError as error:
        if "contract_number_unique_per_seller" not in str(error):
            raise
        raise Refused(
            "You already have a contract with the number {number}.", field="number", number=contract.number
        ) from error


def _clear(version: ContractVersion) -> None:
    """Take the plan out in two statements, however long it is: what refers to a line is refused by its foreign key."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM contracts_criterion c USING contracts_planline l WHERE l.id = c.line_id AND l.version_id = %s",
            [version.pk],
        )
        cursor.execute("DELETE FROM contracts_planline WHERE version_id = %s", [version.pk])


def _write(version: ContractVersion, *, draft: ContractDraft, contract: Contract) -> None:
    """Save a version and its whole plan as drafted."""
    version.price = draft.price
    version.payment_days, version.review_days = draft.payment_days, draft.review_days
    version.review_unit, version.silence = draft.review_unit, draft.silence
    version.review_country, version.review_subdivision = draft.review_country, draft.review_subdivision
    version.review_time_zone = draft.review_time_zone
    version.partial_acceptance = draft.partial_acceptance
    version.tax_category, version.tax_rate = draft.tax_category, draft.tax_rate
    version.is_assignable = draft.is_assignable
    version.governing_law, version.terms = draft.governing_law, draft.terms
    version.signatory_name, version.signatory_email = draft.signatory_name, draft.signatory_email
    if draft.signatory_email:
        sellers = seller_mailboxes(contract.seller)
        rules.check_signatory(draft.signatory_email, sellers=sellers, field="signatory_email")
    version.save()
    amounts = rules.known_amounts(
        draft.price,
        currency=draft.currency,
        portions=[rules.Portion(line.basis, line.percent, line.amount) for line in draft.lines],
    )
    lines = PlanLine.objects.bulk_create(
        PlanLine(
            version=version,
            position=position,
            title=line.title,
            scope=line.scope,
            basis=line.basis,
            percent=line.percent,
            amount=amount,
            planned_on=line.planned_on,
        )
        for position, (line, amount) in enumerate(zip(draft.lines, amounts, strict=True), start=1)
    )
    Criterion.objects.bulk_create(
        Criterion(line=saved, position=position, text=criterion.text, needs_evidence=criterion.needs_evidence)
        for saved, line in zip(lines, draft.lines, strict=True)
        for position, criterion in enumerate(line.criteria, start=1)
    )


def _record(contract: Contract, *, verb: str, actor: Actor, draft: ContractDraft, at: datetime) -> None:
    subject, sha256 = f"contract:{contract.ref}", fingerprint(draft)
    record(contract, verb=verb, subject=subject, actor=actor, at=at, draft_sha256=sha256)


def _party(organisation: Organisation) -> rules.PartyText:
    return rules.PartyText(
        ref=organisation.ref,
        legal_name=organisation.legal_name,
        street=organisation.street,
        postcode=organisation.postcode,
        city=organisation.city,
        country=organisation.country,
        vat_number=organisation.vat_number,
        company_number=organisation.company_number,
    )
