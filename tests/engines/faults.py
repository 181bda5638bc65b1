"""Faults between web and database: a person presses a button, the line breaks, the person presses it again.

The page may say that it cannot answer; it may never say that it worked when it did not. The second press, with the
same one-time key, ends with the action done exactly once.
"""

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.db import close_old_connections, connection, connections
from django.test import Client
from django.urls import reverse

from config.embedded_pg import base
from tests.engines import truth
from tests.engines.proxy import Fault, Plan, Proxy, between
from tests.engines.report import Report
from tests.engines.world import World, copy
from tests.financing.stories import START
from tests.scenarios import key as new_key

IDLE: Final = (
    "-c role=cairn_web -c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=500"
)
"""As in the settings, but a session that fell silent inside a transaction ends after half a second."""


@dataclass(frozen=True)
class Button:
    """A form as a person sends it."""

    role: str
    path: str
    fields: dict[str, str]
    said: str
    """What stands on the page after it worked."""


def sign_off(world: World) -> Button:
    path = reverse("buyer:accept_milestone", args=[world["submission"]])
    return Button("approver", path, {"seen": world["submission.text"]}, "You signed the milestone off.")


def payment(world: World) -> Button:
    path = reverse("seller:record_payment", args=[world["payable"]])
    fields = {"amount": "1234.50", "received_on": str(START.date()), "bank_reference": "IN-99", "do": "record"}
    return Button("billing", path, fields, "recorded on")


BUTTONS: Final[dict[str, Callable[[World], Button]]] = {"sign-off": sign_off, "payment": payment}
GROWS: Final = {"sign-off": ("invoicing_invoice", "milestones_decision"), "payment": ("invoicing_payment",)}
"""The tables in which one row more is the action, once."""


def try_plan(button: str, plan: Plan, world: World, template: str) -> list[str]:
    """One press under a fault, and one more without; what is wrong afterwards."""
    with copy(template), _through_a_proxy() as proxy:
        pressed = BUTTONS[button](world)
        rows = truth.counts()
        browser = Client(raise_request_exception=False)
        browser.force_login(world.parties.people[pressed.role].user)
        form = {**pressed.fields, "key": new_key()}
        connection.ensure_connection()
        proxy.plan = plan
        first = _press(browser, pressed, form)
        proxy.heal()
        found = []
        times = _grown(rows, button)
        if _says_done(browser, pressed, first) and times != 1:
            found.append(f"the page said that it worked, and it is there {times} times")
        if first.status_code not in (302, 503):
            found.append(f"the page answered {first.status_code}, and no error")
        second = browser.post(pressed.path, form)
        if not _says_done(browser, pressed, second):
            found.append(f"pressed again: the page answered {second.status_code} and does not say that it worked")
        if (times := _grown(rows, button)) != 1:
            found.append(f"in the end it is there {times} times")
        return [*found, *truth.wrong()]


def try_all(world: World, template: str, *, seed: int, points: int | None) -> Report:
    """Each fault at COMMIT, and losses at ``points`` other messages by chance (at all of them when None)."""
    report = Report("fault proxy", seed)
    chance = random.Random(seed)
    for button in BUTTONS:
        count = _messages(button, world, template)
        chosen = range(1, count + 1) if points is None else sorted(chance.sample(range(1, count + 1), points))
        plans = [Plan(fault) for fault in Fault]
        plans += [Plan(fault, at) for at in chosen for fault in (Fault.LOST_REQUEST, Fault.LOST_ANSWER)]
        for plan in plans:
            report.trials += 1
            where = "COMMIT" if plan.at is None else f"message {plan.at} of {count}"
            found = try_plan(button, plan, world, template)
            if not plan.happened:
                found.append("the fault never happened")
            report.findings += [f"{button}, {plan.fault} at {where}: {finding}" for finding in found]
        report.tell(f"{button} is through")
    return report


def _messages(button: str, world: World, template: str) -> int:
    """How many messages the web sends for one press."""
    never = Plan(Fault.LOST_REQUEST, at=1_000_000)
    assert try_plan(button, never, world, template) == []
    assert never.commits, "no COMMIT went by"
    return never.passed


def _says_done(browser: Client, pressed: Button, answer: Any) -> bool:
    """Whether the page to which the answer leads says that it worked."""
    close_old_connections()  # as Django does before each request, but not for its test client
    return answer.status_code == 302 and pressed.said in browser.get(answer["Location"]).content.decode()


def _press(browser: Client, pressed: Button, form: dict[str, str]) -> Any:
    logging.disable(logging.CRITICAL)  # the errors are meant
    try:
        return browser.post(pressed.path, form)
    finally:
        logging.disable(logging.NOTSET)


def _grown(rows: dict[str, int], button: str) -> int:
    truth.wait_until_quiet()
    now = truth.counts()
    by = {now[table] - rows[table] for table in GROWS[button]}
    return by.pop() if len(by) == 1 else -1


@contextmanager
def _through_a_proxy() -> Iterator[Proxy]:
    """This thread's web connection goes through a proxy; the owner's does not."""
    plain = connections["default"]
    plain.close()
    with between(base.server().socket_folder()) as proxy:
        connections["default"] = _Proxied({**plain.settings_dict, "OPTIONS": {"options": IDLE}}, proxy.folder)
        try:
            yield proxy
        finally:
            connections["default"].close()
            connections["default"] = plain


class _Proxied(base.DatabaseWrapper):
    def __init__(self, settings: dict[str, Any], folder: Path) -> None:
        super().__init__(settings, "default")
        self.folder = folder

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "host": str(self.folder)}
