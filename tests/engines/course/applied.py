"""The same contract where applications for payment are billed: what is accepted stands in one, and the buyer certifies.

A machine of its own: nothing is accepted with reservations there, charged beside the price, or paid ahead.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from apps.contracts.models import Contract
from apps.core import clock
from apps.invoicing.models import Application as Applied
from apps.invoicing.models import ApplicationLine, Invoice, InvoiceLine
from apps.invoicing.rules import Share
from apps.invoicing.services import applications
from apps.invoicing.services.certifying import Figure
from apps.milestones.models import Milestone
from apps.workflows import applying, crediting
from apps.workflows.once import Answer
from tests.engines.course import life as courses
from tests.engines.course.changing import SIGN_OFF, Wanted
from tests.engines.course.correcting import PERSON
from tests.engines.course.life import LATE, OWN, Course
from tests.engines.course.plain import BILLED, ZERO, Application, Bill, Defect, Line, Part, cents
from tests.engines.course.review import USUAL, Agreed
from tests.engines.course.stage import PICK, SHARES, SIDES
from tests.scenarios import key

CERTIFIED = st.lists(st.sampled_from([Decimal(1), Decimal(1), Decimal("0.6"), ZERO]), min_size=1, max_size=4)
"""How much of each line, one after the other."""


class ByApplication(Course):
    """Accepted, collected, asked for, certified at what the buyer says, and billed by that."""

    bills_by: ClassVar[str] = "application"
    reserves: ClassVar[bool] = False

    @initialize(
        rate=st.sampled_from([19, 0]),
        keeps=st.booleans(),
        by_calendar=st.booleans(),
        head_start=st.lists(st.integers(0, 2), max_size=3),
        agreed=SIGN_OFF,
        own=st.sampled_from(["", "", *OWN]),
        last=st.sampled_from(["", "", "cumulative"]),
        late=st.sampled_from(["", *LATE]),
    )
    def begin(
        self,
        *,
        rate: int,
        keeps: bool,
        by_calendar: bool,
        head_start: list[int],
        agreed: Agreed = USUAL,
        own: str = "",
        last: str = "",
        late: str = "",
    ) -> None:
        if agreed.silence == "interest":
            # It counts from a certificate there.
            agreed = replace(agreed, silence="escalates")
        super().begin(
            rate=rate,
            keeps=keeps,
            by_calendar=by_calendar,
            head_start=head_start,
            agreed=agreed,
            own=own,
            last=last,
            late=late,
        )

    # --- applications --------------------------------------------------------------------------------------------

    @precondition(lambda self: self.paper.collecting or self.paper.waiting)
    @rule(by=st.sampled_from(["billing", "billing", "delivery"]))
    def submit_application(self, by: str) -> None:
        """All that stands by now; one waits at most."""
        found = Applied.objects.filter(contract=self.contract).order_by("-number")
        ref = self._read(lambda: found.values_list("ref", flat=True)[0])

        def run(actor: Any) -> Answer:
            fresh = Contract.objects.select_related("seller", "buyer", "active_version").get(pk=self.contract.pk)
            today, asked = clock.today(fresh.seller.time_zone), Applied.objects.get(ref=ref)
            seen = applications.preview_application(asked, contract=fresh, today=today)[1]
            return applying.submit_application(actor=actor, key=key(), application_ref=ref, seen=seen)

        rows = {part: amount for part, amount in self.paper.collecting.items() if amount}
        can = by == "billing" and bool(rows) and self.paper.waiting is None and self.paper.state == "active"
        if self._do(by, run, allowed=can):
            self.paper.collecting, self.paper.waiting = {}, Application(ref, rows)

    @precondition(lambda self: self.paper.waiting)
    @rule(side=SIDES)
    def give_back_application(self, side: str) -> None:
        """The seller withdraws it, or the buyer returns it: it stands in the next one."""
        waiting = self.paper.waiting
        assert waiting is not None

        def run(actor: Any) -> Answer:
            if side == "seller":
                return applying.withdraw_application(actor=actor, key=key(), application_ref=waiting.ref)
            return applying.return_application(
                actor=actor, key=key(), application_ref=waiting.ref, seen=self._seen(waiting), reason="A list lacks."
            )

        if self._do(PERSON[side], run, allowed=True):
            self.paper.waiting = None
            self._stand(waiting.rows)

    @precondition(lambda self: self.paper.waiting)
    @rule(shares=CERTIFIED, by=st.sampled_from(["approver", "approver", "inspector"]))
    def certify(self, shares: list[Decimal], by: str = "approver") -> None:
        """Line by line, whole or less; one bill over what was certified, and the rest stands in the next one."""
        waiting = self.paper.waiting
        assert waiting is not None
        rows = sorted(waiting.rows.items(), key=lambda one: (one[0].position, one[0].number))
        nets = [cents(amount * shares[place % len(shares)]) for place, (_part, amount) in enumerate(rows)]
        figures = {
            self._milestone(part).ref: Figure(net, "" if net == amount else "Not measured yet.")
            for (part, amount), net in zip(rows, nets, strict=True)
        }
        answer = self._do(
            by,
            lambda actor: applying.certify_application(
                actor=actor, key=key(), application_ref=waiting.ref, seen=self._seen(waiting), figures=figures
            ),
            allowed=by == "approver" and any(nets),
        )
        if not answer:
            return
        self.paper.waiting = None
        self._stand({part: amount - net for (part, amount), net in zip(rows, nets, strict=True) if net < amount})
        lines = [Line(part, net) for (part, _amount), net in zip(rows, nets, strict=True) if net]
        self._bill_lines(answer["invoice"], lines)
        self.paper.complete(on=self.today)

    def _bill_lines(self, ref: str, lines: list[Line]) -> None:
        """Each line bears of what is kept back what it makes more of it."""
        kept = ZERO
        whole = Bill(ref, sum((one.net for one in lines), ZERO), self.paper.rate, kind="application", lines=lines)
        for count, line in enumerate(lines, start=1):
            some = Bill("", sum((one.net for one in lines[:count]), ZERO), self.paper.rate)
            line.kept = self.paper.keeps_back(some, line.part) - kept
            kept += line.kept
        whole.retained = kept
        self.paper.kept += kept
        self.paper.bill(whole.issued(self.paper.terms, on=self.today), rest=self.paper.still_to_bill)

    def _bill_accepted(self, part: Part, answer: Answer, *, late: date | None, defects: Sequence[Defect]) -> None:
        assert "invoice" not in answer, answer
        self._stand({part: part.amount})

    def _bill_standing(self) -> None:
        """The signatures under the settlement submit and certify what stands, while the plan is whole."""
        rows = [(part, amount) for part, amount in self.paper.collecting.items() if amount]
        if not rows:
            return
        rows.sort(key=lambda row: (row[0].position, row[0].number))
        self.paper.collecting = {}
        made = Invoice.objects.filter(contract=self.contract, kind="application").order_by("-pk")
        ref = self._read(lambda: made.values_list("ref", flat=True)[0])
        self._bill_lines(ref, [Line(part, amount) for part, amount in rows])

    def _stand(self, rows: dict[Part, Decimal]) -> None:
        for part, amount in rows.items():
            self.paper.collecting[part] = self.paper.collecting.get(part, ZERO) + amount

    def _seen(self, waiting: Application) -> str:
        return Applied.objects.get(ref=waiting.ref).sha256

    # --- acceptances withdrawn -----------------------------------------------------------------------------------

    @precondition(lambda self: any(one.state == "accepted" for one in self.paper.parts))
    @rule(pick=PICK, share=SHARES, side=SIDES)
    def ask_to_withdraw(self, pick: int, share: Decimal, side: str) -> None:
        part = self._part(pick, "accepted")
        if part is None:
            return
        net, milestone = cents(self._at_once(part) * share), self._milestone(part)
        can = part.state == "accepted" and part.request is None and self.paper.state != "terminated"
        answer = self._do(
            PERSON[side],
            lambda actor: crediting.ask_nullification(
                actor=actor, key=key(), milestone_ref=milestone.ref, share=Share(amount=net), reason="It loses rows."
            ),
            allowed=can and self._may_take(part, net),
        )
        if answer:
            part.request = (answer["nullification"], side, net)

    @precondition(lambda self: self._requests())
    @rule(pick=PICK, side=SIDES)
    def grant_withdrawal(self, pick: int, side: str) -> None:
        part = self._requests()[pick % len(self._requests())]
        assert part.request is not None
        ref, by, net = part.request
        if self._do(
            PERSON[side],
            lambda actor: crediting.grant_nullification(actor=actor, key=key(), nullification_ref=ref),
            allowed=side != by and self.paper.state != "terminated" and self._may_take(part, net),
        ):
            part.request = None
            self._take_back(part, net)
            self.paper.reopen()

    def _can_be_agreed(self, wanted: Wanted, agreed: Agreed) -> bool:
        return super()._can_be_agreed(wanted, agreed) and agreed.silence != "interest"

    def _bills_of(self, part: Part) -> list[tuple[Bill, Line]]:
        """Those that bill it and of which something is left, the newest first."""
        found = [(bill, line) for bill in self.paper.bills for line in bill.lines if line.part is part and line.left]
        return found[::-1]

    def _at_once(self, part: Part) -> Decimal:
        """What stands of it, and what the newest bill bills."""
        newest = [line.left for _bill, line in self._bills_of(part)[:1]]
        return self.paper.collecting.get(part, ZERO) + sum(newest, ZERO)

    def _may_take(self, part: Part, net: Decimal) -> bool:
        if part.bill is not None:
            return super()._may_take(part, net)
        if self.paper.waiting is not None and part in self.paper.waiting.rows:
            return False
        credited = net - min(net, self.paper.collecting.get(part, ZERO))
        if not 0 < net <= self._at_once(part):
            return False
        bills = self._bills_of(part)
        return not credited or bills[0][0].gross_of_credit(credited) <= self.paper.room(bills[0][0])

    def _take_back(self, part: Part, net: Decimal) -> Part:
        """What stands is asked for no more; the rest is credited on its own line, with what was kept back of that."""
        if part.bill is not None:
            return super()._take_back(part, net)
        left = self.paper.collecting.get(part, ZERO) + sum((line.left for _bill, line in self._bills_of(part)), ZERO)
        unbilled = min(net, self.paper.collecting.get(part, ZERO))
        if unbilled:
            self.paper.collecting[part] -= unbilled
        part.state = "nullified" if net == left else part.state
        part.withdrawn += net
        rest = Part(part.position, self.paper.next_number(part.position), net, "changes_requested")
        rest.quantity = part.quantity if net == part.amount else None
        rest.planned_on = self.paper.planned.get(part.position)
        self.paper.parts.append(rest)
        if net > unbilled:
            bill, line = self._bills_of(part)[0]
            each = [one.kept / one.net * one.left for one in bill.lines]
            kept = bill.retained - bill.asked_for
            own = kept * line.kept / line.net * (net - unbilled) / sum(each) if kept and any(each) else ZERO
            of_lines = [net - unbilled if one is line else ZERO for one in bill.lines]
            self.paper.credit(bill, net - unbilled, is_withdrawn=True, own=cents(own), of_lines=of_lines)
        return rest

    # --- what must be true ---------------------------------------------------------------------------------------

    def _billed_once(self, contract: Contract) -> None:
        """What was accepted stands in an application, or is billed: once, and nowhere else."""
        standing = ApplicationLine.objects.standing().filter(application__contract=contract)
        rows = standing.values_list("application__state", "milestone__position", "milestone__part", "claimed")
        waiting = self.paper.waiting.rows.items() if self.paper.waiting is not None else ()
        wanted = [("open", part, amount) for part, amount in self.paper.collecting.items() if amount]
        wanted += [("submitted", part, amount) for part, amount in waiting]
        said = sorted((state, part.position, part.number, amount) for state, part, amount in wanted)
        assert sorted(rows) == said, (list(rows), said)
        lines = InvoiceLine.objects.filter(invoice__contract=contract, milestone__isnull=False)
        billed = sum(lines.values_list("net", flat=True), ZERO) + sum(standing.values_list("claimed", flat=True), ZERO)
        found = Milestone.objects.filter(contract=contract, state__in=BILLED).prefetch_related("nullifications")
        unbilled = [nul.unbilled for one in found for nul in one.nullifications.all() if nul.state == "granted"]
        accepted = sum((one.amount for one in found), ZERO) - sum(unbilled, ZERO)
        settled = Milestone.objects.filter(contract=contract, invoice__isnull=False)
        accepted -= sum(settled.values_list("amount", flat=True), ZERO)
        assert billed == accepted, (billed, accepted)


def begin(*, every: int = 1) -> AbstractContextManager[None]:
    """As for the others."""
    ByApplication.steps = 0
    return courses.begin(every=every)
