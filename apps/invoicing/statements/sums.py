"""A statement adds up, or nothing of its file is believed: opening balance and entries make the closing balance."""

from collections.abc import Iterator
from decimal import Decimal

from apps.core import money
from apps.core.canonical import plain
from apps.core.errors import Refused
from apps.invoicing.statements.parts import Problem, ReadStatement


def wrong_in(statement: ReadStatement) -> Iterator[Problem]:
    """What cannot be true of a statement that was read without a fault."""
    if statement.currency not in money.currencies():
        yield Problem(
            statement.line,
            Refused(
                "“{currency}” is no currency. Statements name it by its ISO 4217 code.", currency=statement.currency
            ),
        )
        return
    sums = [one for one in (statement.opening, statement.closing) if one is not None]
    sums.append(money.total(abs(transaction.amount) for transaction in statement.transactions))
    if any(abs(one) >= money.LARGEST for one in sums):
        yield Problem(statement.line, Refused("This statement has amounts that are too large. Fetch it anew."))
        return
    for balance in (statement.opening, statement.closing):
        if balance is not None and not money.is_exact(balance, statement.currency):
            yield _too_exact(statement.closing_line, balance, statement.currency)
    for transaction in statement.transactions:
        if not money.is_exact(transaction.amount, statement.currency):
            yield _too_exact(transaction.line, transaction.amount, statement.currency)
    if statement.opening is None or statement.closing is None:
        return
    entries = money.total(transaction.amount for transaction in statement.transactions)
    if statement.opening + entries != statement.closing:
        yield Problem(
            statement.closing_line,
            Refused(
                "The statement does not add up: opening balance {opening} and entries of {entries} make {sum}, and the"
                " closing balance is {closing}. Fetch it from the bank anew.",
                opening=plain(statement.opening),
                entries=plain(entries),
                sum=plain(statement.opening + entries),
                closing=plain(statement.closing),
            ),
        )


def _too_exact(line: int, amount: Decimal, currency: str) -> Problem:
    words = "{amount} has more decimals than {currency}."
    return Problem(line, Refused(words, amount=plain(amount), currency=currency))
