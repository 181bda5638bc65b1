"""What an event of a deal file says of a change order."""

from collections.abc import Callable
from decimal import Decimal

from apps.contracts.drafts import ContractDraft, DraftLine
from apps.core import money
from apps.workflows.deal_file.deal import ChangedMilestone, SaidChange
from apps.workflows.deal_file.reader import Place

ReadLine = Callable[[Place, str], DraftLine]


def read_change(
    place: Place, contract: ContractDraft, *, milestone: Callable[[Place], int], line: ReadLine
) -> SaidChange:
    """The keys ``title``, ``changes`` and ``added`` of an event."""
    changes, added = place.maybe("changes"), place.maybe("added")
    said = SaidChange(
        title=place.need("title").text(most=160),
        lines=tuple(_changed(one, contract.currency, milestone) for one in changes.each()) if changes else (),
        added=tuple(line(one, contract.currency) for one in added.each()) if added else (),
    )
    if any(one.basis != "amount" for one in said.added):
        place.refuse("a change order speaks in money: give each milestone under `added` an `amount`")
    return said


def _changed(place: Place, currency: str, milestone: Callable[[Place], int]) -> ChangedMilestone:
    amount, planned, out = place.maybe("amount"), place.maybe("planned"), place.maybe("remove")
    if amount is None and planned is None and out is None:
        place.refuse("says nothing that is different: give `amount`, `planned` or `remove: yes`")
    changed = ChangedMilestone(
        milestone=milestone(place.need("milestone")),
        is_out=out.yes_or_no() if out is not None else False,
        amount=_payable(amount, currency) if amount is not None else None,
        planned_on=planned.day() if planned is not None else None,
    )
    place.done()
    return changed


def _payable(place: Place, currency: str) -> Decimal:
    return place.by(lambda: money.payable(place.number(least=Decimal("0.001"), most=money.LARGEST), currency))
