"""The financier's book and the trail: every leg, debits equal to credits, every entry under its cause."""

from decimal import Decimal

from django.urls import reverse

from tests.financing import stories
from tests.portals.financier.conftest import SignIn, text_of
from tests.scenarios import Parties


def test_the_accounts_add_up(deal: Parties, sign_in: SignIn) -> None:
    tranche = stories.funded_advance(deal)
    stories.collected(deal, tranche, 50_000, on=stories.day(50))
    page = sign_in("treasury").get(reverse("admin:ledger_account_changelist"))
    ((currency, debit, credit),) = page.context["totals"]
    assert (currency, debit) == ("EUR", credit)
    stands = {row.code: row.stands for row in page.context["cl"].result_list}
    assert stands["1100"] == Decimal(70_000)
    assert stands["2000"] == Decimal(-18_000)
    assert "Debits equal credits" in text_of(page)


def test_instants_are_told_in_the_financiers_own_time_zone(deal: Parties, sign_in: SignIn) -> None:
    stories.funded_advance(deal)
    page = text_of(sign_in("treasury").get(reverse("admin:audit_entry_changelist")))
    assert deal.financier.time_zone == "Europe/Berlin"
    assert " CET" in page or " CEST" in page
    assert " UTC" not in page


def test_an_account_shows_what_it_is_made_of(deal: Parties, sign_in: SignIn) -> None:
    tranche = stories.funded_advance(deal)
    page = text_of(sign_in("treasury").get(reverse("admin:ledger_account_change", args=["EUR-1100"])))
    assert "120,000.00" in page
    assert reverse("admin:financing_tranche_change", args=[tranche.ref]) in page


def test_an_entry_shows_every_leg(deal: Parties, sign_in: SignIn) -> None:
    tranche = stories.funded_advance(deal)
    browser = sign_in("treasury")
    key = f"EUR-funding:{tranche.ref}"
    page = browser.get(reverse("admin:ledger_entry_change", args=[key]))
    legs = [(leg.code, leg.debit, leg.credit) for leg in page.context["posting"].legs]
    assert legs == [
        ("1100", Decimal(120_000), None),
        ("2000", None, Decimal(18_000)),
        ("2100", None, Decimal(1_700)),
        ("2110", None, Decimal(510)),
        ("1000", None, Decimal(99_790)),
    ]
    assert browser.get(reverse("admin:ledger_entry_change", args=["EUR-nonsense"])).status_code == 404
    listed = browser.get(reverse("admin:ledger_entry_changelist"), {"account": "2100"})
    assert [row.cause for row in listed.context["cl"].result_list] == [f"funding:{tranche.ref}"]


def test_the_sellers_own_book_is_not_shown(deal: Parties, sign_in: SignIn) -> None:
    stories.funded_advance(deal)
    page = text_of(sign_in("treasury").get(reverse("admin:ledger_entry_changelist")))
    assert "Sale of" not in page


def test_the_trail_says_who_did_what_and_keeps_others_addresses_to_themselves(deal: Parties, sign_in: SignIn) -> None:
    stories.funded_advance(deal)
    browser = sign_in("analyst")
    rows = browser.get(reverse("admin:audit_entry_changelist")).context["cl"].result_list
    by_verb = {row.verb: row for row in rows}
    own, other = by_verb["offer.approved"], by_verb["offer.accepted"]

    def page_of(row: object) -> str:
        key = f"{row.chain.subject}/{row.position}"  # type: ignore[attr-defined]
        return text_of(browser.get(reverse("admin:audit_entry_change", args=[key])))

    assert "192.0.2.10" in page_of(own)
    assert "Bilge Aydin" in page_of(other)
    assert "192.0.2.10" not in page_of(other)
    assert browser.get(reverse("admin:audit_entry_change", args=["contract:nonsense/1"])).status_code == 404
    assert browser.get(reverse("admin:audit_entry_change", args=["contract:nonsense/x"])).status_code == 404
