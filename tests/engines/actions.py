"""Every action that changes money or state, told so that it can be tried anywhere in a copy of the world.

The list is complete, or a test fails: it is compared with the workflows as they stand in the code.
"""

import ast
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.core.files.base import ContentFile

from apps import workflows
from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import Contract, GuestGrant, SentMail
from apps.contracts.rules.returned_mail import Failure
from apps.core import clock
from apps.core.database import walls
from apps.financing.models import OrderedPayment
from apps.financing.rules.events import Bears
from apps.financing.services import FacilityTerms
from apps.invoicing import services as invoicing
from apps.invoicing import snapshot
from apps.invoicing.models import Invoice
from apps.invoicing.rules import Part as PaymentPart
from apps.invoicing.rules import Share
from apps.invoicing.services.certifying import Figure
from apps.invoicing.services.correcting import words_of
from apps.milestones.models import Reminder, Reservation, Submission
from apps.milestones.models.submission import Proof
from apps.milestones.services import CriterionAnswer, CriterionVerdict, Defect, Part
from apps.parties import services as parties_services
from apps.parties import tokens
from apps.parties.actor import Actor, ActorKind
from apps.parties.models import User
from apps.parties.roles import Role
from apps.parties.services import AccountData, BrandData, OrganisationData
from apps.revenue.models import JudgementKind
from apps.revenue.rules import Outcome
from apps.revenue.services import Decision
from apps.workflows import (
    account_letters,
    applying,
    before_acceptance,
    billing,
    changing,
    charging,
    commenting,
    confirming,
    contracting,
    correcting,
    crediting,
    disputing,
    exporting,
    funding,
    hosting,
    instalments,
    late_payment,
    links,
    mended,
    negotiating,
    notices,
    paying_out,
    payment_documents,
    proof_codes,
    proofs,
    recourse,
    refunding,
    reminding,
    reserving,
    retention,
    revenue,
    reviews,
    sign_off,
    statements,
    step_up,
    team,
    terminating,
    treasury,
    underwriting,
    watching,
)
from apps.workflows.once import Answer
from tests import corrections, scenarios
from tests.engines.world import COLLECTED_ON, LATE, NOTED_AND_PRICED, World, uploaded_plan, worth_700
from tests.financing import stories
from tests.financing.stories import FUNDED_ON, START, noon
from tests.invoicing.statements.bank import Booking
from tests.invoicing.statements.uploads import uploaded
from tests.scenarios import BROWSER, PDF, acting, member


@dataclass(frozen=True)
class Attempt:
    """One action by one person at one time, ready to be run with a one-time key, again and again."""

    run: Callable[[str], Answer]
    asks: Callable[[], AbstractContextManager[Any]]
    """Who asks the database, and when."""
    files: bool = False
    """Whether bytes are stored beside the database."""
    said_again: str = ""
    """What somebody is told who does it again, where that is no answer but a sentence."""
    goes_on: bool = False
    """Whether it commits more than once, and done again goes on where it stood."""
    has_key: bool = True
    """Whether a second time is the first one's retry; without, it is done anew each time, with an answer of its own."""

    def __call__(self, key: str) -> Answer:
        with self.asks():
            return self.run(key)


Story = Callable[[World], Attempt]
STORIES: dict[str, Story] = {}


def story(tell: Story) -> Story:
    """The story of the action that has its name."""
    STORIES[tell.__name__] = tell
    return tell


def _by(world: World, role: str, run: Callable[[Actor, str], Answer], *, at: datetime = START) -> Attempt:
    with clock.stopped(at):  # the moment of which the proof is that comes with the actor
        actor = member(world.parties, role)
    return Attempt(lambda key: run(actor, key), lambda: acting(actor, at=at))


def _by_link(world: World, name: str, run: Callable[[Actor, str], Answer]) -> Attempt:
    """By the personal link to a submission, of a buyer of whom nobody has an account."""
    grant = GuestGrant.objects.using("owner").get(ref=world[f"{name}.grant"])
    return Attempt(
        lambda key: run(scenarios.guest_actor(grant), key), lambda: acting(scenarios.guest_actor(grant), at=START)
    )


def actions_of_the_code() -> set[str]:
    """Every function of the workflows that runs once per key, or in a durable transaction of its own; a file that is
    attached has one around its row."""
    folder = Path(workflows.__file__ or "").parent
    return {
        node.name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and path.name not in ("once.py", "attaching.py") and _changes(node)
    }


OWN_TRANSACTION = re.compile(r"durable=True|with_its_row\(")


def _changes(function: ast.FunctionDef) -> bool:
    decorators = {ast.unparse(one).partition("(")[0] for one in function.decorator_list}
    return not decorators.isdisjoint({"once", "once_asking"}) or any(
        isinstance(node, ast.With) and any(OWN_TRANSACTION.search(ast.unparse(item)) for item in node.items)
        for node in ast.walk(function)
    )


# --- contracts ---------------------------------------------------------------------------------------------------


@story
def draft_contract(world: World) -> Attempt:
    draft = scenarios.software_draft(world.parties, number="NL-NEW")
    return _by(world, "seller", lambda actor, key: contracting.draft_contract(actor=actor, key=key, draft=draft))


@story
def draft_with_counterparty(world: World) -> Attempt:
    draft = replace(scenarios.software_draft(world.parties, number="NL-BOTH"), buyer_ref="")
    return _by(
        world,
        "seller",
        lambda actor, key: contracting.draft_with_counterparty(
            actor=actor, key=key, draft=draft, other=COMPANY, side="seller"
        ),
    )


@story
def change_draft(world: World) -> Attempt:
    draft = scenarios.software_draft(world.parties, number="NL-drafted", title="Changed")
    return _by(
        world,
        "seller",
        lambda actor, key: contracting.change_draft(actor=actor, key=key, contract_ref=world["drafted"], draft=draft),
    )


@story
def keep_plan(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: contracting.keep_plan(
            actor=actor, key=key, contract_ref=world["drafted"], **uploaded_plan("plan.csv")
        ),
    )


@story
def import_plan(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: contracting.import_plan(
            actor=actor, key=key, contract_ref=world["planning"], upload_ref=world["upload"]
        ),
    )


@story
def save_template(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: contracting.save_template(
            actor=actor, key=key, contract_ref=world["drafted"], name="Warehouses"
        ),
    )


@story
def rename_template(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: contracting.rename_template(
            actor=actor, key=key, template_ref=world["template"], name="Warehouses"
        ),
    )


@story
def delete_template(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: contracting.delete_template(actor=actor, key=key, template_ref=world["template"]),
    )


@story
def propose_contract(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: contracting.propose_contract(
            actor=actor, key=key, contract_ref=world["drafted"], seen=world["drafted.text"]
        ),
    )


@story
def sign_contract(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: contracting.sign_contract(
            actor=actor, key=key, version_ref=world["proposed.version"], seen=world["proposed.text"]
        ),
    )


@story
def set_order_number(world: World) -> Attempt:
    return _by(
        world,
        "payables",
        lambda actor, key: contracting.set_order_number(
            actor=actor, key=key, contract_ref=world["changeable"], number="4500"
        ),
    )


@story
def request_contract_changes(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: contracting.request_contract_changes(
            actor=actor, key=key, version_ref=world["proposed.version"], reason="Cheaper, please."
        ),
    )


@story
def withdraw_contract(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: contracting.withdraw_contract(actor=actor, key=key, contract_ref=world["proposed"]),
    )


@story
def comment_contract(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: negotiating.comment_contract(
            actor=actor, key=key, version_ref=world["proposed.version"], text="Would June do?"
        ),
    )


@story
def answer_proposal(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: negotiating.answer_proposal(actor=actor, key=key, version_ref=world["proposed.version"]),
    )


@story
def record_change(world: World) -> Attempt:
    noted = ChangeDraft(title="Cold store", reason="Nobody knows yet what it costs.")
    return _by(
        world,
        "buyer",
        lambda actor, key: changing.record_change(actor=actor, key=key, contract_ref=world["changeable"], draft=noted),
    )


@story
def propose_change(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: changing.propose_change(
            actor=actor,
            key=key,
            contract_ref=world["changeable"],
            draft=NOTED_AND_PRICED,
            seen=world["changeable.text"],
        ),
    )


@story
def sign_change(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: changing.sign_change(
            actor=actor, key=key, order_ref=world["change"], seen=world["change.text"]
        ),
    )


@story
def decline_change(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: changing.decline_change(actor=actor, key=key, order_ref=world["change"], reason="Too dear."),
    )


@story
def withdraw_change(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: changing.withdraw_change(actor=actor, key=key, order_ref=world["change"], reason="Not now."),
    )


@story
def expire_proposal(world: World) -> Attempt:
    actor = Actor.system(organisation_id=world.parties.seller.pk)
    return Attempt(
        lambda key: negotiating.expire_proposal(actor=actor, key=key, version_ref=world["until.version"]),
        lambda: acting(actor, at=START + timedelta(days=10)),
    )


@story
def renew_link(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: contracting.renew_link(actor=actor, key=key, grant_ref=world["submission.grant"]),
    )


# --- milestones --------------------------------------------------------------------------------------------------


@story
def ask_question(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: before_acceptance.ask_question(
            actor=actor, key=key, submission_ref=world["stepped"], text="Which version?"
        ),
    )


@story
def comment_milestone(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: commenting.comment_milestone(
            actor=actor, key=key, milestone_ref=world["stepped.milestone"], text="Ring at gate 2."
        ),
    )


@story
def answer_question(world: World) -> Attempt:
    return _by(
        world,
        "delivery",
        lambda actor, key: before_acceptance.answer_question(
            actor=actor, key=key, question_ref=world["question"], text="The third."
        ),
    )


@story
def pass_milestone(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: before_acceptance.pass_milestone(
            actor=actor, key=key, submission_ref=world["stepped"], membership_ref=world["approver"], note="Yours."
        ),
    )


@story
def pass_by_link(world: World) -> Attempt:
    return _by_link(
        world,
        "by-link",
        lambda actor, key: before_acceptance.pass_by_link(
            actor=actor,
            key=key,
            submission_ref=world["by-link"],
            name="Nina Hafen",
            email="nina@hafen.example",
            note="Yours.",
        ),
    )


@story
def take_back_milestone(world: World) -> Attempt:
    return _by_link(
        world,
        "passed",
        lambda actor, key: before_acceptance.take_back_milestone(actor=actor, key=key, submission_ref=world["passed"]),
    )


@story
def inspect_milestone(world: World) -> Attempt:
    criteria = [pk for name, pk in world.ids.items() if name.startswith("stepped.criterion.")]
    verdicts = [CriterionVerdict(pk, is_passed=False, reason="Not yet.") for pk in criteria]
    return _by(
        world,
        "buyer",
        lambda actor, key: before_acceptance.inspect_milestone(
            actor=actor, key=key, submission_ref=world["stepped"], seen=world["stepped.text"], verdicts=verdicts
        ),
    )


@story
def prepare_submission(world: World) -> Attempt:
    criteria = [pk for name, pk in world.ids.items() if name.startswith("planned.criterion.")]
    answers = [CriterionAnswer(pk, is_met=True, note="Shown.") for pk in criteria]
    return _by(
        world,
        "delivery",
        lambda actor, key: sign_off.prepare_submission(
            actor=actor, key=key, milestone_ref=world["planned"], note="Done.", answers=answers
        ),
    )


@story
def attach_evidence(world: World) -> Attempt:
    def attach(actor: Actor, key: str) -> Answer:
        upload = ContentFile(PDF, name="protocol-2.pdf")
        return sign_off.attach_evidence(
            actor=actor,
            milestone_ref=world["prepared"],
            upload=upload,
            criterion_id=world.ids["prepared.criterion"],
        )

    return replace(_by(world, "delivery", attach), files=True)


@story
def remove_evidence(world: World) -> Attempt:
    return _by(
        world,
        "delivery",
        lambda actor, key: sign_off.remove_evidence(actor=actor, evidence_ref=world["evidence"]),
    )


@story
def submit_milestone(world: World) -> Attempt:
    return _by(
        world,
        "delivery",
        lambda actor, key: sign_off.submit_milestone(
            actor=actor, key=key, milestone_ref=world["prepared"], seen=world["prepared.text"]
        ),
    )


@story
def withdraw_submission(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: sign_off.withdraw_submission(actor=actor, key=key, submission_ref=world["submission"]),
    )


@story
def accept_milestone(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: sign_off.accept_milestone(
            actor=actor, key=key, submission_ref=world["submission"], seen=world["submission.text"]
        ),
    )


@story
def accept_part(world: World) -> Attempt:
    verdicts = [CriterionVerdict(world.ids["submission.criterion"], is_passed=False, reason="Half of the pages.")]
    return _by(
        world,
        "approver",
        lambda actor, key: sign_off.accept_part(
            actor=actor,
            key=key,
            submission_ref=world["submission"],
            seen=world["submission.text"],
            part=Part(percent=Decimal("33.3")),
            verdicts=verdicts,
        ),
    )


@story
def accept_with_reservations(world: World) -> Attempt:
    defects = [Defect("The last page is blank", date(2036, 1, 31), Decimal(100))]
    return _by(
        world,
        "approver",
        lambda actor, key: reserving.accept_with_reservations(
            actor=actor,
            key=key,
            submission_ref=world["submission"],
            seen=world["submission.text"],
            defects=defects,
        ),
    )


@story
def report_mended(world: World) -> Attempt:
    return _by(
        world,
        "delivery",
        lambda actor, key: reserving.report_mended(
            actor=actor, key=key, reservation_ref=world["reservation"], text="It is there."
        ),
    )


@story
def attach_to_reservation(world: World) -> Attempt:
    def attach(actor: Actor, key: str) -> Answer:
        upload = ContentFile(PDF, name="hinge.pdf")
        return reserving.attach_to_reservation(actor=actor, reservation_ref=world["reservation"], upload=upload)

    return replace(_by(world, "delivery", attach), files=True)


@story
def dispute_defect(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: mended.dispute_defect(actor=actor, key=key, reservation_ref=world["reservation.mended"]),
        at=START + timedelta(days=60),
    )


@story
def remind_of_mended(world: World) -> Attempt:
    clockwork, ref = Actor.system(organisation_id=world.parties.seller.pk), world["reservation.mended"]
    due = Reservation.objects.using("owner").values_list("answer_due_at", flat=True).get(ref=ref)
    return Attempt(
        lambda key: mended.remind_of_mended(actor=clockwork, key=key, reservation_ref=ref, what="look"),
        lambda: acting(clockwork, at=due),
    )


@story
def remind_of_defect(world: World) -> Attempt:
    clockwork, ref = Actor.system(organisation_id=world.parties.seller.pk), world["reservation"]
    return Attempt(
        lambda key: reserving.remind_of_defect(actor=clockwork, key=key, reservation_ref=ref, what="near"),
        lambda: acting(clockwork, at=START.replace(year=2036, month=1, day=29)),
    )


@story
def say_missing(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: reserving.say_missing(
            actor=actor, key=key, reservation_ref=world["reservation.mended"], text="It is not."
        ),
    )


@story
def release_reservation(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: reserving.release_reservation(
            actor=actor, key=key, reservation_ref=world["reservation.mended"]
        ),
    )


@story
def offer_reduction(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: reserving.offer_reduction(
            actor=actor, key=key, reservation_ref=world["reservation"], amount=Decimal(30)
        ),
    )


@story
def agree_reduction(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: reserving.agree_reduction(actor=actor, key=key, offer_ref=world["reservation.offer"]),
    )


@story
def request_changes(world: World) -> Attempt:
    verdicts = [CriterionVerdict(world.ids["submission.criterion"], is_passed=False, reason="The copy is blank.")]
    return _by(
        world,
        "buyer",
        lambda actor, key: sign_off.request_changes(
            actor=actor,
            key=key,
            submission_ref=world["submission"],
            seen=world["submission.text"],
            verdicts=verdicts,
        ),
    )


@story
def note_counterparty(world: World) -> Attempt:
    """Told once, however often it is tried within the hour."""

    def note(actor: Actor, key: str) -> Answer:
        links.note_counterparty(actor=actor, grant_ref=world["submission.grant"], at=START)
        return {}

    return _by(world, "seller", note)


# --- reviews -----------------------------------------------------------------------------------------------------


@story
def note_delivery(world: World) -> Attempt:
    actor, at = Actor.system(organisation_id=world.parties.buyer.pk), START + timedelta(hours=1)

    def note(key: str) -> Answer:
        notices.note_delivery(actor=actor, submission_ref=world["submission"], proof=Proof.MAIL, at=at)
        return {}

    return Attempt(note, lambda: acting(actor, at=at))


@story
def note_failure(world: World) -> Attempt:
    """Told twice, it is noted once."""
    actor, at = Actor.system(organisation_id=world.parties.seller.pk), START + timedelta(hours=2)

    def note(key: str) -> Answer:
        mail = SentMail.objects.select_related("contract", "sender").get(pk=world.ids["silent.mail"])
        notices.note_failure(
            actor=actor,
            mail=mail,
            mailbox=mail.recipients[0],
            failure=Failure((), "5.1.1", "No such user"),
            received_at=at,
            at=at,
        )
        return {}

    return Attempt(note, lambda: acting(actor, at=at))


@story
def remind_of_review(world: World) -> Attempt:
    actor = Actor.system(organisation_id=world.parties.seller.pk)
    return Attempt(
        lambda key: reviews.remind_of_review(
            actor=actor, key=key, submission_ref=world["silent"], kind=Reminder.Kind.HALFWAY.value
        ),
        lambda: acting(actor, at=START + timedelta(days=10)),
    )


@story
def deem_milestone(world: World) -> Attempt:
    actor = Actor.system(organisation_id=world.parties.seller.pk)
    return Attempt(
        lambda key: reviews.deem_milestone(actor=actor, key=key, submission_ref=world["silent"]),
        lambda: acting(actor, at=START + timedelta(days=20)),
    )


@story
def bill_instalment(world: World) -> Attempt:
    actor = Actor.system(organisation_id=world.parties.seller.pk)
    return Attempt(
        lambda key: instalments.bill_instalment(actor=actor, key=key, instalment_ref=world["period"]),
        lambda: acting(actor, at=START + timedelta(hours=1)),
    )


# --- proofs ------------------------------------------------------------------------------------------------------


@story
def retry_certificate(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: proofs.retry_certificate(actor=actor, key=key, submission_ref=world["paid.submission"]),
        at=START + timedelta(hours=1),
    )


@story
def retry_event_certificate(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: proofs.retry_event_certificate(actor=actor, key=key, event_ref=world["event"]),
        at=START + timedelta(hours=1),
    )


@story
def retry_contract_document(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: proofs.retry_contract_document(
            actor=actor, key=key, version_ref=world["proposed.version"], kind="proposal"
        ),
        at=START + timedelta(hours=1),
    )


@story
def retry_settlement_paper(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: proofs.retry_settlement_paper(actor=actor, key=key, settlement_ref=world["settled"]),
        at=START + timedelta(hours=1),
    )


@story
def request_pack(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: proofs.request_pack(actor=actor, key=key, contract_ref=world["accepted"]),
    )


# --- being paid --------------------------------------------------------------------------------------------------


@story
def set_own_accounts(world: World) -> Attempt:
    details = {"consultant": 29098, "client": 55003, "year_begins": 1, "chart": ""}
    return _by(
        world,
        "billing",
        lambda actor, key: exporting.set_own_accounts(
            actor=actor, key=key, package="datev", accounts={"1000": "1200"}, details=details
        ),
    )


@story
def request_export(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: exporting.request_export(
            actor=actor, key=key, currency="EUR", kind="xlsx", starts_on=START.date(), ends_on=START.date()
        ),
    )


@story
def recognise_revenue(world: World) -> Attempt:
    seller = Actor.system(organisation_id=world.parties.seller.pk)
    return Attempt(
        lambda _key: revenue.recognise_revenue(contract_ref=world["billed"], seller_id=seller.organisation_id),
        lambda: acting(seller, at=START),
    )


@story
def recognise_together(world: World) -> Attempt:
    seller = Actor.system(organisation_id=world.parties.seller.pk)
    return Attempt(
        lambda _key: dict.fromkeys(
            revenue.recognise_together([world["billed"]], seller_id=seller.organisation_id, through=START.date()),
            "left to be tried by itself",
        ),
        lambda: acting(seller, at=START),
    )


@story
def work_off(world: World) -> Attempt:
    """The month of a seller of one contract, of which nothing is recognised yet."""
    seller = Actor.system(organisation_id=world.ids["closing.seller"])

    def run(_key: str) -> Answer:
        revenue.work_off(period_ref=world["closing"], seller_id=seller.organisation_id)
        return {}

    return Attempt(run, lambda: acting(seller, at=START), goes_on=True)


@story
def judge_revenue(world: World) -> Attempt:
    decision = Decision(
        kind=JudgementKind.VARIABLE,
        reason="Agreed.",
        effective_on=START.date(),
        about="Bonus",
        outcomes=(Outcome(amount=Decimal(500), percent=Decimal(100)),),
    )
    return _by(
        world,
        "billing",
        lambda actor, key: revenue.judge_revenue(actor=actor, key=key, contract_ref=world["billed"], decision=decision),
    )


@story
def close_period(world: World) -> Attempt:
    ended = START.date().replace(day=1) - timedelta(days=1)
    return _by(world, "billing", lambda actor, key: revenue.close_period(actor=actor, key=key, through=ended))


@story
def retry_export(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: exporting.retry_export(actor=actor, key=key, export_ref=world["export"]),
        at=START + timedelta(hours=1),
    )


@story
def record_payment(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: billing.record_payment(
            actor=actor,
            key=key,
            invoice_ref=world["payable"],
            amount=Decimal("1234.56"),
            received_on=START.date(),
            bank_reference="IN-77",
        ),
    )


@story
def reverse_payment(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: billing.reverse_payment(
            actor=actor, key=key, payment_ref=world["payment"], reason="Of another customer."
        ),
    )


# --- corrections -------------------------------------------------------------------------------------------------


@story
def credit_invoice(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: crediting.credit_invoice(
            actor=actor,
            key=key,
            invoice_ref=world["creditable"],
            share=Share(percent=Decimal(10)),
            reason="Too dear.",
            seen=world["creditable.seen"],
        ),
    )


@story
def reissue_invoice(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: crediting.reissue_invoice(
            actor=actor, key=key, invoice_ref=world["owed"], reason="Wrong.", seen=world["owed.seen"]
        ),
    )


@story
def correct_invoice(world: World) -> Attempt:
    with walls.asking_for(world.parties.seller.pk):
        said = snapshot.read(Invoice.objects.get(ref=world["creditable"]).snapshot)
    right = replace(words_of(said), **corrections.STREET)
    return _by(
        world,
        "billing",
        lambda actor, key: correcting.correct_invoice(
            actor=actor,
            key=key,
            invoice_ref=world["creditable"],
            right=right,
            reason="They moved.",
            seen=world["corrected.seen"],
        ),
    )


@story
def ask_nullification(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: crediting.ask_nullification(
            actor=actor,
            key=key,
            milestone_ref=world["creditable.milestone"],
            share=Share(amount=Decimal("2500.00")),
            reason="It loses rows.",
        ),
    )


@story
def grant_nullification(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: crediting.grant_nullification(actor=actor, key=key, nullification_ref=world["asked"]),
    )


@story
def decline_nullification(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: crediting.decline_nullification(
            actor=actor, key=key, nullification_ref=world["asked"], reason="It loses none."
        ),
    )


@story
def withdraw_nullification(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: crediting.withdraw_nullification(actor=actor, key=key, nullification_ref=world["asked"]),
    )


# --- disputes ----------------------------------------------------------------------------------------------------


@story
def dispute_submission(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: disputing.dispute_submission(
            actor=actor, key=key, submission_ref=world["silent"], amount=None, reason="Rows are lost.", answer_days=14
        ),
    )


@story
def dispute_rest(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: disputing.dispute_rest(
            actor=actor,
            key=key,
            submission_ref=world["parted"],
            seen=world["parted.text"],
            amount=Decimal(500),
            verdicts=[],
            reason="Rows are lost.",
            answer_days=14,
        ),
    )


@story
def dispute_invoice(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: disputing.dispute_invoice(
            actor=actor,
            key=key,
            invoice_ref=world["creditable"],
            share=Share(percent=Decimal(10)),
            reason="Too dear.",
            answer_days=14,
        ),
    )


@story
def answer_dispute(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: disputing.answer_dispute(
            actor=actor, key=key, dispute_ref=world["dispute"], text="None is lost."
        ),
    )


@story
def attach_to_dispute(world: World) -> Attempt:
    def attach(actor: Actor, key: str) -> Answer:
        upload = ContentFile(PDF, name="rows.pdf")
        return disputing.attach_to_dispute(actor=actor, dispute_ref=world["dispute"], upload=upload)

    return replace(_by(world, "billing", attach), files=True)


@story
def hand_in_document(world: World) -> Attempt:
    def hand_in(actor: Actor, key: str) -> Answer:
        upload = ContentFile(PDF, name="waiver.pdf")
        return payment_documents.hand_in_document(actor=actor, document_ref=world["document.missing"], upload=upload)

    return replace(_by(world, "billing", hand_in), files=True)


@story
def confirm_document(world: World) -> Attempt:
    return _by(
        world,
        "payables",
        lambda actor, key: payment_documents.confirm_document(
            actor=actor, key=key, document_ref=world["document.handed_in"]
        ),
    )


@story
def tell_of_ending_document(world: World) -> Attempt:
    clockwork, ref = Actor.system(organisation_id=world.parties.seller.pk), world["document.missing"]
    until = START.date() + timedelta(days=20)
    with acting(scenarios.member(world.parties, "billing"), at=START) as bilge:
        payment_documents.hand_in_document(actor=bilge, document_ref=ref, note="By post.", valid_until=until)
    with acting(scenarios.member(world.parties, "payables"), at=START) as paul:
        payment_documents.confirm_document(actor=paul, key=scenarios.key(), document_ref=ref)
    return Attempt(
        lambda key: payment_documents.tell_of_ending_document(actor=clockwork, key=key, document_ref=ref),
        lambda: acting(clockwork, at=START + timedelta(days=10)),
    )


@story
def return_document(world: World) -> Attempt:
    return _by(
        world,
        "payables",
        lambda actor, key: payment_documents.return_document(
            actor=actor, key=key, document_ref=world["document.handed_in"], reason="It is not signed."
        ),
    )


@story
def propose_outcome(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: disputing.propose_outcome(
            actor=actor, key=key, dispute_ref=world["dispute"], outcome="rejected", note="Found."
        ),
    )


@story
def agree_outcome(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: disputing.agree_outcome(actor=actor, key=key, proposal_ref=world["dispute.proposal"]),
    )


@story
def withdraw_dispute(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: disputing.withdraw_dispute(actor=actor, key=key, dispute_ref=world["dispute"]),
    )


@story
def remind_of_position(world: World) -> Attempt:
    actor = Actor.system(organisation_id=world.parties.buyer.pk)
    return Attempt(
        lambda key: disputing.remind_of_position(actor=actor, key=key, dispute_ref=world["dispute"]),
        lambda: acting(actor, at=START + timedelta(days=40)),
    )


# --- terminations ------------------------------------------------------------------------------------------------


@story
def give_notice(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: terminating.give_notice(
            actor=actor,
            key=key,
            contract_ref=world["endless"],
            ground="cause",
            reason="Too late.",
            effective_on=START.date() + timedelta(days=30),
        ),
    )


@story
def withdraw_notice(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: terminating.withdraw_notice(actor=actor, key=key, termination_ref=world["notice"]),
    )


@story
def propose_settlement(world: World) -> Attempt:
    """Whoever sends the figures again sends the text that was seen the first time."""

    def propose(actor: Actor, key: str) -> Answer:
        values = worth_700(Contract.objects.get(ref=world["ending"]))
        seen = world["ending.text"]
        return terminating.propose_settlement(
            actor=actor, key=key, contract_ref=world["ending"], values=values, seen=seen
        )

    return _by(world, "buyer", propose)


@story
def withdraw_settlement(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: terminating.withdraw_settlement(actor=actor, key=key, settlement_ref=world["settlement"]),
    )


@story
def sign_settlement(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: terminating.sign_settlement(
            actor=actor, key=key, settlement_ref=world["settlement"], seen=world["settlement.text"]
        ),
    )


@story
def allocate_payment(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: crediting.allocate_payment(
            actor=actor, key=key, payment_ref=world["free"], invoice_ref=world["owed"]
        ),
    )


@story
def ask_refund(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: refunding.ask_refund(
            actor=actor, key=key, payment_ref=world["free"], amount=Decimal("10.00"), reason="Too much."
        ),
    )


@story
def approve_refund(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: refunding.approve_refund(actor=actor, key=key, refund_ref=world["refund.asked"]),
    )


@story
def pay_refund(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: refunding.pay_refund(
            actor=actor,
            key=key,
            refund_ref=world["refund.approved"],
            paid_on=START.date(),
            bank_reference="OUT-2",
        ),
    )


@story
def withdraw_refund(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: refunding.withdraw_refund(
            actor=actor, key=key, refund_ref=world["refund.approved"], reason="It settles another invoice."
        ),
    )


@story
def return_refund(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: refunding.return_refund(
            actor=actor, key=key, refund_ref=world["refund.paid"], reason="The account is closed."
        ),
    )


@story
def retry_credit_document(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: crediting.retry_credit_document(actor=actor, key=key, credit_note_ref=world["note"]),
    )


@story
def resend_credit_note(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: crediting.resend_credit_note(actor=actor, key=key, credit_note_ref=world["lost.note"]),
    )


@story
def resend_corrected_invoice(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: correcting.resend_corrected_invoice(
            actor=actor, key=key, corrected_ref=world["lost.correction"]
        ),
    )


@story
def retry_corrected_document(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: correcting.retry_corrected_document(actor=actor, key=key, corrected_ref=world["correction"]),
    )


# --- bank statements ---------------------------------------------------------------------------------------------


@story
def confirm_event(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: confirming.confirm_event(
            actor=actor, key=key, contract_ref=world["calendar"], event="Permit granted", note="Seen."
        ),
    )


@story
def submit_application(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: applying.submit_application(
            actor=actor, key=key, application_ref=world["applying"], seen=world["applying.text"]
        ),
    )


@story
def withdraw_application(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: applying.withdraw_application(actor=actor, key=key, application_ref=world["applied"]),
    )


@story
def return_application(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: applying.return_application(
            actor=actor, key=key, application_ref=world["applied"], seen=world["applied.text"], reason="Not shown."
        ),
    )


@story
def certify_application(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: applying.certify_application(
            actor=actor,
            key=key,
            application_ref=world["applied"],
            seen=world["applied.text"],
            figures={world["applied.milestone"]: Figure(Decimal(5000), "Not shown.")},
        ),
    )


@story
def release_retention(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: retention.release_retention(
            actor=actor, key=key, contract_ref=world["retained"], position=1
        ),
    )


@story
def import_statements(world: World) -> Attempt:
    file = uploaded(Booking(START.date(), Decimal("77.00"), reference="NEW"), number="NEW")
    return _by(
        world,
        "billing",
        lambda actor, key: statements.import_statements(actor=actor, key=key, **file),
    )


@story
def match_transaction(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: statements.match_transaction(
            actor=actor, key=key, transaction_ref=world["arrived.exact"], invoice_ref=world["payable"]
        ),
    )


@story
def apply_transaction(world: World) -> Attempt:
    parts = (PaymentPart(world["payable"], "", Decimal("100.00")), PaymentPart(world["paid"], "", Decimal("20.00")))
    return _by(
        world,
        "billing",
        lambda actor, key: statements.apply_transaction(
            actor=actor, key=key, transaction_ref=world["arrived.open"], parts=parts, how="by_hand"
        ),
    )


@story
def undo_transaction(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: statements.undo_transaction(
            actor=actor, key=key, transaction_ref=world["arrived.applied"], reason="Of another customer."
        ),
    )


@story
def set_aside_transaction(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: statements.set_aside_transaction(
            actor=actor, key=key, transaction_ref=world["arrived.open"], reason="A tax refund."
        ),
    )


@story
def take_up_transaction(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: statements.take_up_transaction(actor=actor, key=key, transaction_ref=world["arrived.aside"]),
    )


OVERDUE = START + timedelta(days=60)


@story
def claim_damages(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: charging.claim_damages(actor=actor, key=key, milestone_ref=world["late"]),
    )


@story
def waive_damages(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: charging.waive_damages(
            actor=actor, key=key, milestone_ref=world["late"], reason="We were late, too."
        ),
    )


@story
def charge_back(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: charging.charge_back(
            actor=actor,
            key=key,
            milestone_ref=world["late"],
            amount=Decimal(50),
            reason="We cleaned up.",
            evidence="A bill.",
        ),
    )


@story
def answer_charge(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: charging.answer_charge(actor=actor, key=key, charge_ref=world["charged_back"], agrees=True),
    )


@story
def withdraw_charge(world: World) -> Attempt:
    return _by(
        world,
        "approver",
        lambda actor, key: charging.withdraw_charge(
            actor=actor, key=key, charge_ref=world["standing"], reason="It was our calendar."
        ),
    )


@story
def claim_bonus(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: charging.claim_bonus(actor=actor, key=key, milestone_ref=world["early"]),
    )


@story
def claim_late_payment(world: World) -> Attempt:
    contract = Contract.objects.using("owner").get(ref=world["retained"])
    with walls.asking_for(contract.seller_id):
        seen = invoicing.seen_of(invoicing.late_of(contract, today=OVERDUE.date()))
    return _by(
        world,
        "billing",
        lambda actor, key: late_payment.claim_late_payment(actor=actor, key=key, contract_ref=contract.ref, seen=seen),
        at=OVERDUE,
    )


@story
def remind_buyer(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: reminding.remind_buyer(actor=actor, key=key, invoice_ref=world["paid"]),
        at=OVERDUE,
    )


@story
def pause_reminders(world: World) -> Attempt:
    until = START.date() + timedelta(days=60)
    return _by(
        world,
        "billing",
        lambda actor, key: reminding.pause_reminders(
            actor=actor, key=key, invoice_ref=world["paid"], until=until, reason="They pay in two parts."
        ),
    )


@story
def resume_reminders(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: reminding.resume_reminders(actor=actor, key=key, invoice_ref=world["payable"]),
    )


@story
def remind_by_schedule(world: World) -> Attempt:
    clockwork = Actor.system(organisation_id=world.parties.seller.pk)
    return Attempt(
        lambda key: reminding.remind_by_schedule(actor=clockwork, key=key, invoice_ref=world["paid"], number=1),
        lambda: acting(clockwork, at=OVERDUE),
    )


@story
def set_reminders(world: World) -> Attempt:
    return _by(
        world, "billing", lambda actor, key: reminding.set_reminders(actor=actor, key=key, days=[3, 14]), at=START
    )


@story
def resend_invoice(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: billing.resend_invoice(actor=actor, key=key, invoice_ref=world["paid"]),
    )


@story
def send_account_statement(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: account_letters.send_account_statement(
            actor=actor,
            key=key,
            other_ref=world.parties.buyer.ref,
            currency="EUR",
            since=START.date() - timedelta(days=30),
            until=START.date(),
        ),
    )


@story
def send_account_statement_again(world: World) -> Attempt:
    """Nobody made it for an hour."""
    with acting(member(world.parties, "billing"), at=START) as actor:
        asked = account_letters.send_account_statement(
            actor=actor,
            key="letter",
            other_ref=world.parties.buyer.ref,
            currency="EUR",
            since=START.date() - timedelta(days=30),
            until=START.date(),
        )
    return _by(
        world,
        "billing",
        lambda actor, key: account_letters.send_account_statement_again(
            actor=actor, key=key, letter_ref=asked["letter"]
        ),
        at=START + timedelta(hours=1),
    )


@story
def set_monthly_statements(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: account_letters.set_monthly_statements(actor=actor, key=key, is_on=True),
    )


@story
def write_monthly_statements(world: World) -> Attempt:
    since = START.date().replace(day=1)
    until = (since + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    with acting(member(world.parties, "billing"), at=START) as actor:
        account_letters.set_monthly_statements(actor=actor, key="monthly", is_on=True)
    return _by(
        world,
        "billing",
        lambda actor, key: account_letters.write_monthly_statements(actor=actor, key=key, since=since, until=until),
        at=START + timedelta(days=40),
    )


@story
def renew_invoice_link(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: hosting.renew_invoice_link(actor=actor, key=key, invoice_ref=world["paid"]),
    )


@story
def revoke_invoice_link(world: World) -> Attempt:
    with acting(member(world.parties, "billing"), at=START) as actor:
        hosting.renew_invoice_link(actor=actor, key="a page", invoice_ref=world["paid"])
    return _by(
        world,
        "billing",
        lambda actor, key: hosting.revoke_invoice_link(actor=actor, key=key, invoice_ref=world["paid"]),
    )


@story
def ask_about_invoice(world: World) -> Attempt:
    return _by(
        world,
        "payables",
        lambda actor, key: hosting.ask_about_invoice(actor=actor, key=key, invoice_ref=world["paid"], text="Why?"),
    )


@story
def ask_to_dispute(world: World) -> Attempt:
    sent = Submission.objects.using("owner").select_related("contract").get(ref=world["by-link"])
    hein = scenarios.guest_actor(GuestGrant.objects.using("owner").get(ref=world["by-link.grant"]))
    with acting(hein, at=START):
        done = sign_off.accept_milestone(actor=hein, key="asked for", submission_ref=sent.ref, seen=sent.sha256)
    with acting(member(world.parties, "billing"), at=START) as actor:
        made = hosting.renew_invoice_link(actor=actor, key="a page", invoice_ref=done["invoice"])
    reader = Actor(kind=ActorKind.GUEST, organisation_id=sent.contract.buyer_id, contract_id=sent.contract_id)
    return Attempt(
        lambda key: hosting.ask_to_dispute(actor=reader, key=key, invoice_ref=done["invoice"], link_ref=made["link"]),
        lambda: acting(reader, at=START),
    )


@story
def answer_about_invoice(world: World) -> Attempt:
    with acting(member(world.parties, "payables"), at=START) as actor:
        asked = hosting.ask_about_invoice(actor=actor, key="a question", invoice_ref=world["paid"], text="Why?")
    return _by(
        world,
        "billing",
        lambda actor, key: hosting.answer_about_invoice(
            actor=actor, key=key, question_ref=asked["question"], text="Because."
        ),
    )


@story
def retry_document(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: billing.retry_document(actor=actor, key=key, invoice_ref=world["failed"]),
    )


# --- financing ---------------------------------------------------------------------------------------------------


@story
def open_facility(world: World) -> Attempt:
    terms = FacilityTerms(currency="USD", limit=Decimal(100_000))
    return _by(
        world,
        "underwriter",
        lambda actor, key: funding.open_facility(
            actor=actor, key=key, seller_ref=world.parties.seller.ref, terms=terms
        ),
    )


@story
def change_facility(world: World) -> Attempt:
    terms = FacilityTerms(currency="EUR", limit=Decimal(4_000_000))
    return _by(
        world,
        "underwriter",
        lambda actor, key: funding.change_facility(
            actor=actor, key=key, facility_ref=world["facility"], terms=terms, reason="Reviewed for the year."
        ),
    )


@story
def close_facility(world: World) -> Attempt:
    """One under which nothing is asked for or out."""
    return _by(
        world,
        "underwriter",
        lambda actor, key: funding.close_facility(
            actor=actor, key=key, facility_ref=world["unused facility"], reason="Not used."
        ),
    )


@story
def verify_buyer(world: World) -> Attempt:
    return _by(
        world,
        "underwriter",
        lambda actor, key: underwriting.verify_buyer(
            actor=actor, key=key, buyer_ref=world["unclaimed"], checked="Register extract HRA 4711."
        ),
    )


@story
def confirm_signatory(world: World) -> Attempt:
    return _by(
        world,
        "underwriter",
        lambda actor, key: underwriting.confirm_signatory(
            actor=actor,
            key=key,
            verification_ref=world["verification"],
            signatory=world["signatory"],
            checked="Called back over the number of the register.",
        ),
    )


@story
def revoke_verification(world: World) -> Attempt:
    return _by(
        world,
        "underwriter",
        lambda actor, key: underwriting.revoke_verification(
            actor=actor, key=key, verification_ref=world["verification"], reason="It has moved."
        ),
        at=noon(COLLECTED_ON),
    )


@story
def set_exposure_limit(world: World) -> Attempt:
    return _by(
        world,
        "underwriter",
        lambda actor, key: underwriting.set_exposure_limit(
            actor=actor, key=key, exposure_ref=world["exposure"], limit=Decimal(2_000_000)
        ),
    )


@story
def request_funding(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: funding.request_funding(
            actor=actor, key=key, milestone_refs=[world["fundable.milestone"]], facility_ref=world["facility"]
        ),
    )


@story
def withdraw_request(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: funding.withdraw_request(actor=actor, key=key, request_ref=world["requested"]),
    )


@story
def decline_request(world: World) -> Attempt:
    return _by(
        world,
        "analyst",
        lambda actor, key: funding.decline_request(
            actor=actor, key=key, request_ref=world["requested"], reason="Too soon."
        ),
    )


@story
def price_offer(world: World) -> Attempt:
    return _by(
        world,
        "analyst",
        lambda actor, key: funding.price_offer(
            actor=actor, key=key, request_ref=world["requested"], terms=stories.offer_terms()
        ),
    )


@story
def approve_offer(world: World) -> Attempt:
    return _by(
        world,
        "underwriter",
        lambda actor, key: funding.approve_offer(actor=actor, key=key, offer_ref=world["priced"]),
    )


@story
def revoke_offer(world: World) -> Attempt:
    return _by(
        world, "analyst", lambda actor, key: funding.revoke_offer(actor=actor, key=key, offer_ref=world["issued"])
    )


@story
def decline_offer(world: World) -> Attempt:
    return _by(
        world, "billing", lambda actor, key: funding.decline_offer(actor=actor, key=key, offer_ref=world["issued"])
    )


@story
def accept_offer(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: funding.accept_offer(
            actor=actor, key=key, offer_ref=world["issued"], seen=world["issued.text"]
        ),
    )


@story
def acknowledge_assignment(world: World) -> Attempt:
    return _by(
        world,
        "payables",
        lambda actor, key: funding.acknowledge_assignment(
            actor=actor, key=key, assignment_ref=world["assignment"], seen=world["assignment.text"]
        ),
    )


@story
def ask_assignment_proof(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: funding.ask_assignment_proof(actor=actor, key=key, assignment_ref=world["assignment"]),
    )


@story
def waive_notice(world: World) -> Attempt:
    return _by(
        world,
        "underwriter",
        lambda actor, key: funding.waive_notice(
            actor=actor, key=key, assignment_ref=world["assignment"], reason="A known buyer."
        ),
    )


@story
def waive_check(world: World) -> Attempt:
    """Of an advance that was demanded back nothing has come in for long."""
    return _by(
        world,
        "underwriter",
        lambda actor, key: underwriting.waive_check(
            actor=actor, key=key, offer_ref=world["priced"], check="seller", reason="It has paid half."
        ),
        at=noon(LATE + timedelta(days=60)),
    )


@story
def cancel_tranche(world: World) -> Attempt:
    return _by(
        world,
        "underwriter",
        lambda actor, key: funding.cancel_tranche(
            actor=actor, key=key, tranche_ref=world["acknowledged"], reason="Not needed."
        ),
    )


@story
def fund_tranche(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: funding.fund_tranche(
            actor=actor,
            key=key,
            tranche_ref=world["acknowledged"],
            value_on=FUNDED_ON,
            bank_reference="OUT-77",
        ),
        at=noon(FUNDED_ON),
    )


@story
def fund_offer(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: funding.fund_offer(
            actor=actor,
            key=key,
            offer_ref=world["promised"],
            seen=world["promised.seen"],
            value_on=FUNDED_ON,
            bank_reference="OUT-79",
        ),
        at=noon(FUNDED_ON),
    )


@story
def collect_payment(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: funding.collect_payment(
            actor=actor,
            key=key,
            tranche_ref=world["funded"],
            amount=Decimal("125000.00"),
            received_on=COLLECTED_ON,
            bank_reference="IN-78",
        ),
        at=noon(COLLECTED_ON),
    )


@story
def pay_reserve(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: funding.pay_reserve(
            actor=actor, key=key, tranche_ref=world["collected"], value_on=COLLECTED_ON, bank_reference="OUT-78"
        ),
        at=noon(COLLECTED_ON),
    )


def _ordered(world: World) -> str:
    """The order of one advance for the bank, picked by treasury."""
    with acting(member(world.parties, "treasury"), at=noon(FUNDED_ON)) as actor:
        return paying_out.order_payments(
            actor=actor,
            key="ordered",
            currency="EUR",
            wanted=(("advance", world["acknowledged"]),),
            execute_on=FUNDED_ON,
        )["order"]


def _approved(world: World) -> str:
    """The same, approved by the owner."""
    order = _ordered(world)
    with acting(member(world.parties, "financier"), at=noon(FUNDED_ON)) as actor:
        paying_out.approve_payment_order(actor=actor, key="approved", order_ref=order)
    return order


def _with_the_bank(world: World) -> str:
    """The one payment of an order whose file treasury has taken."""
    order = _approved(world)
    with acting(member(world.parties, "treasury"), at=noon(FUNDED_ON)) as actor:
        paying_out.hand_out_payment_file(actor=actor, key="taken", order_ref=order)
        return OrderedPayment.objects.get(order__ref=order).ref


@story
def order_payments(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: paying_out.order_payments(
            actor=actor,
            key=key,
            currency="EUR",
            wanted=(("reserve", world["collected"]),),
            execute_on=COLLECTED_ON,
        ),
        at=noon(COLLECTED_ON),
    )


@story
def approve_payment_order(world: World) -> Attempt:
    order = _ordered(world)
    return _by(
        world,
        "financier",
        lambda actor, key: paying_out.approve_payment_order(actor=actor, key=key, order_ref=order),
        at=noon(FUNDED_ON),
    )


@story
def discard_payment_order(world: World) -> Attempt:
    order = _ordered(world)
    return _by(
        world,
        "treasury",
        lambda actor, key: paying_out.discard_payment_order(actor=actor, key=key, order_ref=order, reason="Too early."),
        at=noon(FUNDED_ON),
    )


@story
def hand_out_payment_file(world: World) -> Attempt:
    order = _approved(world)
    return _by(
        world,
        "treasury",
        lambda actor, key: paying_out.hand_out_payment_file(actor=actor, key=key, order_ref=order),
        at=noon(FUNDED_ON),
    )


@story
def confirm_ordered_payment(world: World) -> Attempt:
    payment = _with_the_bank(world)
    return _by(
        world,
        "treasury",
        lambda actor, key: paying_out.confirm_ordered_payment(
            actor=actor, key=key, payment_ref=payment, value_on=FUNDED_ON
        ),
        at=noon(FUNDED_ON),
    )


@story
def return_ordered_payment(world: World) -> Attempt:
    payment = _with_the_bank(world)
    return _by(
        world,
        "treasury",
        lambda actor, key: paying_out.return_ordered_payment(
            actor=actor, key=key, payment_ref=payment, reason="The account is closed."
        ),
        at=noon(FUNDED_ON),
    )


@story
def postpone_advance(world: World) -> Attempt:
    return _by(
        world,
        "underwriter",
        lambda actor, key: recourse.postpone_advance(
            actor=actor,
            key=key,
            tranche_ref=world["before"],
            expected_on=stories.day(120),
            borne_by=Bears.SELLER,
            reason="Late.",
        ),
        at=noon(stories.day(30)),
    )


@story
def demand_advance(world: World) -> Attempt:
    return _by(
        world,
        "underwriter",
        lambda actor, key: recourse.demand_advance(
            actor=actor, key=key, tranche_ref=world["before"], reason="Not accepted."
        ),
        at=noon(LATE),
    )


@story
def demand_lapsed_advance(world: World) -> Attempt:
    actor, at = Actor.system(organisation_id=world.parties.financier.pk), noon(stories.day(400))
    return Attempt(
        lambda key: recourse.demand_lapsed_advance(actor=actor, key=key, tranche_ref=world["before"]),
        lambda: acting(actor, at=at),
    )


@story
def record_repayment(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: recourse.record_repayment(
            actor=actor, key=key, tranche_ref=world["owed_back"], received_on=LATE, bank_reference="BACK-77"
        ),
        at=noon(LATE),
    )


@story
def declare_default(world: World) -> Attempt:
    return _by(
        world,
        "underwriter",
        lambda actor, key: recourse.declare_default(
            actor=actor, key=key, tranche_ref=world["funded"], reason="Insolvent."
        ),
        at=noon(LATE),
    )


@story
def allow_for_loss(world: World) -> Attempt:
    return _by(
        world,
        "underwriter",
        lambda actor, key: recourse.allow_for_loss(
            actor=actor, key=key, tranche_ref=world["funded"], amount=Decimal(5_000), reason="Late."
        ),
        at=noon(LATE),
    )


@story
def write_off_advance(world: World) -> Attempt:
    return _by(
        world,
        "financier",
        lambda actor, key: recourse.write_off_advance(
            actor=actor, key=key, tranche_ref=world["lost"], reason="No quota."
        ),
        at=noon(LATE),
    )


@story
def return_disbursement(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: treasury.return_disbursement(
            actor=actor, key=key, tranche_ref=world["before"], value_on=COLLECTED_ON, bank_reference="RETURN-77"
        ),
        at=noon(COLLECTED_ON),
    )


@story
def return_surplus(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: treasury.return_surplus(
            actor=actor, key=key, tranche_ref=world["collected"], value_on=COLLECTED_ON, bank_reference="SURPLUS-77"
        ),
        at=noon(COLLECTED_ON),
    )


@story
def record_misdirected(world: World) -> Attempt:
    return _by(
        world,
        "billing",
        lambda actor, key: treasury.record_misdirected(
            actor=actor,
            key=key,
            tranche_ref=world["funded"],
            amount=Decimal("125.00"),
            received_on=COLLECTED_ON,
            bank_reference="ASTRAY-77",
        ),
        at=noon(COLLECTED_ON),
    )


@story
def record_passed_on(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: treasury.record_passed_on(
            actor=actor, key=key, tranche_ref=world["astray"], received_on=COLLECTED_ON, bank_reference="PASSED-77"
        ),
        at=noon(COLLECTED_ON),
    )


@story
def sweep_collections(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: treasury.sweep_collections(
            actor=actor,
            key=key,
            currency="EUR",
            amount=Decimal(5_000),
            value_on=COLLECTED_ON,
            bank_reference="SWEEP-77",
        ),
        at=noon(COLLECTED_ON),
    )


@story
def record_unidentified(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: treasury.record_unidentified(
            actor=actor,
            key=key,
            currency="EUR",
            amount=Decimal(5_000),
            received_on=COLLECTED_ON,
            bank_reference="WHO-77",
            note="Kantine",
        ),
        at=noon(COLLECTED_ON),
    )


@story
def identify_receipt(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: treasury.identify_receipt(
            actor=actor, key=key, receipt_ref=world["unidentified"], tranche_ref=world["funded"]
        ),
        at=noon(COLLECTED_ON),
    )


@story
def send_back_receipt(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: treasury.send_back_receipt(
            actor=actor,
            key=key,
            receipt_ref=world["unidentified"],
            value_on=COLLECTED_ON,
            bank_reference="BACK-78",
            reason="Not ours.",
        ),
        at=noon(COLLECTED_ON),
    )


@story
def reverse_collection(world: World) -> Attempt:
    return _by(
        world,
        "treasury",
        lambda actor, key: treasury.reverse_collection(
            actor=actor, key=key, collection_ref=world["collection"], reason="Wrong invoice."
        ),
        at=noon(COLLECTED_ON),
    )


@story
def expire_offers(world: World) -> Attempt:
    actor = Actor.system(organisation_id=world.parties.financier.pk)
    return Attempt(
        lambda key: funding.expire_offers(actor=actor, key=key),
        lambda: acting(actor, at=START + timedelta(days=90)),
    )


@story
def watch_book(world: World) -> Attempt:
    actor = Actor.system(organisation_id=world.parties.financier.pk)
    return Attempt(
        lambda key: watching.watch_book(actor=actor, key=key, on=stories.day(20)),
        lambda: acting(actor, at=noon(stories.day(20))),
    )


@story
def accrue_income(world: World) -> Attempt:
    actor = Actor.system(organisation_id=world.parties.financier.pk)
    return Attempt(
        lambda key: funding.accrue_income(actor=actor, key=key, through=stories.day(20)),
        lambda: acting(actor, at=noon(stories.day(20))),
    )


# --- teams -------------------------------------------------------------------------------------------------------

COMPANY: Final = OrganisationData(legal_name="Werft Consult GmbH", country="DE", vat_number="DE136695976")


@story
def found_organisation(world: World) -> Attempt:
    user = world.parties.people["seller"].user
    return _person(user, lambda key: team.found_organisation(user=user, origin=BROWSER, key=key, data=COMPANY))


@story
def name_counterparty(world: World) -> Attempt:
    return _by(world, "seller", lambda actor, key: team.name_counterparty(actor=actor, key=key, data=COMPANY))


@story
def set_counterparty_address(world: World) -> Attempt:
    place = {"street": "Kai 9", "postcode": "20457", "city": "Hamburg"}
    return _by(
        world,
        "seller",
        lambda actor, key: team.set_counterparty_address(
            actor=actor, key=key, organisation_ref=world["unclaimed"], **place
        ),
    )


@story
def set_counterparty_language(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: team.set_counterparty_language(
            actor=actor, key=key, organisation_ref=world["unclaimed"], language="de"
        ),
    )


@story
def change_organisation(world: World) -> Attempt:
    return _by(world, "seller", lambda actor, key: team.change_organisation(actor=actor, key=key, data=COMPANY))


@story
def set_bank_account(world: World) -> Attempt:
    account = AccountData(holder="Nordlicht", currency="EUR", iban="DE75512108001245126199", bic="SOLADEST600")
    return _by(world, "seller", lambda actor, key: team.set_bank_account(actor=actor, key=key, account=account))


@story
def set_brand(world: World) -> Attempt:
    data = BrandData(accent="#7a1f3d", foot_line="Amtsgericht Hamburg HRB 148801")
    return _by(world, "seller", lambda actor, key: team.set_brand(actor=actor, key=key, data=data))


@story
def set_step_up(world: World) -> Attempt:
    return _by(world, "buyer", lambda actor, key: team.set_step_up(actor=actor, key=key, above=Decimal("9999.99")))


@story
def send_code(world: World) -> Attempt:
    return replace(_by(world, "approver", lambda actor, key: step_up.send_code(actor=actor)), has_key=False)


@story
def prove(world: World) -> Attempt:
    def show(actor: Actor, key: str) -> Answer:
        return {"by": step_up.prove(actor=actor, code=proof_codes.code_of(world["code"])).by}

    attempt = _by(world, "seller", show)
    return replace(attempt, said_again="There is no code that still works. Ask for a new one.")


@story
def invite_member(world: World) -> Attempt:
    return _by(
        world,
        "seller",
        lambda actor, key: team.invite_member(
            actor=actor, key=key, email="nils@nordlicht.example", roles=frozenset({Role.BILLING})
        ),
    )


@story
def accept_invitation(world: World) -> Attempt:
    token = world["invitation.token"]
    with walls.asking_for(world.parties.buyer.pk):
        user = parties_services.enrol(email="ines@meridian.example", name="Ines Ihde")

    def join(key: str) -> Answer:
        walls.enter(user=user.pk, token=tokens.digest_of(token))
        return team.accept_invitation(user=user, origin=BROWSER, token=token)

    return _person(user, join)


@story
def revoke_invitation(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: team.revoke_invitation(actor=actor, key=key, invitation_ref=world["invitation"]),
    )


@story
def change_member(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: team.change_member(
            actor=actor,
            key=key,
            membership_ref=world["approver"],
            roles=frozenset({Role.APPROVER}),
            approval_limit=Decimal(5_000),
        ),
    )


@story
def end_membership(world: World) -> Attempt:
    return _by(
        world,
        "buyer",
        lambda actor, key: team.end_membership(actor=actor, key=key, membership_ref=world["approver"]),
    )


@story
def claim_organisation(world: World) -> Attempt:
    user = parties_services.enrol(email="hein@hafen.example", name="Hein Hafen")
    return _person(
        user,
        lambda key: team.claim_organisation(user=user, origin=BROWSER, organisation_ref=world["unclaimed"]),
    )


def _person(user: User, run: Callable[[str], Answer]) -> Attempt:
    """Somebody who acts for no organisation yet."""
    return Attempt(run, lambda: _alone(user))


class _alone(AbstractContextManager[None]):  # noqa: N801  reads as a verb where it is used
    def __init__(self, user: User) -> None:
        self.clock = clock.stopped(START)
        self.walls = walls.asking_for(user=user.pk)

    def __enter__(self) -> None:
        self.clock.__enter__()
        self.walls.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.walls.__exit__(*error)
        self.clock.__exit__(*error)
