"""Every URL has a door: walked from the URLconf, so a new view without one fails here."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from django.conf import settings
from django.contrib import admin
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path

from apps.portals.access import Side
from apps.portals.demo import urls as demo
from apps.portals.financier.site import FinancierSite

PUBLIC = {
    # Who is not signed in reaches these, and only these; personal links resolve their own token.
    "account_login",
    "account_request_login_code",
    "account_confirm_login_code",
    "account_logout",
    "account_signup",
    "account_email_verification_sent",
    "account_inactive",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "set_language",
    # operations ask these, and learn nothing but yes or no
    "health_live",
    "health_ready",
}
LINKS = {
    "accept_invitation",
    "open",
    "sign",
    "request_contract_changes",
    "comment_contract",
    "contract_differences",
    "compare_plans",
    "plan_csv",
    "plan_xlsx",
    "contract_pdf",
    "accept",
    "request_changes",
    "accept_part",
    "accept_with_reservations",
    "ask_question",
    "comment_milestone",
    "pass_on",
    "dispute",
    "dispute_file",
    "reservation",
    "reservation_file",
    "confirm_event",
    "application",
    "application_pdf",
    "application_xlsx",
    "propose_settlement",
    "sign_settlement",
    "settlement_pdf",
    "prove",
    "evidence",
    "invoice_pdf",
    "invoice_xml",
    "invoice_peppol",
    "invoice_xrechnung",
    "invoice_document",
    "open_portal",
    "certificate",
    "assignment_proof",
    "ask_assignment_proof",
    "pack",
    "pack_file",
    "viewed",
    "renew",
    "ask_about_invoice",
    "ask_to_dispute",
    "credit_note_pdf",
    "credit_note_peppol",
    "credit_note_xrechnung",
    "corrected_pdf",
}
Found = list[tuple[str, URLPattern]]


def walk(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every pattern of the URLconf with its full route."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route, pattern


def everything() -> Found:
    """All addresses, and those that only the demo has."""
    return [*walk(get_resolver().url_patterns), *walk(demo.urlpatterns, "demo/")]


def without_a_door(found: Found) -> list[str]:
    """Neither ``portal(…)`` nor the financiers' site stands before them."""
    sides = get_args(Side)
    return [
        route
        for route, pattern in found
        if getattr(pattern.callback, "side", None) not in sides
        and not isinstance(getattr(pattern.callback, "admin_site", None), FinancierSite)
    ]


def test_every_view_has_a_door() -> None:
    found = everything()
    assert len(found) > 100
    assert without_a_door(found) == []


def test_a_view_without_a_door_would_be_found() -> None:
    assert without_a_door([*walk([path("open/", lambda _request: HttpResponse(), name="open")])]) == ["open/"]


def test_the_admin_is_the_financiers_site_and_no_other() -> None:
    sites = {pattern.callback.admin_site for _route, pattern in everything() if hasattr(pattern.callback, "admin_site")}
    (site,) = sites
    assert isinstance(site, FinancierSite)
    assert site == admin.site


def test_every_address_has_a_name_of_its_own() -> None:
    names = [pattern.name for _route, pattern in everything()]
    assert all(names)


def test_only_listed_views_are_open_to_who_is_not_signed_in() -> None:
    """Everything else is refused by the middleware, whatever its view says."""
    assert "django.contrib.auth.middleware.LoginRequiredMiddleware" in settings.MIDDLEWARE
    public = {
        (pattern.name, getattr(pattern.callback, "side", ""))
        for _route, pattern in walk(get_resolver().url_patterns)
        if not getattr(pattern.callback, "login_required", True)
    }
    assert public == {(name, "public") for name in PUBLIC} | {(name, "link") for name in LINKS}


@pytest.mark.django_db
def test_who_is_not_signed_in_is_sent_to_the_sign_in() -> None:
    client = Client()
    for route, pattern in walk(get_resolver().url_patterns):
        if pattern.name in PUBLIC or "<" in route:
            continue
        response = client.get(f"/{route}")
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/accounts/login/"), route


def test_the_demo_has_no_address_outside_the_demo() -> None:
    assert not settings.DEMO
    assert not [route for route, _pattern in walk(get_resolver().url_patterns) if route.startswith("demo/")]
