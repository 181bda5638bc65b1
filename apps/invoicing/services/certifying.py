"""The buyer's certificate for payment: at what it rules from then on, and with the one invoice that it issues."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion
from apps.core import canonical, money, states
from apps.core.errors import Refused, Stale
from apps.core.money import Money
from apps.core.spoken import Said, said
from apps.core.statements import Statement
from apps.invoicing.models import Application, ApplicationLine, Invoice
from apps.invoicing.models.application import ApplicationState
from apps.invoicing.services import causes
from apps.invoicing.services.application_texts import LinesBill, application_text, bill_of_lines
from apps.invoicing.services.applications import (
    LONGEST_COMMENT,
    LONGEST_REASON,
    compare,
    decided_by,
    in_force,
    lines_of,
    locked,
    needs_proof_to_certify,
    require_certifier,
)
from apps.invoicing.services.collected import stand
from apps.invoicing.services.issuing import issue_for
from apps.milestones import rules as sign_off
from apps.milestones.models import SettlementSignature
from apps.parties.actor import Actor, evidence_of


@dataclass(frozen=True, slots=True)
class Figure:
    """What is certified of one milestone of an application, net of tax, and why not more."""

    amount: Decimal
    reason: str = ""


def certify_application(
    ref: str,
    *,
    contract: Contract,
    application_ref: str,
    actor: Actor,
    seen: str,
    figures: Mapping[str, Figure],
    comment: str,
    at: datetime,
) -> Invoice:
    """The buyer's authorised person certifies an application, and its invoice is issued: this and nothing else does it.

    ``figures`` says what is certified of a milestone, by its reference, where it is less than was applied for, with the
    reason; that rules from then on, and the rest stands in the next application. ``ref`` is the new reference of the
    invoice, ``seen`` the SHA-256 of the text that was submitted.
    """
    application = locked(contract, application_ref=application_ref)
    version = in_force(contract)
    require_certifier(application, contract=contract, actor=actor, at=at)
    is_large = needs_proof_to_certify(application, contract=contract)
    proof = evidence_of(actor.require_proof(at=at) if is_large else None)
    states.move(application, ApplicationState.CERTIFIED, Application.TRANSITIONS)
    compare(application, seen=seen)
    application.proved_by, application.proved_at = proof["proved_by"], proof["proved_at"]
    application.comment = sign_off.check_text(comment, most=LONGEST_COMMENT, field="comment")
    decided_by(application, actor=actor, at=at)
    lines = lines_of(application)
    _write(lines, figures=figures, currency=contract.currency)
    bill = _freeze(application, lines=lines, contract=contract, version=version)
    rest = [(line.milestone, line.uncertified) for line in lines if line.uncertified]
    if rest:
        stand(rest, contract=contract, at=at)
    certified = money.total(line.certified or money.ZERO for line in lines)
    statement = certificate_statement(application)
    contracts.record(
        contract,
        verb="application.certified",
        subject=f"application:{application.ref}",
        actor=actor,
        at=at,
        private=actor.circumstances(is_within_limit=True, statement=statement.kept()),
        number=application.number,
        sha256=application.sha256,
        certified_sha256=application.certified_sha256,
        currency=contract.currency,
        claimed=money.total(line.claimed for line in lines),
        certified=certified,
        statement=statement.text,
        comment=application.comment,
        **proof,
    )
    return _issue(ref, application=application, lines=lines, bill=bill, contract=contract, actor=actor, at=at)


def certify_with_end(
    ref: str, *, contract: Contract, application: Application, by: SettlementSignature, actor: Actor, at: datetime
) -> Invoice:
    """What was submitted by the seller's signature under the settlement of a contract's end is certified whole by that
    of the buyer, which had the limit and the proof for it, and its invoice is issued.

    ``by`` is the buyer's signature, ``actor`` whoever signed last. The contract is held, and not terminated yet. Where
    the buyer has come to ask for a proof since it signed, it has to sign anew.
    """
    version = in_force(contract)
    if by.proved_at is None and needs_proof_to_certify(application, contract=contract):
        raise Stale(
            "Something was accepted, changed or billed since this settlement was proposed. Ask for a new one; nothing"
            " was signed."
        )
    states.move(application, ApplicationState.CERTIFIED, Application.TRANSITIONS)
    application.decided_at, application.decided_by_name = by.signed_at, by.name
    application.decided_by_id, application.grant_id = by.user_id, by.grant_id if by.user_id is None else None
    application.proved_by, application.proved_at = by.proved_by, by.proved_at
    lines = lines_of(application)
    for line in lines:
        line.certified = line.claimed
    bill = _freeze(application, lines=lines, contract=contract, version=version, settlement=by.settlement.number)
    certified = money.total(line.claimed for line in lines)
    contracts.record(
        contract,
        verb="application.certified",
        subject=f"application:{application.ref}",
        actor=actor,
        at=at,
        number=application.number,
        sha256=application.sha256,
        certified_sha256=application.certified_sha256,
        currency=contract.currency,
        claimed=certified,
        certified=certified,
        certified_by=by.name,
        settlement=by.settlement.ref,
    )
    return _issue(ref, application=application, lines=lines, bill=bill, contract=contract, actor=actor, at=at)


def certificate_statement(application: Application) -> Said:
    """What the buyer's person agrees to when certifying."""
    return said(
        Statement(
            "I am authorised to act for {organisation}. I have reviewed application for payment {number} as shown here"
            " and certify the figures that I leave or enter for payment, net of tax. One invoice for them is issued on"
            " my certificate.",
            "certificate-1",
            organisation=application.contract.buyer.legal_name,
            number=application.number,
        )
    )


def check_figure(figure: Figure, *, line: ApplicationLine, currency: str) -> Figure:
    """What is certified of one line, with its reason as it is kept; refused at its field where it cannot be."""
    ref, title, amount = line.milestone.ref, line.milestone.title, figure.amount
    if not amount.is_finite() or not money.ZERO <= amount <= line.claimed or not money.is_exact(amount, currency):
        raise Refused(
            "Of “{title}”, {claimed} were applied for. Certify that, or less, down to 0.",
            field=f"amount_{ref}",
            title=title,
            claimed=Money(line.claimed, currency),
        )
    reason = sign_off.check_text(" ".join(figure.reason.split()), most=LONGEST_REASON, field=f"reason_{ref}")
    if amount < line.claimed and not reason:
        raise Refused(
            "Say why you certify less of “{title}”, so that the seller knows what is missing.",
            field=f"reason_{ref}",
            title=title,
        )
    return Figure(amount, reason)


def _freeze(
    application: Application,
    *,
    lines: list[ApplicationLine],
    contract: Contract,
    version: ContractVersion,
    settlement: int | None = None,
) -> LinesBill:
    """Write what the certified lines come to, and the text of the certificate."""
    bill = bill_of_lines(lines, contract=contract, version=version)
    for line, (retained, recovered) in zip(lines, bill.shares, strict=True):
        line.retained, line.recovered = retained, recovered
    period = application.period
    if period is None:
        raise ValueError(f"application {application.ref} was submitted without a period")
    application.certified_text = application_text(
        application,
        lines=lines,
        contract=contract,
        version=version,
        period=period,
        bill=bill,
        settlement=settlement,
    )
    application.certified_sha256 = canonical.sha256(application.certified_text)
    application.save()
    ApplicationLine.objects.bulk_update(lines, ["certified", "reason", "retained", "recovered"])
    return bill


def _issue(
    ref: str,
    *,
    application: Application,
    lines: list[ApplicationLine],
    bill: LinesBill,
    contract: Contract,
    actor: Actor,
    at: datetime,
) -> Invoice:
    cause = causes.of_application(application, lines=lines, version=in_force(contract))
    invoice, _beside = issue_for(ref, cause=cause, contract=contract, actor=actor, at=at)
    if (invoice.net, invoice.gross) != (bill.totals.net, bill.totals.gross):
        raise ValueError(f"invoice {invoice.number} differs from what application {application.ref} says")
    return invoice


def _write(lines: list[ApplicationLine], *, figures: Mapping[str, Figure], currency: str) -> None:
    """What is certified of each line, at most what was applied for, and with a reason where it is less."""
    known = {line.milestone.ref for line in lines}
    if not known >= set(figures):
        raise Refused("There is no such line in this application. Reload the page.")
    for line in lines:
        figure = check_figure(figures.get(line.milestone.ref, Figure(line.claimed)), line=line, currency=currency)
        line.certified, line.reason = figure.amount, figure.reason
    if not any(line.certified for line in lines):
        raise Refused("Nothing would be certified. Return the application and say why instead.", field="comment")
