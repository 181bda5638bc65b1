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
from apps.workflows import confirming, notices, reserving, sign_off
from apps.workflows.once import Answer
from tests.engines.course import plain
from tests.engines.course.plain import OPEN, ZERO, Bill, Defect, cents
from tests.engines.course.review import First, Review
from tests.engines.course.reviewing import ACCEPTORS, Reviewing
from tests.engines.course.stage import MOSTLY, PICK, SHARES
from tests.scenarios import acting, key

ACCEPTED = st.sampled_from(["amount", "percent", "quantity", "rest"])
"""How a part is said; the rest is what is not in dispute."""


class SigningOff(Reviewing):
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

        waits_for = self.paper.waits_for.get(part.position)
        has_happened = waits_for is None or waits_for in self.paper.happened
        answer = self._do("seller", run, allowed=part.state in OPEN and self._runs() and has_happened)
        if answer:
            part.submit(Review.beginning(self.today, self.paper.agreed_for(part.position)))
            part.terms, part.whole = self.paper.terms, self.paper.plan[part.position]
            part.price = self.paper.price
            system = Actor.system(organisation_id=self.parties.buyer.pk)
            with acting(system, at=self.at):
                notices.note_delivery(actor=system, submission_ref=answer["submission"], proof=Proof.MAIL, at=self.at)

    @precondition(lambda self: self._events())
    @rule(pick=PICK, by=ACCEPTORS)
    def confirm_event(self, by: str, pick: int = 0) -> None:
        """What waits for it can be submitted, or is billed ahead, from then on; no work is accepted by it."""
        position, event = self._events()[pick % len(self._events())]
        if self._do(
            by,
            lambda actor: confirming.confirm_event(
                actor=actor, key=key(), contract_ref=self.contract.ref, event=event, note="Letter of today."
            ),
            allowed=self._runs() and (position in self.paper.plan or not position) and event not in self.paper.happened,
        ):
            self.paper.happened.add(event)
            if not position:
                self._bill_ahead()

    def _events(self) -> list[tuple[int, str]]:
        """What the buyer may confirm, with the milestone that waits for it; none where a deposit does."""
        ahead = self.paper.ahead
        return [*self.paper.waits_for.items(), *([(0, ahead.event)] if ahead is not None and ahead.event else [])]

    def _runs(self) -> bool:
        return self.paper.state == "active" and not self.paper.is_over_for(self.today)

    @precondition(lambda self: self._waits())
    @rule(pick=PICK)
    def take_back(self, pick: int) -> None:
        part = self._part(pick, "submitted")
        if part is None or (submission := self._submission(part)) is None:
            return
        if self._do(
            "seller",
            lambda actor: sign_off.withdraw_submission(actor=actor, key=key(), submission_ref=submission.ref),
            allowed=self._may_decide(part),
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

        if self._do("approver", run, allowed=self._may_decide(part)):
            part.state, part.sent_back_on = "changes_requested", self.today

    @precondition(lambda self: self._waits())
    @rule(pick=PICK, by=ACCEPTORS)
    def accept(self, pick: int, by: str = "approver") -> None:
        part = self._part(pick, "submitted")
        if part is None or (submission := self._submission(part)) is None:
            return
        first = part.review.first if part.review is not None else None
        can = self._may_accept(part, by=by, whole=True) and self._undisputed(part) == part.amount
        answer = self._do(
            by,
            lambda actor: sign_off.accept_milestone(
                actor=actor, key=key(), submission_ref=submission.ref, seen=submission.sha256
            ),
            allowed=can and self._may_second(part, by=by, amount=part.amount) and (first is None or not first.defects),
        )
        if answer and not self._kept_as_first(part, answer, First(by, self.today, part.amount)):
            self._accepted(part, answer)

    @precondition(lambda self: self._waits())
    @rule(pick=PICK, share=SHARES, how=ACCEPTED, by=ACCEPTORS)
    def accept_part(self, pick: int, share: Decimal, how: str, by: str = "approver") -> None:
        """In part, again and again; a quantity only where it is agreed by quantity and was never split otherwise."""
        part = self._part(pick, "submitted")
        if part is None or (submission := self._submission(part)) is None:
            return
        wanted, accepted, can, quantity = self._share_of(part, share, how)
        can = can and self._may_accept(part, by=by, whole=False) and accepted <= self._undisputed(part)
        if part.review is not None and not part.review.agreed.in_parts:
            # Then of an argument no more is held back than what it is about.
            can = can and part.argument is not None and accepted == part.amount - part.argument.amount
        answer = self._do(
            by,
            lambda actor: sign_off.accept_part(
                actor=actor,
                key=key(),
                submission_ref=submission.ref,
                seen=submission.sha256,
                part=wanted,
                verdicts=[],
                comment="The rest is not there yet.",
            ),
            allowed=can and self._may_second(part, by=by, amount=accepted),
        )
        if answer and not self._kept_as_first(part, answer, First(by, self.today, accepted, quantity)):
            if part.review is not None and part.review.first is not None:
                # Both accept what the first one said: a quantity, or an amount.
                quantity = part.review.first.quantity
            rest = plain.Part(
                part.position, self.paper.next_number(part.position), part.amount - accepted, "changes_requested"
            )
            rest.planned_on = part.planned_on
            both = part.quantity is not None and quantity is not None
            rest.quantity = part.quantity - quantity if both else None  # type: ignore[operator]
            part.quantity, part.amount = quantity if both else None, accepted
            if part.argument is not None:
                rest.argument, part.argument = part.argument, None
            self.paper.parts.append(rest)
            self._accepted(part, answer, rest=rest)

    def _share_of(self, part: plain.Part, share: Decimal, how: str) -> tuple[Part, Decimal, bool, Decimal | None]:
        """What is typed, what it comes to, whether there is such a part, and how much of a quantity it is."""
        disputed = part.argument.amount if part.argument is not None else ZERO
        amount = cents(part.amount * share) if how != "rest" else part.amount - disputed
        if how != "quantity":
            exact = 0 < amount < part.amount
            return (Part(percent=share * 100) if how == "percent" else Part(amount=amount)), amount, exact, None
        if part.quantity is None:
            return Part(quantity=Decimal(1)), amount, False, None
        quantity = (part.quantity * share).quantize(Decimal("0.1"))
        done = self.measured[0] - part.quantity
        amount = cents((done + quantity) * self.measured[1]) - cents(done * self.measured[1])
        return Part(quantity=quantity), amount, 0 < quantity < part.quantity and 0 < amount < part.amount, quantity

    @precondition(lambda self: self._waits())
    @rule(
        pick=PICK,
        shares=st.lists(st.sampled_from([ZERO, Decimal("0.1"), Decimal("0.45")]), min_size=1, max_size=3),
        by=ACCEPTORS,
    )
    def accept_with_reservations(self, pick: int, shares: list[Decimal], by: str = "approver") -> None:
        """The second of two people keeps what the first one listed, now and then not, and adds to it."""
        part = self._part(pick, "submitted")
        if part is None or (submission := self._submission(part)) is None:
            return
        first = part.review.first if part.review is not None else None
        listed = first.defects if first is not None and pick < MOSTLY else ()
        due = self.today + timedelta(days=14)
        added = [
            (f"Defect {n}", due, cents(part.amount * share)) for n, share in enumerate(shares, start=1 + len(listed))
        ]
        defects = [*((title, max(day, self.today), net) for title, day, net in listed), *added]
        nets = [net for _title, _day, net in defects]
        bill = Bill("", part.amount, self.paper.taxed(part.position))
        bill.recovered = self.paper.gives_back(part.amount, rest=max(self.paper.still_to_bill - part.amount, ZERO))
        grosses = _with_tax(nets, bill)
        fits = sum(nets, ZERO) <= part.amount
        fits = fits and sum(grosses, ZERO) <= bill.gross - self.paper.keeps_back(bill, part)
        kept = first is None or not first.defects or bool(listed)
        answer = self._do(
            by,
            lambda actor: reserving.accept_with_reservations(
                actor=actor,
                key=key(),
                submission_ref=submission.ref,
                seen=submission.sha256,
                defects=[Named(title, day, amount=net) for title, day, net in defects],
            ),
            allowed=fits
            and kept
            and self.reserves
            and self._may_accept(part, by=by, whole=False)
            and self._may_second(part, by=by, amount=part.amount)
            and self._undisputed(part) == part.amount,
        )
        if answer and not self._kept_as_first(part, answer, First(by, self.today, part.amount, None, tuple(defects))):
            refs = self._read(
                lambda: list(
                    Reservation.objects.filter(milestone__ref=answer["milestone"])
                    .order_by("number")
                    .values_list("ref", flat=True)
                )
            )
            found = zip(refs, nets, grosses, strict=True)
            self._accepted(part, answer, defects=[Defect(ref, net, gross) for ref, net, gross in found])

    def _kept_as_first(self, part: plain.Part, answer: Answer, first: First) -> bool:
        """Whether it was the first of two acceptances, which bills nothing."""
        is_first = self._is_first(part)
        assert is_first == ("first_acceptance" in answer), (answer, is_first)
        if is_first and part.review is not None:
            part.review.first = first
            self.done["first_acceptance"] += 1
        return is_first

    def _undisputed(self, part: plain.Part) -> Decimal:
        """How much of it the buyer's own side does not dispute."""
        disputed = part.argument is not None and part.argument.by == "buyer"
        return part.amount - (part.argument.amount if disputed and part.argument is not None else ZERO)


def _with_tax(nets: Sequence[Decimal], bill: Bill) -> list[Decimal]:
    """The withheld amounts with tax, which is rounded once over all of them, as a bill's is."""
    found, sum_ = [], ZERO
    for net in nets:
        found.append(net + bill.tax(sum_ + net) - bill.tax(sum_))
        sum_ += net
    return found
