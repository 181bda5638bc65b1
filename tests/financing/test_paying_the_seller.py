"""Treasury knows where to pay: the seller's account of that currency, while an advance stands, and no other account."""

import pytest
from django.db import connection

from apps.core.database import walls
from apps.core.errors import Refused
from apps.parties.models import BankAccount
from apps.parties.services import AccountData
from apps.workflows import funding, team
from tests import scenarios
from tests.financing import stories

pytestmark = pytest.mark.django_db


def seen_by_the_financier(deal: scenarios.Parties) -> list[str]:
    with walls.asking_for(deal.financier.pk):
        accounts = BankAccount.objects.exclude(organisation_id=deal.financier.pk)
        return [account.iban for account in accounts.order_by("pk")]


def add_account(deal: scenarios.Parties, *, currency: str) -> None:
    sina = scenarios.seller_actor(deal)
    with scenarios.acting(sina):
        account = AccountData(holder=deal.seller.legal_name, currency=currency, iban="DE02120300000000202051")
        team.set_bank_account(actor=sina, key=scenarios.key(), account=account)


def test_an_account_is_open_to_the_financier_of_an_advance_in_its_currency_and_to_nobody_else() -> None:
    deal, other = stories.parties(), stories.parties("Elsewhere")
    add_account(deal, currency="GBP")
    invoice = stories.invoiced(deal)
    request = stories.requested(deal, invoice, stories.opened_facility(deal))
    offer = stories.issued(deal, request)
    assert seen_by_the_financier(deal) == []
    tranche = stories.accepted(deal, offer)
    assert seen_by_the_financier(deal) == ["DE89370400440532013000"]
    assert seen_by_the_financier(other) == []
    with walls.asking_for(deal.buyer.pk):
        assert not BankAccount.objects.filter(organisation_id=deal.seller.pk).exists()
    tea = scenarios.treasury(deal)
    with scenarios.acting(tea, at=stories.noon(stories.FUNDED_ON)):
        funding.cancel_tranche(actor=tea, key="k", tranche_ref=tranche.ref, reason="The seller asked.")
    assert seen_by_the_financier(deal) == []


def test_the_financier_reads_the_account_and_writes_nothing_to_it() -> None:
    deal = stories.parties()
    stories.accepted_advance(deal)
    with walls.asking_for(deal.financier.pk), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE parties_bankaccount SET iban = 'DE75512108001245126199' WHERE organisation_id = %s",
            [deal.seller.pk],
        )
        assert cursor.rowcount == 0


def test_nothing_is_paid_out_to_a_seller_without_an_account() -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal)
    stories.acknowledged(deal, tranche)
    with walls.asking_for(deal.seller.pk):
        BankAccount.objects.filter(organisation_id=deal.seller.pk).update(is_default=False)
    with pytest.raises(Refused, match="Nordlicht Software GmbH has named no bank account in EUR"):
        stories.paid_out(deal, tranche)


def test_a_reserve_goes_nowhere_without_an_account_either() -> None:
    deal = stories.parties()
    tranche = stories.funded_advance(deal)
    stories.collected(deal, tranche, "120000", on=stories.day(30))
    with walls.asking_for(deal.seller.pk):
        BankAccount.objects.filter(organisation_id=deal.seller.pk).update(is_default=False)
    with pytest.raises(Refused, match="has named no bank account in EUR"):
        stories.reserve_paid(deal, tranche, on=stories.day(31))
