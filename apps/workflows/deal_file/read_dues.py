"""Of which kind a line of a deal file's plan is, and when it is billed if nobody signs it off."""

from apps.contracts.drafts import ACCEPTANCE, DATE, DEPOSIT, MILESTONE, MONTHS, RECURRING, SIGNATURE, Due
from apps.contracts.rules.dues import MOST_PERIODS
from apps.workflows.deal_file.reader import Place

KINDS = (MILESTONE, DEPOSIT, RECURRING)


def read_due(place: Place) -> tuple[str, str, Due | None]:
    """Kind, title and due of a line; the key that holds the title names the kind."""
    found = {kind: place.maybe(kind) for kind in KINDS}
    named = [(kind, title) for kind, title in found.items() if title is not None]
    if len(named) != 1:
        place.refuse("needs exactly one of `milestone`, `deposit` and `recurring`, with its title")
    kind, title = named[0]
    if kind == MILESTONE:
        return kind, title.text(most=160), None
    return kind, title.text(most=160), _deposit(place) if kind == DEPOSIT else _recurring(place)


def _deposit(place: Place) -> Due:
    due, recoverable = place.maybe("due"), place.maybe("recoverable")
    if recoverable is not None and recoverable.yes_or_no():
        recoverable.refuse(
            "a deposit that later invoices give back is not possible yet; a deposit here is a part of the price that"
            " stays earned. Leave the key out, or bill it as a milestone"
        )
    if due is None or due.text() == SIGNATURE:
        return Due()
    return Due(start=DATE, on=due.day())


def _recurring(place: Place) -> Due:
    starts, milestone = place.maybe("starts"), place.maybe("starts_with")
    if starts is not None and milestone is not None:
        place.refuse("needs `starts` or `starts_with`, not both")
    period, count = place.need("every").one_of(*MONTHS), place.need("times").whole(least=1, most=MOST_PERIODS)
    if milestone is not None:
        return Due(start=ACCEPTANCE, milestone=milestone.text(most=160), period=period, count=count)
    if starts is None or starts.text() == SIGNATURE:
        return Due(period=period, count=count)
    return Due(start=DATE, on=starts.day(), period=period, count=count)
