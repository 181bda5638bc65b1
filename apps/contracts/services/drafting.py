"""Drafts: the own paper of the side that writes, until it is proposed."""

from datetime import datetime

from apps.contracts import rules
from apps.contracts.drafts import ContractDraft
from apps.contracts.models import Contract, ContractParty, ContractVersion
from apps.contracts.models.contract import ContractState
from apps.contracts.services.beginning import begun_as, check_number, save_numbered, take_other_side
from apps.contracts.services.grants import revoke_other_take_overs
from apps.contracts.services.mailboxes import house_mailboxes
from apps.contracts.services.plans import clear_plan, write_plans
from apps.contracts.services.record import record
from apps.contracts.services.sides import Side, require_writer
from apps.contracts.services.versions import as_draft, draft_version, fingerprint
from apps.core.errors import NotAllowed, Refused, Stale
from apps.parties.actor import Actor
from apps.parties.roles import Action


def draft(*, actor: Actor, draft: ContractDraft, at: datetime) -> Contract:
    """Start a contract of which the actor's organisation is one side: the buyer where the draft names a seller.

    The other side hears nothing of it yet.
    """
    actor.require(Action.EDIT_CONTRACT)
    if actor.speaks_for_financier:
        raise NotAllowed("A financier funds contracts of others and makes none.")
    checked = rules.check_draft_with_options(draft)
    side = begun_as(checked)
    contract = Contract(begun_by=side, created_by_id=actor.user_id, created_at=at)
    take_other_side(contract, draft=checked, actor=actor)
    contract.number, contract.title, contract.currency = checked.number, checked.title, checked.currency
    save_numbered(contract)
    ContractParty.objects.create(contract=contract, organisation_id=actor.organisation_id, side=side)
    version = ContractVersion(contract=contract, author=side, number=1, drafted_by_id=actor.user_id, created_at=at)
    require_writer(contract, actor=actor, at=at)
    _write(version, draft=checked, contract=contract)
    _record(contract, verb="contract.drafted", actor=actor, at=at)
    return contract


def change_draft(*, contract: Contract, actor: Actor, draft: ContractDraft, seen: str = "", at: datetime) -> None:
    """Put another draft in the place of the one of the actor's side that stands.

    The other side stays who it is once it has been asked; number, title and currency are to be written by who began the
    contract, and stay while a proposal waits. Once something was proposed, the contract shows them when they are.
    ``seen`` is the :func:`fingerprint` of the draft that the person started from; if another one stands by now, that is
    :class:`Stale`. Without it, whatever stands is replaced.
    """
    side = require_writer(contract, actor=actor, at=at)
    checked = rules.check_draft_with_options(draft)
    version = draft_version(contract, side=side)
    if seen and seen != fingerprint(as_draft(version)):
        raise Stale(
            "Somebody changed this draft after you opened it, so nothing was saved. What you typed is still here: save"
            " again to put it in the place of the other changes, or reload the page to see those."
        )
    if side != contract.begun_by or contract.state == ContractState.PROPOSED:
        _refuse_another_heading(contract, draft=checked)
    else:
        asked = contract.buyer if side == Side.SELLER else contract.seller
        take_other_side(contract, draft=checked, actor=actor)
        if contract.was_proposed and asked.pk not in (contract.buyer_id, contract.seller_id):
            raise Refused(
                "This contract was proposed to {asked} already. Make a new one for somebody else.",
                field="buyer_ref" if side == Side.SELLER else "seller_ref",
                asked=asked.legal_name,
            )
        check_number(contract, number=checked.number)
        if not contract.was_proposed:
            contract.number, contract.title, contract.currency = checked.number, checked.title, checked.currency
        save_numbered(contract)
        revoke_other_take_overs(contract=contract, at=at)
    clear_plan(version)
    _write(version, draft=checked, contract=contract)
    _record(contract, verb="contract.draft_changed", actor=actor, at=at)


def _refuse_another_heading(contract: Contract, *, draft: ContractDraft) -> None:
    """What every version of a contract has in common is not changed by an answer to a proposal."""
    for field, stands, written in (
        ("number", contract.number, draft.number),
        ("title", contract.title, draft.title),
        ("currency", contract.currency, draft.currency),
        ("buyer_ref", contract.buyer.ref, draft.buyer_ref),
    ):
        if written != stands:
            raise Refused(
                "This is “{stands}” in the version that you answer, and it stays so. Ask for changes to have it"
                " changed.",
                field=field,
                stands=stands,
            )


def _write(version: ContractVersion, *, draft: ContractDraft, contract: Contract) -> None:
    """Save a version and its whole plan as drafted."""
    version.contract_number, version.title, version.currency = draft.number, draft.title, draft.currency
    version.price = draft.price
    version.payment_days, version.payment_basis = draft.payment_days, draft.payment_basis
    version.bills_by = draft.bills_by
    version.review_days = draft.review_days
    version.review_unit, version.silence = draft.review_unit, draft.silence
    version.review_country, version.review_subdivision = draft.review_country, draft.review_subdivision
    version.review_time_zone = draft.review_time_zone
    version.partial_acceptance = draft.partial_acceptance
    version.question_suspensions = draft.question_suspensions
    version.needs_inspection = draft.needs_inspection
    version.second_acceptor_above = draft.second_acceptor_above
    version.notice_days = draft.notice_days
    version.tax_category, version.tax_rate = draft.tax_category, draft.tax_rate
    version.exemption_code, version.exemption_reason = draft.exemption_code, draft.exemption_reason
    version.is_assignable = draft.is_assignable
    version.retention = rules.plain_retention(draft.retention)
    version.late_payment = rules.plain_late_payment(draft.late_payment)
    version.payment_documents = rules.plain_payment_documents(draft.payment_documents)
    version.charges = rules.plain_charges(draft.charges)
    version.governing_law, version.terms = draft.governing_law, draft.terms
    version.answer_until = draft.answer_until
    version.signatory_name, version.signatory_email = draft.signatory_name, draft.signatory_email
    if draft.signatory_email:
        sellers = house_mailboxes(contract.seller)
        rules.check_signatory(draft.signatory_email, sellers=sellers, field="signatory_email")
    version.plan_name = draft.plan_name
    version.save()
    write_plans(version, draft=draft)


def _record(contract: Contract, *, verb: str, actor: Actor, at: datetime) -> None:
    """That somebody wrote, and not what: both sides read this chain, and a hash of a draft could be guessed."""
    record(contract, verb=verb, subject=f"contract:{contract.ref}", actor=actor, at=at)
