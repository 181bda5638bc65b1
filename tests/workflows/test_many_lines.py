"""A contract of many lines stays usable: no page and no action asks more than twice what it asks for ten lines.

``CAIRN_LINES=9999 pytest tests/workflows/test_many_lines.py -s`` is the long form of about a minute. Everything is
committed here: in one transaction Postgres would go on planning for the ten lines that came first.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TypeVar

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.contracts import services as contracts
from apps.contracts.documents import making
from apps.contracts.drafts import ChangedLine, ChangeDraft, DraftCriterion, DraftLine
from apps.contracts.models import Contract, ContractVersion
from apps.core import clock
from apps.core.database import walls
from apps.parties import tokens
from apps.parties.actor import Actor
from apps.workflows import contracting, proofs, sign_off
from apps.workflows.packs import making as packs
from tests import change_orders, scenarios, terminations
from tests.scenarios import Parties, acting, key, software_draft

T = TypeVar("T")
SECONDS: list[float] = []
"""How long each step took, in their order."""
SIZES: dict[str, int] = {}
"""Bytes of each page."""
LARGEST = 2_000_000
"""Bytes of a page that a browser still shows at once."""
DRAFTING = ("change_draft", "plan_options", "propose_contract")
"""The pages on which a draft is written and checked."""
FEW = 10
MANY = int(os.environ.get("CAIRN_LINES", "60"))


@pytest.fixture
def parties(scratch: str) -> Parties:
    return scenarios.organisations()


def asked(act: Callable[[], object]) -> int:
    begun = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        act()
    SECONDS.append(time.perf_counter() - begun)
    return len(queries)


def lines(many: int) -> tuple[DraftLine, ...]:
    criteria = (DraftCriterion("It runs on the buyer's servers."),)
    each = Decimal("12.50")
    named = [
        DraftLine(title=f"Step {number}", scope="", basis="amount", amount=each, planned_on=None, criteria=criteria)
        for number in range(1, many)
    ]
    rest = DraftLine(title="The rest", scope="", basis="remainder", planned_on=None, criteria=criteria)
    return (*named, rest)


def lived(parties: Parties, many: int) -> dict[str, int]:
    """Every step of a contract's life and every page of it, with the number of statements that it sends."""
    found: dict[str, int] = {}
    sina, bea = scenarios.seller_actor(parties), scenarios.approver_actor(parties)
    draft = software_draft(parties, number=f"MANY-{many}", lines=lines(many), price=Decimal("200000.00"))

    def step(name: str, act: Callable[[], object]) -> None:
        found[name] = asked(act)

    with acting(sina):
        step("draft", lambda: contracting.draft_contract(actor=sina, key=key(), draft=draft))
        contract = Contract.objects.get(number=f"MANY-{many}")
    visit(
        found, at_home(parties, "seller"), {name: reverse(f"seller:{name}", args=[contract.ref]) for name in DRAFTING}
    )
    with acting(sina):
        _text, seen = contracts.preview(contract)
        step(
            "propose",
            lambda: contracting.propose_contract(actor=sina, key=key(), contract_ref=contract.ref, seen=seen),
        )
    link = scenarios.link_to_sign(contract)
    at_link = f"/s/{tokens.token_for(purpose='guest_grant', ref=link.ref)}/"
    visit(found, Client(), {"link to sign": at_link, "link, to sign": f"{at_link}sign/"})
    guest = scenarios.guest_actor(link)
    with acting(guest):
        version = ContractVersion.objects.get(contract=contract)
        step(
            "sign",
            lambda: contracting.sign_contract(actor=guest, key=key(), version_ref=version.ref, seen=version.sha256),
        )
    submission = scenarios.submitted_milestone(contract)
    token = tokens.token_for(purpose="guest_grant", ref=scenarios.link_to_sign_off(submission).ref)
    visit(found, Client(), {"link to sign off": f"/s/{token}/", "link, to accept": f"/s/{token}/accept/"})
    with acting(bea):
        step(
            "accept",
            lambda: sign_off.accept_milestone(
                actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256
            ),
        )
    milestone = scenarios.milestone_of(contract)
    pages = {
        "seller": [
            reverse("seller:home"),
            reverse("seller:contract", args=[contract.ref]),
            reverse("seller:milestone", args=[milestone.ref]),
            reverse("seller:plan_csv", args=[version.ref]),
            reverse("seller:contract_progress", args=[contract.ref]),
            reverse("seller:compare_plans", args=[contract.ref]),
            reverse("seller:contract_revenue", args=[contract.ref]),
            reverse("seller:revenue"),
            reverse("seller:propose_change", args=[contract.ref]),
        ],
        "buyer": [
            reverse("buyer:home"),
            reverse("buyer:contract", args=[contract.ref]),
            reverse("buyer:milestone", args=[milestone.ref]),
            reverse("buyer:contract_progress", args=[contract.ref]),
            reverse("buyer:compare_plans", args=[contract.ref]),
            reverse("buyer:plan_csv", args=[version.ref]),
            reverse("buyer:propose_change", args=[contract.ref]),
        ],
    }
    for side, addresses in pages.items():
        client = at_home(parties, side)
        names = {
            one.replace(contract.ref, "…").replace(milestone.ref, "…").replace(version.ref, "…"): one
            for one in addresses
        }
        visit(found, client, names)
    found |= printed(version)
    return found | imported(parties, many) | changed_and_ended(parties, contract)


def imported(parties: Parties, many: int) -> dict[str, int]:
    """The same plan from a spreadsheet: read, shown, taken over."""
    found: dict[str, int] = {}
    draft = software_draft(parties, number=f"IMPORT-{many}", lines=lines(2), price=Decimal("200000.00"))
    contract = scenarios.drafted_contract(parties, draft=draft)
    rows = [f"Step {number},Done.,12.50,It runs." for number in range(1, many)]
    rest = Decimal("200000.00") - Decimal("12.50") * (many - 1)
    text = "\n".join(["Milestone,Scope,Amount,Criterion", *rows, f"The rest,Done.,{rest},It runs."])
    client = at_home(parties, "seller")
    address = reverse("seller:import_plan", args=[contract.ref])

    def upload() -> None:
        sent = client.post(address, {"key": key(), "file": SimpleUploadedFile("plan.csv", text.encode())})
        assert sent.status_code == 302, sent.content.decode()

    def confirm() -> None:
        check = reverse("seller:check_plan", args=[contract.ref])
        form = client.get(check).context["confirm"]
        sent = client.post(check, {name: form[name].value() for name in form.fields})
        assert sent.status_code == 302, sent.content.decode()

    found["read a spreadsheet"] = asked(upload)
    visit(found, client, {"check a spreadsheet": reverse("seller:check_plan", args=[contract.ref])})
    found["take a spreadsheet over"] = asked(confirm)
    return found


def printed(version: ContractVersion) -> dict[str, int]:
    """The contract on paper, as the worker makes it."""

    def make() -> None:
        made = making.make(version_ref=version.ref, kind="signed")
        assert made.state == "ready"

    with walls.asking_for(version.contract.seller_id):
        return {"contract PDF": asked(make)}


def dearer(contract: Contract, *, by: Actor) -> tuple[ChangedLine, ...]:
    """Every line that is still open but the last, at another price: what a change order over many pages says."""
    with acting(by):
        contract.refresh_from_db()
        assert contract.active_version is not None
        plan = contracts.plan_of(contract.active_version)
    return tuple(
        ChangedLine(one.position, replace(one.line, basis="amount", amount=Decimal("20.00"))) for one in plan[2:-1]
    )


def changed_and_ended(parties: Parties, contract: Contract) -> dict[str, int]:
    """A change order, what differs by it, notice, a settlement of everything that is open, and the evidence of it."""
    found: dict[str, int] = {}
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    now = clock.now()

    def step(name: str, act: Callable[[], T]) -> T:
        done: list[T] = []
        found[name] = asked(lambda: done.append(act()))
        return done[0]

    draft = ChangeDraft(title="Dearer", reason="By phone.", lines=dearer(contract, by=sina))
    proposed = step("propose a change", lambda: change_orders.propose(contract, draft, by=sina))
    visit(
        found, at_home(parties, "buyer"), {"a change": reverse("buyer:change_order", args=[proposed["change_order"]])}
    )
    step("sign a change", lambda: change_orders.sign(proposed, by=olga))
    for side in ("seller", "buyer"):
        visit(
            found,
            at_home(parties, side),
            {f"differences, {side}": reverse(f"{side}:contract_differences", args=[contract.ref])},
        )
    notice = terminations.noticed(contract, by=sina, effective_on=clock.today(parties.seller.time_zone), at=now)
    client = at_home(parties, "seller")
    for name in ("termination", "propose_settlement"):
        visit(found, client, {name: reverse(f"seller:{name}", args=[notice.ref])})
    settlement = step("propose a settlement", lambda: terminations.proposed(contract, {5: "1.00"}, by=sina, at=now))
    visit(
        found, at_home(parties, "buyer"), {"sign_settlement": reverse("buyer:sign_settlement", args=[settlement.ref])}
    )
    step("sign a settlement", lambda: terminations.signed(settlement, by=olga, at=now))
    with acting(sina):
        pack = proofs.request_pack(actor=sina, key=key(), contract_ref=contract.ref, milestone_ref="")["pack"]

    def pack_it() -> None:
        with walls.asking_for(parties.seller.pk):
            packs.make(pack_ref=pack)

    step("evidence pack", pack_it)
    return found


def at_home(parties: Parties, side: str) -> Client:
    client = Client()
    client.force_login(parties.people[side].user)
    return client


def visit(found: dict[str, int], client: Client, addresses: dict[str, str]) -> None:
    """Look at pages."""
    for name, address in addresses.items():
        client.get(address)  # what is asked once per process
        sizes: list[int] = []
        found[name] = asked(partial(look, client, address, sizes))
        SIZES[name] = max(sizes, default=0)


def look(client: Client, address: str, sizes: list[int]) -> None:
    page = client.get(address)
    assert page.status_code == 200, address
    if not address.endswith(".csv"):
        sizes.append(len(page.getvalue()))


def _no_statistics_come() -> None:
    """As in the first minutes of a new house: what Postgres planned for ten lines it goes on with for thousands."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT format('ALTER TABLE %I SET (autovacuum_enabled = off)', tablename)"
            " FROM pg_tables WHERE schemaname = 'public'"
        )
        for (command,) in cursor.fetchall():
            cursor.execute(command)


def test_no_page_and_no_action_asks_more_than_twice_what_it_asks_for_ten_lines(parties: Parties) -> None:
    _no_statistics_come()
    few = lived(parties, FEW)
    SECONDS.clear()
    many = lived(parties, MANY)
    print("\n", "\n".join(f"{name}: {took:.1f} s" for name, took in zip(many, SECONDS, strict=True) if took > 1))
    print(f"\nstatements at {FEW} and {MANY} lines", {name: (few[name], many[name]) for name in few})
    assert {name: size for name, size in SIZES.items() if size > LARGEST} == {}
    assert {name: (few[name], many[name]) for name in few if many[name] > 2 * few[name]} == {}
