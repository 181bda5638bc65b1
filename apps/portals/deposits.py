"""Deposits that later invoices give back, as the pages of their contract show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from apps.contracts import dues_wording
from apps.contracts.models import Contract
from apps.core import money
from apps.invoicing import services as invoicing
from apps.portals import formats
from apps.portals.instalments import Calendar


@dataclass(frozen=True, slots=True)
class DepositPanel:
    """The deposits of a contract that were invoiced, each with how it is given back; ``left`` of all of them."""

    rows: Sequence[tuple[invoicing.Deposit, str]]
    left: Decimal


def panel_of(contract: Contract, *, calendars: Sequence[Calendar]) -> DepositPanel | None:
    """The deposits of a contract that the reader may see; None where none is given back. One query, or none."""
    if not any(calendar.line.recovery for calendar in calendars):
        return None
    found = invoicing.deposits(contract)
    return DepositPanel(
        rows=[
            (
                one,
                dues_wording.recovery_in_words(one.recovery, money=partial(formats.money, currency=contract.currency)),
            )
            for one in found
        ],
        left=money.total(one.left for one in found),
    )
