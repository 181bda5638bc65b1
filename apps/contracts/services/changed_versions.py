"""What a change order makes of the active version: the plan before and after, and the text that both sides sign."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from apps.contracts import rules
from apps.contracts.drafts import ChangeDraft, ContractDraft
from apps.contracts.models import ChangeOrder, Contract, ContractVersion, Criterion, PlanLine
from apps.contracts.models.change_order import ChangeOrderState
from apps.contracts.models.contract import ContractState
from apps.contracts.rules import PlacedLine
from apps.contracts.rules.conditions import plain_condition
from apps.contracts.services.dues import due_columns, measure_columns
from apps.contracts.services.people import check_signatory
from apps.contracts.services.plans import terms_of
from apps.contracts.services.reviews import review_terms
from apps.contracts.services.texts import text_of
from apps.contracts.services.versions import as_draft
from apps.core import canonical
from apps.core.errors import IllegalTransition, Refused


@dataclass(frozen=True, slots=True)
class Change:
    """A change as it would be signed now: the plan before and after, the terms that differ, the text, its SHA-256."""

    order: ChangeOrder
    version: ContractVersion
    before: list[PlacedLine]
    after: list[PlacedLine]
    terms: list[dict[str, Any]]
    text: str
    sha256: str


def plan_of(version: ContractVersion) -> list[PlacedLine]:
    """The lines of a version with their positions and what they come to."""
    stand = version.lines.order_by("position").values_list("position", "amount")
    return [
        PlacedLine(position, line, amount)
        for (position, amount), line in zip(stand, as_draft(version).lines, strict=True)
        if amount is not None
    ]


def preview_change(contract: Contract, *, draft: ChangeDraft, side: str) -> Change:
    """What a side would sign by proposing this change now; nothing is written. Refused where it cannot be signed."""
    base = active_version(contract)
    _require_none_proposed(contract)
    order = _order_to_price(contract, ref=draft.order_ref) if draft.order_ref else new_order(contract, draft=draft)
    before = plan_of(base)
    after = rules.changed_plan(before, draft, currency=contract.currency, next_position=_next_position(contract))
    stands = as_signed(base)
    written = rules.with_terms(stands, draft.terms)
    if written.signatory_email != stands.signatory_email:
        check_signatory(contract, mailbox=written.signatory_email)
    price, lines = rules.price_of(after), tuple(one.line for one in after)
    written = replace(written, price=price, answer_until=draft.answer_until, lines=lines, plan_name="", options=())
    rules.check_interest(written, before=stands)
    rules.check_scope_stays(before, after, stands=stands, written=written)
    version = _continued(base, order=order, side=side, written=written)
    terms = rules.terms_text(stands, written)
    if not terms and not rules.moved(before, after):
        raise Refused("These terms are as they were agreed, and nothing else is different yet.", field="terms")
    change = said(order, base=base, before=before, after=after, terms=terms)
    text, _amounts = text_of(version, written=written, positions=[one.position for one in after], change=change)
    return Change(order, version, before, after, terms, text, canonical.sha256(text))


def terms_moved(version: ContractVersion) -> list[dict[str, Any]]:
    """The terms of the contract that a version which a change order made says anew."""
    if version.changes is None:
        return []
    return rules.terms_text(as_signed(version.changes), as_signed(version))


def as_signed(version: ContractVersion) -> ContractDraft:
    """A version as plain values, with the calendar and the time zone that were signed where it names none."""
    review = review_terms(version)
    return replace(
        as_draft(version),
        review_country=review.country,
        review_subdivision=review.subdivision,
        review_time_zone=review.time_zone,
    )


def _require_none_proposed(contract: Contract) -> None:
    waiting = contract.change_orders.filter(state=ChangeOrderState.PROPOSED).first()
    if waiting is not None:
        raise Refused(
            "Change order {number}, “{title}”, still waits for an answer. Sign it, decline it or withdraw it first.",
            number=waiting.number,
            title=waiting.title,
        )


def contract_of_order(*, order_ref: str) -> "QuerySet[Any, int]":
    """The id of the contract that an order changes: a query, for :func:`lock` to ask while it locks."""
    return ChangeOrder.objects.filter(ref=order_ref).order_by().values_list("contract_id", flat=True)[:1]


def order_in(version: ContractVersion) -> ChangeOrder:
    """The change order that a version belongs to; refused for a version that no order made."""
    order = version.change_order
    if order is None:
        raise Refused("This version is no change order.")
    order.contract = version.contract
    return order


def order_of(contract: Contract, *, order_ref: str) -> ChangeOrder:
    """A change order of a locked contract."""
    order = contract.change_orders.filter(ref=order_ref).first()
    if order is None:
        raise Refused("There is no such change order in this contract.")
    order.contract = contract
    return order


def active_version(contract: Contract) -> ContractVersion:
    """The version in force of a contract that can be changed; refused where there is none."""
    version = contract.active_version
    if contract.state != ContractState.ACTIVE or version is None:
        raise IllegalTransition(
            "This contract is {state}. Only a contract that both sides signed, and that is not completed, is changed.",
            state=str(contract.get_state_display()),
        )
    version.contract = contract
    return version


def new_order(contract: Contract, *, draft: ChangeDraft) -> ChangeOrder:
    """The next change order of a contract, not saved."""
    checked = rules.check_change(draft)
    highest = contract.change_orders.aggregate(highest=Max("number"))["highest"] or 0
    return ChangeOrder(contract=contract, number=highest + 1, title=checked.title, reason=checked.reason)


def _order_to_price(contract: Contract, *, ref: str) -> ChangeOrder:
    order = order_of(contract, order_ref=ref)
    if order.state not in (ChangeOrderState.UNPRICED, ChangeOrderState.DECLINED, ChangeOrderState.EXPIRED):
        raise IllegalTransition(
            "This change order is already “{state}”, so it cannot become “{to}”. Reload the page to see what happened.",
            state=str(order.get_state_display()),
            to=str(ChangeOrderState.PROPOSED.label),
        )
    return order


def _next_position(contract: Contract) -> int:
    """Behind every line that was ever in force, or offered beside it: no position is given twice."""
    signed = contract.versions.alias(n=Count("signatures")).filter(n=2).values("pk")
    ever = PlanLine.objects.filter(Q(version__in=signed) | Q(version__option_of__in=signed))
    return (ever.order_by().aggregate(highest=Max("position"))["highest"] or 0) + 1


def _continued(base: ContractVersion, *, order: ChangeOrder, side: str, written: ContractDraft) -> ContractVersion:
    """A version, not saved, that takes over every term of the active one as it was signed, but for what is anew."""
    contract, review = base.contract, review_terms(base)
    terms = terms_of(base)
    newest = contract.versions.filter(proposed_at__isnull=False).aggregate(newest=Max("number"))["newest"] or 0
    version = ContractVersion(**terms, number=newest + 1, author=side, price=written.price, changes=base)
    version.contract = contract
    for name in rules.CHANGEABLE:
        setattr(version, name, getattr(written, name))
    # What was left to the buyer's own calendar and zone stays that of the day on which it was signed.
    version.review_country = written.review_country or review.country
    version.review_time_zone = written.review_time_zone or review.time_zone
    version.answer_until = written.answer_until
    version.retention = rules.plain_retention(written.retention)
    version.payment_documents = rules.plain_payment_documents(written.payment_documents)
    version.late_payment = rules.plain_late_payment(written.late_payment)
    version.charges = rules.plain_charges(written.charges)
    return version


def write_plan(version: ContractVersion, *, plan: list[PlacedLine]) -> None:
    """Save the lines of a changing version: each takes over what the changed one says, but for what is different."""
    base = version.changes
    stand = {line.position: line for line in base.lines.all()} if base is not None else {}
    kept = [one for one in PlanLine._meta.concrete_fields if one.name not in ("id", "ref", "version")]
    rows = []
    for placed in plan:
        old = stand.get(placed.position)
        values = {one.attname: getattr(old, one.attname) for one in kept} if old is not None else {}
        line = placed.line
        values |= {"position": placed.position, "title": line.title, "scope": line.scope, "amount": placed.amount}
        values |= {"basis": line.basis, "percent": line.percent, "planned_on": line.planned_on}
        values |= {"per_period": None, **due_columns(line), **asdict(line.own), **measure_columns(line.measure)}
        values["condition"] = plain_condition(line.own.condition)
        rows.append(PlanLine(version=version, **values))
    PlanLine.objects.bulk_create(rows)
    Criterion.objects.bulk_create(
        Criterion(line=row, position=position, **asdict(criterion))
        for row, placed in zip(rows, plan, strict=True)
        for position, criterion in enumerate(placed.line.criteria, start=1)
    )


def said(
    order: ChangeOrder,
    *,
    base: ContractVersion,
    before: list[PlacedLine],
    after: list[PlacedLine],
    terms: list[dict[str, Any]],
) -> dict[str, Any]:
    """What the text of the new version says of the change."""
    return rules.change_text(
        order={"number": order.number, "title": order.title, "reason": order.reason},
        changes={"version": base.number, "sha256": base.sha256},
        before=before,
        after=after,
        terms=terms,
    )


def named(order: ChangeOrder) -> dict[str, Any]:
    """How the record names an order."""
    return {"change_order": order.number, "title": order.title}
