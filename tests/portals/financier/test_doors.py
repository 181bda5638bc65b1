"""Who gets in: people of a financier with both factors, to the rows of their own organisation, and to look only."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.core.database import walls
from apps.financing.models import Tranche
from apps.workflows import funding
from tests.conftest import Once
from tests.financing import stories
from tests.portals.financier import addresses
from tests.portals.financier.conftest import SignIn, text_of
from tests.portals.matrix.ways import plain_refusals
from tests.scenarios import Parties, acting, key, member


@pytest.fixture(scope="module")
def deal(once: Once) -> Parties:
    """Here everybody only looks, or begins a story of his own."""
    return once(stories.parties)


@pytest.fixture(scope="module")
def deal_with_history(once: Once, deal: Parties) -> Parties:
    """A financed deal with something in every list."""

    def history() -> None:
        tranche = stories.funded_advance(deal)
        stories.collected(deal, tranche, 120_000, on=stories.day(50))
        stories.reserve_paid(deal, tranche, on=stories.day(51))

    once(history)
    return deal


def test_somebody_who_has_not_signed_in_is_sent_to_the_sign_in(db: None, deal_with_history: Parties) -> None:
    everything = [*addresses.lists(), *addresses.rows(member(deal_with_history, "financier"))]
    assert len(everything) > 30
    for path in everything:
        answer = Client().get(path)
        assert (answer.status_code, answer.url.partition("?")[0]) == (302, reverse("account_login")), path  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", ["seller", "billing", "buyer", "payables"])
def test_trading_organisations_find_nothing(deal_with_history: Parties, sign_in: SignIn, role: str) -> None:
    browser = sign_in(role)
    with plain_refusals():
        for path in [*addresses.lists(), *addresses.rows(member(deal_with_history, "financier"))]:
            assert browser.get(path).status_code == 404, path
            assert browser.post(path).status_code == 404, path


def test_one_factor_is_not_enough(deal: Parties, sign_in: SignIn) -> None:
    sign_in("analyst")
    browser = Client()
    browser.force_login(deal.people["analyst"].user)
    for path in addresses.lists():
        assert browser.get(path).status_code == 302, path


def test_every_role_of_a_financier_may_look(deal_with_history: Parties, sign_in: SignIn) -> None:
    everything = [*addresses.lists(), *addresses.rows(member(deal_with_history, "financier"))]
    with clock.stopped(stories.noon(stories.day(52))):
        for role in ("financier", "analyst", "underwriter", "treasury"):
            browser = sign_in(role)
            for path in everything:
                answer = browser.get(path, follow=True)
                assert answer.status_code == 200, (role, path)


def test_another_financier_finds_nothing(deal_with_history: Parties, sign_in: SignIn) -> None:
    strangers = stories.parties("Papagei")
    browser = sign_in("financier", of=strangers)
    with plain_refusals():
        for path in addresses.rows(member(deal_with_history, "financier")):
            assert browser.get(path).status_code == 404, path
            assert browser.post(path, {"key": "k", "do": "act"}).status_code in (404, 405), path
    for path in addresses.lists():
        page = text_of(browser.get(path))
        for canary in ("Meridian Logistik AG<", "INV-2026", "OUT-1", "120,000.00"):
            assert canary not in page, (path, canary)


def test_two_financiers_of_one_seller_do_not_read_each_others_offers(sign_in: SignIn) -> None:
    """The contract's trail is one; who was asked first stays among those who were asked."""
    deal = stories.parties("Kolibri")
    rivals = stories.parties("Papagei")
    invoice = stories.invoiced(deal)
    first = stories.requested(deal, invoice, stories.opened_facility(deal))
    stories.priced(deal, first)
    with acting(member(deal, "analyst"), at=stories.START) as actor:
        funding.decline_request(actor=actor, key=key(), request_ref=first.ref, reason="Our limit is used up.")
    second = stories.requested(deal, invoice, stories.opened_facility(deal, financier=member(rivals, "financier")))
    browser = sign_in("financier", of=rivals)
    page = text_of(browser.get(reverse("admin:audit_entry_changelist")))
    assert "Funding asked for" in page
    assert second.ref in page
    for secret in ("Offer priced", "Request declined", "Ana Anders", first.ref):
        assert secret not in page
    shown = text_of(browser.get(reverse("admin:financing_fundingrequest_change", args=[second.ref])))
    for secret in ("Offer priced", "Our limit is used up", first.ref):
        assert secret not in shown


@pytest.mark.parametrize("what", ["add", "delete", "history"])
def test_djangos_own_ways_to_change_rows_have_no_address(
    deal_with_history: Parties, sign_in: SignIn, what: str
) -> None:
    browser = sign_in("financier")
    with walls.asking_for(deal_with_history.financier.pk):
        tranche = Tranche.objects.get()
    row = "" if what == "add" else f"{tranche.ref}/"
    assert browser.get(f"/financier/financing/tranche/{row}{what}/").status_code == 404


def test_windows_answer_nothing_but_looking(deal_with_history: Parties, sign_in: SignIn) -> None:
    browser = sign_in("financier")
    with walls.asking_for(deal_with_history.financier.pk):
        tranche = Tranche.objects.get()
    page = reverse("admin:financing_tranche_change", args=[tranche.ref])
    for path in (page, reverse("admin:financing_tranche_changelist")):
        for method in (browser.post, browser.put, browser.patch, browser.delete):
            assert method(path).status_code == 405


@pytest.mark.parametrize("page", ["login", "logout", "password_change", "jsi18n", "autocomplete", "r/1/1"])
def test_what_of_djangos_admin_has_no_place_here_has_no_address(deal: Parties, sign_in: SignIn, page: str) -> None:
    assert sign_in("financier").get(f"/financier/{page}/").status_code == 404
