"""What a report says of a termination and of what was proposed to settle it."""

from collections.abc import Sequence

from apps.contracts.models import Contract, Termination
from apps.workflows.deal_file.report_parts import Report, amount_of, written


def terminations(contract: Contract) -> list[Report]:
    """Every notice of a contract, oldest first, with its settlements; amounts net of tax."""
    found = Termination.objects.using("owner").filter(contract=contract).order_by("id")
    return [_termination(one, currency=contract.currency) for one in found]


def in_words(rows: Sequence[Report], *, currency: str) -> list[str]:
    """The same as a person reads it in a terminal; nothing where there are none."""
    lines = []
    for row in rows:
        lines.append(f"  by the {row['side']}, for {row['ground']}, from {row['effective_on']}  {row['state']}")
        lines += [
            f"    {one['number']} by the {one['side']:<30}{one['valued']:>16}  {one['state']}"
            for one in row["settlements"]
        ]
    return ["", f"Termination ({currency})", *lines] if lines else []


def _termination(notice: Termination, *, currency: str) -> Report:
    return {
        "side": notice.side,
        "ground": notice.ground,
        "effective_on": written(notice.effective_on),
        "given_at": written(notice.given_at),
        "state": notice.state,
        "closed_at": written(notice.closed_at),
        "settlements": [
            {
                "number": one.number,
                "side": one.side,
                "state": one.state,
                "valued": amount_of(one.valued, currency),
                "cancelled": amount_of(one.cancelled, currency),
                "billed_no_more": amount_of(one.unbilled, currency),
                "signatures": one.signatures.using("owner").count(),
            }
            for one in notice.settlements.using("owner").order_by("number")
        ],
    }
