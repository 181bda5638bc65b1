"""The defects that an acceptance with reservations names, as a deal file writes them."""

from decimal import Decimal

from apps.core import money
from apps.workflows.deal_file.deal import SaidDefect
from apps.workflows.deal_file.reader import Place


def read_defects(place: Place, *, criteria: int) -> tuple[SaidDefect, ...]:
    """The list in its order; refused when it is empty."""
    found = tuple(_defect(one, criteria) for one in place.each())
    if not found:
        place.refuse("names no defect; use `accept`")
    return found


def _defect(place: Place, criteria: int) -> SaidDefect:
    amount, text, number = place.maybe("amount"), place.maybe("text"), place.maybe("criterion")
    if number is not None and criteria == 0:
        number.refuse("this milestone has no criteria")
    defect = SaidDefect(
        title=place.need("title").text(most=160),
        due_on=place.need("due_on").day(),
        amount=amount.number(least=Decimal("0.001"), most=money.LARGEST) if amount is not None else money.ZERO,
        text=text.text(most=2_000) if text is not None else "",
        criterion=number.whole(least=1, most=criteria) if number is not None else None,
    )
    place.done()
    return defect
