"""What was estimated of a charge gives way to the charge itself once it stands: else the price would move twice."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from apps.audit import services as audit
from apps.core import money
from apps.parties.actor import Actor
from apps.revenue import rules
from apps.revenue.models import Judgement, JudgementKind, Why
from apps.revenue.services.books import key_of
from apps.revenue.services.events import Contracts, Event


def settle_estimates(contracts: Contracts, *, events: Mapping[int, list[Event]], at: datetime) -> None:
    """Keep, for every estimate that says which charge settles it, that it counts no more once that charge stands.

    It is a judgement as any other, in the words of the house; events are told of it in their order. What is estimated
    after the charge is of a further one and stays.
    """
    for happened in events.values():
        for estimate, charge in _settled(happened):
            happened.append(_known_now(estimate, contracts=contracts, charge=charge, at=at))


def _settled(events: Iterable[Event]) -> list[tuple[Judgement, Event]]:
    """The estimates that hold and count, each with the first charge of its kind and obligation that came after it."""
    held: dict[tuple[str, int | None, str], Judgement] = {}
    settled: dict[tuple[str, int | None, str], tuple[Judgement, Event]] = {}
    for event in events:
        if event.judgement is not None:
            held[key_of(event.judgement)] = event.judgement
            settled.pop(key_of(event.judgement), None)
        elif event.settles:
            for key, one in held.items():
                if _is_settled(one, event):
                    settled.setdefault(key, (one, event))
    return list(settled.values())


def _is_settled(estimate: Judgement, charge: Event) -> bool:
    return (
        estimate.kind == JudgementKind.VARIABLE
        and estimate.counts != 0
        and estimate.said.get("settled_by") == charge.settles
        and estimate.obligation is not None
        and estimate.obligation.position == charge.position
    )


def _known_now(estimate: Judgement, *, contracts: Contracts, charge: Event, at: datetime) -> Event:
    contract = contracts[estimate.contract_id]
    document = charge.cause.partition(":")[2]
    judgement = Judgement.objects.create(
        organisation_id=estimate.organisation_id,
        contract=contract,
        kind=JudgementKind.VARIABLE,
        obligation=estimate.obligation,
        about=estimate.about,
        said={
            "method": rules.Method.MOST_LIKELY.value,
            "outcomes": [{"amount": "0", "percent": "100"}],
            "estimate": "0",
            "at_most": None,
            "settled_by": document,
        },
        counts=money.ZERO,
        reason=f"The {charge.settles.replace('_', '-')} stands by document {document}: what was estimated is known.",
        effective_on=charge.on,
        judged_by_name="Cairn",
        judged_at=at,
    )
    audit.record(
        chain=f"organisation:{contract.seller.ref}",
        parties={contract.seller_id},
        verb="revenue.judged",
        subject=f"judgement:{judgement.ref}",
        actor=Actor.system(organisation_id=contract.seller_id),
        at=at,
        contract=contract.number,
        kind=judgement.kind,
        said=judgement.said,
        counts=judgement.counts,
        reason=judgement.reason,
        effective_on=judgement.effective_on,
    )
    cause = f"judgement:{judgement.ref}"
    return Event(why=Why.JUDGEMENT, cause=cause, on=judgement.effective_on, at=at, judgement=judgement)
