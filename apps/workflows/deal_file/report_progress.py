"""What the report of a deal says of its schedule of values: line by line what is done, and what is payable to date."""

from datetime import date

from apps.contracts.models import Contract
from apps.invoicing import services as invoicing
from apps.workflows.deal_file.report_parts import Report, amount_of


def report_of(contract: Contract) -> Report | None:
    """The sheet of everything until now, read with the owner's eyes; None where none is in force."""
    if contract.active_version is None or contract.terminated_at is not None:
        return None
    sheet, code = invoicing.progress(contract, since=date(1970, 1, 1), until=date.max, using="owner"), contract.currency
    columns = ("scheduled", "completed", "stored", "balance", "retained")
    return {
        "lines": [
            {"title": line.title, **{name: amount_of(getattr(line, name), code) for name in columns}}
            for line in sheet.lines
        ],
        "original": amount_of(sheet.original, code),
        "changes": amount_of(sheet.changes, code),
        "price": amount_of(sheet.price, code),
        "completed": amount_of(sheet.now.billed, code),
        "deposits": amount_of(sheet.now.deposits, code),
        "tax": amount_of(sheet.now.tax, code),
        "retained": amount_of(sheet.now.retained, code),
        "withheld": amount_of(sheet.now.withheld, code),
        "payable": amount_of(sheet.earned, code),
        "balance": amount_of(sheet.balance, code),
        "ties_out": sheet.ties_out,
    }


def plain_of(found: Report | None) -> list[str]:
    """The same as a person reads it, in one line; the lines of the plan stand above."""
    if found is None:
        return []
    tie = "ties out" if found["ties_out"] else "DOES NOT TIE OUT"
    return [
        "",
        f"Schedule of values: price {found['price']} (changes {found['changes']}), completed {found['completed']},"
        f" payable to date {found['payable']}, left with what is kept back {found['balance']}; {tie}",
    ]
