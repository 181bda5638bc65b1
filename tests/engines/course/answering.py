"""What comes between a submission and its acceptance: questions that stop the clock, answers, and an inspection."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.milestones.services import CriterionVerdict
from apps.workflows import before_acceptance
from apps.workflows.once import Answer
from tests.engines.course.plain import Part
from tests.engines.course.review import Question
from tests.engines.course.signing_off import SigningOff
from tests.engines.course.stage import PICK
from tests.scenarios import key

INSPECTORS = st.sampled_from(["inspector", "inspector", "buyer"])


class Answering(SigningOff):
    """Asked, answered and looked at before anybody accepts."""

    @precondition(lambda self: self._waits())
    @rule(pick=PICK, by=st.sampled_from(["approver", "inspector"]))
    def ask(self, pick: int, by: str) -> None:
        part = self._part(pick, "submitted")
        if part is None or (submission := self._submission(part)) is None:
            return
        answer = self._do(
            by,
            lambda actor: before_acceptance.ask_question(
                actor=actor, key=key(), submission_ref=submission.ref, text="On which machine was it measured?"
            ),
            allowed=self._may_decide(part),
        )
        if answer and (review := part.review) is not None:
            stops = review.runs_on(self.today) and review.may_stop
            review.questions.append(Question(answer["question"], stops))
            if stops:
                review.stood_since = self.today

    @precondition(lambda self: self._asked())
    @rule(pick=PICK)
    def answer_question(self, pick: int) -> None:
        """Once, and as long as it waits for a decision."""
        part, question = self._asked()[pick % len(self._asked())]
        if self._do(
            "delivery",
            lambda actor: before_acceptance.answer_question(
                actor=actor, key=key(), question_ref=question.ref, text="On the one in hall 2."
            ),
            allowed=part.state == "submitted" and question.is_open,
        ):
            question.is_open = False
            self._go_on(part)

    @precondition(lambda self: self._waits())
    @rule(pick=PICK, by=INSPECTORS, is_passed=st.sampled_from([True, True, False]))
    def inspect(self, pick: int, by: str, is_passed: bool) -> None:
        """The newest inspection counts; nothing is decided by it."""
        part = self._part(pick, "submitted")
        if part is None or (submission := self._submission(part)) is None:
            return
        criteria = self._read(lambda: list(submission.milestone.line.criteria.all()))

        def run(actor: Any) -> Answer:
            verdicts = [CriterionVerdict(one.pk, is_passed, "" if is_passed else "It leaks.") for one in criteria]
            return before_acceptance.inspect_milestone(
                actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256, verdicts=verdicts
            )

        if self._do(by, run, allowed=self._may_decide(part)) and part.review is not None:
            part.review.inspected_by, part.review.is_passed = by, is_passed

    def _asked(self) -> list[tuple[Part, Question]]:
        """Every question of what was submitted last."""
        return [
            (part, question)
            for part in self.paper.parts
            if part.review is not None
            for question in part.review.questions
        ]
