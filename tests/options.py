"""A proposal with plans to pick from: by milestones, all at once at 3 % less, or month by month."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from apps.contracts import rules
from apps.contracts.drafts import ContractDraft, DraftOption
from apps.contracts.models import Contract, ContractVersion
from apps.parties.actor import Actor
from apps.workflows import contracting
from tests import scenarios
from tests.scenarios import Parties, acting, key

UPFRONT = rules.upfront("Upfront", title="Everything at once", discount_percent=Decimal(3))
MONTHLY = rules.by_period("Monthly", title="Monthly payment", period="month", count=7)
MIX = DraftOption(
    name="A mix",
    discount=Decimal("500.00"),
    lines=(
        replace(UPFRONT.lines[0], title="At signature", basis="amount", amount=Decimal("9500.00")),
        replace(scenarios.line("Everything", 1), basis="remainder", percent=None),
    ),
)


def draft(parties: Parties, **changes: Any) -> ContractDraft:
    """The software implementation at 40,000.00 EUR, with three other plans."""
    said = {"plan_name": "By milestones", "options": (UPFRONT, MONTHLY, MIX), **changes}
    return scenarios.software_draft(parties, **said)


def proposed(parties: Parties, **changes: Any) -> Contract:
    return scenarios.proposed_contract(parties, draft=draft(parties, **changes))


def version_of(contract: Contract) -> ContractVersion:
    """The proposal; read as the seller."""
    with acting(Actor.system(organisation_id=contract.seller_id)):
        return ContractVersion.objects.select_related("contract").get(contract=contract, proposed_at__isnull=False)


def sign(contract: Contract, *, by: Actor, pick: int | None) -> Contract:
    """The buyer signs with a pick."""
    version = version_of(contract)
    with acting(by):
        contracting.sign_contract(actor=by, key=key(), version_ref=version.ref, seen=version.sha256, pick=pick)
        contract.refresh_from_db()
    return contract
