"""Terms of a contract that a line of its plan may have differently: plain values, like the draft that carries them."""

from dataclasses import dataclass
from decimal import Decimal

from apps.contracts.exemptions import Exemption


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedTerms(Exemption):
    """What a line has in the place of its contract's terms; None means as in the contract.

    ``payment_days`` count on the contract's basis; they and the tax are the only terms of its own that a deposit or a
    recurring line may have. ``two_acceptors``: two people accept it, or one is enough, whatever it comes to.
    ``damages_percent`` and ``bonus_percent`` are the rates of a period, in percent of its amount; zero is one, and
    nothing is owed then. ``tax_category`` (a code of EN 16931; empty: as in the contract) and ``tax_rate`` (in percent)
    are said together, and with them why it bears none, where it is exempt.
    """

    payment_days: int | None = None
    partial_acceptance: bool | None = None
    needs_inspection: bool | None = None
    two_acceptors: bool | None = None
    question_suspensions: int | None = None
    damages_percent: Decimal | None = None
    bonus_percent: Decimal | None = None
    tax_category: str = ""
    tax_rate: Decimal | None = None
