"""The steps from a draft to a paid invoice."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.contracts import services as contracts
from apps.core.errors import Refused
from apps.milestones import services as milestones
from apps.milestones.services import CriterionVerdict
from apps.workflows import billing, contracting, sign_off
from apps.workflows.once import Answer
from tests import scenarios
from tests.engines.life_plain import AMOUNTS, SHARES, WHICH, ZERO, Plain, part
from tests.scenarios import acting, key


class Deal(Plain):
    """A contract signed, delivered, signed off and paid."""

    # --- the contract --------------------------------------------------------------------------------------------

    @rule()
    def propose(self) -> None:
        def run(actor: Any) -> Answer:
            _text, seen = contracts.preview(self._contract())
            return contracting.propose_contract(actor=actor, key=key(), contract_ref=self.contract.ref, seen=seen)

        if self._do("seller", run, allowed=self.contract_state == "draft"):
            self.contract_state = "proposed"

    @rule()
    def sign(self) -> None:
        if (version := self._version()) is None:
            return
        if self._do(
            "approver",
            lambda actor: contracting.sign_contract(
                actor=actor, key=key(), version_ref=version.ref, seen=version.sha256
            ),
            allowed=self.contract_state == "proposed",
        ):
            self.contract_state = "active"

    @precondition(lambda self: self.contract_state in ("draft", "proposed"))
    @rule()
    def ask_for_other_terms(self) -> None:
        if (version := self._version()) is None:
            return
        if self._do(
            "buyer",
            lambda actor: contracting.request_contract_changes(
                actor=actor, key=key(), version_ref=version.ref, reason="Cheaper."
            ),
            allowed=self.contract_state == "proposed",
        ):
            self.contract_state = "draft"

    @precondition(lambda self: self.contract_state in ("draft", "proposed"))
    @rule()
    def seller_signs_for_the_buyer(self) -> None:
        if (version := self._version()) is not None:
            self._do(
                "seller",
                lambda actor: contracting.sign_contract(
                    actor=actor, key=key(), version_ref=version.ref, seen=version.sha256
                ),
                allowed=False,
            )

    @precondition(lambda self: self.contract_state in ("draft", "proposed"))
    @rule(sure=st.integers(0, 7))
    def withdraw_contract(self, sure: int) -> None:
        if sure and self.contract_state in ("draft", "proposed"):
            return  # or few contracts would ever become active
        if self._do(
            "seller",
            lambda actor: contracting.withdraw_contract(actor=actor, key=key(), contract_ref=self.contract.ref),
            allowed=self.contract_state in ("draft", "proposed"),
        ):
            self.contract_state = "withdrawn"

    # --- milestones ----------------------------------------------------------------------------------------------

    @rule(which=WHICH)
    def prepare(self, which: int) -> None:
        if self._milestone(which) is None:
            return
        step = self.model[which]
        allowed = step.state in ("planned", "changes_requested")
        before = self.at
        try:
            scenarios.prepared_milestone(self.contract, actor=self._actor("seller"), position=which + 1, at=before)
        except Refused as refused:
            assert not allowed, refused
        else:
            assert allowed
            step.is_prepared = True

    @rule(which=WHICH)
    def submit(self, which: int) -> None:
        if (milestone := self._milestone(which)) is None:
            return
        step = self.model[which]

        def run(actor: Any) -> Answer:
            _text, seen = milestones.preview(milestone)
            return sign_off.submit_milestone(actor=actor, key=key(), milestone_ref=milestone.ref, seen=seen)

        if self._do("delivery", run, allowed=step.is_prepared and step.state in ("planned", "changes_requested")):
            step.before, step.state, step.is_prepared = step.state, "submitted", False

    @rule(which=WHICH)
    def withdraw_submission(self, which: int) -> None:
        if (submission := self._submission(which)) is None:
            return
        if self._do(
            "seller",
            lambda actor: sign_off.withdraw_submission(actor=actor, key=key(), submission_ref=submission.ref),
            allowed=self.model[which].state == "submitted",
        ):
            self.model[which].state = self.model[which].before

    @rule(which=WHICH)
    def accept(self, which: int) -> None:
        if (submission := self._submission(which)) is None:
            return
        step = self.model[which]
        one_time = key()

        def run(actor: Any) -> Answer:
            return sign_off.accept_milestone(
                actor=actor, key=one_time, submission_ref=submission.ref, seen=submission.sha256
            )

        if self._do("approver", run, allowed=step.state == "submitted"):
            step.state, step.open, step.due = "accepted", AMOUNTS[which], self.at + timedelta(days=60)
            if all(one.state == "accepted" for one in self.model):
                self.contract_state = "completed"
            with acting(self._actor("approver"), at=self.at) as actor:
                run(actor)  # the second click changes nothing, or the next look at the figures fails

    @rule(which=WHICH)
    def seller_signs_off(self, which: int) -> None:
        if (submission := self._submission(which)) is not None:
            self._do(
                "seller",
                lambda actor: sign_off.accept_milestone(
                    actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256
                ),
                allowed=False,
            )

    @rule(which=WHICH)
    def request_changes(self, which: int) -> None:
        if (submission := self._submission(which)) is None:
            return

        def run(actor: Any) -> Answer:
            criterion = submission.milestone.line.criteria.all()[0]
            verdicts = [CriterionVerdict(criterion.pk, is_passed=False, reason="No.")]
            return sign_off.request_changes(
                actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256, verdicts=verdicts
            )

        if self._do("buyer", run, allowed=self.model[which].state == "submitted"):
            self.model[which].state = "changes_requested"

    # --- being paid ----------------------------------------------------------------------------------------------

    @rule(which=WHICH, share=SHARES)
    def pay(self, which: int, share: Decimal) -> None:
        """In parts, in full, or too much."""
        step = self.model[which]
        if step.state != "accepted":
            return
        amount = part(AMOUNTS[which], share)
        if self._do(
            "billing",
            lambda actor: billing.record_payment(
                actor=actor,
                key=key(),
                invoice_ref=self._invoice(which).ref,
                amount=amount,
                received_on=self.at.date(),
                bank_reference=self._reference(),
            ),
            allowed=step.open > 0 and not step.is_sold,
        ):
            step.unapplied += max(ZERO, amount - step.open)
            step.open = max(ZERO, step.open - amount)
