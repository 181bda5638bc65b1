"""Between a proposal and a signature: comments, versions of either side, a last day; and who may do none of it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.contracts import services as contracts
from apps.contracts.charges import ChargeTerms
from apps.contracts.drafts import ChangeDraft, ChangedTerms, ContractDraft
from apps.contracts.late_payment import LateTerms
from apps.contracts.models import ChangeOrder, Comment, Contract, ContractVersion, GuestGrant, Signature
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.parties import services as parties_services
from apps.parties.actor import Actor
from apps.parties.roles import Role
from apps.parties.services.members import join
from apps.workflows import contracting, limits, negotiating, upkeep, worker
from tests import change_orders, scenarios
from tests.races import together
from tests.scenarios import Parties, acting, key

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LAST_DAY = date(2026, 3, 9)
IN_TIME = datetime(2026, 3, 9, 22, 59, 59, tzinfo=UTC)  # the last second of the day in Berlin
TOO_LATE = datetime(2026, 3, 9, 23, 0, 0, tzinfo=UTC)


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


@pytest.fixture
def proposed(parties: Parties) -> Contract:
    return scenarios.proposed_contract(parties)


@pytest.fixture
def limited(parties: Parties) -> Contract:
    """Proposed on 2 March, to be signed until 9 March."""
    return scenarios.proposed_contract(
        parties, draft=scenarios.software_draft(parties, answer_until=LAST_DAY), at=START
    )


def version_of(contract: Contract, number: int = 1) -> ContractVersion:
    with acting(Actor.system(organisation_id=contract.seller_id)):
        return ContractVersion.objects.get(contract=contract, number=number, proposed_at__isnull=False)


def answered(contract: Contract, actor: Actor, *, of: int = 1) -> ContractVersion:
    """A draft of the answering side."""
    version = version_of(contract, of)
    with acting(actor):
        ref = negotiating.answer_proposal(actor=actor, key=key(), version_ref=version.ref)["version"]
        return ContractVersion.objects.get(ref=ref)


def countered(contract: Contract, actor: Actor, *, side: str = "buyer", of: int = 1, **changes: Any) -> ContractVersion:
    """A version of the answering side, proposed."""
    answered(contract, actor, of=of)
    with acting(actor):
        contract = Contract.objects.get(pk=contract.pk)
        draft = contracts.draft_of(contract, side=side)
        contracting.change_draft(actor=actor, key=key(), contract_ref=contract.ref, draft=_with(draft, **changes))
        _text, seen = contracts.preview(contract, side=side)
        ref = contracting.propose_contract(actor=actor, key=key(), contract_ref=contract.ref, seen=seen)["version"]
        return ContractVersion.objects.get(ref=ref)


def _with(draft: ContractDraft, **changes: Any) -> ContractDraft:
    from dataclasses import replace

    return replace(draft, **changes)


def sign(actor: Actor, version: ContractVersion, **at: Any) -> None:
    with acting(actor, **at):
        contracting.sign_contract(actor=actor, key=key(), version_ref=version.ref, seen=version.sha256)


def state_of(contract: Contract) -> str:
    with acting(Actor.system(organisation_id=contract.seller_id)):
        return Contract.objects.get(pk=contract.pk).state


# --- comments ------------------------------------------------------------------------------------------------------


def test_both_sides_and_a_guest_write_and_the_other_side_is_mailed(parties: Parties, proposed: Contract) -> None:
    version = version_of(proposed)
    guest = scenarios.guest_actor(scenarios.link_to_sign(proposed))
    worker.run_due_jobs()
    mail.outbox.clear()
    for actor, text in (
        (scenarios.seller_actor(parties), "Tell us if June is late."),
        (guest, "May would be better."),
        (scenarios.buyer_actor(parties), "So says our yard."),
    ):
        with acting(actor):
            negotiating.comment_contract(actor=actor, key=key(), version_ref=version.ref, text=text)
    worker.run_due_jobs()
    with acting(scenarios.seller_actor(parties)) as sina:
        said = [(c.side, c.name, c.text) for c in Comment.objects.visible_to(sina).order_by("pk")]
    assert said == [
        ("seller", "Sina Nord", "Tell us if June is late."),
        ("buyer", "Bea Berg", "May would be better."),
        ("buyer", "Olga Ost", "So says our yard."),
    ]
    sent = [(list(letter.to), letter.subject) for letter in mail.outbox]
    bea, sina_box = parties.people["approver"].user.email, parties.people["seller"].user.email
    title = "Warehouse software implementation"
    assert sent == [
        ([bea], f"Comment on {title}, by Nordlicht Software GmbH"),
        ([sina_box], f"Comment on {title}, by Meridian Logistik AG"),
        ([sina_box], f"Comment on {title}, by Meridian Logistik AG"),
    ]
    assert "/s/" in mail.outbox[0].body
    assert "/seller/contracts/" in mail.outbox[1].body


def test_a_comment_sent_twice_is_one(parties: Parties, proposed: Contract) -> None:
    version, once = version_of(proposed), key()
    with acting(scenarios.seller_actor(parties)) as sina:
        for _ in range(2):
            negotiating.comment_contract(actor=sina, key=once, version_ref=version.ref, text="Hello.")
        assert Comment.objects.count() == 1


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 4001])
def test_a_comment_says_something_and_not_too_much(parties: Parties, proposed: Contract, text: str) -> None:
    version = version_of(proposed)
    with acting(scenarios.seller_actor(parties)) as sina, pytest.raises(Refused, match="comment"):
        negotiating.comment_contract(actor=sina, key=key(), version_ref=version.ref, text=text)


def test_one_side_alone_cannot_flood_the_other_with_mails(
    parties: Parties, proposed: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "COMMENTS", replace(limits.COMMENTS, most=2))
    version = version_of(proposed)

    def write(actor: Actor) -> None:
        with acting(actor, at=START):
            negotiating.comment_contract(actor=actor, key=key(), version_ref=version.ref, text="And?")

    for _ in range(2):
        write(scenarios.seller_actor(parties))
    with pytest.raises(Refused, match="Try again in 60 minutes"):
        write(scenarios.seller_actor(parties))
    write(scenarios.buyer_actor(parties))
    with acting(scenarios.seller_actor(parties)):
        assert Comment.objects.count() == 3


def test_nobody_comments_on_what_is_signed(parties: Parties, proposed: Contract) -> None:
    version = version_of(proposed)
    sign(scenarios.approver_actor(parties), version)
    with acting(scenarios.seller_actor(parties)) as sina, pytest.raises(Refused, match="nothing to negotiate"):
        negotiating.comment_contract(actor=sina, key=key(), version_ref=version.ref, text="Too late.")


def test_who_may_neither_write_nor_sign_comments_nothing(parties: Parties, proposed: Contract) -> None:
    version = version_of(proposed)
    for role in ("delivery", "payables"):
        actor = scenarios.member(parties, role)
        with acting(actor), pytest.raises(NotAllowed):
            negotiating.comment_contract(actor=actor, key=key(), version_ref=version.ref, text="Me too.")


def test_a_link_that_was_used_comments_no_more(parties: Parties, proposed: Contract) -> None:
    version = version_of(proposed)
    guest = scenarios.guest_actor(scenarios.link_to_sign(proposed))
    with acting(guest):
        contracting.request_contract_changes(actor=guest, key=key(), version_ref=version.ref, reason="Cheaper.")
    with acting(guest), pytest.raises(NotAllowed, match="has been used"):
        negotiating.comment_contract(actor=guest, key=key(), version_ref=version.ref, text="And faster.")


def test_the_database_keeps_comments_and_shows_them_to_no_financier(parties: Parties, proposed: Contract) -> None:
    version = version_of(proposed)
    with acting(scenarios.seller_actor(parties)) as sina:
        negotiating.comment_contract(actor=sina, key=key(), version_ref=version.ref, text="Between us.")
    sign(scenarios.approver_actor(parties), version)
    with acting(scenarios.seller_actor(parties)) as sina:
        proposed.refresh_from_db()
        with transaction.atomic():
            walls.widen(parties.financier.pk)
            contracts.admit_financier(
                contract=proposed, financier_id=parties.financier.pk, actor=sina, at=proposed.created_at
            )
        for sql in ("UPDATE contracts_comment SET text = 'x'", "DELETE FROM contracts_comment"):
            with pytest.raises(Exception, match=r"append-only|permission denied"), transaction.atomic():
                connection.cursor().execute(sql)
    with acting(scenarios.analyst(parties)) as ana:
        assert Contract.objects.filter(pk=proposed.pk).exists()
        assert not Comment.objects.exists()
        assert not Comment.objects.visible_to(ana).exists()


# --- a version of the buyer's own ------------------------------------------------------------------------------------


def test_the_buyer_answers_with_a_version_and_the_seller_signs_it(parties: Parties, proposed: Contract) -> None:
    olga = scenarios.buyer_actor(parties)
    version = countered(proposed, olga, price=Decimal("38000.00"))
    assert (version.number, version.author, version.price) == (2, "buyer", Decimal("38000.00"))
    worker.run_due_jobs()
    letter = next(one for one in mail.outbox if one.subject.startswith("New version 2 to sign"))
    assert list(letter.to) == [parties.people["seller"].user.email]
    assert "40,000.00 EUR → 38,000.00 EUR" in letter.body.replace("\N{NO-BREAK SPACE}", " ")
    mail.outbox.clear()
    sign(scenarios.seller_actor(parties), version)
    worker.run_due_jobs()
    with acting(scenarios.seller_actor(parties)):
        contract = Contract.objects.select_related("active_version").get(pk=proposed.pk)
        assert (contract.state, contract.active_version_id) == ("active", version.pk)
        said = {
            one.side: (one.name, one.statement_version, one.statement)
            for one in Signature.objects.filter(version=version)
        }
    assert said["buyer"][:2] == ("Olga Ost", "buyer-proposes-1")
    assert "it binds us once the seller has signed the same version" in said["buyer"][2]
    assert said["seller"][:2] == ("Sina Nord", "seller-answers-1")
    assert [list(one.to) for one in mail.outbox if "is signed" in one.body] == [[olga.email]]


def test_the_seller_answers_the_buyers_version_with_the_next(parties: Parties, proposed: Contract) -> None:
    countered(proposed, scenarios.buyer_actor(parties), price=Decimal("38000.00"))
    version = countered(proposed, scenarios.seller_actor(parties), side="seller", of=2, price=Decimal("39000.00"))
    assert (version.number, version.author) == (3, "seller")
    guest = scenarios.guest_actor(scenarios.link_to_sign(proposed))
    sign(guest, version)
    assert state_of(proposed) == "active"


def test_until_it_is_proposed_an_answer_is_the_buyers_own_paper(parties: Parties, proposed: Contract) -> None:
    draft = answered(proposed, scenarios.buyer_actor(parties))
    guest = scenarios.guest_actor(scenarios.link_to_sign(proposed))
    for reader in (scenarios.seller_actor(parties), guest):
        with acting(reader):
            assert not ContractVersion.objects.filter(pk=draft.pk).exists()
            assert not ContractVersion.objects.visible_to(reader).filter(pk=draft.pk).exists()
    with acting(scenarios.buyer_actor(parties)) as olga:
        assert ContractVersion.objects.visible_to(olga).filter(pk=draft.pk).exists()


def test_the_proposal_can_be_signed_until_the_answer_is_sent_and_the_draft_ends_with_it(
    parties: Parties, proposed: Contract
) -> None:
    draft = answered(proposed, scenarios.buyer_actor(parties))
    sign(scenarios.guest_actor(scenarios.link_to_sign(proposed)), version_of(proposed))
    assert state_of(proposed) == "active"
    with acting(scenarios.buyer_actor(parties)):
        assert not ContractVersion.objects.filter(pk=draft.pk).exists()


def test_the_version_that_was_answered_is_signed_no_more_and_its_link_is_dead(
    parties: Parties, proposed: Contract
) -> None:
    guest = scenarios.guest_actor(scenarios.link_to_sign(proposed))
    first = version_of(proposed)
    countered(proposed, scenarios.buyer_actor(parties), price=Decimal("38000.00"))
    with pytest.raises(NotAllowed, match="no longer valid"):
        sign(guest, first)
    with pytest.raises(Stale, match="newer version"):
        sign(scenarios.approver_actor(parties), first)
    with acting(scenarios.buyer_actor(parties)):
        assert not GuestGrant.objects.filter(used_at__isnull=True, revoked_at__isnull=True).exists()


def test_one_side_never_signs_its_own_proposal(parties: Parties, proposed: Contract) -> None:
    version = countered(proposed, scenarios.buyer_actor(parties), price=Decimal("38000.00"))
    for role in ("approver", "buyer"):
        with pytest.raises(NotAllowed, match="other side"):
            sign(scenarios.member(parties, role), version)
    assert state_of(proposed) == "proposed"


def test_each_side_may_do_its_own_part_only(parties: Parties, proposed: Contract) -> None:
    first = version_of(proposed)
    sina, bea, guest = (
        scenarios.seller_actor(parties),
        scenarios.approver_actor(parties),
        scenarios.guest_actor(scenarios.link_to_sign(proposed)),
    )
    with acting(sina), pytest.raises(NotAllowed, match="your own proposal"):
        negotiating.answer_proposal(actor=sina, key=key(), version_ref=first.ref)
    with acting(bea), pytest.raises(NotAllowed, match="role"):
        negotiating.answer_proposal(actor=bea, key=key(), version_ref=first.ref)
    with acting(guest), pytest.raises(NotAllowed, match="Take your organisation's place"):
        negotiating.answer_proposal(actor=guest, key=key(), version_ref=first.ref)
    olga = scenarios.buyer_actor(parties)
    with acting(olga), pytest.raises(NotAllowed, match="proposed last"):
        contracting.withdraw_contract(actor=olga, key=key(), contract_ref=proposed.ref)


def test_what_all_versions_have_in_common_stays(parties: Parties, proposed: Contract) -> None:
    olga = scenarios.buyer_actor(parties)
    answered(proposed, olga)
    with acting(olga):
        draft = contracts.draft_of(Contract.objects.get(pk=proposed.pk), side="buyer")
    for field, value in (("title", "Other"), ("number", "X-1"), ("currency", "USD")):
        with acting(olga), pytest.raises(Refused, match="stays so") as refused:
            contracting.change_draft(
                actor=olga, key=key(), contract_ref=proposed.ref, draft=_with(draft, **{field: value})
            )
        assert refused.value.field == field


def test_changes_asked_for_in_the_buyers_version_come_back_to_the_buyer(parties: Parties, proposed: Contract) -> None:
    version = countered(proposed, scenarios.buyer_actor(parties), price=Decimal("38000.00"))
    mail.outbox.clear()
    with acting(scenarios.seller_actor(parties)) as sina:
        contracting.request_contract_changes(actor=sina, key=key(), version_ref=version.ref, reason="Not below 39,000.")
    worker.run_due_jobs()
    assert state_of(proposed) == "draft"
    with acting(scenarios.buyer_actor(parties)) as olga:
        draft = ContractVersion.objects.visible_to(olga).get(contract=proposed, proposed_at__isnull=True)
        assert (draft.author, draft.number, draft.price) == ("buyer", 3, Decimal("38000.00"))
        contract = Contract.objects.get(pk=proposed.pk)
        _text, seen = contracts.preview(contract, side="buyer")
        contracting.propose_contract(actor=olga, key=key(), contract_ref=proposed.ref, seen=seen)
    assert [letter.subject for letter in mail.outbox if "Changes asked" in letter.subject] == [
        "Changes asked: Warehouse software implementation, by Nordlicht Software GmbH"
    ]
    sign(scenarios.seller_actor(parties), version_of(proposed, 3))


def test_the_buyer_withdraws_what_it_proposed(parties: Parties, proposed: Contract) -> None:
    countered(proposed, scenarios.buyer_actor(parties), price=Decimal("38000.00"))
    with acting(scenarios.seller_actor(parties)) as sina, pytest.raises(NotAllowed, match="proposed last"):
        contracting.withdraw_contract(actor=sina, key=key(), contract_ref=proposed.ref)
    with acting(scenarios.buyer_actor(parties)) as olga:
        contracting.withdraw_contract(actor=olga, key=key(), contract_ref=proposed.ref)
    assert state_of(proposed) == "withdrawn"


def test_a_limit_holds_for_who_proposes_too(parties: Parties, proposed: Contract) -> None:
    with acting(scenarios.buyer_actor(parties)), transaction.atomic():
        user = parties_services.enrol(email=f"mia@meridian.{parties.domain}", name="Mia")
        mia_member = join(
            user=user,
            organisation=parties.buyer,
            roles={Role.CONTRACTS, Role.APPROVER},
            approval_limit=Decimal("1000.00"),
            at=proposed.created_at,
        )
    mia = scenarios.actor_of(mia_member)
    answered(proposed, mia)
    with acting(mia):
        _text, seen = contracts.preview(Contract.objects.get(pk=proposed.pk), side="buyer")
        with pytest.raises(NotAllowed, match="you sign up to"):
            contracting.propose_contract(actor=mia, key=key(), contract_ref=proposed.ref, seen=seen)


# --- nobody stands on both sides -------------------------------------------------------------------------------------


def _two_hatted(parties: Parties) -> tuple[Actor, Actor]:
    """A person of both organisations, as each of them."""
    user = parties_services.enrol(email=f"zoe@both.{parties.domain}", name="Zoe")
    actors = []
    for owner, organisation in (("seller", parties.seller), ("buyer", parties.buyer)):
        with acting(scenarios.member(parties, owner)), transaction.atomic():
            joined = join(user=user, organisation=organisation, roles={Role.OWNER}, at=parties.people[owner].joined_at)
        actors.append(scenarios.actor_of(joined))
    return actors[0], actors[1]


def test_a_person_of_both_sides_neither_proposes_for_the_buyer_nor_signs_its_proposal(
    parties: Parties, proposed: Contract
) -> None:
    as_seller, as_buyer = _two_hatted(parties)
    with pytest.raises(Refused):
        answered(proposed, as_buyer)
    version = countered(proposed, scenarios.buyer_actor(parties), price=Decimal("38000.00"))
    with pytest.raises(NotAllowed, match="also belong to the buyer"):
        sign(as_seller, version)


def test_who_proposed_for_the_buyer_and_went_over_to_the_seller_stops_the_signature(
    parties: Parties, proposed: Contract
) -> None:
    version = countered(proposed, scenarios.buyer_actor(parties), price=Decimal("38000.00"))
    with acting(scenarios.seller_actor(parties)), transaction.atomic():
        join(
            user=parties.people["buyer"].user,
            organisation=parties.seller,
            roles={Role.DELIVERY},
            at=parties.people["seller"].joined_at,
        )
    with pytest.raises(Refused, match="belongs to the seller"):
        sign(scenarios.seller_actor(parties), version)


def _raw_signature(actor: Actor, version: ContractVersion, *, side: str, email: str, at: str = "now()") -> None:
    with acting(actor), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contracts_signature (contract_id, version_id, side, organisation_id, user_id, name, email,"
            f" signed_at, address, agent, authenticated_by, statement, statement_version, sha256)"
            f" VALUES (%s, %s, %s, %s, %s, 'x', %s, {at}, '', '', '', 'x', 'x', %s)",
            [version.contract_id, version.pk, side, actor.organisation_id, actor.user_id, email, version.sha256],
        )


def test_the_database_refuses_one_mailbox_on_both_sides(parties: Parties, proposed: Contract) -> None:
    version = version_of(proposed)
    sina_box = parties.people["seller"].user.email
    with pytest.raises(IntegrityError, match="nobody signs for both sides"):
        _raw_signature(scenarios.buyer_actor(parties), version, side="buyer", email=sina_box.upper())


def test_the_database_keeps_a_version_with_its_side(parties: Parties, proposed: Contract) -> None:
    version = version_of(proposed)
    with acting(scenarios.seller_actor(parties)), pytest.raises(IntegrityError), transaction.atomic():
        ContractVersion.objects.filter(pk=version.pk).update(author="buyer")
    drafted = answered(proposed, scenarios.buyer_actor(parties))
    with acting(scenarios.buyer_actor(parties)), pytest.raises(IntegrityError), transaction.atomic():
        ContractVersion.objects.filter(pk=drafted.pk).update(author="seller")


# --- both at once ----------------------------------------------------------------------------------------------------


def _propose(actor: Actor, contract: Contract, seen: str) -> str:
    with acting(actor):
        return contracting.propose_contract(actor=actor, key=key(), contract_ref=contract.ref, seen=seen)["version"]


def test_a_signature_and_an_answer_at_once_have_one_winner(parties: Parties, proposed: Contract) -> None:
    olga, bea = scenarios.buyer_actor(parties), scenarios.approver_actor(parties)
    version = version_of(proposed)
    answered(proposed, olga)
    with acting(olga):
        _text, seen = contracts.preview(Contract.objects.get(pk=proposed.pk), side="buyer")
    results: list[Any] = together(lambda: _propose(olga, proposed, seen), lambda: sign(bea, version))
    assert sum(isinstance(one, Exception) for one in results) == 1, results
    assert all(isinstance(one, Refused) for one in results if isinstance(one, Exception)), results
    assert state_of(proposed) == ("proposed" if isinstance(results[1], Exception) else "active")


def test_both_sides_propose_at_once_and_the_versions_follow_each_other_or_one_is_told(
    parties: Parties, proposed: Contract
) -> None:
    """After a request for changes each side has a draft: whoever is second has not seen what the first one says."""
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    answered(proposed, olga)
    first = version_of(proposed)
    with acting(olga):
        contracting.request_contract_changes(actor=olga, key=key(), version_ref=first.ref, reason="Cheaper.")
    seen = {}
    for actor, side in ((sina, "seller"), (olga, "buyer")):
        with acting(actor):
            seen[side] = contracts.preview(Contract.objects.get(pk=proposed.pk), side=side)[1]
    results = together(
        lambda: _propose(sina, proposed, seen["seller"]), lambda: _propose(olga, proposed, seen["buyer"])
    )
    (refused,) = [one for one in results if isinstance(one, Exception)]
    assert isinstance(refused, Stale)
    with acting(sina):
        numbers = ContractVersion.objects.filter(contract=proposed, proposed_at__isnull=False).values_list("number")
        assert sorted(numbers) == [(1,), (2,)]


# --- the last day ----------------------------------------------------------------------------------------------------


def test_it_can_be_signed_to_the_last_second_of_the_last_day_and_not_after(parties: Parties, limited: Contract) -> None:
    version = version_of(limited)
    assert version.expires_at == IN_TIME
    bea = scenarios.approver_actor(parties)
    with pytest.raises(Stale, match=r"until the end of 2026-03-09.*Ask Nordlicht Software GmbH"):
        sign(bea, version, at=TOO_LATE)
    sign(bea, version, at=IN_TIME)
    assert state_of(limited) == "active"


def test_the_job_notes_it_once_and_the_proposer_has_a_draft_again(parties: Parties, limited: Contract) -> None:
    version = version_of(limited)
    link = scenarios.link_to_sign(limited)
    mail.outbox.clear()
    with scenarios.acting(Actor.system(organisation_id=limited.seller_id), at=IN_TIME):
        assert negotiating.overdue(at=IN_TIME) == []
        assert (
            negotiating.expire_proposal(
                actor=Actor.system(organisation_id=limited.seller_id), key=key(), version_ref=version.ref
            )
            == {}
        )
    jobs = ProcrastinateJob.objects.filter(task_name__endswith="upkeep.expire_proposal")
    with clock.stopped(TOO_LATE):
        upkeep.expire_everybodys_proposals(0)
        upkeep.expire_everybodys_proposals(0)
        (job,) = jobs.values_list("args", flat=True)
        upkeep.expire_proposal(**job)
        upkeep.expire_proposal(**job)
        worker.run_due_jobs()
    assert state_of(limited) == "draft"
    version = version_of(limited)
    assert version.expired_at == TOO_LATE
    with acting(scenarios.seller_actor(parties)) as sina:
        draft = ContractVersion.objects.visible_to(sina).get(contract=limited, proposed_at__isnull=True)
        assert (draft.author, draft.number, draft.answer_until) == ("seller", 2, None)
        link.refresh_from_db()
    assert link.used_at == TOO_LATE
    letters = [letter.subject for letter in mail.outbox if "Not signed" in letter.subject]
    assert letters == ["Not signed in time: Warehouse software implementation"]
    with pytest.raises(Stale, match="until the end of"):
        sign(scenarios.approver_actor(parties), version, at=TOO_LATE)


def test_a_change_order_has_a_last_day_too_and_is_proposed_anew_after_it(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=START)
    sina, buyer = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    back = ChargeTerms(back_charges="price")
    terms = ChangedTerms(payment_days=60, late_payment=LateTerms(Decimal(9)), charges=back, is_assignable=False)
    draft = ChangeDraft("Slower", "By telephone.", terms=terms, answer_until=IN_TIME.date())
    with pytest.raises(Refused, match="The last day to sign is over"):
        change_orders.propose(contract, draft, by=sina, at=TOO_LATE)
    proposed = change_orders.propose(contract, draft, by=sina, at=START)
    with acting(sina):
        version = ContractVersion.objects.get(ref=proposed["version"])
        assert canonical.read(version.canonical_text)["terms"]["answer_until"] == IN_TIME.date().isoformat()
        assert version.expires_at == IN_TIME
    assert contracts.next_expiry(after=START, until=TOO_LATE, contract_refs=[contract.ref]) is not None
    assert negotiating.overdue(at=IN_TIME) == []
    with pytest.raises(Stale, match="could be signed until the end of"):
        change_orders.sign(proposed, by=buyer, at=TOO_LATE)

    mail.outbox.clear()
    (late,) = negotiating.overdue(at=TOO_LATE)
    for _twice in range(2):
        with clock.stopped(TOO_LATE):
            negotiating.tend(version_ref=late.version_ref, organisation_id=late.organisation_id)
    worker.run_due_jobs()
    with acting(sina):
        order = ChangeOrder.objects.get(contract=contract)
        version.refresh_from_db()
        assert (order.state, order.closed_at, version.expired_at) == ("expired", TOO_LATE, TOO_LATE)
    letters = [letter.subject for letter in mail.outbox if "in time" in letter.subject]
    assert letters == ["Change order 1 was not signed in time: Slower, Warehouse software implementation"]
    with pytest.raises(IllegalTransition, match="already “Not signed in time”"):
        change_orders.sign(proposed, by=buyer, at=TOO_LATE)
    again = replace(draft, title="", reason="", order_ref=order.ref, answer_until=None)
    change_orders.sign(change_orders.propose(contract, again, by=sina, at=TOO_LATE), by=buyer, at=TOO_LATE)
    with acting(sina):
        assert ChangeOrder.objects.get(contract=contract).state == "signed"
        version = ContractVersion.objects.get(change_order=order, expired_at=None)
        assert (version.payment_days, version.late_terms, version.is_assignable) == (60, terms.late_payment, False)
        assert version.charge_terms == back


def test_a_proposal_that_was_answered_does_not_expire(parties: Parties, limited: Contract) -> None:
    countered(limited, scenarios.buyer_actor(parties), price=Decimal("38000.00"), answer_until=date(2030, 1, 1))
    assert negotiating.overdue(at=TOO_LATE) == []


def test_a_last_day_that_is_over_is_refused(parties: Parties) -> None:
    draft = scenarios.software_draft(parties, answer_until=date(2026, 3, 1))
    with pytest.raises(Refused, match="last day to sign is over") as refused:
        scenarios.proposed_contract(parties, draft=draft, at=START)
    assert refused.value.field == "answer_until"


def test_the_database_refuses_a_signature_after_the_last_day(parties: Parties, limited: Contract) -> None:
    with pytest.raises(IntegrityError, match="nothing is signed after its last day"):
        _raw_signature(
            scenarios.approver_actor(parties),
            version_of(limited),
            side="buyer",
            email=parties.people["approver"].user.email,
            at="'2026-03-09 23:00:00+00'",
        )


def test_a_signature_and_the_last_day_at_once_have_one_winner(parties: Parties, limited: Contract) -> None:
    """The signature comes in the last second, the job a moment after it."""
    version, bea = version_of(limited), scenarios.approver_actor(parties)

    def expire() -> Any:
        return negotiating.tend(version_ref=version.ref, organisation_id=limited.seller_id)

    results: list[Any] = together(lambda: sign(bea, version, at=IN_TIME), expire)
    assert state_of(limited) in ("active", "draft")
    assert isinstance(results[0], Refused) == (state_of(limited) == "draft"), results


def test_a_second_proposal_of_the_same_side_is_refused(parties: Parties, proposed: Contract) -> None:
    with acting(scenarios.seller_actor(parties)) as sina, pytest.raises(IllegalTransition, match="waits for an answer"):
        contracting.propose_contract(actor=sina, key=key(), contract_ref=proposed.ref, seen="0" * 64)
