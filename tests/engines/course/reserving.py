"""What becomes of the defects that the buyer named: mended, still missing, released, or settled at a lower price."""

from decimal import Decimal

from hypothesis.stateful import precondition, rule

from apps.workflows import reserving
from tests.engines.course.answering import Answering
from tests.engines.course.plain import ZERO, Bill, Defect, cents
from tests.engines.course.stage import PICK, SHARES, SIDES
from tests.scenarios import key


class Reserving(Answering):
    """Reservations, until none is left."""

    @precondition(lambda self: self._listed())
    @rule(pick=PICK)
    def mend(self, pick: int) -> None:
        _bill, defect = self._listed()[pick % len(self._listed())]
        if self._do(
            "delivery",
            lambda actor: reserving.report_mended(
                actor=actor, key=key(), reservation_ref=defect.ref, text="Mended, see the protocol."
            ),
            allowed=not defect.is_mended,
        ):
            defect.is_mended = True

    @precondition(lambda self: self._listed())
    @rule(pick=PICK)
    def still_missing(self, pick: int) -> None:
        _bill, defect = self._listed()[pick % len(self._listed())]
        if self._do(
            "approver",
            lambda actor: reserving.say_missing(
                actor=actor, key=key(), reservation_ref=defect.ref, text="One door is missing."
            ),
            allowed=defect.is_mended,
        ):
            defect.is_mended = False

    @precondition(lambda self: self._listed())
    @rule(pick=PICK)
    def release(self, pick: int) -> None:
        bill, defect = self._listed()[pick % len(self._listed())]
        if self._do(
            "approver",
            lambda actor: reserving.release_reservation(actor=actor, key=key(), reservation_ref=defect.ref),
            allowed=True,
        ):
            bill.defects.remove(defect)

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
            allowed=ZERO < off <= defect.net,
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
        room = bill.open + defect.gross + bill.paid + bill.retained - bill.asked_for
        fits = bill.gross_of_credit(defect.off) <= room and defect.off <= bill.left
        if self._do(
            {"seller": "billing", "buyer": "approver"}[side],
            lambda actor: reserving.agree_reduction(actor=actor, key=key(), offer_ref=self.offers[defect]),
            allowed=side != defect.offered_by and fits,
        ):
            bill.defects.remove(defect)
            self.paper.credit(bill, defect.off)

    def _listed(self) -> list[tuple[Bill, Defect]]:
        return [(bill, defect) for bill in self.paper.bills for defect in bill.defects]
