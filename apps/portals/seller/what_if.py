"""What if: the seller plays with date, share and milestones before it asks, and nothing is written down.

The same rules that price an offer. The financier's offer may say something else: it knows what the seller does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.errors import Refused
from apps.financing import services as financing
from apps.financing.models import Facility
from apps.financing.rules import LineTerms, Price, Totals
from apps.financing.rules.expectation import LEAST, History, Part, Step
from apps.financing.rules.price import price, totals
from apps.financing.rules.texts import Rates
from apps.milestones.models import Milestone
from apps.portals.forms import explain
from apps.portals.seller.estimates import face_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One step to the expected payment, in words."""

    words: str
    why: str
    days: int
    on: date


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
    terms = financing.usual_terms(facility=facility, milestone=milestone, funding_on=funding_on, history=history)
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
    parts = financing.until_paid(milestone, funding_on=funding_on, history=history)
    return Line(milestone=milestone, terms=terms, price=priced, steps=tuple(_explained(part) for part in parts))


def _explained(part: Part) -> Explained:
    words, why = {
        Step.COMPLETION: (_("Completed"), _("As the contract plans it, or today where it plans no day.")),
        Step.SLIP: (_("Your usual slip"), _history_of(part, _("Four of five of your milestones slip no more."))),
        Step.REVIEW: (_("Review"), _("The buyer may take the whole review period.")),
        Step.INVOICE: (_("Invoice"), _("Issued with the acceptance, at once.")),
        Step.TERMS: (_("Payment terms"), _("The days to pay that are agreed.")),
        Step.DUE: (_("Due"), _("The day on which the invoice is due.")),
        Step.LATENESS: (
            _("How late this buyer pays"),
            _history_of(part, _("Half of its invoices were paid no later.")),
        ),
    }[part.step]
    return Explained(words=words, why=why, days=part.days, on=part.on)


def _history_of(part: Part, says: str) -> str:
    if part.known < LEAST:
        return _("Too little is known to say: nothing is added.")
    found = ngettext("From %(count)s case.", "From %(count)s cases.", part.known) % {"count": part.known}
    return f"{says} {found}"
