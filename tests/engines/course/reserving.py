"""What becomes of the defects that the buyer named: mended, still missing, released, or settled at a lower price."""

from decimal import Decimal

from django.core.files.base import ContentFile
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.workflows import mended, reserving
from tests.engines.course.answering import Answering
from tests.engines.course.late import DAY
from tests.engines.course.plain import ZERO, Argument, cents
from tests.engines.course.stage import PICK, SHARES, SIDES
from tests.scenarios import PDF, key


class Reserving(Answering):
    """Reservations, until none is left."""

    @precondition(lambda self: self._listed())
    @rule(pick=PICK)
    def mend(self, pick: int) -> None:
        bill, defect = self._listed()[pick % len(self._listed())]
        part = next(one for one in self.paper.parts if one.bill is bill)
        if self._do(
            "delivery",
            lambda actor: reserving.report_mended(
                actor=actor, key=key(), reservation_ref=defect.ref, text="Mended, see the protocol."
            ),
            allowed=not defect.is_mended and defect.argument is None,
        ):
            defect.is_mended = True
            defect.looked_at_until = self.today + self.paper.agreed_for(part.position).days * DAY

    @precondition(lambda self: self._listed())
    @rule(pick=PICK)
    def still_missing(self, pick: int) -> None:
        _bill, defect = self._listed()[pick % len(self._listed())]
        if self._do(
            "approver",
            lambda actor: reserving.say_missing(
                actor=actor, key=key(), reservation_ref=defect.ref, text="One door is missing."
            ),
            allowed=defect.is_mended and defect.argument is None,
        ):
            defect.is_mended = False

    @precondition(lambda self: self._listed())
    @rule(pick=PICK)
    def release(self, pick: int) -> None:
        bill, defect = self._listed()[pick % len(self._listed())]
        if self._do(
            "approver",
            lambda actor: reserving.release_reservation(actor=actor, key=key(), reservation_ref=defect.ref),
            allowed=defect.argument is None,
        ):
            bill.let_go(defect, on=self.today)

    @precondition(lambda self: self._listed())
    @rule(pick=PICK, share=SHARES, side=SIDES)
    def offer_lower_price(self, pick: int, share: Decimal, side: str) -> None:
        _bill, defect = self._listed()[pick % len(self._listed())]
        off = cents(defect.net * share)
        answer = self._do(
            {"seller": "billing", "buyer": "approver"}[side],
            lambda actor: reserving.offer_reduction(
                actor=actor, key=key(), reservation_ref=defect.ref, amount=off, text="Leave it."
            ),
            allowed=ZERO < off <= defect.net and defect.argument is None,
        )
        if answer:
            defect.offered_by, defect.off, self.offers[defect] = side, off, answer["offer"]

    @precondition(lambda self: self._listed())
    @rule(pick=PICK, side=SIDES)
    def agree_to_lower_price(self, pick: int, side: str) -> None:
        offered = [one for one in self._listed() if one[1].offered_by]
        if not offered:
            return
        bill, defect = offered[pick % len(offered)]
        if self._do(
            {"seller": "billing", "buyer": "approver"}[side],
            lambda actor: reserving.agree_reduction(actor=actor, key=key(), offer_ref=self.offers[defect]),
            allowed=side != defect.offered_by and defect.argument is None and self._may_reduce(defect, defect.off),
        ):
            self._reduce(bill, defect, defect.off)

    @precondition(lambda self: self._listed())
    @rule(pick=PICK, side=SIDES, name=st.sampled_from(["before.pdf", "after.pdf"]))
    def show_defect(self, pick: int, side: str, name: str) -> None:
        """The same file is there once, and stands beside the defect, not on paper."""
        _bill, defect = self._listed()[pick % len(self._listed())]
        if self._do(
            {"seller": "delivery", "buyer": "approver"}[side],
            lambda actor: reserving.attach_to_reservation(
                actor=actor, reservation_ref=defect.ref, upload=ContentFile(PDF, name=name)
            ),
            allowed=defect.argument is None,
        ):
            defect.shown.add((side, name))

    @precondition(lambda self: self._listed())
    @rule(pick=PICK, side=st.sampled_from(["seller", "seller", "seller", "buyer"]))
    def dispute_defect(self, pick: int, side: str) -> None:
        """Nobody looked at what was mended in time: its seller disputes all that is withheld for it."""
        _bill, defect = self._listed()[pick % len(self._listed())]
        until = defect.looked_at_until
        is_over = defect.is_mended and until is not None and until < self.today
        answer = self._do(
            side,
            lambda actor: mended.dispute_defect(actor=actor, key=key(), reservation_ref=defect.ref),
            allowed=side == "seller" and is_over and defect.argument is None and defect.net > ZERO,
        )
        if answer:
            defect.argument = Argument(answer["dispute"], "seller", defect.net)
