"""What the report of a deal says of its applications for payment: what was asked for, certified, retained and due."""

from decimal import Decimal

from apps.contracts.models import Contract
from apps.core import canonical
from apps.invoicing.models import Application
from apps.workflows.deal_file.report_parts import Report, amount_of, written


def report_of(contract: Contract) -> list[Report]:
    """Each application in its order, read with the owner's eyes."""
    found = Application.objects.using("owner").filter(contract=contract).select_related("invoice").order_by("number")
    return [_one(one) for one in found.prefetch_related("lines__milestone")]


def _one(application: Application) -> Report:
    code, text = application.currency, application.certified_text or application.text
    due = canonical.read(text)["summary"]["due"] if text else None
    lines = sorted(
        (line for line in application.lines.all() if line.claimed),
        key=lambda line: (line.milestone.position, line.milestone.part),
    )
    return {
        "number": application.number,
        "state": application.state,
        **{name: written(getattr(application, name)) for name in ("first_on", "last_on")},
        "lines": [
            {
                "milestone": line.milestone.title,
                "claimed": amount_of(line.claimed, code),
                "certified": amount_of(line.certified, code) if line.certified is not None else None,
                "retained": amount_of(line.retained, code),
                "reason": line.reason,
            }
            for line in lines
        ],
        "due": amount_of(Decimal(due), code) if due is not None else None,
        "invoice": application.invoice.number if hasattr(application, "invoice") else None,
    }


def plain_of(found: list[Report]) -> list[str]:
    """The same as a person reads it, a line for each."""
    said = []
    for one in found:
        claimed = ", ".join(f"{line['milestone']} {line['claimed']}" for line in one["lines"])
        bill = f", invoice {one['invoice']}, due {one['due']}" if one["invoice"] else ""
        said.append(f"  Application {one['number']}, {one['state']}: {claimed}{bill}")
    return ["", "Applications for payment", *said] if said else []
