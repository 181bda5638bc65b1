"""Every page, light and dark, on a phone and on a desk: axe finds nothing, nothing sticks out, no script complains."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from axe_playwright_python.base import AXE_SCRIPT
from django.db import connections
from django.template.loader import render_to_string
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Browser, Page, Route, ViewportSize
from pytest_django import DjangoDbBlocker

from apps.core.database.scratch import scratch_database
from apps.core.printing import press
from apps.invoicing import documents
from tests.browser import world as worlds
from tests.browser.conftest import serving
from tests.browser.pages import ELSEWHERE, PAGES, Spot
from tests.browser.visitors import House, Visitor, passkey
from tests.browser.world import World

DESK: ViewportSize = {"width": 1280, "height": 900}
BETWEEN: list[ViewportSize] = [{"width": 1024, "height": 768}, {"width": 768, "height": 1024}]
"""A tablet, lying and upright."""
PHONE: ViewportSize = {"width": 390, "height": 844}
SMALLEST: ViewportSize = {"width": 360, "height": 740}
BRIEFLY: dict[str, Any] = {"resultTypes": ["violations"], "reporter": "no-passes"}
"""What is well is looked at, and not described."""
EVERY_RULE: dict[str, Any] = {**BRIEFLY, "rules": {"target-size": {"enabled": True}}}
COLOURS: dict[str, Any] = {**BRIEFLY, "runOnly": ["color-contrast", "link-in-text-block"]}
"""Dark mode is the same document in other colours."""
STILL = """
const still = new CSSStyleSheet();
still.replaceSync("* { transition: none !important; animation: none !important; }");
document.adoptedStyleSheets.push(still);
for (const one of document.querySelectorAll("details:not(.menu)")) one.open = true;
"""
"""Colours are looked at when they have arrived, and what is folded away is looked at as well."""
STICKS_OUT = """() => {
  const html = document.documentElement;
  const wide = html.scrollWidth - html.clientWidth;
  const found = wide > 0 ? [`${wide} pixels too wide`] : [];
  const rooms = new Map();
  const room = (one) => {
    if (!rooms.has(one)) {
      const cut = getComputedStyle(one).overflowX;
      const keys = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
      const scrolls = ["auto", "scroll"].includes(cut) && (one.tabIndex >= 0 || one.querySelector(keys));
      rooms.set(one, cut === "visible" ? null : { scrolls, box: one.getBoundingClientRect() });
    }
    return rooms.get(one);
  };
  for (const one of document.querySelectorAll("button, .btn, summary, input, select, textarea, td, th")) {
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    let { left, right } = one.getBoundingClientRect();
    for (let around = one.parentElement; around && around !== document.body; around = around.parentElement) {
      const walls = room(around);
      if (!walls) continue;
      const { scrolls, box } = walls;
      if (box.width <= 1) break;
      if (scrolls) [left, right] = [box.left, box.right];
      else if (left < box.left - 1 || right > box.right + 1) {
        const words = one.textContent.trim().replace(/\\s+/g, " ").slice(0, 40);
        found.push(`${one.localName} "${words}" is cut off by ${around.localName}.${around.className}`);
        break;
      }
    }
  }
  return found;
}"""
"""What is wider than its room, and no key brings it into sight."""
EMPTY = """() => {
  const form = document.querySelector("main form[method=post]:has(input:not([type=hidden]), select, textarea)");
  form.noValidate = true;
  for (const one of form.querySelectorAll("input:not([type=hidden]), textarea")) one.value = "";
  form.requestSubmit(form.querySelector("button:not([name]), button"));
}"""
"""Send the form of the page with nothing in it."""


class Tour:
    """The visitors of the world, one browser for each, kept from page to page."""

    def __init__(self, house: House, world: World) -> None:
        self.house, self.world = house, world
        self.visitors: dict[str, Visitor] = {}

    def visitor(self, who: str) -> Visitor:
        if who not in self.visitors:
            found = self.house.visitor(who or "nobody", color_scheme="light")
            if who:
                found.become(self.world.people[who])
            self.visitors[who] = found
        return self.visitors[who]

    def open(self, spot: Spot) -> Visitor:
        visitor = self.visitor(spot.who)
        visitor.troubles.clear()
        visitor.page.set_viewport_size(DESK)
        visitor.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        if spot.subject == "first":
            visitor.open(self.world.path(spot.view.replace("_change", "_changelist"), ""))
            first = visitor.page.locator("main .row-link").first.get_attribute("href")
            assert first
            visitor.open(first)
        else:
            visitor.open(self.world.path(spot.view, spot.subject))
        return visitor


@dataclass
class Walk:
    """Somebody goes from page to page, and each is looked at."""

    visitor: Visitor
    found: list[str] = field(default_factory=list)

    def look(self, view: str) -> None:
        """Be at this view, and look at it."""
        self.visitor.page.wait_for_url(f"**{reverse(view)}*")
        self.found += [f"{view} {one}" for one in looked_at(self.visitor)]
        self.visitor.page.set_viewport_size(DESK)


def looked_at(visitor: Visitor) -> list[str]:
    """What is wrong with the page that somebody sees, in any colour and size."""
    page = visitor.page
    page.set_viewport_size(DESK)
    page.evaluate(AXE_SCRIPT)
    page.evaluate(STILL)
    found = [*_violations(page, EVERY_RULE), *_sticking_out(page)]
    page.emulate_media(color_scheme="dark")
    found += _violations(page, COLOURS)
    for size in BETWEEN:
        page.set_viewport_size(size)
        found += _sticking_out(page)
    page.set_viewport_size(PHONE)
    found += _violations(page, COLOURS)
    page.emulate_media(color_scheme="light")
    found += [*_violations(page, EVERY_RULE), *_sticking_out(page)]
    page.set_viewport_size(SMALLEST)
    return [*found, *_sticking_out(page), *visitor.troubles]


@contextmanager
def one_document_for_all() -> Iterator[None]:
    """Pages tell of documents, and nobody opens one here: whatever is printed is the same page, printed once."""
    page = press.pdf("<p>Looked at elsewhere.</p>", style=documents.STYLE, at="2026-03-02T09:00:00+00:00")
    with patch.object(press, "pdf", return_value=page):
        yield


@pytest.fixture(scope="module")
def tour(chromium: Browser, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Tour]:
    """One world for all of this module: here everybody only looks."""
    with django_db_blocker.unblock(), scratch_database(), one_document_for_all():
        world = worlds.build()
        connections.close_all()
        with serving(chromium) as house:
            yield Tour(house, world)


@pytest.mark.parametrize("spot", PAGES, ids=lambda spot: "-".join(part for part in spot if part).replace(" ", "-"))
def test_everybody_can_use_the_page(spot: Spot, tour: Tour) -> None:
    found = looked_at(tour.open(spot))
    assert not found, "\n".join(found)


def test_everybody_can_use_what_stands_in_the_middle_of_signing_in(tour: Tour) -> None:
    """Codes, second factors and passkeys, with Chromium's own virtual authenticator."""
    walk = Walk(tour.house.visitor("somebody new"))
    walk.visitor.open(reverse("account_signup"))
    walk.visitor.fill(Your_name="Ida Neu")
    walk.visitor.fill_in("email", "ida@new.example")
    walk.visitor.press("Go on")
    walk.look("account_email_verification_sent")

    walk = Walk(tour.house.visitor("anna signs in"), found=walk.found)
    user = tour.world.people["mila"]
    if not Authenticator.objects.filter(user=user).exists():
        TOTP.activate(user, generate_totp_secret())
    walk.visitor.open(reverse("account_login"))
    walk.visitor.fill_in("email", user.email)
    walk.visitor.press("Send me a code")
    walk.look("account_confirm_login_code")
    walk.visitor.enter_mailed_code(user.email, "Sign in")
    walk.look("mfa_authenticate")

    walk, user = Walk(tour.house.visitor("eva"), found=walk.found), tour.world.people["eva"]
    walk.visitor.become(user)
    Authenticator.objects.filter(user=user).delete()
    walk.visitor.open(reverse("account:confirm"))
    walk.look("account:confirm")
    with passkey(walk.visitor):
        walk.visitor.open(reverse("mfa_activate_totp"))
        walk.look("mfa_activate_totp")
        walk.visitor.follow("Use a passkey instead")
        walk.look("mfa_add_webauthn")
        walk.visitor.press("Add")
        walk.look("mfa_reauthenticate")
        walk.visitor.follow("Use a security key")
        walk.look("mfa_reauthenticate_webauthn")
        walk.visitor.press("Use my passkey")
        walk.look("mfa_view_recovery_codes")
        walk.visitor.open(reverse("mfa_generate_recovery_codes"))
        walk.look("mfa_generate_recovery_codes")
        walk.visitor.open(reverse("mfa_list_webauthn"))
        walk.visitor.follow("Remove Master key")
        walk.look("mfa_remove_webauthn")
        TOTP.activate(user, generate_totp_secret())
        walk.visitor.open(reverse("mfa_deactivate_totp"))
        walk.look("mfa_deactivate_totp")
    assert not walk.found, "\n".join(walk.found)


ERRORS: dict[str, dict[str, Any]] = {
    "400": {},
    "403": {},
    "403_csrf": {},
    "404": {},
    "413": {"most": 10**8},
    "429": {"wait": "5 minutes"},
    "500": {},
    "503": {},
}


def test_everybody_can_read_what_went_wrong(tour: Tour) -> None:
    visitor, found = tour.visitor(""), []
    for name, context in ERRORS.items():
        page = render_to_string(f"{name}.html", context)
        visitor.page.route("**/went-wrong/", partial(Route.fulfill, body=page, content_type="text/html"), times=1)
        visitor.open("/went-wrong/")
        assert visitor.page.locator(".error-code").inner_text() == name[:3]
        found += [f"{name} {one}" for one in looked_at(visitor)]
    assert not found, "\n".join(found)


FORMS = [
    Spot("account:bank_account", "anna"),
    Spot("seller:draft_contract", "anna"),
    Spot("seller:record_payment", "anna", "invoice link-accepted"),
    Spot("buyer:accept_part", "paul", "submission NL-2026-021/3"),
]


@pytest.mark.parametrize("spot", FORMS, ids=lambda spot: str(spot.view))
def test_everybody_can_use_a_form_that_comes_back(spot: Spot, tour: Tour) -> None:
    """Sent empty: every field has its error beside it, and above them stands a list of all."""
    visitor = tour.open(spot)
    with visitor.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        visitor.page.evaluate(EMPTY)
    assert answered.value.status == 422
    visitor.page.locator("[data-error-summary]").wait_for()
    visitor.troubles.clear()  # the browser notes the 422
    found = looked_at(visitor)
    assert not found, "\n".join(found)


def test_no_page_is_left_out() -> None:
    """Whoever adds a view adds it to the pages that are looked at, or says why there is nothing to look at."""
    assert set(_names(get_resolver())) == {spot.view for spot in PAGES} | ELSEWHERE


def _violations(page: Page, options: dict[str, Any]) -> list[str]:
    violations = page.evaluate("(options) => axe.run(options).then((answer) => answer.violations)", options)
    return [
        f"{_look(page)}: {violation['id']} at {node['target'][0]}: {_why(node)}"
        for violation in violations
        for node in violation["nodes"]
    ]


def _why(node: dict[str, Any]) -> str:
    """The first of the checks that this node did not pass."""
    return next(str(check["message"]) for kind in ("any", "all", "none") for check in node[kind])


def _sticking_out(page: Page) -> list[str]:
    return [f"{_look(page)}: {one}" for one in page.evaluate(STICKS_OUT)]


def _look(page: Page) -> str:
    size = page.viewport_size
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    return f"{size['width'] if size else ''} {'dark' if is_dark else 'light'}"


def _names(resolver: URLResolver, space: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _names(one, f"{one.namespace}:" if one.namespace else space)
        elif isinstance(one, URLPattern):
            yield f"{space}{one.name}"
