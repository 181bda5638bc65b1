"""Submitted, taken back, sent back, accepted whole, in part, or with reservations."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.milestones import services as milestones
from apps.milestones.models import Reservation
from apps.milestones.models.submission import Proof
from apps.milestones.services import CriterionAnswer, CriterionVerdict, Part
from apps.milestones.services import Defect as Named
from apps.parties.actor import Actor
from apps.workflows import notices, reserving, sign_off
from apps.workflows.once import Answer
from tests.engines.course import plain
from tests.engines.course.plain import OPEN, ZERO, Bill, Defect, cents
from tests.engines.course.stage import PICK, SHARES, Stage
from tests.scenarios import acting, key

ACCEPTED = st.sampled_from(["amount", "percent", "quantity"])


class SigningOff(Stage):
    """The sign-off, from what is sent to what is billed."""

    @rule(pick=PICK)
    def submit(self, pick: int) -> None:
        part = self._part(pick, *OPEN)
        if part is None:
            return
        milestone = self._milestone(part)

        def run(actor: Any) -> Answer:
            met = [CriterionAnswer(one.pk, is_met=True, note="Shown.") for one in milestone.line.criteria.all()]
            sign_off.prepare_submission(actor=actor, key=key(), milestone_ref=milestone.ref, note="Done.", answers=met)
            _text, seen = milestones.preview(milestone)
            return sign_off.submit_milestone(actor=actor, key=key(), milestone_ref=milestone.ref, seen=seen)

        runs = self.paper.state == "active" and not self.paper.is_over_for(self.today)
        answer = self._do("seller", run, allowed=part.state in OPEN and runs)
        if answer:
            part.submit()
            system = Actor.system(organisation_id=self.parties.buyer.pk)
            with acting(system, at=self.at):
                notices.note_delivery(actor=system, submission_ref=answer["submission"], proof=Proof.MAIL, at=self.at)

    @precondition(lambda self: self._waits())
    @rule(pick=PICK)
    def take_back(self, pick: int) -> None:
        part = self._part(pick, "submitted")
        if part is None or (submission := self._submission(part)) is None:
            return
        if self._do(
            "seller",
            lambda actor: sign_off.withdraw_submission(actor=actor, key=key(), submission_ref=submission.ref),
            allowed=part.state == "submitted",
        ):
            part.state = part.before

    @precondition(lambda self: self._waits())
    @rule(pick=PICK)
    def send_back(self, pick: int) -> None:
        part = self._part(pick, "submitted")
        if part is None or (submission := self._submission(part)) is None:
            return

        criterion = self._read(lambda: submission.milestone.line.criteria.all()[0])

        def run(actor: Any) -> Answer:
            return sign_off.request_changes(
                actor=actor,
                key=key(),
                submission_ref=submission.ref,
                seen=submission.sha256,
                verdicts=[CriterionVerdict(criterion.pk, is_passed=False, reason="No.")],
            )

        if self._do("approver", run, allowed=part.state == "submitted"):
            part.state = "changes_requested"

    @precondition(lambda self: self._waits())
    @rule(pick=PICK)
    def accept(self, pick: int) -> None:
        part = self._part(pick, "submitted")
        if part is None or (submission := self._submission(part)) is None:
            return
        answer = self._do(
            "approver",
            lambda actor: sign_off.accept_milestone(
                actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256
            ),
            allowed=part.state == "submitted" and self._undisputed(part) == part.amount,
        )
        if answer:
            self._accepted(part, answer)

    @precondition(lambda self: self._waits())
    @rule(pick=PICK, share=SHARES, how=ACCEPTED)
    def accept_part(self, pick: int, share: Decimal, how: str) -> None:
        """In part, again and again; a quantity only where it is agreed by quantity and was never split otherwise."""
        part = self._part(pick, "submitted")
        if part is None or (submission := self._submission(part)) is None:
            return
        quantity = (part.quantity * share).quantize(Decimal("0.1")) if part.quantity is not None else Decimal(1)
        wanted = {
            "amount": Part(amount=cents(part.amount * share)),
            "percent": Part(percent=share * 100),
            "quantity": Part(quantity=quantity),
        }[how]
        accepted = cents(part.amount * share)
        can = 0 < accepted < part.amount
        if how == "quantity" and part.quantity is not None:
            done = self.measured[0] - part.quantity
            accepted = cents((done + quantity) * self.measured[1]) - cents(done * self.measured[1])
            can = 0 < quantity < part.quantity and 0 < accepted < part.amount
        elif how == "quantity":
            can = False
        answer = self._do(
            "approver",
            lambda actor: sign_off.accept_part(
                actor=actor,
                key=key(),
                submission_ref=submission.ref,
                seen=submission.sha256,
                part=wanted,
                verdicts=[],
                comment="The rest is not there yet.",
            ),
            allowed=part.state == "submitted" and can and accepted <= self._undisputed(part),
        )
        if answer:
            rest = plain.Part(
                part.position, self.paper.next_number(part.position), part.amount - accepted, "changes_requested"
            )
            by_quantity = how == "quantity" and part.quantity is not None
            rest.quantity = part.quantity - quantity if by_quantity and part.quantity is not None else None
            part.quantity, part.amount = quantity if by_quantity else None, accepted
            if part.argument is not None:
                rest.argument, part.argument = part.argument, None
            self.paper.parts.append(rest)
            self._accepted(part, answer)

    @precondition(lambda self: self._waits())
    @rule(pick=PICK, shares=st.lists(st.sampled_from([ZERO, Decimal("0.1"), Decimal("0.45")]), min_size=1, max_size=3))
    def accept_with_reservations(self, pick: int, shares: list[Decimal]) -> None:
        part = self._part(pick, "submitted")
        if part is None or (submission := self._submission(part)) is None:
            return
        nets = [cents(part.amount * share) for share in shares]
        named = [
            Named(f"Defect {n}", self.today + timedelta(days=14), amount=net) for n, net in enumerate(nets, start=1)
        ]
        bill = Bill("", part.amount, self.paper.rate)
        grosses = _with_tax(nets, bill)
        fits = sum(nets, ZERO) <= part.amount and sum(grosses, ZERO) <= bill.gross - self.paper.keeps_back(bill)
        answer = self._do(
            "approver",
            lambda actor: reserving.accept_with_reservations(
                actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256, defects=named
            ),
            allowed=part.state == "submitted" and fits and self._undisputed(part) == part.amount,
        )
        if answer:
            refs = self._read(
                lambda: list(
                    Reservation.objects.filter(milestone__ref=answer["milestone"])
                    .order_by("number")
                    .values_list("ref", flat=True)
                )
            )
            listed = zip(refs, nets, grosses, strict=True)
            self._accepted(part, answer, defects=[Defect(ref, net, gross) for ref, net, gross in listed])

    def _waits(self) -> bool:
        return any(one.state == "submitted" for one in self.paper.parts)

    def _undisputed(self, part: plain.Part) -> Decimal:
        """How much of it the buyer's own side does not dispute."""
        disputed = part.argument is not None and part.argument.by == "buyer"
        return part.amount - (part.argument.amount if disputed and part.argument is not None else ZERO)

    def _accepted(self, part: plain.Part, answer: Answer, *, defects: Sequence[Defect] = ()) -> None:
        part.state = "accepted"
        bill = part.bill = Bill(answer["invoice"], part.amount, self.paper.rate)
        bill.retained = self.paper.keeps_back(bill)
        bill.defects = list(defects)
        self.paper.kept += bill.retained
        self.paper.bills.append(bill)
        self.paper.complete(on=self.today)


def _with_tax(nets: Sequence[Decimal], bill: Bill) -> list[Decimal]:
    """The withheld amounts with tax, which is rounded once over all of them, as a bill's is."""
    found, sum_ = [], ZERO
    for net in nets:
        found.append(net + bill.tax(sum_ + net) - bill.tax(sum_))
        sum_ += net
    return found
