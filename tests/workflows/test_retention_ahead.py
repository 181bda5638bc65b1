"""What a change order does to what will be withheld, told before the signature, is what is withheld after it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.contracts.drafts import ChangeDraft, ChangedTerms, Due, Recovery
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import MILESTONE, RetentionRelease, RetentionTerms
from apps.core.errors import Refused
from apps.invoicing.models import Retention
from apps.invoicing.services.retention_ahead import WithheldAhead
from apps.workflows import change_effects, sign_off
from tests import change_orders, scenarios
from tests.change_orders import TRAINING, line
from tests.portals.test_change_orders import browser
from tests.scenarios import Parties, acting, key

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
D = Decimal
TEN = RetentionTerms(rate=D(10), cap_percent=D(6))
"""Of 40,000.00 in 12,000.00, 12,000.00 and 16,000.00, 2,400.00 at most."""


def draft_of(contract: Contract) -> ChangeDraft:
    """2,000.00 more for the last milestone, 3,000.00 that are new, and seven percent from then on."""
    more = (line(contract, 3, amount=D(18000)),)
    return ChangeDraft("More", "As said.", more, (TRAINING,), ChangedTerms(retention=replace(TEN, rate=D(7))))


def test_what_is_told_is_what_is_withheld(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, retention=TEN), at=NOON)
    scenarios.accepted_milestone(contract, at=NOON)
    second = scenarios.submitted_milestone(contract, position=2, at=NOON)
    sina, olga, draft = scenarios.seller_actor(parties), scenarios.buyer_actor(parties), draft_of(contract)
    # 1,200.00 is withheld, and 1,200.00 of what is under review is all that the cap leaves: six percent of 45,000.00
    # leave 300.00 more.
    told = WithheldAhead(now=D(1200), then=D(1500))
    with acting(sina, at=NOON + DAY):
        contract.refresh_from_db()
        assert change_effects.preview_change(contract, draft=draft, actor=sina, side="seller").withheld == told
    answer = change_orders.propose(contract, draft, by=sina, at=NOON + DAY)
    with acting(olga, at=NOON + DAY):
        version = ContractVersion.objects.get(ref=answer["version"])
        assert change_effects.withheld_by(version, effect=change_effects.effect_of(version)) == told
    for side in ("seller", "buyer"):
        shown = browser(parties, side).get(reverse(f"{side}:change_order", args=[answer["change_order"]]))
        assert "To be withheld of the milestones that are still to be billed: 1,500.00 EUR (today 1,200.00 EUR)." in (
            " ".join(re.sub("<[^>]+>", "", shown.content.decode()).split())
        )
    change_orders.sign(answer, by=olga, at=NOON + DAY)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(second))
    with acting(guest, at=NOON + 2 * DAY):
        sign_off.accept_milestone(actor=guest, key=key(), submission_ref=second.ref, seen=second.sha256)
    for position in (3, 4):
        scenarios.accepted_milestone(contract, position=position, at=NOON + 2 * DAY)
    with acting(sina):
        held = list(Retention.objects.filter(contract=contract).order_by("pk").values_list("held", flat=True))
    assert [one for one in held if one] == [1200, told.now, 300]
    assert sum(held) == 1200 + told.then


def test_a_retention_is_not_agreed_for_release_with_what_is_accepted(parties: Parties) -> None:
    """Asked when it is proposed, and when it is signed: a milestone may be accepted in between."""
    contract = scenarios.active_contract(parties, draft=scenarios.software_draft(parties), at=NOON)
    first = scenarios.submitted_milestone(contract, at=NOON)
    with acting(scenarios.seller_actor(parties)):
        title = first.milestone.line.title
    with_first = replace(TEN, releases=(RetentionRelease(D(100), MILESTONE, milestone=title),))
    draft = ChangeDraft("Retention", "As said.", terms=ChangedTerms(retention=with_first))
    answer = change_orders.propose(contract, draft, by=scenarios.seller_actor(parties), at=NOON)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(first))
    with acting(guest, at=NOON + DAY):
        sign_off.accept_milestone(actor=guest, key=key(), submission_ref=first.ref, seen=first.sha256)
    with pytest.raises(Refused, match="accepted already"):
        change_orders.sign(answer, by=scenarios.buyer_actor(parties), at=NOON + DAY)


def test_where_deposits_are_given_back_nobody_can_tell_yet(parties: Parties) -> None:
    deposit = Due(recovery=Recovery("proportion"))
    draft = scenarios.hybrid_draft(parties, deposit=deposit, retention=TEN)
    contract = scenarios.active_contract(parties, draft=draft, at=NOON)
    order = ChangeDraft("Cheaper", "As said.", (line(contract, 2, amount=D(30000)),))
    with acting(scenarios.seller_actor(parties), at=NOON) as sina:
        contract.refresh_from_db()
        assert change_effects.preview_change(contract, draft=order, actor=sina, side="seller").withheld is None
