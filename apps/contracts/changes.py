"""What one side wants to be different in an active contract: plain values, handed to the services as one piece."""

from dataclasses import dataclass

from apps.contracts.drafts import DraftLine


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line of the plan, known by its position, as it is to be; ``line`` None takes it out.

    The basis of a line that is said anew is an amount: a change order speaks in money.
    """

    position: int
    line: DraftLine | None


@dataclass(frozen=True, slots=True)
class ChangeDraft:
    """A change order as it is being written. Lines of the plan that it does not name stay as they are.

    ``order_ref`` names an order that was recorded without a price, or declined, and is proposed now; title and reason
    are then what was recorded, and empty here.
    """

    title: str = ""
    reason: str = ""
    lines: tuple[ChangedLine, ...] = ()
    added: tuple[DraftLine, ...] = ()
    order_ref: str = ""
