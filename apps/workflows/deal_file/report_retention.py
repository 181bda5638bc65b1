"""What the report of a deal says of its retention: held, released, due, and the parts of its schedule."""

from apps.contracts import retention_wording
from apps.contracts.models import Contract
from apps.invoicing import services as invoicing
from apps.workflows.deal_file.report_parts import Report, amount_of, written


def report_of(contract: Contract) -> Report | None:
    """The retention as it stands, read with the owner's eyes; None where none was agreed."""
    state = invoicing.retention_state(contract, using="owner")
    if state is None:
        return None
    sums = ("withheld", "held", "released", "due")
    return {
        "terms": retention_wording.whole(state.terms, currency=state.currency).replace("\N{NO-BREAK SPACE}", " "),
        **{name: amount_of(getattr(state, name), state.currency) for name in sums},
        "kinds": [
            {"name": kind.name, **{name: amount_of(getattr(kind, name), state.currency) for name in sums}}
            for kind in state.kinds
            if state.terms.further
        ],
        "parts": [
            {
                "part": one.position,
                "kind": one.kind,
                "when": one.part.event,
                "on": written(one.on),
                "amount": amount_of(one.amount, state.currency),
                "statement": one.invoice.number if one.invoice else None,
                "due_on": written(one.invoice.due_on) if one.invoice else None,
                "open": amount_of(one.invoice.open_item.open, state.currency) if one.invoice else None,
            }
            for one in state.parts
        ],
    }


def plain_of(found: Report | None) -> list[str]:
    """The same as a person reads it; nothing where none was agreed."""
    if found is None:
        return []
    return [
        "",
        f"Retention: held {found['held']}, released {found['released']}, due {found['due']}",
        f"  {found['terms']}",
        *(
            f"  {kind['name']}: held {kind['held']}, released {kind['released']}, due {kind['due']}"
            for kind in found["kinds"]
        ),
        *(
            f"  part {one['part']} ({one['when']}, {one['on'] or 'no date yet'}) {one['amount']:>14}"
            + (f"  {one['statement']}, due {one['due_on']}, open {one['open']}" if one["statement"] else "")
            for one in found["parts"]
        ),
    ]
