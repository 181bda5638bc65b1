"""The sample book as the table of events begins with it: one invoice bought, two milestones advanced on."""

from decimal import Decimal

from apps.core.database import walls
from apps.financing.models import Facility, Tranche
from apps.invoicing.models import Invoice
from tests.financing import events, stories
from tests.financing.stories import entries, lines
from tests.scenarios import Parties

Posting = dict[str, Decimal]


class Book:
    """The sample book, and what was posted since it was funded."""

    def __init__(self) -> None:
        self.deal: Parties = stories.parties()
        self.contract = stories.sample_book(self.deal)
        self.before = len(entries(self.deal.financier))
        self.seller_before = len(entries(self.deal.seller, purpose="seller"))

    def tranche(self, position: int) -> Tranche:
        return stories.tranches(self.deal, contract_id=self.contract.pk)[position - 1]

    def posted(self) -> list[Posting]:
        """Since the funding; every check of financing holds."""
        events.verified(self.deal)
        return entries(self.deal.financier)[self.before :]

    def sellers(self) -> list[Posting]:
        return entries(self.deal.seller, purpose="seller")[self.seller_before :]

    def out(self) -> tuple[Decimal, Decimal]:
        with walls.asking_for(self.deal.financier.pk):
            facility = Facility.objects.get()
            return facility.advanced, facility.advanced_pre

    def invoice(self) -> Invoice:
        with walls.asking_for(self.deal.seller.pk):
            return Invoice.objects.get(milestone__contract=self.contract, milestone__position=1)


def summed(postings: list[Posting]) -> Posting:
    """Several entries as one row of the table."""
    row: Posting = {}
    for posting in postings:
        for code, amount in posting.items():
            row[code] = row.get(code, Decimal(0)) + amount
    return {code: amount for code, amount in row.items() if amount}


ALL_EARNED = lines(d2100=1_700, c4000=1_700, d2110=510, c4010=510)
