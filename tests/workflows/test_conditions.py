"""Milestones that wait: for others, for a day, for an event that the buyer confirms; and Postgres holds it too."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from apps.contracts.drafts import Condition, ContractDraft, LineTerms
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.milestones import services as milestones
from apps.milestones.models import ConfirmedEvent, Submission
from apps.parties.actor import Actor
from apps.workflows import confirming
from apps.workflows.mails import events as mails
from apps.workflows.once import Answer
from tests import change_orders, corrections, scenarios
from tests.scenarios import Parties, acting, key

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PERMIT = "The city granted the permit"


def waiting_draft(parties: Parties) -> ContractDraft:
    """The second waits for the first and the permit; the third for a day, or for the second."""
    draft = scenarios.software_draft(parties)
    first, second, third = draft.lines
    both = Condition(milestones=(first.title,), events=(PERMIT,))
    either = Condition("any", (second.title,), date(2026, 5, 1))
    return replace(
        draft,
        lines=(
            first,
            replace(second, own=LineTerms(condition=both)),
            replace(third, own=LineTerms(condition=either)),
        ),
    )


def confirm(contract: Contract, *, by: Actor, at: datetime, **more: str) -> Answer:
    said: dict[str, Any] = {
        "contract_ref": contract.ref,
        "event": PERMIT,
        "note": "Letter of today.",
        "key": key(),
        **more,
    }
    with acting(by, at=at):
        return confirming.confirm_event(actor=by, **said)


def version_of(contract: Contract) -> ContractVersion:
    with walls.asking_for(contract.seller_id):
        return ContractVersion.objects.get(contract=contract)


def send_by_hand(submission_pk: int, *, at: datetime) -> None:
    """A submission that skips the service."""
    with transaction.atomic():
        Submission.objects.filter(pk=submission_pk).update(
            state="submitted", submitted_at=at, review_due_at=at + DAY, sha256="0" * 64
        )


def test_a_milestone_waits_until_all_has_happened_and_the_signed_text_says_for_what(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, draft=waiting_draft(parties), at=NOON)
    told = canonical.read(version_of(contract).canonical_text)
    assert [line["own"]["condition"] if line["own"] else None for line in told["plan"]] == [
        None,
        {"needs": "all", "milestones": ["Prototype"], "on": None, "events": [PERMIT]},
        {"needs": "any", "milestones": ["Integration"], "on": "2026-05-01", "events": []},
    ]
    with pytest.raises(IllegalTransition, match=f"“Prototype”, “{PERMIT}”"):
        scenarios.submitted_milestone(contract, position=2, at=NOON)
    owner, bea = scenarios.seller_actor(parties), scenarios.approver_actor(parties)
    with acting(owner, at=NOON):
        draft = Submission.objects.get(milestone__position=2)
        with pytest.raises(DatabaseError, match="submitted once what it waits for"):
            send_by_hand(draft.pk, at=NOON)

    with pytest.raises((NotAllowed, Refused)):
        confirm(contract, by=owner, at=NOON)
    with pytest.raises(Refused, match="names no such event"):
        confirm(contract, by=bea, at=NOON, event="Something else")
    one_key = key()
    first = confirm(contract, by=bea, at=NOON, key=one_key)
    assert confirm(contract, by=bea, at=NOON, key=one_key) == first, "a second click"
    with pytest.raises(Refused, match="confirmed already"):
        confirm(contract, by=bea, at=NOON)
    with acting(owner, at=NOON):
        event = ConfirmedEvent.objects.get()
        assert (event.event, event.note, event.sha256) == (PERMIT, "Letter of today.", version_of(contract).sha256)
        assert "This accepts no work." in event.statement
    with walls.asking_for(contract.seller_id):
        mails.event_news(event_ref=event.ref)
    assert PERMIT in mail.outbox[-1].subject

    with pytest.raises(IllegalTransition, match="Still missing: “Prototype”"):
        scenarios.submitted_milestone(contract, position=2, at=NOON)
    scenarios.accepted_milestone(contract, position=1, at=NOON)
    assert scenarios.submitted_milestone(contract, position=2, at=NOON).state == "submitted"
    with pytest.raises(IllegalTransition):
        scenarios.submitted_milestone(contract, position=3, at=datetime(2026, 4, 30, 21, 59, tzinfo=UTC))
    # The day begins where the seller is, in Hamburg.
    assert scenarios.submitted_milestone(contract, position=3, at=datetime(2026, 4, 30, 22, 0, tzinfo=UTC))


def test_what_is_submitted_waits_for_the_buyer_alone(parties: Parties) -> None:
    """The first is taken back after the second was submitted: its review runs on, and no page says that it waits."""
    contract = scenarios.active_contract(parties, draft=waiting_draft(parties), at=NOON)
    confirm(contract, by=scenarios.approver_actor(parties), at=NOON)
    first = scenarios.accepted_milestone(contract, position=1, at=NOON)
    second = scenarios.submitted_milestone(contract, position=2, at=NOON).milestone
    corrections.granted(parties, corrections.asked(parties, first.ref, at=NOON), at=NOON)
    with acting(scenarios.approver_actor(parties), at=NOON):
        second.refresh_from_db()
        assert second.state == "submitted"
        assert milestones.waits_for_first(second, at=NOON) is None
        assert [one.milestone.title for one in milestones.waiting_in(second.contract, at=NOON)] == [
            "Final delivery and sign-off"
        ]


def test_a_change_order_leaves_what_milestones_wait_for_as_it_is(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, draft=waiting_draft(parties), at=NOON)
    with acting(scenarios.seller_actor(parties), at=NOON):
        before = list(PlanLine.objects.order_by("position").values_list("condition", flat=True))
    proposed = change_orders.propose(
        contract, change_orders.more_training(contract), by=scenarios.seller_actor(parties), at=NOON
    )
    change_orders.sign(proposed, by=scenarios.buyer_actor(parties), at=NOON + DAY)
    with acting(scenarios.seller_actor(parties), at=NOON):
        version = ContractVersion.objects.get(ref=proposed["version"])
        assert [*version.lines.order_by("position").values_list("condition", flat=True)] == [*before, None]


def test_postgres_takes_no_word_of_strangers_and_no_condition_that_says_nothing(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, draft=waiting_draft(parties), at=NOON)
    version, bea = version_of(contract), parties.people["approver"].user
    said = {"contract": contract, "name": "Bea", "email": bea.email, "confirmed_at": NOON, "statement": "I confirm."}
    with walls.asking_for(contract.buyer_id):
        for wrong in (
            {"event": "Never agreed", "user": bea, "sha256": version.sha256},
            {"event": PERMIT, "user": parties.people["seller"].user, "sha256": version.sha256},
            {"event": PERMIT, "user": bea, "sha256": "0" * 64},
        ):
            with pytest.raises(DatabaseError, match="confirmed by its buyer"), transaction.atomic():
                ConfirmedEvent.objects.create(statement_version="event-1", **{**said, **wrong})
    drafted = scenarios.drafted_contract(parties, draft=replace(waiting_draft(parties), number="NL-2"), at=NOON)
    with acting(scenarios.seller_actor(parties), at=NOON):
        lines = PlanLine.objects.filter(version__contract=drafted, position=1)
        nothing: dict[str, Any] = {"needs": "all", "milestones": [], "on": None, "events": []}
        for empty in ({}, nothing, {"needs": "some"}):
            with pytest.raises(DatabaseError, match="names what it waits for"), transaction.atomic():
                lines.update(condition=empty)


def test_both_sides_read_what_waits_and_the_buyer_confirms_on_its_page(parties: Parties) -> None:
    now = clock.now()
    contract = scenarios.active_contract(parties, draft=waiting_draft(parties), at=now - DAY)
    clients = {}
    for side, person in (("seller", "seller"), ("buyer", "approver")):
        clients[side] = Client()
        clients[side].force_login(parties.people[person].user)
        page = clients[side].get(reverse(f"{side}:contract", args=[contract.ref])).content.decode()
        assert f"the buyer has confirmed “{PERMIT}”" in page, side
        assert ("confirm-event" in page) == (side == "buyer")
        milestone = scenarios.milestone_of(contract, position=2)
        page = clients[side].get(reverse(f"{side}:milestone", args=[milestone.ref])).content.decode()
        assert "what this milestone waits for" in page, side
    address = reverse("buyer:confirm_event", args=[contract.ref])
    assert "“Integration” waits for it" in clients["buyer"].get(address).content.decode()
    empty = clients["buyer"].post(address, {"key": key()})
    assert (empty.status_code, "Choose the event" in empty.content.decode()) == (422, True)
    sent = {"key": key(), "event": PERMIT, "note": "Seen."}
    assert clients["buyer"].post(address, sent)["Location"] == reverse("buyer:contract", args=[contract.ref])
    assert clients["buyer"].post(address, sent).status_code == 302, "a second click"
    again = clients["buyer"].post(address, {**sent, "key": key()})
    assert (again.status_code, "confirmed already" in again.content.decode()) == (422, True)
    for side, client in clients.items():
        page = client.get(reverse(f"{side}:contract", args=[contract.ref])).content.decode()
        assert "confirmed by" in page
        assert f"Event confirmed by the buyer: {PERMIT}" in page, side
    assert "No event of this contract waits" in clients["buyer"].get(address).content.decode()
