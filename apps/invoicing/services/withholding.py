"""What is withheld of an invoice when it is issued, by the terms of its contract."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from apps.contracts import rules as contracts
from apps.contracts.drafts import LineTerms
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import RetentionTerms
from apps.core import money
from apps.core.database import at_once, kept
from apps.invoicing import rules, snapshot
from apps.invoicing.services import causes
from apps.invoicing.services.recovery import Deduction
from apps.milestones.models import Milestone

BEFORE: Final = """
    SELECT
        (SELECT coalesce(jsonb_agg(g), '[]') FROM (
            SELECT l.retention_rate::text AS own, coalesce(l.is_materials, false) AS is_materials,
                sum(b.net)::text AS net
            FROM (
                SELECT i.milestone_id, i.net FROM invoicing_invoice i
                WHERE i.contract_id = c.id AND i.kind IN ('milestone', 'advance')
                UNION ALL
                SELECT i.milestone_id, -n.net
                FROM invoicing_creditnote n JOIN invoicing_invoice i ON i.id = n.invoice_id
                WHERE n.contract_id = c.id AND i.kind IN ('milestone', 'advance')
                AND n.purpose IN ('correction', 'nullification', 'replacement')
                UNION ALL
                SELECT p.milestone_id, p.certified - p.recovered
                FROM invoicing_application a JOIN invoicing_invoice i ON i.application_id = a.id
                JOIN invoicing_applicationline p ON p.application_id = a.id
                WHERE a.contract_id = c.id
                UNION ALL
                SELECT coalesce(q.milestone_id, w.milestone_id), -s.net
                FROM invoicing_creditnote n JOIN invoicing_invoice i ON i.id = n.invoice_id AND i.kind = 'application'
                JOIN invoicing_creditnoteline s ON s.credit_note_id = n.id
                JOIN invoicing_invoiceline q ON q.id = s.invoice_line_id
                LEFT JOIN milestones_nullification w ON w.id = n.nullification_id
                WHERE n.contract_id = c.id
            ) b
            LEFT JOIN milestones_milestone m ON m.id = b.milestone_id
            LEFT JOIN contracts_planline l ON l.id = m.line_id
            GROUP BY l.retention_rate, l.is_materials
        ) g)::text,
        (SELECT coalesce(jsonb_agg(k), '[]') FROM (
            SELECT r.kind, sum(r.held)::text AS held,
                coalesce(sum(r.carried) FILTER (WHERE i.replaced_milestone_id IS NULL), 0)::text AS carried
            FROM invoicing_retention r JOIN invoicing_invoice i ON i.id = r.invoice_id
            WHERE r.contract_id = c.id GROUP BY r.kind
        ) k)::text,
        (SELECT coalesce(array_agg(e.position), '{}') FROM invoicing_retentionrelease e WHERE e.contract_id = c.id),
        NOT EXISTS (
            SELECT 1 FROM milestones_milestone m WHERE m.contract_id = c.id AND NOT (m.id = ANY (%s))
            AND m.state NOT IN ('accepted', 'nullified', 'cancelled')
        ) AND NOT EXISTS (
            SELECT 1 FROM invoicing_application a JOIN invoicing_applicationline p ON p.application_id = a.id
            WHERE a.contract_id = c.id AND a.state IN ('open', 'submitted') AND NOT (p.milestone_id = ANY (%s))
            AND p.claimed > 0
            AND NOT EXISTS (
                SELECT 1 FROM invoicing_applicationline q WHERE q.milestone_id = p.milestone_id AND q.certified > 0
            )
        ) AND NOT EXISTS (
            SELECT 1 FROM milestones_reservation h
            JOIN contracts_contractversion v ON v.id = c.active_version_id AND v.bills_by = 'application'
            WHERE h.contract_id = c.id AND h.state IN ('open', 'mended') AND h.amount > 0
            AND NOT (h.milestone_id = ANY (%s))
            AND NOT EXISTS (
                SELECT 1 FROM invoicing_applicationline q WHERE q.milestone_id = h.milestone_id AND q.certified > 0
            )
        ),
        (SELECT coalesce(sum(l.amount), 0) FROM contracts_planline l
            WHERE l.version_id = %s AND (l.retention_rate IS NOT NULL OR (%s AND l.is_materials)))
    FROM contracts_contract c WHERE c.id = %s
"""
"""What was billed of a contract less what was credited, by the rates of its lines: milestones after what they give back
of deposits, and those deposits, which the buyer pays ahead of them (what returns to a deposit with a withdrawn
acceptance is of its milestone, as what was given back by it); what was withheld by kind; which parts were
released; whether this is the last milestone, so that every other one is accepted and, where applications for payment
are billed, certified at least in part; and what lines come to that steps do not count.

A contract is held by the caller, so nothing is added meanwhile.
"""


@dataclass(frozen=True, slots=True)
class Withholding:
    """What is kept back of an invoice: as its document says it, None where nothing is; kind by kind; and how much of it
    each line of billed work bears."""

    said: snapshot.Retained | None = None
    kinds: Sequence[rules.Kept] = ()
    of_lines: Sequence[Decimal] = ()


@dataclass(frozen=True, slots=True)
class BilledWork:
    """What an invoice bills of one milestone, net of tax: ``amount``, of which ``recovered`` gives deposits back."""

    milestone: Milestone
    amount: Decimal
    recovered: Decimal = money.ZERO

    @property
    def net(self) -> Decimal:
        return self.amount - self.recovered


def billed_of(cause: causes.Cause, *, deduction: Deduction, currency: str) -> list[BilledWork]:
    """What of a cause is work that was accepted; what is given back is borne in proportion (largest remainder)."""
    parts = [(one.milestone, one.amount) for one in cause.billed if one.milestone is not None]
    return works(parts, recovered=deduction.amount, currency=currency) if parts else []


def works(parts: Sequence[tuple[Milestone, Decimal]], *, recovered: Decimal, currency: str) -> list[BilledWork]:
    """The same of milestones with what is billed of each."""
    amounts = [amount for _milestone, amount in parts]
    shares = money.split(recovered, amounts, currency) if recovered else [money.ZERO for _one in parts]
    return [BilledWork(milestone, amount, share) for (milestone, amount), share in zip(parts, shares, strict=True)]


def is_withheld(version: ContractVersion, *, milestones: Sequence[Milestone | None]) -> bool:
    """Whether it is asked what was withheld before the invoice of these milestones; of what the calendar bills it is
    not."""
    return contracts.read_retention(version.retention) is not None and None not in milestones


def before_of(contract: Contract, *, version: ContractVersion, milestones: Sequence[Milestone | None]) -> at_once.Sql:
    """The question that :func:`withheld` asks before the invoice of these milestones, for whoever asks more at once."""
    terms = contracts.read_retention(version.retention)
    has_materials = terms is not None and terms.materials_rate is not None
    billed = [one.pk for one in milestones if one is not None]
    return at_once.Sql(BEFORE, [billed, billed, billed, version.pk, has_materials, contract.pk])


def withheld(
    *,
    contract: Contract,
    version: ContractVersion,
    totals: rules.Totals,
    billed: Sequence[BilledWork],
    asked: at_once.Sql | None = None,
) -> Withholding:
    """What is kept back of an invoice with these totals.

    ``billed`` is the work that it bills, accepted already or about to be; of what the calendar bills there is none, and
    nothing is kept back. One query, and none where nothing was agreed, or where it was ``asked`` before.
    """
    terms = contracts.read_retention(version.retention)
    if terms is None or not billed:
        return Withholding()
    asked = asked or before_of(contract, version=version, milestones=[one.milestone for one in billed])
    groups, held, released, is_last, apart = _before(asked, contract=contract)
    scale = rules.RetentionScale(version.price, version.price - apart, version.tax_rate)
    before = [_billed(Decimal(one["net"]), own=_own(one)) for one in groups]
    past = [_past(kind, held=held, released=released, terms=terms) for kind in range(1, len(terms.kinds) + 1)]
    currency = contract.currency
    if terms.payable_most is not None:
        above = rules.payable_before_final(
            net=totals.net,
            gross=totals.gross,
            billed=money.total(one.work + one.materials for one in before),
            held=past[0].held,
            terms=terms,
            scale=scale,
            currency=currency,
        )
        found = [rules.Kept(money.ZERO if is_last or past[0].is_over else above)]
        of_lines = money.split(found[0].held, [one.amount for one in billed], currency)
        return Withholding(_said(found, terms=terms, gross=totals.gross), found, of_lines)
    found, of_lines = rules.withheld_by_line(
        gross=totals.gross,
        before=before,
        lines=[_billed(one.net, own=one.milestone.line.own) for one in billed],
        past=past,
        terms=terms,
        scale=scale,
        currency=currency,
    )
    return Withholding(_said(found, terms=terms, gross=totals.gross), found, of_lines)


def withheld_before(
    contract: Contract, *, version: ContractVersion, terms: RetentionTerms
) -> tuple[list[rules.RetentionBilled], list[rules.RetentionPast]]:
    """What is billed of a contract by the rates of its lines, and what was withheld of it by kind. One query."""
    groups, held, released, *_rest = _before(before_of(contract, version=version, milestones=[]), contract=contract)
    billed = [_billed(Decimal(one["net"]), own=_own(one)) for one in groups]
    return billed, [_past(kind, held=held, released=released, terms=terms) for kind in range(1, len(terms.kinds) + 1)]


def _before(asked: at_once.Sql, *, contract: Contract) -> Any:
    if not asked.rows:
        with kept.cursor() as cursor:
            cursor.execute(asked.statement, asked.values)
            asked.rows = cursor.fetchall()
    if not asked.rows:
        raise LookupError(f"contract {contract.pk} cannot be seen: nobody asks for it")
    ((groups, held, *rest),) = asked.rows
    return json.loads(groups), {one["kind"]: one for one in json.loads(held)}, *rest


def _billed(net: Decimal, *, own: LineTerms) -> rules.RetentionBilled:
    work, materials = (money.ZERO, net) if own.is_materials else (net, money.ZERO)
    return rules.RetentionBilled(work=work, materials=materials, own=own.retention_rate)


def _own(group: dict[str, Any]) -> LineTerms:
    rate = Decimal(group["own"]) if group["own"] is not None else None
    return LineTerms(retention_rate=rate, is_materials=group["is_materials"])


def _past(kind: int, *, held: dict[int, Any], released: Sequence[int], terms: RetentionTerms) -> rules.RetentionPast:
    sums = held.get(kind, {"held": "0", "carried": "0"})
    parts = {one.position for one in terms.schedule if one.kind == kind}
    return rules.RetentionPast(Decimal(sums["held"]), Decimal(sums["carried"]), parts <= set(released))


def _said(found: Sequence[rules.Kept], *, terms: RetentionTerms, gross: Decimal) -> snapshot.Retained | None:
    held = money.total(one.held for one in found)
    if not held:
        return None
    parts = [(kind, one.held) for kind, one in zip(terms.kinds, found, strict=True) if one.held]
    return snapshot.Retained(
        held,
        gross - held,
        tuple(release for kind, _held in parts for release in kind.releases),
        tuple(snapshot.RetainedKind(kind.name, amount, kind.releases) for kind, amount in parts)
        if terms.further
        else (),
    )
