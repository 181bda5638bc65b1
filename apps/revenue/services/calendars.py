"""The periods of recurring lines, by whose days they are earned."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from apps.invoicing.models import CreditNote, Instalment
from apps.revenue.rules import Span
from apps.revenue.services.price_facts import CREDITED


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The periods of a recurring line, by number, and what was credited of each."""

    spans: Mapping[int, Span]
    credits: Mapping[int, Decimal]


def calendars_of(contracts: Iterable[int]) -> dict[int, dict[int, Calendar]]:
    """The periods of the recurring lines that have begun or have their days, by contract and position."""
    wanted = list(contracts)
    if not wanted:
        return {}
    spans: dict[tuple[int, int], dict[int, Span]] = defaultdict(dict)
    instalments = Instalment.objects.filter(
        contract_id__in=wanted, bills_on__isnull=False, ends_on__isnull=False, cancelled_at__isnull=True
    )
    for pk, position, number, first, last, amount in instalments.order_by("pk").values_list(
        "contract_id", "position", "number", "bills_on", "ends_on", "amount"
    ):
        if first is not None and last is not None:
            spans[pk, position][number] = Span(first=first, last=last, weight=amount)
    credited: dict[tuple[int, int], dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    notes = CreditNote.objects.filter(contract_id__in=wanted, invoice__instalment__ends_on__isnull=False)
    for pk, position, number, net in notes.annotate(worth=CREDITED).values_list(
        "contract_id", "invoice__instalment__position", "invoice__instalment__number", "worth"
    ):
        credited[pk, position][number] += net
    calendars: dict[int, dict[int, Calendar]] = defaultdict(dict)
    for (pk, position), found in spans.items():
        calendars[pk][position] = Calendar(spans=found, credits=credited[pk, position])
    return calendars
