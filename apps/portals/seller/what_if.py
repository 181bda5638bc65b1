"""What if: the seller plays with date, share and milestones before it asks, and nothing is written down.

The same rules that price an offer. The financier's offer may say something else: it knows what the seller does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.core.errors import Refused
from apps.financing import services as financing
from apps.financing.models import Facility
from apps.financing.rules import LineTerms, Price, Totals
from apps.financing.rules.expectation import History
from apps.financing.rules.price import price, totals
from apps.financing.rules.texts import Rates
from apps.milestones.models import Milestone
from apps.portals.expected_payment import Explained, explained
from apps.portals.forms import explain
from apps.portals.seller.estimates import face_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One milestone: what it would bring, when its buyer is likely to pay, and why then."""

    milestone: Milestone
    terms: LineTerms
    price: Price
    steps: tuple[Explained, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """All chosen milestones as one offer, beside waiting for the buyer."""

    lines: tuple[Line, ...]
    whole: Totals
    rates: Rates
    funding_on: date
    last_on: date

    @property
    def cost(self) -> Decimal:
        """What getting the money early costs."""
        return self.whole.discount + self.whole.fee

    @property
    def early(self) -> Decimal:
        """What the seller has in all in the end: the net at once, and the reserve when the buyer has paid."""
        return self.whole.face - self.cost


def what_if(
    milestones: Sequence[Milestone], *, facility: Facility, funding_on: date, share: Decimal | None, history: History
) -> tuple[WhatIf | None, str]:
    """The figures, or why there are none. ``share`` is the advance in percent of each invoice, at most the usual."""
    if not milestones:
        return None, _("Choose at least one milestone.")
    try:
        lines = tuple(
            _line(one, facility=facility, funding_on=funding_on, share=share, history=history) for one in milestones
        )
        back = [(line.terms.expected_on, line.price.gross) for line in lines]
        whole = totals([line.price for line in lines])
        rates = financing.rates_of(paid_out=(funding_on, whole.net), back=back)
    except Refused as refused:
        return None, explain(refused)
    last_on = max(line.terms.expected_on for line in lines)
    return WhatIf(lines=lines, whole=whole, rates=rates, funding_on=funding_on, last_on=last_on), ""


def _line(
    milestone: Milestone, *, facility: Facility, funding_on: date, share: Decimal | None, history: History
) -> Line:
    parts = financing.until_paid(milestone, funding_on=funding_on, history=history)
    terms = financing.usual_terms(facility=facility, milestone=milestone, expected_on=parts[-1].on)
    if share is not None:
        terms = replace(terms, advance_rate=min(share, terms.advance_rate))
    face = face_of(milestone)
    priced = price(
        face=face,
        eligible=face,
        currency=milestone.currency,
        terms=terms,
        funding_on=funding_on,
        least_fee_days=facility.least_fee_days,
    )
    if not hasattr(milestone, "invoice") and priced.days > facility.pre_longest_days:
        raise Refused(
            "“{milestone}” would be advanced for {days} days, and before acceptance nothing is for more than {most}."
            " Choose a later date.",
            milestone=milestone.title,
            days=priced.days,
            most=facility.pre_longest_days,
        )
    return Line(milestone=milestone, terms=terms, price=priced, steps=explained(parts, own=True))
