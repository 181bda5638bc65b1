"""The accounts that are proposed for ours until the organisation says which ones its own are.

DATEV: charts SKR 03 and SKR 04, general ledger accounts that take postings directly and compute no tax by themselves:
receivables outside the current accounts of customers (1410, 1210; 1415, 1225 for those that are due after a year, as
retention often is), since those are collective; output tax without a
rate (1770, 3800), since ours holds every rate. Sources: DATEV, Kontenrahmen SKR 03 (Art.-Nr. 11174) and SKR 04
(Art.-Nr. 11175). The tax consultant decides; these are a beginning.

Xero and QuickBooks have no chart that everybody shares, and take no journals on their own receivables, bank and tax
accounts: ours are proposed as they are, to be made there.
"""

from collections.abc import Mapping
from typing import Final

from apps.ledger.charts import SELLER, Seller
from apps.ledger.models import Package

SKR03: Final[Mapping[str, str]] = {
    Seller.BANK: "1200",
    Seller.RECEIVABLES: "1410",
    Seller.RETENTION_HELD: "1415",
    Seller.DUE_FROM_FINANCIER: "1500",
    Seller.CONTRACT_BALANCE: "1710",
    Seller.DEPOSITS_RECEIVED: "1719",
    Seller.OUTPUT_TAX: "1770",
    Seller.UNAPPLIED_RECEIPTS: "1700",
    Seller.ADVANCES_RECEIVED: "1705",
    Seller.OWED_BACK_TO_FINANCIER: "1706",
    Seller.REVENUE: "8200",
    Seller.CONTRACT_INTEREST_INCOME: "2650",
    Seller.OTHER_INCOME: "2709",
    Seller.COST_OF_RECEIVABLES_SOLD: "2100",
    Seller.CONTRACT_INTEREST_EXPENSE: "2110",
}
SKR04: Final[Mapping[str, str]] = {
    Seller.BANK: "1800",
    Seller.RECEIVABLES: "1210",
    Seller.RETENTION_HELD: "1225",
    Seller.DUE_FROM_FINANCIER: "1300",
    Seller.CONTRACT_BALANCE: "3250",
    Seller.DEPOSITS_RECEIVED: "3255",
    Seller.OUTPUT_TAX: "3800",
    Seller.UNAPPLIED_RECEIPTS: "3500",
    Seller.ADVANCES_RECEIVED: "3560",
    Seller.OWED_BACK_TO_FINANCIER: "3561",
    Seller.REVENUE: "4200",
    Seller.CONTRACT_INTEREST_INCOME: "7100",
    Seller.OTHER_INCOME: "4839",
    Seller.COST_OF_RECEIVABLES_SOLD: "7300",
    Seller.CONTRACT_INTEREST_EXPENSE: "7310",
}
DATEV: Final[Mapping[str, Mapping[str, str]]] = {"03": SKR03, "04": SKR04}
TAX_RATES: Final[Mapping[str, str]] = {"GB": "No VAT", "NZ": "No GST", "AU": "BAS Excluded"}
"""What the rate that computes no tax is called in Xero, by country; elsewhere :data:`TAX_RATE`."""
TAX_RATE: Final = "Tax Exempt (0%)"


def accounts_of(package: str, *, chart: str = "") -> dict[str, str]:
    """The proposed account for each of a seller's; of DATEV in one chart, and in none where it is none of the two."""
    if package == Package.DATEV:
        return {str(code): account for code, account in DATEV.get(chart, {}).items()}
    if package == Package.XERO:
        return {str(plan.code): str(plan.code) for plan in SELLER}
    return {str(plan.code): plan.name for plan in SELLER}
