"""The columns of a schedule of values, by the names that people give them in English and German."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from apps.contracts.rules.schedule.cells import Cell, as_text

HEADER_WITHIN: Final = 20
"""The row of names is looked for among this many: a letterhead may stand above it."""


class Column(StrEnum):
    """What a column means."""

    PLAN = "plan"
    DISCOUNT = "discount"
    DISCOUNT_PERCENT = "discount_percent"
    TITLE = "title"
    SCOPE = "scope"
    BASIS = "basis"
    PERCENT = "percent"
    AMOUNT = "amount"
    QUANTITY = "quantity"
    UNIT = "unit"
    UNIT_PRICE = "unit_price"
    PLANNED_ON = "planned_on"
    CRITERION = "criterion"
    EVIDENCE = "evidence"
    NATURE = "nature"
    REVIEW_DAYS = "review_days"
    SILENCE = "silence"
    CUMULATIVE = "cumulative"
    RETENTION = "retention"
    MATERIALS = "materials"
    WAITING = "waiting"
    DOCUMENTS = "documents"
    PAYMENT_DAYS = "payment_days"
    PARTS = "parts"
    INSPECTION = "inspection"
    ACCEPTORS = "acceptors"
    QUESTIONS = "questions"
    DAMAGES = "damages"
    BONUS = "bonus"
    TAX = "tax"
    TAX_RATE = "tax_rate"
    EXEMPTION = "exemption"
    EXEMPTION_CODE = "exemption_code"
    KIND = "kind"
    PERIOD = "period"
    COUNT = "count"
    START = "start"
    RECOVERY = "recovery"
    INFORMATION = "information"


LENGTHS: Final = {Column.PLAN: 80, Column.TITLE: 160, Column.SCOPE: 4_000, Column.CRITERION: 500, Column.EXEMPTION: 200}
NUMBERS: Final = (Column.PERCENT, Column.AMOUNT)
DISCOUNTS: Final = (Column.DISCOUNT, Column.DISCOUNT_PERCENT)
OTHER_NUMBERS: Final = (
    *(*DISCOUNTS, Column.RETENTION, Column.DAMAGES, Column.BONUS, Column.TAX_RATE),
    *(Column.QUANTITY, Column.UNIT_PRICE),
)
WRITTEN: Final[Mapping[str, Mapping[Column, str]]] = {
    "en": {
        Column.PLAN: "Plan",
        Column.DISCOUNT: "Discount",
        Column.DISCOUNT_PERCENT: "Discount in percent",
        Column.TITLE: "Milestone",
        Column.SCOPE: "What is delivered",
        Column.BASIS: "Agreed as",
        Column.PERCENT: "Percent",
        Column.AMOUNT: "Amount",
        Column.QUANTITY: "Quantity",
        Column.UNIT: "Unit",
        Column.UNIT_PRICE: "Unit price",
        Column.PLANNED_ON: "Planned date",
        Column.CRITERION: "Acceptance criterion",
        Column.EVIDENCE: "Needs evidence",
        Column.NATURE: "Objective or subjective",
        Column.REVIEW_DAYS: "Own days to review",
        Column.SILENCE: "If the buyer says nothing",
        Column.CUMULATIVE: "Cumulative",
        Column.RETENTION: "Own retention",
        Column.MATERIALS: "Stored materials",
        Column.WAITING: "Waits for",
        Column.DOCUMENTS: "Documents before payment",
        Column.PAYMENT_DAYS: "Own days to pay",
        Column.PARTS: "Accepted in part",
        Column.INSPECTION: "Inspected first",
        Column.ACCEPTORS: "Two people accept",
        Column.QUESTIONS: "Questions that stop the clock",
        Column.DAMAGES: "Own damages for delay",
        Column.BONUS: "Own bonus",
        Column.TAX: "Own tax",
        Column.TAX_RATE: "Own tax rate",
        Column.EXEMPTION: "Own reason of exemption",
        Column.EXEMPTION_CODE: "Own VATEX code",
        Column.KIND: "Kind",
        Column.PERIOD: "Period",
        Column.COUNT: "Number of periods",
        Column.START: "Due or starts",
        Column.RECOVERY: "Given back by later invoices",
        Column.INFORMATION: "Comes to",
    },
    "de": {
        Column.PLAN: "Plan",
        Column.DISCOUNT: "Nachlass",
        Column.DISCOUNT_PERCENT: "Nachlass in Prozent",
        Column.TITLE: "Meilenstein",
        Column.SCOPE: "Leistung",
        Column.BASIS: "Vereinbart als",
        Column.PERCENT: "Prozent",
        Column.AMOUNT: "Betrag",
        Column.QUANTITY: "Menge",
        Column.UNIT: "Einheit",
        Column.UNIT_PRICE: "Einzelpreis",
        Column.PLANNED_ON: "Geplant am",
        Column.CRITERION: "Abnahmekriterium",
        Column.EVIDENCE: "Nachweis nötig",
        Column.NATURE: "Objektiv oder subjektiv",
        Column.REVIEW_DAYS: "Eigene Prüftage",
        Column.SILENCE: "Wenn der Käufer schweigt",
        Column.CUMULATIVE: "Aufbauend",
        Column.RETENTION: "Eigener Einbehalt",
        Column.MATERIALS: "Gelagertes Material",
        Column.WAITING: "Wartet auf",
        Column.DOCUMENTS: "Unterlagen vor Zahlung",
        Column.PAYMENT_DAYS: "Eigene Tage zur Zahlung",
        Column.PARTS: "Teilweise abnehmbar",
        Column.INSPECTION: "Vorher geprüft",
        Column.ACCEPTORS: "Zwei Personen nehmen ab",
        Column.QUESTIONS: "Fragen, die die Frist anhalten",
        Column.DAMAGES: "Eigene Verzugsstrafe",
        Column.BONUS: "Eigener Bonus",
        Column.TAX: "Eigene Steuer",
        Column.TAX_RATE: "Eigener Steuersatz",
        Column.EXEMPTION: "Eigener Befreiungsgrund",
        Column.EXEMPTION_CODE: "Eigener VATEX-Code",
        Column.KIND: "Zeilenart",
        Column.PERIOD: "Periode",
        Column.COUNT: "Anzahl der Perioden",
        Column.START: "Fällig oder ab",
        Column.RECOVERY: "Verrechnet mit späteren Rechnungen",
        Column.INFORMATION: "Ergibt",
    },
}
"""The names that an export gives to its columns, by language."""

_MORE: Final[Mapping[Column, str]] = {
    Column.PLAN: "option, plan option, name of the plan, zahlungsplan, planvariante, name des plans",
    Column.DISCOUNT: "rebate, discount of the plan, rabatt, nachlass des plans",
    Column.DISCOUNT_PERCENT: "discount %, rebate %, rabatt %, nachlass %, rabatt in prozent",
    Column.TITLE: "milestone name, title, name, item, line item, description of work, work item, task, deliverable,"
    " titel, bezeichnung, name des meilensteins, gewerk, arbeitspaket",
    Column.SCOPE: "scope, description, details, scope of work, deliverables, beschreibung, leistungsumfang, umfang,"
    " leistungsbeschreibung",
    Column.BASIS: "basis, agreed, type, art, vereinbart",
    Column.PERCENT: "%, percentage, share, % of price, percent of price, prozentsatz, anteil, % vom preis,"
    " anteil in %, anteil %, anteil in prozent",
    Column.AMOUNT: "value, price, net amount, amount net, scheduled value, portion, sum, wert, preis, nettobetrag,"
    " betrag netto, summe, honorar",
    Column.QUANTITY: "qty, quantities, agreed quantity, mengen, vereinbarte menge",
    Column.UNIT: "uom, unit of measure, me, mengeneinheit",
    Column.UNIT_PRICE: "price of one unit, price per unit, price each, unit rate, einheitspreis, ep, preis je einheit",
    Column.PLANNED_ON: "planned, planned on, date, due date, due, target date, milestone date, planned for, datum,"
    " termin, plandatum, geplantes datum, geplant, fällig, fällig am, fälligkeit, liefertermin",
    Column.CRITERION: "criterion, criteria, acceptance criteria, complete when, done when, kriterium, kriterien,"
    " abnahmekriterien, fertig wenn, erfüllt wenn",
    Column.EVIDENCE: "evidence, with evidence, evidence needed, needs proof, nachweis, mit nachweis, nachweis nötig,"
    " nachweis erforderlich, beleg",
    Column.NATURE: "objective, nature of criterion, objektiv, art des kriteriums",
    Column.REVIEW_DAYS: "review days, days to review, prüftage, tage zur prüfung",
    Column.SILENCE: "silence, if silent, bei schweigen, schweigen",
    Column.CUMULATIVE: "after all above, depends on all above, kumulativ, erst nach allen darüber",
    Column.RETENTION: "retention, retainage, own retention in percent, retainage %, einbehalt, sicherheitseinbehalt",
    Column.MATERIALS: "materials, is material, material, lagerware",
    Column.WAITING: "condition, conditional on, submitted only once, bedingung, erst wenn",
    Column.DOCUMENTS: "documents, required documents, payment documents, unterlagen, dokumente",
    Column.PAYMENT_DAYS: "days to pay, payment days, payment term, zahlungsziel, tage zur zahlung, zahlungstage",
    Column.PARTS: "acceptance in part, partial acceptance, may be accepted in part, teilabnahme",
    Column.INSPECTION: "inspection, needs inspection, prüfung vor abnahme",
    Column.ACCEPTORS: "two acceptors, second acceptor, zweite abnahme, vier augen",
    Column.QUESTIONS: "questions, rückfragen",
    Column.EXEMPTION: "reason of exemption, exemption, exemption reason, befreiungsgrund, grund der befreiung",
    Column.EXEMPTION_CODE: "vatex, vatex code, exemption code, befreiungscode",
    Column.DAMAGES: "damages, damages for delay, liquidated damages, vertragsstrafe, verzugsstrafe",
    Column.BONUS: "bonus, bonus for being early, prämie",
    Column.TAX: "tax category, tax treatment, vat category, steuerart, steuerkategorie",
    Column.TAX_RATE: "tax rate, vat rate, steuersatz, ust satz, mwst satz, mehrwertsteuersatz",
    Column.KIND: "kind of line, line type, type of line, art der zeile",
    Column.PERIOD: "billed every, interval, billing period, every, turnus, abrechnungszeitraum, zeitraum",
    Column.COUNT: "periods, times, count, number of times, number of periods or last day, until, last day, ends on,"
    " anzahl perioden, anzahl, wie oft, bis, endet am, letzter tag",
    Column.START: "start, starts, starts on, starts with, due on or starts with, beginn, beginnt, ab",
    Column.RECOVERY: "recovered, recovery, recovery of deposit, liquidation, verrechnung, verrechnet",
    Column.INFORMATION: "no, number, item no, #, pos, position, nr, lfd nr, line, zeile",
}


def normal(name: str) -> str:
    """A name without case, punctuation and units, so that ``Amount (net)`` is ``amount net``."""
    folded = unicodedata.normalize("NFKC", name).casefold().replace("_", " ")
    folded = re.sub(r"[^\w%#]+", " ", folded)
    words = [word for word in folded.split() if word not in ("in", "eur", "usd", "gbp", "chf")]
    return " ".join(words)


KNOWN: Final[Mapping[str, Column]] = {
    normal(name): column
    for column in Column
    for name in (*(names[column] for names in WRITTEN.values()), *_MORE[column].split(","))
}


@dataclass(frozen=True, slots=True)
class Header:
    """Where the row of names stands (counted from 0), which column means what, and what was not understood."""

    row: int
    places: Mapping[Column, int]
    names: Mapping[Column, str]
    ignored: Sequence[str]
    doubled: Sequence[str]


def find_header(rows: Sequence[Sequence[Cell]]) -> Header | None:
    """The row of names: the first that names the milestone's column and at least one other, within the first 20."""
    for number, row in enumerate(rows[:HEADER_WITHIN]):
        header = _header(number, row)
        if Column.TITLE in header.places and len(header.places) > 1:
            return header
    return None


def _header(number: int, row: Sequence[Cell]) -> Header:
    places: dict[Column, int] = {}
    names: dict[Column, str] = {}
    ignored, doubled = [], []
    for place, cell in enumerate(row):
        name = as_text(cell).strip()
        column = KNOWN.get(normal(name)) if name else None
        if column is None or column is Column.INFORMATION:
            ignored += [name] if name and column is None else []
        elif column in places:
            doubled.append(name)
        else:
            places[column], names[column] = place, name
    if Column.TITLE not in places and Column.SCOPE in places:
        # A table that only describes its lines names them by that.
        places[Column.TITLE], names[Column.TITLE] = places.pop(Column.SCOPE), names.pop(Column.SCOPE)
    return Header(number, places, names, ignored, doubled)
