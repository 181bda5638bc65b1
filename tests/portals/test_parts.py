"""What the buyer left of a milestone when accepting a part stands on the rest, for both sides, until it is decided."""

import dataclasses
import html
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from apps.contracts import wording
from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.milestones import services as milestones
from apps.milestones.models import Milestone, Nullification, Submission
from apps.milestones.services import CriterionVerdict, Defect, Part, silence
from apps.workflows import disputing, reserving, sign_off, worker
from tests import corrections, disputes, scenarios
from tests.portals.buyer.browsers import Guest, hidden
from tests.scenarios import Parties, acting, key

REASON, LEFT = "Page three of the prototype is missing.", "Offline on iOS is left."


def accepted_in_part(contract: Contract, *, comment: str = LEFT, amount: str = "4000.00") -> Milestone:
    """The first criterion is crossed; the rest."""
    submission = scenarios.submitted_milestone(contract)
    return part_of(submission, comment=comment, amount=amount)


def part_of(submission: Submission, *, comment: str, amount: str) -> Milestone:
    actor = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with acting(actor):
        first, second = submission.milestone.line.criteria.all()
        sign_off.accept_part(
            actor=actor,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            part=Part(amount=Decimal(amount)),
            verdicts=[
                CriterionVerdict(first.pk, is_passed=False, reason=REASON),
                CriterionVerdict(second.pk, is_passed=True),
            ],
            comment=comment,
        )
    return scenarios.milestone_of(submission.contract, part=2)


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


@pytest.fixture
def contract(parties: Parties) -> Contract:
    return scenarios.active_contract(parties)


def browser(parties: Parties, role: str) -> Client:
    client = Client()
    client.force_login(parties.people[role].user)
    return client


def page_of(client: Client, name: str, ref: str) -> str:
    answer = client.get(reverse(name, args=[ref]))
    assert answer.status_code == 200
    return said(answer.content.decode())


def said(page: str) -> str:
    """The words between the tags, with ordinary spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_seller_reads_what_is_left_where_the_rest_is_and_where_it_is_prepared(
    parties: Parties, contract: Contract
) -> None:
    rest, sina = accepted_in_part(contract), browser(parties, "seller")
    shown = page_of(sina, "seller:milestone", rest.ref)
    assert "What is left of Prototype" in shown
    assert "accepted 4,000.00 EUR of it" in shown
    assert LEFT in shown
    assert REASON in shown
    assert "accepted a part of this" in page_of(sina, "seller:milestone", scenarios.milestone_of(contract).ref)

    desk = sina.get(reverse("seller:prepare_submission", args=[rest.ref]))
    words = said(desk.content.decode())
    assert LEFT in words
    assert words.count(REASON) == 1
    form = desk.context["form"]
    assert [form[f"met_{at}"].value() for at in (1, 2)] == [False, True]
    assert form["note_2"].value() == "Shown in the workshop."
    assert form["note"].value() == "Everything is installed on your test system."
    assert "protocol-" in words


def test_once_the_rest_is_sent_back_its_own_crosses_count(parties: Parties, contract: Contract) -> None:
    sent = scenarios.submitted_rest(accepted_in_part(contract))
    actor = scenarios.guest_actor(scenarios.link_to_sign_off(sent))
    with acting(actor):
        first, second = sent.milestone.line.criteria.all()
        sign_off.request_changes(
            actor=actor,
            key=key(),
            submission_ref=sent.ref,
            seen=sent.sha256,
            verdicts=[
                CriterionVerdict(first.pk, is_passed=True),
                CriterionVerdict(second.pk, is_passed=False, reason="The log is empty."),
            ],
            comment="",
        )
    sina = browser(parties, "seller")
    for name in ("seller:milestone", "seller:prepare_submission"):
        shown = page_of(sina, name, sent.milestone.ref)
        assert "The log is empty." in shown
        assert REASON not in shown
        assert "What is left of" not in shown


def test_the_buyer_who_reviews_the_rest_sees_it_against_the_part_before(parties: Parties, contract: Contract) -> None:
    rest, bea = accepted_in_part(contract), browser(parties, "approver")
    assert REASON in page_of(bea, "buyer:milestone", rest.ref)
    worker.run_due_jobs()
    mail.outbox.clear()
    sent = scenarios.submitted_rest(rest)
    worker.run_due_jobs()
    (message,) = [one for one in mail.outbox if "Sign off" in one.subject]
    guest = Guest(scenarios.link_to_sign_off(sent))
    link = said(guest.get().content.decode())
    for words in (link, page_of(bea, "buyer:milestone", rest.ref)):
        assert f"Crossed last time: {REASON}" in words
        assert words.count(REASON) == 1
        assert LEFT in words
        assert "What changed since Prototype was submitted" in words
        # The file came along from the part before, and the words are others.
        assert "Before: Everything is installed on your test system." in words
        assert "Before: File protocol" not in words
        assert "Now: File protocol" not in words
    ((content, _kind),) = message.alternatives  # type: ignore[attr-defined]
    for twin in (said(str(message.body)), said(str(content))):
        assert "This is the rest of Prototype" in twin
        assert "4,000.00" in twin
        assert LEFT in twin
        assert REASON in twin


def test_of_the_rest_of_a_dispute_it_says_why_it_is_disputed(parties: Parties, contract: Contract) -> None:
    sent = disputes.told(parties, scenarios.submitted_milestone(contract), at=clock.now())
    bea = scenarios.approver_actor(parties)
    dispute = disputes.on_submission(sent, actor=bea, at=clock.now(), amount="2000", reason="It loses rows.")
    rest = part_of(sent, comment="", amount="10000")
    why = "It is in dispute, because: It loses rows."
    for role, side in (("seller", "seller"), ("approver", "buyer")):
        assert why in page_of(browser(parties, role), f"{side}:milestone", rest.ref)
    assert why in page_of(browser(parties, "seller"), "seller:prepare_submission", rest.ref)
    with acting(bea):
        disputing.withdraw_dispute(actor=bea, key=key(), dispute_ref=dispute.ref)
    assert "It loses rows." not in page_of(browser(parties, "seller"), "seller:prepare_submission", rest.ref)


def test_more_than_is_not_in_dispute_is_refused_before_anything_is_to_be_signed(
    parties: Parties, contract: Contract
) -> None:
    sent = disputes.told(parties, scenarios.submitted_milestone(contract), at=clock.now())
    disputes.on_submission(sent, actor=scenarios.approver_actor(parties), at=clock.now(), amount="2000")
    buyer, address = browser(parties, "approver"), reverse("buyer:accept_part", args=[sent.ref])
    typed = {**hidden(buyer.get(address)), "verdict_1": "met", "verdict_2": "met", "comment": LEFT}
    refused = buyer.post(address, typed | {"amount": "10000.01"})
    (why,) = refused.context["form"].errors["amount"]
    assert "at most 10,000.00 EUR" in why.replace("\xa0", " ")
    assert refused.context["statement"] is None, "no invoice is promised"
    assert buyer.post(address, typed | {"amount": "10000.00"}).context["statement"] is not None


def test_what_goes_on_after_a_withdrawn_acceptance_says_why(parties: Parties, contract: Contract) -> None:
    accepted = scenarios.accepted_milestone(contract)
    corrections.granted(parties, corrections.asked(parties, accepted.ref))
    rest = scenarios.milestone_of(contract, part=2)
    with walls.asking_for(contract.seller_id):
        reason = Nullification.objects.get().reason
    shown = page_of(browser(parties, "seller"), "seller:prepare_submission", rest.ref)
    assert f"because: {reason}" in shown
    mail.outbox.clear()
    scenarios.submitted_rest(rest)
    worker.run_due_jobs()
    (message,) = [one for one in mail.outbox if "Sign off" in one.subject]
    assert f"both sides withdrew that. Reason: {reason}" in " ".join(str(message.body).split())


def test_a_cross_that_no_criterion_of_the_rest_says_stands_by_itself(parties: Parties, contract: Contract) -> None:
    rest = accepted_in_part(contract)
    with walls.asking_for(contract.seller_id):
        before = milestones.part_before(rest)
        assert before is not None
        assert not before.crossed_elsewhere
        of_another = milestones.part_before(rest)
        assert of_another is not None
        lost = dataclasses.replace(of_another, heirs={})
    assert [one.reason for one in lost.crossed_elsewhere] == [REASON]
    assert lost.verdicts == {}


def test_a_milestone_of_which_a_part_is_accepted_is_called_so_and_counted_once(
    parties: Parties, contract: Contract
) -> None:
    rest = accepted_in_part(contract)
    sina, bea = browser(parties, "seller"), browser(parties, "approver")
    first = scenarios.milestone_of(contract)
    words = page_of(sina, "seller:contract", contract.ref)
    assert "0 of 3 milestones accepted , 1 in part" in words.replace("accepted,", "accepted ,")
    assert "0 of 3 milestones accepted" in said(sina.get(reverse("seller:contracts")).content.decode())
    for client, side in ((sina, "seller"), (bea, "buyer")):
        plan = page_of(client, f"{side}:contract", contract.ref)
        assert "Accepted in part" in plan
        assert plan.count("of 12,000.00 EUR") == 2
        shown = page_of(client, f"{side}:milestone", first.ref)
        assert "Prototype Accepted in part" in shown
        assert "8,000.00 EUR of it are not accepted yet and go on as Prototype (2)" in shown

    sent = scenarios.submitted_rest(rest)
    actor = scenarios.guest_actor(scenarios.link_to_sign_off(sent))
    with acting(actor):
        sign_off.accept_milestone(actor=actor, key=key(), submission_ref=sent.ref, seen=sent.sha256)
    words = page_of(sina, "seller:contract", contract.ref)
    assert "1 of 3 milestones accepted" in words
    assert "in part" not in words.split("1 of 3 milestones accepted", 1)[1].split("Line", 1)[0]
    for one in (first, rest):
        shown = page_of(sina, "seller:milestone", one.ref)
        assert "Accepted in part" not in shown
        assert "go on as" not in shown


def test_whoever_accepts_a_part_by_link_reads_of_how_much_and_what_comes(contract: Contract) -> None:
    submission = scenarios.submitted_milestone(contract)
    guest = Guest(scenarios.link_to_sign_off(submission))
    rest = part_of(submission, comment=LEFT, amount="4000.00")
    done = said(guest.get().content.decode())
    assert "A part of Prototype is signed off" in done
    assert "4,000.00 EUR of 12,000.00 EUR" in done
    assert "8,000.00 EUR of it are not accepted yet and go on as Prototype (2)" in done
    assert "the seller finishes the rest and submits it again. You get a new link by mail." in done
    scenarios.submitted_rest(rest)
    done = said(guest.get().content.decode())
    assert "Prototype (2) Waiting for sign-off" in done
    assert "the seller finishes the rest" not in done


def test_both_sides_count_the_same_as_waiting_for_sign_off(parties: Parties, contract: Contract) -> None:
    sent = disputes.told(parties, scenarios.submitted_milestone(contract), at=clock.now())
    scenarios.submitted_milestone(contract, position=2)
    disputes.on_submission(sent, actor=scenarios.approver_actor(parties), at=clock.now(), amount="2000")
    for role, side, label in (("seller", "seller", "Waiting for sign-off"), ("approver", "buyer", "To sign off")):
        tiles = browser(parties, role).get(reverse(f"{side}:home")).context["tiles"]
        (tile,) = [one for one in tiles if one.label == label]
        assert tile.amount == Decimal("22000.00"), side


@pytest.mark.parametrize(
    ("stands", "why"),
    [
        ({"disputed": {"amount": "1", "by": "buyer"}}, "dispute"),
        ({"came_back_at": True}, "came_back"),
        ({"found": {"by": "I", "email": "", "user_id": None, "is_passed": False}}, "defect"),
        ({"has_upheld_dispute": True}, "defect"),
        ({"has_listed_defects": True}, "defect"),
        ({"is_above_open": True}, "above"),
        ({"is_above_late": True}, "above"),
        ({}, ""),
    ],
)
def test_silence_says_which_one_reason_is_in_its_way(contract: Contract, stands: dict[str, Any], why: str) -> None:
    submission = scenarios.submitted_milestone(contract)
    with walls.asking_for(contract.seller_id):
        found = Submission.objects.select_related("milestone__line__version").get(pk=submission.pk)
    nothing = ("has_upheld_dispute", "has_listed_defects", "is_above_open", "is_above_late")
    vars(found).update({"disputed": None, "found": None, **dict.fromkeys(nothing, False), **stands})
    found.milestone.line.silence = "accepted"
    ahead = silence.silence_ahead(found)
    assert (ahead.does, ahead.barred_by) == ("escalates" if why else "accepted", why or None)
    if why:
        assert wording.nothing_by_silence(why).count("Silence") == 1
    found.milestone.line.silence = "escalates"
    assert silence.silence_ahead(found).barred_by is None


def test_a_defect_for_which_nothing_is_withheld_has_no_amount(parties: Parties, contract: Contract) -> None:
    submission = scenarios.submitted_milestone(contract)
    actor = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    defects = [Defect("Door 4", date(2036, 1, 31), Decimal(0)), Defect("Paint", date(2036, 1, 31), Decimal(500))]
    with acting(actor):
        reserving.accept_with_reservations(
            actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256, defects=defects
        )
    home = browser(parties, "seller").get(reverse("seller:home"))
    asked = {one.what: one.amount for one in home.context["needs"] if one.what.startswith("Mend")}
    assert asked == {"Mend: Door 4": None, "Mend: Paint": Decimal("500.00")}
