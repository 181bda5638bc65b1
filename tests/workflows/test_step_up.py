"""Above the buyer's amount a sign-off asks once more who it is: the service refuses, and so does the database."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from apps.audit.models import Entry
from apps.contracts.models import Contract, Criterion
from apps.core import clock
from apps.core.errors import NotAllowed, ProofNeeded, Refused
from apps.milestones.models import Decision, Submission
from apps.milestones.services import CriterionVerdict
from apps.parties.actor import PROOF_HOLDS, Actor, Proof
from apps.parties.services import AccountData
from apps.workflows import proof_codes, sign_off, step_up, team, worker
from apps.workflows.models import MOST_TRIES, ProofCode
from tests import scenarios
from tests.scenarios import Parties, acting, key

ACCOUNT = AccountData(holder="Nordlicht", currency="EUR", iban="DE02120300000000202051")


@pytest.fixture
def parties() -> Parties:
    return scenarios.organisations()


@pytest.fixture
def contract(parties: Parties) -> Contract:
    return scenarios.active_contract(parties)


@pytest.fixture
def submission(contract: Contract) -> Submission:
    return scenarios.submitted_milestone(contract)


def ask_above(parties: Parties, amount: str) -> None:
    with acting(scenarios.buyer_actor(parties)) as actor:
        team.set_step_up(actor=actor, key=key(), above=Decimal(amount))


def without_proof(actor: Actor) -> Actor:
    return replace(actor, origin=replace(actor.origin, proof=None))


def proved(actor: Actor, *, ago: timedelta = timedelta()) -> Actor:
    with acting(actor):
        proof = Proof(by="passkey", at=clock.now() - ago)
    return replace(actor, origin=replace(actor.origin, proof=proof))


def sign(actor: Actor, submission: Submission) -> None:
    with acting(actor):
        sign_off.accept_milestone(actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256)


@pytest.mark.django_db
class TestSignOff:
    def test_nobody_is_asked_where_the_buyer_asks_nobody(self, parties: Parties, submission: Submission) -> None:
        sign(without_proof(scenarios.buyer_actor(parties)), submission)

    def test_the_amount_itself_is_not_above_it(self, parties: Parties, submission: Submission) -> None:
        ask_above(parties, "12000")
        sign(without_proof(scenarios.buyer_actor(parties)), submission)

    def test_above_it_a_member_without_proof_is_refused_and_nothing_happened(
        self, parties: Parties, submission: Submission
    ) -> None:
        ask_above(parties, "11999.99")
        with pytest.raises(ProofNeeded):
            sign(without_proof(scenarios.buyer_actor(parties)), submission)
        with acting(scenarios.buyer_actor(parties)):
            assert not Decision.objects.exists()

    def test_the_evidence_says_how_and_when(self, parties: Parties, submission: Submission) -> None:
        ask_above(parties, "100")
        actor = proved(scenarios.buyer_actor(parties), ago=timedelta(minutes=3))
        sign(actor, submission)
        with acting(actor):
            made = Decision.objects.get()
        assert actor.origin.proof is not None
        assert (made.proved_by, made.proved_at) == ("passkey", actor.origin.proof.at)

    @pytest.mark.parametrize("ago", [PROOF_HOLDS + timedelta(seconds=5), -PROOF_HOLDS - timedelta(minutes=1)])
    def test_a_proof_that_is_old_or_of_the_future_is_none(
        self, parties: Parties, submission: Submission, ago: timedelta
    ) -> None:
        ask_above(parties, "100")
        with pytest.raises(ProofNeeded):
            sign(proved(scenarios.buyer_actor(parties), ago=ago), submission)

    def test_requesting_changes_asks_for_nothing(self, parties: Parties, submission: Submission) -> None:
        ask_above(parties, "1")
        actor = without_proof(scenarios.buyer_actor(parties))
        with acting(actor):
            criteria = Criterion.objects.filter(line_id=submission.milestone.line_id)
            verdicts = [CriterionVerdict(criterion_id=one.pk, is_passed=False, reason="Not shown.") for one in criteria]
            sign_off.request_changes(
                actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256, verdicts=verdicts
            )
            assert Decision.objects.get().proved_at is None

    def test_the_database_refuses_it_too(
        self, parties: Parties, submission: Submission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask_above(parties, "100")
        monkeypatch.setattr("apps.milestones.services.accepting.needs_proof", lambda *_args, **_named: False)
        with pytest.raises(IntegrityError, match="large sign off without proof"):
            sign(without_proof(scenarios.buyer_actor(parties)), submission)


@pytest.mark.django_db
class TestCodes:
    @pytest.fixture
    def guest(self, submission: Submission) -> Actor:
        return scenarios.guest_actor(scenarios.link_to_sign_off(submission))

    def sent(self, actor: Actor) -> str:
        with acting(actor):
            ref = step_up.send_code(actor=actor)["code"]
        return proof_codes.code_of(ref)

    def test_it_goes_to_the_mailbox_of_the_link_and_nowhere_else(self, guest: Actor) -> None:
        code = self.sent(guest)
        worker.run_due_jobs()
        assert mail.outbox[-1].to == [guest.email]
        assert code in mail.outbox[-1].body
        with connection.cursor() as cursor:
            cursor.execute("SELECT args::text FROM procrastinate_jobs WHERE task_name LIKE '%send_proof_code'")
            assert code not in cursor.fetchone()[0]

    def test_the_right_one_proves_once(self, guest: Actor) -> None:
        code = self.sent(guest)
        with acting(guest):
            proof = step_up.prove(actor=guest, code=f" {code[:3]} {code[3:]} ")
            assert proof.by == "code sent to e-mail"
            with pytest.raises(Refused, match="no code that still works"):
                step_up.prove(actor=guest, code=code)

    def test_five_wrong_ones_end_it_and_each_counts_although_it_is_refused(self, guest: Actor) -> None:
        code = self.sent(guest)
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        with acting(guest):
            for left in range(MOST_TRIES - 1, -1, -1):
                with pytest.raises(Refused, match=f"tries left: {left}" if left else "cannot be tried again"):
                    step_up.prove(actor=guest, code=wrong)
            with pytest.raises(Refused, match="no code that still works"):
                step_up.prove(actor=guest, code=code)

    def test_ten_minutes_end_it_and_a_new_one_ends_the_old(self, guest: Actor) -> None:
        first = self.sent(guest)
        second = self.sent(guest)
        with acting(guest):
            if first != second:
                with pytest.raises(Refused):
                    step_up.prove(actor=guest, code=first)
        with acting(guest), clock.stopped(clock.now() + step_up.VALID_FOR), pytest.raises(Refused):
            step_up.prove(actor=guest, code=second)

    def test_it_is_kept_under_a_key(self, guest: Actor) -> None:
        code = self.sent(guest)
        with acting(guest):
            row = ProofCode.objects.get()
        assert code not in (row.digest, row.ref)
        assert row.digest == proof_codes.digest_of(row.ref, code)

    def test_an_hour_knows_five_codes(self, guest: Actor) -> None:
        for _ in range(step_up.MOST_CODES):
            self.sent(guest)
        with pytest.raises(Refused, match="Several codes"):
            self.sent(guest)

    def test_nobody_uses_the_code_of_another(self, guest: Actor, parties: Parties) -> None:
        code = self.sent(guest)
        with acting(scenarios.buyer_actor(parties)) as buyer, pytest.raises(Refused, match="no code that still"):
            step_up.prove(actor=buyer, code=code)
        with acting(scenarios.seller_actor(parties)):
            assert not ProofCode.objects.exists()

    def test_a_spent_code_cannot_be_made_new_by_raw_sql(self, guest: Actor) -> None:
        code = self.sent(guest)
        with acting(guest):
            step_up.prove(actor=guest, code=code)
            with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
                ProofCode.objects.update(used_at=None)


def test_twenty_tries_at_once_are_five_tries(scratch: str) -> None:
    submission = scenarios.submitted_milestone(scenarios.active_contract(scenarios.organisations()))
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with acting(guest):
        code = proof_codes.code_of(step_up.send_code(actor=guest)["code"])
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    said: list[str] = []

    def attempt() -> None:
        try:
            with acting(guest):
                step_up.prove(actor=guest, code=wrong)
        except Refused as refused:
            said.append(refused.template)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with acting(guest):
        assert ProofCode.objects.get().tries == MOST_TRIES
    assert sum(one.startswith("There is no code") for one in said) == 20 - MOST_TRIES


@pytest.mark.django_db
class TestOrganisation:
    def test_a_bank_account_needs_a_proof_and_the_record_keeps_it(self, parties: Parties) -> None:
        with acting(scenarios.seller_actor(parties)) as actor:
            with pytest.raises(ProofNeeded):
                team.set_bank_account(actor=without_proof(actor), key=key(), account=ACCOUNT)
            team.set_bank_account(actor=actor, key=key(), account=ACCOUNT)
            entry = Entry.objects.filter(verb="bank_account.set").latest("pk")
        assert '"proved_by":"authenticator"' in entry.text.replace(" ", "")

    def test_only_the_owner_says_above_which_amount_and_with_a_proof(self, parties: Parties) -> None:
        with acting(scenarios.member(parties, "approver")) as approver, pytest.raises(NotAllowed):
            team.set_step_up(actor=approver, key=key(), above=Decimal(5))
        with acting(scenarios.buyer_actor(parties)) as actor:
            with pytest.raises(ProofNeeded):
                team.set_step_up(actor=without_proof(actor), key=key(), above=None)
            team.set_step_up(actor=actor, key=key(), above=Decimal(5))
            assert Entry.objects.filter(verb="step_up.set").count() == 1

    @pytest.mark.parametrize("amount", ["-1", "1.005", "NaN"])
    def test_an_amount_that_is_none_is_refused_in_words(self, parties: Parties, amount: str) -> None:
        with acting(scenarios.buyer_actor(parties)) as actor, pytest.raises(Refused):
            team.set_step_up(actor=actor, key=key(), above=Decimal(amount))
