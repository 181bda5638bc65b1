"""Damages, bonuses and back-charges under applications for payment: documents of their own, shown in the next one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from apps.contracts.charges import PRICE, BonusTerms, ChargeTerms, DamageTerms, Rate
from apps.contracts.models import Contract
from apps.core import canonical
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import checks, rules
from apps.invoicing.application_page import page_of
from apps.invoicing.models import Charge, Invoice, OpenItem
from apps.milestones.models import Milestone
from apps.revenue.services import facts
from apps.workflows import charging, crediting
from tests import applications, scenarios
from tests.conftest import Once
from tests.scenarios import Parties, acting, key

D = Decimal
AT = datetime(2026, 4, 11, 9, tzinfo=UTC)
DAY = timedelta(days=1)
WHOLE = rules.Share(percent=D(100))
PLANNED = (date(2026, 4, 1), date(2026, 4, 21), date(2026, 4, 11))
TERMS = ChargeTerms(DamageTerms(Rate(D("0.2")), may_object=False), BonusTerms(Rate(amount=D(50))), back_charges=PRICE)


@dataclass
class Deal:
    """The first milestone was accepted ten days late, the second ten days early; both stand."""

    parties: Parties
    contract: Contract
    late: Milestone
    early: Milestone

    def by(self, role: str, workflow: Callable[..., Any], *, days: int = 1, **said: Any) -> Any:
        with acting(scenarios.member(self.parties, role), at=AT + days * DAY) as actor:
            return workflow(actor=actor, key=key(), **said)

    def item(self) -> OpenItem:
        with walls.asking_for(self.contract.seller_id):
            return OpenItem.objects.select_related("invoice").get(invoice__kind="application")

    def verified(self) -> None:
        with walls.asking_for(self.contract.seller_id, self.contract.buyer_id), connection.cursor() as cursor:
            for check in checks.CHECKS:
                cursor.execute(check.sql)
                assert cursor.fetchall() == [], check.sentence


@pytest.fixture
def deal(once: Once) -> Deal:
    def story() -> Deal:
        parties = scenarios.organisations()
        lines = scenarios.software_draft(parties).lines
        planned = tuple(replace(line, planned_on=day) for line, day in zip(lines, PLANNED, strict=True))
        contract = applications.contract_by_application(parties, at=AT, lines=planned, charges=TERMS)
        late, early = (scenarios.accepted_milestone(contract, position=place, at=AT) for place in (1, 2))
        return Deal(parties, contract, late, early)

    return once(story)


def certified(deal: Deal, *, days: int) -> None:
    bea = scenarios.approver_actor(deal.parties)
    applications.certified(applications.submitted(deal.contract, at=AT + days * DAY), actor=bea, at=AT + days * DAY)


@pytest.mark.django_db
def test_each_has_its_document_and_the_next_application_shows_it_beside_the_sheet(deal: Deal) -> None:
    with pytest.raises(Refused, match="is billed yet"):
        deal.by("approver", charging.claim_damages, milestone_ref=deal.late.ref)
    certified(deal, days=1)
    # 28,560.00 with tax, less 2,000.00 and 200.00 retained.
    assert deal.item().open == D(26360)
    deal.by("approver", charging.claim_damages, milestone_ref=deal.late.ref)
    assert deal.item().open == D(26120), "12,000.00 at 0.2 percent for ten days, outside the scope of tax"
    deal.by("billing", charging.claim_bonus, milestone_ref=deal.early.ref)
    charged: dict[str, Any] = {
        "milestone_ref": deal.early.ref,
        "amount": D(1000),
        "reason": "Cleaning.",
        "evidence": "Bill 7",
    }
    back = deal.by("approver", charging.charge_back, **charged)["charge"]
    deal.by("billing", charging.answer_charge, charge_ref=back, agrees=True)
    assert deal.item().open == D(24930), "its tax falls with the price"
    scenarios.accepted_milestone(deal.contract, position=3, at=AT + 2 * DAY)
    third = applications.submitted(deal.contract, at=AT + 3 * DAY)
    said = canonical.read(third.text)
    assert [(one["kind"], D(one["net"]), D(one["gross"])) for one in said["charges"]] == [
        ("damages", D(-240), D(-240)),
        ("bonus", D(500), D(595)),
        ("back_charge", D(-1000), D(-1190)),
    ]
    # The sheet counts none of them: 16,000.00 at 5 %, and 3,040.00 tax.
    assert D(said["summary"]["due"]) == D(18240)
    shown = page_of(third.text, at=AT).charges
    assert shown[0][0] == "Damages for delay of “Prototype”"
    assert "taken from INV-2026-0001" in shown[0][1]
    with walls.asking_for(deal.contract.seller_id):
        read = {deal.contract.pk: Contract.objects.select_related("seller").get(pk=deal.contract.pk)}
        events = facts.events_of(read, versions=facts.versions_in_force(read))[deal.contract.pk]
        told = [(str(one.why), one.position, one.amount) for one in events if str(one.why) in ("credit", "bonus")]
        assert sorted(told) == [("bonus", 2, D(500)), ("credit", 1, D(240)), ("credit", 2, D(1000))]
    applications.certified(third, actor=scenarios.approver_actor(deal.parties), at=AT + 3 * DAY)
    deal.verified()


@pytest.mark.django_db
def test_nothing_is_charged_below_zero_and_what_is_withdrawn_is_owed_again(deal: Deal) -> None:
    certified(deal, days=1)
    charged: dict[str, Any] = {
        "milestone_ref": deal.late.ref,
        "amount": D(90000),
        "reason": "Everything.",
        "evidence": "Bill 8",
    }
    back = deal.by("approver", charging.charge_back, **charged)["charge"]
    deal.by("billing", charging.answer_charge, charge_ref=back, agrees=True)
    with walls.asking_for(deal.contract.seller_id):
        charge = Charge.objects.select_related("credit_note").get(ref=back)
        invoice = Invoice.objects.get(kind="application")
        assert charge.credit_note is not None
        # All of 28,560.00, what was retained too.
        assert (charge.net, charge.credit_note.gross, charge.credit_note.retained) == (D(24000), D(28560), D(2200))
        assert charge.credit_note.invoice_id == invoice.pk
    item = deal.item()
    assert (item.open, item.retained) == (D(0), D(0))
    with pytest.raises(Refused, match="credited in full"):
        deal.by("approver", charging.claim_damages, milestone_ref=deal.late.ref)
    # Of the other milestone nothing is left to credit; what was charged on the late one ends with its acceptance.
    with pytest.raises(Refused, match="have a charge withdrawn first"):
        deal.by("approver", crediting.ask_nullification, milestone_ref=deal.early.ref, share=WHOLE, reason="Bug.")
    asked = deal.by("approver", crediting.ask_nullification, milestone_ref=deal.late.ref, share=WHOLE, reason="Bug.")
    deal.by("approver", crediting.withdraw_nullification, nullification_ref=asked["nullification"])
    scenarios.accepted_milestone(deal.contract, position=3, at=AT + 2 * DAY)
    # What was retained fell with the charge, line by line, and the sheet of what comes next still ties out.
    said = canonical.read(applications.submitted(deal.contract, at=AT + 2 * DAY).text)
    assert [D(one["retained"]) for one in said["sheet"]] == [D(0), D(0), D(800)]
    deal.by("approver", charging.withdraw_charge, charge_ref=back, reason="Agreed otherwise.")
    assert deal.item().open == D(28560)
    deal.by("approver", charging.claim_damages, milestone_ref=deal.late.ref)
    deal.verified()
