"""What the buyer's person agrees to when deciding on the whole; and what stands in its place when nobody answers."""

from datetime import datetime
from zoneinfo import ZoneInfo

from apps.contracts.rules.review import ACCEPTED
from apps.core.money import Money
from apps.core.statements import Statement


def acceptance_statement(
    *, organisation: str, title: str, cycle: int, amount: Money, by_application: bool = False
) -> Statement:
    """What the buyer's person agrees to; ``by_application``: an application for payment bills it."""
    named = {"organisation": organisation, "cycle": cycle, "title": title, "amount": amount}
    if by_application:
        return Statement(
            "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here"
            " and accept it as complete. {amount} net of tax stand in the next application for payment from now on.",
            "acceptance-applied-1",
            **named,
        )
    return Statement(
        "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here and"
        " accept the milestone as complete. An invoice for {amount} net of tax is issued on my acceptance.",
        "acceptance-1",
        **named,
    )


def changes_statement(*, organisation: str, title: str, cycle: int) -> Statement:
    """What the buyer's person agrees to when requesting changes."""
    return Statement(
        "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here and"
        " do not accept it yet, for the reasons that I give.",
        "changes-1",
        organisation=organisation,
        cycle=cycle,
        title=title,
    )


def silence_statement(
    *, organisation: str, title: str, cycle: int, due_at: datetime, zone: str, silence: str
) -> Statement:
    """What stands in the place of a statement when silence decides: the fact, and what was agreed for it."""
    due = f"{due_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %Z}"
    named = {"organisation": organisation, "cycle": cycle, "title": title, "due": due}
    if silence == ACCEPTED:
        return Statement(
            "The review period of submission {cycle} of “{title}” ended on {due}. {organisation} was notified and did"
            " not answer. As both sides agreed in the contract, the milestone counts as accepted.",
            "silence-1",
            **named,
        )
    return Statement(
        "The review period of submission {cycle} of “{title}” ended on {due}. {organisation} was notified and did not"
        " answer. As both sides agreed in the contract, the milestone counts as not accepted.",
        "silence-1",
        **named,
    )
