"""The pages of the portfolio: its figures, the stress test, and the loan tape with its SHA-256."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import money
from apps.financing.models import Facility, Tranche
from apps.financing.rules import provision
from apps.financing.rules.provision import AGES, Assumptions, Stage
from apps.ledger.charts import Financier
from apps.ledger.models import Account
from apps.parties.actor import Actor
from apps.portals import formats
from apps.portals.charts import Bars, Series
from apps.portals.financier import ages
from apps.portals.financier.pages import Crumbs, address, asker, crumbs, rate, today_of
from apps.portals.financier.portfolio import figures, stressing, tape
from apps.portals.financier.portfolio.figures import Aged
from apps.portals.forms import ShareField
from apps.portals.missing import TellingForm
from apps.portals.parts import Tab, Tile

STAGES = {
    Stage.PERFORMING: gettext_lazy("1 · up to 30 days late"),
    Stage.UNDERPERFORMING: gettext_lazy("2 · 31 to 90 days late"),
    Stage.IMPAIRED: gettext_lazy("3 · later, or in default"),
}


class AssumptionsForm(TellingForm, forms.Form):
    """What the financier believes of losses; it stands in the address."""

    pd = ShareField(label=gettext_lazy("Defaults in a year"), help_text=gettext_lazy("PD in per cent, stage 1."))
    pd_late = ShareField(label=gettext_lazy("Defaults when late"), help_text=gettext_lazy("PD in per cent, stage 2."))
    lgd = ShareField(label=gettext_lazy("Loss in default"), help_text=gettext_lazy("LGD in per cent of what is out."))


BEGINNING = {"pd": Decimal(2), "pd_late": Decimal(20), "lgd": Decimal(45)}


def portfolio(request: HttpRequest) -> HttpResponse:
    """Ageing, roll rates, dilution, return, life and the loss provision of one currency."""
    actor, today = asker(request), today_of(request)
    currency, context = _frame(request, actor, title=_("Portfolio"), view="portfolio")
    if not currency:
        return _shown(request, "admin/portfolio.html", context)
    aged = figures.aged(figures.everything(actor, currency=currency).outstanding(), today=today)
    accounts = figures.booked(actor, currency=currency)
    form = _form(AssumptionsForm, request, BEGINNING)
    before, after = figures.months(today)
    return _shown(
        request,
        "admin/portfolio.html",
        {
            **context,
            "tiles": _tiles(actor, aged, accounts, today=today, currency=currency),
            "ageing": _ageing(aged, currency=currency),
            "clocks": _clocks(aged),
            "rolled": [
                (ages.WORDS[name], one.before, one.after, "–" if one.rate is None else formats.percent(one.rate))
                for name, one in figures.rolled(actor, currency=currency, today=today).items()
            ],
            "months": (before, after),
            "form": form,
            **_provisions(aged, accounts, form=form, currency=currency),
        },
        form=form,
    )


def stress_test(request: HttpRequest) -> HttpResponse:
    """What comes in week by week if milestones slip, buyers pay late and some never pay."""
    actor, today = asker(request), today_of(request)
    currency, context = _frame(request, actor, title=_("Stress test"), view="stress_test")
    if not currency:
        return _shown(request, "admin/stress_test.html", context)
    book = stressing.positions(figures.everything(actor, currency=currency).outstanding())
    slips, slipped = figures.slips(actor, currency=currency)
    payments, late = figures.lateness(actor, currency=currency)
    first = stressing.beginning(slip_days=slipped, late_days=late)
    form = _form(stressing.StressForm, request, first)
    assumed = form.cleaned_data if form.is_valid() else first
    drawn = stressing.run(book, assumed=assumed, today=today, currency=currency) if book else []
    return _shown(
        request,
        "admin/stress_test.html",
        {
            **context,
            "form": form,
            "tiles": stressing.tiles(drawn, book, currency=currency) if drawn else [],
            "plot": stressing.picture(drawn, today=today, currency=currency) if drawn else None,
            "history": _("In your book %(slips)s planned milestones were accepted, %(slipped)s days after their plan on"
                         " average, and %(payments)s payments came in %(late)s days after the date that was signed.")
            % {"slips": slips, "slipped": slipped, "payments": payments, "late": late},
        },
        form=form,
    )  # fmt: skip


def loan_tape(request: HttpRequest) -> HttpResponse:
    """Every advance of a currency as CSV; the header ``Repr-Digest`` carries the SHA-256 (RFC 9530)."""
    content, name = _tape(request)
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Repr-Digest"] = f"sha-256=:{b64encode(hashlib.sha256(content).digest()).decode()}:"
    return _as_file(response, name)


def loan_tape_hash(request: HttpRequest) -> HttpResponse:
    """The SHA-256 of the loan tape as ``sha256sum --check`` reads it."""
    content, name = _tape(request)
    line = f"{hashlib.sha256(content).hexdigest()}  {name}\n"
    return _as_file(HttpResponse(line, content_type="text/plain; charset=utf-8"), f"{name}.sha256")


def _tape(request: HttpRequest) -> tuple[bytes, str]:
    actor, today = asker(request), today_of(request)
    currency, _tabs = _currency(request, actor)
    content = tape.written(figures.everything(actor, currency=currency), today=today)
    return content, f"loan-tape-{currency or 'none'}-{today.isoformat()}.csv"


def _as_file(response: HttpResponse, name: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _currency(request: HttpRequest, actor: Actor) -> tuple[str, list[str]]:
    """The chosen currency, else the one of the largest facility, and all of them."""
    live = Facility.objects.visible_to(actor).filter(financier_id=actor.organisation_id)
    known = list(dict.fromkeys(live.order_by("-advanced", "pk").values_list("currency", flat=True)))
    asked = request.GET.get("currency", "")
    return (asked if asked in known else next(iter(known), "")), known


def _frame(request: HttpRequest, actor: Actor, *, title: str, view: str) -> tuple[str, dict[str, Any]]:
    """Title, way, and the tabs between the pages and the currencies."""
    from apps.portals.financier.nav import FinancierPortal  # the registry of models is not there any earlier

    currency, known = _currency(request, actor)
    return currency, {
        "portal": FinancierPortal(request),
        "title": title,
        "crumbs": _way(title, view=view, currency=currency),
        "currency": currency,
        "tabs": [
            Tab(label=words, url=_url(name, currency), is_current=name == view)
            for name, words in (("portfolio", _("Portfolio")), ("stress_test", _("Stress test")))
        ],
        "currencies": [Tab(label=one, url=_url(view, one), is_current=one == currency) for one in known]
        if len(known) > 1
        else [],
        "tape_url": _url("loan_tape", currency),
        "hash_url": _url("loan_tape_hash", currency),
        "schema": tape.SCHEMA,
    }


def _way(title: str, *, view: str, currency: str) -> Crumbs:
    return (
        crumbs((title, ""))
        if view == "portfolio"
        else crumbs((_("Portfolio"), _url("portfolio", currency)), (title, ""))
    )


def _url(view: str, currency: str) -> str:
    return f"{reverse(f'admin:{view}')}?currency={currency}"


def _form(kind: type[forms.Form], request: HttpRequest, first: dict[str, Any]) -> forms.Form:
    """The form with what stands in the address, or as it begins."""
    asked = any(name in request.GET for name in kind.base_fields)
    return kind(request.GET if asked else None, initial=first)


def _shown(
    request: HttpRequest, template: str, context: dict[str, Any], *, form: forms.Form | None = None
) -> HttpResponse:
    has_failed = form is not None and form.is_bound and bool(form.errors)
    return TemplateResponse(request, template, context, status=422 if has_failed else 200)


def _tiles(
    actor: Actor, aged: Sequence[Aged], accounts: dict[str, Decimal], *, today: Any, currency: str
) -> list[Tile]:
    out = money.total(one.exposed.amount for one in aged)
    life = figures.weighted_life(aged)
    found = figures.returned(actor, currency=currency, accounts=accounts, today=today)
    lost = figures.diluted(actor, currency=currency, today=today)
    tranches = address(Tranche)
    return [
        Tile(label=_("Out"), amount=out, currency=currency, url=f"{tranches}?state=outstanding",
             note=_("on %(count)s advances") % {"count": sum(one.count for one in aged)}),
        Tile(label=_("Return (XIRR)"), value="–" if found is None else rate(round(found, 2)),
             note=_("a year, of all that was paid and came in, with the book as it stands today")),
        Tile(label=_("Average life"), value="–" if life is None else _("%(days)s days") % {"days": round(life)},
             note=_("until the expected payment, weighted by what is out")),
        Tile(label=_("Dilution"), value="–" if lost.share is None else formats.percent(lost.share),
             note=_("credited in a year, %(lost)s of %(bought)s bought")
             % {"lost": formats.money(lost.lost, currency), "bought": formats.money(lost.bought, currency)}),
    ]  # fmt: skip


def _of(aged: Sequence[Aged], clock: str, age: str) -> tuple[Decimal, int]:
    rows = [one for one in aged if (one.clock, one.exposed.age) == (clock, age)]
    return money.total(one.exposed.amount for one in rows), sum(one.count for one in rows)


def _ageing(aged: Sequence[Aged], *, currency: str) -> Bars | None:
    out = money.total(one.exposed.amount for one in aged)
    if not out:
        return None
    late = money.total(one.exposed.amount for one in aged if one.exposed.age != AGES[0].name)
    return Bars(
        title=_("Ageing on two clocks"),
        says=_("%(late)s is late, %(share)s of what is out: past due where it is bought, past the expected acceptance"
               " before.") % {"late": formats.money(late, currency), "share": formats.percent(late / out)},
        labels=[_("not late"), "1–30", "31–60", "61–90", "91+"],
        series=[
            Series(name=str(words), values=[_of(aged, clock, age.name)[0] for age in AGES])
            for clock, words in ages.CLOCKS.items()
        ],
        currency=currency,
    )  # fmt: skip


def _clocks(aged: Sequence[Aged]) -> list[tuple[Any, list[tuple[Decimal, int, str]]]]:
    """For each age what is out on either clock, how many, and where these rows are."""
    return [
        (
            ages.WORDS[age.name],
            [(*_of(aged, clock, age.name), f"{address(Tranche)}?age={clock}-{age.name}") for clock in ages.CLOCKS],
        )
        for age in AGES
    ]


def _provisions(
    aged: Sequence[Aged], accounts: dict[str, Decimal], *, form: forms.Form, currency: str
) -> dict[str, Any]:
    """Both ways to a provision, and what is booked."""
    out: dict[str, Decimal] = {}
    for one in aged:
        out[one.exposed.age] = out.get(one.exposed.age, money.ZERO) + one.exposed.amount
    matrix = provision.by_age(out, matrix=provision.EXAMPLE_MATRIX, currency=currency)
    believed = form.cleaned_data if form.is_valid() else BEGINNING
    stages = provision.by_stage([one.exposed for one in aged], assumed=Assumptions(**believed), currency=currency)
    return {
        "matrix": [(ages.WORDS[age], one, rate(one.rate)) for age, one in matrix.items()],
        "matrix_total": money.total(one.loss for one in matrix.values()),
        "stages": [(STAGES[stage], one, rate(round(one.rate, 2))) for stage, one in stages.items()],
        "stages_total": money.total(one.loss for one in stages.values()),
        "booked": -accounts.get(Financier.ALLOWANCE, money.ZERO),
        "booked_url": address(Account, f"{currency}-{Financier.ALLOWANCE}"),
    }


PAGES = (
    ("portfolio/", portfolio),
    ("portfolio/stress-test/", stress_test),
    ("portfolio/loan-tape.csv", loan_tape),
    ("portfolio/loan-tape.csv.sha256", loan_tape_hash),
)
"""Routes under the financiers' door, each named like its view."""
