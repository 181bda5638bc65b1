"""Filters of the lists: by state as tabs, by seller or buyer among those that the financier deals with."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.financing.models import Facility, Tranche
from apps.ledger.models import Account
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.portals.financier import ages, queues
from apps.portals.financier.pages import asker, today_of
from apps.portals.moment import now_of

Rows = QuerySet[Any]
Choice = tuple[Promise, Callable[[Rows, Actor, HttpRequest], Rows]]


class States(SimpleListFilter):
    """One of some named selections of the list; shown as tabs. Another value than these is refused by its address."""

    title = _("state")
    parameter_name = "state"
    choices_by_name: ClassVar[Mapping[str, Choice]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, words) for name, (words, _rule) in self.choices_by_name.items()]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        chosen = self.choices_by_name.get(self.value() or "")
        if chosen is None:
            return queryset if not self.value() else queryset.none()
        return chosen[1](queryset, asker(request), request)


def _among(waiting: Callable[[Actor], Rows]) -> Callable[[Rows, Actor, HttpRequest], Rows]:
    """The rows of a queue."""
    return lambda rows, actor, _request: rows.filter(pk__in=waiting(actor).order_by().values("pk"))


def _where(**conditions: Any) -> Callable[[Rows, Actor, HttpRequest], Rows]:
    return lambda rows, _actor, _request: rows.filter(**conditions)


class RequestStates(States):
    choices_by_name: ClassVar[Mapping[str, Choice]] = {
        "to-price": (_("To price"), _among(queues.to_price)),
        "offered": (_("With the seller"), _where(state="offered")),
        "accepted": (_("Accepted"), _where(state="accepted")),
        "ended": (_("Declined or withdrawn"), _where(state__in=["declined", "withdrawn"])),
    }


class OfferStates(States):
    choices_by_name: ClassVar[Mapping[str, Choice]] = {
        "to-approve": (_("To approve"), _among(queues.to_approve)),
        "issued": (_("With the seller"), _where(state="issued")),
        "expiring": (
            _("Expiring in two days"),
            lambda rows, _actor, request: rows.filter(
                state="issued", expires_at__range=(now_of(request), now_of(request) + timedelta(days=2))
            ),
        ),
        "accepted": (_("Accepted"), _where(state="accepted")),
        "ended": (_("Ended"), _where(state__in=["declined", "expired", "revoked"])),
    }


class AssignmentStates(States):
    choices_by_name: ClassVar[Mapping[str, Choice]] = {
        "waiting": (_("Waiting for the buyer"), _among(queues.to_notify)),
        "acknowledged": (_("Acknowledged"), _where(acknowledged_at__isnull=False)),
        "waived": (_("Waived"), _where(waived_at__isnull=False)),
    }


class TrancheStates(States):
    choices_by_name: ClassVar[Mapping[str, Choice]] = {
        "to-verify": (_("Buyer to verify"), _among(queues.to_verify)),
        "to-fund": (_("To pay out"), _among(queues.to_fund)),
        "sent-back": (_("Milestone sent back"), _among(queues.sent_back)),
        "before": (_("Before acceptance"), _where(state="funded_pre")),
        "outstanding": (_("Outstanding"), lambda rows, _actor, _request: rows.outstanding()),  # type: ignore[attr-defined]
        "to-collect": (
            _("To collect"),
            lambda rows, actor, request: rows.filter(
                pk__in=queues.to_collect(actor, today=today_of(request)).values("pk")
            ),
        ),
        "overdue": (
            _("Overdue"),
            lambda rows, actor, request: rows.filter(
                pk__in=queues.overdue(actor, today=today_of(request)).values("pk")
            ),
        ),
        "owed-back": (_("Owed back"), _among(queues.owed_back)),
        "defaulted": (_("Defaulted"), _where(state__in=["defaulted", "written_off"])),
        "reserve-due": (_("Reserve to pay"), _among(queues.to_pay_reserve)),
        "settled": (_("Settled"), _where(state="settled")),
    }


class FacilityStates(States):
    choices_by_name: ClassVar[Mapping[str, Choice]] = {
        "open": (_("Open"), _where(closed_at__isnull=True)),
        "closed": (_("Closed"), _where(closed_at__isnull=False)),
    }


class AlertStates(States):
    choices_by_name: ClassVar[Mapping[str, Choice]] = {
        "live": (_("To look at"), _where(closed_at__isnull=True)),
        "over": (_("Over"), _where(closed_at__isnull=False)),
    }


class VerificationStates(States):
    choices_by_name: ClassVar[Mapping[str, Choice]] = {
        "live": (_("Verified"), _where(revoked_at__isnull=True)),
        "revoked": (_("Revoked"), _where(revoked_at__isnull=False)),
    }


class ExposureStates(States):
    choices_by_name: ClassVar[Mapping[str, Choice]] = {
        "buyers": (_("Buyers"), _where(side="buyer")),
        "sellers": (_("Sellers"), _where(side="seller")),
        "limited": (_("With a limit"), _where(limit__isnull=False)),
    }


class OrderStates(States):
    choices_by_name: ClassVar[Mapping[str, Choice]] = {
        "to-approve": (_("To approve"), _where(state="draft")),
        "approved": (_("File to take"), _where(state="approved")),
        "handed-out": (_("With the bank"), _where(state="handed_out")),
        "ended": (_("Done or discarded"), _where(state__in=["closed", "discarded"])),
    }


class Ages(SimpleListFilter):
    """What is out, by how late it is on the clock that counts for it: the rows behind the figures of the portfolio."""

    title = _("age")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (f"{clock}-{age}", f"{clock_words}: {age_words}")
            for clock, clock_words in ages.CLOCKS.items()
            for age, age_words in ages.WORDS.items()
        ]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if not self.value():
            return queryset
        clock, _dash, age = str(self.value()).partition("-")
        if clock not in ages.CLOCKS or age not in ages.WORDS:
            return queryset.none()
        return ages.of_age(queryset, clock=clock, age=age, today=today_of(request))


class Parties(SimpleListFilter):
    """The organisations of one side, by reference, among those that the financier deals with."""

    path: ClassVar[str]
    """The column of the list's rows that holds the organisation."""

    def among(self, actor: Actor) -> Rows:
        """The ids of the organisations that can be chosen."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = Organisation.objects.filter(pk__in=self.among(asker(request))).order_by("legal_name")[:50]
        return list(found.values_list("ref", "legal_name"))

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(**{f"{self.path}__ref": self.value()}) if self.value() else queryset


class Sellers(Parties):
    title = _("seller")
    parameter_name = "seller"
    path = "seller"

    def among(self, actor: Actor) -> Rows:
        return Facility.objects.visible_to(actor).filter(financier_id=actor.organisation_id).values("seller")


class Buyers(Parties):
    title = _("buyer")
    parameter_name = "buyer"
    path = "buyer"

    def among(self, actor: Actor) -> Rows:
        return Tranche.objects.visible_to(actor).filter(financier_id=actor.organisation_id).values("buyer")


class SellersOfTranche(Sellers):
    path = "tranche__seller"


class Accounts(SimpleListFilter):
    """Entries that touch an account of the financier's book."""

    title = _("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        accounts = Account.objects.visible_to(asker(request)).filter(book__purpose="financier")
        named = dict(accounts.order_by("code").values_list("code", "name"))
        return [(code, f"{code} {name}") for code, name in named.items()]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(lines__account__code=self.value()).distinct() if self.value() else queryset
