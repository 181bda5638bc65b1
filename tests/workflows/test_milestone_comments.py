"""What the two sides write to each other about a milestone, before, between and after its cycles."""

from dataclasses import replace

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from apps.contracts.models import Contract, GuestGrant
from apps.core.errors import NotAllowed, Refused
from apps.milestones.models import Milestone, MilestoneComment, Submission
from apps.milestones.services import CriterionVerdict
from apps.parties.actor import Actor
from apps.workflows import commenting, limits, sign_off, worker
from tests import scenarios
from tests.portals.buyer.browsers import hidden, token_of
from tests.scenarios import Parties, acting, key


@pytest.fixture
def parties(scratch: str) -> Parties:
    return scenarios.organisations()


@pytest.fixture
def contract(parties: Parties) -> Contract:
    return scenarios.active_contract(parties)


def milestone_of(contract: Contract, position: int = 1) -> Milestone:
    with acting(Actor.system(organisation_id=contract.seller_id)):
        return Milestone.objects.select_related("contract").get(contract=contract, position=position)


def write(actor: Actor, milestone: Milestone, text: str, *, once: str = "") -> str:
    with acting(actor):
        told = commenting.comment_milestone(actor=actor, key=once or key(), milestone_ref=milestone.ref, text=text)
    return str(told["comment"])


def sent_back(parties: Parties, submission: Submission) -> Actor:
    """The guest whose link asked for changes, and is used."""
    grant = scenarios.link_to_sign_off(submission)
    guest = scenarios.guest_actor(grant)
    with acting(guest):
        sign_off.request_changes(
            actor=guest,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[
                CriterionVerdict(one.pk, is_passed=False, reason="Not yet.")
                for one in submission.milestone.line.criteria.all()
            ],
        )
    return guest


def test_both_sides_write_before_anything_is_submitted_and_a_guest_between_two_cycles(
    parties: Parties, contract: Contract
) -> None:
    milestone = milestone_of(contract)
    sina = scenarios.seller_actor(parties)
    worker.run_due_jobs()
    mail.outbox.clear()
    once = key()
    first = write(sina, milestone, "We begin on Monday.", once=once)
    assert write(sina, milestone, "We begin on Monday.", once=once) == first
    write(scenarios.approver_actor(parties), milestone, "Ring at gate 2.")
    guest = sent_back(parties, scenarios.submitted_milestone(contract))
    write(guest, milestone, "The log was empty.")
    write(sina, milestone, "It is there now.")
    worker.run_due_jobs()
    with acting(sina):
        rows = MilestoneComment.objects.visible_to(sina).filter(milestone=milestone).order_by("pk")
        assert [(one.side, one.name, one.text) for one in rows] == [
            ("seller", "Sina Nord", "We begin on Monday."),
            ("buyer", "Bea Berg", "Ring at gate 2."),
            ("buyer", "Bea Berg", "The log was empty."),
            ("seller", "Sina Nord", "It is there now."),
        ]
    letters = [one for one in mail.outbox if one.subject.startswith(f"Comment on {milestone.title}")]
    bea, sinas = parties.people["approver"].user.email, parties.people["seller"].user.email
    assert [sinas in one.to for one in letters] == [False, True, True, False]
    assert bea in letters[0].to
    assert "/buyer/milestones/" in letters[0].body
    assert "/seller/milestones/" in letters[1].body
    # A financier reads none of it.
    with acting(scenarios.analyst(parties)) as ana:
        assert not MilestoneComment.objects.exists()
        assert not MilestoneComment.objects.visible_to(ana).exists()


def test_who_may_not_write_and_what_is_no_comment(
    parties: Parties, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    milestone = milestone_of(contract)
    for role in ("billing", "payables"):
        with pytest.raises(NotAllowed):
            write(scenarios.member(parties, role), milestone, "Me too.")
    for text in (" \n", "x" * 4001):
        with pytest.raises(Refused):
            write(scenarios.seller_actor(parties), milestone, text)
    # A link is to one milestone, and to sign off.
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(scenarios.submitted_milestone(contract, position=2)))
    with pytest.raises(NotAllowed, match="something else"):
        write(guest, milestone, "By the other link.")
    monkeypatch.setattr(limits, "COMMENTS", replace(limits.COMMENTS, most=1))
    write(scenarios.seller_actor(parties), milestone, "One.")
    with pytest.raises(Refused, match="Try again"):
        write(scenarios.seller_actor(parties), milestone_of(contract, 2), "And another.")


def test_the_database_keeps_what_was_written_and_by_whom(parties: Parties, contract: Contract) -> None:
    milestone = milestone_of(contract)
    write(scenarios.seller_actor(parties), milestone, "Between us.")
    with acting(scenarios.seller_actor(parties)):
        for sql in ("UPDATE milestones_milestonecomment SET text = 'x'", "DELETE FROM milestones_milestonecomment"):
            with pytest.raises(Exception, match=r"append-only|permission denied"), transaction.atomic():
                connection.cursor().execute(sql)
        grant = GuestGrant.objects.filter(contract=contract, purpose="sign_contract").first()
        assert grant is not None
        wrong: dict[str, dict[str, object]] = {
            "on what was agreed": {"organisation_id": contract.buyer_id},
            "by a person of the side": {"user_id": parties.people["approver"].user.pk},
            "only on its milestone": {"user_id": None, "grant_id": grant.pk},
        }
        for words, change in wrong.items():
            row = MilestoneComment.objects.get()
            row.pk, row.ref = None, words[:16]
            for name, value in change.items():
                setattr(row, name, value)
            with pytest.raises(IntegrityError, match=words), transaction.atomic():
                row.save(force_insert=True)


def test_the_pages_of_both_sides_and_of_the_used_link_show_and_take_words(parties: Parties, contract: Contract) -> None:
    milestone = milestone_of(contract)
    submission = scenarios.submitted_milestone(contract)
    token = token_of(scenarios.link_to_sign_off(submission))
    sent_back(parties, submission)
    seller, buyer, guest = Client(), Client(), Client()
    seller.force_login(parties.people["seller"].user)
    buyer.force_login(parties.people["approver"].user)
    for client, read, there, text in (
        (seller, reverse("seller:milestone", args=[milestone.ref]), "seller:comment_milestone", "In <b>June</b>."),
        (buyer, reverse("buyer:milestone", args=[milestone.ref]), "buyer:comment_milestone", "In May."),
        (guest, reverse("link:open", args=[token]), "link:comment_milestone", "In April."),
    ):
        page = reverse(there, args=[token if client is guest else milestone.ref])
        assert page in client.get(read).content.decode()
        form = client.get(page)
        assert client.post(page, hidden(form) | {"text": ""}).status_code == 422
        assert client.post(page, hidden(form) | {"text": text})["Location"] == f"{read}#conversation"
    for client, read in (
        (seller, reverse("seller:milestone", args=[milestone.ref])),
        (guest, reverse("link:open", args=[token])),
    ):
        page = client.get(read).content.decode()
        assert all(words in page for words in ("In &lt;b&gt;June&lt;/b&gt;.", "In May.", "In April."))
