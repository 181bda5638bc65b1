"""The cells that say of which kind a line is and when it is billed, in English and German, read and written."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from apps.contracts.drafts import (
    ACCEPTANCE,
    DATE,
    DEPOSIT,
    EVENT,
    FIRST,
    FIXED,
    MILESTONE,
    PROPORTION,
    RATE,
    RECURRING,
    SIGNATURE,
    DraftLine,
    Due,
    Recovery,
)
from apps.contracts.rules.dues import MOST_PERIODS, count_until
from apps.contracts.rules.schedule.cells import Cell, Formula, Share, as_text, is_empty
from apps.contracts.rules.schedule.columns import Column
from apps.contracts.rules.schedule.dates import DateOrder, date_of, is_date
from apps.contracts.rules.schedule.guard import guarded, unguarded
from apps.core.canonical import plain
from apps.core.days import known
from apps.core.errors import Refused

COLUMNS: Final = (Column.KIND, Column.PERIOD, Column.COUNT, Column.START, Column.RECOVERY)
KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {MILESTONE: "milestone", DEPOSIT: "deposit", RECURRING: "recurring"},
    "de": {MILESTONE: "Meilenstein", DEPOSIT: "Anzahlung", RECURRING: "wiederkehrend"},
}
PERIODS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"month": "month", "quarter": "quarter", "year": "year"},
    "de": {"month": "Monat", "quarter": "Quartal", "year": "Jahr"},
}
SIGNED: Final[Mapping[str, str]] = {"en": "signature", "de": "Unterschrift"}
_KIND: Final = {
    **{word.casefold(): kind for words in KINDS.values() for kind, word in words.items()},
    **dict.fromkeys(("down payment", "advance payment", "abschlag", "vorauszahlung"), DEPOSIT),
    **dict.fromkeys(("subscription", "abo", "abonnement", "laufend"), RECURRING),
}
_PERIOD: Final = {
    **{word.casefold(): period for words in PERIODS.values() for period, word in words.items()},
    **dict.fromkeys(("monthly", "months", "monatlich", "monate"), "month"),
    **dict.fromkeys(("quarterly", "quarters", "vierteljährlich", "quartalsweise", "vierteljahr"), "quarter"),
    **dict.fromkeys(("yearly", "annually", "years", "jährlich", "jahre"), "year"),
}
WAYS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {PROPORTION: "in proportion", FIRST: "first"},
    "de": {PROPORTION: "anteilig", FIRST: "zuerst"},
}
EVENTS: Final[Mapping[str, str]] = {"en": "event", "de": "Ereignis"}
_EVENT: Final = frozenset(word.casefold() for word in EVENTS.values())
ACCEPTED: Final[Mapping[str, str]] = {"en": "accepted", "de": "abgenommen"}
_ACCEPTED: Final = frozenset(word.casefold() for word in ACCEPTED.values())
FIXED_WORDS: Final[Mapping[str, str]] = {"en": "each", "de": "je"}
_FIXED: Final = re.compile(r"(?:each|je)\s+(?P<amount>\d+(?:\.(?:\d{1,2}|\d{4,}))?)", re.IGNORECASE)
"""Never a point before three digits, for ``je 5.000`` are five thousand to a German; a zero more is written there."""
FROM: Final[Mapping[str, str]] = {"en": "from", "de": "ab"}
_WAY: Final = {
    **{word.casefold(): way for words in WAYS.values() for way, word in words.items()},
    **dict.fromkeys(("proportion", "proportional", "pro rata", "im verhältnis"), PROPORTION),
    **dict.fromkeys(("whole", "first in full", "vollständig zuerst"), FIRST),
}
_RATE: Final = re.compile(r"(?P<rate>[\d.,]+)\s*%(?:\s+(?:from|ab)\s+(?P<begins>[\d.,]+)\s*%)?", re.IGNORECASE)
_RECOVERABLE: Final = frozenset(
    {"recoverable deposit", "recoverable", "advance", "rückzahlbare anzahlung", "verrechenbare anzahlung"}
)
_SIGNED: Final = frozenset({word.casefold() for word in SIGNED.values()} | {"on signature", "bei unterschrift"})


def _kind(cell: Cell, _order: DateOrder | None) -> str:
    if as_text(cell).strip().casefold() in _RECOVERABLE:
        raise Refused(
            "Say deposit here, and how later invoices give it back in the column “Given back by later invoices”: in"
            " proportion, first, or a rate such as 20%."
        )
    return _word(cell, _KIND, Refused("“{text}” is none of milestone, deposit and recurring.", text=_short(cell)))


def _period(cell: Cell, _order: DateOrder | None) -> str:
    return _word(cell, _PERIOD, Refused("“{text}” is none of month, quarter and year.", text=_short(cell)))


def _count(cell: Cell, order: DateOrder | None) -> int | date | None:
    """How many periods there are, or the last day of the last one."""
    if isinstance(cell, date):
        return known(cell)
    text = as_text(_plain(cell)).strip()
    if is_date(text):
        return date_of(text, order=order) if order is not None else None
    value = cell if isinstance(cell, Decimal) else Decimal(text) if text.isascii() and text.isdigit() else None
    if value is None or value != value.to_integral_value() or not 1 <= value <= MOST_PERIODS:
        raise Refused("“{text}” is no number of periods from 1 to {most}.", text=_short(cell), most=MOST_PERIODS)
    return int(value)


def _start(cell: Cell, order: DateOrder | None) -> Due:
    """The signature, a day, or else the name of a milestone."""
    if isinstance(cell, date):
        return Due(start=DATE, on=known(cell))
    text = as_text(_plain(cell)).strip()
    if text.casefold() in _SIGNED:
        return Due(start=SIGNATURE)
    if is_date(text):
        return Due(start=DATE, on=date_of(text, order=order) if order is not None else None)
    word, colon, event = unguarded(text).partition(":")
    if colon and word.strip().casefold() in _EVENT:
        return Due(start=EVENT, event=event.strip())
    if colon and word.strip().casefold() in _ACCEPTED:
        return Due(start=ACCEPTANCE, milestone=event.strip())
    return Due(start=ACCEPTANCE, milestone=unguarded(text))


def _recovery(cell: Cell, _order: DateOrder | None) -> Recovery:
    """``in proportion``, ``first``, or a rate: ``20 %``, ``20 % from 30 %``, or a cell that is a percentage."""
    if isinstance(cell, Share):
        return Recovery(RATE, cell.percent)
    text = as_text(_plain(cell)).strip()
    way, rate, fixed = _WAY.get(text.casefold()), _RATE.fullmatch(text), _FIXED.fullmatch(text)
    if fixed is not None:
        return Recovery(FIXED, amount=Decimal(fixed["amount"]))
    if way is not None:
        return Recovery(way)
    if rate is None:
        raise Refused(
            "“{text}” is none of in proportion, first, each 500.00, and a rate such as 20% from 30%.",
            text=_short(cell),
        )
    return Recovery(RATE, _share(rate["rate"], cell), _share(rate["begins"], cell) if rate["begins"] else Decimal(0))


def _share(written: str, cell: Cell) -> Decimal:
    """A percentage of at most six decimals, so what stands behind the only point or comma are decimals."""
    try:
        return Decimal(written.replace(",", "."))
    except InvalidOperation as error:
        raise Refused("“{text}” is no percentage.", text=_short(cell)) from error


READ: Final[Mapping[Column, Callable[[Cell, DateOrder | None], Any]]] = {
    Column.KIND: _kind,
    Column.PERIOD: _period,
    Column.COUNT: _count,
    Column.START: _start,
    Column.RECOVERY: _recovery,
}


def read_cell(column: Column, cell: Cell, order: DateOrder | None) -> Any:
    """What a cell says; None for an empty one. Refused in words when it says nothing that is known."""
    return None if is_empty(cell) else READ[column](cell, order)


def counted(said: Mapping[Column, Any], planned_on: date | None) -> int | None:
    """How many periods a line has of which the last day may be said instead."""
    count = said[Column.COUNT]
    if not isinstance(count, date):
        return count  # type: ignore[no-any-return]
    return count_until(count, due=replace(_begun(said, planned_on), period=said[Column.PERIOD] or ""))


def _begun(said: Mapping[Column, Any], planned_on: date | None) -> Due:
    begun: Due | None = said[Column.START]
    return begun or (Due(start=DATE, on=planned_on) if planned_on else Due())


def with_due(line: DraftLine, said: Mapping[Column, Any]) -> DraftLine:
    """The line with its kind and when it is billed; what only other kinds have is refused, not lost."""
    kind = said[Column.KIND] or MILESTONE
    repeats, starts = said[Column.PERIOD] or said[Column.COUNT], said[Column.START]
    if said[Column.RECOVERY] and kind != DEPOSIT:
        raise Refused("Only a deposit is given back by later invoices. Say deposit in the column of kinds.")
    if (repeats and kind != RECURRING) or (starts and kind == MILESTONE):
        raise Refused(
            "This row says how often or from when it is billed. Only a recurring line repeats, and a milestone"
            " is billed when it is accepted: say deposit or recurring in the column of kinds."
        )
    if kind == MILESTONE:
        return line
    due = _begun(said, line.planned_on)
    due = replace(due, period=said[Column.PERIOD] or "", count=said[Column.COUNT], recovery=said[Column.RECOVERY])
    return replace(line, kind=kind, due=due, planned_on=None)


def written(line: DraftLine, *, language: str) -> dict[Column, Cell]:
    """The four cells of a line."""
    due, words = line.due, language if language in KINDS else "en"
    if due is None:
        return {Column.KIND: KINDS[words][MILESTONE]}
    starts: dict[str, Cell] = {
        SIGNATURE: SIGNED[words],
        DATE: due.on,
        ACCEPTANCE: guarded(_named(due.milestone, words)),
        EVENT: guarded(f"{EVENTS[words]}: {due.event}"),
    }
    return {
        Column.KIND: KINDS[words][line.kind],
        Column.PERIOD: PERIODS[words].get(due.period),
        Column.COUNT: None if due.count is None else Decimal(due.count),
        Column.START: starts[due.start],
        Column.RECOVERY: _recovery_cell(due.recovery, words),
    }


def _named(title: str, words: str) -> str:
    """The name of a milestone, with a word in front where it would be read as something else."""
    is_plain = title and _start(title, DateOrder.DAY_FIRST) == Due(start=ACCEPTANCE, milestone=title)
    return title if is_plain or not title else f"{ACCEPTED[words]}: {title}"


def _unmistaken(amount: Decimal) -> str:
    text = plain(amount)
    return f"{text}0" if len(text.partition(".")[2]) == 3 else text


def _recovery_cell(recovery: Recovery | None, words: str) -> Cell:
    if recovery is None:
        return None
    if recovery.way == FIXED:
        return f"{FIXED_WORDS[words]} {_unmistaken(recovery.amount)}" if recovery.amount is not None else None
    if recovery.way != RATE:
        return WAYS[words][recovery.way]
    if recovery.rate is None:
        return None
    begins = f" {FROM[words]} {plain(recovery.begins)} %" if recovery.begins else ""
    return f"{plain(recovery.rate)} %{begins}"


def _word(cell: Cell, known_words: Mapping[str, str], refusal: Refused) -> str:
    found = known_words.get(as_text(_plain(cell)).strip().casefold())
    if found is None:
        raise refusal
    return found


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, Formula):
        raise Refused("This cell holds a formula, and formulas are not reckoned here. Paste its value instead.")
    if isinstance(cell, Share):
        raise Refused("A percentage stands here, and something else is needed.")
    return cell


def _short(cell: Cell) -> str:
    return as_text(cell).strip()[:40]
