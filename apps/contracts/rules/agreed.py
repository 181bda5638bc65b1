"""What holds for one line of a plan: the terms of its version, and what the line has of its own in their place.

Whoever asks for one of these terms asks here, so that a line's own days to pay are those of its invoice, of its page,
of what is expected of it, and of what is advanced on it. The guards of Postgres ask the same of the same two rows.
No database, no Django.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from apps.contracts.charges import BonusTerms, ChargeTerms, DamageTerms, Rate
from apps.contracts.drafts import LineTerms
from apps.contracts.exemptions import Exemption
from apps.contracts.rules.payment import due_on
from apps.contracts.rules.steps import needs_second

WHATEVER_IT_COMES_TO: Final = Decimal(0)


class Terms(Protocol):
    """The terms of a whole contract, as a version or a draft has them."""

    @property
    def payment_days(self) -> int: ...
    @property
    def payment_basis(self) -> str: ...
    @property
    def partial_acceptance(self) -> bool: ...
    @property
    def needs_inspection(self) -> bool: ...
    @property
    def second_acceptor_above(self) -> Decimal | None: ...
    @property
    def question_suspensions(self) -> int: ...
    @property
    def charge_terms(self) -> ChargeTerms | None: ...
    @property
    def tax_category(self) -> str: ...
    @property
    def tax_rate(self) -> Decimal: ...
    @property
    def exemption_code(self) -> str: ...
    @property
    def exemption_reason(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Agreed:
    """The terms of a contract with those of a line in their place. Each is read when it is asked for."""

    terms: Terms
    own: LineTerms

    @property
    def payment_days(self) -> int:
        """Days to pay, counted on the contract's basis."""
        return self.terms.payment_days if self.own.payment_days is None else self.own.payment_days

    def due_on(self, issued_on: date) -> date:
        """The last day on which its invoice of a day is paid in time."""
        return due_on(issued_on, payment_days=self.payment_days, payment_basis=self.terms.payment_basis)

    @property
    def partial_acceptance(self) -> bool:
        """Whether it may be accepted in part."""
        own = self.own.partial_acceptance
        return self.terms.partial_acceptance if own is None else own

    @property
    def needs_inspection(self) -> bool:
        """Whether somebody of the buyer inspects before anybody accepts."""
        own = self.own.needs_inspection
        return self.terms.needs_inspection if own is None else own

    @property
    def second_acceptor_above(self) -> Decimal | None:
        """The net amount above which two people accept; None where one is enough for any."""
        if self.own.two_acceptors is None:
            return self.terms.second_acceptor_above
        return WHATEVER_IT_COMES_TO if self.own.two_acceptors else None

    def needs_second(self, amount: Decimal) -> bool:
        """Whether two people accept so much of it, net of tax."""
        return needs_second(amount, above=self.second_acceptor_above)

    @property
    def question_suspensions(self) -> int:
        """How many questions about one submission stop the review clock."""
        own = self.own.question_suspensions
        return self.terms.question_suspensions if own is None else own

    @property
    def tax_category(self) -> str:
        """How its invoice is taxed: a code of EN 16931."""
        return self.own.tax_category or self.terms.tax_category

    @property
    def tax_rate(self) -> Decimal:
        """The rate of that, in percent."""
        return self.terms.tax_rate if self.own.tax_rate is None else self.own.tax_rate

    @property
    def exemption(self) -> Exemption:
        """Why it bears no tax, where that is agreed: it is said together with the treatment."""
        said: Exemption | Terms = self.own if self.own.tax_category else self.terms
        return Exemption(exemption_code=said.exemption_code, exemption_reason=said.exemption_reason)

    @property
    def charges(self) -> ChargeTerms | None:
        """What is charged for its day: at its own rates, with cap, grace and tax as the contract has them."""
        terms = self.terms.charge_terms
        if terms is None:
            return None
        damages, bonus = terms.damages, terms.bonus
        if damages is not None and self.own.damages_percent is not None:
            damages = _damages(damages, self.own.damages_percent)
        if bonus is not None and self.own.bonus_percent is not None:
            bonus = _bonus(bonus, self.own.bonus_percent)
        return replace(terms, damages=damages, bonus=bonus)


def _damages(terms: DamageTerms, percent: Decimal) -> DamageTerms | None:
    return replace(terms, rate=_at(terms.rate, percent)) if percent else None


def _bonus(terms: BonusTerms, percent: Decimal) -> BonusTerms | None:
    return replace(terms, rate=_at(terms.rate, percent)) if percent else None


def _at(rate: Rate, percent: Decimal) -> Rate:
    return replace(rate, percent=percent, amount=Decimal(0))
