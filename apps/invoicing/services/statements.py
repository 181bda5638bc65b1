"""Bank statements come in: whole files, each once, and of each transaction one row, however often banks send it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.audit import services as audit
from apps.core import money
from apps.core.errors import Refused
from apps.invoicing import rules
from apps.invoicing.models import BankStatement, BankTransaction, StatementFile
from apps.invoicing.statements.parts import ReadFile, ReadStatement, ReadTransaction
from apps.parties import services as parties
from apps.parties.actor import Actor
from apps.parties.models import BankAccount, Organisation
from apps.parties.roles import Action

BATCH = 1_000
"""Rows that are written in one statement."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an upload: the file, and whether it was there already, so that nothing was done."""

    file: StatementFile
    was_known: bool


@dataclass(frozen=True, slots=True)
class _Meant:
    """A statement of a file, with the own account that it is of."""

    read: ReadStatement
    account: BankAccount


def account_key(account: BankAccount) -> str:
    """What names an own account in a form: its currency and its number."""
    return f"{account.currency} {account}"


def import_statements(
    *, actor: Actor, read: ReadFile, file_name: str, file_sha256: str, account: str, at: datetime
) -> Imported:
    """Keep what a file says: all of it, or nothing when an account is unknown. The same file again changes nothing.

    ``read`` has no problems. ``account`` is what :func:`account_key` says of the account that was chosen, or empty. A
    transaction that another statement brought is known by its identity, and not brought again.
    """
    actor.require(Action.RECORD_PAYMENT)
    if actor.user_id is None:
        raise Refused("Only a person can import bank statements.")
    if read.problems or not read.statements:
        raise ValueError("a file with problems is not imported")
    # One import at a time: two of them would look for what is known at the same moment.
    organisation = parties.lock(organisation_id=actor.organisation_id)
    accounts = list(BankAccount.objects.visible_to(actor).order_by("-is_default", "pk"))
    chosen = _chosen(accounts, account)
    before = StatementFile.objects.visible_to(actor).filter(sha256=file_sha256, account=chosen).first()
    if before is not None:
        return Imported(before, was_known=True)
    meant = [_Meant(one, _account_of(one, accounts, chosen)) for one in read.statements]
    rows, brought = _new(meant, actor)
    file = StatementFile.objects.create(
        organisation=organisation,
        account=chosen,
        file_name=file_name[:200] or "statement",
        sha256=file_sha256,
        format=read.format,
        brought=brought,
        known=read.count - brought,
        left_out=sum(one.left_out for one in read.statements),
        uploaded_by_id=actor.user_id,
        uploaded_at=at,
    )
    statements = BankStatement.objects.bulk_create([_statement(one, file) for one in meant])
    BankTransaction.objects.bulk_create(
        [
            _transaction(one, identity, statement)
            for statement, found in zip(statements, rows, strict=True)
            for one, identity in found
        ],
        batch_size=BATCH,
    )
    _record(file, organisation, actor=actor, at=at)
    return Imported(file, was_known=False)


def _chosen(accounts: Sequence[BankAccount], key: str) -> BankAccount | None:
    if not key:
        return None
    found = next((account for account in accounts if account_key(account) == key), None)
    if found is None:
        raise Refused("This is none of your organisation's bank accounts. Choose one of the list.", field="account")
    return found


def _account_of(statement: ReadStatement, accounts: Sequence[BankAccount], chosen: BankAccount | None) -> BankAccount:
    """The own account that a statement is of; refused when it is none, or kept in another currency."""
    named = statement.account
    if not named and chosen is None:
        raise Refused("The file does not say of which account it is. Choose the account.", field="account")
    mine = [account for account in accounts if _is(account, named)] if named else [chosen] if chosen else []
    if not mine:
        raise Refused(
            "Line {line}: the statement is of the account {account}, which is none of your organisation's. Add the"
            " account to the organisation's data, or choose another file.",
            field="file",
            line=str(statement.line),
            account=named,
        )
    kept = next((account for account in mine if account.currency == statement.currency), None)
    if kept is None:
        raise Refused(
            "Line {line}: the statement is in {currency}, and your account {account} is kept in {own}.",
            field="file",
            line=str(statement.line),
            currency=statement.currency,
            account=str(mine[0]),
            own=mine[0].currency,
        )
    if chosen is not None and chosen != kept and not _is(chosen, named):
        raise Refused(
            "Line {line}: the statement is of the account {account}, and you chose {chosen}.",
            field="account",
            line=str(statement.line),
            account=named,
            chosen=str(chosen),
        )
    return kept


def _is(account: BankAccount, named: str) -> bool:
    return rules.is_account(
        named, iban=account.iban, account_number=account.account_number, routing_number=account.routing_number
    )


def _new(meant: Sequence[_Meant], actor: Actor) -> tuple[list[list[tuple[ReadTransaction, str]]], int]:
    """For each statement the transactions that nobody brought yet, with their identities; and how many they are."""
    identities = _identities(meant)
    everything = [identity for found in identities for identity in found]
    known = set(
        BankTransaction.objects.visible_to(actor).filter(identity__in=everything).values_list("identity", flat=True)
    )
    rows: list[list[tuple[ReadTransaction, str]]] = []
    for one, found in zip(meant, identities, strict=True):
        new = []
        for transaction, identity in zip(one.read.transactions, found, strict=True):
            if identity not in known:
                known.add(identity)
                new.append((transaction, identity))
        rows.append(new)
    return rows, sum(len(found) for found in rows)


def _identities(meant: Sequence[_Meant]) -> list[list[str]]:
    """Counted within each statement; a statement that goes on where the one before it ended goes on counting."""
    found: list[list[str]] = []
    counts: dict[str, int] = {}
    for place, one in enumerate(meant):
        if place == 0 or not _goes_on(meant[place - 1], one):
            counts = {}
        prints = [_fingerprint(transaction, one.account) for transaction in one.read.transactions]
        found.append(rules.numbered(prints, counts=counts))
    return found


def _goes_on(before: _Meant, after: _Meant) -> bool:
    """Whether one statement is the sequel of another and not the same days once more."""
    first, second = before.read, after.read
    is_same = (first.opening, first.closing, first.opened_on) == (second.opening, second.closing, second.opened_on)
    return (
        before.account == after.account
        and first.closing is not None
        and first.closing == second.opening
        and (first.number != second.number or not is_same)
    )


def _fingerprint(transaction: ReadTransaction, account: BankAccount) -> rules.Fingerprint:
    return rules.Fingerprint(
        account=str(account),
        booked_on=transaction.booked_on,
        amount=transaction.amount,
        currency=account.currency,
        bank_reference=transaction.bank_reference,
        text=transaction.text,
        payer=transaction.payer,
        payer_account=transaction.payer_account,
        end_to_end=transaction.end_to_end,
    )


def _statement(meant: _Meant, file: StatementFile) -> BankStatement:
    read = meant.read
    return BankStatement(
        organisation_id=file.organisation_id,
        file=file,
        account=meant.account,
        number=read.number,
        currency=read.currency,
        opened_on=read.opened_on,
        closed_on=read.closed_on,
        opening=read.opening,
        closing=read.closing,
        entries=money.total(transaction.amount for transaction in read.transactions),
        count=len(read.transactions),
    )


def _transaction(read: ReadTransaction, identity: str, statement: BankStatement) -> BankTransaction:
    return BankTransaction(
        organisation_id=statement.organisation_id,
        statement=statement,
        account_id=statement.account_id,
        identity=identity,
        line=read.line,
        booked_on=read.booked_on,
        valued_on=read.valued_on,
        amount=read.amount,
        currency=statement.currency,
        text=read.text,
        payer=read.payer,
        payer_account=read.payer_account,
        bank_reference=read.bank_reference,
        end_to_end=read.end_to_end,
        creditor_reference=read.creditor_reference,
        is_return=read.is_return,
        unapplied=max(read.amount, money.ZERO),
    )


def _record(file: StatementFile, organisation: Organisation, *, actor: Actor, at: datetime) -> None:
    audit.record(
        chain=f"organisation:{organisation.ref}",
        parties={organisation.pk},
        verb="statement.imported",
        subject=f"statement_file:{file.ref}",
        actor=actor,
        at=at,
        file_name=file.file_name,
        file_sha256=file.sha256,
        format=file.format,
        brought=file.brought,
        known=file.known,
    )
