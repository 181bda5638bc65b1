"""References to strangers' things inside forms of one's own: every one is refused, and nothing is written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.contracts.models import Contract
from apps.financing.models import Facility
from apps.milestones.models import Milestone
from tests.portals.matrix.engine import payload
from tests.portals.matrix.world import Tenant


@dataclass(frozen=True)
class Field:
    """A form field that takes a reference: who posts to which address, and what a stranger's thing is there."""

    name: str
    role: str
    path: Callable[[Tenant], str]
    field: str
    things: Callable[[Tenant], list[str]]
    more: dict[str, Any] | Callable[[Tenant], dict[str, Any]]
    own: int | None
    """Which of one's own things is accepted there; None where nothing of one's own is."""


DRAFT = {
    "title": "Taken over",
    "number": "X-1",
    "currency": "EUR",
    "price": "100.00",
    "payment_days": "30",
    "review_days": "14",
    "tax_category": "S",
    "tax_rate": "19",
    "plan-count": "1",
    "plan-0-title": "All",
    "plan-0-basis": "remainder",
    "plan-0-count": "1",
    "plan-0-c-0-text": "Done",
    "do": "save",
    "seen": "",
}

ORDER = {**DRAFT, "seller_email": ""}


def organisations(tenant: Tenant) -> list[str]:
    return [organisation.ref for organisation in tenant.organisations]


def _ref(tenant: Tenant, model: type[Any], **what: Any) -> str:
    low, high = tenant.rows[model._meta.db_table]
    return str(model._base_manager.using("owner").filter(pk__gt=low, pk__lte=high, **what).order_by("pk")[0].ref)


def _draft(tenant: Tenant) -> str:
    return reverse("seller:change_draft", args=[_ref(tenant, Contract, state="draft", was_proposed=False)])


def _running(tenant: Tenant) -> str:
    """The page on which milestones of the contract that waits for sign-offs are asked for."""
    return reverse("seller:request_funding", args=[_ref(tenant, Contract, milestones__state="submitted")])


def _planned(tenant: Tenant) -> list[str]:
    return [_ref(tenant, Milestone, funding_items=None, state="submitted")]


def _end(role: str) -> Callable[[Tenant], str]:
    return lambda tenant: reverse("account:end_membership", args=[tenant.people[role].ref])


def _facilities(tenant: Tenant) -> list[str]:
    return [_ref(tenant, Facility)]


def _members(tenant: Tenant) -> list[str]:
    return [membership.ref for membership in tenant.people.values()]


def _at(name: str) -> Callable[[Tenant], str]:
    return lambda _tenant: reverse(name)


FIELDS = [
    Field("the buyer of a new contract", "seller", _at("seller:draft_contract"), "buyer", organisations, DRAFT, 1),
    Field("the seller of an order", "buyer", _at("buyer:draft_contract"), "seller", organisations, ORDER, 0),
    Field("the buyer of a draft", "contracts", _draft, "buyer", organisations, DRAFT, 1),
    Field(
        "the financier who is asked",
        "billing",
        _running,
        "facility",
        _facilities,
        lambda own: {"milestones": _planned(own)},
        0,
    ),
    Field(
        "the milestones that are asked for",
        "billing",
        _running,
        "milestones",
        _planned,
        lambda own: {"facility": _facilities(own)[0]},
        0,
    ),
    *(
        Field(f"the successor of the {role}'s owner", role, _end(role), "successor", _members, {}, at)
        for role, at in (("seller", 1), ("buyer", 4), ("financier", 7))
    ),
    *(
        Field(
            f"the organisation to work for, as {role}",
            role,
            _at("switch_organisation"),
            "organisation",
            organisations,
            {},
            at,
        )
        for at, role in enumerate(("seller", "buyer", "financier"))
    ),
    *(
        Field(
            f"the organisation to take over, as {role}",
            role,
            _at("account:claim_organisation"),
            "organisation",
            organisations,
            {},
            None,
        )
        for role in ("seller", "buyer", "financier")
    ),
]


def data_of(field: Field, ref: str, *, by: Tenant) -> dict[str, Any]:
    """A form of a tenant's own that is complete, with this reference in the field."""
    more = field.more if isinstance(field.more, dict) else field.more(by)
    return payload() | more | {field.field: ref}
