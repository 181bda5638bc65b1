"""Every page, light and dark, on a phone and on a desk: axe finds nothing, nothing sticks out, no script complains."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.db import connections
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Browser, Page, ViewportSize
from pytest_django import DjangoDbBlocker

from apps.core.database.scratch import scratch_database
from apps.core.printing import press
from apps.invoicing import documents
from tests.browser import world as worlds
from tests.browser.conftest import serving
from tests.browser.pages import ELSEWHERE, PAGES, Spot
from tests.browser.visitors import House, Visitor
from tests.browser.world import World

DESK: ViewportSize = {"width": 1280, "height": 900}
BETWEEN: list[ViewportSize] = [{"width": 1024, "height": 768}, {"width": 768, "height": 1024}]
"""A tablet, lying and upright."""
PHONE: ViewportSize = {"width": 390, "height": 844}
SMALLEST: ViewportSize = {"width": 360, "height": 740}
BRIEFLY: dict[str, Any] = {"resultTypes": ["violations"], "reporter": "no-passes"}
"""What is well is looked at, and not described."""
EVERY_RULE: dict[str, Any] = {**BRIEFLY, "rules": {"target-size": {"enabled": True}}}
COLOURS: dict[str, Any] = {**BRIEFLY, "runOnly": ["color-contrast"]}
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
    visitor = tour.open(spot)
    page = visitor.page
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
    found += [*_sticking_out(page), *visitor.troubles]
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
