"""A personal link from its first opening to its end: what it says when it is dead, and how to get another."""

import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.contracts.models import Contract, GuestGrant
from apps.core.database import walls
from apps.milestones.services import CriterionVerdict
from apps.workflows import contracting, sign_off
from config.logs import WithoutTokens
from tests import scenarios
from tests.portals.buyer.browsers import Guest, hidden
from tests.scenarios import Parties, key

LONG_AGO = datetime.now(UTC) - timedelta(days=40)
PATHS = (
    "",
    "sign/",
    "contract-changes/",
    "accept/",
    "changes/",
    "evidence/k7f2m9q4x8h3n6pz/",
    "invoice.pdf",
    "invoice.xml",
    "peppol.xml",
    "xrechnung.xml",
    "document/",
    "portal/",
)


def mails() -> list[str]:
    """The links that were mailed, by reference, oldest first."""
    jobs = ProcrastinateJob.objects.filter(queue_name="mail").order_by("pk")
    return [job.args["grant_ref"] for job in jobs if "grant_ref" in job.args]


def grants_of(contract: Contract) -> list[GuestGrant]:
    with walls.asking_for(contract.buyer_id):
        return list(GuestGrant.objects.filter(contract=contract).order_by("pk"))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", ["x" * 43, "x", "é" * 43, "x" * 400])
def test_an_unknown_link_is_told_so(db: None, token: str, path: str) -> None:
    answer = Client().get(f"/s/{token}/{path}")
    assert answer.status_code == 404
    assert "This link is not known" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_what_a_link_shows_stays_between_it_and_its_reader(active: Contract) -> None:
    guest = Guest(scenarios.link_to_sign_off(scenarios.submitted_milestone(active)))
    for path in ("", "accept/", "changes/"):
        answer = guest.get(path)
        assert answer["Referrer-Policy"] == "strict-origin"
        assert "noindex" in answer["X-Robots-Tag"]
        assert "no-store" in answer["Cache-Control"]
        # What the seller linked as evidence is the only way out, and is not told where its reader came from.
        ways_out = re.findall(r'<a [^>]*href="http[^>]*>', answer.content.decode())
        assert [way for way in ways_out if "noreferrer" not in way] == []


def test_only_a_browser_that_showed_the_page_proves_that_it_was_opened(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    guest = Guest(scenarios.link_to_sign(contract))
    assert f'hx-post="{guest.address}viewed/"' in guest.get().content.decode()
    assert guest.get("viewed/").status_code == 405
    assert scenarios.link_to_sign(contract).first_viewed_at is None
    assert guest.post("viewed/").status_code == 204
    first = scenarios.link_to_sign(contract).first_viewed_at
    assert first is not None
    guest.post("viewed/")
    assert scenarios.link_to_sign(contract).first_viewed_at == first


def test_an_expired_link_is_renewed_to_its_own_mailbox(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties, at=LONG_AGO)
    guest = Guest(scenarios.link_to_sign(contract))
    form = hidden(guest.get())
    answer = guest.post("renew/", form)
    assert (answer.status_code, answer["Location"]) == (302, guest.address)
    assert "a new link is on its way" in guest.get().content.decode()
    old, new = grants_of(contract)
    assert old.revoked_at is not None
    assert (new.email, new.subject_ref, new.replaces_id) == (old.email, old.subject_ref, old.pk)
    assert mails()[-1] == new.ref
    assert Guest(new).get("sign/").status_code == 200


def test_asking_twice_makes_one_new_link(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties, at=LONG_AGO)
    guest = Guest(scenarios.link_to_sign(contract))
    form = hidden(guest.get())
    for _ in range(2):
        assert guest.post("renew/", form).status_code == 302
    assert guest.post("renew/", {"key": key()}).status_code == 302
    assert len(grants_of(contract)) == 2


def test_the_answer_to_a_renewal_is_always_the_same(parties: Parties) -> None:
    expired = Guest(scenarios.link_to_sign(scenarios.proposed_contract(parties, at=LONG_AGO)))
    draft = scenarios.software_draft(parties, number="NL-2")
    contract = scenarios.proposed_contract(parties, draft=draft)
    used = Guest(scenarios.link_to_sign(contract))
    used.post("sign/", hidden(used.get("sign/")))
    live = Guest(scenarios.link_to_sign_off(scenarios.submitted_milestone(contract)))
    said = set()
    for guest in (expired, used, live):
        answer = guest.post("renew/", {"key": key()})
        assert answer.status_code == 302
        said.add([str(message) for message in guest.get().context["messages"]][-1])
    assert len(said) == 1


def test_a_link_that_was_replaced_sends_the_living_one_again_but_not_often(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties, at=LONG_AGO)
    guest = Guest(scenarios.link_to_sign(contract))
    guest.post("renew/", {"key": key()})
    _old, new = grants_of(contract)
    before = mails().count(new.ref)
    for _ in range(3):
        guest.post("renew/", {"key": key()})
    assert mails().count(new.ref) == before + 1
    assert len(grants_of(contract)) == 2


def test_what_is_sent_again_is_for_the_same_milestone_and_not_for_another_of_the_mailbox(active: Contract) -> None:
    first = Guest(scenarios.link_to_sign_off(one := scenarios.submitted_milestone(active)))
    other = Guest(scenarios.link_to_sign_off(two := scenarios.submitted_milestone(active, position=2)))
    with scenarios.acting(scenarios.owner_of(active.seller_id)) as seller:
        contracting.renew_link(actor=seller, key=key(), grant_ref=first.grant.ref)
    again = scenarios.link_to_sign_off(one)
    before = mails()
    first.post("renew/", {"key": key()})
    assert mails()[len(before) :] == [again.ref], "though the link to the other milestone is newer than the dead one"
    with scenarios.acting(scenarios.guest_actor(again)) as guest:
        sign_off.accept_milestone(actor=guest, key=key(), submission_ref=one.ref, seen=one.sha256)
    before = mails()
    first.post("renew/", {"key": key()})
    Guest(again).post("renew/", {"key": key()})
    assert mails() == before, "nothing of what it was for waits any more"
    with scenarios.acting(scenarios.guest_actor(other.grant)) as guest:
        criteria = two.milestone.line.criteria.values_list("pk", flat=True)
        missing = [CriterionVerdict(pk, is_passed=False, reason="Rows are missing.") for pk in criteria]
        sign_off.request_changes(actor=guest, key=key(), submission_ref=two.ref, seen=two.sha256, verdicts=missing)
    cycle = scenarios.link_to_sign_off(scenarios.submitted_milestone(active, position=2))
    before = mails()
    other.post("renew/", {"key": key()})
    assert mails()[len(before) :] == [cycle.ref], "the next cycle of the milestone is what waits of it"


def test_a_renewal_without_the_form_s_key_does_nothing(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties, at=LONG_AGO)
    guest = Guest(scenarios.link_to_sign(contract))
    assert guest.post("renew/").status_code == 302
    assert len(grants_of(contract)) == 1


def test_a_used_link_shows_its_result_until_it_expires(active: Contract) -> None:
    submission = scenarios.submitted_milestone(active, at=LONG_AGO + timedelta(days=9, hours=23))
    guest = Guest(scenarios.link_to_sign_off(submission))
    with walls.asking_for(active.buyer_id):
        milestone = submission.milestone
    guest_actor = scenarios.guest_actor(guest.grant)
    with scenarios.acting(guest_actor, at=LONG_AGO + timedelta(days=20)):
        sign_off.accept_milestone(actor=guest_actor, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    page = guest.get().content.decode()
    assert "This link has been used" in page
    assert milestone.title in page
    assert "Accepted" in page
    assert "12,000.00" not in page
    assert guest.get("invoice.pdf").status_code == 404


def test_opening_takes_no_post_where_something_is_decided_on_a_page_of_its_own(parties: Parties) -> None:
    guest = Guest(scenarios.link_to_sign(scenarios.proposed_contract(parties)))
    assert guest.post("").status_code == 405


def test_the_log_names_addresses_without_their_tokens() -> None:
    token = "x" * 43
    record = logging.LogRecord(
        "django.request", logging.WARNING, "", 0, "Not Found: %s", (f"/s/{token}/accept/",), None
    )
    assert WithoutTokens().filter(record)
    assert record.getMessage() == "Not Found: /s/…/accept/"
