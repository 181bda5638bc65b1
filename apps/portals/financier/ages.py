"""How late advances are, on two clocks: past due once they are bought, past the expected acceptance before."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Case, CharField, DateField, ExpressionWrapper, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.financing.models import Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.rules.provision import AGES

WORDS: Final[Mapping[str, Promise]] = {
    "current": _("Not late"),
    "1-30": _("1–30 days late"),
    "31-60": _("31–60 days late"),
    "61-90": _("61–90 days late"),
    "91": _("91 days late or more"),
}
CLOCKS: Final[Mapping[str, Promise]] = {"accepted": _("Past due"), "before": _("Past the expected acceptance")}


def with_clock(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Each with ``clock``, and ``due_by``, the day from which it is late.

    A bought invoice is late when it is past due. Before acceptance nothing is due: there the acceptance is late, which
    was expected so many days before the payment as the contract gives the buyer to pay.
    """
    acceptance = ExpressionWrapper(
        F("expected_on") - Coalesce("milestone__line__payment_days", "contract__active_version__payment_days"),
        output_field=DateField(),
    )
    is_before = Q(state=TrancheState.FUNDED_PRE)
    found: QuerySet[Any] = rows.annotate(
        clock=Case(When(is_before, then=Value("before")), default=Value("accepted"), output_field=CharField()),
        due_by=Case(
            When(is_before, then=Coalesce(acceptance, F("expected_on"))),
            default=Coalesce("milestone__invoice__open_item__due_on", "expected_on"),
            output_field=DateField(),
        ),
    )
    return found


def late_by(name: str, *, today: date, day: str = "due_by") -> Q:
    """The condition of an age on a day that stands in a column."""
    age = next(age for age in AGES if age.name == name)
    rule = Q()
    if age.first is not None:
        rule &= Q(**{f"{day}__lte": today - timedelta(days=age.first)})
    if age.last is not None:
        rule &= Q(**{f"{day}__gte": today - timedelta(days=age.last)})
    return rule


def by_age(today: date, *, day: str = "due_by") -> Case:
    """The name of the age of a row."""
    return Case(
        *(When(late_by(age.name, today=today, day=day), then=Value(age.name)) for age in AGES[1:]),
        default=Value(AGES[0].name),
        output_field=CharField(),
    )


def of_age(rows: QuerySet[Any], *, clock: str, age: str, today: date) -> QuerySet[Any]:
    """What is out on a clock in an age: the rows behind a figure of the portfolio."""
    outstanding = with_clock(rows.filter(pk__in=Tranche.objects.outstanding().filter(outstanding__gt=0).values("pk")))
    return outstanding.filter(late_by(age, today=today), clock=clock)
