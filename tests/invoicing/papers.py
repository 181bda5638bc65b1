"""The generated matrix of e-invoices: every kind × category × currency, in every profile that carries it.

``python -m tests.invoicing.papers [KIND …]`` makes every document of the matrix, PDF and XML, and asks of each all that
``manage.py check_documents`` asks of a stored one. The suite runs a part of it in which every pair occurs.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any, Final

from django.utils import translation

from apps.contracts.exemptions import Exemption
from apps.contracts.retention import RetentionRelease
from apps.core import money
from apps.core.printing import words
from apps.invoicing import rules
from apps.invoicing.services.facts import tax_rows
from apps.invoicing.snapshot import (
    Application,
    Corrects,
    CreditTransfer,
    Deposit,
    ElectronicAddress,
    Instalment,
    Payee,
    Preceding,
    Reserved,
    ReservedItem,
    Retained,
    RetainedKind,
    SemanticInvoice,
    Totals,
)
from tests.invoicing.samples import sample

D = Decimal
CATEGORIES: Final = {"S": D(19), "Z": D(0), "E": D(0), "AE": D(0), "K": D(0), "G": D(0), "O": D(0)}
CURRENCIES: Final = ("EUR", "USD", "GBP", "CHF", "SEK", "PLN", "HUF", "JPY", "KRW", "CLP", "KWD", "BGN")
"""With two decimals, with none, with three, and one that the list of EN 16931 no longer has."""
ON_PAPER_ONLY: Final = {"KWD": "decimals", "BGN": "currency"}
KINDS: Final = (
    *("milestone", "part", "quantity", "deposit", "event", "recurring", "recovering", "final"),
    *("retained", "retained by kind", "reserved", "assigned", "credit", "nullified", "credit of a deposit"),
    *("application", "corrected", "final application", "corrected deposit"),
    *("mixed", "mixed retained"),
)


APPLIED: Final = Application(
    *(3, date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 2)),
    *("Mila de Vries", "Meridian Logistics B.V.", "appl0000000000aa", "3" * 64),
)
CORRECTS: Final = Corrects(
    "INV-2026-0001", date(2026, 3, 2), "The buyer moved & we did not know.", (("Keizersgracht 1", "Maasboulevard 100"),)
)


@dataclass(frozen=True, slots=True)
class Case:
    kind: str
    category: str
    currency: str

    @property
    def expected(self) -> str:
        """Why there is no XML; empty where there must be one."""
        if self.currency in ON_PAPER_ONLY:
            return ON_PAPER_ONLY[self.currency]
        undelivered = self.kind in ("deposit", "event", "credit of a deposit", "corrected deposit")
        return "delivery" if self.category == "K" and undelivered else ""

    @property
    def is_german(self) -> bool:
        """Whether both parties are in Germany, where forms have terms of their own: every other kind at home."""
        return self.category in ("S", "E", "O") and KINDS.index(self.kind) % 2 == 1


def every() -> Iterator[Case]:
    """The whole matrix."""
    return (Case(*one) for one in product(KINDS, CATEGORIES, CURRENCIES))


def pairs() -> Iterator[Case]:
    """A part of it in which every kind meets every category, and every currency every category."""
    for at, kind in enumerate(KINDS):
        for place, category in enumerate(CATEGORIES):
            yield Case(kind, category, CURRENCIES[(at + 5 * place) % len(CURRENCIES)])


def invoice(case: Case, *, language: str = "en") -> SemanticInvoice:
    """One invoice of the matrix, complete enough for every profile: a German seller, a Dutch buyer, or an American one
    of an export. Amounts are awkward on purpose."""
    digits = money.digits(case.currency)
    net = money.half_up(D("84033.6134"), case.currency)
    rate = CATEGORIES[case.category]
    made = _complete(
        sample(net=net, category=case.category, rate=rate, currency=case.currency, language=language), case.category
    )
    unit = D(1).scaleb(-digits)
    part = money.half_up(net / 3, case.currency)
    return _of_kind(case.kind, made, part=part, unit=unit)


def _complete(made: SemanticInvoice, category: str) -> SemanticInvoice:
    seller = replace(
        made.seller,
        electronic_address=ElectronicAddress("DE136695976", "9930"),
        contact_name="Accounts receivable",
        phone="+49 40 1234567",
    )
    buyer = replace(made.buyer, electronic_address=ElectronicAddress("NL004495445B01", "9944"))
    if category == "G":
        address = replace(buyer.address, post_code="TX 78701", city="Austin", country_code="US")
        buyer = replace(buyer, vat_identifier="", address=address)
    if category == "E":
        made = _with_reason(made)
    return replace(made, seller=seller, buyer=buyer, buyer_reference="04011000-12345-03")


def _with_reason(made: SemanticInvoice) -> SemanticInvoice:
    """Exempt by a code, and in German by words beside it."""
    words = "§ 4 Nr. 21 UStG <Bildung>" if made.language == "de" else ""
    why = Exemption(exemption_code="VATEX-EU-132-1I", exemption_reason=words)
    return replace(
        made,
        lines=tuple(replace(line, **asdict(why)) for line in made.lines),
        taxes=tuple(replace(row, **asdict(why)) for row in made.taxes),
    )


def _of_kind(kind: str, made: SemanticInvoice, *, part: Decimal, unit: Decimal) -> SemanticInvoice:
    if kind.startswith("mixed"):
        made = _taxed_apart(made, part=part)
    acceptance, gross = made.acceptance, made.totals.gross
    if acceptance is None:
        raise ValueError("a milestone is accepted")
    if kind in ("recovering", "final"):
        return replace(_deducting(made, [part, unit]), kind="final" if kind == "final" else "milestone")
    release = (RetentionRelease(D(100)),)
    held = money.half_up(gross / 10, made.currency)
    retained = Retained(held, gross - held, release)
    by_kind = RetainedKind("Performance", held - unit, release), RetainedKind("Defects", unit, release)
    deposit = Instalment(date(2026, 3, 2), None, 1, 1)
    line = replace(made.lines[0], quantity=D("7.5"), unit_code="HUR", base_quantity=D("7.5"))
    before = Preceding(made.number, made.issue_date, "The scope was counted twice.", False, ())
    credit = {
        "kind": "credit_note",
        "number": "CN-2026-0001",
        "preceding": before,
        "payee": None,
        "credit_transfer": None,
        "payment_reference": "",
    }
    undelivered: dict[str, Any] = {"acceptance": None, "instalment": deposit}
    item = ReservedItem("Scratched façade <panel>", date(2026, 4, 30), held)
    changes: dict[str, dict[str, Any]] = {
        "part": {"acceptance": replace(acceptance, part_of=made.totals.net + part)},
        "quantity": {"lines": (line,)},
        "deposit": {"kind": "deposit", **undelivered},
        "event": {
            "kind": "deposit",
            "acceptance": None,
            "instalment": replace(deposit, event="Materials on site", confirmed_by="Mila de Vries"),
        },
        "recurring": {
            "kind": "recurring",
            "acceptance": None,
            "instalment": Instalment(date(2026, 3, 1), date(2026, 3, 31), 3, 12),
        },
        "retained": {"retained": retained},
        "retained by kind": {"retained": replace(retained, kinds=by_kind)},
        "reserved": {"retained": retained, "reserved": Reserved(held, (item,))},
        "assigned": {
            "payee": Payee("Hanse Receivables AG"),
            "credit_transfer": CreditTransfer("Hanse Receivables AG", "DE02120300000000202051", "", "", "", ""),
        },
        "credit": credit,
        "nullified": {**credit, "preceding": replace(before, withdraws_acceptance=True)},
        "credit of a deposit": {**credit, **undelivered},
    }
    applied = {"kind": "application", "acceptance": None, "application": APPLIED}
    changes |= {
        "application": applied,
        "mixed": applied,
        "mixed retained": {**applied, "retained": retained},
        "final application": {"kind": "final", "acceptance": None, "application": APPLIED},
        "corrected": {"number": "COR-2026-0001", "corrects": CORRECTS},
        "corrected deposit": {"kind": "deposit", **undelivered, "number": "COR-2026-0001", "corrects": CORRECTS},
    }
    return replace(made, **changes.get(kind, {}))


def _taxed_apart(made: SemanticInvoice, *, part: Decimal) -> SemanticInvoice:
    """The same with a second line at 7 %, and a third at its own treatment; what is outside the scope stays alone."""
    first = made.lines[0]
    second = replace(first, identifier="2", name="Goods", net_price=part, net=part)
    if first.tax_category != "O":
        second = replace(second, tax_category="S", tax_rate=D(7), exemption_code="", exemption_reason="")
    third = replace(first, identifier="3", name=second.name, net_price=part, net=part)
    lines = (first, second, third)
    rows = rules.tax_breakdown(
        [rules.TaxedAmount(line.net, line.tax_category, line.tax_rate) for line in lines], currency=made.currency
    )
    totals = rules.totals(rows)
    return replace(
        made,
        lines=lines,
        taxes=tax_rows(rows, lines=lines, language=made.language),
        totals=Totals(totals.net, totals.net, totals.tax, totals.gross, totals.gross),
    )


def _deducting(made: SemanticInvoice, given: list[Decimal]) -> SemanticInvoice:
    """The same, giving back so much of earlier deposits at its own treatment."""
    whole = made.lines[0]
    deposits = tuple(Deposit(f"INV-2026-09{at:02}", date(2026, 1, at), net) for at, net in enumerate(given, start=1))
    lines = tuple(
        replace(
            whole,
            identifier=str(at),
            name=f"Deposit {one.number}, {_day(one.issue_date, made.language)}, deducted",
            quantity=D(-1),
            net_price=one.net,
            net=-one.net,
        )
        for at, one in enumerate(deposits, start=2)
    )
    taxed = [rules.TaxedAmount(line.net, line.tax_category, line.tax_rate) for line in (whole, *lines)]
    (row,) = rules.tax_breakdown(taxed, currency=made.currency)
    totals = rules.totals([row])
    return replace(
        made,
        lines=(whole, *lines),
        deposits=deposits,
        taxes=(replace(made.taxes[0], taxable=row.taxable, tax=row.tax),),
        totals=Totals(totals.net, totals.net, totals.tax, totals.gross, totals.gross),
    )


def _day(day: date, language: str) -> str:
    with translation.override(language):
        return words.day(day)


def main(kinds: Sequence[str]) -> int:
    """Make and check the whole matrix, or that of some kinds, in both languages in turn; print what is wrong, and what
    came of how many."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from apps.core import canonical
    from apps.invoicing import documents, factur_x, inspection, snapshot
    from apps.invoicing.einvoice import codes, standard
    from apps.invoicing.einvoice.lacks import lacks_of
    from apps.invoicing.einvoice.profiles import PROFILES

    came: Counter[str] = Counter()
    wrong = 0
    with standard.engine():
        for place, case in enumerate(one for one in every() if not kinds or one.kind in kinds):
            said = invoice(case, language=("en", "de")[place % 2])
            text = snapshot.write(said)
            made = documents.made_of(text)
            of_xml = canonical.sha256(made.xml) if made.xml else ""
            of_pdf = canonical.sha256(made.pdf)
            stored = inspection.Stored(
                text, made.pdf, of_pdf, len(made.pdf), made.xml, of_xml, len(made.xml), made.obstacle
            )
            found = inspection.findings(stored)
            if made.obstacle != case.expected:
                found.append(f"its obstacle is {made.obstacle or 'none'}, expected {case.expected or 'none'}")
            level = factur_x.CONFORMANCE[codes.profile(said)]
            came[f"PDF alone ({made.obstacle})" if made.obstacle else f"Factur-X {level}"] += 1
            came.update(profile.name for profile in PROFILES.values() if not lacks_of(said, profile))
            for finding in found:
                wrong += 1
                print(f"{case.kind}, {case.category}, {case.currency}: {finding}")
            if place % 100 == 99:
                print(f"… {place + 1}", flush=True)
    print(f"{place + 1} invoices: " + "; ".join(f"{name} {count}" for name, count in sorted(came.items())))
    print(f"{wrong} findings" if wrong else "nothing is wrong with any of them")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
