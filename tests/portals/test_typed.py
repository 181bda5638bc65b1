"""What people type into forms: days that can be meant, and amounts that can be read in one way only."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import translation

import apps.portals
from apps.core import days, money
from apps.core.errors import Refused
from apps.portals.days_field import DaysField
from apps.portals.disputing.forms import DisputeForm
from apps.portals.drafting.plan import LineForm
from apps.portals.forms import AmountField, DayField, RateField
from apps.portals.missing import BARE, TellingForm
from apps.workflows.deal_file.faults import DealFileRefused
from apps.workflows.deal_file.loading import load
from tests import scenarios

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("typed", ["9999-12-31", "0001-01-01", "2201-01-01", "1969-12-31"])
def test_a_day_of_another_time_is_asked_back(typed: str) -> None:
    with pytest.raises(ValidationError, match=r"cannot be meant: dates lie between 1970 and 2200"):
        DayField().clean(typed)


def test_the_first_and_the_last_day_can_be_meant() -> None:
    field = DayField(required=False)
    assert [field.clean(day) for day in ("1970-01-01", "2200-12-31", "")] == [days.FIRST, days.LAST, None]
    assert (field.widget.attrs["min"], field.widget.attrs["max"]) == ("1970-01-01", "2200-12-31")


@pytest.mark.parametrize(
    ("currency", "typed", "proposed"),
    [
        ("", "1.001", ["1.0010", "1,001.00"]),
        ("EUR", "1.001", ["1,001.00"]),
        ("EUR", "1.230", ["1.23", "1,230.00"]),
        ("JPY", "1.001", ["1,001"]),
        ("JPY", "1.000", ["1", "1,000"]),
    ],
)
def test_what_is_proposed_for_an_amount_of_two_readings_can_be_paid(
    currency: str, typed: str, proposed: list[str]
) -> None:
    field = AmountField()
    field.currency = currency
    with translation.override("en"):
        with pytest.raises(ValidationError) as refused:
            field.clean(typed)
        told = refused.value.messages[0].replace(f"“{typed}”", "").replace(currency or "-", "")
        found = [word.strip(",.") for word in told.split() if word[0].isdigit()]
        assert found == proposed
        for one in found:
            assert not currency or money.is_exact(field.clean(one), currency)


def test_every_form_asks_for_a_day_with_this_field() -> None:
    for path in (ROOT / "apps/portals").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            made = node.func if isinstance(node, ast.Call) else None
            is_form = isinstance(made, ast.Attribute) and isinstance(made.value, ast.Name) and made.value.id == "forms"
            assert not is_form or made.attr not in ("DateField", "DateTimeField"), path  # type: ignore[union-attr]


@pytest.mark.parametrize("written", ["9999-12-31", "0001-01-01", "today+9999999", "today-9999", "2026-02-30"])
def test_a_deal_file_names_no_other_day(written: str) -> None:
    place = load(f"day: {written}", today=date(1980, 1, 1))
    with pytest.raises(DealFileRefused, match="line 1"):
        dict(place.items())["day"].day()


def test_every_page_that_takes_a_day_answers(db: None) -> None:
    parties = scenarios.organisations()
    client = Client()
    client.force_login(parties.people["seller"].user)
    for name in ("seller:account_statements", "seller:receivables_ageing", "seller:exports", "seller:revenue"):
        for day in ("0001-01-01", "9999-12-31"):
            told = {"on": day, "since": day, "until": day, "starts_on": day, "ends_on": day, "through": day}
            assert client.get(reverse(name), told).status_code in (200, 422), name


@pytest.mark.parametrize(
    ("language", "typed", "small", "large"),
    [("en", "24.000", "24.0000", "24,000.00"), ("de", "24,000", "24,0000", "24.000,00")],
)
def test_an_amount_with_two_readings_is_asked_back(language: str, typed: str, small: str, large: str) -> None:
    with translation.override(language):
        field = AmountField()
        with pytest.raises(ValidationError) as asked:
            field.clean(typed)
        said = asked.value.messages[0]
        assert (typed in said, small in said, large in said) == (True, True, True)
        assert [field.clean(one) for one in (small, large)] == [Decimal(24), Decimal(24000)]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("24,000", 24000),
        ("24000", 24000),
        ("24.00", 24),
        ("1,024.125", "1024.125"),
        ("0.125", "0.125"),
        ("24.0001", "24.0001"),
        ("024.000", 24),
    ],
)
def test_what_has_one_reading_is_read(typed: str, read: str | int) -> None:
    with translation.override("en"):
        assert AmountField().clean(typed) == Decimal(read)


def test_a_currency_with_three_decimals_is_written_with_three() -> None:
    field = AmountField()
    field.currency = "KWD"
    with translation.override("en"):
        assert field.clean("24.000") == 24
        assert field.clean(field.prepare_value(Decimal("24"))) == 24


def test_a_rate_and_a_percentage_have_one_reading() -> None:
    with translation.override("en"):
        assert RateField().clean("33.333") == Decimal("33.333")
        line = {"title": "Prototype", "portion": "33.333"}
        assert not LineForm({**line, "basis": "percent"}, currency="EUR", position=1).errors
        assert "portion" in LineForm({**line, "basis": "amount"}, currency="EUR", position=1).errors


@pytest.mark.parametrize("value", ["12.345", "999.001", "1000.125", "0.125", "24"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_what_a_form_shows_it_reads_again(value: str, language: str) -> None:
    with translation.override(language):
        field = AmountField()
        assert field.clean(field.prepare_value(Decimal(value))) == Decimal(value)


def test_a_day_is_known_or_refused() -> None:
    assert days.known(date(2026, 11, 28)) == date(2026, 11, 28)
    with pytest.raises(Refused):
        days.known(date.max)


def test_a_number_of_days_that_is_none_is_named() -> None:
    field = DaysField(required=False)
    assert [field.clean(typed) for typed in ("3, 14,28", "3;14 28", "", " , ")] == [[3, 14, 28], [3, 14, 28], [], []]
    assert field.clean(field.prepare_value([3, 14])) == [3, 14]
    for typed in ("x", "-1", "1.5", "\u0663", "9" * 7):
        with translation.override("en"), pytest.raises(ValidationError) as asked:
            field.clean(f"3, {typed}")
        assert asked.value.messages == [
            f"“{typed}” is not a number of days. Write whole numbers with commas between them: 3, 14, 28."
        ]


def test_the_form_of_reminders_says_which_day_is_wrong_and_keeps_what_was_typed(db: None) -> None:
    client = Client()
    client.force_login(scenarios.organisations().people["seller"].user)
    page = client.post(reverse("seller:reminders"), {"key": "k", "days": "3, soon"})
    said = page.content.decode()
    assert (page.status_code, 'value="3, soon"' in said, "“soon” is not a number of days" in said) == (422, True, True)


def _forms() -> Iterator[type[forms.BaseForm]]:
    """Every form of the portals."""
    for module in pkgutil.walk_packages(apps.portals.__path__, "apps.portals."):
        if ".migrations" not in module.name and ".management" not in module.name:
            importlib.import_module(module.name)
    waiting: list[type[forms.BaseForm]] = [forms.BaseForm]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.startswith("apps.portals."):
                yield kind


def test_what_is_left_empty_is_told_what_to_do() -> None:
    found = set(_forms())
    assert len(found) > 100
    assert [one for one in found if not issubclass(one, TellingForm)] == []
    with translation.override("en"):
        form = DisputeForm({"how": "amount"})
        assert form.errors["reason"] == ["Say what you dispute and why; the other side reads it."]
        assert form.errors["amount"] == ["Enter how much."]
        assert form.errors["answer_days"] == ["Enter a number."]


class EachKind(TellingForm, forms.Form):
    """A field of every kind that a form can ask for."""

    reason = forms.CharField()
    name = forms.CharField()
    words = forms.CharField(widget=forms.Textarea)
    mailbox = forms.EmailField()
    one = forms.ChoiceField(choices=[("a", "A")])
    many = forms.MultipleChoiceField(choices=[("a", "A")])
    on = DayField()
    count = forms.IntegerField()
    amount = AmountField()
    rate = RateField()
    file = forms.FileField()
    tick = forms.BooleanField()


def test_each_kind_of_field_has_its_sentence() -> None:
    with translation.override("en"):
        said = {name: str(messages[0]) for name, messages in EachKind({}).errors.items()}
        assert str(BARE) not in said.values()
    assert (len(said), len(set(said.values()))) == (12, 12)
    assert EachKind.base_fields["name"].error_messages["required"] == BARE, "no form changes what others share"
