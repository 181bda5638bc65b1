"""What an organisation says of its own chart, and what is proposed until it does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from apps.audit import services as audit
from apps.core.errors import Refused
from apps.ledger.exports import defaults
from apps.ledger.models import OwnAccounts, Package
from apps.ledger.rules import Details, checked_accounts, checked_details
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action


def chosen(*, organisation_id: int, package: str) -> OwnAccounts | None:
    """What the organisation said, or None."""
    return OwnAccounts.objects.filter(organisation_id=organisation_id, package=package).first()


def proposed(*, organisation: Organisation, package: str) -> tuple[dict[str, str], Details]:
    """The accounts and details of an organisation that said nothing yet."""
    if package == Package.DATEV:
        return defaults.accounts_of(package, chart="03"), Details(chart="03")
    if package == Package.XERO:
        rate = defaults.TAX_RATES.get(organisation.country, defaults.TAX_RATE)
        return defaults.accounts_of(package), Details(tax_rate=rate)
    return defaults.accounts_of(package), Details()


def in_use(*, organisation: Organisation, package: str) -> tuple[dict[str, str], Details]:
    """What an export is written with: what the organisation said, or, before it said anything, what is proposed.

    DATEV needs numbers that only the tax consultant knows, so there nothing is written before they are said. Nor is an
    account that became ours after the organisation said its own: nobody guesses where money is booked.
    """
    said = chosen(organisation_id=organisation.pk, package=package)
    if said is None:
        if package == Package.DATEV:
            raise Refused("Enter first under which numbers DATEV knows you.", lacks="datev_accounts")
        return proposed(organisation=organisation, package=package)
    return as_said(said)


def as_said(said: OwnAccounts) -> tuple[dict[str, str], Details]:
    """The accounts and details that an organisation said."""
    return dict(said.accounts), Details(**said.details)


def in_chart(details: Details, chart: str) -> Details:
    """The same details with another chart."""
    return replace(details, chart=chart)


def set_own_accounts(
    *, package: str, accounts: Mapping[str, str], details: Mapping[str, Any], actor: Actor, at: datetime
) -> OwnAccounts:
    """Say which account of one's own chart each of ours is; an empty one is taken away."""
    actor.require(Action.EXPORT_JOURNAL)
    if package not in Package.values:
        raise Refused("Choose DATEV, Xero or QuickBooks.", field="package")
    said = checked_details(package, Details(**details))
    given = checked_accounts(package, accounts)
    row, _is_new = OwnAccounts.objects.update_or_create(
        organisation_id=actor.organisation_id,
        package=package,
        defaults={"accounts": given, "details": said.kept(), "changed_at": at},
    )
    ref = Organisation.objects.get(pk=actor.organisation_id).ref
    audit.record(
        chain=f"organisation:{ref}",
        parties={actor.organisation_id},
        verb="journal.accounts_set",
        subject=f"organisation:{ref}",
        actor=actor,
        at=at,
        name=Package(package).label,
        accounts=given,
        details=said.kept(),
    )
    return row
