"""The tags that every page, mail and document uses; loaded everywhere without ``{% load %}``."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BaseForm
from django.http import HttpRequest, QueryDict
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core import clock
from apps.core.days import NOT_YET
from apps.core.money import Money
from apps.core.printing import words
from apps.portals import charts, formats, vocabulary
from apps.portals.moment import now_of

register = template.Library()

NOTHING = "\N{EN DASH}"


# --- icons and states --------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, *, label: str = "", css: str = "") -> SafeString:
    """An icon of the sprite: decoration by default, an image with a name when ``label`` is given."""
    href = f"{static('img/icons.svg')}#{name}"
    css = f"icon {css}".strip()
    if label:
        return format_html('<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', css, label, href)
    return format_html('<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', css, href)


@register.simple_tag
def status(kind: str, state: str) -> SafeString:
    """A state as word, icon and colour: ``{% status "invoice" invoice.shown_state %}``."""
    known = vocabulary.word(kind, state)
    return format_html('<span class="status tone-{}">{}{}</span>', known.tone, icon(known.icon), known.text)


@register.simple_tag
def status_text(kind: str, state: str) -> str:
    """The word alone, for mails, titles and tables out."""
    return str(vocabulary.word(kind, state).text)


# --- figures -----------------------------------------------------------------------------------------------------


def _amount(amount: Decimal | Money, currency: str) -> tuple[Decimal, str]:
    return (amount.amount, amount.currency) if isinstance(amount, Money) else (amount, currency)


@register.simple_tag
def money(amount: Decimal | Money | None, currency: str = "") -> SafeString | str:
    """An amount in tabular figures with its currency; a dash for none. Takes a ``Money`` or an amount and a code."""
    if amount is None or amount == "":
        return NOTHING
    figure, code = _amount(amount, currency)
    return format_html(
        '<span class="money">{}{}<span class="currency">{}</span></span>',
        formats.number(figure, code),
        formats.NBSP,
        code,
    )


@register.simple_tag
def money_text(amount: Decimal | Money | None, currency: str = "") -> str:
    """The same as plain text, for buttons, mails, titles and attributes."""
    if amount is None or amount == "":
        return NOTHING
    return formats.money(*_amount(amount, currency))


@register.filter
def percent(fraction: Decimal | None) -> str:
    """A fraction as per cent: ``{{ rate|percent }}``."""
    return NOTHING if fraction is None else formats.percent(Decimal(fraction))


@register.filter
def share(points: Decimal) -> str:
    """Percentage points exactly as agreed: ``{{ line.percent|share }}``."""
    return words.percent(points)


@register.filter
def file_size(count: int) -> str:
    return formats.size(count)


@register.filter
def short_hash(sha256: str) -> str:
    """The first twelve characters: enough to compare by eye; the whole stands beside it to copy."""
    return sha256[:12]


# --- days and instants -------------------------------------------------------------------------------------------


def _now(context: template.Context) -> datetime:
    """One "now" per page, so that two dates on it never disagree and the clock is asked once."""
    given = context.get("now")
    if isinstance(given, datetime):
        return given
    request = context.get("request")
    if not isinstance(request, HttpRequest):
        return clock.now()
    return now_of(request)


@register.simple_tag
def day(value: date | None) -> SafeString | str:
    """A calendar date: ``12 Dec 2026``."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.day(value))


@register.simple_tag
def day_text(value: date | None) -> str:
    """The same as plain text, for mails, titles and attributes."""
    return NOTHING if value is None or value == "" else formats.day(value)


@register.simple_tag(takes_context=True)
def due(context: template.Context, value: date | None) -> SafeString | str:
    """A date with its distance in brackets: ``12 Dec 2026 (in 5 days)``."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    if value == NOT_YET:
        return day(value)
    today = timezone.localtime(_now(context)).date()
    return format_html('{} <span class="relative">({})</span>', day(value), formats.days_away(value, today))


@register.simple_tag
def instant(value: datetime | None, *, zone: str = "") -> SafeString | str:
    """A moment with its zone: ``12 Dec 2026, 14:05 CET``. Without ``zone`` in the reader's own."""
    if value is None or value == "":
        return NOTHING
    zone = zone or timezone.get_current_timezone_name()
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.instant(value, zone))


@register.simple_tag(takes_context=True)
def moment(context: template.Context, value: datetime | None, *, zone: str = "") -> SafeString | str:
    """A moment with its zone and its distance in brackets, for deadlines and timelines."""
    if value is None or value == "":
        return NOTHING
    away = formats.time_away(value, _now(context))
    return format_html('{} <span class="relative">({})</span>', instant(value, zone=zone), away)


@register.simple_tag
def instant_text(value: datetime | None, *, zone: str = "") -> str:
    """A moment with its zone as plain text."""
    if value is None or value == "":
        return NOTHING
    return formats.instant(value, zone or timezone.get_current_timezone_name())


# --- pages -------------------------------------------------------------------------------------------------------


@register.filter
def initials(name: str) -> str:
    """Up to two letters for the round mark beside a name."""
    words = [word for word in str(name).replace("@", " ").replace(".", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: Any) -> str:
    """The current query string with some values changed, so that filters survive sorting and paging."""
    request = context.get("request")
    query = request.GET.copy() if isinstance(request, HttpRequest) else QueryDict(mutable=True)
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.filter
def error_links(form: BaseForm) -> list[tuple[str, str, str]]:
    """What is wrong with a form as (id of the field or nothing, its label, the message), in the order of the fields.

    Said once: what draws the fields says it above them too, and a page that has said it above the form has said it.
    """
    if getattr(form, "is_summed_up", False):
        return []
    form.is_summed_up = True  # type: ignore[attr-defined]
    found = [("", "", str(message)) for message in form.non_field_errors()]
    for field in form:
        target = "" if field.is_hidden else field.id_for_label or f"{field.auto_id}_0"
        label = "" if field.is_hidden else str(field.label)
        found.extend((target, label, str(message)) for message in field.errors)
    return found


@register.inclusion_tag("components/three_part_bar.html")
def three_part_bar(
    *, earned: Decimal, billed: Decimal, paid: Decimal, total: Decimal, currency: str
) -> dict[str, object]:
    """How much of a contract is earned, of that billed, of that paid: three lengths on one bar, out of 400."""
    parts = {"earned": earned, "billed": billed, "paid": paid}
    scale = Decimal(400) / total if total else Decimal(0)
    lengths = {f"{name}_length": f"{max(Decimal(0), min(total, part)) * scale:.1f}" for name, part in parts.items()}
    return {**parts, **lengths, "total": total, "currency": currency}


@register.inclusion_tag("components/chart.html")
def chart(drawn: charts.Chart) -> dict[str, object]:
    """A chart with its heading, its sentence, its legend and the same numbers as a table."""
    heads, rows = drawn.table()
    return {"chart": drawn, "svg": drawn.svg(), "heads": heads, "rows": rows}
