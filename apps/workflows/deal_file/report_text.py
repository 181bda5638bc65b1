"""The report of a deal as plain text, for a terminal."""

from decimal import Decimal

from apps.workflows.deal_file import (
    credit_report,
    report_applications,
    report_disputes,
    report_progress,
    report_reservations,
    report_retention,
    report_revenue,
    report_terminations,
)
from apps.workflows.deal_file.report_changes import in_words
from apps.workflows.deal_file.report_parts import Report


def _recovered(row: Report) -> str:
    """What an invoice gives back of deposits, where it does."""
    return f"  less deposit {row['recovered']}" if Decimal(row["recovered"]) else ""


def plain(found: Report) -> str:
    """The report as a person reads it in a terminal."""
    contract = found["contract"]
    lines = [
        f"{found['deal']}",
        f"  {contract['number']} {contract['title']}: {contract['seller']} for {contract['buyer']}, "
        f"{contract['price']} {contract['currency']}, {contract['state']}",
        "",
        "Milestones",
        *(
            f"  {row['title']:<34}{row['amount']:>16}  {row['state']:<18} cycles {len(row['cycles'])}"
            for row in found["milestones"]
        ),
        *in_words(found["change_orders"], currency=contract["currency"]),
        "",
        "Invoices",
        *(
            f"  {row['number']:<16} {row['about']:<28} net {row['net']:>12}  tax {row['tax']:>11}"
            f"{_recovered(row)}  open {row['open']:>12}  due {row['due_on'] or 'with documents'}  PDF {row['document']}"
            for row in found["invoices"]
        ),
    ]
    if found["instalments"]:
        lines += ["", "Deposits and periods"]
        lines += [
            f"  {row['bills_on'] or 'with its milestone':<20}{row['line']:<28}{row['number']:>4} of {row['count']:<4}"
            f"{row['amount']:>14}  {row['invoice'] or ('cancelled' if row['dropped'] else 'to come')}"
            for row in found["instalments"]
        ]
    lines += credit_report.plain(found["credit_notes"])
    lines += credit_report.plain_of_corrected(found["corrected_invoices"])
    lines += report_disputes.plain(found["disputes"])
    lines += report_reservations.plain(found["reservations"])
    lines += report_terminations.in_words(found["terminations"], currency=contract["currency"])
    lines += report_retention.plain_of(found["retention"])
    lines += report_applications.plain_of(found["applications"])
    lines += report_progress.plain_of(found["progress"])
    lines += report_revenue.plain_of(found["revenue"])
    if found["payments"]:
        lines += ["", "Payments"]
        lines += [
            f"  {row['received_on']}  {row['reference']:<14} {row['amount']:>14} to {row['recipient']}"
            f" for {row['invoice']}{', reversed' if row['reversed'] else ''}"
            for row in found["payments"]
        ]
    for request in found["financing"]:
        lines += ["", f"Financing of {request['about']}: {request['state']}"]
        for offer in request["offers"]:
            lines.append(f"  offer {offer['version']} {offer['state']}: {_figures(offer)}")
            if len(offer["lines"]) > 1:
                lines += [
                    f"    {line['milestone']} ({line['stage']}, {line['days']} days): {_figures(line)}"
                    for line in offer["lines"]
                ]
        lines += [
            f"  advance on {tranche['milestone']}: {tranche['state']}, outstanding {tranche['outstanding']}"
            for tranche in request["tranches"]
        ]
    for book in found["ledger"]:
        lines += ["", f"Book of {book['organisation']} ({book['book']})"]
        lines += [f"  {label:<44}{amount:>16}" for label, amount in book["balances"].items()]
    return "\n".join(lines)


def _figures(priced: Report) -> str:
    return (
        f"face {priced['face']}, advance {priced['gross']}, discount {priced['discount']}, fee {priced['fee']}, "
        f"net {priced['net']}, APR {priced['apr']}%, XIRR {priced['xirr']}%"
    )
