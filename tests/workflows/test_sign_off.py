"""Submission and sign-off: how work becomes an invoice, and how it does not."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import override_settings
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.audit.models import Chain, Entry
from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.invoicing.models import Invoice
from apps.milestones import services as milestones
from apps.milestones.models import CriterionNote, Decision, EvidenceFile, Milestone, Submission, Verdict
from apps.milestones.services import CriterionAnswer, CriterionVerdict, Link
from apps.parties import services as parties_services
from apps.parties.actor import Actor
from apps.parties.roles import Role
from apps.parties.services.members import join
from apps.workflows import sign_off
from apps.workflows.once import Answer
from tests import scenarios
from tests.scenarios import PDF, Parties, acting, key

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def contract(parties: Parties) -> Contract:
    return scenarios.active_contract(parties, at=NOON - 10 * DAY)


@pytest.fixture
def submission(contract: Contract) -> Submission:
    return scenarios.submitted_milestone(contract, at=NOON)


def accept(submission: Submission, *, actor: Actor, at: datetime = NOON + DAY) -> Answer:
    with acting(actor, at=at):
        return sign_off.accept_milestone(
            actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256, comment="Good work."
        )


def cross_first(submission: Submission, *, actor: Actor, at: datetime = NOON + DAY) -> Answer:
    with acting(actor, at=at):
        first, second = submission.milestone.line.criteria.all()
        return sign_off.request_changes(
            actor=actor,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            verdicts=[
                CriterionVerdict(first.pk, is_passed=False, reason="Page 3 is missing."),
                CriterionVerdict(second.pk, is_passed=True),
            ],
            comment="Nearly.",
        )


def raw(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        connection.check_constraints()


def guest(submission: Submission) -> Actor:
    return scenarios.guest_actor(scenarios.link_to_sign_off(submission))


# --- preparing ---------------------------------------------------------------------------------------------------


def test_what_the_seller_prepares_is_kept_and_nobody_else_sees_it(parties: Parties, contract: Contract) -> None:
    with acting(scenarios.member(parties, "delivery")) as dario:
        milestone = Milestone.objects.get(position=1)
        first = milestone.line.criteria.get(position=1)
        for note in ("Installed.", "Installed and tested."):
            sign_off.prepare_submission(
                actor=dario,
                key=key(),
                milestone_ref=milestone.ref,
                note=note,
                answers=[CriterionAnswer(first.pk, is_met=True, note="See protocol.")],
            )
        draft = milestones.open_draft(milestone)
        assert draft is not None
        assert (draft.number, draft.note, draft.state) == (1, "Installed and tested.", "draft")
        notes = draft.notes.order_by("criterion__position").values_list("is_met", "note")
        assert list(notes) == [(True, "See protocol."), (False, "")]
    with acting(scenarios.buyer_actor(parties)) as olga:
        assert not Submission.objects.visible_to(olga).exists()
        assert not Submission.objects.exists(), "the second wall alone holds"
        assert not CriterionNote.objects.exists()


def test_a_criterion_of_another_milestone_is_refused(parties: Parties, contract: Contract) -> None:
    with acting(scenarios.seller_actor(parties)) as sina:
        milestone = Milestone.objects.get(position=1)
        foreign = Milestone.objects.get(position=2).line.criteria.all()[0]
        with pytest.raises(Refused, match="not the criteria of this milestone"):
            sign_off.prepare_submission(
                actor=sina,
                key=key(),
                milestone_ref=milestone.ref,
                note="",
                answers=[CriterionAnswer(foreign.pk, is_met=True)],
            )
        with pytest.raises(Refused, match="no criterion of this milestone"):
            sign_off.attach_evidence(
                actor=sina,
                milestone_ref=milestone.ref,
                upload=ContentFile(PDF, name="a.pdf"),
                criterion_id=foreign.pk,
            )


def test_links_are_kept_carried_forward_and_frozen_with_what_was_sent(parties: Parties, submission: Submission) -> None:
    link = {"title": scenarios.TEST_SYSTEM.title, "url": scenarios.TEST_SYSTEM.url}
    assert canonical.read(submission.canonical_text)["links"] == [link]
    cross_first(submission, actor=guest(submission))
    with acting(scenarios.seller_actor(parties)) as sina:
        first = submission.milestone.line.criteria.all()[0]
        answers = [CriterionAnswer(first.pk, is_met=True, links=[Link("", link["url"])])]
        sign_off.prepare_submission(
            actor=sina, key=key(), milestone_ref=submission.milestone.ref, note="", answers=answers
        )
        draft = milestones.open_draft(submission.milestone)
        assert draft is not None
        assert (draft.links, draft.notes.order_by("criterion__position")[0].links) == (
            [],
            [{"title": "test.nordlicht.example", "url": link["url"]}],
        )
        with pytest.raises(Refused, match="no address that can stand here"):
            sign_off.prepare_submission(
                actor=sina,
                key=key(),
                milestone_ref=submission.milestone.ref,
                note="",
                answers=[],
                links=[Link("Test", "http://test.example/")],
            )
    written = "UPDATE milestones_submission SET links = '{links}' WHERE id = {row}"
    for row, links in (
        (submission.pk, "[]"),
        (draft.pk, "{}"),
        (draft.pk, "[{}]"),
        (draft.pk, '[{"title": "a", "url": "http://b.example"}]'),
        (draft.pk, '[{"title": "", "url": "https://b.example"}]'),
        (draft.pk, '[{"title": "a", "url": "https://b@c.example"}]'),
    ):
        with acting(scenarios.seller_actor(parties)), pytest.raises(IntegrityError):
            raw(written.format(links=links, row=row))


def test_the_same_file_sent_twice_is_there_once(parties: Parties, contract: Contract) -> None:
    milestone = scenarios.milestone_of(contract)
    with acting(scenarios.seller_actor(parties)) as sina:
        answers = [
            sign_off.attach_evidence(
                actor=sina, milestone_ref=milestone.ref, upload=ContentFile(PDF, name="protocol.pdf")
            )
            for _click in range(2)
        ]
        file = EvidenceFile.objects.get()
        with milestones.opened(file) as stored:
            assert stored.read() == PDF
    assert answers[0] == answers[1]
    assert (file.sha256, file.size) == (canonical.sha256(PDF), len(PDF))


def test_a_removed_file_is_gone_from_the_store(parties: Parties, contract: Contract) -> None:
    milestone = scenarios.milestone_of(contract)
    with acting(scenarios.seller_actor(parties)) as sina:
        answer = sign_off.attach_evidence(
            actor=sina, milestone_ref=milestone.ref, upload=ContentFile(PDF, name="protocol.pdf")
        )
        file = EvidenceFile.objects.get()
        sign_off.remove_evidence(actor=sina, evidence_ref=answer["evidence"])
        assert not EvidenceFile.objects.exists()
        with pytest.raises(FileNotFoundError):
            milestones.opened(file)
        assert sign_off.remove_evidence(actor=sina, evidence_ref=answer["evidence"]) == answer
        assert Entry.objects.filter(verb="evidence.removed").count() == 1
    with acting(scenarios.buyer_actor(parties)) as olga, pytest.raises(Refused):
        sign_off.remove_evidence(actor=olga, evidence_ref=answer["evidence"])


def test_a_submission_has_at_most_twenty_files(parties: Parties, contract: Contract) -> None:
    milestone = scenarios.milestone_of(contract)
    with acting(scenarios.seller_actor(parties)) as sina:
        for number in range(20):
            sign_off.attach_evidence(
                actor=sina, milestone_ref=milestone.ref, upload=ContentFile(PDF, name=f"{number}.pdf")
            )
        with pytest.raises(Refused, match="at most 20 files"):
            sign_off.attach_evidence(actor=sina, milestone_ref=milestone.ref, upload=ContentFile(PDF, name="20.pdf"))


def test_an_organisation_keeps_so_much_evidence_and_no_more(parties: Parties, contract: Contract) -> None:
    milestone = scenarios.milestone_of(contract)
    with override_settings(EVIDENCE_QUOTA_BYTES=2 * 1024 * 1024), acting(scenarios.seller_actor(parties)) as sina:
        for name, size in (("first.txt", 1024 * 1024), ("second.txt", 1024 * 1024 - 1)):
            upload = ContentFile(b"a" * size, name=name)
            sign_off.attach_evidence(actor=sina, milestone_ref=milestone.ref, upload=upload)
        with pytest.raises(Refused, match="keeps 2 MB of evidence, and at most 2 MB"):
            sign_off.attach_evidence(actor=sina, milestone_ref=milestone.ref, upload=ContentFile(b"ab", name="c.txt"))
        sign_off.attach_evidence(actor=sina, milestone_ref=milestone.ref, upload=ContentFile(b"a", name="d.txt"))
        assert sorted(EvidenceFile.objects.values_list("name", flat=True)) == ["d.txt", "first.txt", "second.txt"]


@pytest.mark.parametrize("role", ["billing", "buyer", "approver", "financier"])
def test_only_the_sellers_people_who_deliver_prepare_and_attach(
    parties: Parties, contract: Contract, role: str
) -> None:
    milestone = scenarios.milestone_of(contract)
    with acting(scenarios.member(parties, role)) as actor:
        with pytest.raises(Refused):
            sign_off.prepare_submission(actor=actor, key=key(), milestone_ref=milestone.ref, note="", answers=[])
        with pytest.raises(Refused):
            sign_off.attach_evidence(actor=actor, milestone_ref=milestone.ref, upload=ContentFile(PDF, name="a.pdf"))


# --- submitting --------------------------------------------------------------------------------------------------


def test_a_submission_is_frozen_with_its_text_its_deadline_and_its_link(
    parties: Parties, submission: Submission
) -> None:
    text = canonical.read(submission.canonical_text)
    grant = scenarios.link_to_sign_off(submission)
    assert (submission.state, submission.number, submission.submitted_at) == ("submitted", 1, NOON)
    assert submission.review_due_at == datetime(2026, 4, 15, 21, 59, 59, tzinfo=UTC)
    assert submission.sha256 == canonical.sha256(submission.canonical_text)
    assert text["milestone"]["amount"] == "12000"
    assert [criterion["is_met"] for criterion in text["criteria"]] == [True, True]
    assert text["criteria"][0]["files"][0]["sha256"] == canonical.sha256(PDF)
    assert (grant.email, grant.purpose) == ("bea@meridian.example", "sign_off")
    job = ProcrastinateJob.objects.get(task_name__endswith="send_sign_off_request")
    assert job.args == {"grant_ref": grant.ref, "organisation_id": parties.buyer.pk}


def test_the_review_ends_in_the_time_zone_that_was_signed(parties: Parties, contract: Contract) -> None:
    with acting(scenarios.buyer_actor(parties)):
        parties.buyer.time_zone = "America/New_York"
        parties.buyer.save(update_fields=["time_zone"])
    submission = scenarios.submitted_milestone(contract, at=NOON)
    assert submission.review_due_at == datetime(2026, 4, 15, 21, 59, 59, tzinfo=UTC)


def test_an_incomplete_submission_is_refused_with_the_criterion_named(parties: Parties, contract: Contract) -> None:
    with acting(scenarios.seller_actor(parties)) as sina:
        milestone = Milestone.objects.get(position=1)
        criteria = list(milestone.line.criteria.all())
        met = [CriterionAnswer(criteria[0].pk, is_met=True)]
        sign_off.prepare_submission(actor=sina, key=key(), milestone_ref=milestone.ref, note="", answers=met)
        with pytest.raises(Refused, match="needs evidence"):
            milestones.preview(milestone)
        sign_off.attach_evidence(
            actor=sina,
            milestone_ref=milestone.ref,
            upload=ContentFile(PDF, name="a.pdf"),
            criterion_id=criteria[0].pk,
        )
        with pytest.raises(Refused, match=r"two users of the buyer were shown how to use it.” is not marked as met"):
            sign_off.submit_milestone(actor=sina, key=key(), milestone_ref=milestone.ref, seen="0" * 64)
        milestone.refresh_from_db()
        assert milestone.state == "planned"


def test_what_was_not_shown_is_not_submitted(parties: Parties, contract: Contract) -> None:
    sina = scenarios.seller_actor(parties)
    milestone = scenarios.prepared_milestone(contract, actor=sina)
    with acting(sina):
        _text, seen = milestones.preview(milestone)
        sign_off.prepare_submission(actor=sina, key=key(), milestone_ref=milestone.ref, note="Other", answers=[])
        with pytest.raises(Stale):
            sign_off.submit_milestone(actor=sina, key=key(), milestone_ref=milestone.ref, seen=seen)


def test_a_submitted_milestone_is_not_submitted_prepared_or_changed_again(
    parties: Parties, submission: Submission
) -> None:
    with acting(scenarios.seller_actor(parties)) as sina:
        ref = submission.milestone.ref
        with pytest.raises(IllegalTransition):
            sign_off.submit_milestone(actor=sina, key=key(), milestone_ref=ref, seen=submission.sha256)
        with pytest.raises(IllegalTransition):
            sign_off.prepare_submission(actor=sina, key=key(), milestone_ref=ref, note="", answers=[])
        with pytest.raises(IllegalTransition):
            sign_off.attach_evidence(actor=sina, milestone_ref=ref, upload=ContentFile(PDF, name="late.pdf"))
        with pytest.raises(IllegalTransition, match="was sent to the buyer"):
            sign_off.remove_evidence(actor=sina, evidence_ref=EvidenceFile.objects.get().ref)


def test_a_withdrawn_submission_cannot_be_decided_and_the_next_cycle_starts_where_it_ended(
    parties: Parties, submission: Submission
) -> None:
    invited = guest(submission)
    with acting(scenarios.seller_actor(parties), at=NOON + DAY) as sina:
        sign_off.withdraw_submission(actor=sina, key=key(), submission_ref=submission.ref)
    with pytest.raises(NotAllowed, match="no longer valid"):
        accept(submission, actor=invited)
    with pytest.raises(IllegalTransition, match="This is already “Withdrawn”"):
        accept(submission, actor=scenarios.buyer_actor(parties))
    with acting(scenarios.seller_actor(parties)) as sina:
        milestone = Milestone.objects.get(position=1)
        assert milestone.state == "planned"
        sign_off.prepare_submission(actor=sina, key=key(), milestone_ref=milestone.ref, note="Once more.", answers=[])
        _text, seen = milestones.preview(milestone)
        sign_off.submit_milestone(actor=sina, key=key(), milestone_ref=milestone.ref, seen=seen)
        assert list(milestone.submissions.values_list("number", "state")) == [(1, "withdrawn"), (2, "submitted")]


# --- accepting ---------------------------------------------------------------------------------------------------


def test_acceptance_by_link_issues_the_invoice(parties: Parties, submission: Submission) -> None:
    actor = guest(submission)
    answer = accept(submission, actor=actor)
    with acting(scenarios.seller_actor(parties)):
        milestone = Milestone.objects.get(ref=answer["milestone"])
        decision = Decision.objects.get()
        invoice = Invoice.objects.get(ref=answer["invoice"])
        grant = GuestGrant.objects.get(pk=actor.grant_id or 0)
        verdicts = list(Verdict.objects.values_list("is_passed", flat=True))
    assert (milestone.state, milestone.accepted_at) == ("accepted", NOON + DAY)
    assert milestone.accepted_submission_id == submission.pk
    assert (invoice.net, invoice.milestone_id, invoice.number) == (Decimal("12000.00"), milestone.pk, answer["number"])
    assert verdicts == [True, True]
    assert grant.used_at == NOON + DAY
    assert (decision.outcome, decision.comment, decision.decided_at) == ("accepted", "Good work.", NOON + DAY)
    assert (decision.name, decision.email) == ("Bea Berg", "bea@meridian.example")
    assert (decision.organisation_name, decision.grant_id) == ("Meridian Logistik AG", actor.grant_id)
    assert (decision.address, decision.agent, decision.authenticated_by) == (
        "198.51.100.7",
        "Safari",
        "personal link",
    )
    assert decision.sha256 == submission.sha256
    assert decision.statement_version == "acceptance-1"
    assert "An invoice for 12,000.00 EUR net of tax is issued" in decision.statement


def test_acceptance_defers_the_document_and_the_mail_with_references_only(
    parties: Parties, submission: Submission
) -> None:
    answer = accept(submission, actor=scenarios.buyer_actor(parties))
    render = ProcrastinateJob.objects.get(task_name__endswith="render_invoice")
    mail = ProcrastinateJob.objects.get(task_name__endswith="send_acceptance")
    assert render.args == {"invoice_ref": answer["invoice"], "organisation_id": parties.seller.pk}
    assert mail.args == {"submission_ref": submission.ref, "organisation_id": parties.seller.pk}


def test_a_member_signs_off_and_the_link_dies_unused(parties: Parties, submission: Submission) -> None:
    invited = guest(submission)
    accept(submission, actor=scenarios.approver_actor(parties))
    with acting(scenarios.buyer_actor(parties)):
        grant = GuestGrant.objects.get(pk=invited.grant_id or 0)
        assert Decision.objects.get().user_id == parties.people["approver"].user_id
    assert grant.used_at is None
    assert grant.revoked_at is not None


@pytest.mark.parametrize("role", ["seller", "delivery", "payables", "financier", "treasury"])
def test_neither_seller_nor_financier_nor_a_role_without_the_right_signs_off(
    parties: Parties, submission: Submission, role: str
) -> None:
    with pytest.raises(Refused):
        accept(submission, actor=scenarios.member(parties, role))
    with acting(scenarios.seller_actor(parties)):
        assert not Decision.objects.exists()


def test_a_financier_who_is_party_to_the_contract_signs_nothing_off(
    parties: Parties, contract: Contract, submission: Submission
) -> None:
    with acting(scenarios.seller_actor(parties)) as sina, transaction.atomic():
        walls.widen(parties.financier.pk)
        contracts.admit_financier(
            contract=contracts.lock(contract_id=contract.pk), financier_id=parties.financier.pk, actor=sina, at=NOON
        )
    with pytest.raises(NotAllowed, match="Only the other side"):
        accept(submission, actor=scenarios.member(parties, "financier"))


def test_a_limit_holds_for_the_member_and_for_the_members_link(parties: Parties, submission: Submission) -> None:
    def limit_to(limit: str) -> None:
        with acting(scenarios.buyer_actor(parties)) as olga:
            parties_services.change_member(
                actor=olga,
                membership_ref=parties.people["approver"].ref,
                roles={Role.APPROVER},
                approval_limit=Decimal(limit),
                at=clock.now(),
            )

    limit_to("11999.99")
    for actor in (scenarios.approver_actor(parties), guest(submission)):
        with pytest.raises(NotAllowed, match=r"comes to 12,000\.00 EUR; you sign off up to 11,999\.99 EUR"):
            accept(submission, actor=actor)
    limit_to("12000.00")
    accept(submission, actor=guest(submission))
    with acting(scenarios.buyer_actor(parties)):
        circumstances = Decision.objects.get().circumstances
    assert circumstances is not None
    # Up to how much the person signs off is the buyer's own business: the seller, who reads this too, sees no figure.
    assert set(circumstances) == {"roles", "language", "key", "is_within_limit", "statement"}


def test_a_member_who_lost_the_role_since_the_page_was_opened_is_refused(
    parties: Parties, submission: Submission
) -> None:
    bea = scenarios.approver_actor(parties)
    with acting(scenarios.buyer_actor(parties)) as olga:
        parties_services.change_member(
            actor=olga, membership_ref=parties.people["approver"].ref, roles={Role.INSPECTOR}, at=clock.now()
        )
    with pytest.raises(NotAllowed, match="Your role does not allow"):
        accept(submission, actor=bea)


def test_the_signatory_who_became_the_sellers_does_not_sign_off(parties: Parties, submission: Submission) -> None:
    invited = guest(submission)
    bea = parties.people["approver"].user
    with acting(scenarios.seller_actor(parties)):
        join(user=bea, organisation=parties.seller, roles={Role.DELIVERY}, at=clock.now())
    for actor in (invited, scenarios.approver_actor(parties)):
        with pytest.raises(Refused, match="belongs to the seller"):
            accept(submission, actor=actor)


def test_a_link_decides_only_its_own_submission(parties: Parties, contract: Contract, submission: Submission) -> None:
    second = scenarios.submitted_milestone(contract, position=2, at=NOON)
    with pytest.raises(NotAllowed, match="for something else"):
        accept(second, actor=guest(submission))


def test_an_expired_link_decides_nothing(parties: Parties, submission: Submission) -> None:
    with pytest.raises(NotAllowed, match="expired"):
        accept(submission, actor=guest(submission), at=NOON + 31 * DAY)


def test_another_text_than_the_one_shown_is_not_accepted(parties: Parties, submission: Submission) -> None:
    invited = guest(submission)
    with acting(invited, at=NOON), pytest.raises(Stale):
        sign_off.accept_milestone(
            actor=invited, key=key(), submission_ref=submission.ref, seen=canonical.sha256("another text")
        )


def test_an_accepted_milestone_is_accepted_once(parties: Parties, submission: Submission) -> None:
    accept(submission, actor=guest(submission))
    with pytest.raises(IllegalTransition, match="This is already “Accepted”"):
        accept(submission, actor=scenarios.buyer_actor(parties))


def test_the_contract_is_completed_with_its_last_milestone(parties: Parties, contract: Contract) -> None:
    states = []
    for position in (2, 1, 3):
        scenarios.accepted_milestone(contract, position=position, at=NOON + position * DAY)
        with acting(scenarios.seller_actor(parties)):
            contract.refresh_from_db()
            states.append(contract.state)
    assert states == ["active", "active", "completed"]
    with acting(scenarios.seller_actor(parties)):
        assert sorted(Invoice.objects.values_list("net", flat=True)) == [12000, 12000, 16000]
        chain = Chain.objects.get(subject=f"contract:{contract.ref}")
        assert chain.entries.filter(verb="contract.completed").count() == 1


# --- requesting changes ------------------------------------------------------------------------------------------


def test_a_request_for_changes_names_the_defect_and_opens_the_next_cycle(
    parties: Parties, submission: Submission
) -> None:
    actor = guest(submission)
    answer = cross_first(submission, actor=actor)
    with acting(scenarios.seller_actor(parties)) as sina:
        milestone = Milestone.objects.get(ref=answer["milestone"])
        decision = Decision.objects.get()
        verdicts = list(Verdict.objects.order_by("criterion__position").values_list("is_passed", "reason"))
        assert (milestone.state, decision.outcome, decision.comment) == (
            "changes_requested",
            "changes_requested",
            "Nearly.",
        )
        assert verdicts == [(False, "Page 3 is missing."), (True, "")]
        assert not Invoice.objects.exists()

        sign_off.prepare_submission(actor=sina, key=key(), milestone_ref=milestone.ref, note="With page 3.", answers=[])
        draft = milestones.open_draft(milestone)
        assert draft is not None
        notes = draft.notes.order_by("criterion__position").values_list("is_met", "note")
        assert draft.number == 2
        assert list(notes) == [(False, "Shown in the workshop."), (True, "Shown in the workshop.")]
        assert draft.files.count() == 1, "the evidence is taken over"
    with pytest.raises(NotAllowed, match="has been used"):
        accept(submission, actor=actor)


def test_the_corrected_cycle_is_accepted_and_invoiced_once(
    parties: Parties, contract: Contract, submission: Submission
) -> None:
    cross_first(submission, actor=guest(submission))
    milestone = scenarios.accepted_milestone(contract, at=NOON + 3 * DAY)
    with acting(scenarios.seller_actor(parties)):
        cycles = list(milestone.submissions.values_list("number", "state"))
        assert Invoice.objects.count() == 1
    assert cycles == [(1, "changes_requested"), (2, "accepted")]


def test_taking_a_file_out_of_the_next_cycle_leaves_it_in_the_sent_one(
    parties: Parties, submission: Submission
) -> None:
    cross_first(submission, actor=guest(submission))
    with acting(scenarios.seller_actor(parties)) as sina:
        milestone = submission.milestone
        sign_off.prepare_submission(actor=sina, key=key(), milestone_ref=milestone.ref, note="", answers=[])
        copy = EvidenceFile.objects.get(submission__number=2)
        sign_off.remove_evidence(actor=sina, evidence_ref=copy.ref)
        with milestones.opened(EvidenceFile.objects.get()) as stored:
            assert stored.read() == PDF


def test_changes_without_a_failed_criterion_are_refused(parties: Parties, submission: Submission) -> None:
    with acting(scenarios.buyer_actor(parties)) as olga:
        criteria = submission.milestone.line.criteria.all()
        for verdicts in ([], [CriterionVerdict(criterion.pk, is_passed=True) for criterion in criteria]):
            with pytest.raises(Refused, match="Name at least one criterion"):
                sign_off.request_changes(
                    actor=olga,
                    key=key(),
                    submission_ref=submission.ref,
                    seen=submission.sha256,
                    verdicts=verdicts,
                    comment="No.",
                )
        assert not Decision.objects.exists()


def test_the_seller_requests_no_changes_of_himself(parties: Parties, submission: Submission) -> None:
    with pytest.raises(NotAllowed):
        cross_first(submission, actor=scenarios.seller_actor(parties))


# --- the record, and the database alone --------------------------------------------------------------------------


def test_the_record_tells_the_whole_story_in_order(parties: Parties, submission: Submission) -> None:
    accept(submission, actor=guest(submission))
    with acting(scenarios.buyer_actor(parties)):
        entries = Chain.objects.get(subject=f"contract:{submission.contract.ref}").entries.order_by("position")
        verbs = [verb for verb in entries.values_list("verb", flat=True) if not verb.startswith("invoice")]
    assert verbs == [
        "contract.drafted",
        "contract.proposed",
        "link.granted",
        "contract.signed",
        "submission.prepared",
        "evidence.attached",
        "milestone.submitted",
        "link.granted",
        "milestone.accepted",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE milestones_milestone SET state = 'accepted' WHERE position = 1",
        "UPDATE milestones_milestone SET state = 'accepted', accepted_at = now(), accepted_submission_id ="
        " (SELECT id FROM milestones_submission) WHERE position = 1",
        "UPDATE milestones_milestone SET state = 'changes_requested' WHERE position = 2",
        "UPDATE milestones_milestone SET amount = amount + 1",
        "UPDATE milestones_submission SET note = 'other'",
        "UPDATE milestones_submission SET canonical_text = 'other', sha256 = repeat('0', 64)",
        "UPDATE milestones_submission SET state = 'draft', submitted_at = NULL",
        "DELETE FROM milestones_submission",
        "UPDATE milestones_evidencefile SET sha256 = repeat('0', 64)",
        "DELETE FROM milestones_evidencefile",
        "UPDATE milestones_criterionnote SET is_met = false",
        "INSERT INTO milestones_decision (contract_id, submission_id, outcome, comment, user_id, name, email,"
        " organisation_name, decided_at, address, agent, authenticated_by, statement, statement_version, sha256)"
        " SELECT contract_id, id, 'accepted', '', submitted_by_id, 'x', 'x@y.z', 'x', now(), '', '', '', 'x', 'x',"
        " repeat('0', 64) FROM milestones_submission",
        "INSERT INTO milestones_decision (contract_id, submission_id, outcome, comment, grant_id, name, email,"
        " organisation_name, decided_at, address, agent, authenticated_by, statement, statement_version, sha256)"
        " SELECT s.contract_id, s.id, 'accepted', '', g.id, 'x', 'x@y.z', 'x', now(), '', '', '', 'x', 'x',"
        " s.sha256 FROM milestones_submission s, contracts_guestgrant g WHERE g.purpose = 'sign_contract'",
    ],
)
def test_the_database_itself_refuses_what_goes_around_the_services(
    parties: Parties, submission: Submission, statement: str
) -> None:
    with acting(scenarios.seller_actor(parties)), pytest.raises(IntegrityError):
        raw(statement)


def test_a_decision_is_never_altered_or_deleted(parties: Parties, submission: Submission) -> None:
    accept(submission, actor=guest(submission))
    with acting(scenarios.buyer_actor(parties)):
        for statement in (
            "UPDATE milestones_decision SET outcome = 'changes_requested'",
            "DELETE FROM milestones_decision",
            "UPDATE milestones_verdict SET is_passed = false, reason = 'x'",
        ):
            with pytest.raises(DatabaseError, match=r"append-only|permission denied"):
                raw(statement)
