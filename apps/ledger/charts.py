"""The two charts of accounts: what a seller's and a financier's book are made of.

Only accounts that something posts to. Codes are stable: entries, exports and checks name accounts by them.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_noop as _

from apps.ledger.models import Account, Book

Kind = Account.Kind
OneSided = Account.OneSided


class Seller(StrEnum):
    """Accounts of a seller's book. Keys: invoice for receivables and what became of them, contract for its balance,
    what is retained and deposits, and milestone for what was advanced on it before it had an invoice, or is owed back
    of that."""

    BANK = "1000"
    RECEIVABLES = "1100"
    RETENTION_HELD = "1150"
    DUE_FROM_FINANCIER = "1200"
    CONTRACT_BALANCE = "2000"
    DEPOSITS_RECEIVED = "2050"
    OUTPUT_TAX = "2100"
    UNAPPLIED_RECEIPTS = "2200"
    ADVANCES_RECEIVED = "2300"
    OWED_BACK_TO_FINANCIER = "2310"
    REVENUE = "4000"
    CONTRACT_INTEREST_INCOME = "4100"
    OTHER_INCOME = "4200"
    COST_OF_RECEIVABLES_SOLD = "5000"
    CONTRACT_INTEREST_EXPENSE = "5100"


class Financier(StrEnum):
    """Accounts of a financier's book. Everything that belongs to an advance has the key ``tranche:<ref>``."""

    CASH = "1000"
    COLLECTIONS = "1010"
    PURCHASED_RECEIVABLES = "1100"
    MILESTONE_ADVANCES = "1150"
    DUE_FROM_SELLER_RECOURSE = "1200"
    DUE_FROM_SELLER_MISDIRECTED = "1210"
    ALLOWANCE = "1900"
    RESERVE_DUE_TO_SELLER = "2000"
    PAYABLE_TO_SELLER = "2010"
    DUE_TO_BUYER = "2020"
    UNIDENTIFIED_RECEIPTS = "2030"
    UNEARNED_DISCOUNT = "2100"
    UNEARNED_FEE = "2110"
    DISCOUNT_INCOME = "4000"
    FEE_INCOME = "4010"
    LATE_INCOME = "4020"
    CREDIT_LOSS = "5000"


@dataclass(frozen=True, slots=True)
class Plan:
    """One account of a chart. ``one_sided`` says which sign its balance keeps, per sub-ledger key.

    ``name`` is kept in English, and translated where it is shown: :attr:`Account.label`.
    """

    code: str
    name: str
    kind: Account.Kind
    one_sided: Account.OneSided = OneSided.NO


SELLER = (
    Plan(Seller.BANK, _("Bank"), Kind.ASSET),
    Plan(Seller.RECEIVABLES, _("Receivables"), Kind.ASSET, OneSided.DEBIT),
    # Shown with the contract balance while it depends on more than time (IFRS 15.105, 15.108).
    Plan(Seller.RETENTION_HELD, _("Retention held"), Kind.ASSET, OneSided.DEBIT),
    Plan(Seller.DUE_FROM_FINANCIER, _("Due from financier (reserve)"), Kind.ASSET, OneSided.DEBIT),
    # An asset or a liability, contract by contract: in credit while more is billed than earned.
    Plan(Seller.CONTRACT_BALANCE, _("Contract balance"), Kind.LIABILITY),
    # Invoiced ahead and not given back by a later invoice yet: with the contract balance a contract liability.
    Plan(Seller.DEPOSITS_RECEIVED, _("Deposits received"), Kind.LIABILITY, OneSided.CREDIT),
    Plan(Seller.OUTPUT_TAX, _("Output tax"), Kind.LIABILITY),
    Plan(Seller.UNAPPLIED_RECEIPTS, _("Unapplied receipts"), Kind.LIABILITY, OneSided.CREDIT),
    Plan(Seller.ADVANCES_RECEIVED, _("Advances received on milestones"), Kind.LIABILITY, OneSided.CREDIT),
    Plan(Seller.OWED_BACK_TO_FINANCIER, _("Owed back to financier"), Kind.LIABILITY, OneSided.CREDIT),
    Plan(Seller.REVENUE, _("Revenue"), Kind.INCOME, OneSided.CREDIT),
    # Of significant financing components, apart from revenue (IFRS 15.65).
    Plan(Seller.CONTRACT_INTEREST_INCOME, _("Interest income from contracts"), Kind.INCOME, OneSided.CREDIT),
    # Interest and fees that buyers owe for being late: compensation, and no revenue from contracts.
    Plan(Seller.OTHER_INCOME, _("Other income (late payment)"), Kind.INCOME, OneSided.CREDIT),
    Plan(Seller.COST_OF_RECEIVABLES_SOLD, _("Cost of receivables sold"), Kind.EXPENSE),
    Plan(Seller.CONTRACT_INTEREST_EXPENSE, _("Interest expense on contracts"), Kind.EXPENSE, OneSided.DEBIT),
)
FINANCIER = (
    Plan(Financier.CASH, _("Cash"), Kind.ASSET),
    Plan(Financier.COLLECTIONS, _("Collections"), Kind.ASSET),
    Plan(Financier.PURCHASED_RECEIVABLES, _("Purchased receivables"), Kind.ASSET, OneSided.DEBIT),
    Plan(Financier.MILESTONE_ADVANCES, _("Milestone advances"), Kind.ASSET, OneSided.DEBIT),
    Plan(Financier.DUE_FROM_SELLER_RECOURSE, _("Due from seller, recourse"), Kind.ASSET, OneSided.DEBIT),
    Plan(Financier.DUE_FROM_SELLER_MISDIRECTED, _("Due from seller, misdirected"), Kind.ASSET, OneSided.DEBIT),
    Plan(Financier.ALLOWANCE, _("Allowance for losses"), Kind.ASSET),
    Plan(Financier.RESERVE_DUE_TO_SELLER, _("Reserve due to seller"), Kind.LIABILITY, OneSided.CREDIT),
    Plan(Financier.PAYABLE_TO_SELLER, _("Payable to seller"), Kind.LIABILITY),
    Plan(Financier.DUE_TO_BUYER, _("Due to buyer"), Kind.LIABILITY),
    Plan(Financier.UNIDENTIFIED_RECEIPTS, _("Unidentified receipts"), Kind.LIABILITY),
    Plan(Financier.UNEARNED_DISCOUNT, _("Unearned discount"), Kind.LIABILITY, OneSided.CREDIT),
    Plan(Financier.UNEARNED_FEE, _("Unearned fee"), Kind.LIABILITY, OneSided.CREDIT),
    Plan(Financier.DISCOUNT_INCOME, _("Discount income"), Kind.INCOME),
    Plan(Financier.FEE_INCOME, _("Fee income"), Kind.INCOME),
    Plan(Financier.LATE_INCOME, _("Late income"), Kind.INCOME),
    Plan(Financier.CREDIT_LOSS, _("Credit loss"), Kind.EXPENSE),
)
CHARTS = {Book.Purpose.SELLER: SELLER, Book.Purpose.FINANCIER: FINANCIER}
