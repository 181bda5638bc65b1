"""What is retained of an invoice over several lines, and how much of it each line bears."""

from collections.abc import Sequence
from decimal import Decimal

from apps.contracts.retention import RetentionTerms
from apps.core import money
from apps.invoicing.rules.retention import Billed, Kept, Past, Scale, withheld_of


def withheld_by_line(
    *,
    gross: Decimal,
    before: Sequence[Billed],
    lines: Sequence[Billed],
    past: Sequence[Past],
    terms: RetentionTerms,
    scale: Scale,
    currency: str,
) -> tuple[list[Kept], list[Decimal]]:
    """What is withheld of an invoice of ``gross`` kind by kind, and of that the share of each line, in their order.

    A line bears what the whole is more with it than without: so one at a rate of zero bears nothing, one at a rate of
    its own that rate, and the shares add up to what is withheld in all. The first one bears what was carried.
    """
    made = [
        withheld_of(
            gross=gross,
            before=before,
            after=[*before, *lines[:count]],
            past=past,
            terms=terms,
            scale=scale,
            currency=currency,
        )
        for count in range(1, len(lines) + 1)
    ]
    sums = [money.total(one.held for one in kinds) for kinds in made]
    return made[-1], [now - was for was, now in zip([money.ZERO, *sums[:-1]], sums, strict=True)]
