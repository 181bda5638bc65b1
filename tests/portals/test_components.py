"""The parts that all pages are made of: what they say, in which language, and that nothing of them needs a script."""

import hashlib
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from apps.core.money import Money
from apps.core.printing import words
from apps.portals import charts, formats, parts, schedule_chart, vocabulary

NOW = datetime(2026, 12, 7, 13, 5, tzinfo=UTC)
STATIC = Path(settings.BASE_DIR) / "static"
TEMPLATES = Path(settings.BASE_DIR) / "templates"


def shown(source: str, **context: object) -> str:
    """What a template makes of a context, with its spaces made plain and its tags kept."""
    text = Template(source).render(Context({"now": NOW, **context}))
    return text.replace(formats.NBSP, " ")


def read(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).strip()


# --- amounts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "english", "german"),
    [
        ("12400", "EUR", "12,400.00 EUR", "12.400,00 EUR"),
        ("9800000", "JPY", "9,800,000 JPY", "9.800.000 JPY"),
        ("1.5", "KWD", "1.500 KWD", "1,500 KWD"),
        ("-2000", "EUR", "−2,000.00 EUR", "−2.000,00 EUR"),
        ("0", "USD", "0.00 USD", "0,00 USD"),
    ],
)
def test_an_amount_is_written_with_the_decimals_of_its_currency(
    amount: str, currency: str, english: str, german: str
) -> None:
    context = {"amount": Decimal(amount), "currency": currency}
    assert read(shown("{% money amount currency %}", **context)) == english
    assert shown("{% money_text amount currency %}", **context) == english
    with translation.override("de"):
        assert shown("{% money_text amount currency %}", **context) == german


def test_an_amount_never_breaks_over_a_line() -> None:
    assert " " not in formats.money(Decimal(12400), "EUR")


def test_money_is_taken_whole_and_nothing_is_a_dash() -> None:
    assert read(shown("{% money price %}", price=Money(Decimal("12.30"), "USD"))) == "12.30 USD"
    assert shown("{% money price 'EUR' %}{% money_text price 'EUR' %}", price=None) == "––"


def test_a_rate_is_shown_in_per_cent() -> None:
    assert shown("{{ rate|percent }}", rate=Decimal("0.0825")) == "8.25%"
    with translation.override("de"):
        assert shown("{{ rate|percent }}", rate=Decimal("0.0825")) == "8,25 %"


def test_a_rate_that_says_nothing_any_more_is_shown_as_more_than_the_highest() -> None:
    assert shown("{{ rate|percent }}", rate=Decimal("1e40")) == "more than 100,000%"


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", ("19%", "8.25%", "16.17%")),
        ("de", ("19\N{NO-BREAK SPACE}%", "8,25\N{NO-BREAK SPACE}%", "16,17\N{NO-BREAK SPACE}%")),
    ],
)
def test_a_percentage_is_written_in_one_way_wherever_it_is_read(language: str, written: tuple[str, ...]) -> None:
    whole, some, price = Decimal(19), Decimal("8.25"), Decimal("16.1668")
    with translation.override(language):
        assert (formats.percent(whole / 100), formats.percent(some / 100), words.percent(some)) == (
            written[0],
            written[1],
            written[1],
        )
        for tag in ("{{ rate|share }}", "{% load seller %}{{ rate|rate }}"):
            assert Template(tag).render(Context({"rate": whole})) == written[0]
        assert Template("{% load seller %}{{ rate|rate2 }}").render(Context({"rate": price})) == written[2]


WRITTEN_BY_MACHINES = {
    "apps/financing/rules/texts.py",
    "apps/contracts/rules/schedule/cells.py",
    "apps/contracts/rules/schedule/due_cells.py",
    "apps/workflows/deal_file/report_text.py",
    "apps/invoicing/einvoice/recomputation.py",
    "apps/core/percent.py",
    "apps/core/printing/words.py",
}
"""Where the sign is put by hand: texts of which the hash is signed, cells that are read again, and what is English in
every language."""


def test_nobody_else_puts_the_sign_after_a_number() -> None:
    root = Path(__file__).parents[2]
    by_hand = re.compile(r"""\}(\{NBSP\})?[ \u00a0]?%(?=["'` ,.)]|$)|\)s ?%%""", re.MULTILINE)
    drawn = re.compile(r"""<|x=|width=|_\("Outcome""")
    found = {
        str(path.relative_to(root))
        for folder in ("apps", "templates")
        for path in (root / folder).rglob("*")
        if path.suffix in (".py", ".html", ".txt") and "migrations" not in path.parts
        for line in path.read_text().splitlines()
        if by_hand.search(line.replace("{%", "").replace("%}", "")) and not drawn.search(line)
    }
    assert found == WRITTEN_BY_MACHINES - {"apps/core/printing/words.py"}


def test_an_agreed_percentage_is_shown_with_all_its_decimals_and_no_more() -> None:
    assert shown("{{ points|share }}", points=Decimal("33.333300")) == "33.3333%"
    assert shown("{{ points|share }}", points=Decimal("40.000000")) == "40%"
    with translation.override("de"):
        assert shown("{{ points|share }}", points=Decimal("33.333300")) == "33,3333 %"


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        ("43792", "43.79K", "43.792"),
        ("-6568.8", "−6.57K", "−6.569"),
        ("1234567", "1.23M", "1,23 Mio."),
        ("12", "12", "12"),
    ],
)
def test_a_chart_writes_large_figures_so_that_they_can_be_read(value: str, english: str, german: str) -> None:
    assert formats.compact(Decimal(value)) == english
    with translation.override("de"):
        assert formats.compact(Decimal(value)).replace(formats.NBSP, " ") == german


# --- dates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 12, 7), "7 Dec 2026 (today)"),
        (date(2026, 12, 8), "8 Dec 2026 (tomorrow)"),
        (date(2026, 12, 6), "6 Dec 2026 (yesterday)"),
        (date(2026, 12, 19), "19 Dec 2026 (in 12 days)"),
        (date(2026, 11, 28), "28 Nov 2026 (9 days ago)"),
    ],
)
def test_a_date_stands_with_its_distance(day: date, words: str) -> None:
    assert read(shown("{% due day %}", day=day)) == words


def test_a_moment_names_its_zone() -> None:
    source = '{% moment at zone="Europe/Berlin" %}'
    assert read(shown(source, at=datetime(2026, 12, 7, 16, 5, tzinfo=UTC))) == "7 Dec 2026, 17:05 CET (in 3 hours)"
    with translation.override("de"):
        assert (
            read(shown(source, at=datetime(2026, 12, 7, 16, 5, tzinfo=UTC))) == "07.12.2026, 17:05 CET (in 3 Stunden)"
        )


def test_a_page_asks_the_clock_once(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.META["cairn.now"] = NOW
    assert "(in 12 days)" in read(shown("{% due day %}", now=None, request=request, day=date(2026, 12, 19)))


# --- states ------------------------------------------------------------------------------------------------------


def test_every_state_has_a_word_an_icon_of_the_sprite_and_a_tone_of_the_style_sheet() -> None:
    sprite = (STATIC / "img/icons.svg").read_text()
    style = (STATIC / "css/cairn.css").read_text()
    for states in vocabulary.STATES.values():
        for word in states.values():
            assert str(word.text)
            assert f'id="{word.icon}"' in sprite
            assert f".tone-{word.tone} " in style


def test_a_state_is_a_word_beside_its_colour_also_when_the_table_does_not_know_it() -> None:
    assert read(shown('{% status "invoice" "overdue" %}')) == "Overdue"
    assert shown('{% status_text "invoice" "gone_astray" %}') == "Gone astray"


def test_every_icon_named_in_a_template_or_module_is_in_the_sprite() -> None:
    known = set(re.findall(r'symbol id="([^"]+)"', (STATIC / "img/icons.svg").read_text()))
    used = {
        name
        for template in TEMPLATES.rglob("*.html")
        for name in re.findall(r'{% icon "([^"]+)"', template.read_text())
    }
    assert used - known == set()


# --- forms -------------------------------------------------------------------------------------------------------


class Terms(forms.Form):
    title = forms.CharField()
    way = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    secret = forms.CharField(widget=forms.HiddenInput)


def test_the_error_summary_takes_focus_and_links_to_every_field() -> None:
    html = shown("{% load crispy_forms_tags %}{{ form|crispy }}", form=Terms({}))
    assert 'role="alert"' in html
    assert "data-error-summary" in html
    for target in re.findall(r'href="#([^"]+)"', html):
        assert f'id="{target}"' in html
    assert 'href="#id_title"' in html
    assert 'href="#id_way_0"' in html
    assert html.count("error-summary") == 2, "one block, one attribute: no second list of errors"


def test_a_field_with_an_error_is_described_by_it() -> None:
    html = shown("{% load crispy_forms_tags %}{{ form|crispy }}", form=Terms({"way": "a", "secret": "x"}))
    assert 'aria-invalid="true"' in html
    assert 'id="id_title_error"' in html


def test_filters_survive_paging() -> None:
    request = HttpRequest()
    request.GET = QueryDict("state=open&after=7")
    assert shown("{% with_query after='9' %}", request=request) == "?state=open&amp;after=9"
    assert shown("{% with_query after=None %}", request=request) == "?state=open"


# --- pictures ----------------------------------------------------------------------------------------------------


def test_the_three_part_bar_speaks_and_never_leaves_its_track() -> None:
    html = shown(
        '{% three_part_bar earned=e billed=b paid=p total=t currency="EUR" %}',
        e=Decimal(120), b=Decimal(50), p=Decimal(-1), t=Decimal(100),
    )  # fmt: skip
    assert "Of 100.00 EUR: earned 120.00 EUR, billed 50.00 EUR, paid −1.00 EUR" in html
    assert re.findall(r'class="bar-\w+" width="([\d.]+)"', html) == ["400", "400.0", "200.0", "0.0"]


def test_a_contract_without_a_price_has_an_empty_bar() -> None:
    html = shown('{% three_part_bar earned=z billed=z paid=z total=z currency="EUR" %}', z=Decimal(0))
    assert 'class="bar-paid" width="0.0"' in html


DRAWN: list[charts.Chart] = [
    charts.Bars(
        title="Cash",
        says="Most comes in March.",
        labels=["Feb", "Mar"],
        currency="EUR",
        series=[
            charts.Series(name="In", values=[Decimal(10), Decimal(40)]),
            charts.Series(name="Out", values=[Decimal(-5), Decimal(0)]),
        ],
    ),
    charts.Lines(
        title="Plan",
        says="Earned follows the plan.",
        labels=["Feb", "Mar"],
        currency="EUR",
        series=[
            charts.Series(name="Planned", values=[Decimal(0), Decimal(40)]),
            charts.Series(name="Earned", values=[Decimal(0)]),
        ],
    ),
    charts.Waterfall(
        title="Pay-out",
        says="88 of 100.",
        steps=[("Invoice", Decimal(100)), ("Fee", Decimal(-12))],
        left="Paid out",
        currency="EUR",
    ),
    schedule_chart.Schedule(
        title="Schedule",
        says="One milestone is late.",
        today=date(2026, 2, 1),
        spans=[
            schedule_chart.Span(
                label="Prototype", start=date(2026, 1, 1), end=date(2026, 3, 1), look="late", status="Planned"
            )
        ],
    ),
]


@pytest.mark.parametrize("drawn", DRAWN, ids=lambda drawn: type(drawn).__name__)
def test_a_chart_has_a_heading_a_sentence_a_picture_and_its_numbers(drawn: charts.Chart) -> None:
    html = shown("{% chart drawn %}", drawn=drawn)
    for part in ("<h2>", "<figcaption>", 'role="img"', "<svg", "<details>", '<th scope="row">'):
        assert part in html
    assert "style=" not in html


def test_what_is_left_of_a_waterfall_is_the_sum_of_its_steps() -> None:
    _heads, rows = DRAWN[2].table()
    assert rows[-1] == ["Paid out", formats.money(Decimal(88), "EUR")]


def test_a_series_that_ends_early_leaves_its_cells_empty() -> None:
    _heads, rows = DRAWN[1].table()
    assert rows[1][2] == "–"


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        (["0", "97"], ["0", "25", "50", "75", "100"]),
        (["-5", "48"], ["-20", "0", "20", "40", "60"]),
        (["0"], ["0", "0.25", "0.50", "0.75", "1.00"]),
    ],
)
def test_the_axis_counts_in_round_steps_and_shows_zero(values: list[str], lines: list[str]) -> None:
    measure = charts.scale([Decimal(value) for value in values])
    assert [Decimal(line) for line in lines] == list(measure.lines())


# --- the whole -----------------------------------------------------------------------------------------------------


def test_a_need_shows_what_who_how_much_until_when_and_one_button() -> None:
    need = parts.Need(
        what="Sign off “Prototype”", url="/x/", button="Review", who="Fjord GmbH", amount=Decimal(12400),
        currency="EUR", due=date(2026, 12, 12),
    )  # fmt: skip
    html = shown('{% include "components/needs_you.html" %}', needs=[need])
    text = read(html)
    for part in ("Sign off “Prototype”", "Fjord GmbH · 12 Dec 2026 (in 5 days)", "12,400.00 EUR", "Review"):
        assert part in text
    assert html.count('class="btn ') == 1


@pytest.mark.parametrize("page", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html", "503.html"])
def test_an_error_page_needs_neither_request_nor_database(page: str) -> None:
    html = render_to_string(page)
    assert html.count("<h1>") == 1
    assert 'href="/"' in html


def test_a_mail_has_one_button_and_a_twin_in_plain_text() -> None:
    context = {"button_url": "https://cairn.example/x", "button_words": "Review & sign off", "from_name": "Fjord GmbH"}
    html, text = render_to_string("mail/base.html", context), render_to_string("mail/base.txt", context)
    assert html.count('class="button"') == 1
    assert "Review & sign off:\nhttps://cairn.example/x" in text
    assert "Fjord GmbH" in html
    assert "Fjord GmbH" in text


def test_no_template_carries_style_or_script_of_its_own() -> None:
    forbidden = re.compile(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)|javascript:|hx-on|hx-vals='js:")
    for template in TEMPLATES.rglob("*.html"):
        if template.relative_to(TEMPLATES).parts[0] not in {"mail", "documents"}:
            assert not forbidden.search(template.read_text()), template


def test_what_others_made_is_what_the_manifest_says() -> None:
    listed = {}
    for line in (STATIC / "vendor/MANIFEST.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            digest, path = line.split("  ")
            listed[path] = digest
    there = {str(file.relative_to(STATIC)) for file in (STATIC / "vendor").rglob("*") if file.is_file()}
    assert there - {"vendor/MANIFEST.txt"} == set(listed) - {"img/icons.svg"}
    for path, digest in listed.items():
        assert hashlib.sha256((STATIC / path).read_bytes()).hexdigest() == digest, path


# --- colours -----------------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def tokens() -> dict[str, tuple[str, str]]:
    style = (STATIC / "css/cairn.css").read_text()
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", style)
    return {name: (light, dark) for name, light, dark in found} | {"on-accent": ("#ffffff", "#ffffff")}


GROUNDS = ("paper", "sidebar", "surface", "raised", "hover")
TEXT_PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3", "accent") for ground in GROUNDS),
    *((tone, f"{tone}-soft") for tone in ("accent", "positive", "info", "attention", "negative", "neutral")),
    *(("ink", f"{tone}-soft") for tone in ("accent", "positive", "info", "attention", "negative", "neutral")),
    *(("on-accent", fill) for fill in ("accent-fill", "accent-fill-hover", "negative-fill", "negative-fill-hover")),
    ("negative", "surface"),
    ("negative", "paper"),
    ("ink-3", "accent-soft"),
]
SHAPE_PAIRS = [
    *(("line-strong", ground) for ground in ("paper", "surface", "raised")),
    *(("focus", ground) for ground in GROUNDS),
    *((f"series-{number}", "surface") for number in range(1, 6)),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("pairs", "least"), [(TEXT_PAIRS, 4.5), (SHAPE_PAIRS, 3.0)], ids=["text", "borders, focus and charts"]
)
def test_every_pair_of_colours_has_the_contrast_of_wcag_aa(
    theme: int, pairs: list[tuple[str, str]], least: float
) -> None:
    palette = tokens()
    weak = {
        pair: round(found, 2)
        for pair in pairs
        if (found := contrast(palette[pair[0]][theme], palette[pair[1]][theme])) < least
    }
    assert weak == {}
