"""The stress test of a book: the positions that are drawn, the form of what is assumed, and the picture."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any, Final

from django import forms
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import money
from apps.financing.models import Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.rules.stress import Course, Position, Scenario, band, courses, week_of, weekly
from apps.portals import formats
from apps.portals.charts import Lines, Series
from apps.portals.forms import ShareField
from apps.portals.missing import TellingForm
from apps.portals.parts import Tile

RUNS: Final = 200
WEEKS: Final = 26
LARGEST: Final = 200
"""Positions drawn one by one. Smaller ones of the same day move together: with less to even out, the band is wider."""


class StressForm(TellingForm, forms.Form):
    """What is assumed. It stands in the address, so that a run can be shown to somebody else."""

    slip_days = forms.IntegerField(
        label=gettext_lazy("Slip of milestones"), min_value=0, max_value=365, help_text=gettext_lazy("Mean, in days.")
    )
    late_days = forms.IntegerField(
        label=gettext_lazy("Lateness of buyers"), min_value=0, max_value=365, help_text=gettext_lazy("Mean, in days.")
    )
    volatility = forms.IntegerField(
        label=gettext_lazy("Volatility"),
        min_value=0,
        max_value=200,
        help_text=gettext_lazy("Per cent; 0 leaves nothing to chance."),
    )
    default_rate = ShareField(
        label=gettext_lazy("Never paid"), help_text=gettext_lazy("Per cent of positions that default.")
    )
    lgd = ShareField(label=gettext_lazy("Loss in default"), help_text=gettext_lazy("Per cent of what is owed."))
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"), min_value=0, max_value=999_999, help_text=gettext_lazy("The same gives the same.")
    )


def beginning(*, slip_days: int, late_days: int) -> dict[str, Any]:
    """Where the form begins: the means of the book's own history, and round assumptions for what it cannot know."""
    return {
        "slip_days": slip_days,
        "late_days": late_days,
        "volatility": 50,
        "default_rate": Decimal(2),
        "lgd": Decimal(45),
        "seed": 1,
    }


def positions(book: QuerySet[Tranche]) -> list[Position]:
    """What is owed or will be on what is out: the largest one by one, the others together by day and by acceptance."""
    owed = Coalesce("milestone__invoice__open_item__open", "face")
    rows = book.filter(outstanding__gt=0).annotate(owed=owed).filter(owed__gt=0)
    own = list(rows.order_by("-outstanding", "pk")[:LARGEST].values_list("pk", "owed", "expected_on", "state"))
    found = [Position(amount, on, is_accepted=state != TrancheState.FUNDED_PRE) for _pk, amount, on, state in own]
    if len(own) < LARGEST:
        return found
    smaller = rows.exclude(pk__in=[pk for pk, *_rest in own]).order_by("expected_on", "state")
    together: dict[tuple[date, bool], Decimal] = {}
    for on, state, amount in smaller.values_list("expected_on", "state").annotate(sum=Sum("owed")):
        at = (on, state != TrancheState.FUNDED_PRE)
        together[at] = together.get(at, money.ZERO) + amount
    return found + [Position(amount, on, is_accepted) for (on, is_accepted), amount in together.items()]


def run(book: Sequence[Position], *, assumed: dict[str, Any], today: date, currency: str) -> list[Course]:
    """The courses for what is assumed."""
    scenario = Scenario(**{name: assumed[name] for name in Scenario.__dataclass_fields__})
    chance = Random(assumed["seed"]).random  # noqa: S311  repeatable on purpose, and no secret
    return courses(book, scenario=scenario, today=today, runs=RUNS, chance=chance, currency=currency)


def tiles(drawn: Sequence[Course], book: Sequence[Position], *, currency: str) -> list[Tile]:
    """What is owed, what comes in, what is lost and how long it takes: the middle course, and the bad one."""
    cash, lost = band([course.total for course in drawn]), band([course.lost for course in drawn])
    life = band([course.life for course in drawn])
    return [
        Tile(label=_("Owed by buyers"), amount=money.total(one.face for one in book), currency=currency),
        Tile(
            label=_("Comes in"),
            amount=cash.middle,
            currency=currency,
            note=_("at least %(low)s in 95 of 100 courses") % {"low": formats.money(cash.low, currency)},
        ),
        Tile(
            label=_("Lost"),
            amount=lost.middle,
            currency=currency,
            note=_("at most %(high)s in 95 of 100 courses") % {"high": formats.money(lost.high, currency)},
        ),
        Tile(
            label=_("Mean days until cash"),
            value=str(round(life.middle)),
            note=_("%(low)s to %(high)s in 90 of 100 courses") % {"low": round(life.low), "high": round(life.high)},
        ),
    ]


def picture(drawn: Sequence[Course], *, today: date, currency: str) -> Lines:
    """Cash by week: the middle course, and those that 5 and 95 of 100 do not exceed."""
    bands = list(weekly(drawn, weeks=WEEKS))
    later = band([course.total - money.total(course.cash.get(week, money.ZERO) for week in range(WEEKS))
                  for course in drawn])  # fmt: skip
    labels = [formats.day(week_of(today, week)).rsplit(formats.NBSP, 1)[0] for week in range(WEEKS)]
    return Lines(
        title=_("Cash by week, in %(runs)s courses") % {"runs": len(drawn)},
        says=_("Each week by itself: in half of the courses no more comes in than the middle line shows."
               " After %(weeks)s weeks %(later)s is still to come in the middle course.")
        % {"weeks": WEEKS, "later": formats.money(later.middle, currency)},
        labels=labels,
        series=[
            Series(name=_("P95"), values=[one.high for one in bands]),
            Series(name=_("P50"), values=[one.middle for one in bands]),
            Series(name=_("P5"), values=[one.low for one in bands]),
        ],
        currency=currency,
    )  # fmt: skip
