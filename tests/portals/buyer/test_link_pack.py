"""Everything that proves a milestone, asked for and downloaded behind the personal link that decided it."""

from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.errors import NotAllowed
from apps.workflows import proofs, team, worker
from apps.workflows.models import EvidencePack
from tests import scenarios
from tests.packed import says_of
from tests.portals.buyer.browsers import Guest, hidden
from tests.scenarios import Parties, acting, key


def test_a_guest_has_the_pack_of_what_the_link_decided_and_nobody_else_s(active: Contract, tmp_path: Path) -> None:
    submission = scenarios.submitted_milestone(active)
    guest = Guest(scenarios.link_to_sign_off(submission))
    guest.post("accept/", hidden(guest.get("accept/")))
    other = Guest(scenarios.link_to_sign_off(scenarios.submitted_milestone(active, position=2)))
    assert f"{guest.address}pack/" in guest.get().content.decode()
    asked = {"key": str(guest.get("pack/").context["action"]["key"].value())}
    for _twice in range(2):
        assert guest.post("pack/", asked)["Location"] == f"{guest.address}pack/"
    assert guest.status("pack.zip") == 404
    worker.run_due_jobs()
    assert f"{guest.address}pack.zip" in guest.get("pack/").content.decode()
    answer = guest.get("pack.zip")
    assert answer["Referrer-Policy"] == "strict-origin"
    (tmp_path / "pack.zip").write_bytes(b"".join(answer))
    code, said = says_of(tmp_path / "pack.zip")
    assert (code, "“Prototype” was accepted at" in said) == (0, True), said
    with walls.asking_for(active.buyer_id):
        pack = EvidencePack.objects.get()
        assert (pack.grant_id, pack.milestone_id) == (guest.grant.pk, submission.milestone_id)
    assert other.status("pack.zip") == 404
    assert "pack" not in other.get("pack/").context
    forged = {"grant_id": other.grant.pk, "organisation_id": active.buyer_id, "milestone_id": submission.milestone_id}
    with (
        pytest.raises(IntegrityError, match="a link packs only what it shows"),
        walls.asking_for(active.buyer_id),
        transaction.atomic(),
    ):
        EvidencePack.objects.create(contract=active, requested_at=pack.requested_at, **forged)


def test_a_link_packs_nothing_else_and_nothing_for_who_left_the_team(active: Contract, parties: Parties) -> None:
    submission = scenarios.submitted_milestone(active)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))

    def ask(milestone_ref: str) -> None:
        with acting(guest):
            proofs.request_pack(actor=guest, key=key(), contract_ref=active.ref, milestone_ref=milestone_ref)

    for ref in ("", scenarios.milestone_of(active, position=2).ref):
        with pytest.raises(NotAllowed, match="for something else"):
            ask(ref)
    with acting(scenarios.buyer_actor(parties)) as olga:
        team.end_membership(actor=olga, key=key(), membership_ref=parties.people["approver"].ref)
    with pytest.raises(NotAllowed, match="people of its own here"):
        ask(submission.milestone.ref)
