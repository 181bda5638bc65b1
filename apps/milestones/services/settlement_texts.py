"""What would be signed at the end of a contract now: the open milestones, their values, the text and its statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef

from apps.contracts.models import Contract, Termination
from apps.core import canonical, money
from apps.core.errors import Refused, Stale
from apps.core.money import Money
from apps.core.spoken import Said, said
from apps.milestones import rules
from apps.milestones.models import Dispute, Milestone, Nullification, Settlement
from apps.milestones.models.milestone import OPEN, MilestoneState
from apps.milestones.models.settlement import Side
from apps.milestones.rules import AppliedFor, GivenValue, NotBilled, Valued


@dataclass(frozen=True, slots=True)
class SettlementDraft:
    """A settlement as it would be signed now: its number, the values, the text, its SHA-256 and the statement."""

    number: int
    values: Sequence[Valued]
    not_billed: Sequence[NotBilled]
    note: str
    text: str
    sha256: str
    statement: Said
    applied_for: AppliedFor | None = None

    @property
    def certified(self) -> Decimal:
        """What is accepted already, stands in an application for payment and is certified by it, net of tax."""
        return self.applied_for.amount if self.applied_for is not None else money.ZERO

    @property
    def valued(self) -> Decimal:
        """What is accepted and invoiced by it, net of tax."""
        return money.total(one.amount for one in self.values)

    @property
    def cancelled(self) -> Decimal:
        """What of the open milestones is not owed."""
        return money.total(one.cancelled for one in self.values)

    @property
    def at_stake(self) -> Decimal:
        """All that is unbilled of milestones for which something is owed, and what is certified: what limits and proofs
        are measured by, as with an acceptance in part."""
        return money.total(one.unbilled for one in self.values if one.amount) + self.certified


def open_values(contract: Contract) -> list[Valued]:
    """The open milestones of a contract that is to be settled, each with what is unbilled of it, and no value yet.

    Refused in words that name the milestone while one is under review or in dispute, or while it is asked to withdraw
    an acceptance: that is decided first.
    """
    disputed = Dispute.objects.live().filter(milestone=OuterRef("pk"), submission__isnull=False)
    rows = Milestone.objects.filter(contract=contract).annotate(is_disputed=Exists(disputed))
    found = list(rows.filter(state__in=[*OPEN, MilestoneState.SUBMITTED]).order_by("position", "part"))
    for one in found:
        if one.state == MilestoneState.SUBMITTED:
            raise Refused(
                "“{milestone}” is under review. It is valued once the buyer has decided, or the seller has taken the"
                " submission back.",
                milestone=one.title,
            )
        if vars(one)["is_disputed"]:
            raise Refused(
                "“{milestone}” is in dispute. Settle the dispute or withdraw it first; then value what is done.",
                milestone=one.title,
            )
    if Nullification.objects.waiting().filter(contract=contract).exists():
        raise Refused(
            "It was asked to withdraw an acceptance of this contract. Grant that or decline it first; after the end"
            " nothing goes on."
        )
    return [Valued(one.ref, one.position, one.part, one.title, one.amount) for one in found]


def draft_settlement(
    contract: Contract,
    *,
    notice: Termination,
    side: str,
    given: Sequence[GivenValue],
    not_billed: Sequence[NotBilled],
    note: str,
    applied_for: AppliedFor | None = None,
) -> SettlementDraft:
    """What a side would sign by proposing these values now; nothing is written. Refused where it cannot be signed."""
    number = notice.settlements.count() + 1
    if number > rules.MOST_SETTLEMENTS:
        raise Refused("{most} settlements were proposed already. Sign the last one.", most=rules.MOST_SETTLEMENTS)
    return _draft(
        contract,
        notice=notice,
        number=number,
        side=side,
        author=side,
        values=rules.values_of(open_values(contract), given, currency=contract.currency),
        not_billed=not_billed,
        note=rules.check_text(note, most=rules.LONGEST_NOTE, field="note"),
        applied_for=applied_for,
    )


def signable(
    settlement: Settlement,
    *,
    notice: Termination,
    side: str,
    not_billed: Sequence[NotBilled],
    applied_for: AppliedFor | None = None,
) -> SettlementDraft:
    """The settlement as ``side`` would sign it now, in answer: with the text that follows from what stands today."""
    rows = settlement.valuations.select_related("milestone")
    given = [GivenValue(one.milestone.ref, one.amount, one.note) for one in rows]
    try:
        values = rules.values_of(open_values(settlement.contract), given, currency=settlement.currency)
    except Refused as refused:
        if refused.field != "values":
            raise
        raise Stale(
            "Something was accepted or changed since this settlement was proposed. Ask for a new one; nothing was"
            " signed."
        ) from None
    return _draft(
        settlement.contract,
        notice=notice,
        number=settlement.number,
        side=side,
        author=settlement.side,
        values=values,
        not_billed=not_billed,
        note=settlement.note,
        applied_for=applied_for,
    )


def _draft(
    contract: Contract,
    *,
    notice: Termination,
    number: int,
    side: str,
    author: str,
    values: Sequence[Valued],
    not_billed: Sequence[NotBilled],
    note: str,
    applied_for: AppliedFor | None,
) -> SettlementDraft:
    version = contract.active_version
    text = rules.settlement_text(
        contract={
            "ref": contract.ref,
            "number": contract.number,
            "title": contract.title,
            "sha256": version.sha256 if version is not None else "",
        },
        notice={
            "ref": notice.ref,
            "side": notice.side,
            "ground": notice.ground,
            "reason": notice.reason,
            "effective_on": notice.effective_on,
        },
        number=number,
        currency=contract.currency,
        values=values,
        not_billed=not_billed,
        note=note,
        applied_for=applied_for,
    )
    organisation = contract.seller if side == Side.SELLER else contract.buyer
    statement = said(
        rules.settlement_statement(
            side,
            organisation=organisation.legal_name,
            number=contract.number,
            settlement=number,
            valued=Money(money.total(one.amount for one in values), contract.currency),
            is_answer=side != author,
            applied_for=Money(applied_for.amount, contract.currency) if applied_for is not None else None,
        )
    )
    return SettlementDraft(number, values, not_billed, note, text, canonical.sha256(text), statement, applied_for)
