"""What may be done with revenue: recognise what happened, close a month, and read what came of it."""

from apps.revenue.services.closing import (
    ask_to_close,
    contracts_to_tend,
    note_failure,
    note_progress,
    refs_to_tend,
    shut,
    take_up,
)
from apps.revenue.services.expecting import NO_DATE, Expected
from apps.revenue.services.judging import Decision, judge
from apps.revenue.services.reading import (
    NET_OF_CONTRACT,
    ContractRevenue,
    RollForward,
    of_contracts,
    of_every_contract,
    overview,
    recognised_by_month,
    roll_forward_by_month,
)
from apps.revenue.services.recognising import closed_through, recognise, recognise_all
from apps.revenue.services.tying import Tie, TieOut, all_ties, tie_out, ties_of

__all__ = [
    "NET_OF_CONTRACT",
    "NO_DATE",
    "ContractRevenue",
    "Decision",
    "Expected",
    "RollForward",
    "Tie",
    "TieOut",
    "all_ties",
    "ask_to_close",
    "closed_through",
    "contracts_to_tend",
    "judge",
    "note_failure",
    "note_progress",
    "of_contracts",
    "of_every_contract",
    "overview",
    "recognise",
    "recognise_all",
    "recognised_by_month",
    "refs_to_tend",
    "roll_forward_by_month",
    "shut",
    "take_up",
    "tie_out",
    "ties_of",
]
