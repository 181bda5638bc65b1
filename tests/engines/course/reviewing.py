"""The review of what was submitted: its clock, silence at its end, and what stands between it and an acceptance."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.core import clock
from apps.invoicing.models import Invoice, InvoiceKind
from apps.milestones.models import Decision, Submission
from apps.milestones.services import SILENCE
from apps.workflows import reviews
from apps.workflows.once import Answer
from tests.engines.course.plain import UNFINISHED, Bill, Defect, Part
from tests.engines.course.review import DECIDES, Review
from tests.engines.course.stage import Stage
from tests.engines.life import as_owner

ACCEPTORS = st.sampled_from(["approver", "approver", "buyer"])
"""Who may decide for the buyer: its approver, and its owner."""


class Reviewing(Stage):
    """What is true of every review, whoever acts."""

    @precondition(lambda self: self._waits())
    @rule()
    def silence_speaks(self) -> None:
        """The sweeps of the clock: what silence means is written down, late or not, as of the deadline. What builds on
        others is written down after them, and meanwhile nobody is told that its review has passed."""
        speaks = {self._submission_ref(one): one for one in self.paper.parts if self._is_too_late(one)}
        while True:
            ready = {ref for ref, one in speaks.items() if not self._comes_after_others(one)}
            with clock.stopped(self.at):
                with as_owner():
                    due = reviews.due(at=self.at, contract_refs=[self.contract.ref])
                asked = {one.submission_ref for one in due if one.what == SILENCE or one.submission_ref in speaks}
                assert asked == ready, (due, speaks)
                for one in due:
                    answer = reviews.tend(
                        submission_ref=one.submission_ref, seller_id=one.seller_id, what=one.what, due=one.due
                    )
                    if one.submission_ref in speaks:
                        self._decided_by_silence(speaks.pop(one.submission_ref), answer)
            if not speaks:
                return

    def _submission_ref(self, part: Part) -> str:
        submission = self._submission(part)
        assert submission is not None
        return submission.ref

    def _comes_after_others(self, part: Part) -> bool:
        """Whether silence accepts it, and accepted others before it that nobody has written down."""
        assert part.review is not None
        return part.review.agreed.silence == "accepted" and self._waits_for_those_above(part)

    def _decided_by_silence(self, part: Part, answer: Answer) -> None:
        assert part.review is not None
        if part.review.agreed.silence == "accepted":
            self.done["deemed_accepted"] += 1
            self._accepted(part, answer)
            part.accepted_on = part.review.due
        else:
            self.done["deemed_rejected"] += 1
            part.state, part.sent_back_on = "changes_requested", self.today

    def _waits(self) -> bool:
        return any(one.state == "submitted" for one in self.paper.parts)

    def _silence_is_barred(self, part: Part) -> bool:
        """Whether there is something in the way of an acceptance by silence: a defect that was named, a dispute, what
        comes before it and was not accepted in time, be it by silence too."""
        assert part.review is not None
        due, above = part.review.due, self.paper.above(part)
        late = any(one.accepted_on is not None and one.accepted_on > due for one in above)
        missing = any(one.state in UNFINISHED and not self._is_accepted_by_silence(one, by=due) for one in above)
        return part.argument is not None or part.review.names_a_defect() or late or missing

    def _is_accepted_by_silence(self, part: Part, *, by: date) -> bool:
        review = part.review
        return (
            review is not None and review.agreed.silence == "accepted" and review.due <= by and self._is_too_late(part)
        )

    def _waits_for_those_above(self, part: Part) -> bool:
        return any(one.state in UNFINISHED for one in self.paper.above(part))

    def _is_too_late(self, part: Part) -> bool:
        """Whether silence has decided, written down already or not."""
        review = part.review
        if part.state != "submitted" or review is None or review.stood_since or self.today <= review.due:
            return False
        if review.agreed.silence == "rejected":
            return part.argument is None
        return review.agreed.silence in DECIDES and not self._silence_is_barred(part)

    def _may_decide(self, part: Part) -> bool:
        return part.state == "submitted" and not self._is_too_late(part)

    def _may_accept(self, part: Part, *, by: str, whole: bool) -> bool:
        """Whether nothing that was agreed to come first is missing; who finds a defect leaves no whole to accept."""
        review = part.review
        if not self._may_decide(part) or review is None or self._waits_for_those_above(part):
            return False
        if not review.agreed.is_inspected:
            return True
        return review.inspected_by not in ("", by) and (review.is_passed or not whole)

    def _is_first(self, part: Part) -> bool:
        """Whether an acceptance is the first of two and has no effect yet. What counts is all that waits."""
        review = part.review
        return review is not None and review.agreed.needs_two(part.amount) and review.first is None

    def _may_second(self, part: Part, *, by: str, amount: Decimal) -> bool:
        """Two people accept the same amount; one who is enough, or the first, is bound by nobody."""
        review = part.review
        if review is None or review.first is None or not review.agreed.needs_two(part.amount):
            return True
        return review.first.by != by and review.first.amount == amount

    def _accepted(
        self, part: Part, answer: Answer, *, defects: Sequence[Defect] = (), rest: Part | None = None
    ) -> None:
        late = self._counts_for_interest(part)
        part.state, part.accepted_on = "accepted", self.today
        self._bill_accepted(part, answer, late=late, defects=defects)
        self._follow_acceptance(part, rest=rest)
        self.paper.complete(on=self.today)
        decided = Decision.objects.filter(submission__milestone__ref=answer["milestone"]).order_by("-pk")
        since = self._read(lambda: decided.values_list("accepted_for_interest_at", flat=True)[0])
        assert (since.date() if since else None) == late, (since, late)

    def _bill_accepted(self, part: Part, answer: Answer, *, late: date | None, defects: Sequence[Defect]) -> None:
        """An acceptance has a bill of its own."""
        bill = part.bill = Bill(answer["invoice"], part.amount, self.paper.taxed(part.position))
        bill.issued(part.terms, on=self.today)
        if late is not None:
            counts = late + timedelta(days=part.terms.days)
            bill.counts_from = counts if counts < bill.due_on else None
        self.paper.bill(bill, rest=self.paper.still_to_bill)
        bill.retained = self.paper.keeps_back(bill, part)
        bill.defects = list(defects)
        self.paper.kept += bill.retained

    def _counts_for_interest(self, part: Part) -> date | None:
        """Since when what comes late counts as accepted, for interest alone; None where it does not."""
        review = part.review
        if review is None or review.agreed.silence != "interest" or review.stood_since or self.today <= review.due:
            return None
        return None if self._silence_is_barred(part) else review.due

    def _stand_still(self, part: Part) -> None:
        if part.review is not None and part.review.runs_on(self.today):
            part.review.stood_since = self.today

    def _go_on(self, part: Part) -> None:
        """What stopped the clock is over; it runs on when nothing else stops it."""
        review = part.review
        if part.state != "submitted" or review is None or review.stood_since is None:
            return
        if part.argument is None and not review.waits_for_answer:
            review.run_on(self.today)

    def _reviews_agree(self) -> None:
        """Of everything that waits: until when, whether the clock stands still, and what was asked."""
        waiting = Submission.objects.filter(contract=self.contract, state="submitted").select_related("milestone")
        found = {
            (one.milestone.position, one.milestone.part): (
                one.review_due_at.date() if one.review_due_at else None,
                one.suspended_at.date() if one.suspended_at else None,
                one.questions.count(),
            )
            for one in waiting
        }
        wanted = {
            (one.position, one.number): (one.review.due, one.review.stood_since, len(one.review.questions))
            for one in self.paper.parts
            if one.state == "submitted" and isinstance(one.review, Review)
        }
        assert found == wanted, (found, wanted)

    def _may_reduce(self, defect: Defect, off: Decimal) -> bool:
        """Whether a bill has room for a lower price of one of its defects."""
        bill = self._bill_of(defect)
        room = bill.open + defect.gross + bill.paid + bill.retained - bill.asked_for
        return bill.gross_of_credit(off) <= room and off <= bill.left

    def _reduce(self, bill: Bill, defect: Defect, off: Decimal) -> None:
        """What is left of what was withheld is due, the rest is credited."""
        bill.let_go(defect, on=self.today, credited=bill.gross_of_credit(off))
        self.paper.credit(bill, off)

    def _bill_of(self, defect: Defect) -> Bill:
        return next(bill for bill, one in self._listed() if one is defect)

    def _listed(self) -> list[tuple[Bill, Defect]]:
        return [(bill, defect) for bill in self.paper.bills for defect in bill.defects]

    def _bill_ahead(self) -> None:
        """The deposit is billed, unless too little is left to be billed to give it back."""
        found = Invoice.objects.filter(contract=self.contract, kind=InvoiceKind.ADVANCE)
        refs = self._read(lambda: list(found.values_list("ref", flat=True)))
        one = next((one for one in self.paper.calendar if one.is_ahead and one.state == "waits"), None)
        if one is None or one.amount > self.paper.still_to_bill:
            self.paper.drop_deposit()
            self.paper.complete(on=self.today)
            assert not refs, refs
            return
        one.state = "billed"
        bill = Bill(refs[0], one.amount, self.paper.rate, kind="advance").issued(self.paper.terms, on=self.today)
        self.paper.deposit = bill
        self.paper.bills.append(bill)
        self.done["deposit"] += 1
